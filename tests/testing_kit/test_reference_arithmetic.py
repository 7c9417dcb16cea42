"""The arithmetic that judges the engine, itself held to written scenarios and to the zones' midnights."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from caseflow.core.policy import ClockRule, Policy, Rung
from caseflow.core.time.deadline import breach
from caseflow.core.time.instants import micros, office_days
from caseflow.core.time.span import Span
from caseflow.policies.calendars import load_calendar
from caseflow.testing.laws.reference_arithmetic import Arithmetic, Counted, midnight_of

SCENARIOS = Path(__file__).resolve().parents[2].parent / "shared" / "scenarios" / "deadlines.csv"


def rows() -> list[dict[str, str]]:
    if not SCENARIOS.is_file():
        return []
    with SCENARIOS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def of_row(row: dict[str, str]) -> Arithmetic:
    """The arithmetic of a policy whose one rung is the row's."""
    rung = Rung(level="late", days=int(row["days"]))
    calendar = "" if row["counting"] == "natural" and row["roll"] == "none" else "it"
    clock = ClockRule(counting=row["counting"], roll=row["roll"], calendar=calendar, rungs=(rung,))
    table = {"it": load_calendar(row["calendar"])} if calendar and row["counting"] != "elapsed" else {}
    return Arithmetic(Policy(name="one", timezone=row["timezone"], clocks={"c": clock}, tables=table))


def pauses_of(row: dict[str, str]) -> list[tuple[int, int | None]]:
    pairs = (pair.split("/") for pair in row["pauses"].split())
    return [(micros(begin), micros(end) if end else None) for begin, end in pairs]


def counted(start: int, pauses: Sequence[tuple[int, int | None]] = (), days: int = 0) -> Counted:
    """An instance of that start and those pauses; five days more if they were granted at an instant."""
    grants = ((days, 5, "days"),) if days else ()
    return Counted(start, start, pauses=tuple(pauses), grants=grants)


@pytest.mark.skipif(not SCENARIOS.is_file(), reason="shared/scenarios is not beside this checkout")
def test_the_scenarios_come_out() -> None:
    """Every row of the scenarios comes to its ``breach_at`` by plain datetime arithmetic."""
    assert len(rows()) > 80
    for row in rows():
        expected = micros(row["breach_at"]) if row["breach_at"] else None
        found = of_row(row).late("c", 0, counted(micros(row["start"]), pauses_of(row)))
        assert found == (expected, True), row["id"]


@pytest.mark.parametrize("zone", [
    "Asia/Shanghai", "Europe/Amsterdam", "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut", "Africa/Cairo",
])  # fmt: skip
def test_midnights_are_those_of_the_zone(zone: str) -> None:
    """Where summer time skips midnight or makes it happen twice, and where a day is missing, both agree."""
    days = office_days(zone)
    for year in (2011, 2018, 2025):
        for turn in range(366):
            day = date(year, 1, 1) + timedelta(days=turn)
            assert midnight_of(zone, day) == days.midnight(day.toordinal()), day


def test_a_grant_counts_for_rungs_not_yet_due() -> None:
    """A grant moves a rung that was not effective when it was given, and leaves one that was."""
    clock = ClockRule(rungs=(Rung(level="soon", days=2), Rung(level="late", days=9)))
    arithmetic = Arithmetic(Policy(name="two", clocks={"c": clock}))
    start, granted = micros("2025-03-03T09:30:00+08:00"), micros("2025-03-07T09:30:00+08:00")
    assert arithmetic.late("c", 0, counted(start, days=granted))[0] == micros("2025-03-06T00:00:00+08:00")
    assert arithmetic.late("c", 1, counted(start, days=granted))[0] == micros("2025-03-18T00:00:00+08:00")


def test_it_can_disagree() -> None:
    """It is no copy of the engine: an engine a day off is told apart."""
    clock = ClockRule(rungs=(Rung(level="late", days=5),))
    start = micros("2025-03-03T09:30:00+08:00")
    plain = Arithmetic(Policy(name="one", clocks={"c": clock})).late("c", 0, counted(start))[0]
    assert plain == breach(Span.of(5), start, [], office_days("Asia/Shanghai")).at_us
    assert plain != breach(Span.of(6), start, [], office_days("Asia/Shanghai")).at_us
