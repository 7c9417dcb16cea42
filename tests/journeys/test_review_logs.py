"""Two logs with review in them, expense declarations and traffic fines, replayed under policies of their own.

Every card is compared with a computation that shares no code with the package: it walks the rows of a case,
notes from when to when each clock ran, and counts days on a calendar made here.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from caseflow import load_policy
from tests.journeys.test_real_logs import DATA, ROOT, issued, needs_data, rows

pytestmark = pytest.mark.soak

Row = dict[str, str]
Owed = set[tuple[str, str, datetime]]
TRAVEL, FINES = "travel_declarations_events.csv.gz", "traffic_fines_events.csv.gz"


class Intervals:
    """From when to when each clock of one case ran."""

    def __init__(self) -> None:
        self.running: dict[str, datetime] = {}
        self.ended: list[tuple[str, datetime, datetime | None]] = []

    def open(self, clock: str, at: datetime) -> None:
        self.running.setdefault(clock, at)

    def close(self, at: datetime, *clocks: str) -> None:
        """End those clocks; all of them when none is named."""
        for clock in clocks or tuple(self.running):
            if clock in self.running:
                self.ended.append((clock, self.running.pop(clock), at))

    def all(self) -> list[tuple[str, datetime, datetime | None]]:
        return self.ended + [(clock, since, None) for clock, since in self.running.items()]


def counted(log: str) -> tuple[int, int]:
    """Rows and cases as the manifest says."""
    with (DATA / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        counts = next(row for row in csv.DictReader(file) if row["file"] == log)
    return int(counts["rows"]), int(counts["cases"])


def owed(
    log: str,
    walk: Callable[[list[Row], Intervals], int],
    ladder: dict[str, tuple[tuple[str, int, bool], ...]],
    zone: str,
    as_of: datetime,
) -> tuple[Owed, int]:
    """(case, level, instant) of every rung owed, and how many rows the office could not have done."""
    info, rungs, refused = ZoneInfo(zone), set(), 0
    for case_id, of_case in groupby(rows(log), itemgetter("case_id")):
        ran = Intervals()
        refused += walk(list(of_case), ran)
        for clock, since, until in ran.all():
            for level, days, working in ladder[clock]:
                late = late_from(since.astimezone(info).date(), days, info, working)
                if late <= (until or as_of):
                    rungs.add((case_id, level, late))
    return rungs, refused


def late_from(day: date, days: int, zone: ZoneInfo, working: bool) -> datetime:
    """The local midnight after the last day, counted one by one."""
    while days:
        day += timedelta(days=1)
        days -= not (working and (day.weekday() > 4 or day in dutch_holidays(day.year)))
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


@cache
def dutch_holidays(year: int) -> frozenset[date]:
    """Fixed feasts, and those that move with Easter (by the Gregorian computus)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    easter = date(year, month, day + 1)
    moving = (easter + timedelta(days=days) for days in (-2, 1, 39, 50))
    return frozenset(moving) | {date(year, *fixed) for fixed in ((1, 1), (4, 27), (5, 5), (12, 25), (12, 26))}


def declaration(of_case: list[Row], ran: Intervals) -> int:
    """Each submission asks for a decision, each rejection for a correction, each approval for a payment."""
    refused = 0
    for row in of_case:
        at = datetime.fromisoformat(row["timestamp"]).astimezone(UTC)
        act = row["activity"].removeprefix("Declaration ")
        if act in ("Request Payment", "Payment Handled") and "payment" not in ran.running:
            refused += 1
        elif act == "SUBMITTED by EMPLOYEE":
            ran.close(at, "correction")
            ran.open("decision", at)
        elif act.startswith("FINAL_APPROVED"):
            ran.close(at, "decision")
            ran.open("payment", at)
        elif act.startswith("REJECTED"):
            ran.close(at, "decision", "payment")
            ran.open("correction", at)
        elif act == "Payment Handled":
            ran.close(at)
    return refused


