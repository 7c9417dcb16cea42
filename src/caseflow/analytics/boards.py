"""Boards over the analytic tables: measures grouped by unit, region or month, ranked where they are ranks.

The same expressions run on DuckDB, PostgreSQL and Spark: any backend of Ibis that holds the tables by their
names. Only days and whole numbers are compared, and no engine is asked for a time zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import attrs
import ibis

from caseflow.analytics.measures import (
    MEASURES,
    CountMeasure,
    Measure,
    QuantileMeasure,
    RateMeasure,
    Table,
)
from caseflow.analytics.ranks import LEAST, ranked
from caseflow.analytics.table_schemas import TABLES
from caseflow.core.units import UnitRegister
from caseflow.core.value import Value
from caseflow.errors import BadInput
from caseflow.offices.office_register import Level, OfficeRegister
from caseflow.views.board_rows import Board, BoardPeriod, BoardRow, Figure
from caseflow.views.rates import Growth, Rate

Key = tuple[str, ...]
_PERIODS = ("month", "quarter", "year")
_PLACES = ("level", "province")
BY = ("unit", "kind", "channel", "region", "policy", *_PLACES, *_PERIODS)
"""What there may be a row each of."""


@attrs.frozen(kw_only=True)
class BoardKind:
    """A board that has a name.

    Attributes:
        measures: what it shows.
        ranks: the measure by which its rows are ranked; none for no ranks.
        best: whether the best come first, ranked by the bound below; else the worst, by that above.
        grows: whether each count is shown as a growth over the same days of the year before.
    """

    measures: tuple[str, ...]
    ranks: str = ""
    best: bool = True
    grows: bool = False


BOARDS: dict[str, BoardKind] = {
    "overview": BoardKind(measures=tuple(MEASURES)),
    "satisfied": BoardKind(
        ranks="satisfaction_rate",
        measures=("satisfaction_rate", "resolution_rate", "rating_rate", "replied"),
    ),
    "unsatisfied": BoardKind(
        ranks="satisfaction_rate", best=False,
        measures=("satisfaction_rate", "resolution_rate", "rating_rate", "replied"),
    ),
    "on-time": BoardKind(
        ranks="on_time_rate",
        measures=("on_time_rate", "response_rate", "received", "cards"),
    ),
    "speed": BoardKind(
        ranks="reply_time_median",
        measures=(
            "replied", "reply_time_median", "reply_time_p90", "reply_days_median", "reply_days_p90",
            "reply_working_days_median", "reply_working_days_p90",
        ),
    ),
    "faults": BoardKind(

        measures=("cards", "yellow_cards", "red_cards", "urging_notices", "annulled_cards", "returns"),
    ),
    "growth": BoardKind(
        grows=True,
        measures=("received", "replied", "completed", "reopened", "cards"),
    ),
}  # fmt: skip
"""The boards by name."""


class Places(Value):
    """Unit -> its level and its province, as a register knows them; both empty for others."""

    of: dict[str, tuple[str, str]]

    @classmethod
    def of_units(cls, units: UnitRegister) -> Places:
        """The places of a register of offices, or of units, whose first of three levels is the province's."""
        names = tuple(Level)
        places: dict[str, tuple[str, str]] = {}
        if isinstance(units, OfficeRegister):
            for office in units.offices():
                level = units.level(office.name)
                places[office.name] = (level or "", units.province(office.jurisdiction))
            return cls(places)
        for name in units.names():
            chain = [name]
            unit = units.unit(name)
            while unit is not None and unit.parent and len(chain) < len(names):
                chain.append(unit.parent)
                unit = units.unit(unit.parent)
            places[name] = (names[len(chain) - 1], chain[-1])
        return cls(places)


def board(
    backend: Any,
    name: str,
    *,
    period: BoardPeriod | str,
    by: Sequence[str] = ("unit",),
    places: Places | None = None,
    least: int = LEAST,
) -> Board:
    """A board of a period.

    Args:
        backend: of Ibis, with the tables under their names.
        name: one of `BOARDS`.
        period: days of the office; see `BoardPeriod.of`. A measure falls into it by the day that it names.
        by: of what there is a row each, of `BY`; ``level`` and ``province`` need `places`.
        least: the smallest denominator, or count of replies, with which a row is ranked.

    Raises:
        BadInput: ``bad-option``: there is no such board, or no such ``by``; ``bad-period``.
    """
    return boards(backend, (name,), period=period, by=by, places=places, least=least)[name]


