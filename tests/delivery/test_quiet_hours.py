"""Quiet hours and digests: nobody is told at night, or more than once a day, and nothing is lost for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import Actor, BadInput, Desk, MemoryStore
from caseflow.core.model.case import Case
from caseflow.core.notices import SENT
from caseflow.core.time.instants import DAY, HOUR, OfficeDays, micros, moment, office_days
from caseflow.delivery.directory import ListedDirectory
from caseflow.delivery.quiet_hours import telling_times
from caseflow.delivery.relay import Relay, RetryPolicy
from caseflow.errors import DeliveryFailed
from caseflow.ports.records import Delivery, Person
from tests.delivery.people import Kept, desk_on
from tests.delivery.test_told_once import Dying
from tests.journeys.people import CITIZEN, COORDINATOR, OFFICER, submitted

BEIJING, BERLIN = office_days("Asia/Shanghai"), office_days("Europe/Berlin")


@pytest.mark.parametrize(
    ("quiet", "digest", "known", "now", "expected"),
    [
        ("22:00-07:00", "", "2025-03-03T21:59", "2025-03-03T21:59", "2025-03-03T21:59"),
        ("22:00-07:00", "", "2025-03-03T22:00", "2025-03-03T22:00", "2025-03-04T07:00"),
        ("22:00-07:00", "", "2025-03-03T23:00", "2025-03-04T06:59", "2025-03-04T07:00"),
        ("22:00-07:00", "", "2025-03-03T23:00", "2025-03-04T07:00", "2025-03-04T07:00"),
        ("12:00-14:00", "", "2025-03-03T12:30", "2025-03-03T12:30", "2025-03-03T14:00"),
        ("12:00-14:00", "", "2025-03-03T12:30", "2025-03-03T14:00", "2025-03-03T14:00"),
        ("", "08:30", "2025-03-03T08:30", "2025-03-03T08:30", "2025-03-03T08:30"),
        ("", "08:30", "2025-03-03T08:31", "2025-03-03T08:31", "2025-03-04T08:30"),
        ("", "08:30", "2025-03-03T08:29", "2025-03-03T08:29", "2025-03-03T08:30"),
        ("", "08:30", "2025-03-03T08:29", "2025-03-03T11:00", "2025-03-03T11:00"),
        ("22:00-07:00", "23:00", "2025-03-03T10:00", "2025-03-03T10:00", "2025-03-04T07:00"),
        ("", "", "2025-03-03T03:00", "2025-03-03T03:00", "2025-03-03T03:00"),
    ],
)
def test_from_when_somebody_is_told(quiet: str, digest: str, known: str, now: str, expected: str) -> None:
    """The first minute is quiet, the last is not; a digest that a relay missed goes out when it is back."""
    known_us, now_us = micros(f"{known}:00+08:00"), micros(f"{now}:00+08:00")
    at = telling_times(quiet, digest).from_us(known_us, now_us, BEIJING)
    assert moment(at, "Asia/Shanghai").isoformat()[:16] == expected


def test_the_night_of_summer_time_has_its_own_length() -> None:
    """Hours are those of the office's clocks: the night in which they are put forward is an hour shorter."""
    now = micros("2025-03-29T22:00:00+01:00")
    assert telling_times("22:00-07:00", "").from_us(now, now, BERLIN) - now == 8 * HOUR


@pytest.mark.parametrize(
    ("quiet", "digest"), [("22-7", ""), ("24:00-07:00", ""), ("07:00-07:00", ""), ("", "8:30"), ("", "24:00")]
)
def test_what_is_no_time_is_refused(quiet: str, digest: str) -> None:
    """With what it should look like."""
    with pytest.raises(BadInput, match=r"22:00-07:00") as caught:
        telling_times(quiet, digest)
    assert caught.value.code == "bad-telling-time"


