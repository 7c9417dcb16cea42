"""Exports: jsonl comes back to the byte, csv opens in a spreadsheet, xes is read by a mining tool."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from caseflow import LogError, MemoryStore, SqliteStore, StoreError
from caseflow.audit.verifying import verify
from caseflow.cli import run
from caseflow.exits import jsonl, tables, xes
from tests.audit.lived import OFFICER, live


def lived() -> MemoryStore:
    store = MemoryStore()
    live(store)
    return store


def exported(store: MemoryStore, *, with_texts: bool = True) -> list[str]:
    out = io.StringIO()
    assert jsonl.write(store, out, with_texts=with_texts) == 3
    return out.getvalue().splitlines(keepends=True)


def test_jsonl_comes_back_to_the_byte(tmp_path: Path) -> None:
    """Cases, chains, texts, notices, documents, keys and policies are the same in another store."""
    store = lived()
    with closing(SqliteStore(tmp_path / "other.db", synchronous="off")) as other:
        done = jsonl.read(exported(store), other)
        assert (done.cases, done.keys) == (3, 4)
        for head in store.heads():
            ours, theirs = store.kept(head.case_id), other.kept(head.case_id)
            assert ours is not None and theirs is not None
            assert (ours.case, ours.links, ours.texts) == (theirs.case, theirs.links, theirs.texts)
            assert [p.replace(position=0) for p in ours.notices] == [
                p.replace(position=0) for p in theirs.notices
            ]
            assert ours.documents == theirs.documents
        assert store.keys() == other.keys()
        assert verify(other).is_sound
        assert jsonl.read(exported(store), other).cases == 3  # again: nothing changes
        assert verify(other).is_sound


def test_a_changed_line_is_refused_by_its_number() -> None:
    """A history that does not fit its hash, a broken line and a foreign file are told with file and line."""
    lines = exported(lived())
    spoilt = [line.replace('"yellow"', '"yelloh"') if '"case":"a2"' in line else line for line in lines]
    place = next(number for number, line in enumerate(lines, 1) if '"case":"a2"' in line)
    for given, line in (
        (spoilt, place),
        ([*lines[:2], "{oops\n"], 3),
        (['{"a":1}\n'], 1),
        ([lines[0], '{"a":1}\n'], 2),
    ):
        with pytest.raises(LogError) as refused:
            jsonl.read(given, MemoryStore(), name="log.jsonl")
        assert refused.value.text("en").startswith(f"log.jsonl, line {line}: ")


def test_a_case_that_went_on_otherwise_is_refused() -> None:
    """An import never overwrites another history of the same case."""
    store, lines = lived(), exported(lived())
    with pytest.raises(StoreError) as refused:
        jsonl.read(lines, store)  # its salts, and so its hashes, are others
    assert refused.value.code == "store-diverged"


def test_texts_can_be_left_out() -> None:
    """Without texts no text and no salt is in the file; the histories are whole all the same."""
    store = lived()
    whole = "".join(exported(store, with_texts=False))
    assert not any(
        text.text in whole or text.salt in whole for name in ("a0", "a1", "a2") for text in store.texts(name)
    )
    other = MemoryStore()
    jsonl.read(whole.splitlines(), other)
    assert other.heads() == store.heads()


def test_csv_is_the_feed_without_texts() -> None:
    """A row an event in the feed's order; times in the zone; nothing a spreadsheet runs; no personal text."""
    desk = live(store := MemoryStore())
    desk.submit(title="t", by=OFFICER.__class__("d-1", role="dispatcher"), case_id="=1+1")
    out = io.StringIO()
    assert tables.write_csv(store, out, zone="Asia/Shanghai") == len(store.feed())
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert tuple(rows[0]) == tables.COLUMNS
    assert (rows[0]["case_id"], rows[0]["event"], rows[0]["at"]) == (
        "a0",
        "submitted",
        "2025-03-03T09:30:00+08:00",
    )
    assert rows[-1]["case_id"] == "'=1+1"
    assert [int(row["position"]) for row in rows] == [recorded.position for recorded in store.feed()]
    assert not any(text.text in out.getvalue() for text in store.texts("a1"))
    later = io.StringIO()
    assert tables.write_csv(store, later, since=int(rows[3]["position"])) == len(rows) - 4


def test_xes_is_well_formed() -> None:
    """A trace a case and an event an event, instants with offsets, signs that XML cannot carry replaced."""
    store = lived()
    out = io.StringIO()
    assert xes.write_xes(store, out, zone="Asia/Shanghai") == 3
    root = ElementTree.fromstring(out.getvalue())
    space = "{http://www.xes-standard.org/}"
    traces = root.findall(f"{space}trace")
    assert sum(len(trace.findall(f"{space}event")) for trace in traces) == len(store.feed())
    whens = [
        date.get("value", "") for event in root.iter(f"{space}event") for date in event.iter(f"{space}date")
    ]
    assert whens[0] == "2025-03-03T09:30:00.000+08:00"
    assert "card-issued yellow" in out.getvalue()
    assert (
        xes._string("concept:name", 'a"<&\x00\n', 0)
        == '<string key="concept:name" value=\'a"&lt;&amp;\ufffd&#10;\'/>\n'
    )


def test_a_mining_tool_reads_it(tmp_path: Path) -> None:
    """pm4py reads the XES with every case, event, activity and instant."""
    pm4py = pytest.importorskip(
        "pm4py", reason="pm4py is not installed; `make mining` installs it and runs this"
    )
    store = lived()
    path = tmp_path / "log.xes"
    with path.open("w", encoding="utf-8") as file:
        xes.write_xes(store, file)
    frame = pm4py.read_xes(str(path))
    assert len(frame) == len(store.feed())
    assert set(frame["case:concept:name"]) == {"a0", "a1", "a2"}
    first = frame[frame["case:concept:name"] == "a0"].iloc[0]
    assert (first["concept:name"], first["time:timestamp"].isoformat()) == (
        "submitted",
        "2025-03-03T01:30:00+00:00",
    )


def test_the_command_line_goes_there_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Export to a new file, import into a new store, and the audit finds it sound; nothing is overwritten."""
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore("cases.db", synchronous="off")) as store:
        live(store)
    url = ["--store", "sqlite:///cases.db"]
    assert run(["export", *url, "--out", "all.jsonl"]) == 0
    assert run(["export", *url, "--out", "all.jsonl"]) == 3
    assert run(["import", "all.jsonl", "--store", "sqlite:///new.db"]) == 0
    assert capsys.readouterr().out == "3 cases written\n3 cases and 4 keys taken over\n"
    assert run(["audit", "verify", "--store", "sqlite:///new.db"]) == 0
    assert run(["export", *url, "--format", "csv", "--bom", "--out", "log.csv"]) == 0
    assert Path("log.csv").read_bytes().startswith(b"\xef\xbb\xbfposition,")
    assert run(["import", "log.csv", "--store", "sqlite:///new.db"]) == 3
    capsys.readouterr()
    assert run(["export", *url, "--lang", "zh"]) == 0
    printed = capsys.readouterr()
    assert (json.loads(printed.out.splitlines()[0])["caseflow"], printed.err) == (
        "store",
        "已写出 3 件案件\n",
    )
