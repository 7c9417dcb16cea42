"""The relay tells people what is owed: once as a rule, under one id, and nothing that does not hold."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from caseflow import Desk, MemoryStore, SqliteStore
from caseflow.core.model.case import Case
from caseflow.core.notices import CANCELLED, COLLAPSED, DEAD, PENDING, SENT
from caseflow.core.time.instants import SECOND
from caseflow.delivery.relay import Relay, RetryPolicy
from caseflow.delivery.round import Round
from caseflow.errors import DeliveryFailed
from caseflow.ports import Store
from caseflow.ports.records import Delivery, Person
from tests.delivery.people import EveryoneInOffice, Kept, desk_on, relay_of
from tests.journeys.people import CITIZEN, COORDINATOR, OFFICER, SUPERVISOR, submitted


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(str(tmp_path / "cases.db"))
    request.addfinalizer(store.close)
    return desk_on(store)


def statuses(desk: Desk, level: str) -> list[str]:
    return [row.status for row in desk.store.notices() if row.notice.level == level]


def late_reply(desk: Desk, since: str) -> None:
    desk.reply("c1", text="已修复", effective_at=since, reason="电话答复", by=COORDINATOR)


# -- telling ---------------------------------------------------------------------------------------------


def test_what_is_told_reads_as_it_should(desk: Desk) -> None:
    """Subject, text and HTML in the person's language, with the texts as they are at that moment."""
    submitted(desk, title="路灯<不>亮 & 闪")
    desk.reply("c1", text="已修复\n请查看", by=OFFICER)
    kept = Kept()
    assert relay_of(desk, kept).once() == Round(claimed=2, sent=1, cancelled=1)
    (reply,) = kept.got
    assert reply.subject == "已答复：路灯<不>亮 & 闪"
    assert reply.text == (
        "c-17先生：\n您提出的“路灯<不>亮 & 闪”（件号 c1）已由城管局答复：\n\n已修复\n请查看\n\n芜湖市民心声\n"
    )
    assert "路灯&lt;不&gt;亮 &amp; 闪" in reply.html
    assert "已修复<br>请查看" in reply.html
    assert (reply.channel, reply.address, reply.lang) == ("email", "c-17@office.example", "zh")


def test_the_moment_of_telling_is_kept(desk: Desk) -> None:
    """The third time of a case: when it was told, beside when it took effect and when it was noticed."""
    submitted(desk)
    desk.clock.set("2025-03-09T08:00:00+08:00")
    desk.sweep()
    desk.clock.set("2025-03-09T08:05:00+08:00")
    relay_of(desk, Kept()).until_empty()
    rows = [row for row in desk.store.notices() if row.notice.level == "yellow"]
    assert {row.told_us for row in rows} == {desk.clock.now_us()}
    assert all(row.notice.at_us < desk.get("c1").cards[0].detected_us < desk.clock.now_us() for row in rows)


def test_a_second_round_finds_nothing(desk: Desk) -> None:
    """What was told is told."""
    submitted(desk)
    kept = Kept()
    relay = relay_of(desk, kept)
    relay.until_empty()
    assert relay.once() == Round()
    assert kept.said() == ["submitted > duty_officer@城管局"]


def test_a_text_erased_before_telling_is_not_told(desk: Desk) -> None:
    """Texts are looked up at delivery: what was erased by then is gone."""
    submitted(desk)
    desk.redact("c1", fields=["title"], basis="个保法", reason="本人请求", by=SUPERVISOR)
    kept = Kept()
    relay_of(desk, kept).until_empty()
    assert "路灯" not in kept.got[0].text
    assert "（已依法删除）" in kept.got[0].subject


# -- collapsing ------------------------------------------------------------------------------------------


