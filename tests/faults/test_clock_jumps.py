"""The clock jumps backwards and forwards between commands and sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import Desk, ManualClock, MemoryStore, Refused, SqliteStore
from caseflow.core.model import events as e
from caseflow.core.time.instants import DAY, HOUR
from caseflow.ports import Store
from tests.faults.crew import START
from tests.faults.orders import BOSS, CITIZEN, OFFICER, UNIT
from tests.faults.workers import RULES

JUMPS = st.one_of(
    st.sampled_from([-40 * DAY, -DAY, -1, 0, 1, DAY, 6 * DAY, 16 * DAY, 31 * DAY]),
    st.integers(-50 * DAY, 50 * DAY),
)
ACTS = st.lists(
    st.tuples(JUMPS, st.sampled_from(["note", "reply", "retract_reply", "sweep"])), min_size=1, max_size=12
)


def lived(store: Store, acts: Sequence[tuple[int, str]]) -> list[tuple[int, e.Event]]:
    """What was recorded, each event with what the clock had shown."""
    clock = ManualClock(START)
    desk = Desk(RULES, store, clock=clock)
    desk.submit(title="路灯不亮", to=UNIT, by=CITIZEN, case_id="c1")
    shown = [(START, event) for event in desk.history("c1")]
    for jump, action in acts:
        clock.set(max(clock.now_us() + jump, START - 300 * DAY))
        before = len(shown)
        try:
            if action == "sweep":
                desk.sweep()
            elif action == "retract_reply":
                desk.retract_reply("c1", by=BOSS, reason="有误")
            else:
                desk.act("c1", action, by=OFFICER, fields={"text": "已派员"})
        except Refused:
            pass
        shown += [(clock.now_us(), event) for event in desk.history("c1")[before:]]
    return shown


def check(shown: Sequence[tuple[int, e.Event]]) -> None:
    """Instants rise, but for an act between two acts that comes before cards fired meanwhile."""
    acted = 0
    for now, event in shown:
        if isinstance(event, e.RungEvent):
            assert event.at_us <= max(now, acted), "a card from the future"
            continue
        if isinstance(event, e.CardAnnulled):
            assert event.at_us >= acted
            continue
        assert event.at_us == max(now, acted), "an act has the clock's instant, or that of the act before it"
        assert event.clamped_us == (now if now < acted else None), "the event says what the clock showed"
        acted = event.at_us


def check_cards(shown: Sequence[tuple[int, e.Event]]) -> None:
    """What stands in the end rises: an act in its own time annuls what it would have prevented."""
    last = 0
    annulled = {event.issued_us for _, event in shown if isinstance(event, e.CardAnnulled)}
    for _, event in shown:
        if isinstance(event, e.RungEvent) and event.at_us not in annulled:
            assert event.at_us >= last
            last = event.at_us


@settings(derandomize=True, database=None, deadline=None, max_examples=60)
@given(ACTS)
def test_instants_of_acts_never_decrease_and_a_clamped_one_says_so(acts: Sequence[tuple[int, str]]) -> None:
    """An act at a clock that went back bears the instant of the act before it, and what the clock showed."""
    shown = lived(MemoryStore(), acts)
    check(shown)
    check_cards(shown)


@settings(derandomize=True, database=None, deadline=None, max_examples=10)
@given(ACTS)
def test_a_file_keeps_the_same_whatever_the_clock_did(acts: Sequence[tuple[int, str]]) -> None:
    """A file and a memory under one jumping clock hold the same events."""
    with TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "c.db", synchronous="off")
        kept, remembered = lived(store, acts), lived(MemoryStore(), acts)
        assert [(now, event.replace(texts=())) for now, event in kept] == [
            (now, event.replace(texts=())) for now, event in remembered
        ]
        store.close()


def test_a_clock_that_went_back_a_day_holds_no_card_back() -> None:
    """Cards fire by the clock as it is: not while it stands before them, and at once when it is set right."""
    clock = ManualClock(START)
    desk = Desk(RULES, MemoryStore(), clock=clock)
    desk.submit(title="路灯不亮", to=UNIT, by=CITIZEN, case_id="c1")
    clock.set(START + 6 * DAY)
    assert [card.level for card in desk.sweep().cards] == ["yellow"]
    clock.set(START + 5 * DAY - HOUR)
    assert desk.sweep().cards == ()
    noted = desk.note("c1", text="已派员", by=OFFICER)
    assert noted.cards[0].stands, "a note prevents no card"
    clock.set(START + 16 * DAY)
    assert [card.level for card in desk.sweep().cards] == ["red"]
