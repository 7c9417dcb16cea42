"""The report as a page: one file without a script and without anybody else's server, for screens and A4."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

import attrs
import jinja2

from caseflow.core.time.instants import moment
from caseflow.desk import Desk
from caseflow.i18n import Lang, text
from caseflow.interchange.atomic_file import write_atomically
from caseflow.report import charts
from caseflow.report.figures import (
    BOARDS,
    LONGEST,
    VOLUMES,
    LevelTally,
    ReportFigures,
    last_day,
    report_figures,
)
from caseflow.views.board_rows import Board, Figure
from caseflow.views.rates import Growth, Rate

MOST_ROWS = 60
"""Rows of a board that the page shows; the command ``board`` has them all."""
MOST_UNITS = 20
"""Units of the picture of cards by month."""
SERIES = ("received", "replied", "completed")
SUMS = (
    "received", "replied", "response_rate", "on_time_rate", "reply_days_median", "reply_days_p90",
    "satisfaction_rate", "resolution_rate", "rating_rate", "cards", "annulled_cards", "returns",
    "reopened", "placeholders", "extensions_granted", "rectifications",
)  # fmt: skip
"""The figures at the head of the page."""


@attrs.frozen(kw_only=True)
class PageTable:
    """A table of the page: its caption, its heads, its rows; columns from `numbers` on are figures."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int = 1
    note: str = ""


@attrs.frozen(kw_only=True)
class Section:
    """A part of the page: a title, a sentence how to read it, a picture with its words, tables."""

    id: str
    title: str
    note: str = ""
    picture: str = ""
    alt: str = ""
    tables: tuple[PageTable, ...] = ()


def report_page(figures: ReportFigures, desk: Desk, *, lang: Lang = "zh", title: str = "") -> str:
    """The page.

    Args:
        desk: whose policies name levels and kinds for people.
        title: of the page; by default that of the desk's first policy.
    """
    words = _Words(desk, lang)
    style = files("caseflow.report").joinpath("report.css").read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        loader=jinja2.PackageLoader("caseflow.report", "."),
    )  # fmt: skip
    return environment.get_template("report.html.jinja").render(
        lang={"zh": "zh-CN"}.get(lang, lang),
        word=words.word,
        title=title or desk.rules.policy.labels.get(lang, desk.rules.policy.name),
        since=figures.period.since,
        last=last_day(figures.period),
        as_of=moment(figures.as_of_us, figures.zone).strftime("%Y-%m-%d %H:%M"),
        zone=figures.zone,
        sums=[
            (words.measure(name), words.figure(name, figures.totals.get(name)), words.meaning(name))
            for name in SUMS
        ],
        sections=list(_sections(figures, words)),
        style=style,
        style_hash=b64encode(sha256(style.encode()).digest()).decode(),
    )


def write_report(
    desk: Desk, tables: Any, path: str | Path, *, period: str, lang: Lang = "zh", least: int | None = None
) -> ReportFigures:
    """Write the report of a period into a file, whole or not at all; returns its figures.

    Args:
        tables: a backend of Ibis that holds the analytic tables of the desk's store.
        period: days of the office, such as ``2025`` or ``2025-03``; see `caseflow.views.board_rows`.

    Raises:
        BadInput: ``bad-period``; ``file-failed``: it cannot be written.
    """
    figures = report_figures(desk, tables, period=period, **({} if least is None else {"least": least}))
    page = report_page(figures, desk, lang=lang)
    write_atomically(Path(path), page.encode())
    return figures