def boards(
    backend: Any,
    names: Iterable[str] = tuple(BOARDS),
    *,
    period: BoardPeriod | str,
    by: Sequence[str] = ("unit",),
    places: Places | None = None,
    least: int = LEAST,
) -> dict[str, Board]:
    """Several boards of a period, by name: a measure that more than one shows is asked for once.

    Arguments and errors are those of `board`.
    """
    kinds = {name: _kind(name) for name in names}
    wrong = [word for word in by if word not in BY or (word in _PLACES and places is None)]
    if wrong:
        raise BadInput("bad-option", what="by", found=f"{wrong[0]}; {', '.join(BY)}")
    days = BoardPeriod.of(period) if isinstance(period, str) else period
    shown = dict.fromkeys(one for kind in kinds.values() for one in kind.measures)
    figures = figures_of(backend, [MEASURES[one] for one in shown], days, by=by, places=places)
    grown = dict.fromkeys(one for kind in kinds.values() if kind.grows for one in kind.measures)
    before = figures_of(
        backend, [MEASURES[one] for one in grown], days.year_before(), by=by, places=places
    ) if grown else {}  # fmt: skip
    result: dict[str, Board] = {}
    for name, kind in kinds.items():
        rows = _growths(figures, before, kind) if kind.grows else _rows(figures, kind)
        one = Board(
            name, tuple(by), since=days.since, until=days.until, measures=kind.measures, least=least,
            rows=tuple(BoardRow(key, row) for key, row in sorted(rows.items())),
        )  # fmt: skip
        result[name] = ranked(one, kind.ranks, best=kind.best) if kind.ranks else one
    return result


def _kind(name: str) -> BoardKind:
    kind = BOARDS.get(name)
    if kind is None:
        raise BadInput("bad-option", what="board", found=f"{name}; {', '.join(BOARDS)}")
    return kind


def figures_of(
    backend: Any,
    measures: Iterable[Measure],
    period: BoardPeriod,
    *,
    by: Sequence[str] = (),
    places: Places | None = None,
) -> dict[Key, dict[str, Figure]]:
    """Key -> measure -> its figure; zero, a rate of nothing, or none where the measure has no row of the key.

    Keys of which no measure says anything are left out.
    """
    figures: dict[Key, dict[str, Figure]] = {}
    nothing: dict[str, Figure] = {}
    for expression, group in expressions(measures, period, by=by, places=places):
        nothing |= {one.name: _of_nothing(one) for one in group}
        for row in backend.to_pyarrow(expression).to_pylist():
            key = tuple(_word(word, row[word]) for word in by)
            figures.setdefault(key, {}).update((one.name, _read(one, row)) for one in group)
    return {
        key: nothing | row
        for key, row in figures.items()
        if any(_says_something(one) for one in row.values())
    }


def expressions(
    measures: Iterable[Measure],
    period: BoardPeriod,
    *,
    by: Sequence[str] = (),
    places: Places | None = None,
) -> Iterator[tuple[Table, tuple[Measure, ...]]]:
    """The expressions of measures, those that one pass over a table can count in one; and what each gives.

    They are bound to no backend: any that has the tables can be asked for them. A rate has the columns
    ``NAME`` and ``NAME_of``, numerator and denominator.
    """
    groups: dict[tuple[str, str, bool], list[Measure]] = {}
    by_day = bool({*by} & {*_PERIODS})
    for one in measures:
        is_quantile = isinstance(one, QuantileMeasure)
        day = one.day if is_quantile or by_day else ""
        groups.setdefault((one.table, day, is_quantile), []).append(one)
    known = None if places is None else _places_table(places)
    for (name, day, is_quantile), group in groups.items():
        table = _with_keys(table_of(name), day, by, known)
        if is_quantile:
            yield _quantiles(table, group, by, period=period), tuple(group)
        else:
            yield _grouped(table, by, dict(_aggregates(table, group, period))), tuple(group)


@cache
def table_of(name: str) -> Table:
    """An analytic table that is bound to no backend."""
    return ibis.table(ibis.Schema.from_pyarrow(TABLES[name].schema), name=name)


def _within(table: Table, day: str, period: BoardPeriod) -> Any:
    return (table[day] >= period.since) & (table[day] < period.until)


def _aggregates(table: Table, group: Iterable[Measure], period: BoardPeriod) -> Iterator[tuple[str, Any]]:
    for one in group:
        base = one.rows(table) & _within(table, one.day, period)
        if isinstance(one, RateMeasure):
            yield one.name, _count_of(table, base & one.hit(table))
            yield f"{one.name}_of", _count_of(table, base)
        else:
            yield one.name, _count_of(table, base)


