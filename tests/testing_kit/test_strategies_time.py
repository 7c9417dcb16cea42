"""Strategies for instants and calendars: what they draw, why, and what it shrinks to."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from caseflow import BadInput, Calendar, Desk, ManualClock, MemoryStore, load_policy
from caseflow.core.time.deadline import breach
from caseflow.core.time.instants import office_days
from caseflow.core.time.span import Span, length_of
from caseflow.testing import strategies as cs
from caseflow.testing.command_generator import legal_command
from caseflow.testing.strategies.instant_strategies import KINDS

from .planted import PROPERTY, smallest

ROOT = Path(__file__).parents[2]
RECEIPT = ROOT / "examples" / "policies" / "receipt.toml"
FIVE_CLOCKS = ROOT / "tests" / "laws" / "policy.toml"
POLICIES = {
    "wuhu": load_policy("wuhu"),
    "receipt": load_policy(RECEIPT),
    "five clocks": load_policy(FIVE_CLOCKS),
}


@pytest.mark.parametrize("name", POLICIES)
def test_every_rung_is_met_to_the_microsecond(name: str) -> None:
    """For each rung of each clock its first late instant is drawn, and the microseconds beside it."""
    policy = POLICIES[name]
    found = {instant.us: instant.about for instant in cs.boundaries(policy, start="2025-03-03T09:30+08:00")}
    start = 1_740_965_400_000_000
    days = office_days(policy.timezone)
    for clock, rule in policy.clocks.items():
        for rung in rule.rungs:
            lengths: dict[str, Any] = dict([length_of(rung)])
            span = Span.of(
                **lengths, counting=rule.counting, roll=rule.roll,
                calendar=policy.tables.get(rule.calendar),
            )  # fmt: skip
            late = breach(span, start, (), days).at_us
            assert late is not None
            assert f"{rung.level} of {clock}" in found[late]
            assert "1 us before " in found[late - 1]
            assert "1 us after " in found[late + 1]


def test_each_kind_of_boundary_is_drawn() -> None:
    """Start, rungs, pauses, days, holidays, summer time and the horizon all come with their reason."""
    abouts = " ".join(
        instant.about
        for instant in cs.boundaries(
            FIVE_CLOCKS,
            start="2025-03-03T09:30+08:00",
            pauses=[("2025-03-05T10:00+08:00", "2025-03-06T10:00+08:00")],
        )
    )
    for words in (
        "the start", "overdue of completion", "the start of a pause", "the end of a pause", "midnight",
        "the start of the holiday a holiday", "the end of the make-up day a make-up day",
        "the horizon of office",
    ):  # fmt: skip
        assert words in abouts
    amsterdam = cs.boundaries(RECEIPT, start="2025-03-03T09:00+01:00", kinds=["zone"])
    assert [str(instant.at) for instant in amsterdam[1::3]] == [
        "2025-03-30 03:00:00+02:00",
        "2025-10-26 02:00:00+01:00",
    ]


def test_a_real_case_brings_its_own_pauses_and_extensions() -> None:
    """With a case the rungs are those of its clocks as they run, and nothing lies before its submission."""
    case = smallest(cs.cases(FIVE_CLOCKS), lambda case: any(run.pauses for run in case.clocks))
    run = next(run for run in case.clocks if run.pauses)
    found = cs.boundaries(FIVE_CLOCKS, case=case)
    assert {run.pauses[0][0], *(due for due in run.dues if due)} <= {instant.us for instant in found}
    assert min(instant.us for instant in found) == case.submitted_us


@PROPERTY
@given(cs.boundary_instants("wuhu"))
def test_instants_say_why(instant: cs.Instant) -> None:
    """Each drawn instant has its zone, its kind and its reason."""
    assert instant.kind in KINDS
    assert instant.about
    assert str(instant.at.tzinfo) == "Asia/Shanghai"


@pytest.mark.parametrize("name", ["wuhu", "receipt"])
def test_an_act_is_on_time_if_and_only_if_it_comes_before_the_breach(name: str) -> None:
    """Around every boundary, acting at t leaves a card exactly when t is not before the breach."""
    policy = POLICIES[name]
    clock = next(iter(policy.clocks))
    first = next(rung for rung in policy.clocks[clock].rungs if rung.kind == "breach")
    ends = policy.clocks[clock].stop[0]

    @PROPERTY
    @given(cs.boundary_instants(policy))
    def on_time(instant: cs.Instant) -> None:
        script = smallest_script[0]
        desk = script.run(Desk(policy, MemoryStore(), clock=ManualClock(script.start)))
        case = desk.get(script.case_ids[0])
        deadline = case.deadline_us
        step = legal_command(desk.rules, case, ends)
        assert deadline is not None and step is not None
        desk.clock.set(instant.us)
        case = step.ask(desk)
        assert (first.level not in [card.level for card in case.cards]) == (instant.us < deadline)

    smallest_script = [smallest(cs.timelines(policy, start=cs.boundaries(policy)[0].at), lambda script: True)]
    on_time()


def test_instants_shrink_to_the_start_and_then_to_the_first_rung() -> None:
    """Without a condition the start is drawn; past a day, the first rung exactly."""
    assert repr(smallest(cs.boundary_instants("wuhu"), lambda instant: True)) == (
        "Instant(2025-03-03 09:00, the start)"
    )
    later = smallest(cs.boundary_instants("wuhu"), lambda instant: instant.at.day > 4)
    assert repr(later) == "Instant(2025-03-07 00:00, reminder of reply; midnight)"


@PROPERTY
@given(cs.calendars(min_days=10, max_days=60))
def test_calendars_change_days_that_the_week_has_otherwise(calendar: Calendar) -> None:
    """Holidays lie on working weekdays, make-up days on the others, all inside the horizon."""
    for day in calendar.holidays:
        assert (day - 1) % 7 in calendar.week and calendar.is_certain(day)
    for day in calendar.makeup:
        assert (day - 1) % 7 not in calendar.week and calendar.is_certain(day)
    assert 10 <= (calendar.last - calendar.first).days + 1 <= 60


def test_calendars_shrink_to_plain_weeks_and_the_furthest_horizon() -> None:
    """The plainest calendar has no holidays; the plainest with one has a single early day."""
    plain = smallest(cs.calendars(max_days=100), lambda calendar: True)
    assert (plain.week, plain.holidays, plain.makeup) == ((0, 1, 2, 3, 4), {}, {})
    assert plain.last == date(2025, 4, 10)
    with_one = smallest(cs.calendars(), lambda calendar: bool(calendar.holidays))
    assert [date.fromordinal(day) for day in with_one.holidays] == [date(2025, 1, 1)]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: cs.boundary_instants("wuhu", start="2025-03-03T09:00"),
        lambda: cs.boundary_instants("wuhu", kinds=["moon"]),
        lambda: cs.boundary_instants("wuhu", kinds=[]),
        lambda: cs.boundary_instants("wuhu", pauses=[("2025-03-05T10:00Z", "2025-03-05T10:00Z")]),
        lambda: cs.boundary_instants(7),  # type: ignore[arg-type]  # no policy at all
        lambda: cs.calendars(max_days=0),
        lambda: cs.calendars(min_days=9, max_days=8),
        lambda: cs.calendars(weeks=[()]),
        lambda: cs.policies(zones=["Mars/Base"]),
        lambda: cs.policies(countings=["moons"]),
        lambda: cs.policies(max_clocks=True),
        lambda: cs.broken_policies(codes=["no-such-code"]),
        lambda: cs.timelines("wuhu", cases=0),
        lambda: cs.timelines("wuhu", start="tomorrow"),
        lambda: cs.timelines("wuhu", min_steps=5, max_steps=4),
        lambda: cs.legal_commands("wuhu", min_commands=0),
        lambda: cs.illegal_commands("wuhu", ways=["bad luck"]),
        lambda: cs.actors("wuhu", fitting=False),
        lambda: cs.actors("wuhu", action="dance"),
        lambda: cs.actors("wuhu", action="retract_nothing", fitting=False),
    ],
)
def test_wrong_arguments_are_refused_at_once(wrong: object) -> None:
    """A strategy checks what it is given when it is made, not when it is drawn from."""
    assert callable(wrong)
    with pytest.raises(BadInput):
        wrong()
