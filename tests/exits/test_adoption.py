"""Cases of another system taken over: as if they had lived here, and nobody is told of what is past."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseflow import (
    Actor,
    BadInput,
    Case,
    Desk,
    Granted,
    Holder,
    KeyReused,
    LegacyCase,
    ManualClock,
    MemoryStore,
    Paused,
    Policy,
    Refused,
    SqliteStore,
    load_policy,
)
from caseflow.core.model import events as e
from caseflow.core.model.evolve import replay
from caseflow.ports import Append, KeyClaim, Seen
from caseflow.ports.observations import CommandConflict
from caseflow.serialization.codec import pack, unpack
from caseflow.views.forecast import forecast
from caseflow.views.story import told

FIVE_CLOCKS = load_policy(Path(__file__).parents[1] / "laws" / "policy.toml")
WUHU = load_policy("wuhu")
IMPORTER = Actor("importer", role="importer", unit="城管局")
START = datetime.fromisoformat("2025-03-03T09:30:00+08:00")


def at(days: float) -> datetime:
    """So many days after the start."""
    return START + timedelta(days=days)


def desk_at(days: float, policy: Policy = FIVE_CLOCKS, store: Any = None) -> Desk:
    return Desk(policy, MemoryStore() if store is None else store, clock=ManualClock(at(days)))


def standing(case: Case) -> Counter[tuple[object, ...]]:
    """What every standing card and reminder says, but for when it was noticed and by whom inherited."""
    return Counter(
        (card.level, card.clock, card.subject, card.cycle, card.unit, card.effective_us, card.is_breach)
        for card in case.escalations
        if card.stands
    )


def assert_same(desk: Desk, adopted: Case, lived: Case) -> None:
    """The two cases differ in nothing but their histories and the marks of the inherited."""
    assert adopted.place == lived.place
    assert adopted.unit == lived.unit
    assert adopted.submitted_us == lived.submitted_us
    assert set(adopted.clocks) == set(lived.clocks)
    assert adopted.next_due_us == lived.next_due_us
    assert adopted.facts.replies == lived.facts.replies
    assert standing(adopted) == standing(lived)
    assert forecast(desk.rules, adopted) == forecast(desk.rules, lived)


def both(
    acts: list[tuple[float, str, dict[str, Any]]],
    day: float,
    known: dict[str, Any],
    later: list[tuple[float, str, dict[str, Any]]],
    policy: Policy = FIVE_CLOCKS,
) -> None:
    """Live a case through the acts and adopt another at that day; the same later acts keep them the same."""
    living, adopting = desk_at(0, policy), desk_at(day, policy)
    for when, action, fields in acts:
        living.clock.set(at(when))
        living.act("c1", action, by=IMPORTER, fields=fields | {"reason": "because"})
    living.clock.set(at(day))
    living.sweep()
    lived = living.get("c1")
    if not lived.is_open:
        return
    adopting.adopt("c1", state=lived.state, submitted_at=START, by=IMPORTER, reason="moved", **known)
    assert_same(living, adopting.get("c1"), lived)
    swept = adopting.sweep()
    assert swept.cards == swept.reminders == ()
    for when, action, fields in [*later, (day + 45, "", {})]:
        outcomes = []
        for desk in (living, adopting):
            desk.clock.set(at(when))
            outcomes.append(_outcome(desk, action, fields))
        assert outcomes[0] == outcomes[1]
    assert_same(living, adopting.get("c1"), living.get("c1"))
    adopted = adopting.get("c1")
    assert replay("c1", adopting.history("c1")) == adopted
    assert unpack(pack(adopted)) == adopted


def _outcome(desk: Desk, action: str, fields: dict[str, Any]) -> object:
    if not action:
        return Counter(card.level for card in desk.sweep().cards)
    try:
        desk.act("c1", action, by=IMPORTER, fields=fields | {"reason": "because"})
    except Refused as error:
        return error.refusal.code
    return "done"


UNIT = {"to": "城管局"}
LIVES: dict[str, tuple[list[tuple[float, str, dict[str, Any]]], float, dict[str, Any]]] = {
    "routed at once, silent": ([(0, "submit", UNIT)], 9, {"unit": "城管局"}),
    "routed later": (
        [(0, "submit", {}), (1, "route", UNIT)], 9, {"unit": "城管局", "unit_since": at(1)},
    ),
    "with nobody": ([(0, "submit", {})], 16, {}),
    "signed in": (
        [(0, "submit", UNIT), (1, "take_charge", {})], 9, {"unit": "城管局", "state_since": at(1)},
    ),
    "waits for the citizen": (
        [(0, "submit", UNIT), (1, "take_charge", {}), (2, "request_information", {})],
        4,
        {"unit": "城管局", "state_since": at(2), "ended": {"take_charge": at(1)}},
    ),
    "waited for the citizen": (
        [(0, "submit", UNIT), (1, "take_charge", {}), (2, "request_information", {}),
         (5, "receive_information", {})],
        20,
        {"unit": "城管局", "state_since": at(5), "ended": {"take_charge": at(1)},
         "pauses": [Paused(since=at(2), until=at(5))]},
    ),
    "extended": (
        [(0, "submit", UNIT), (0.5, "take_charge", {}),
         (1, "request_extension", {"days": 3, "clock": "reply"}), (1.5, "grant_extension", {})],
        7,
        {
            "unit": "城管局",
            "state_since": at(0.5),
            "extensions": [Granted(at=at(1.5), days=3, clock="reply")],
        },
    ),
    "extended when yellow was out": (
        [(0, "submit", UNIT), (0.5, "take_charge", {}),
         (4, "request_extension", {"days": 3, "clock": "reply"}), (8, "grant_extension", {})],
        17,
        {"unit": "城管局", "state_since": at(0.5), "extensions": [Granted(at=at(8), days=3, clock="reply")]},
    ),
    "replied late": (
        [(0, "submit", UNIT), (0.5, "take_charge", {}), (8, "reply", {"text": "好了"})],
        30,
        {"unit": "城管局", "replied_at": at(8), "ended": {"take_charge": at(0.5)}},
    ),
    "handed on twice": (
        [(0, "submit", {"to": "水务局"}), (2, "transfer", {"to": "公交公司"}), (6, "transfer", UNIT)],
        9,
        {"unit": "城管局", "unit_since": at(6),
         "holders": [Holder(unit="水务局", since=START), Holder(unit="公交公司", since=at(2))]},
    ),
    "sent back and routed again": (
        [(0, "submit", {}), (1, "route", {"to": "水务局"}), (3, "send_back", {}), (7, "route", UNIT)],
        9,
        {"unit": "城管局", "unit_since": at(7),
         "holders": [Holder(unit="水务局", since=at(1)), Holder(unit="", since=at(3))]},
    ),
    "in its evaluation": (
        [(0, "submit", UNIT), (0.5, "take_charge", {}), (8, "reply", {"text": "好了"}), (9, "complete", {})],
        12,
        {"unit": "城管局", "replied_at": at(8), "state_since": at(9), "ended": {"take_charge": at(0.5)}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("life", LIVES)
def test_an_adopted_case_is_one_that_has_lived_here(life: str) -> None:
    """Whatever befell it before, and whatever befalls it after: clocks, cards, refusals are the same."""
    acts, day, known = LIVES[life]
    both(
        acts,
        day,
        known,
        [(day + 1, "reply", {"text": "好了"}), (day + 2, "complete", {}), (day + 4, "rate", {"score": 4})],
    )
    both(acts, day, known, [(day + 2, "take_charge", {}), (day + 3, "request_information", {})])
    both(acts, day, known, [])


STEPS = st.lists(st.floats(0.01, 4).map(lambda found: round(found, 3)), min_size=8, max_size=8)


@settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(
    STEPS, st.integers(0, 7), st.booleans(), st.floats(0.01, 25), st.sampled_from(["", "reply", "complete"])
)
def test_any_past_leads_to_the_same_future(
    gaps: list[float], length: int, routed: bool, wait: float, then: str
) -> None:
    """However long each step took, and wherever it stands: adopted it is the case that lived here."""
    when = [round(sum(gaps[: index + 1]), 3) for index in range(len(gaps))]
    plan: list[tuple[str, dict[str, Any]]] = [
        ("take_charge", {}), ("request_information", {}), ("receive_information", {}),
        ("placeholder", {"text": "已收到"}),
        ("reply", {"text": "好了"}), ("complete", {}),
    ]  # fmt: skip
    acts: list[tuple[float, str, dict[str, Any]]] = [(0, "submit", {} if routed else UNIT)]
    known: dict[str, Any] = {"unit": "城管局"}
    if routed:
        acts.append((when[0], "route", UNIT))
        known["unit_since"] = at(when[0])
    chosen = plan[:length]
    acts += [(when[index + 1], action, fields) for index, (action, fields) in enumerate(chosen)]
    done = {action: day for day, action, _ in acts}
    if "take_charge" in done:
        known |= {"state_since": at(done["take_charge"]), "ended": {"take_charge": at(done["take_charge"])}}
    if "request_information" in done:
        known |= {"state_since": at(done["request_information"])}
    if "receive_information" in done:
        begin, end = at(done["request_information"]), at(done["receive_information"])
        known |= {"state_since": end, "pauses": [Paused(since=begin, until=end, clock="completion")]}
    if "reply" in done:
        known |= {"replied_at": at(done["reply"]), "state_since": at(done["reply"])}
    if "complete" in done:
        known |= {"state_since": at(done["complete"])}
    day = acts[-1][0] + wait
    both(acts, day, known, [(day + 0.5, then, {"text": "好了"})] if then else [])


def adopted(day: float = 20, policy: Policy = WUHU, **known: Any) -> Desk:
    desk = desk_at(day, policy)
    given: dict[str, Any] = {"state": "handling", "submitted_at": START, "unit": "城管局"} | known
    desk.adopt("old-1", by=IMPORTER, reason="moved", **given)
    return desk


def test_what_was_due_before_is_inherited_and_what_comes_after_is_not() -> None:
    """Cards of before bear the mark, at their true instants; the next one fires at its own and without."""
    desk = adopted(20)
    marks = [(card.level, card.inherited, card.effective_at.day) for card in desk.get("old-1").escalations]
    assert marks == [("reminder", True, 7), ("yellow", True, 9), ("red", True, 19)]
    assert desk.store.notices() == ()
    desk.clock.set(at(40))
    assert [(card.level, card.inherited) for card in desk.sweep().cards] == [("urge", False)]


@pytest.mark.parametrize(("microseconds", "inherited"), [(-1, 0), (0, 1), (1, 1)])
def test_the_boundary_is_the_adoption_itself(microseconds: int, inherited: int) -> None:
    """A rung due at the very instant of the adoption is inherited; one due a microsecond later is not."""
    due = datetime.fromisoformat("2025-03-07T00:00:00+08:00")
    desk = Desk(WUHU, MemoryStore(), clock=ManualClock(due + timedelta(microseconds=microseconds)))
    case = desk.adopt(
        "old-1", state="handling", unit="城管局", submitted_at=START, by=IMPORTER, reason="moved"
    )
    assert sum(card.inherited for card in case.escalations) == inherited


def test_a_fact_recorded_late_about_the_time_before_stays_untold() -> None:
    """A reply found in old files annuls what it made void; its retraction brings back inherited ones."""
    desk = adopted(20)
    desk.reply("old-1", by=IMPORTER, text="修好了", effective_at=at(4), reason="found in the old files")
    assert [card.level for card in desk.get("old-1").escalations if card.stands] == ["reminder"]
    desk.retract_reply("old-1", by=IMPORTER, effective_at=at(5), reason="it was not")
    cards = [card for card in desk.get("old-1").escalations if card.stands]
    assert [(card.level, card.inherited) for card in cards] == [
        ("reminder", True), ("yellow", True), ("red", True),
    ]  # fmt: skip


def test_a_timed_action_of_before_is_not_taken() -> None:
    """A window that passed before the adoption closes nothing: the case came in the state it was in."""
    desk = adopted(
        30, FIVE_CLOCKS, state="evaluation", replied_at=at(3), state_since=at(4), ended={"take_charge": at(1)}
    )
    case = desk.get("old-1")
    assert case.state == "evaluation"
    skipped = [event.skipped for event in desk.history("old-1") if isinstance(event, e.RungEvent)]
    assert skipped[-1] == "inherited"


def test_a_clock_is_only_for_the_cases_of_its_condition() -> None:
    """A clock for urgent cases runs in the adopted urgent case and not in the other."""
    found = {}
    table = Path(__file__).parent / "urgent.toml"
    for urgency in ("", "urgent"):
        desk = adopted(1, load_policy(table), urgency=urgency)
        found[urgency] = {run.clock for run in desk.get("old-1").clocks}
    assert found == {"": {"reply"}, "urgent": {"reply", "rush"}}


def test_a_clock_may_have_a_start_of_its_own() -> None:
    """A reopened case counts from its reopening, which nothing else tells."""
    desk = adopted(20, started={"reply": at(18)})
    (run,) = desk.get("old-1").clocks
    assert run.since_us == int(at(18).timestamp() * 1e6)
    assert desk.get("old-1").escalations == ()


def test_a_start_after_a_reply_is_a_new_cycle() -> None:
    """Answered, reopened, and open again: the first cycle keeps its card, the second runs."""
    desk = adopted(20, replied_at=at(8), started={"reply": at(18)})
    case = desk.get("old-1")
    assert [(run.cycle, run.is_running) for run in case.clocks] == [(1, False), (2, True)]
    assert [(card.level, card.cycle) for card in case.escalations] == [("reminder", 1), ("yellow", 1)]


def test_before_the_unit_had_it_cards_name_nobody() -> None:
    """A card names the unit that held the case at its instant."""
    desk = adopted(20, unit_since=at(10))
    assert [(card.level, card.unit) for card in desk.get("old-1").cards] == [
        ("yellow", ""),
        ("red", "城管局"),
    ]


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "a role without the right": ({"by": Actor("h", role="handler", unit="城管局")}, "may-not-adopt"),
    "a supervisor": ({"by": Actor("s", role="supervisor")}, "may-not-adopt"),
    "no reason": ({"reason": ""}, "field-missing"),
    "an end without its instant": ({"state": "closed"}, "adopt-ended"),
    "a duplicate whose primary is not told": ({"state": "merged", "state_since": at(9)}, "adopt-state"),
    "a reply after the end": (
        {"state": "closed", "state_since": at(9), "replied_at": at(10)}, "adopt-after-end",
    ),
    "an end that a reply led to": ({"state": "closed", "state_since": at(9)}, "adopt-since"),
    "earlier holders, and not since when the present one": (
        {"holders": [Holder(unit="水务局", since=START)]}, "adopt-holders",
    ),
    "earlier holders out of order": (
        {"unit_since": at(3), "holders": [Holder(unit="a", since=at(2)), Holder(unit="b", since=at(1))]},
        "adopt-holders",
    ),
    "a holder after the present one": (
        {"holders": [Holder(unit="水务局", since=at(3))], "unit_since": at(3)}, "adopt-holders",
    ),
    "a holder of an impossible name": (
        {"holders": [Holder(unit="a\nb", since=at(1))], "unit_since": at(3)}, "field-not-printable",
    ),
    "a pause longer than the clock ran": ({"pauses": [Paused(clock="reply", days=20)]}, "adopt-total"),
    "hours of a clock that counts days": ({"pauses": [Paused(clock="reply", hours=5)]}, "adopt-hours"),
    "a total beside a pause at the start": (
        {"pauses": [Paused(clock="reply", since=at(1), until=at(2)), Paused(clock="reply", days=2)]},
        "adopt-total",
    ),
    "a total of nothing": ({"pauses": [Paused(clock="reply", days=-1)]}, "field-out-of-range"),
    "a pause after the reply": (
        {"replied_at": at(1), "pauses": [Paused(clock="reply", since=at(2), until=at(3))]},
        "clock-not-running",
    ),
    "a state of another policy": ({"state": "lost"}, "adopt-state"),
    "a future start": ({"submitted_at": at(21)}, "adopt-future"),
    "a future reply": ({"replied_at": at(21)}, "adopt-future"),
    "a reply before the start": ({"replied_at": at(-1)}, "adopt-before-submission"),
    "a pause that ends before it begins": (
        {"pauses": [Paused(since=at(2), until=at(1), clock="reply")]}, "adopt-pause",
    ),
    "a pause where nothing pauses": ({"pauses": [Paused(since=at(2), until=at(3))]}, "adopt-no-pause"),
    "a clock that is not there": ({"started": {"lunch": at(2)}}, "adopt-clock"),
    "an extension of no days": ({"extensions": [Granted(at=at(2), days=0)]}, "field-out-of-range"),
    "an extension after the reply": (
        {"replied_at": at(1), "extensions": [Granted(at=at(2), days=2)]}, "clock-not-running",
    ),
    "an answer without a reply": ({"state": "answered"}, "adopt-since"),
    "an unknown kind": ({"kind": "gossip"}, "field-not-a-choice"),
    "an unprintable unit": ({"unit": "a\nb"}, "field-not-printable"),
    "an unusable id": ({"case_id": " x"}, "bad-case-id"),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSALS)
def test_what_does_not_fit_is_refused_without_a_trace(why: str) -> None:
    """The refusal has its code and both languages, and nothing was recorded."""
    changes, code = REFUSALS[why]
    desk = desk_at(20, WUHU)
    given: dict[str, Any] = {
        "case_id": "old-1", "state": "handling", "unit": "城管局", "submitted_at": START,
        "by": IMPORTER, "reason": "moved",
    }  # fmt: skip
    with pytest.raises(Refused) as caught:
        desk.adopt(**(given | changes))
    assert caught.value.code == code
    assert "{" not in caught.value.text("en") + caught.value.text("zh")
    assert desk.store.load(given["case_id"]) is None


def test_a_state_that_ended_a_clock_needs_its_instant() -> None:
    """Signed in, but when? The clock hangs on it, so that the refusal asks."""
    with pytest.raises(Refused) as caught:
        adopted(20, FIVE_CLOCKS)
    assert caught.value.refusal.missing == ("state_since",)
    assert caught.value.refusal.found == "take_charge"


def test_an_instant_without_an_offset_is_refused() -> None:
    """A legacy table's local time must say where it is local."""
    with pytest.raises(BadInput):
        adopted(submitted_at="2025-03-03T09:30:00")


