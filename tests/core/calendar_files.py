"""Calendar files for tests: written to a folder, and what is said of those that are none."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from caseflow import BadInput, Calendar

SHARED = Path(__file__).resolve().parents[2].parent / "shared"

HEAD = 'name = "X"\nfirst = 2025-01-01\nlast = 2025-12-31\n'


def saved(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(caught: pytest.ExceptionInfo[BadInput]) -> tuple[str, str]:
    """The code, and where the error says it is."""
    return caught.value.code, str(caught.value.data.get("what", ""))


def ics(*events: str) -> str:
    """An iCalendar file of these events, each as its lines."""
    parts = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN"]
    for event in events:
        parts += ["BEGIN:VEVENT", *event.split("\n"), "END:VEVENT"]
    return "\r\n".join([*parts, "END:VCALENDAR", ""])


def year(number: int, **days: bool) -> str:
    """A year of holiday-cn: ``d1001=True`` is a day off, the first of October."""
    rows = [
        {"name": "节", "date": f"{number}-{day[1:3]}-{day[3:]}", "isOffDay": off} for day, off in days.items()
    ]
    return json.dumps({"$id": "x", "year": number, "papers": [], "days": rows}, ensure_ascii=False)


def working(calendar: Calendar, day: str) -> bool:
    return calendar.is_working(date.fromisoformat(day).toordinal())