def clock_of(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@settings(max_examples=200, derandomize=True, database=None)
@given(
    st.integers(0, 1439), st.integers(0, 1439), st.none() | st.integers(0, 1439),
    st.integers(0, 3 * DAY), st.integers(0, 3 * DAY), st.sampled_from([BEIJING, BERLIN]),
)  # fmt: skip
def test_the_instant_is_one_of_waking_and_never_more_than_two_days_off(
    begin: int, end: int, digest: int | None, known: int, later: int, days: OfficeDays
) -> None:
    """Told at that instant is told: asked again then, it may be told at once."""
    quiet = "" if begin == end else f"{clock_of(begin)}-{clock_of(end)}"
    times = telling_times(quiet, "" if digest is None else clock_of(digest))
    known_us = micros("2025-03-29T00:00:00Z") + known
    now_us = known_us + later
    at = times.from_us(known_us, now_us, days)
    assert now_us <= at <= now_us + 2 * DAY + HOUR
    assert times.from_us(known_us, at, days) == at


class Staff:
    """Two officers of one unit with times of their own, and the citizen."""

    def __init__(self, **times: dict[str, str]) -> None:
        self.times = times

    def holders(self, role: str, *, unit: str, case: Case) -> Sequence[Person]:
        names = [case.citizen] if role == "citizen" else ["li", "wang"] if unit else []
        return [
            Person(name, name, {"email": f"{name}@x.example"}, **self.times.get(name, {})) for name in names
        ]


def relay(desk: Desk, kept: Kept, directory: Staff, *, quiet: str = "") -> Relay:
    """A new one each time, so that it remembers nothing of what another did."""
    return Relay(desk.store, directory, kept, clock=desk.clock, chance=lambda: 0.0, quiet=quiet)


def test_who_is_awake_is_told_and_who_sleeps_is_told_in_the_morning() -> None:
    """One notice, two officers: each hears once, though every round is another relay's."""
    desk = desk_on(MemoryStore(), "2025-03-03T23:00:00+08:00")
    staff = Staff(wang={"quiet": "22:00-07:00"})
    submitted(desk)
    kept = Kept()
    for _ in range(20):
        relay(desk, kept, staff).until_empty()
        (row,) = desk.store.notices()
        if moment(desk.clock.now_us(), "Asia/Shanghai").isoformat() < "2025-03-04T07:00":
            assert (kept.said(), row.error) == (["submitted > li"], "quiet-hours")
        desk.clock.advance(minutes=30)
    assert kept.said() == ["submitted > li", "submitted > wang"]
    (row,) = desk.store.notices()
    assert (row.status, row.attempts, len(row.reached)) == (SENT, 1, 2)


def test_a_relay_has_hours_for_whom_the_directory_names_none() -> None:
    """The relay's hold for li; wang says that there are none."""
    desk = desk_on(MemoryStore(), "2025-03-03T23:00:00+08:00")
    submitted(desk)
    kept = Kept()
    relay(desk, kept, Staff(wang={"quiet": ""}), quiet="22:00-07:00").until_empty()
    assert kept.said() == ["submitted > wang"]


def test_a_digest_holds_what_came_since_the_day_before() -> None:
    """One message at half past eight, each part under its own id; what no longer holds is not in it."""
    desk = desk_on(MemoryStore(), "2025-03-03T09:30:00+08:00")
    staff = Staff(li={"digest": "08:30"}, wang={"digest": "08:30"})
    for number in range(4):
        desk.submit(title=f"路灯{number}", to="城管局", by=CITIZEN, case_id=f"c{number}")
    desk.withdraw("c3", by=CITIZEN)
    kept = Kept()
    relay(desk, kept, staff).until_empty()
    assert kept.got == []
    desk.clock.set("2025-03-04T08:30:00+08:00")
    relay(desk, kept, staff).until_empty()
    assert [delivery.person.id for delivery in kept.got] == ["li", "wang"]
    digest = kept.got[0]
    assert digest.subject == "共 3 条：有新件待办：路灯0 等"
    assert [part.notice.case_id for part in digest.parts] == ["c0", "c1", "c2"]
    assert all(f"路灯{number}" in digest.text for number in range(3)) and "路灯3" not in digest.text
    assert digest.id.startswith("digest-") and digest.parts[0].id.startswith(digest.notice.id)
    assert [row.status for row in desk.store.notices()] == [SENT] * 3 + ["cancelled"]


def test_a_digest_that_fails_is_tried_again_with_the_same_id() -> None:
    """Its notices wait together; one that reached its receiver and was not recorded comes with one id."""
    desk = desk_on(MemoryStore(), "2025-03-03T09:30:00+08:00")
    staff = Staff(li={"digest": "08:30"}, wang={"quiet": ""})
    for number in range(2):
        submitted(desk, f"c{number}")
    desk.clock.set("2025-03-04T08:30:00+08:00")

    def refuse(delivery: Delivery) -> None:
        tried.append(delivery.id)
        if delivery.person.id == "li":
            raise DeliveryFailed(retry=True, what="x", found="x")

    tried: list[str] = []
    relay(desk, Kept(refuse), staff).until_empty()
    desk.clock.advance(minutes=1)
    kept = Kept()
    relay(desk, kept, staff).until_empty()
    assert [delivery.person.id for delivery in kept.got] == ["li"]
    assert kept.got[0].id == tried[-1]
    assert [row.status for row in desk.store.notices()] == [SENT] * 2


class TwoHats:
    """Zhao leads the unit and answers for it; Qian only answers."""

    def holders(self, role: str, *, unit: str, case: Case) -> Sequence[Person]:
        names = {"handler": ["zhao", "qian"], "lead_official": ["zhao"], "supervisor": ["sun"]}.get(role, [])
        return [Person(name, addresses={"email": "x@x.example"}) for name in names]


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_one_person_in_two_roles_is_told_once(batch: int) -> None:
    """Of one card; the notice for the other role counts as told with it."""
    desk = desk_on(MemoryStore())
    submitted(desk)
    desk.clock.set("2025-03-20T09:30:00+08:00")
    desk.sweep()
    kept = Kept()
    for _ in range(12):
        Relay(
            desk.store, TwoHats(), kept, clock=desk.clock, retry_policy=RetryPolicy(batch=batch)
        ).until_empty()
        desk.clock.advance(seconds=2)
    assert sorted(kept.said()) == ["red > qian", "red > sun", "red > zhao"]
    red = {row.notice.role: row for row in desk.store.notices() if row.notice.level == "red"}
    assert red["lead_official"].into == red["handler"].notice.id


def test_another_relay_that_has_the_other_role_in_hand_goes_first() -> None:
    """The lead's notice waits a moment while the handler's is being told elsewhere, and then goes with it."""
    desk = desk_on(MemoryStore())
    submitted(desk)
    Relay(desk.store, TwoHats(), Kept(), clock=desk.clock).until_empty()
    desk.clock.set("2025-03-09T09:30:00+08:00")
    desk.sweep()
    now = desk.clock.now_us()
    held = desk.store.claim(now, limit=2, lease_us=60_000_000, token="another relay")
    kept = Kept()
    Relay(desk.store, TwoHats(), kept, clock=desk.clock).until_empty()
    assert kept.got == [] and [one.notice.level for one in held] == ["reminder", "yellow"]
    desk.clock.advance(minutes=2)
    Relay(desk.store, TwoHats(), kept, clock=desk.clock).until_empty()
    assert sorted(kept.said()) == ["yellow > qian", "yellow > zhao"]


def test_what_is_for_one_role_goes_to_nobody_for_another() -> None:
    """An official who asks as a citizen too hears of other people's cases as an official alone."""
    people = ListedDirectory([
        {"id": "zhang", "roles": ["citizen", "handler"], "units": ["城管局"], "addresses": {"email": "z"}},
        {"id": "li", "roles": ["handler"], "units": ["城管局"], "addresses": {"email": "l"}},
    ])  # fmt: skip
    desk = desk_on(MemoryStore())
    desk.submit(title="举报", to="城管局", by=Actor("c-1", role="citizen"), case_id="c1")
    desk.submit(title="路灯", to="城管局", by=Actor("zhang", role="citizen"), case_id="c2")
    for name in ("c1", "c2"):
        desk.reply(name, text="已办", by=COORDINATOR if name == "c1" else OFFICER)
    kept = Kept()
    Relay(desk.store, people, kept, clock=desk.clock).until_empty()
    assert [(one.notice.case_id, one.person.id) for one in kept.got] == [("c2", "zhang")]
    assert [row.error for row in desk.store.notices(status="dead")] == ["no-recipient"]


TIMES = st.fixed_dictionaries({
    "quiet": st.sampled_from(["", "22:00-07:00", "12:00-14:00", "00:00-23:00"]),
    "digest": st.sampled_from(["", "", "08:30", "23:30"]),
})  # fmt: skip
ROUNDS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["whole", "dies", "fails"])), max_size=12)


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(TIMES, TIMES, ROUNDS)
def test_whatever_dies_each_is_told_under_one_id_and_never_in_quiet_hours(
    li: dict[str, str], wang: dict[str, str], rounds: list[tuple[int, str]]
) -> None:
    """Relays die before they say what they did, or fail, over days: nobody is left out, and nobody woken."""
    desk = desk_on(MemoryStore(), "2025-03-03T20:00:00+08:00")
    staff = Staff(li=li, wang=wang)
    handed_on: list[tuple[Delivery, int]] = []
    submitted(desk, "c1")
    for number, (hours, way) in enumerate([*rounds, *[(1, "whole")] * 72]):
        if number == 3:
            submitted(desk, "c2")

        def keep(delivery: Delivery, way: str = way, number: int = number) -> None:
            if way == "fails" and number % 2:
                raise DeliveryFailed(retry=True, what="x", found="x")
            handed_on.append((delivery, desk.clock.now_us()))

        round_ = relay(desk, Kept(keep), staff)
        if way == "dies":
            round_.store = Dying(desk.store)  # type: ignore[assignment]  # it passes all else on
        round_.once()
        desk.clock.advance(hours=hours)
    parts = [(part, at) for one, at in handed_on for part in one.parts or (one,)]
    for part, at in parts:
        times = telling_times(**{"li": li, "wang": wang}[part.person.id])
        assert times.replace(digest=None).from_us(at, at, BEIJING) == at
    names = {row.notice.id for row in desk.store.notices()}
    reached = {(part.notice.id, part.person.id): part.id for part, _ in parts}
    assert set(reached) == {(name, person) for name in names for person in ("li", "wang")}
    assert len({part.id for part, _ in parts}) == len(reached)
    assert all(row.status == SENT for row in desk.store.notices())
    if all(way == "whole" for _, way in rounds):
        assert len(parts) == len(reached)