def test_the_same_again_changes_nothing_and_another_past_is_refused() -> None:
    """Idempotent by id: the case comes back as it stands; another start, or title, is another case."""
    desk = adopted(20, title="路灯")
    desk.reply("old-1", by=IMPORTER, text="好了")
    before = desk.history("old-1")
    again: dict[str, Any] = {
        "state": "handling",
        "submitted_at": START,
        "unit": "城管局",
        "by": IMPORTER,
        "reason": "moved",
        "title": "路灯",
    }
    desk.clock.advance(days=1)
    assert desk.adopt("old-1", **again) == desk.get("old-1")
    assert desk.history("old-1") == before
    for changed in ({"submitted_at": at(1)}, {"title": "井盖"}, {"body": "三天了"}):
        with pytest.raises(Refused, match="exists already"):
            desk.adopt("old-1", **(again | changed))
    desk.submit(title="x", by=IMPORTER, case_id="new-1")
    with pytest.raises(Refused, match="exists already"):
        desk.adopt("new-1", **again)


def test_a_key_is_used_once() -> None:
    """A repeat under its key gives the first result; other content under it is refused."""
    desk = desk_at(20, WUHU)
    given: dict[str, Any] = {"state": "handling", "unit": "城管局", "by": IMPORTER, "reason": "m", "key": "k"}
    first = desk.adopt("old-1", submitted_at=START, **given)
    desk.reply("old-1", by=IMPORTER, text="好了")
    assert desk.adopt("old-1", submitted_at=START, **given) == first
    with pytest.raises(KeyReused):
        desk.adopt("old-1", submitted_at=at(1), **given)


