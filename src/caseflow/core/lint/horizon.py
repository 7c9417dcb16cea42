"""Findings about calendars that end before a deadline can be told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from caseflow.core.clocks import ClockPlan
from caseflow.core.counting import Span, breach
from caseflow.core.instants import OfficeDays
from caseflow.core.lint.finding import Finding, finding
from caseflow.core.rules import Rules


def of_clock(rules: Rules, plan: ClockPlan, today: date) -> Iterator[Finding]:
    """Whether a clock that starts today has a last rung whose instant is certain."""
    calendar = plan.calendar
    if calendar is None or not plan.spans:
        return
    span, rung, day = plan.spans[-1], plan.rule.rungs[-1], today.toordinal()
    if _is_certain(span, day, rules.days):
        return
    latest = _latest_start(span, calendar.first.toordinal(), day, rules.days)
    yield finding(
        "horizon-too-near",
        f"calendars.{calendar.name}" if calendar.name in rules.policy.calendars
        else f"clocks.{plan.name}.calendar",
        clock=plan.name,
        level=rung.level,
        days=span.days,
        today=today,
        first=calendar.first,
        last=calendar.last,
        latest=date.fromordinal(latest) if latest is not None else "-",
    )  # fmt: skip


def _is_certain(span: Span, day: int, days: OfficeDays) -> bool:
    return breach(span, days.midnight(day), (), days).certain


def _latest_start(span: Span, first: int, before: int, days: OfficeDays) -> int | None:
    """The last start day before that one whose deadline is certain; certainty only ends once."""
    if first >= before or not _is_certain(span, first, days):
        return None
    low, high = first, before
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _is_certain(span, middle, days) else (low, middle)
    return low
