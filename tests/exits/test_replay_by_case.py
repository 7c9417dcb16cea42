"""A log replayed case by case comes to the same as through a desk in the order of time, but for the feed."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseflow import LogError, MemoryStore, Policy, SqliteStore, load_policy
from caseflow.audit.verify import verify
from caseflow.interchange import Summary, replay

WUHU = load_policy("wuhu")
BEGIN = datetime.fromisoformat("2025-03-03T09:00:00+08:00")
COLUMNS = (
    "case_id", "action", "at", "effective_at", "actor", "role", "unit", "to", "text", "title", "reason",
    "primary", "code", "days", "score", "co_handler", "fields", "basis",
)  # fmt: skip
ACTS: dict[str, dict[str, str]] = {
    "acknowledge": {}, "take_charge": {}, "note": {"text": "备注"}, "placeholder": {"text": "已收到"},
    "reply": {"text": "已修复"}, "retract_reply": {"reason": "有误"}, "complete": {}, "close": {},
    "reopen": {"reason": "再次出现"}, "withdraw": {"reason": "已解决"}, "rate": {"score": "4"},
    "reject": {"code": "abusive"}, "transfer": {"to": "住建局"}, "route": {"to": "城管局"},
    "request_information": {"text": "哪里?"}, "receive_information": {"text": "这里"},
    "request_extension": {"days": "3", "reason": "勘查"}, "grant_extension": {}, "refuse_extension": {},
    "send_back": {"reason": "不属"}, "add_co_handler": {"co_handler": "住建局"},
    "redact": {"fields": "title", "basis": "b", "reason": "r"}, "migrate": {"reason": "新"},
    "resume": {}, "merge": {},
}  # fmt: skip
"""Actions and what their rows hold besides; some are refused, and so must they be both ways."""
CASES = ("c1", "c2", "c3")
Row = dict[str, str]


@st.composite
def logs(draw: st.DrawFn) -> list[Row]:
    """Rows of up to three cases in any order: late facts, merges, rows that are refused."""
    rows = []
    for case_id in CASES[: draw(st.integers(1, 3))]:
        at = BEGIN + timedelta(hours=draw(st.integers(0, 60)))
        to = draw(st.sampled_from(("城管局", "住建局", "")))
        rows.append({"case_id": case_id, "action": "submit", "at": at.isoformat(), "to": to, "title": "路灯"})
    for _ in range(draw(st.integers(0, 12))):
        action = draw(st.sampled_from(tuple(ACTS)))
        at = BEGIN + timedelta(hours=draw(st.integers(0, 40 * 24)))
        row = {
            "case_id": draw(st.sampled_from(CASES)),
            "action": action,
            "at": at.isoformat(),
            **ACTS[action],
        }
        if action == "merge":
            row["primary"] = draw(st.sampled_from(CASES))
        if draw(st.integers(0, 4)) == 0:
            row["effective_at"] = (at - timedelta(hours=draw(st.integers(0, 300)))).isoformat()
            row["reason"] = "迟到"
        rows.append(row)
    return draw(st.permutations(rows))


def written(rows: Sequence[Row], path: Path = Path("log.csv")) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def replayed(
    rows: Sequence[Row], *, policy: Policy, in_order: bool, **options: Any
) -> tuple[Summary, MemoryStore, str]:
    """The summary, the store, and the rows that were set aside."""
    store, rejects = MemoryStore(), Path("rejects.csv")
    options |= {"on_error": "skip", "rejects": rejects, "in_order": in_order}
    summary = replay([written(rows)], policy=policy, store=store, **options)
    return summary, store, rejects.read_text(encoding="utf-8")


def bare(event: Any) -> Any:
    """An event without the hashes of its texts, which are salted anew each time."""
    return event.replace(texts=tuple((name, "") for name, _ in event.texts))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


CLOSING = Path(__file__).parents[1] / "testing_kit" / "closing.toml"


@pytest.mark.soak
@settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(logs(), st.sampled_from((None, BEGIN + timedelta(days=9, hours=3), BEGIN + timedelta(days=70))))
def test_case_by_case_is_the_same_as_in_the_order_of_time(rows: list[Row], as_of: datetime | None) -> None:
    """Cases, cards with their units and instants, events, texts, counts and refused rows are the same."""
    (one, store, set_aside), (other, by_desk, also_set_aside) = (
        replayed(rows, policy=WUHU, in_order=in_order, as_of=as_of) for in_order in (False, True)
    )
    assert one == other
    assert set_aside == also_set_aside
    assert store.pins() == by_desk.pins()
    for case_id in CASES:
        assert store.load(case_id) == by_desk.load(case_id)
        assert list(map(bare, store.events(case_id))) == list(map(bare, by_desk.events(case_id)))
        assert [text.replace(salt="") for text in store.texts(case_id)] == [
            text.replace(salt="") for text in by_desk.texts(case_id)
        ]


@pytest.mark.parametrize("late", [False, True])
def test_a_timed_action_comes_of_itself_either_way(late: bool) -> None:
    """The rung that closes a case does so at its instant, before what the log says later."""
    text = CLOSING.read_text(encoding="utf-8").replace('roles = ["officer"]', 'roles = ["importer"]')
    Path("closing.toml").write_text(text.replace("[roles.officer]", "[roles.importer]"), encoding="utf-8")
    rows = [
        {"case_id": "c1", "action": "submit", "at": BEGIN.isoformat()},
        {"case_id": "c1", "action": "note", "at": (BEGIN + timedelta(days=9 if late else 1)).isoformat()},
    ]
    end = BEGIN + timedelta(days=20)
    both = [
        replayed(rows, policy=load_policy("closing.toml"), in_order=in_order, as_of=end)
        for in_order in (False, True)
    ]
    assert both[0][0] == both[1][0]
    assert both[0][1].load("c1") == both[1][1].load("c1")
    assert both[0][0].rejected == late
    assert both[0][0].open == 0


def two_cases() -> list[Row]:
    days = ((0, "c1", "submit"), (1, "c2", "submit"), (2, "c1", "reply"), (3, "c2", "reply"))
    return [
        {"case_id": case_id, "action": action, "at": (BEGIN + timedelta(days=day)).isoformat(), "text": "t"}
        if action == "reply"
        else {"case_id": case_id, "action": action, "at": (BEGIN + timedelta(days=day)).isoformat()}
        for day, case_id, action in days
    ]


def test_the_feed_stands_case_by_case_unless_it_must_not() -> None:
    """In an empty store whole cases, by their first command; with `in_order` the order of time."""
    _, store, _ = replayed(two_cases(), policy=WUHU, in_order=False)
    assert [case_id for case_id, _ in groupby(row.case_id for row in store.feed())] == ["c1", "c2"]
    _, store, _ = replayed(two_cases(), policy=WUHU, in_order=True)
    instants = [row.event.at_us for row in store.feed()]
    assert [row.case_id for row in store.feed()] == ["c1", "c2", "c1", "c2"]
    assert all(a <= b for a, b in pairwise(instants))


def test_cases_in_the_store_are_gone_on_with() -> None:
    """Into a store that holds events already every command goes through a desk."""
    rows = two_cases()
    with closing(SqliteStore("cases.db", synchronous="off")) as store:
        for part in (rows[:2], rows[2:]):
            summary = replay([written(part)], policy=WUHU, store=store)
            assert (summary.cases, summary.events, summary.rejected) == (2, 2, 0)
        assert [row.case_id for row in store.feed()] == ["c1", "c2", "c1", "c2"]
        assert verify(store).is_sound


def test_many_cases_come_in_several_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch is told of; where a row stops the replay, whole batches before it stand and nothing else."""
    monkeypatch.setattr("caseflow.interchange.log_replay.BATCH", 2)
    rows = [
        {"case_id": f"c{number}", "action": "submit", "at": (BEGIN + timedelta(hours=number)).isoformat()}
        for number in range(5)
    ]
    reports: list[tuple[int, int]] = []
    replay(
        [written(rows)], policy=WUHU, store=MemoryStore(),
        progress=lambda done, of: reports.append((done, of)),
    )  # fmt: skip
    assert reports == [(2, 5), (4, 5), (5, 5), (5, 5)]
    rows.append({"case_id": "c4", "action": "complete", "at": (BEGIN + timedelta(days=9)).isoformat()})
    store = MemoryStore()
    with pytest.raises(LogError, match="line 7"):
        replay([written(rows)], policy=WUHU, store=store)
    assert [head.case_id for head in store.heads()] == ["c0", "c1", "c2", "c3"]


