"""Measures drawn as SVG: two bars for each measure, and the difference with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import attrs

from caseflow.simulation.compare import Measured

ROW, TOP, BARS, GAP = 40, 92, 300, 24
ONE, OTHER, INK, QUIET, LINE = "#5b7fa6", "#d08a3e", "#1d2733", "#5c6773", "#d5dbe1"
FONT = "'Noto Sans CJK SC','Noto Sans SC','Microsoft YaHei','PingFang SC',sans-serif"


@attrs.frozen(kw_only=True)
class ChartText:
    """What the drawing says, in the reader's language.

    Attributes:
        title, subtitle: above it; one, other: the two scenarios.
        difference: the head of the last column, interval included.
        names: the label of each measure by key; a measure without one is not drawn.
        numbers: each measure's number as text: ``one``, ``other`` and the difference with its interval.
    """

    title: str
    subtitle: str
    one: str
    other: str
    difference: str
    names: dict[str, str]
    numbers: dict[str, tuple[str, str, str]]


def drawn(measures: Sequence[Measured], texts: ChartText) -> str:
    """The drawing, for a white page; bars of a row share a scale, rows do not."""
    rows = [item for item in measures if item.key in texts.names]
    labels = max([_width(texts.names[item.key]) for item in rows] + [120]) + 24
    numbers = max([_width(text) for item in rows for text in texts.numbers[item.key][:2]] + [40]) + GAP
    last = max(_width(text) for text in [texts.difference, *(texts.numbers[item.key][2] for item in rows)])
    compares = any(item.other is not None for item in rows)
    spread = 200 if compares else 0
    axis = labels + BARS + numbers + spread / 2
    wide = labels + BARS + numbers + spread + (GAP if spread else 0) + last + GAP
    tall = TOP + ROW * len(rows) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {tall}" width="{wide:.0f}" '
        f'height="{tall}" font-family="{FONT}" font-size="13" fill="{INK}">',
        f'<rect width="{wide:.0f}" height="{tall}" fill="#fff"/>',
        _text(16, 28, texts.title, size=17, weight="bold"),
        _text(16, 50, texts.subtitle, fill=QUIET),
        *_legend(texts, labels, compares=compares),
        _text(
            axis + spread / 2 + GAP if spread else labels + BARS + numbers, 76, texts.difference, fill=QUIET
        ),
    ]
    for place, item in enumerate(rows):
        y = TOP + ROW * place
        parts.append(f'<path d="M16 {y}H{wide - 16:.0f}" stroke="{LINE}"/>')
        parts.append(_text(16, y + 25, texts.names[item.key]))
        parts += _bars(item, texts.numbers[item.key], labels, y)
        if compares:
            parts += _difference(item, axis, y)
        at = axis + spread / 2 + GAP if spread else labels + BARS + numbers
        parts.append(_text(at, y + 25, texts.numbers[item.key][2]))
    return "\n".join([*parts, "</svg>\n"])


def _legend(texts: ChartText, x: float, *, compares: bool) -> list[str]:
    parts = [f'<rect x="{x}" y="66" width="11" height="11" fill="{ONE}"/>', _text(x + 17, 76, texts.one)]
    if compares:
        then = x + 17 + _width(texts.one) + GAP
        parts += [f'<rect x="{then}" y="66" width="11" height="11" fill="{OTHER}"/>']
        parts += [_text(then + 17, 76, texts.other)]
    return parts


def _bars(item: Measured, numbers: tuple[str, str, str], x: float, y: float) -> list[str]:
    most = max(item.one, item.other or 0.0) or 1.0
    parts: list[str] = []
    pairs = [(item.one, ONE, numbers[0])]
    if item.other is not None:
        pairs.append((item.other, OTHER, numbers[1]))
    height = 13 if len(pairs) == 2 else 18
    for place, (value, colour, text) in enumerate(pairs):
        top = y + (6 + place * 15 if len(pairs) == 2 else 11)
        length = max(value / most * BARS, 1)
        parts.append(f'<rect x="{x}" y="{top}" width="{length:.1f}" height="{height}" fill="{colour}"/>')
        parts.append(_text(x + length + 6, top + height / 2 + 4, text, size=12))
    return parts


def _difference(item: Measured, axis: float, y: float) -> list[str]:
    """A dot for the difference and a line for its interval, about a line at no difference."""
    middle = y + ROW / 2
    parts = [f'<path d="M{axis:.0f} {y + 6}V{y + ROW - 6}" stroke="{QUIET}" stroke-dasharray="2 3"/>']
    difference = item.difference
    if difference is None:
        return parts
    low = difference if item.low is None else item.low
    high = difference if item.high is None else item.high
    # A difference too small to speak of must not fill the row: the scale reaches a fiftieth of the measure.
    most = max(abs(low), abs(high), abs(difference), item.one / 50) or 1.0
    at, left, right = (axis + value / most * 84 for value in (difference, low, high))
    parts.append(f'<path d="M{left:.1f} {middle}H{right:.1f}" stroke="{INK}" stroke-width="2"/>')
    parts.append(f'<circle cx="{at:.1f}" cy="{middle}" r="4" fill="{INK}"/>')
    return parts


def _text(x: float, y: float, text: str, *, size: int = 13, weight: str = "normal", fill: str = INK) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" fill="{fill}">'
        f"{escape(text)}</text>"
    )


def _width(text: str) -> float:
    """About how wide the text is drawn at 13 pixels: Chinese characters are square."""
    return sum(13.0 if ord(character) > 0x2E7F else 7.4 for character in text)