def _count_of(table: Table, where: Any) -> Any:
    """How many rows are meant; null is no: Spark counts by a sum, and a sum of nulls is null."""
    return table.count(where=where.fill_null(False))


def _quantiles(rows: Table, group: Sequence[Measure], by: Sequence[str], *, period: BoardPeriod) -> Table:
    """The values at the ranks, all over whole numbers: the first of which enough rows are no greater."""
    measures = [one for one in group if isinstance(one, QuantileMeasure)]
    rows = rows.filter(_within(rows, measures[0].day, period) & rows.counts)
    ranks: dict[str, Any] = {}
    for column in {one.column: None for one in measures}:
        known = rows[column].notnull()
        window = ibis.window(group_by=list(by), order_by=[~known, rows[column]])
        ranks[f"{column}_rank"] = ibis.row_number().over(window) + 1
        ranks[f"{column}_rows"] = rows[column].count().over(ibis.window(group_by=list(by)))
    rows, figures = rows.mutate(**ranks), dict[str, Any]()
    for one in measures:
        rank, share = rows[f"{one.column}_rank"], rows[f"{one.column}_rows"] * one.percent
        figures[one.name] = rows[one.column].min(where=(rank * 100 >= share) & ((rank - 1) * 100 < share))
    return _grouped(rows, by, figures)


def _grouped(table: Table, by: Sequence[str], figures: Mapping[str, Any]) -> Table:
    """A row for each key; without any word one of all."""
    return (table.group_by(list(by)) if by else table).aggregate(**figures)


def _with_keys(rows: Table, day: str, by: Sequence[str], places: Table | None) -> Table:
    """The rows with a column for each word of ``by`` that they do not have themselves."""
    if places is not None and set(by) & {*_PLACES}:
        rows = rows.left_join(places, rows.unit == places.place_unit)
    if "month" in by:
        rows = rows.mutate(month=_year(rows[day]) * 100 + rows[day].month().cast("int64"))
    if "quarter" in by:
        rows = rows.mutate(quarter=_year(rows[day]) * 10 + rows[day].quarter().cast("int64"))
    if "year" in by:
        rows = rows.mutate(year=_year(rows[day]))
    return rows


def _year(day: Any) -> Any:
    return day.year().cast("int64")


def _places_table(places: Places) -> Table:
    columns: Mapping[str, list[str]] = {
        "place_unit": list(places.of),
        "level": [level for level, _ in places.of.values()],
        "province": [province for _, province in places.of.values()],
    }
    return ibis.memtable(columns, schema=ibis.schema(dict.fromkeys(columns, "string")))


def _word(name: str, value: Any) -> str:
    """What a key says: a month as ``2025-03``, a quarter as ``2025-Q1``."""
    if value is None:
        return ""
    if name == "month":
        return f"{value // 100:04}-{value % 100:02}"
    return f"{value // 10:04}-Q{value % 10}" if name == "quarter" else str(value)


def _read(measure: Measure, row: Mapping[str, Any]) -> Figure:
    if isinstance(measure, RateMeasure):
        return Rate(row[measure.name], row[f"{measure.name}_of"], of=measure.of)
    figure: int | None = row[measure.name]
    return figure


def _says_something(figure: Figure) -> bool:
    return figure.denominator > 0 if isinstance(figure, Rate) else bool(figure)


def _of_nothing(measure: Measure) -> Figure:
    if isinstance(measure, CountMeasure):
        return 0
    return Rate(0, 0, of=measure.of) if isinstance(measure, RateMeasure) else None


def _rows(figures: Mapping[Key, Mapping[str, Figure]], kind: BoardKind) -> dict[Key, tuple[Figure, ...]]:
    """The figures that a board shows, of the keys of which they say anything."""
    rows = {key: tuple(row[name] for name in kind.measures) for key, row in figures.items()}
    return {key: row for key, row in rows.items() if any(map(_says_something, row))}


def _growths(
    now: Mapping[Key, Mapping[str, Figure]], before: Mapping[Key, Mapping[str, Figure]], kind: BoardKind
) -> dict[Key, tuple[Figure, ...]]:
    rows, former = _rows(now, kind), _rows(before, kind)
    none = (0,) * len(kind.measures)
    return {
        key: tuple(
            Growth(_count(one), _count(other))
            for one, other in zip(rows.get(key, none), former.get(key, none), strict=True)
        )
        for key in {*rows, *former}
    }


def _count(figure: Figure) -> int:
    return figure if isinstance(figure, int) else 0