def test_nobody_may_act_as_the_system_either_way() -> None:
    """A row that claims the system's role is refused, also when its case is there."""
    rows = [*two_cases(), {"case_id": "c1", "action": "note", "at": (BEGIN + timedelta(days=5)).isoformat(),
                           "actor": "x", "role": "system", "text": "t"}]  # fmt: skip
    for in_order in (False, True):
        summary, _, set_aside = replayed(rows, policy=WUHU, in_order=in_order)
        assert summary.rejected == 1
        assert "system" in set_aside


def test_another_zone_reads_local_times_by_the_day() -> None:
    """On days with a change of the clocks each time has its own offset; on others the day's."""
    times = {
        "2025-03-09T01:59:59": "2025-03-09T06:59:59", "2025-03-09T03:00:00": "2025-03-09T07:00:00",
        "2025-07-01": "2025-07-01T04:00:00", "20250701T013000.25": "2025-07-01T05:30:00.250000",
        "2025-11-02T01:30:00": "2025-11-02T05:30:00", "2025-11-02T02:00": "2025-11-02T07:00:00",
    }  # fmt: skip
    rows = [{"case_id": f"c{n}", "action": "submit", "at": text} for n, text in enumerate(times)]
    policy = attrs.evolve(WUHU, timezone="America/New_York")
    summary, store, _ = replayed(rows, policy=policy, in_order=False, timezone="America/New_York")
    assert summary.ambiguous_times == 1
    at = [store.events(f"c{n}")[0].at.isoformat().removesuffix("+00:00") for n in range(len(times))]
    assert at == list(times.values())