class _Words:
    """What people read on the page, in one language."""

    def __init__(self, desk: Desk, lang: Lang) -> None:
        self.lang: Lang = lang
        self._policies = {name: rules.policy for name, rules in desk.policies.items()}

    def word(self, key: str, **values: Any) -> str:
        return text(f"report.{key}", self.lang, **values)

    def measure(self, name: str) -> str:
        return text(f"measures.{name}", self.lang)

    def meaning(self, name: str) -> str:
        return text(f"meanings.{name}", self.lang)

    def unit(self, name: str) -> str:
        return name or self.word("nobody")

    def kind(self, name: str) -> str:
        for policy in self._policies.values():
            if name in policy.kinds:
                return policy.kinds[name].labels.get(self.lang, name)
        return name or self.word("none-given")

    def rung(self, one: LevelTally) -> str:
        """What a rung is called, with its clock."""
        policy = self._policies.get(one.policy)
        clock = None if policy is None else policy.clocks.get(one.clock)
        if clock is None:
            return f"{one.clock} · {one.level}"
        level = next(
            (rung.labels.get(self.lang, one.level) for rung in clock.rungs if rung.level == one.level),
            one.level,
        )
        return f"{clock.labels.get(self.lang, one.clock)} · {level}"

    def rung_order(self, one: LevelTally) -> tuple[Any, ...]:
        """Policy by policy and clock by clock, as their files name them, up the ladder."""
        policy = self._policies.get(one.policy)
        clock = None if policy is None else policy.clocks.get(one.clock)
        if policy is None or clock is None:
            return one.policy, len(self._policies), one.clock, one.level
        levels = [rung.level for rung in clock.rungs]
        place = levels.index(one.level) if one.level in levels else len(levels)
        return one.policy, list(policy.clocks).index(one.clock), "", place

    def marks(self) -> tuple[int, ...]:
        """After how many natural days each breach of a clock that waits for a reply falls due."""
        rungs = (
            rung.days
            for policy in self._policies.values()
            for clock in policy.clocks.values()
            if "reply" in clock.stop and clock.counting == "natural"
            for rung in clock.rungs
            if rung.kind == "breach"
        )
        return tuple(sorted({days for days in rungs if isinstance(days, int) and days < LONGEST}))

    def figure(self, name: str, figure: Figure) -> str:
        match figure:
            case None:
                return "–"
            case Rate() if figure.value is None:
                return self.word("of-none")
            case Rate():
                return f"{float(figure.value or 0):.1%} ({figure.numerator:,} / {figure.denominator:,})"
            case Growth():
                return "–" if figure.percent is None else f"{float(figure.percent):+.1f} %"
            case _ if name.startswith("reply_time"):
                hours = figure // 3_600_000_000
                return self.word("hours", days=hours // 24, hours=hours % 24)
            case _:
                return f"{figure:,}"


def _sections(figures: ReportFigures, words: _Words) -> Iterator[Section]:
    parts: tuple[Callable[[ReportFigures, _Words], Section], ...] = (
        _volumes, _reply_times, _ladder, _boards, _funnel, _cards, _recurring, _rectifications, _governance,
    )  # fmt: skip
    for part in parts:
        yield part(figures, words)


def _section(name: str, words: _Words, **parts: Any) -> Section:
    title, note = words.word(f"{name}-title"), words.word(f"{name}-note")
    return Section(id=name, title=title, note=note, **parts)


def _volumes(figures: ReportFigures, words: _Words) -> Section:
    names = [words.measure(one) for one in VOLUMES]
    rows = [
        {"month": month, "series": words.measure(name), "count": counts[VOLUMES.index(name)]}
        for month, counts in figures.months.items()
        for name in SERIES
    ]
    sums = tuple(sum(counts) for counts in zip(*figures.months.values(), strict=True))
    table = PageTable(
        caption=words.word("volumes-table"),
        heads=(words.word("month"), *names),
        rows=tuple(
            (month, *(f"{count:,}" for count in counts))
            for month, counts in (*figures.months.items(), (words.word("sum"), sums))
        ),
    )
    chart = charts.lines(rows, x=words.word("month"), order=[words.measure(name) for name in SERIES])
    return _section(
        "volumes", words, picture=charts.data_uri(chart), alt=words.word("volumes-alt"), tables=(table,)
    )


def _reply_times(figures: ReportFigures, words: _Words) -> Section:
    whole = sum(figures.reply_days.values())
    counted, rows, so_far = list[dict[str, int]](), list[tuple[str, ...]](), 0
    for day in range(LONGEST + 1):
        count = figures.reply_days.get(day, 0)
        so_far += count
        counted.append({"at": day, "count": count})
        if count:
            name = str(day) if day < LONGEST else words.word("or-more", days=LONGEST)
            rows.append((name, f"{count:,}", f"{so_far / whole:.1%}"))
    names = ("reply_days_median", "reply_days_p90", "reply_working_days_median", "reply_working_days_p90")
    middle = PageTable(
        caption=words.word("reply-times-quantiles"),
        heads=(words.word("figure"), words.word("value")),
        rows=tuple((words.measure(name), words.figure(name, figures.totals.get(name))) for name in names),
    )
    table = PageTable(
        caption=words.word("reply-times-table"),
        heads=(words.word("days"), words.measure("replied"), words.word("so-far")),
        rows=tuple(rows),
    )
    chart = charts.bars(counted, x=words.word("days"), marks=words.marks())
    return _section(
        "reply-times", words, picture=charts.data_uri(chart), alt=words.word("reply-times-alt"),
        tables=(middle, table),
    )  # fmt: skip


def _ladder(figures: ReportFigures, words: _Words) -> Section:
    levels = sorted(figures.levels, key=words.rung_order)
    parts = (words.word("standing"), words.word("annulled"))
    rows = [
        {"rung": words.rung(one), "part": part, "count": count}
        for one in levels
        for part, count in zip(parts, (one.issued - one.annulled, one.annulled), strict=True)
    ]
    table = PageTable(
        caption=words.word("ladder-table"),
        heads=(words.word("rung"), words.word("sort"), words.word("issued"), *parts),
        rows=tuple(
            (
                words.rung(one), words.word("card" if one.is_breach else "reminder"),
                f"{one.issued:,}", f"{one.issued - one.annulled:,}", f"{one.annulled:,}",
            )
            for one in levels
        ),
        numbers=2,
    )  # fmt: skip
    if not levels:
        return _section("ladder", words, tables=(table,))
    order = list(dict.fromkeys(words.rung(one) for one in levels))
    chart = charts.ladder(rows, order=order, parts=parts)
    return _section(
        "ladder", words, picture=charts.data_uri(chart), alt=words.word("ladder-alt"), tables=(table,)
    )


def _boards(figures: ReportFigures, words: _Words) -> Section:
    return _section("boards", words, tables=tuple(_board(figures.boards[name], words) for name in BOARDS))


def _board(board: Board, words: _Words) -> PageTable:
    is_ranked = any(row.standing.rank is not None or row.standing.remark for row in board.rows)
    ranks = (words.word("rank"),) if is_ranked else ()
    rows = list[tuple[str, ...]]()
    for row in board.rows[:MOST_ROWS]:
        cells = [words.unit(row.key[0])]
        cells += [words.figure(name, one) for name, one in zip(board.measures, row.figures, strict=True)]
        if is_ranked:
            cells.append("" if row.standing.rank is None else str(row.standing.rank))
            cells.append(words.word(f"remark-{row.standing.remark}") if row.standing.remark else "")
        rows.append(tuple(cells))
    heads = (words.word("unit"), *map(words.measure, board.measures), *ranks)
    left = len(board.rows) - MOST_ROWS
    return PageTable(
        caption=text(f"boards.{board.name}", words.lang),
        heads=(*heads, words.word("remark")) if is_ranked else heads,
        rows=tuple(rows),
        note=words.word("left-out", count=left) if left > 0 else "",
    )


def _funnel(figures: ReportFigures, words: _Words) -> Section:
    board = figures.boards["on-time"]
    place = board.measures.index("on_time_rate")
    outside = [row for row in board.rows if row.standing.remark in ("below", "above")]
    table = PageTable(
        caption=words.word("funnel-table"),
        heads=(words.word("unit"), words.measure("on_time_rate"), words.word("limits"), words.word("remark")),
        rows=tuple(
            (
                words.unit(row.key[0]),
                words.figure("on_time_rate", row.figures[place]),
                "–".join(f"{one:,}" for one in row.standing.limits or ()),
                words.word(f"remark-{row.standing.remark}"),
            )
            for row in outside
        ),
    )
    if not any(row.standing.limits for row in board.rows):
        return _section("funnel", words, tables=(table,))
    chart = charts.funnel(board.rows, place, x=words.word("decided"), y=words.measure("on_time_rate"))
    return _section(
        "funnel", words, picture=charts.data_uri(chart), alt=words.word("funnel-alt"), tables=(table,)
    )


def _cards(figures: ReportFigures, words: _Words) -> Section:
    sums = {unit: sum(months.values()) for unit, months in figures.cards.items()}
    units = sorted(sums, key=lambda unit: (-sums[unit], unit))
    months = list(figures.months)
    shown = units[:MOST_UNITS]
    table = PageTable(
        caption=words.word("cards-table"),
        heads=(words.word("unit"), *months, words.word("sum")),
        rows=tuple(
            (
                words.unit(unit),
                *(_many(figures.cards[unit].get(month, 0)) for month in months),
                f"{sums[unit]:,}",
            )
            for unit in units[:MOST_ROWS]
        ),
        note=words.word("left-out", count=len(units) - MOST_ROWS) if len(units) > MOST_ROWS else "",
    )
    if not units:
        return _section("cards", words, tables=(table,))
    rows = [
        {"unit": words.unit(unit), "month": month, "count": figures.cards[unit].get(month, 0)}
        for unit in shown
        for month in months
    ]
    chart = charts.heat(rows, units=[words.unit(unit) for unit in shown])
    return _section(
        "cards", words, picture=charts.data_uri(chart), alt=words.word("cards-alt", count=len(shown)),
        tables=(table,),
    )  # fmt: skip


def _many(count: int) -> str:
    return f"{count:,}" if count else "·"


def _recurring(figures: ReportFigures, words: _Words) -> Section:
    search = figures.recurring
    table = PageTable(
        caption=words.word(
            "recurring-table", since=search.window.since, until=search.window.until,
            count=search.looked_at, level=f"{search.level:.0%}",
        ),
        heads=tuple(words.word(one) for one in ("kind", "region", "cases", "expected", "up-to")),
        rows=tuple(
            (
                words.kind(one.kind), one.place or words.word("none-given"), f"{one.count:,}",
                f"{one.expected:.1f}", f"{one.bound:,}",
            )
            for one in search.excesses[:MOST_ROWS]
        ),
        numbers=2,
    )  # fmt: skip
    return _section("recurring", words, tables=(table,))


def _rectifications(figures: ReportFigures, words: _Words) -> Section:
    table = PageTable(
        caption=words.word("rectifications-table"),
        heads=(
            words.word("unit"), words.measure("rectifications"), words.measure("rectifications_verified"),
        ),
        rows=tuple(
            (words.unit(unit), f"{linked:,}", f"{verified:,}")
            for unit, (linked, verified) in list(figures.rectifications.items())[:MOST_ROWS]
        ),
    )  # fmt: skip
    return _section("rectifications", words, tables=(table,))


def _governance(figures: ReportFigures, words: _Words) -> Section:
    tables = list[PageTable]()
    for name, measures in groupby(figures.governance.measures, key=lambda one: one.characteristic):
        tables.append(
            PageTable(
                caption=text(f"governance.{name}", words.lang),
                heads=(words.word("figure"), words.word("value")),
                rows=tuple((one.label(words.lang), one.figures(words.lang)) for one in measures),
                numbers=2,
                note=text(
                    "governance.beyond", words.lang, text=text(f"governance.beyond-{name}", words.lang)
                ),
            )
        )
    return _section("governance", words, tables=tuple(tables))