def fine(of_case: list[Row], ran: Intervals) -> int:
    """Terms of the Codice della strada; an act that its own order forbids changes nothing and is counted."""
    refused, done = 0, set[str]()
    for row in of_case:
        at = datetime.combine(date.fromisoformat(row["date"]), time(), ZoneInfo("Europe/Rome"))
        act = row["activity"]
        if act == "Create Fine":
            ran.open("notification", at)
        elif act == "Insert Fine Notification":
            ran.close(at, "notification")
            if "appeal" not in done:
                ran.open("payment", at)
        elif act in ("Payment", "Send for Credit Collection"):
            ran.close(at)
            done.add("paid")
        elif act in ("Send Fine", "Add penalty"):
            done.discard("paid")
        elif act == "Insert Date Appeal to Prefecture" and "judge" not in done:
            ran.close(at, "payment")
            ran.open("forwarding", at)
            done.add("appeal")
        elif act == "Send Appeal to Prefecture" and "forwarding" in ran.running:
            ran.close(at, "forwarding")
            ran.open("prefecture", at)
            if row["dismissal"] == "#":
                ran.close(at)
        elif act == "Receive Result Appeal from Prefecture" and "appeal" in done:
            ran.close(at, "forwarding", "prefecture")
            done.add("decided")
            if "paid" not in done:
                ran.open("order_notice", at)
        elif act == "Notify Result Appeal to Offender" and "decided" in done:
            ran.close(at, "order_notice")
            ran.open("order", at)
        elif act == "Appeal to Judge":
            ran.close(at, "payment", "order")
            done.add("judge")
            if row["dismissal"] == "G":
                ran.close(at)
        else:
            refused += 1
    return refused


def replayed(name: str, log: str, **options: Any) -> tuple[dict[str, Any], Owed]:
    rungs: Any
    policy = load_policy(ROOT / "examples" / "policies" / f"{name}.toml")
    document, rungs = issued(policy, [log], f"{name}.toml", on_error="skip", **options)
    return document, rungs


@needs_data
def test_every_expense_declaration() -> None:
    """Every card over every cycle of submission and correction is right; four rows come out of turn."""
    document, rungs = replayed("travel_declarations", TRAVEL)
    ladder = {
        "decision": (("decide_soon", 5, True), ("decided_late", 10, True)),
        "correction": (("correct_soon", 7, False), ("not_corrected", 30, False)),
        "payment": (("paid_late", 10, True),),
    }
    as_of = max(datetime.fromisoformat(row["timestamp"]) for row in rows(TRAVEL))
    expected, refused = owed(TRAVEL, declaration, ladder, "Europe/Amsterdam", as_of)
    assert rungs == expected
    assert (document["events"] + refused, document["cases"]) == counted(TRAVEL)
    assert document["rejected"] == refused == 4
    levels = Counter(level for _, level, _ in expected)
    assert levels == {**document["cards"], **document["reminders"]}
    print("travel declarations:", document)


PAUSED = """
[clocks.decision]
stop = ["final_approve"]
cancel = []
pause = ["state:rejected", "state:in_correction"]
"""


@needs_data
def test_one_clock_over_every_correction(tmp_path: Path) -> None:
    """The same log with one decision clock for all submissions, paused while the employee corrects."""
    folder = ROOT / "examples" / "policies"
    path = tmp_path / "paused.toml"
    path.write_text(f"extends = {str(folder / 'travel_declarations.toml')!r}\n{PAUSED}", encoding="utf-8")
    shutil.copy(folder / "netherlands.toml", tmp_path)
    rungs: Any
    _, rungs = issued(load_policy(path), [TRAVEL], "travel_declarations.toml", on_error="skip")
    as_of = max(datetime.fromisoformat(row["timestamp"]) for row in rows(TRAVEL)).astimezone(UTC)
    expected = set()
    for case_id, of_case in groupby(rows(TRAVEL), itemgetter("case_id")):
        for since, pauses, until in reviews(list(of_case)):
            for level, days in (("decide_soon", 5), ("decided_late", 10)):
                late = late_with_pauses(since, days, pauses)
                if late is not None and late <= (until or as_of):
                    expected.add((case_id, level, late))
    levels = {"decide_soon", "decided_late"}
    assert {item for item in rungs if item[1] in levels} == expected
    assert Counter(level for _, level, _ in expected) == {"decide_soon": 778, "decided_late": 253}


