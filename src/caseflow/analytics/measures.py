"""The measures of boards: each defined once, as an Ibis expression over one analytic table.

A count counts rows, a rate those of its denominator that are also in its numerator, a quantile is the value
that stands at a rank, so that it is one of the values and every engine gives the same. Counts and rates are
exact; lengths are whole microseconds or days.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import ibis.expr.types as ir

Where = Callable[[Any], Any]
"""The rows that are meant, of a table of Ibis: an expression of yes, no or null, of which null is no."""


@attrs.frozen(kw_only=True)
class Measure:
    """A figure: its name, its table, and the column by whose day it falls into a period.

    What people call it, and what it means, is in the catalogue of texts under ``measures`` and ``meanings``.
    """

    name: str
    table: str
    day: str
    where: Where
    """The rows that are counted; of a rate those of its denominator."""
    only_counted: bool = True
    """Whether cases that the policy leaves out of boards are left out."""

    def rows(self, table: ir.Table) -> Any:
        """The rows that are meant, those that the policy leaves out apart."""
        return self.where(table) & table.counts if self.only_counted else self.where(table)


@attrs.frozen(kw_only=True)
class CountMeasure(Measure):
    """How many rows."""


@attrs.frozen(kw_only=True)
class RateMeasure(Measure):
    """How many of how many rows; ``of`` names the denominator, ``hit`` says which are in the numerator."""

    of: str
    hit: Where


@attrs.frozen(kw_only=True)
class QuantileMeasure(Measure):
    """The least value of a column that at least so many percent of the rows do not exceed.

    It is the value at rank ``ceil(n * percent / 100)`` of ``n`` in rising order, never one between two; of
    none, null.
    """

    column: str
    percent: int
    unit: str
    """``us`` for microseconds, ``days`` for whole days."""


def _first(t: Any) -> Any:
    return t.cycle == 1


def _replied(t: Any) -> Any:
    return t.replied_us.notnull()


def _real(t: Any) -> Any:
    return ~t.is_placeholder & t.stands


def _card(t: Any) -> Any:
    return t.is_breach & t.stands


def _count(name: str, table: str, day: str, where: Where, *, all_cases: bool = False) -> CountMeasure:
    return CountMeasure(name=name, table=table, day=day, where=where, only_counted=not all_cases)


def _quantile(name: str, column: str, percent: int) -> QuantileMeasure:
    return QuantileMeasure(
        name=name, table="cases", day="replied_day", column=column, percent=percent,
        where=lambda t: t[column].notnull(), unit="us" if column == "reply_us" else "days",
    )  # fmt: skip


def _rate(name: str, of: str, where: Where, hit: Where) -> RateMeasure:
    return RateMeasure(name=name, table="cases", day="submitted_day", of=of, where=where, hit=hit)


_LISTED: tuple[Measure, ...] = (
    _count("received", "cases", "submitted_day", _first),
    _count("replied", "cases", "replied_day", _replied),
    _count("on_time", "cases", "replied_day", lambda t: t.on_time),
    _count("completed", "cases", "completed_day", lambda t: t.completed_us.notnull()),
    _count("reopened", "cases", "begun_day", lambda t: t.cycle > 1),
    _count("withdrawn", "cases", "ended_day", lambda t: t.outcome == "withdrawn", all_cases=True),
    _count("rejected", "cases", "ended_day", lambda t: t.outcome == "rejected", all_cases=True),
    _count("merged", "cases", "ended_day", lambda t: t.outcome == "merged", all_cases=True),
    _count("public_replies", "replies", "day", _real),
    _count("placeholders", "replies", "day", lambda t: t.is_placeholder),
    _count("retracted", "replies", "day", lambda t: ~t.stands),
    _count("cards", "cards", "day", _card),
    _count("yellow_cards", "cards", "day", lambda t: _card(t) & (t.level == "yellow")),
    _count("red_cards", "cards", "day", lambda t: _card(t) & (t.level == "red")),
    _count("urging_notices", "cards", "day", lambda t: _card(t) & (t.level == "urge")),
    _count("annulled_cards", "cards", "day", lambda t: t.is_breach & ~t.stands),
    _count("returns", "returns", "day", lambda t: t.at_us.notnull()),
    _count("extensions_requested", "extensions", "day", lambda t: t.at_us.notnull()),
    _count("extensions_granted", "extensions", "answered_day", lambda t: t.outcome == "granted"),
    _count("rectifications", "rectifications", "day", lambda t: t.at_us.notnull()),
    _count("rectifications_verified", "rectifications", "verified_day", lambda t: t.verified_us.notnull()),
    _quantile("reply_time_median", "reply_us", 50),
    _quantile("reply_time_p90", "reply_us", 90),
    _quantile("reply_days_median", "reply_days", 50),
    _quantile("reply_days_p90", "reply_days", 90),
    _quantile("reply_working_days_median", "reply_working_days", 50),
    _quantile("reply_working_days_p90", "reply_working_days", 90),
    _rate("response_rate", "cases", lambda t: t.is_present, hit=_replied),
    _rate("on_time_rate", "cycles decided", lambda t: t.on_time.notnull(), hit=lambda t: t.on_time),
    _rate(
        "resolution_rate", "rated for resolution", lambda t: t.is_present & t.resolved.notnull(),
        hit=lambda t: t.resolved,
    ),
    _rate(
        "satisfaction_rate", "rated for satisfaction", lambda t: t.is_present & t.satisfied.notnull(),
        hit=lambda t: t.satisfied,
    ),
    _rate("rating_rate", "cycles with a reply", _replied, hit=lambda t: t.is_rated),
)  # fmt: skip
MEASURES = {one.name: one for one in _LISTED}
"""The measures by name, in the order in which tables show them."""
