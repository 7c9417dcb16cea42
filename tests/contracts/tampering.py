"""Five cases of which one is tampered with, and what every batch makes of the four others."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import caseflow
from caseflow import Actor, CaseflowError, Desk, ManualClock, MemoryStore, load_policy
from caseflow.audit.verify import verify
from caseflow.interchange import commands_csv, csv_tables, jsonl, xes
from caseflow.stores.copy import copy_cases
from tests.delivery.people import Kept, relay_of

START, LATE = "2025-03-03T09:30:00+08:00", "2025-03-20T09:30:00+08:00"
IDS = ("c0", "c1", "c2", "c3", "c4")
BAD = "c2"
GOOD = tuple(name for name in IDS if name != BAD)
UNIT, HELPER = "城管局", "水务局"
CITIZEN = Actor("c-17", role="citizen")
BOSS = Actor("s-1", role="importer")

LISTS: tuple[dict[str, Any], ...] = (
    {},
    {"unit": UNIT},
    {"unit": HELPER},
    {"state": "routed"},
    {"overdue": True},
)
WORST_GARBLED = ("id", "case_id", "unit", "body")

Said = dict[str, Any]
"""Batch -> what it made of the good cases."""


def rules(folder: Path, days: int) -> Any:
    """Rules under which a numbered document goes with the yellow card too."""
    text = Path(caseflow.__file__).parent.joinpath("policies/wuhu.toml").read_text(encoding="utf-8")
    rung = f'level = "yellow"\ndays = {days}\ndocument = "催办通知单"'
    text = text.replace('level = "yellow"\ndays = 5', rung)
    if days not in _loaded:
        path = folder / f"rules{days}.toml"
        path.write_text(text, encoding="utf-8")
        _loaded[days] = load_policy(path)
    return _loaded[days]


_loaded: dict[int, Any] = {}
"""Days -> the rules, which every store of the process has alike."""


def lived(store: Any, folder: Path) -> Desk:
    """Five cases with texts, a yellow card, its document and its notices; the bad one has its own policy."""
    clock = ManualClock(START)
    for name in IDS:
        desk = Desk(rules(folder, 4 if name == BAD else 5), store, clock=clock)
        desk.submit(title=f"t-{name}", body="三天了", to=UNIT, by=CITIZEN, case_id=name, key=f"k-{name}")
        desk.add_co_handler(name, co_handler=HELPER, by=BOSS)
    clock.advance(days=8)
    assert sorted(card.case_id for card in desk.sweep().cards) == list(IDS)
    return desk


def batches(desk: Desk) -> Said:
    """Every batch, once the red cards are due; only what they made of the good cases."""
    store: Any = desk.store
    said = dict[str, Any]()
    desk.clock.set(LATE)
    told = Kept()
    relay = relay_of(desk, told)
    relay.until_empty()
    desk.clock.advance(hours=2)
    relay.until_empty()
    said["relay"] = sorted(
        (one.notice.case_id, one.notice.level, one.person.id, one.text)
        for one in told.got
        if one.notice.case_id in GOOD
    )
    said["lists"] = [
        listed(desk, **query) for query in ({}, {"unit": UNIT}, {"state": "routed"}, {"overdue": True})
    ]
    swept = desk.sweep()
    said["sweep"] = sorted((card.case_id, card.level) for card in swept.cards if card.case_id in GOOD)
    assert {one.name for one in swept.quarantined}.isdisjoint(GOOD)
    assert not set(swept.conflicts) & set(GOOD)
    desk.sweep(shared=True, limit=3)
    load_many = getattr(store, "load_many", None)
    said["load"] = [
        case.version for name, case in sorted(load_many(IDS).items()) if name in GOOD
    ] if load_many else [store.load(name).version for name in GOOD]  # fmt: skip
    said["feed"] = [(one.case_id, one.version, one.event.name) for one in feed(store) if one.case_id in GOOD]
    said |= exports(store)
    faults = verify(store).faults if hasattr(store, "raw") else ()
    said["audit"] = {one.case_id for one in faults} & set(GOOD)
    aside = list(desk.quarantined())
    assert {one.name.partition("@")[0] for one in aside}.isdisjoint(GOOD)
    said["issued"] = [one.draft.case_id for one in store.issued("催办", 2025) if one.draft.case_id in GOOD]
    done = Desk(load_policy("wuhu"), store, clock=desk.clock).migrate_all(by=BOSS, reason="r", dry_run=True)
    said["migrate"] = done.migrated - (BAD not in {one.case_id for one in done.refused} and _is_read(store))
    return said


def _is_read(store: Any) -> bool:
    try:
        return store.load(BAD) is not None
    except CaseflowError:
        return False


def listed(desk: Desk, **query: Any) -> list[str]:
    """The good cases of a list of pages of two, each page whole but the last."""
    ids, cursor, pages = list[str](), "", 0
    while pages < 9:
        page = desk.cases(limit=2, cursor=cursor, **query)
        assert len(page) == 2 or not page.cursor
        assert {one.name for one in page.quarantined}.isdisjoint(GOOD)
        ids += [case.id for case in page]
        cursor, pages = page.cursor, pages + 1
        if not cursor:
            return [name for name in ids if name in GOOD]
    raise AssertionError("the list does not end")


def feed(store: Any) -> Iterator[Any]:
    """Every event."""
    after = 0
    while page := store.feed(after, limit=3):
        yield from page
        after = page[-1].position


def exports(store: Any) -> Said:
    """Every way out of a store, the files read again."""
    said = dict[str, Any]()
    table, log, lines, trace = io.StringIO(), io.StringIO(), io.StringIO(), io.StringIO()
    whole = csv_tables.write_csv(store, table)
    assert whole.newer == 0
    said["csv"] = [(row["case_id"], row["event"]) for row in csv.DictReader(io.StringIO(table.getvalue()))
                   if row["case_id"] in GOOD]  # fmt: skip
    commands_csv.write_commands(store, log, with_texts=True)
    said["replay"] = [row for row in csv.DictReader(io.StringIO(log.getvalue())) if row["case_id"] in GOOD]
    xes.write_xes(store, trace)
    space = "{http://www.xes-standard.org/}"
    traces = ElementTree.fromstring(trace.getvalue()).iter(f"{space}trace")
    names = [node.find(f"{space}string") for node in traces]
    said["xes"] = [node.get("value") for node in names if node is not None and node.get("value") in GOOD]
    if not hasattr(store, "kept"):
        return said
    jsonl.write(store, lines)
    said["jsonl"] = [
        (line["case"], line["events"], line["texts"], [row["notice"] for row in line["notices"]])
        for line in map(json.loads, lines.getvalue().splitlines()) if line.get("case") in GOOD
    ]  # fmt: skip
    target = MemoryStore()
    copy_cases(store, target)
    said["copy"] = [head.case_id for head in target.heads() if head.case_id in GOOD]
    return said


# -- ways to tamper ------------------------------------------------------------------------------------------

TEXTS = ("", "{", "null", "[]", "x" * 230, '{"a": 1}')
GARBLED = "garbled"
INTS = (-5, 0, 3, 1 << 62)
LATER = b'{"event":"submitted","at":1,"by":["a","citizen",""],"mood":"good"}'
BLOBS = (b"", b"{", b"null", b"[" * 5_000, b"\xff\xfe", LATER)

COLUMNS: dict[str, tuple[str, dict[str, tuple[Any, ...]]]] = {
    "cases": ("id", {
        "id": TEXTS, "state": TEXTS, "unit": TEXTS, "citizen": TEXTS, "snapshot": BLOBS, "head": BLOBS[:1],
        "version": INTS, "next_due": (*INTS, None), "due_order": INTS, "deadline": (*INTS, None),
        "waits": INTS, "level": TEXTS, "submitted": INTS, "kind": TEXTS, "region": TEXTS, "pin": TEXTS,
    }),
    "helpers": ("case_id", {
        "case_id": TEXTS, "unit": TEXTS, "due_order": INTS, "deadline": (*INTS, None), "submitted": INTS,
    }),
    "events": ("case_id", {
        "body": BLOBS, "hash": BLOBS[:1], "version": (-5, 1 << 62), "case_id": TEXTS,
        "position": (-5, 1 << 62),
    }),
    "texts": ("case_id", {"fields": TEXTS, "version": INTS, "case_id": TEXTS}),
    "keys": ("case_id", {"case_id": TEXTS, "digest": TEXTS, "first_version": INTS, "last_version": INTS}),
    "notices": ("case_id", {
        "body": TEXTS, "topic": TEXTS, "level": TEXTS, "role": TEXTS, "unit": TEXTS, "channel": TEXTS,
        "status": TEXTS, "corrects": TEXTS, "token": TEXTS, "case_id": TEXTS, "at_us": INTS, "version": INTS,
        "attempts": INTS, "next_try": INTS, "lease_end": INTS, "told": INTS, "error": TEXTS,
        "merged_into": TEXTS, "reached": TEXTS,
    }),
    "documents": ("case_id", {
        "body": TEXTS, "series": TEXTS, "case_id": TEXTS, "year": INTS, "number": INTS[:2], "version": INTS,
        "voided": INTS, "void_reason": TEXTS,
    }),
    "policies": ("pin", {"document": TEXTS, "pin": TEXTS}),
}  # fmt: skip
"""Table -> the column that names the case, and what is written into each column of one row of the bad one."""

Statement = tuple[str, tuple[Any, ...]]
"""What tampers, its values marked ``?``."""


def statements(*, garbled: bool) -> Iterator[tuple[str, Statement, bool]]:
    """A name for each way to tamper, the statement that does it, and whether it should run each time.

    Args:
        garbled: with texts that are no UTF-8, which SQLite alone can hold.
    """
    for table, (key, columns) in COLUMNS.items():
        for column, values in columns.items():
            for place, value in enumerate(values):
                named = f"{table}.{column}={value!r:.12}"
                yield named, (_update(table, key, column, "?"), (value, BAD)), place == 1
            if garbled and isinstance(values[0], str):
                sql = _update(table, key, column, "CAST(x'63ff' AS TEXT)")
                yield (
                    f"{table}.{column}={GARBLED}",
                    (sql, (BAD,)),
                    column in ("id", "case_id", "unit", "body"),
                )
        yield f"{table} gone", (_where(f"DELETE FROM caseflow_{table}", table, key), (BAD,)), True


def tampered(statement: Statement, pin: str) -> Statement:
    """The statement with the policy's hash where it speaks of the bad case's policy."""
    sql, values = statement
    return sql, tuple(pin if value == BAD and "caseflow_policies" in sql else value for value in values)


def _update(table: str, key: str, column: str, value: str) -> str:
    return _where(f"UPDATE caseflow_{table} SET {column} = {value}", table, key)


def _where(sql: str, table: str, key: str) -> str:
    """One row of the bad case: its first; of policies the one that it alone pins."""
    if table == "policies":
        return f"{sql} WHERE pin = ?"
    if table in ("cases", "keys", "helpers", "titles"):
        return f"{sql} WHERE {key} = ?"
    order = {"events": "version = 1", "texts": "version = 1"}.get(table)
    if order is None:
        first = f"SELECT min(position) p FROM caseflow_{table} WHERE case_id = '{BAD}'"
        order = f"position = (SELECT p FROM ({first}) x)"
    return f"{sql} WHERE {key} = ? AND {order}"