class Raced(MemoryStore):
    """A store on which, just before something is appended, another does what it is told to."""

    other: Callable[[], object] | None = None

    def append(self, entries: Sequence[Append], claim: KeyClaim | None = None) -> None:
        other, self.other = self.other, None
        if other is not None:
            other()
        super().append(entries, claim)


@pytest.mark.parametrize("key", [None, "k"])
def test_two_who_take_over_the_same_case_at_once_both_get_it(key: str | None) -> None:
    """The second finds what the first recorded, under its key or none, and nothing is recorded twice."""
    store, seen = Raced(), list[Seen]()
    clock = ManualClock(at(20))
    desk = Desk(WUHU, store, clock=clock, observer=Noting(seen))
    given: dict[str, Any] = {"state": "handling", "unit": "城管局", "reason": "m", "submitted_at": START}
    first: list[Case] = []
    racer = Desk(WUHU, store, clock=clock)
    store.other = lambda: first.append(racer.adopt("c1", by=IMPORTER, key=key, **given))
    second = desk.adopt("c1", by=IMPORTER, key=key, **given)
    assert [second] == first
    assert [event.name for event in desk.history("c1")].count("adopted") == 1
    assert [type(one).__name__ for one in seen if not isinstance(one, CommandConflict)] == ["CommandDone"]
    assert desk.adopt("c1", by=IMPORTER, key=key, **given) == second