def test_a_late_sweep_tells_each_the_highest_level_alone(desk: Desk) -> None:
    """Reminder, yellow and red found together: handler, lead and supervisor hear of red, once each."""
    submitted(desk)
    desk.clock.set("2025-03-20T09:30:00+08:00")
    desk.sweep()
    kept = Kept()
    relay_of(desk, kept).until_empty()
    assert kept.said() == [
        "red > handler@城管局", "red > lead_official@城管局", "red > supervisor",
        "submitted > duty_officer@城管局",
    ]  # fmt: skip
    assert "此前各级：提醒（2025-03-07 00:00）、黄牌警示（2025-03-09 00:00）。" in kept.got[0].text
    assert statuses(desk, "yellow") == [COLLAPSED, COLLAPSED]
    red = {row.notice.role: row.notice.id for row in desk.store.notices() if row.notice.level == "red"}
    assert {row.into for row in desk.store.notices() if row.notice.level == "yellow"} == {
        red["handler"], red["lead_official"],
    }  # fmt: skip


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_batches_make_no_difference(desk: Desk, batch: int) -> None:
    """With one notice at a time the lower levels come first, wait for the highest, and go with it."""
    submitted(desk)
    desk.clock.set("2025-03-20T09:30:00+08:00")
    desk.sweep()
    kept = Kept()
    relay = relay_of(desk, kept, batch=batch)
    for _ in range(9):
        relay.until_empty()
        desk.clock.advance(seconds=2)
    assert sorted(kept.said()) == [
        "red > handler@城管局", "red > lead_official@城管局", "red > supervisor",
        "submitted > duty_officer@城管局",
    ]  # fmt: skip
    assert not desk.store.notices(status=PENDING)


def test_timely_sweeps_tell_every_level(desk: Desk) -> None:
    """What is told in its time is told by itself, and a later level does not take it back."""
    submitted(desk)
    kept = Kept()
    for _ in range(16):
        desk.clock.advance(days=1)
        desk.sweep()
        relay_of(desk, kept).until_empty()
    assert [line.split(" > ")[0] for line in kept.said()] == [
        "submitted", "reminder", "yellow", "yellow", "red", "red", "red",
    ]  # fmt: skip


def test_a_document_is_told_whatever_stands_above_it(desk: Desk) -> None:
    """The urging notice is the highest; with it the cards below are told, and the document is issued."""
    submitted(desk)
    desk.clock.set("2025-04-10T09:30:00+08:00")
    desk.sweep()
    kept = Kept()
    relay_of(desk, kept).until_empty()
    assert kept.said() == [
        "urge > handler@城管局", "urge > lead_official@城管局", "urge > supervisor",
        "submitted > duty_officer@城管局",
    ]  # fmt: skip
    assert kept.got[0].subject == "催办〔2025〕第1号 催办通知单：路灯不亮"


def test_a_level_whose_better_is_given_up_speaks_for_itself(desk: Desk) -> None:
    """Nobody takes red; then yellow is told."""
    submitted(desk)
    desk.clock.set("2025-03-20T09:30:00+08:00")
    desk.sweep()

    def no_red(delivery: Delivery) -> None:
        if delivery.notice.level == "red":
            raise DeliveryFailed(retry=False, what="x", found="x")

    kept = Kept(no_red)
    relay = relay_of(desk, kept)
    for _ in range(4):
        relay.until_empty()
        desk.clock.advance(seconds=2)
    assert [line for line in kept.said() if "handler" in line] == ["yellow > handler@城管局"]
    assert statuses(desk, "red") == [DEAD] * 3


# -- annulments and corrections --------------------------------------------------------------------------


def test_a_card_annulled_before_delivery_is_told_to_nobody(desk: Desk) -> None:
    """Neither the card nor a correction: whoever was not told needs none."""
    submitted(desk)
    desk.clock.set("2025-03-10T09:00:00+08:00")
    desk.sweep()
    late_reply(desk, "2025-03-08T09:00:00+08:00")
    kept = Kept()
    relay_of(desk, kept).until_empty()
    assert [line for line in kept.said() if line.startswith("yellow")] == []
    assert statuses(desk, "yellow") == [CANCELLED] * 4


def test_a_card_annulled_after_delivery_is_corrected_to_whom_it_was_told(desk: Desk) -> None:
    """The handler was told and hears of it; the lead could not be reached, and hears nothing."""
    submitted(desk)
    desk.clock.set("2025-03-10T09:00:00+08:00")
    desk.sweep()

    def not_the_lead(delivery: Delivery) -> None:
        if delivery.notice.role == "lead_official":
            raise DeliveryFailed(retry=True, what="x", found="x")

    kept = Kept(not_the_lead)
    relay_of(desk, kept).until_empty()
    late_reply(desk, "2025-03-08T09:00:00+08:00")
    after = Kept()
    desk.clock.advance(minutes=10)
    relay_of(desk, after).until_empty()
    assert after.said() == ["yellow > handler@城管局", "replied > c-17"]
    assert after.got[0].subject == "更正：黄牌警示已撤销：路灯不亮"


