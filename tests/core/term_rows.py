"""What the tests of terms share: a small calendar, and one deadline as text."""

from __future__ import annotations

from datetime import date
from typing import Any

from caseflow.core.time.calendar import Calendar
from caseflow.core.time.deadline import breach
from caseflow.core.time.instants import micros, moment, office_days
from caseflow.core.time.pauses import Pause
from caseflow.core.time.span import Span

SPRING = Calendar(
    name="S",
    first=date(2025, 1, 1),
    last=date(2025, 6, 30),
    holidays={date(2025, 3, 12): "植树节", date(2025, 5, 1): "劳动节", date(2025, 5, 2): "劳动节"},
    makeup={date(2025, 3, 8): "补班"},
    hours=("09:00-12:00", "13:00-17:00"),
    half={date(2025, 3, 14): ("09:00-12:00",)},
)
"""Half of 2025. Wednesday 12 March rests, Saturday 8 March works, Friday 14 March is a half day."""


def pauses_of(text: str) -> list[Pause]:
    """``A/B`` pairs, a blank between them; an empty B is open."""
    pairs = (pair.split("/") for pair in text.split())
    return [(micros(begin), micros(end) if end else None) for begin, end in pairs]


def late(start: str, pauses: str = "", *, zone: str = "Asia/Shanghai", **keys: Any) -> str:
    """The first late instant, local and without its offset; ``never``; with ``?`` when only "not before"."""
    if "calendar" not in keys:
        keys["calendar"] = SPRING
    result = breach(Span.of(**keys), micros(start), pauses_of(pauses), office_days(zone))
    if result.at_us is None:
        return "never"
    text = moment(result.at_us, zone).replace(tzinfo=None).isoformat(sep=" ")
    return text.removesuffix(" 00:00:00") + ("" if result.certain else "?")