def test_a_second_key_remembers_what_the_takeover_left() -> None:
    """The case went on; what the repeat of a takeover under a new key gives is the takeover alone."""
    desk = adopted(20)
    taken_over = desk.get("old-1")
    given: dict[str, Any] = {"state": "handling", "unit": "城管局", "by": IMPORTER, "reason": "moved"}
    desk.clock.advance(days=15)
    desk.sweep()
    after = desk.reply("old-1", by=IMPORTER, text="好了")
    assert desk.adopt("old-1", submitted_at=START, key="again", **given) == after
    assert desk.adopt("old-1", submitted_at=START, key="again", **given) == taken_over
    assert desk.get("old-1") == after


def test_hooks_and_observer_hear_of_a_takeover() -> None:
    """As of any command: done, refused, and what was recorded."""
    seen, events = list[Seen](), list[str]()
    desk = Desk(WUHU, MemoryStore(), clock=ManualClock(at(20)), observer=Noting(seen))
    desk.subscribe("adopted", lambda happened: events.append(happened.event.name))
    given: dict[str, Any] = {"state": "handling", "unit": "城管局", "reason": "m", "submitted_at": START}
    desk.adopt("c1", by=IMPORTER, **given)
    with pytest.raises(Refused):
        desk.adopt("c2", by=Actor("o-1", role="handler", unit="城管局"), **given)
    assert events == ["adopted"]
    assert [(type(one).__name__, getattr(one, "action", "")) for one in seen] == [
        ("CommandDone", "adopt"),
        ("CommandRefused", "adopt"),
    ]


