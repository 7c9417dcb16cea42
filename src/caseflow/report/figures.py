"""What a report says: every figure of it, asked of the analytic tables and of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from caseflow.analytics.boards import boards, figures_of
from caseflow.analytics.excess import Search, excesses
from caseflow.analytics.measures import MEASURES
from caseflow.analytics.occurrences import Occurrence
from caseflow.analytics.ranks import LEAST
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.oversight.governance import GovernanceReport, governance_report
from caseflow.views.board_rows import Board, BoardPeriod, Figure

BOARDS = ("satisfied", "unsatisfied", "on-time", "speed", "faults")
"""The boards of a report, in its order."""
VOLUMES = ("received", "replied", "completed", "reopened", "withdrawn", "rejected", "merged")
LONGEST = 45
"""Days from which on reply times are one bar."""
WINDOW = 28
"""Days of the window in which recurring problems are looked for: whole weeks, the last of the period."""


class LevelTally(Value):
    """How many of one rung of one clock were issued in the period, and how many of them do not stand."""

    policy: str
    clock: str
    level: str
    is_breach: bool
    issued: int
    annulled: int


class ReportFigures(Value):
    """All that a report says.

    Attributes:
        period: the office's days that it is of.
        zone: whose days they are.
        as_of_us: when it was drawn, epoch microseconds.
        totals: measure -> its figure over the whole period.
        months: month (``2025-03``) -> the figures of `VOLUMES`, every month of the period.
        reply_days: natural days from the begin to the reply -> replies; `LONGEST` holds what is longer.
        levels: reminders and cards of each rung, by the names of policy, clock and level.
        boards: name -> board by unit.
        cards: unit -> month -> standing cards against it.
        recurring: what exceeds its own past in the last `WINDOW` days of the period.
        rectifications: unit -> linked in the period, and of them verified.
        governance: the eight characteristics.
    """

    period: BoardPeriod
    zone: str
    as_of_us: int
    totals: dict[str, Figure]
    months: dict[str, tuple[int, ...]]
    reply_days: dict[int, int]
    levels: tuple[LevelTally, ...]
    boards: dict[str, Board]
    cards: dict[str, dict[str, int]]
    recurring: Search
    rectifications: dict[str, tuple[int, int]]
    governance: GovernanceReport


def report_figures(
    desk: Desk, tables: Any, *, period: BoardPeriod | str, least: int = LEAST
) -> ReportFigures:
    """Ask for every figure of a period.

    Args:
        desk: whose cases they are; its clock says as of when, its first policy whose days.
        tables: a backend of Ibis that holds the analytic tables of the same store under their names.
        period: days of the office; see `BoardPeriod.of`.
        least: the smallest denominator with which a unit is ranked.

    Raises:
        BadInput: ``bad-period``.
    """
    days = BoardPeriod.of(period) if isinstance(period, str) else period
    zone = desk.rules.policy.timezone
    return ReportFigures(
        period=days,
        zone=zone,
        as_of_us=desk.clock.now_us(),
        totals=figures_of(tables, MEASURES.values(), days).get((), {}),
        months=_months(tables, days),
        reply_days=_reply_days(tables, days),
        levels=_levels(tables, days),
        boards=boards(tables, BOARDS, period=days, least=least),
        cards=_cards(tables, days),
        recurring=_recurring(tables, days, zone),
        rectifications=_rectifications(tables, days),
        governance=governance_report(desk, since=days.since, until=days.until),
    )


def month_names(period: BoardPeriod) -> tuple[str, ...]:
    """The months that the period touches, as ``2025-03``."""
    first = period.since.year * 12 + period.since.month - 1
    last = period.until - timedelta(days=1)
    end = last.year * 12 + last.month
    return tuple(f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, end))


def _months(tables: Any, period: BoardPeriod) -> dict[str, tuple[int, ...]]:
    known = figures_of(tables, [MEASURES[name] for name in VOLUMES], period, by=("month",))
    return {
        month: tuple(_count(known.get((month,), {}).get(name)) for name in VOLUMES)
        for month in month_names(period)
    }


def _count(figure: Figure) -> int:
    return figure if isinstance(figure, int) else 0


def _within(day: Any, period: BoardPeriod) -> Any:
    return (day >= period.since) & (day < period.until)


def _rows(tables: Any, expression: Any, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """The rows of an expression, in rising order of their columns."""
    rows = tables.to_pyarrow(expression).to_pylist()
    return sorted(tuple(row[name] for name in columns) for row in rows)


def _reply_days(tables: Any, period: BoardPeriod) -> dict[int, int]:
    cases = tables.table("cases")
    replied = cases.filter(cases.counts & cases.reply_days.notnull() & _within(cases.replied_day, period))
    by_days = replied.group_by(days=replied.reply_days.clip(upper=LONGEST))
    lengths = by_days.aggregate(count=replied.count())
    return dict(_rows(tables, lengths, ("days", "count")))


def _levels(tables: Any, period: BoardPeriod) -> tuple[LevelTally, ...]:
    cards = tables.table("cards")
    shown = cards.filter(cards.counts & _within(cards.day, period))
    names = ("policy", "clock", "level", "is_breach")
    counted = shown.group_by(list(names)).aggregate(
        issued=shown.count(), annulled=shown.count(where=~shown.stands)
    )
    return tuple(LevelTally(*row) for row in _rows(tables, counted, (*names, "issued", "annulled")))


def _cards(tables: Any, period: BoardPeriod) -> dict[str, dict[str, int]]:
    known = figures_of(tables, [MEASURES["cards"]], period, by=("unit", "month"))
    result: dict[str, dict[str, int]] = {}
    for (unit, month), figures in sorted(known.items()):
        result.setdefault(unit, {})[month] = _count(figures["cards"])
    return result


def _recurring(tables: Any, period: BoardPeriod, zone: str) -> Search:
    cases = tables.table("cases")
    first = cases.filter(cases.counts & (cases.cycle == 1) & (cases.submitted_day < period.until))
    names = ("case_id", "kind", "region", "submitted_us")
    columns = tables.to_pyarrow(first.select(*names)).to_pydict()
    rows = zip(*(columns[name] for name in names), strict=True)
    return excesses((Occurrence(*row) for row in rows), until=period.until, days=WINDOW, zone=zone)


def _rectifications(tables: Any, period: BoardPeriod) -> dict[str, tuple[int, int]]:
    linked = tables.table("rectifications")
    shown = linked.filter(linked.counts & _within(linked.day, period))
    counted = shown.group_by("unit").aggregate(
        linked=shown.count(), verified=shown.count(where=shown.verified_us.notnull())
    )
    rows = _rows(tables, counted, ("unit", "linked", "verified"))
    return {unit: (many, verified) for unit, many, verified in rows}


def last_day(period: BoardPeriod) -> date:
    """The last day of the period."""
    return period.until - timedelta(days=1)
