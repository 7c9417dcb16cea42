"""What a takeover is told of a clock is final for it, or refused; and ended cases, for the record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseflow import Case, Granted, Holder, Paused, Policy, Refused, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.evolve import replay
from caseflow.core.time.instants import DAY, micros
from caseflow.serialization.codec import pack, unpack
from tests.exits.test_adoption import FIVE_CLOCKS, IMPORTER, START, WUHU, at, desk_at, standing

DAYS = st.integers(0, 160).map(lambda quarters: quarters / 4)
CLOCKS = st.sampled_from(tuple(FIVE_CLOCKS.clocks))
PAUSES = st.one_of(
    st.builds(lambda clock, day, more: Paused(clock=clock, since=at(day), until=at(day + 0.25 + more)),
              CLOCKS | st.just(""), DAYS, DAYS),
    st.builds(lambda clock, since: Paused(clock=clock, since=at(since)), CLOCKS | st.just(""), DAYS),
    st.builds(lambda clock, days: Paused(clock=clock, days=days), CLOCKS, st.integers(1, 20)),
)  # fmt: skip
TOLD = st.fixed_dictionaries(
    {
        "state": st.sampled_from(
            ["routed", "handling", "awaiting_information", "answered", "closed", "withdrawn"]
        ),
        "state_since": DAYS.map(at),
    },
    optional={
        "unit_since": DAYS.map(at),
        "replied_at": DAYS.map(at),
        "started": st.dictionaries(CLOCKS, DAYS.map(at), max_size=2),
        "ended": st.dictionaries(CLOCKS, DAYS.map(at), max_size=2),
        "pauses": st.lists(PAUSES, max_size=2),
        "extensions": st.lists(
            st.builds(
                lambda clock, day: Granted(at=at(day), days=3, clock=clock), CLOCKS | st.just(""), DAYS
            ),
            max_size=1,
        ),
    },
)


def runs_of(case: Case, clock: str) -> Iterator[ClockRun]:
    return (run for run in case.clocks if run.clock == clock or not clock)


def is_paused(run: ClockRun, us: int) -> bool:
    return any(begin <= us and (end is None or us < end) for begin, end in run.pauses)


@settings(
    max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(TOLD)
def test_what_is_told_of_a_clock_is_what_it_is_or_it_is_refused(told: dict[str, Any]) -> None:
    """Starts and ends stand as told; a told pause pauses the clock wherever it ran; a case that ended waits
    for nothing."""
    desk = desk_at(40, FIVE_CLOCKS)
    try:
        case = desk.adopt("c1", submitted_at=START, unit="城管局", by=IMPORTER, reason="moved", **told)
    except Refused as error:
        assert error.refusal.rule
        assert desk.store.load("c1") is None
        return
    assert case.state == told["state"]
    for clock, begun in told.get("started", {}).items():
        assert any(run.since_us == micros(begun) for run in runs_of(case, clock))
    for clock, end in told.get("ended", {}).items():
        assert any(run.until_us == micros(end) for run in runs_of(case, clock))
    for pause in told.get("pauses", ()):
        if pause.since is None:
            continue
        begin, end = micros(pause.since), micros(at(40) if pause.until is None else pause.until)
        for run in runs_of(case, pause.clock):
            if not pause.clock and not FIVE_CLOCKS.clocks[run.clock].pause:
                continue
            first, last = max(begin, run.since_us), min(end, end if run.until_us is None else run.until_us)
            for us in (first, (first + last) // 2, last - 1):
                assert first >= last or is_paused(run, us)
    if not case.is_open:
        assert case.next_due_us is None
        assert not any(run.is_running for run in case.clocks)
    assert replay("c1", desk.history("c1")) == case == unpack(pack(case))


@pytest.mark.parametrize("days", [1, 2, 5, 11])
@pytest.mark.parametrize(
    "start", ["2025-03-03T09:30", "2025-03-07T23:59", "2025-03-08T00:00", "2025-04-27T12:00"]
)
@pytest.mark.parametrize("name", ["working", "natural", "elapsed", "office", "cut-off"])
def test_a_total_defers_by_so_many_days_as_the_clock_counts_them(
    name: str, start: str, days: int, totals: Policy
) -> None:
    """As an extension by so many days does, granted at the start: whatever is counted, from any day."""
    plan = CompiledPolicy(totals).plan[name]
    since = micros(f"{start}:00+08:00")
    pause = plan.pause_of(plan.begun(since), days, "days")
    assert pause is not None
    assert plan.dues(since, pauses=[pause]) == plan.dues(since, grants=[(since, days, "days")])


@pytest.fixture(scope="module")
def totals(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """Clocks that start with the case, one for each way of counting."""
    folder = tmp_path_factory.mktemp("totals")
    (folder / "days.toml").write_text(
        'name = "days"\nfirst = 2025-01-01\nlast = 2025-12-20\nhours = ["09:00-12:00", "14:00-17:00"]\n'
        '[holidays]\n2025-05-01 = "x"\n[makeup]\n2025-04-27 = "x"\n',
        encoding="utf-8",
    )
    rows = {
        "working": 'counting = "working"\ncalendar = "days"', "natural": 'counting = "natural"',
        "elapsed": 'counting = "elapsed"', "office": 'counting = "office"\ncalendar = "days"',
        "cut-off": 'counting = "working"\ncalendar = "days"\ncut_off = "16:00"',
    }  # fmt: skip
    clocks = "".join(
        f'[clocks.{name}]\nstart = ["submit"]\nstop = ["complete"]\n{keys}\n'
        'rungs = [{ level = "late", days = 3 }, { level = "later", days = 8 }]\n'
        for name, keys in rows.items()
    )
    (folder / "totals.toml").write_text(
        'extends = "base"\nname = "totals"\nremove = ["clocks"]\n'
        f'[calendars.days]\nfile = "days.toml"\n{clocks}',
        encoding="utf-8",
    )
    return load_policy(folder / "totals.toml")


def test_hours_are_running_time_of_a_clock_that_runs(totals: Policy) -> None:
    """36 hours of an elapsed clock are a day and a half; of an office clock six days of six hours."""
    plans = CompiledPolicy(totals).plan
    since = micros("2025-03-03T09:00:00+08:00")
    elapsed, office = (
        plans[name].pause_of(plans[name].begun(since), 36, "hours") for name in ("elapsed", "office")
    )
    assert elapsed == (since, since + 36 * DAY // 24)
    assert office == (since, micros("2025-03-10T17:00:00+08:00"))


def test_a_total_in_a_takeover_defers_what_comes(totals: Policy) -> None:
    """Five days in all, nobody knows which: 3 natural days and 5 more, and what was due before is not."""
    desk = desk_at(7, WUHU)
    desk.adopt("c1", state="handling", unit="城管局", submitted_at=START, by=IMPORTER, reason="moved",
               pauses=[Paused(clock="reply", days=5)])  # fmt: skip
    case = desk.get("c1")
    assert case.cards == () and case.escalations == ()
    assert str(case.next_due) == "2025-03-12 00:00:00+08:00"
    assert case == desk.adopt(
        "c1", state="handling", unit="城管局", submitted_at=START, by=IMPORTER, reason="moved",
        pauses=[Paused(clock="reply", days=5)],
    )  # fmt: skip


ENDS: dict[str, tuple[list[tuple[float, str, dict[str, Any]]], dict[str, Any]]] = {
    "closed after a reply": (
        [(0, "submit", {"to": "城管局"}), (0.5, "take_charge", {}), (8, "reply", {"text": "好了"}),
         (9, "complete", {}),
         (10, "close", {})],
        {"replied_at": at(8), "ended": {"take_charge": at(0.5), "completion": at(9)},
         "started": {"window": at(9)}},
    ),
    "withdrawn": (
        [(0, "submit", {"to": "城管局"}), (0.5, "take_charge", {}), (7, "withdraw", {})],
        {"ended": {"take_charge": at(0.5)}},
    ),
    "rejected at once": ([(0, "submit", {"to": "城管局"}), (0.25, "reject", {"code": "out_of_scope"})], {}),
}  # fmt: skip


@pytest.mark.parametrize("why", ENDS)
def test_a_case_that_has_ended_comes_with_its_cards_and_waits_for_nothing(why: str) -> None:
    """It has the cards that it would have got here, each with its unit; no sweep touches it."""
    acts, known = ENDS[why]
    living, adopting = desk_at(0, FIVE_CLOCKS), desk_at(60, FIVE_CLOCKS)
    for day, action, fields in acts:
        living.clock.set(at(day))
        living.act("c1", action, by=IMPORTER, fields=fields | {"reason": "because"})
    lived = living.get("c1")
    adopting.adopt("c1", state=lived.state, state_since=at(acts[-1][0]), unit="城管局", submitted_at=START,
                   by=IMPORTER, reason="moved", **known)  # fmt: skip
    case = adopting.get("c1")
    assert not case.is_open
    assert standing(case) == standing(lived)
    assert all(card.inherited for card in case.escalations)
    assert case.has_reply == lived.has_reply
    assert {run.key: (run.since_us, run.until_us) for run in case.clocks} == {
        run.key: (run.since_us, run.until_us) for run in lived.clocks
    }
    adopting.clock.set(at(400))
    assert adopting.sweep().cards == () and adopting.get("c1") == case


def test_cards_name_the_holder_of_their_own_time() -> None:
    """The yellow card is the second holder's, the red one the present unit's; nobody's before any had it."""
    desk = desk_at(20, WUHU)
    desk.adopt(
        "c1", state="routed", unit="c", unit_since=at(10), submitted_at=START, by=IMPORTER, reason="moved",
        holders=[Holder(unit="a", since=at(4)), Holder(unit="b", since=at(5))],
    )  # fmt: skip
    case = desk.get("c1")
    assert [(card.level, card.unit) for card in case.escalations] == [
        ("reminder", ""), ("yellow", "b"), ("red", "c"),
    ]  # fmt: skip
    assert [unit for _, unit in case.facts.past_units] == ["", "a", "b"]