def test_an_extension_without_a_clock_is_the_one_that_ran() -> None:
    """It is recorded for the only clock that ran when it was granted; where two ran, it must say which."""
    given: dict[str, Any] = {"state": "handling", "unit": "城管局", "by": IMPORTER, "reason": "m"}
    given |= {"submitted_at": START, "state_since": at(0.5), "extensions": [Granted(at=at(1.5), days=3)]}
    desk = desk_at(7, WUHU)
    desk.adopt("c1", **given)
    (first, *_) = desk.history("c1")
    assert isinstance(first, e.Adopted)
    assert [name for name, *_ in first.extensions] == ["reply"]
    with pytest.raises(Refused) as caught:
        desk_at(7, FIVE_CLOCKS).adopt("c1", **given)
    refusal = caught.value.refusal
    assert (refusal.code, refusal.missing) == ("clock-ambiguous", ("reply", "completion"))


class Noting:
    """An observer that keeps what it is told."""

    def __init__(self, seen: list[Seen]) -> None:
        self.seen = seen

    def observe(self, seen: Seen, /) -> None:
        self.seen.append(seen)


def table(*ids: str, **changes: Any) -> list[LegacyCase]:
    known: dict[str, Any] = {"state": "handling", "submitted_at": START, "unit": "城管局"} | changes
    return [LegacyCase(case_id=case_id, **known) for case_id in ids]