def test_corrections_of_several_levels_are_one_message(desk: Desk) -> None:
    """Yellow and red, told together, are taken back together."""
    submitted(desk)
    desk.clock.set("2025-03-20T09:30:00+08:00")
    desk.sweep()
    relay_of(desk, Kept()).until_empty()
    late_reply(desk, "2025-03-06T09:00:00+08:00")
    after = Kept()
    relay = relay_of(desk, after)
    for _ in range(3):
        relay.until_empty()
        desk.clock.advance(seconds=2)
    assert [line for line in after.said() if "c-17" not in line] == [
        "red > handler@城管局", "red > lead_official@城管局", "red > supervisor",
    ]  # fmt: skip
    assert "同时撤销：提醒（2025-03-07 00:00）、黄牌警示（2025-03-09 00:00）。" in after.got[0].text


def test_a_correction_waits_for_what_another_relay_has_in_hand(desk: Desk) -> None:
    """While the card is being told elsewhere nobody knows; after the lease it may have been."""
    submitted(desk)
    desk.clock.set("2025-03-10T09:00:00+08:00")
    desk.sweep()
    desk.store.claim(desk.clock.now_us(), limit=99, lease_us=60 * SECOND, token="a relay that dies")
    late_reply(desk, "2025-03-08T09:00:00+08:00")
    kept = Kept()
    relay = relay_of(desk, kept)
    relay.until_empty()
    assert [line for line in kept.said() if line.startswith("yellow")] == []
    desk.clock.advance(minutes=5)
    relay.until_empty()
    assert [d.notice.topic for d in kept.got if d.notice.level == "yellow"] == ["correction"] * 2


# -- failures --------------------------------------------------------------------------------------------


def failing(*, retry: bool, role: str = "citizen") -> Kept:
    def check(delivery: Delivery) -> None:
        if delivery.notice.role == role:
            raise DeliveryFailed(retry=retry, what="email", found="busy")

    return Kept(check)


