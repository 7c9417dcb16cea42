"""Exports: jsonl comes back to the byte, csv opens in a spreadsheet, xes is read by a mining tool."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings

from caseflow import Actor, Desk, LogError, ManualClock, MemoryStore, SqliteStore, StoreError, load_policy
from caseflow.audit.verify import verify
from caseflow.cli import run
from caseflow.core.model.evolve import evolve
from caseflow.core.time.instants import moment
from caseflow.interchange import commands_csv, csv_tables, importer, jsonl, pagination, replay, xes
from caseflow.interchange.cells import safe_cell
from caseflow.ports import Append
from caseflow.serialization.codec import decode
from caseflow.stores.locations import open_store
from tests.audit.lived import CITIZEN, COORDINATOR, OFFICER, SUPERVISOR, live
from tests.laws.histories import Step, World, steps

UNKNOWN = b'{"event":"teleported","at":1751000000000001,"by":["x-1","o",""],\n "where":{"moon":[1,2.50]} }'


def lived() -> MemoryStore:
    store = MemoryStore()
    live(store)
    return store


def exported(store: Any, path: Path = Path("all.jsonl"), **options: Any) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        jsonl.write(store, file, **options)
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_same(store: Any, other: Any) -> None:
    """Cases, chains, texts, notices but for their positions, documents, keys and policies are the same."""
    heads = store.heads()
    assert other.heads() == heads
    for head in heads:
        ours, copied = store.kept(head.case_id), other.kept(head.case_id)
        assert (ours.case, ours.links, ours.texts) == (copied.case, copied.links, copied.texts)
        assert told(ours) == told(copied)
        assert ours.documents == copied.documents
    assert store.keys() == other.keys()
    assert set(store.pins()) <= set(other.pins())


def told(kept: Any) -> list[Any]:
    return [posted.replace(position=0) for posted in kept.notices]


def test_jsonl_comes_back_to_the_byte() -> None:
    """Cases, chains, texts, notices, documents, keys and policies are the same; the audit finds it sound."""
    store = lived()
    with closing(SqliteStore("other.db", synchronous="off")) as other:
        path = exported(store)
        done = importer.read(path, other)
        assert (done.cases, done.keys, done.unchanged) == (3, 4, 0)
        assert done.events == len(store.feed())
        assert done.position == store.feed()[-1].position
        assert_same(store, other)
        assert verify(other).is_sound
        again = importer.read(path, other)
        assert (again.cases, again.events, again.unchanged) == (0, 0, 3)
        assert verify(other).is_sound


@pytest.mark.soak
@settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(steps(14))
def test_any_history_makes_the_round_trip(history: list[Step]) -> None:
    """Merges, backdated facts, annulled cards and adopted calendars included."""
    world = World().run(history).finish()
    other = MemoryStore()
    importer.read(exported(world.store), other)
    assert_same(world.store, other)


@pytest.mark.parametrize("separators", [(", ", ": "), (",", ":")])
def test_lines_written_anew_by_another_program_are_read(separators: tuple[str, str]) -> None:
    """With spaces, escaped characters and other line ends it is the same; keys keep their order."""
    store, other = lived(), MemoryStore()
    path = exported(store)
    objects = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    anew = [json.dumps(line, separators=separators) + "\r\n" for line in objects]
    path.write_text("".join(anew), encoding="utf-8", newline="")
    importer.read(path, other)
    assert_same(store, other)


def test_an_unknown_event_keeps_its_bytes() -> None:
    """An event of a later version, in whatever form its bytes are, comes through."""
    store, other = lived(), MemoryStore()
    case = store.load("a0")
    assert case is not None
    event = decode(UNKNOWN)
    store.append([Append(evolve(case, event), case.version, (event,))])
    importer.read(exported(store), other)
    assert_same(store, other)
    assert other.links("a0")[-1].body == UNKNOWN


def spoil(lines: list[str], what: str) -> int:
    """Break the file in the named way; the number of the line that is to be named."""
    at = next(index for index, line in enumerate(lines) if '"case":"a2"' in line)
    last = len(lines) - 1
    match what:
        case "a changed event":
            lines[at] = lines[at].replace('"yellow"', '"yelloh"', 1)
        case "a changed text":
            lines[at] = lines[at].replace("不亮", "很亮")
        case "a text of no event":
            lines[at] = lines[at].replace('"texts":[[1,', '"texts":[[99,')
        case "a text of another field":
            lines[at] = lines[at].replace(',"title","', ',"body","')
        case "a case twice":
            lines.insert(at, lines[at])
            return at + 2
        case "a case without events":
            lines[at] = '{"case":"a2","events":[],"head":""}'
        case "a case of one part":
            lines[at] = '{"case":"a2"}'
        case "no JSON":
            lines[at] = "{oops"
        case "a list":
            lines[at] = "[]"
        case "an object of no kind":
            lines[at] = '{"hello":1}'
        case "a second header":
            lines[at] = lines[0]
        case "another policy under the pin":
            lines[1] = lines[1].replace('"returns":3', '"returns":9')
            return 2
        case "a missing case":
            del lines[at]
            return last
        case "no end":
            del lines[last]
            return last
        case "a line after the end":
            lines.append(lines[at])
            return last + 2
        case "another header":
            lines[0] = lines[0].replace('"format":1', '"format":2')
            return 1
        case "no file of ours":
            lines[:] = ["case_id,action,at"]
            return 1
        case "nothing":
            lines.clear()
            return 1
    return at + 1


SPOILT = {
    "a changed event": "export-broken",
    "a changed text": "export-text",
    "a text of no event": "export-text",
    "a text of another field": "export-text",
    "a case twice": "export-twice",
    "a case without events": "export-line",
    "a case of one part": "export-line",
    "no JSON": "export-line",
    "a list": "export-line",
    "an object of no kind": "export-line",
    "a second header": "export-line",
    "another policy under the pin": "export-policy",
    "a missing case": "export-cut",
    "no end": "export-cut",
    "a line after the end": "export-line",
    "another header": "export-header",
    "no file of ours": "export-header",
    "nothing": "export-cut",
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_file_is_refused_with_its_line(what: str) -> None:
    """Nothing of it is written, not even what comes before the line; no store is made for it."""
    path = exported(lived())
    lines = path.read_text(encoding="utf-8").splitlines()
    number = spoil(lines, what)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    other = MemoryStore()
    with pytest.raises(LogError) as refused:
        importer.read(path, other)
    assert (refused.value.code, refused.value.data["line"]) == (SPOILT[what], number)
    assert refused.value.text("zh").startswith(f"all.jsonl 第 {number} 行：")
    assert (other.heads(), other.pins()) == ((), ())
    assert run(["import", "all.jsonl", "--store", "sqlite:///new.db"]) == 3
    assert not Path("new.db").exists()


def test_a_case_that_went_on_otherwise_is_refused() -> None:
    """An import never overwrites another history of the same case, be it as long, longer or shorter."""
    store = lived()
    path = exported(lived())  # its salts, and so its hashes, are others
    with pytest.raises(StoreError) as refused:
        importer.read(path, store)
    assert refused.value.code == "store-diverged"
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-06-01T00:00:00+08:00"))
    for case_id in ("a0", "a1", "a2"):
        desk.note(case_id, text="more", by=COORDINATOR)
    with pytest.raises(StoreError):
        importer.read(path, store)
    with pytest.raises(StoreError):
        importer.read(exported(store, Path("other.jsonl")), _filled(path))


def _filled(path: Path) -> MemoryStore:
    other = MemoryStore()
    importer.read(path, other)
    return other


def test_an_older_file_changes_nothing_and_a_newer_one_goes_on() -> None:
    """What the store is ahead of is there already; what the file is ahead of is brought up to it."""
    store, other = MemoryStore(), MemoryStore()
    desk = live(store)
    old = exported(store, Path("old.jsonl"))
    desk.reply("a2", text="第二次", by=COORDINATOR)
    desk.submit(title="新的", to="住建局", by=CITIZEN, case_id="b")
    importer.read(exported(store, Path("new.jsonl")), other)
    assert importer.read(old, other).unchanged == 3
    assert_same(store, other)
    late = _filled(old)
    done = importer.read(Path("new.jsonl"), late)
    assert (done.cases, done.events, done.unchanged) == (2, 2, 2)
    assert_same(store, late)


def test_only_what_has_changed_since_a_position_can_be_exported() -> None:
    """Cases with an event after it, whole, and their keys; the position to go on after is told each time."""
    store, other = MemoryStore(), MemoryStore()
    desk = live(store)
    first = importer.read(exported(store), other)
    desk.reply("a2", text="第二次", by=COORDINATOR, key="r2")
    path = exported(store, since=first.position)
    assert [line[:12] for line in path.read_text(encoding="utf-8").splitlines()] == [
        '{"caseflow":', f'{{"policy":"{desk.rules.pin[0]}', '{"key":["c-1', '{"key":["d-1',
        '{"case":"a2"', '{"end":{"cas',
    ]  # fmt: skip
    done = importer.read(path, other)
    assert (done.cases, done.events, done.keys, done.position) == (1, 1, 2, first.position + 1)
    assert_same(store, other)
    assert importer.read(exported(store, since=done.position), other).cases == 0


@pytest.mark.parametrize("events", [0, 1, 2, 3, 4, 7, 8, 9, 100])
@pytest.mark.parametrize("after", [0, 1, 5])
def test_the_newest_position_is_found_by_halves(events: int, after: int) -> None:
    """However many events there are, and whatever it is looked for after."""
    store = MemoryStore()
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    for number in range(events):
        desk.submit(title="t", by=CITIZEN, case_id=f"c{number}")
    assert pagination.newest_position(store, after) == max(after, events)


def test_texts_can_be_left_out() -> None:
    """Without texts no text and no salt is in the file; the histories are whole all the same."""
    store, other = lived(), MemoryStore()
    path = exported(store, with_texts=False)
    whole = path.read_text(encoding="utf-8")
    assert not any(
        text.text in whole or text.salt in whole for name in ("a0", "a1", "a2") for text in store.texts(name)
    )
    importer.read(path, other)
    assert other.heads() == store.heads()
    assert other.texts("a1") == ()
    importer.read(exported(store), other)  # they may follow later
    assert_same(store, other)


def test_a_file_without_texts_takes_none_away_but_those_redacted_since() -> None:
    """Histories go on, and texts that are there stay."""
    store = MemoryStore()
    desk = live(store)
    other = _filled(exported(store))
    desk.note("a1", text="a note", by=COORDINATOR)
    desk.redact("a2", fields=("title",), basis="b", reason="r", by=SUPERVISOR)
    importer.read(exported(store, with_texts=False), other)
    assert other.heads() == store.heads()
    assert [t.field for t in other.texts("a1")] == [t.field for t in store.texts("a1") if t.text != "a note"]
    assert [t.field for t in other.texts("a2")] == ["body"]


def test_a_broken_off_import_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between transactions cases are there whole or not at all."""
    monkeypatch.setattr("caseflow.interchange.importer.BATCH", 2)
    store, other = MemoryStore(), MemoryStore()
    live(store, cases=9)
    path = exported(store)

    def give_up(cases: int) -> None:
        if cases == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importer.read(path, other, progress=give_up)
    assert other.heads() == store.heads()[:4]
    assert importer.read(path, other).unchanged == 4
    assert_same(store, other)