def test_a_table_is_taken_over_whole_or_not_at_all(tmp_path: Path) -> None:
    """One wrong case among many keeps all of them out, and is named; a dry run writes nothing either."""
    desk = desk_at(20, WUHU, SqliteStore(tmp_path / "cases.db"))
    cases = [*table("a", "b"), *table("c", state="lost"), *table("a"), *table("d")]
    found = desk.adopt_all(lambda: cases, by=IMPORTER, reason="moved")
    assert [(wrong.index, wrong.case_id, wrong.error.code) for wrong in found.wrong] == [
        (2, "c", "adopt-state"), (3, "a", "case-exists"),
    ]  # fmt: skip
    dry = desk.adopt_all(lambda: table("a", "b"), by=IMPORTER, reason="moved", dry_run=True)
    assert (dry.adopted, dry.inherited, dry.running) == (
        2, {"reminder": 2, "yellow": 2, "red": 2}, {"reply": 2},
    )  # fmt: skip
    assert len(desk.cases()) == 0
    desk.adopt_all(lambda: table("a", "b"), by=IMPORTER, reason="moved")
    more = desk.adopt_all(lambda: table("a", "b", "c"), by=IMPORTER, reason="moved")
    assert (more.adopted, more.unchanged, len(desk.cases())) == (1, 2, 3)
    desk.store.close()


def test_the_story_tells_what_was_inherited() -> None:
    """People see that the case was taken over, and which cards came with it."""
    desk = adopted(6)
    lines = str(told(desk.rules, "old-1", desk.history("old-1"))).splitlines()
    assert lines[0].endswith("taken over          城管局, in handling, true since 2025-03-03 09:30")
    assert lines[1].endswith("reminder            reply, 3 natural days, inherited")


@pytest.mark.parametrize("told", [{"pauses": [(1, 2)]}, {"extensions": [(1, 2, "reply")]}], ids=str)
def test_a_pause_or_an_extension_of_another_type_is_bad_input(told: dict[str, Any]) -> None:
    """Whoever gives tuples is told which field is meant, not that a tuple lacks an attribute."""
    (legacy,) = table("c1", **told)
    with pytest.raises(BadInput, match=next(iter(told))):
        legacy.past()
