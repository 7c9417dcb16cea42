"""What ``caseflow simulate`` prints: measures in words and numbers, in columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from caseflow.cli.words import Lang, word

if TYPE_CHECKING:  # needs the extra `sim`, which only `simulate` needs
    from caseflow.simulation.comparing import Measured
    from caseflow.simulation.scenario import Scenario

_SHARES = ("on_time", "busy")
_COUNTS = ("cases", "cards", "unanswered")


def labels(one: Scenario, found: Sequence[Measured], lang: Lang) -> dict[str, str]:
    """What each measure is called, by key; a card's level as its policy calls it."""
    rules = one.rules
    several = rules is not None and len(rules.clocks) > 1
    made = {}
    for item in found:
        kind, _, name = item.key.partition(".")
        if kind == "cards" and rules is not None:
            clock, _, level = name.partition(".")
            rung = next(rung for rung in rules.clocks[clock].rungs if rung.level == level)
            text = rung.labels.get(lang, level)
            made[item.key] = f"{rules.clocks[clock].labels.get(lang, clock)}: {text}" if several else text
        elif kind == "reply":
            made[item.key] = word("reply quantile", lang).format(name.removeprefix("p"))
        elif kind == "busy" and name:
            made[item.key] = word("busy unit", lang).format(name)
        else:
            made[item.key] = word(f"simulated {kind}", lang)
    return made


def texts(item: Measured, lang: Lang) -> tuple[str, str, str]:
    """The number, the other number, and the difference (or the mean's place) with its interval."""
    other = "" if item.other is None else _number(item.key, item.other)
    middle = "" if item.difference is None else _signed(item.key, item.difference)
    if item.low is None or item.high is None:
        return _number(item.key, item.one), other, middle
    write = _number if item.other is None else _signed
    span = word("from to", lang).format(write(item.key, item.low), write(item.key, item.high))
    return _number(item.key, item.one), other, f"{middle} ({span})" if middle else span


def _number(key: str, value: float) -> str:
    kind = key.partition(".")[0]
    if kind in _SHARES:
        return f"{value:.1%}"
    if kind in _COUNTS:
        return f"{value:.0f}" if value == round(value) else f"{value:.1f}"
    return f"{value:.2f}"


def _signed(key: str, value: float) -> str:
    kind = key.partition(".")[0]
    if kind in _SHARES:
        return f"{value * 100:+.1f}"
    return f"{value:+.1f}" if kind in _COUNTS else f"{value:+.2f}"


def table_lines(
    found: Sequence[Measured], names: tuple[str, str], known: dict[str, str], lang: Lang
) -> Iterator[str]:
    """The lines of the table."""
    has_interval = any(item.low is not None for item in found)
    heads = ["", word("as it is", lang) if names[1] else names[0]]
    if names[1]:
        heads += [word("so", lang), word("difference", lang)]
    elif has_interval:
        heads.append(word("interval", lang))
    rows = [heads]
    for item in found:
        one, other, last = texts(item, lang)
        cells = [known[item.key], one]
        if names[1]:
            cells += [other, last]
        elif has_interval:
            cells.append(last)
        rows.append(cells)
    widths = [max(_width(row[column]) for row in rows) for column in range(len(heads))]
    for row in rows:
        first = row[0] + " " * (widths[0] - _width(row[0]))
        rest = [" " * (width - _width(cell)) + cell for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join([first, *rest]).rstrip()
    if names[1]:
        yield word("so is", lang).format(names[1])


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
