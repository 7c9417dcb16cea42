"""The charts of a report: drawn by Altair, turned into SVG here, so that the page needs no script."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert

from caseflow.analytics.ranks import funnel_limits
from caseflow.views.board_rows import BoardRow
from caseflow.views.rates import Rate

WIDTH, HEIGHT = 760, 280
COLOURS = ("#1d4f91", "#b4570a", "#3f7d3a", "#7a4b94")
"""Blue, orange, green, violet: apart in print without colour too, by their lightness."""
QUIET, BAD = "#5b6672", "#a61c1c"
STEPS = 60
"""Points of each limit of a funnel."""
FONT = "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, WenQuanYi Zen Hei, sans-serif"
Rows = Iterable[Mapping[str, Any]]


def data_uri(chart: alt.TopLevelMixin) -> str:
    """The chart as the address of a picture, which holds it whole."""
    svg = vl_convert.vegalite_to_svg(chart.to_dict())
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()


def lines(rows: Rows, *, x: str, order: Sequence[str]) -> alt.TopLevelMixin:
    """A line for each series over the months: rows of ``month``, ``series``, ``count``."""
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("month:O", title=x, axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("count:Q", title=None),
        color=_series(order),
        strokeDash=alt.StrokeDash("series:N", sort=list(order), legend=None),
    )
    return _styled(base.mark_line(point=True))


def bars(rows: Rows, *, x: str, marks: Sequence[int] = ()) -> alt.TopLevelMixin:
    """A bar for each whole number, and a rule at each mark: rows of ``at``, ``count``."""
    shown = alt.Chart(_data(rows)).mark_bar(color=COLOURS[0]).encode(
        x=alt.X("at:Q", title=x, axis=alt.Axis(tickMinStep=1)), y=alt.Y("count:Q", title=None)
    )  # fmt: skip
    rules = alt.Chart(_data({"at": one} for one in marks)).mark_rule(color=BAD, strokeDash=[4, 3], size=2)
    return _styled(shown + rules.encode(x="at:Q"))


def ladder(rows: Rows, *, order: Sequence[str], parts: Sequence[str]) -> alt.TopLevelMixin:
    """A bar for each rung, in parts: rows of ``rung``, ``part``, ``count``."""
    shown = alt.Chart(_data(rows)).mark_bar().encode(
        y=alt.Y("rung:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=220)),
        x=alt.X("count:Q", title=None),
        color=alt.Color(
            "part:N", sort=list(parts), title=None, legend=alt.Legend(orient="bottom"),
            scale=alt.Scale(domain=list(parts), range=[COLOURS[1], "#c9ced4"]),
        ),
    )  # fmt: skip
    return _styled(shown, height=max(28 * len(order), 60))


def funnel(rows: Sequence[BoardRow], place: int, *, x: str, y: str) -> alt.TopLevelMixin:
    """A point for each unit that is ranked, within the limits of chance around the rate of all.

    Args:
        place: of the rate among the figures of a row.
    """
    rates = [(row, row.figures[place]) for row in rows if row.standing.limits is not None]
    known = [(row, rate) for row, rate in rates if isinstance(rate, Rate) and rate.denominator]
    whole = Rate(sum(rate.numerator for _, rate in known), sum(rate.denominator for _, rate in known), of="")
    most = max((rate.denominator for _, rate in known), default=1)
    curve = [point for n in _spread(most) for point in _limits(n, whole)]
    points = [
        {
            "n": rate.denominator,
            "share": rate.numerator / rate.denominator,
            "outside": row.standing.remark if row.standing.remark in ("below", "above") else "within",
            "name": row.key[0] if row.standing.remark in ("below", "above") else "",
        }
        for row, rate in known
    ]
    at = alt.X("n:Q", title=x, scale=alt.Scale(domain=[0, most * 1.08], nice=False))
    share = alt.Y("share:Q", title=y, axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1]))
    limits = alt.Chart(_data(curve)).mark_line(color=QUIET, strokeDash=[5, 4]).encode(
        x=at, y=share, detail="limit:N", order="n:Q"
    )  # fmt: skip
    middle = alt.Chart(_data([{"share": whole.numerator / (whole.denominator or 1)}]))
    middle = middle.mark_rule(color=QUIET).encode(y="share:Q")
    base = alt.Chart(_data(points)).encode(x=at, y=share)
    colours = alt.Scale(domain=["within", "below", "above"], range=[COLOURS[0], BAD, COLOURS[2]])
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(
        color=alt.Color("outside:N", legend=None, scale=colours), shape=alt.Shape("outside:N", legend=None)
    )
    names = base.mark_text(align="left", dx=7, dy=-5, fontSize=11).encode(text="name:N")
    return _styled(limits + middle + dots + names, height=340)


def _spread(most: int) -> Iterable[int]:
    """Denominators from 1 to the greatest, closer together where the limits bend."""
    return dict.fromkeys(max(round(most * (step / STEPS) ** 2), 1) for step in range(1, STEPS + 1))


def _limits(n: int, whole: Rate) -> Iterable[dict[str, Any]]:
    low, high = funnel_limits(Rate(0, n, of=""), whole)
    yield {"n": n, "share": low / n, "limit": "low"}
    yield {"n": n, "share": high / n, "limit": "high"}


def heat(rows: Rows, *, units: Sequence[str]) -> alt.TopLevelMixin:
    """A cell for each unit and month, darker the more cards: rows of ``unit``, ``month``, ``count``."""
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("month:O", title=None, axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("unit:N", sort=list(units), title=None, axis=alt.Axis(labelLimit=200)),
    )
    cells = base.mark_rect().encode(color=alt.Color("count:Q", title=None, scale=alt.Scale(scheme="oranges")))
    numbers = base.mark_text(fontSize=10, color="#1b1b1b").encode(text="count:Q")
    return _styled(cells + numbers, height=max(22 * len(units), 60))


def _series(order: Sequence[str]) -> alt.Color:
    scale = alt.Scale(domain=list(order), range=list(COLOURS[: len(order)]))
    return alt.Color(
        "series:N", sort=list(order), title=None, scale=scale, legend=alt.Legend(orient="bottom")
    )


def _data(rows: Rows) -> alt.InlineData:
    return alt.InlineData(values=[dict(row) for row in rows])


def _styled(chart: Any, *, height: int = HEIGHT) -> alt.TopLevelMixin:
    styled: alt.TopLevelMixin = (
        chart.properties(width=WIDTH, height=height)
        .configure(font=FONT, background="white")
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=11, titleFontSize=12, gridColor="#e4e7eb", labelColor="#30363d")
        .configure_legend(labelFontSize=12)
    )
    return styled
