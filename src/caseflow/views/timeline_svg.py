"""A case's timeline as an SVG picture: states as bands, clocks as lines, cards as coloured marks."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.core.time.instants import DAY, HOUR, moment, office_days
from caseflow.core.value import Value
from caseflow.i18n import Lang, mark, story_text
from caseflow.views.labels import clock_time, shortened, width
from caseflow.views.lifeline import AHEAD, ANNULLED, FIRED, PAST, ClockLine, Interval, Lifeline, RungMark
from caseflow.views.svg import CARDS, HATCH, STAGES, SvgCanvas, columns_to_px

WIDTH = 960
PAUSED = f"url(#{HATCH})"
MARGIN, GAP, BAND, LINE = 24, 14, 26, 15
GUTTER_COLUMNS = 20
"""The most columns of a row's name."""
CLOSEST = 52.0
"""The least distance of two dates."""
CLOSEST_HOURS = 80.0
"""The least distance of two hours, which may bear a date."""
_LETTER = 6.2
"""How wide a digit of a date is."""
_HOURS = (1, 2, 3, 6, 12)
_DAYS = (1, 2, 3, 5, 7, 10, 14, 28, 56, 91, 182, 364)


def drawing(life: Lifeline, *, story: str = "", lang: Lang = "en") -> str:
    """The picture as SVG text, 960 units wide and as high as it must be.

    Args:
        life: what is drawn.
        story: the description that is read to who cannot see it.
        lang: the language of the picture's own words.
    """
    return _Drawing(life, lang).document(story)