# -- commands, to be replayed ------------------------------------------------------------------------------


def commands_of(store: Any, **options: Any) -> str:
    out = io.StringIO(newline="")
    commands_csv.write_commands(store, out, **options)
    return out.getvalue()


@settings(
    max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(steps(14))
def test_commands_replayed_bring_the_same_cards(history: list[Step]) -> None:
    """Under the same policy; without texts as well, for which a sign stands."""
    world = World().run([step for step in history if step.action != "migrate"])
    for with_texts in (True, False):
        text = commands_of(world.store, with_texts=with_texts, guarded=False)
        Path("log.csv").write_text(text, encoding="utf-8")
        again = MemoryStore()
        end = moment(world.clock.now_us())
        replay([Path("log.csv")], policy=world.desk.rules.policy, store=again, as_of=end)
        world.desk.sweep()
        assert standing(world.store) == standing(again)


def standing(store: Any) -> list[object]:
    cases = [store.load(head.case_id) for head in store.heads()]
    return [
        (case.id, case.state, case.unit,
         {(c.level, c.clock, c.subject, c.cycle, c.effective_us) for c in case.escalations if c.stands})
        for case in cases
    ]  # fmt: skip


def test_cells_that_look_like_formulas_are_guarded() -> None:
    """Unless it is asked for raw; a text that is withheld is an ellipsis, and one redacted as well."""
    store = MemoryStore()
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="路灯\n不亮 😀", body="=1+1", to="城管局", by=CITIZEN, case_id="=cmd")
    (row,) = csv.DictReader(io.StringIO(commands_of(store, with_texts=True), newline=""))
    assert (row["case_id"], row["body"], row["title"], row["to"]) == (
        "'=cmd", "'=1+1", "路灯\n不亮 😀", "城管局",
    )  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(commands_of(store, guarded=False), newline=""))
    assert (row["case_id"], row["body"], row["at"]) == ("=cmd", "…", "2025-03-03T09:30:00+08:00")
    desk.redact("=cmd", fields=("body",), basis="b", reason="r", by=SUPERVISOR)
    row = next(csv.DictReader(io.StringIO(commands_of(store, with_texts=True), newline="")))
    assert (row["body"], row["title"]) == ("…", "路灯\n不亮 😀")


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", "=", "+", "-", "@", "﹦", "﹢", "﹣", "﹫"]
)
def test_every_sign_that_begins_a_formula_is_guarded(sign: str) -> None:
    """Full-width and small forms as well; a sign within a text is left alone, and so is an empty cell."""
    assert safe_cell(f"{sign}1+1") == f"'{sign}1+1"
    assert (safe_cell(f"1{sign}1"), safe_cell("")) == (f"1{sign}1", "")