Pauses = list[tuple[datetime, datetime | None]]


def reviews(of_case: list[Row]) -> Iterator[tuple[datetime, Pauses, datetime | None]]:
    """From the first submission to the final approval, with the times that the employee had it back."""
    since: datetime | None = None
    back: datetime | None = None
    pauses: Pauses = []
    for row in of_case:
        at = datetime.fromisoformat(row["timestamp"]).astimezone(UTC)
        act = row["activity"].removeprefix("Declaration ")
        if act == "SUBMITTED by EMPLOYEE":
            if back is not None:
                pauses.append((back, at))
            since, back = since or at, None
        elif act.startswith("REJECTED") and since is not None:
            back = back or at
        elif act.startswith("FINAL_APPROVED") and since is not None:
            yield since, pauses, at
            since, pauses = None, []
    if since is not None:
        yield since, pauses + ([(back, None)] if back else []), None


def late_with_pauses(since: datetime, days: int, pauses: Pauses) -> datetime | None:
    """The midnight after the last working day that did not end in a pause; none while one is open."""
    zone = ZoneInfo("Europe/Amsterdam")
    day = since.astimezone(zone).date()
    while True:
        day += timedelta(days=1)
        end = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
        if any(begin < end and stop is None for begin, stop in pauses):
            return None
        ended_in_pause = any(begin < end and stop is not None and end <= stop for begin, stop in pauses)
        days -= day.weekday() < 5 and day not in dutch_holidays(day.year) and not ended_in_pause
        if not days:
            return end


@needs_data
def test_every_traffic_fine() -> None:
    """Every card of the fines is right, day-only dates and equal dates included; eleven acts are refused."""
    document, rungs = replayed("traffic_fines", FINES, timezone="Europe/Rome")
    ladder = {
        "notification": (("past_90", 90, False), ("notified_late", 150, False)),
        "payment": (("unpaid", 60, False),),
        "forwarding": (("forwarded_late", 60, False),),
        "prefecture": (("undecided", 120, False),),
        "order_notice": (("order_late", 150, False),),
        "order": (("order_unpaid", 30, False),),
    }
    days = [date.fromisoformat(row["date"]) for row in rows(FINES)]
    as_of = datetime.combine(max(days), time(), ZoneInfo("Europe/Rome"))
    expected, refused = owed(FINES, fine, ladder, "Europe/Rome", as_of)
    dismissals = sum(row["dismissal"] in ("#", "G") for row in rows(FINES))
    assert rungs == expected
    assert (document["events"] + refused - dismissals, document["cases"]) == counted(FINES)
    assert (document["rejected"], refused, dismissals) == (11, 11, 109)
    levels = Counter(level for _, level, _ in expected)
    assert levels == +Counter({**document["cards"], **document["reminders"]})  # no order was notified late
    print("traffic fines:", document)


def test_the_calendar_of_the_declarations() -> None:
    """The shipped table of Dutch holidays has every one from 2017 to 2019, as computed from Easter."""
    table = load_policy(ROOT / "examples" / "policies" / "travel_declarations.toml").tables["NL"]
    days = {day.toordinal() for year in (2017, 2018, 2019) for day in dutch_holidays(year)}
    assert set(table.holidays) == days
    assert date(2018, 4, 2) in dutch_holidays(2018)  # Easter Monday