def test_waits_double_up_to_a_cap_and_end_among_the_dead(desk: Desk) -> None:
    """10, 20, 40, 40 seconds, five attempts; resent it counts anew."""
    submitted(desk)
    desk.reply("c1", text="好了", by=OFFICER)
    relay = relay_of(desk, failing(retry=True), first=10, longest=40, attempts=5)
    waits = []
    while not desk.store.notices(status=DEAD):
        relay.until_empty()
        (row,) = (row for row in desk.store.notices() if row.notice.role == "citizen")
        if row.next_try_us is not None:
            waits.append((row.next_try_us - desk.clock.now_us()) // SECOND)
            desk.clock.set(row.next_try_us)
    assert waits == [10, 20, 40, 40]
    (dead,) = desk.store.notices(status=DEAD)
    assert (dead.attempts, dead.error) == (5, "delivery-failed")
    desk.store.requeue([dead.notice.id], desk.clock.now_us())
    kept = Kept()
    relay_of(desk, kept).until_empty()
    assert kept.said() == ["replied > c-17"]


def test_what_can_never_be_told_is_dead_at_once(desk: Desk) -> None:
    """A permanent refusal is not tried again."""
    submitted(desk)
    desk.reply("c1", text="好了", by=OFFICER)
    done = relay_of(desk, failing(retry=False)).once()
    assert done == Round(claimed=2, cancelled=1, dead=1)


def test_chance_shortens_a_wait_by_its_share_at_most() -> None:
    """Half a wait may go with a jitter of one half; the first wait is whole where chance says 0."""
    pace = RetryPolicy(first=10, longest=100, jitter=0.5)
    assert [pace.wait_us(n, 0.0) // SECOND for n in (1, 2, 4, 5, 99)] == [10, 20, 80, 100, 100]
    assert pace.wait_us(1, 1.0) == 5 * SECOND


def test_a_poison_notice_stops_nobody_else(desk: Desk) -> None:
    """A notifier that breaks on one message tells all the others, and that one again later."""
    for number in range(5):
        submitted(desk, f"c{number}")

    def poison(delivery: Delivery) -> None:
        if delivery.notice.case_id == "c2":
            raise RuntimeError("boom")

    kept = Kept(poison)
    assert relay_of(desk, kept).until_empty() == Round(claimed=5, sent=4, retried=1)
    assert {delivery.notice.case_id for delivery in kept.got} == {"c0", "c1", "c3", "c4"}
    (row,) = desk.store.notices(case_id="c2")
    assert row.error == "notifier-broke"


class Office:
    """A directory that says what it is told to say."""

    def __init__(self, *people: Person) -> None:
        self.people = people

    def holders(self, role: str, *, unit: str, case: Case) -> Sequence[Person]:
        return self.people


@pytest.mark.parametrize(
    ("people", "code"), [((), "no-recipient"), ((Person("p-1", addresses={"fax": "1"}),), "no-address")]
)
def test_a_notice_without_anyone_to_tell_is_a_dead_letter(
    desk: Desk, people: tuple[Person, ...], code: str
) -> None:
    """Nobody holds the role, or nobody has an address that is served: listed, until somebody mends it."""
    submitted(desk)
    relay = Relay(desk.store, Office(*people), {"email": Kept()}, clock=desk.clock)
    assert relay.once() == Round(claimed=1, dead=1)
    assert desk.store.notices()[0].error == code


def test_a_directory_that_breaks_is_asked_again(desk: Desk) -> None:
    """Whatever the portal's own code raises, the notice waits and the relay goes on."""
    submitted(desk)

    class Broken(EveryoneInOffice):
        def holders(self, role: str, *, unit: str, case: Case) -> Sequence[Person]:
            raise LookupError("ldap")

    relay = Relay(desk.store, Broken(), Kept(), clock=desk.clock)
    assert relay.once() == Round(claimed=1, retried=1)
    assert desk.store.notices()[0].error == "directory-broke"


def test_of_several_people_only_those_not_reached_are_tried_again(desk: Desk) -> None:
    """Two were told and one was busy: the retry goes to that one."""
    submitted(desk)
    people = [Person(f"p-{n}", addresses={"email": f"{n}@x.example"}) for n in range(3)]
    busy = [True]

    def check(delivery: Delivery) -> None:
        if delivery.person.id == "p-1" and busy[0]:
            raise DeliveryFailed(retry=True, what="x", found="x")

    kept = Kept(check)
    relay = Relay(desk.store, Office(*people), kept, clock=desk.clock)
    relay.until_empty()
    busy[0] = False
    desk.clock.advance(hours=1)
    relay.until_empty()
    assert [delivery.person.id for delivery in kept.got] == ["p-0", "p-2", "p-1"]
    assert len({delivery.id for delivery in kept.got}) == 3


def test_a_person_goes_by_the_first_channel_that_is_served(desk: Desk) -> None:
    """Their own order of addresses decides among the channels that have a notifier."""
    submitted(desk)
    person = Person("p-1", addresses={"fax": "1", "sms": "138", "email": "p@x.example"})
    sms, email = Kept(), Kept()
    Relay(desk.store, Office(person), {"email": email, "sms": sms}, clock=desk.clock).until_empty()
    assert [delivery.address for delivery in sms.got] == ["138"]
    assert email.got == []


def test_a_crash_between_sending_and_saying_so_sends_the_same_id(desk: Desk) -> None:
    """At least once: the lease runs out, another relay sends again, and the receiver can tell."""
    submitted(desk)
    kept = Kept()
    relay = relay_of(desk, kept)
    settle = desk.store.settle
    desk.store.settle = lambda outcomes: ()  # type: ignore[method-assign]  # the crash
    relay.once()
    desk.store.settle = settle  # type: ignore[method-assign]
    desk.clock.advance(minutes=2)
    relay_of(desk, kept).until_empty()
    assert len(kept.got) == 2
    assert len({delivery.id for delivery in kept.got}) == 1
    assert desk.store.notices()[0].status == SENT


def test_relays_side_by_side_tell_each_notice_once(tmp_path: Path) -> None:
    """Four workers on one store: three hundred notices, three hundred messages, each id once."""
    desk = desk_on(MemoryStore())
    for number in range(300):
        submitted(desk, f"c{number}")
    kept = Kept()
    stop = threading.Event()
    relay = relay_of(desk, kept, batch=7)

    def wait(seconds: float) -> None:
        stop.set()

    assert relay.run(stop, workers=4, wait=wait) == Round(claimed=300, sent=300)
    assert len({delivery.id for delivery in kept.got}) == len(kept.got) == 300


def test_a_relay_that_is_stopped_finishes_what_it_claimed(desk: Desk) -> None:
    """The stop comes with the first message: the batch is told and settled, no other is claimed."""
    for number in range(6):
        submitted(desk, f"c{number}")
    stop = threading.Event()
    kept = Kept(lambda delivery: stop.set())
    assert relay_of(desk, kept, batch=4).run(stop) == Round(claimed=4, sent=4)
    assert len(desk.store.notices(status=PENDING)) == 2


def test_a_relay_does_not_outlive_its_lease(desk: Desk) -> None:
    """When half the lease has run, the rest of the batch is left to whoever claims it next."""
    for number in range(4):
        submitted(desk, f"c{number}")
    kept = Kept(lambda delivery: desk.clock.advance(seconds=20))
    done = relay_of(desk, kept, lease=60).once()
    assert done == Round(claimed=4, sent=2, retried=2)
    desk.clock.advance(minutes=2)
    relay_of(desk, kept, lease=600).until_empty()
    assert len({delivery.id for delivery in kept.got}) == len(kept.got) == 4


def test_nothing_is_told_before_its_instant(desk: Desk) -> None:
    """A notice of a time to come, as a clock that was set back leaves behind, waits for it."""
    submitted(desk)
    desk.clock.set("2025-03-03T09:00:00+08:00")
    assert relay_of(desk, Kept()).once() == Round()


def test_a_citizen_hears_nothing_of_cards(desk: Desk) -> None:
    """Cards are for the office: over a whole life the citizen hears of replies and the end."""
    submitted(desk)
    desk.clock.set("2025-04-10T09:30:00+08:00")
    desk.sweep()
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.complete("c1", by=OFFICER)
    desk.rate("c1", score=5, by=CITIZEN)
    kept = Kept()
    relay_of(desk, kept).until_empty()
    assert [line for line in kept.said() if "c-17" in line] == [
        "replied > c-17", "completed > c-17",
    ]  # fmt: skip


# -- attempts that were none -------------------------------------------------------------------------------


def test_a_slow_notifier_uses_up_no_attempts_of_those_it_did_not_reach(desk: Desk) -> None:
    """What a batch leaves over goes back before its lease runs out, uncounted and told to nobody."""
    for number in range(40):
        submitted(desk, f"c{number}")
    tries: Counter[str] = Counter()

    def slow(delivery: Delivery) -> None:
        desk.clock.advance(seconds=20)
        tries[delivery.notice.id] += 1

    relay = relay_of(desk, Kept(slow), lease=120)
    for _ in range(200):
        if not relay.once().claimed:
            break
    rows = desk.store.notices()
    assert {row.status for row in rows} == {SENT}
    assert {row.attempts for row in rows} == {1}
    assert len(tries) == len(rows)


def test_a_level_that_waits_for_a_higher_one_uses_up_no_attempts(desk: Desk) -> None:
    """When the higher one is given up, the lower one still has all its own tries."""
    submitted(desk)
    desk.clock.advance(days=16)
    desk.sweep()
    tries: Counter[str] = Counter()

    def failing(delivery: Delivery) -> None:
        tries[delivery.notice.level] += 1
        raise DeliveryFailed("delivery-failed", retry=True)

    relay = relay_of(desk, Kept(failing), attempts=4)
    for _ in range(400):
        relay.until_empty()
        desk.clock.advance(minutes=5)
    assert set(statuses(desk, "red")) == set(statuses(desk, "yellow")) == {DEAD}
    assert {row.attempts for row in desk.store.notices() if row.notice.level in ("red", "yellow")} == {4}
    assert tries["yellow"] == 4 * statuses(desk, "yellow").count(DEAD)
