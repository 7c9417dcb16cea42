"""The elements a picture is made of: lines, boxes, words and marks as valid, escaped SVG."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

FONTS = (
    "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Hiragino Sans GB', 'Microsoft YaHei', "
    "'Noto Sans CJK SC', 'Source Han Sans SC', 'WenQuanYi Micro Hei', sans-serif"
)
CARDS = ("#2563eb", "#f2b705", "#d92d20", "#7a1fa2", "#4a148c")
"""Of a warning, the first breach, the second, and so on."""
STAGES = ("#dbe7fb", "#cfe6df", "#fde9c4", "#e7dcf5", "#d9dde5", "#fbdcd6", "#d3ecf4")
HATCH = "caseflow-paused"
"""The pattern of pauses."""
Point = tuple[float, float]
"""Units from the left, and from the top."""
_SIZE = 6.1
"""Units that a column takes at the size of labels: half a wide character, or a Latin letter."""


def columns_to_px(columns: int) -> float:
    """How wide a label of so many columns is, rather too much than too little."""
    return columns * _SIZE


class SvgCanvas:
    """A picture that is drawn from back to front."""

    def __init__(self, wide: int) -> None:
        self._wide = wide
        self._behind: list[str] = []
        self._parts: list[str] = []

    def text(self, *, height: float, title: str, description: str) -> str:
        """The whole document, with what is read to who cannot see it."""
        size = f'viewBox="0 0 {self._wide} {height:g}" width="{self._wide}" height="{height:g}"'
        return "\n".join((
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{FONTS}">',
            f"<title>{_plain(title)}</title>",
            f"<desc>{_plain(description)}</desc>",
            f'<defs><pattern id="{HATCH}" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><rect width="6" height="6" fill="#f8fafc"/>'
            '<rect width="2.2" height="6" fill="#94a3b8"/></pattern></defs>',
            f'<rect width="{self._wide}" height="{height:g}" rx="8" fill="#ffffff"/>',
            *self._behind,
            *self._parts,
            "</svg>\n",
        ))  # fmt: skip

    def words(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int,
        anchor: str = "start",
        colour: str = "#111827",
        bold: bool = False,
        halo: bool = False,
        title: str = "",
    ) -> None:
        """A line of text whose baseline is at ``y``; a halo keeps lines from running through it."""
        more = ' font-weight="600"' if bold else ""
        more += ' stroke="#ffffff" stroke-width="3" paint-order="stroke"' if halo else ""
        shown = f"{_hover(title)}{_plain(text)}"
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{more}>'
            f"{shown}</text>"
        )

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        *,
        colour: str,
        thick: float = 1,
        dashed: bool = False,
    ) -> None:
        """A straight line."""
        self._parts.append(_line((x1, y1), (x2, y2), colour=colour, thick=thick, dashed=dashed))

    def behind_line(
        self, x1: float, y1: float, x2: float, y2: float, *, colour: str, dashed: bool = False
    ) -> None:
        """A straight line behind all else."""
        self._behind.append(_line((x1, y1), (x2, y2), colour=colour, dashed=dashed))

    def box(
        self, x: float, y: float, wide: float, high: float, *, fill: str, title: str = "", radius: float = 0
    ) -> None:
        """A filled rectangle."""
        place = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" rx="{radius:g}"'
        self._parts.append(f"<rect {place} fill={quoteattr(fill)}>{_hover(title)}</rect>")

    def circle(self, x: float, y: float, radius: float, *, fill: str) -> None:
        """A filled circle."""
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{fill}"/>')

    def rung(self, x: float, y: float, *, colour: str, status: str, warning: bool, title: str = "") -> None:
        """A rung's mark: a ring for a warning, a card for a breach; hollow while it is still to come."""
        fired = status == "fired"
        ink = colour if status in ("fired", "ahead") else "#9aa3b2"
        fill = ink if fired and not warning else "#ffffff"
        dash = ' stroke-dasharray="2.5 2"' if status in ("ahead", "past") else ""
        style = f'fill="{fill}" stroke="{ink}" stroke-width="2"{dash}'
        shape = (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" {style}/>'
            if warning
            else f'<rect x="{x - 5.5:.1f}" y="{y - 8:.1f}" width="11" height="16" rx="2" {style}/>'
        )
        struck = (
            _line((x - 8, y + 9), (x + 8, y - 9), colour="#64748b", thick=2) if status == "annulled" else ""
        )
        self._parts.append(f"<g>{_hover(title)}{shape}{struck}</g>")


def _line(begin: Point, end: Point, *, colour: str, thick: float = 1, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    ends = f'x1="{begin[0]:.1f}" y1="{begin[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{thick:g}"{dash}/>'


def _hover(title: str) -> str:
    return f"<title>{_plain(title)}</title>" if title else ""


def _plain(text: str) -> str:
    """The text escaped, without characters that XML does not know."""
    return escape("".join(c for c in text if c in "\t\n" or (c >= " " and c not in "\x7f\ufffe\uffff")))