# -- CSV and XES -------------------------------------------------------------------------------------------


def test_csv_is_the_feed_without_texts() -> None:
    """A row an event in the feed's order; times in the zone; nothing a spreadsheet runs; no personal text."""
    desk = live(store := MemoryStore())
    desk.submit(title="t", by=OFFICER.__class__("d-1", role="coordinator"), case_id="=1+1")
    out = io.StringIO()
    assert csv_tables.write_csv(store, out, zone="Asia/Shanghai").count == len(store.feed())
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert tuple(rows[0]) == csv_tables.COLUMNS
    assert (rows[0]["case_id"], rows[0]["event"], rows[0]["at"]) == (
        "a0",
        "submitted",
        "2025-03-03T09:30:00+08:00",
    )
    assert rows[-1]["case_id"] == "'=1+1"
    assert [int(row["position"]) for row in rows] == [recorded.position for recorded in store.feed()]
    assert not any(text.text in out.getvalue() for text in store.texts("a1"))
    later = io.StringIO()
    assert csv_tables.write_csv(store, later, since=int(rows[3]["position"])).count == len(rows) - 4


def test_xes_is_well_formed() -> None:
    """A trace a case and an event an event, instants with offsets, signs that XML cannot carry replaced."""
    store = lived()
    out = io.StringIO()
    assert xes.write_xes(store, out, zone="Asia/Shanghai").count == 3
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


