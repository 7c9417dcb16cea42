"""Real logs replayed, and every card compared with a computation that shares no code with the package."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest

from caseflow import MemoryStore, Policy, load_policy
from caseflow.interchange import load_mapping, replay

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / ".." / "shared" / "data"
MAPPINGS = ROOT / "examples" / "mappings"
WUHU = {"reminder": 3, "yellow": 5, "red": 15, "urge": 30}

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not beside this checkout")


def rows(name: str) -> Iterator[dict[str, str]]:
    path = DATA / name
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def late_from(start: datetime, days: int, zone: ZoneInfo, *, working: bool = False) -> datetime:
    """The local midnight after the last day: counted naively, day by day."""
    day = start.astimezone(zone).date()
    while days:
        day += timedelta(days=1)
        days -= not working or chinese_calendar.is_workday(day)
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def owed(
    cases: Mapping[str, tuple[datetime, datetime | None]],
    ladder: dict[str, int],
    zone: str,
    as_of: datetime,
    *,
    working: bool = False,
) -> set[tuple[str, str, datetime]]:
    """(case, level, instant) of every rung owed: its instant is not after the reply, nor after the end."""
    info = ZoneInfo(zone)
    rungs = set()
    for case_id, (start, stop) in cases.items():
        for level, days in ladder.items():
            late = late_from(start, days, info, working=working)
            if late <= (stop or as_of):
                rungs.add((case_id, level, late))
    return rungs


def issued(
    policy: Policy, logs: list[str], mapping: str, *, timezone: str | None = None, on_error: str = "stop"
) -> tuple[dict[str, Any], set[object]]:
    """What the replay counts, and (case, level, instant) of every standing rung."""
    store = MemoryStore()
    summary = replay(
        [DATA / log for log in logs],
        policy=policy,
        store=store,
        mapping=load_mapping(MAPPINGS / mapping),
        timezone=timezone,
        on_error=on_error,
    )
    rungs: set[object] = set()
    for recorded in store.feed(limit=10**9):
        event = recorded.event
        if event.name in ("card-issued", "reminded"):
            rungs.add((recorded.case_id, event.level, event.effective_at))  # type: ignore[attr-defined]  # a rung's
    return summary.document(), rungs


def edited(tmp_path: Path, text: str) -> Policy:
    path = tmp_path / "edited.toml"
    path.write_text(f'extends = "wuhu"\n{text}', encoding="utf-8")
    return load_policy(path)


WORKING = (
    '[clocks.reply]\ncounting = "working"\ncalendar = "CN"\n[calendars.CN]\nprovider = "chinesecalendar"\n'
)


@needs_data
@pytest.mark.parametrize(("text", "working"), [("", False), (WORKING, True)], ids=["natural", "working"])
def test_every_message_and_its_reply(tmp_path: Path, text: str, working: bool) -> None:
    """Every card of the message log is the one that plain counting gives, in natural and in working days."""
    cases = {
        row["case_id"]: (
            datetime.fromisoformat(row["submitted_at"]).astimezone(UTC),
            datetime.fromisoformat(row["replied_at"]).astimezone(UTC),
        )
        for row in rows("tipdm_message_replies.csv.gz")
    }
    counted, rungs = issued(
        edited(tmp_path, text), ["tipdm_message_replies.csv.gz"], "tipdm_message_replies.toml"
    )
    as_of = max(reply for _, reply in cases.values())
    expected = owed(cases, WUHU, "Asia/Shanghai", as_of, working=working)
    assert rungs == expected
    assert (counted["cases"], counted["events"], counted["replied"]) == (
        len(cases),
        2 * len(cases),
        len(cases),
    )
    assert sum(level == "yellow" for _, level, _ in expected) == counted["cards"]["yellow"]


@pytest.mark.soak
@needs_data
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_every_service_request(tmp_path: Path, zone: str) -> None:
    """Every card of the Boston log is right, with the office's days in Shanghai and in New York."""
    local = ZoneInfo("America/New_York")
    cases: dict[str, tuple[datetime, datetime | None]] = {}
    for row in rows("boston311_2011h2.csv.gz"):
        opened = datetime.fromisoformat(row["opened_at"]).replace(tzinfo=local).astimezone(UTC)
        closed = row["closed_at"]
        stop = datetime.fromisoformat(closed).replace(tzinfo=local).astimezone(UTC) if closed else None
        cases[row["case_id"]] = (opened, stop)
    policy = edited(tmp_path, f'timezone = "{zone}"\n')
    counted, rungs = issued(
        policy, ["boston311_2011h2.csv.gz"], "boston311.toml", timezone="America/New_York"
    )
    as_of = max(instant for pair in cases.values() for instant in pair if instant)
    assert rungs == owed(cases, WUHU, zone, as_of)
    assert counted["events"] == 99_279
    assert counted["replied"] == sum(stop is not None for _, stop in cases.values())


@needs_data
def test_every_permit_application(tmp_path: Path) -> None:
    """Every card of the receipt log under its own policy is right; rows that cannot be are told apart."""
    cases: dict[str, tuple[datetime, datetime | None]] = {}
    early = 0
    last = datetime(1, 1, 1, tzinfo=UTC)
    for row in rows("receipt_cases.csv"):
        start = datetime.fromisoformat(row["started_at"]).astimezone(UTC)
        end = datetime.fromisoformat(row["ended_at"]).astimezone(UTC) if row["ended_at"] else None
        last = max(last, start, end or last)
        if end is not None and end < start:
            end, early = None, early + 1
        cases[row["case_id"]] = (start, end)
    for row in rows("receipt_events.csv.gz"):
        at = datetime.fromisoformat(row["timestamp"]).astimezone(UTC)
        last = max(last, at)
        early += at < cases[row["case_id"]][0]
    policy = load_policy(ROOT / "examples" / "policies" / "receipt.toml")
    counted, rungs = issued(
        policy, ["receipt_cases.csv", "receipt_events.csv.gz"], "receipt.toml", on_error="skip"
    )
    assert rungs == owed(cases, {"overdue": 56}, "Europe/Amsterdam", last)
    assert counted["rejected"] == early
    assert counted["open"] == sum(end is None for _, end in cases.values())


def test_a_last_day_counts_whole() -> None:
    """The oracle itself: five days from 3 March 2025 are late from 9 March, midnight in Shanghai."""
    start = datetime(2025, 3, 3, 1, 30, tzinfo=UTC)
    late = late_from(start, 5, ZoneInfo("Asia/Shanghai"))
    assert late.astimezone(ZoneInfo("Asia/Shanghai")).date() == date(2025, 3, 9)