class _Drawing:
    """The picture while it is drawn, from top to bottom."""

    def __init__(self, life: Lifeline, lang: Lang) -> None:
        self.life, self.lang = life, lang
        rows = [story_text(key, lang) for key in ("states", "units", "acts")]
        names = [shortened(name, GUTTER_COLUMNS) for name in (*rows, *(c.label for c in life.clocks))]
        left = MARGIN + columns_to_px(max(map(width, names))) + GAP
        begin, end = roomy(life.begin_us, life.end_us)
        self.axis = TimeAxis(begin, end, left, WIDTH - MARGIN, life.zone)
        self.page = SvgCanvas(WIDTH)
        self.y = float(MARGIN)

    def document(self, story: str) -> str:
        """The whole picture."""
        life, page = self.life, self.page
        self._head()
        top = self.y
        self._acts()
        self._bands(story_text("states", self.lang), life.states, STAGES)
        if len(life.units) > 1:
            self._bands(story_text("units", self.lang), life.units, ())
        for clock in life.clocks:
            self._clock(clock)
        self._dates(top)
        self._legend()
        title = f"{life.title}{mark('colon', self.lang)}{life.state}"
        return page.text(height=self.y + MARGIN - GAP, title=title, description=story or title)

    def _head(self) -> None:
        life, page = self.life, self.page
        page.words(MARGIN, self.y + 14, life.title, size=17, bold=True)
        page.words(WIDTH - MARGIN, self.y + 14, life.state, size=14, anchor="end", colour="#3b4252")
        self.y += 22
        ends = clock_time(life.now_us, life.zone)
        span = f"{clock_time(life.begin_us, life.zone)} – {ends}"
        page.words(MARGIN, self.y + 12, span, size=12, colour="#6b7280")
        self.y += 12 + GAP

    def _name(self, name: str, middle: float) -> None:
        shown = shortened(name, GUTTER_COLUMNS)
        self.page.words(MARGIN, middle + 4, shown, size=12, colour="#3b4252", title=name)

    def _acts(self) -> None:
        """What was done, in staggered labels above a line of dots; acts of one place share a label."""
        life, page, axis = self.life, self.page, self.axis
        places: dict[float, list[str]] = {}
        for us, label in life.acts:
            near = next((x for x in places if abs(x - axis.at(us)) < 4), axis.at(us))
            names = places.setdefault(near, [])
            if label not in names:
                names.append(label)
        labels = [(x, shortened(" · ".join(names), 44)) for x, names in sorted(places.items())]
        rows = _staggered([self._span(x, label) for x, label in labels])
        depth = max(rows, default=0) + 1
        line = self.y + depth * LINE + 8
        self._name(story_text("acts", self.lang), line)
        page.line(axis.left, line, axis.right, line, colour="#d5d9e0")
        for (x, label), row in zip(labels, rows, strict=True):
            at = self.y + (depth - row) * LINE - 4
            page.line(x, at + 3, x, line, colour="#c3c8d1")
            self._label(x, at, label)
            page.circle(x, line, 3.5, fill="#3b4252")
        self.y = line + GAP

    def _span(self, x: float, label: str) -> tuple[float, float]:
        """Where a label about that place begins and ends; it stays inside the picture."""
        half = columns_to_px(width(label)) / 2
        middle = min(max(x, self.axis.left + half - 20), self.axis.right - half + 12)
        return middle - half, middle + half

    def _label(self, x: float, y: float, label: str, colour: str = "#3b4252") -> None:
        begin, end = self._span(x, label)
        self.page.words((begin + end) / 2, y, label, size=11, anchor="middle", colour=colour, halo=True)

    def _bands(self, name: str, stretches: tuple[Interval, ...], colours: tuple[str, ...]) -> None:
        page, axis, colon = self.page, self.axis, mark("colon", self.lang)
        self._name(name, self.y + BAND / 2)
        known: dict[str, str] = {}
        for stretch in stretches:
            palette = colours or ("#e8edf5", "#dfe9e3", "#f3ead9", "#efe3ee")
            fill = known.setdefault(stretch.key, palette[len(known) % len(palette)])
            begin, end = axis.at(stretch.begin_us), axis.at(stretch.end_us)
            hover = f"{stretch.label}{colon}{self._time(stretch.begin_us)} – {self._time(stretch.end_us)}"
            page.box(begin, self.y, max(end - begin, 1.5), BAND, fill=fill, title=hover, radius=3)
            if columns_to_px(width(stretch.label)) + 8 <= end - begin:
                middle = (begin + end) / 2
                page.words(middle, self.y + 17, stretch.label, size=12, anchor="middle", colour="#1f2937")
        self.y += BAND + GAP

    def _clock(self, clock: ClockLine) -> None:
        """A line while the clock runs, dashed on to what is still to come; its rungs in staggered labels."""
        page, axis, y = self.page, self.axis, self.y + 14
        self._name(clock.label, y)
        begin, end = axis.at(clock.begin_us), axis.at(clock.end_us)
        shown = sorted(clock.rungs, key=lambda rung: rung.at_us)
        ahead = [axis.at(rung.at_us) for rung in shown if rung.status == AHEAD]
        if ahead:
            page.line(end, y, max(ahead), y, colour="#9aa3b2", dashed=True)
        page.line(begin, y, end, y, colour="#475569", thick=3)
        for pause in clock.pauses:
            paused = axis.at(pause.begin_us), max(axis.at(pause.end_us), axis.at(pause.begin_us) + 2)
            span = f"{self._time(pause.begin_us)} – {self._time(pause.end_us)}"
            hover = f"{story_text('pause', self.lang)}{mark('colon', self.lang)}{span}"
            page.box(paused[0], y - 8, paused[1] - paused[0], 16, fill=PAUSED, title=hover, radius=2)
        page.line(begin, y - 6, begin, y + 6, colour="#475569", thick=3)
        if not clock.is_open:
            page.line(end, y - 6, end, y + 6, colour="#475569", thick=3)
        labels = [f"{rung.label} {self._day(rung)}" for rung in shown]
        rows = _staggered([self._span(axis.at(r.at_us), text) for r, text in zip(shown, labels, strict=True)])
        for rung, text, row in zip(shown, labels, rows, strict=True):
            below = y + 27 + row * LINE
            page.line(axis.at(rung.at_us), y + 8, axis.at(rung.at_us), below - 10, colour="#c3c8d1")
            self._label(axis.at(rung.at_us), below, text, _ink(rung))
        for rung in shown:
            self._rung(axis.at(rung.at_us), y, rung)
        self.y = y + 27 + max(rows, default=0) * LINE + GAP

    def _rung(self, x: float, y: float, rung: RungMark) -> None:
        name = f"{rung.label}{mark('colon', self.lang)}{self._time(rung.at_us)}"
        hover = f"{name}{mark('comma', self.lang)}{story_text(rung.status, self.lang)}"
        self.page.rung(x, y, colour=_colour(rung), status=rung.status, warning=not rung.breach, title=hover)

    def _day(self, rung: RungMark) -> str:
        day, _, hour = self._time(rung.at_us)[5:16].partition(" ")
        return day if hour == "00:00" else f"{day} {hour}"

    def _time(self, us: int) -> str:
        return clock_time(us, self.life.zone)

    def _dates(self, top: float) -> None:
        page, axis = self.page, self.axis
        for x, text in axis.ticks():
            page.behind_line(x, top, x, self.y, colour="#eef0f4")
            page.words(x, self.y + 14, text, size=11, anchor="middle", colour="#6b7280")
        page.line(axis.left, self.y, axis.right, self.y, colour="#c3c8d1")
        if self.life.is_open:
            x = axis.at(self.life.now_us)
            page.behind_line(x, top, x, self.y, colour="#2563eb", dashed=True)
        self.y += 16 + GAP

    def _legend(self) -> None:
        """The signs that the picture uses, and what they mean."""
        rungs = [rung for clock in self.life.clocks for rung in clock.rungs]
        x, y, page = self.axis.left, self.y + 6, self.page
        samples: list[tuple[RungMark, str]] = []
        for status, breach in ((FIRED, 0), (FIRED, 1), (ANNULLED, 1), (AHEAD, 1), (PAST, 1)):
            if any(r.status == status and (bool(r.breach) == bool(breach) or status != FIRED) for r in rungs):
                key = "reminder" if not breach else "card" if status == FIRED else status
                samples.append((RungMark("", "", 0, status, breach), story_text(key, self.lang)))
        for rung, text in samples:
            page.rung(x + 6, y, colour=_colour(rung), status=rung.status, warning=not rung.breach)
            page.words(x + 18, y + 4, text, size=11, colour="#6b7280")
            x += 18 + columns_to_px(width(text)) + 20
        if any(clock.pauses for clock in self.life.clocks):
            page.box(x, y - 7, 20, 14, fill=PAUSED, radius=2)
            page.words(x + 26, y + 4, story_text("pause", self.lang), size=11, colour="#6b7280")
            x += 26 + columns_to_px(width(story_text("pause", self.lang))) + 20
        if self.life.is_open:
            page.line(x, y, x + 20, y, colour="#2563eb", dashed=True)
            page.words(x + 26, y + 4, story_text("now", self.lang), size=11, colour="#6b7280")
        self.y = y + 10 + GAP