@pytest.mark.skipif(
    find_spec("pm4py") is None and "CASEFLOW_NEEDS_PM4PY" not in os.environ,
    reason="pm4py is not installed; `make mining` installs it and runs this",
)
@pytest.mark.filterwarnings("ignore")  # pm4py's own, and its libraries'
def test_a_mining_tool_reads_it(tmp_path: Path) -> None:
    """pm4py reads the XES with every case, event, activity, unit and instant, and finds the ways through."""
    import pm4py

    store = lived()
    path = tmp_path / "log.xes"
    with path.open("w", encoding="utf-8") as file:
        xes.write_xes(store, file)
    frame = pm4py.read_xes(str(path))
    assert len(frame) == len(store.feed())
    assert set(frame["case:concept:name"]) == {"a0", "a1", "a2"}
    first = frame[frame["case:concept:name"] == "a0"].iloc[0]
    assert (first["concept:name"], first["time:timestamp"].isoformat(), first["org:group"]) == (
        "submitted",
        "2025-03-03T01:30:00+00:00",
        "城管局",
    )
    ways, starts, ends = pm4py.discover_dfg(frame)
    assert starts == {"submitted": 3}
    assert ways["reminded reminder", "card-issued yellow"] == 3  # a1 was replied to after its card
    assert sum(ends.values()) == 3


def test_a_trace_stands_in_the_order_of_time() -> None:
    """A reply recorded late comes where it took effect; units are those that held the case."""
    store = lived()
    out = io.StringIO()
    xes.write_xes(store, out, zone="Asia/Shanghai")
    space = "{http://www.xes-standard.org/}"
    trace = ElementTree.fromstring(out.getvalue()).findall(f"{space}trace")[1]
    events = [
        {part.attrib["key"]: part.attrib["value"] for part in event} for event in trace.iter(f"{space}event")
    ]
    whens = [event["time:timestamp"] for event in events]
    assert whens == sorted(whens)
    assert [event["concept:name"] for event in events][:2] == ["submitted", "replied"]
    assert {event["org:group"] for event in events} == {"城管局"}


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
    assert capsys.readouterr().out == (
        "3 cases and 4 keys written; go on with --since 22\n"
        "3 cases with 22 events and 4 keys taken over; 0 cases were there\n"
    )
    assert run(["import", "all.jsonl", "--store", "sqlite:///new.db", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "cases": 0, "events": 0, "unchanged": 3, "keys": 4, "position": 22,
    }  # fmt: skip
    assert run(["export", *url, "--format", "replay", "--with-texts", "--bom", "--out", "replay.csv"]) == 0
    assert run(["replay", "replay.csv", "--policy", "wuhu"]) == 0
    assert run(["export", *url, "--format", "xes", "--since", "3"]) == 2
    assert run(["export", *url, "--bom"]) == 2
    assert run(["export", "--store", "sqlite:///none.db"]) == 5
    assert run(["audit", "verify", "--store", "sqlite:///new.db"]) == 0
    assert run(["export", *url, "--format", "csv", "--bom", "--out", "log.csv"]) == 0
    assert Path("log.csv").read_bytes().startswith(b"\xef\xbb\xbfposition,")
    assert run(["import", "log.csv", "--store", "sqlite:///new.db"]) == 3  # a table is for other readers
    capsys.readouterr()
    assert run(["export", *url, "--lang", "zh"]) == 0
    printed = capsys.readouterr()
    assert (json.loads(printed.out.splitlines()[0])["caseflow"], printed.err) == (
        "store",
        "已写出 3 件案件、4 个幂等键；下次用 --since 22 继续\n",
    )


def test_a_file_without_the_policies_of_its_cases_is_refused() -> None:
    """Nothing could be swept of them; a store that holds the policy takes the file."""
    store = lived()
    path = exported(store)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith('{"policy"')), encoding="utf-8")
    other = MemoryStore()
    with pytest.raises(LogError, match="neither file nor store"):
        importer.read(path, other)
    assert other.heads() == ()
    for pin in store.pins():
        document = store.pinned(pin)
        assert document is not None
        other.pin(pin, document)
    assert importer.read(path, other).cases == 3