def _colour(rung: RungMark) -> str:
    return CARDS[min(rung.breach, len(CARDS) - 1)]


def _ink(rung: RungMark) -> str:
    return "#9aa3b2" if rung.status in (PAST, ANNULLED) else "#3b4252"


def _staggered(spans: list[tuple[float, float]]) -> list[int]:
    """The row of each label, from the left: the first in which it touches no other."""
    ends: list[float] = []
    rows: list[int] = []
    for begin, end in spans:
        row = next((n for n, taken in enumerate(ends) if begin > taken + 6), len(ends))
        ends[row : row + 1] = [end]
        rows.append(row)
    return rows


class TimeAxis(Value):
    """Instants from ``begin_us`` to ``end_us`` between ``left`` and ``right``, in the zone's wall clock."""

    begin_us: int
    end_us: int
    left: float
    right: float
    zone: str

    def at(self, us: int) -> float:
        """Where the instant lies; never outside."""
        span = max(self.end_us - self.begin_us, 1)
        part = min(max((us - self.begin_us) / span, 0.0), 1.0)
        return round(self.left + part * (self.right - self.left), 1)

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Places and dates (or hours, when it is all within a few days), in order; none touches another."""
        taken = self.left - 40
        for x, text in self._candidates():
            half = len(text) * _LETTER / 2
            if x - half > taken and x + half <= self.right + 20:
                taken = x + half + 6
                yield x, text

    def _candidates(self) -> Iterator[tuple[float, str]]:
        per_hour = (self.right - self.left) / max((self.end_us - self.begin_us) / HOUR, 1e-9)
        hours = next((n for n in _HOURS if n * per_hour >= CLOSEST_HOURS), None)
        if hours is not None:
            yield from self._hours(hours)
            return
        days = next((n for n in _DAYS if n * 24 * per_hour >= CLOSEST), 728)
        office, year = office_days(self.zone), 0
        day = office.day_of(self.begin_us)
        while (us := office.midnight(day)) <= self.end_us:
            if us >= self.begin_us:
                at = moment(us, self.zone)
                yield self.at(us), f"{at:%m-%d}" if at.year == year else f"{at:%Y-%m-%d}"
                year = at.year
            day += days

    def _hours(self, hours: int) -> Iterator[tuple[float, str]]:
        office, day = office_days(self.zone), 0
        us = office.midnight(office.day_of(self.begin_us))
        while us <= self.end_us:
            at = moment(us, self.zone)
            if us >= self.begin_us:
                yield self.at(us), f"{at:%H:%M}" if at.toordinal() == day else f"{at:%m-%d %H:%M}"
                day = at.toordinal()
            us += hours * HOUR


def roomy(begin_us: int, end_us: int) -> tuple[int, int]:
    """The span with a little room on both sides, an hour at least."""
    room = max((end_us - begin_us) // 40, HOUR if end_us - begin_us < DAY else 6 * HOUR)
    return begin_us - room, end_us + room