def test_a_policy_that_comes_while_it_is_written_is_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk with other rules submits during the export: its case comes with the policy it pins."""
    store = lived()
    other_rules = load_policy(Path(__file__).parents[1] / "testing_kit" / "closing.toml")
    kept = type(store).kept

    def meanwhile(self: Any, case_id: str) -> Any:
        if case_id == "a0":
            desk = Desk(other_rules, store, clock=ManualClock("2025-06-02T09:00:00+08:00"))
            role = next(iter(other_rules.actions["submit"].roles))
            desk.submit(title="t", by=Actor("x-1", role=role), case_id="z9", key="k9")
        return kept(self, case_id)

    ids = [head.case_id for head in store.heads()]
    path, out = Path("live.jsonl"), io.StringIO()
    with monkeypatch.context() as while_it_is_written:
        while_it_is_written.setattr(type(store), "kept", meanwhile)
        jsonl.write(store, out)
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    into = MemoryStore()
    importer.read(path, into)
    assert [head.case_id for head in into.heads()] == [*ids, "z9"]
    assert all(
        into.pinned(case.origin.policy_hash) for head in into.heads() if (case := into.load(head.case_id))
    )
    claims = into.keys()
    assert all(claim.last <= len(into.links(claim.case_id)) for claim in claims)


def test_a_file_that_goes_too_deep_is_refused() -> None:
    """JSON within JSON without end is told with its line, like anything else that is no event."""
    path = exported(lived())
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.startswith('{"case"'))
    lines[at] = lines[at].replace('{"event"', "{" + "[" * 100_000 + '{"event"', 1)
    path.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(LogError) as refused:
        importer.read(path, MemoryStore())
    assert (refused.value.code, refused.value.data["line"]) == ("export-line", at + 1)


def test_odd_ids_and_long_events_come_through() -> None:
    """Ids that a spreadsheet would run or XML would escape, and an event of 150,000 characters."""
    store, other = MemoryStore(), MemoryStore()
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    for case_id in ("=1+1", "'=1+1", "''", "-", "<案&件>"):
        desk.submit(title="t", to="城管局", by=CITIZEN, case_id=case_id)
    body = f'{{"event":"later","at":1751000000000001,"by":["x-1","o",""],"long":"{"长" * 150_000}"}}'
    case, event = desk.get("-"), decode(body.encode())
    store.append([Append(evolve(case, event), case.version, (event,))])
    importer.read(exported(store), other)
    assert_same(store, other)


def test_half_a_pair_in_an_event_of_a_later_version_comes_through() -> None:
    """Escaped it is JSON, and no text that a file could hold as it is."""
    store, other = lived(), MemoryStore()
    case, event = store.load("a0"), decode(b'{"event":"later","at":5,"by":["x","o",""],"odd":"\\ud83d"}')
    assert case is not None
    store.append([Append(evolve(case, event), case.version, (event,))])
    importer.read(exported(store), other)
    assert_same(store, other)


def test_a_key_of_other_types_is_refused_before_anything_is_written() -> None:
    """The check sees it, and not the writing after some cases."""
    store, other = lived(), MemoryStore()
    path = exported(store)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.startswith('{"key"'))
    lines[at] = '{"key":[1,["x"],"d","a0",1,1]}\n'
    path.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(LogError, match=f"line {at + 1}"):
        importer.read(path, other)
    assert other.heads() == ()


@pytest.mark.parametrize("url", ["sqlite:///cases.db", "sqlite+pysqlite:///cases.db"])
@pytest.mark.parametrize(("column", "kind"), [("fields", "jsonl"), ("body", "jsonl"), ("body", "csv")])
def test_a_row_that_was_tampered_with_ends_no_export_in_a_traceback(
    url: str, column: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be read is named and the rest written, with the exit code of something found."""
    with closing(open_store(url)) as store:
        live(store)
    with closing(sqlite3.connect("cases.db")) as file, file:
        table, bracket = ("texts", "'['") if column == "fields" else ("events", "X'5B'")
        file.execute(f"UPDATE caseflow_{table} SET {column} = {bracket} WHERE version = 1")
    assert run(["export", "--store", url, "--format", kind, "--out", "out"]) == 1
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert all(f"{name}{'@1' if kind == 'csv' else ':'}" in said.out for name in ("a0", "a1", "a2"))
