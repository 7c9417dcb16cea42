"""Tables and XES logs written whole: they come back to the byte; a spoilt one is refused with its line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings

from caseflow import Desk, LogError, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.cli import run
from caseflow.codec import decode
from caseflow.core.evolve import evolve
from caseflow.exits import importing, tables, xes
from caseflow.ports import Append
from tests.audit.lived import CITIZEN, live
from tests.laws.histories import Step, World, steps

UNKNOWN = b'{"event":"teleported","at":1751000000000001,"by":["x-1","o",""],\n "where":{"moon":[1,2.50]} }'
FORMATS = ("csv", "xes")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    """Three cases with texts, cards, notices, documents and keys."""
    store = MemoryStore()
    live(store)
    return store


def written(store: Any, kind: str) -> Path:
    out = io.StringIO()
    if kind == "csv":
        tables.write_whole_csv(store, out, zone="Asia/Shanghai")
    else:
        xes.write_xes(store, out, zone="Asia/Shanghai", whole=True)
    path = Path(f"whole.{kind}")
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    return path


def assert_same_log(store: Any, other: Any) -> None:
    """Cases, events and chains are the same to the byte, and the rules they pin are there."""
    assert other.heads() == store.heads()
    for head in store.heads():
        ours, theirs = store.kept(head.case_id), other.kept(head.case_id)
        assert (ours.case, ours.links) == (theirs.case, theirs.links)
    assert set(store.pins()) <= set(other.pins())


@pytest.mark.parametrize("kind", FORMATS)
def test_the_log_comes_back_to_the_byte(store: MemoryStore, kind: str) -> None:
    """Into a file store; texts stay behind, and doing it twice changes nothing."""
    path = written(store, kind)
    with closing(SqliteStore("other.db", synchronous="off")) as other:
        done = importing.read(path, other)
        assert (done.cases, done.events, done.keys) == (3, len(store.feed()), 0)
        assert done.position == store.feed()[-1].position
        assert_same_log(store, other)
        assert [other.texts(head.case_id) for head in other.heads()] == [(), (), ()]
        again = importing.read(path, other)
        assert (again.cases, again.events, again.unchanged) == (0, 0, 3)


@pytest.mark.parametrize("kind", FORMATS)
@settings(
    max_examples=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(history=steps(14))
def test_any_history_makes_the_round_trip(kind: str, history: list[Step]) -> None:
    """Merges, backdated facts, annulled cards and adopted calendars included."""
    world, other = World().run(history).finish(), MemoryStore()
    importing.read(written(world.store, kind), other)
    assert_same_log(world.store, other)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_store_that_has_the_texts_keeps_them(store: MemoryStore, kind: str) -> None:
    """What the file does not carry is not taken away."""
    there = store.branched()
    desk = Desk(load_policy("wuhu"), there, clock=ManualClock("2025-06-01T09:00:00+08:00"))
    ahead = next(head.case_id for head in there.heads() if there.texts(head.case_id))
    kept = there.texts(ahead)
    desk.submit(title="新的", by=CITIZEN, case_id="new", to="城管局")
    other = store.branched()
    importing.read(written(there, kind), other)
    assert_same_log(there, other)
    assert other.texts(ahead) == kept
    assert other.texts("new") == ()


@pytest.mark.parametrize("kind", FORMATS)
def test_events_in_whatever_form_come_through(kind: str) -> None:
    """Bytes of a later version with a line break in them, and ids that a spreadsheet would run."""
    store, other = MemoryStore(), MemoryStore()
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    for case_id in ("=1+1", "'=1+1", "''", "-", "<案&件>"):
        desk.submit(title="t", to="城管局", by=CITIZEN, case_id=case_id)
    case, event = desk.get("-"), decode(UNKNOWN)
    store.append([Append(evolve(case, event), case.version, (event,))])
    importing.read(written(store, kind), other)
    assert_same_log(store, other)
    assert other.links("-")[-1].body == UNKNOWN


@pytest.mark.parametrize("kind", FORMATS)
def test_an_empty_store_is_a_whole_file(kind: str) -> None:
    """No case, and nothing wrong."""
    assert importing.read(written(MemoryStore(), kind), MemoryStore()).cases == 0


def test_the_table_is_the_usual_one_with_two_columns_more(store: MemoryStore) -> None:
    """The same cells, case by case; only positions are left out, and rows of no case stand around them."""
    plain = io.StringIO()
    tables.write_csv(store, plain, zone="Asia/Shanghai")
    usual = list(csv.DictReader(io.StringIO(plain.getvalue())))
    with written(store, "csv").open(encoding="utf-8", newline="") as file:
        whole = list(csv.DictReader(file))
    of_cases = [row for row in whole if row["case_id"]]
    by_case = sorted(usual, key=lambda row: (row["case_id"], int(row["version"])))
    assert [[row[name] for name in tables.COLUMNS[1:]] for row in of_cases] == [
        [row[name] for name in tables.COLUMNS[1:]] for row in by_case
    ]
    assert {row["position"] for row in whole} == {""}
    assert [row["event"] for row in whole if not row["case_id"]] == [*["policy"] * len(store.pins()), "end"]


def test_only_what_has_changed_can_be_written_as_a_table(store: MemoryStore) -> None:
    """The cases with an event after the position, each as a whole."""
    there, out = store.branched(), io.StringIO()
    position = there.feed()[-1].position
    desk = Desk(load_policy("wuhu"), there, clock=ManualClock("2025-06-01T09:00:00+08:00"))
    desk.submit(title="新的", by=CITIZEN, case_id="new", to="城管局")
    made = tables.write_whole_csv(there, out, since=position)
    assert (made.cases, made.position) == (1, there.feed()[-1].position)
    Path("later.csv").write_text(out.getvalue(), encoding="utf-8", newline="")
    other = store.branched()
    assert importing.read(Path("later.csv"), other).cases == 1
    assert_same_log(there, other)


def test_an_xes_log_written_whole_is_the_usual_one_and_more(store: MemoryStore) -> None:
    """What a mining tool reads of it is the same."""
    plain = io.StringIO()
    xes.write_xes(store, plain, zone="Asia/Shanghai")
    usual = ElementTree.fromstring(plain.getvalue())
    whole = ElementTree.parse(written(store, "xes")).getroot()
    for owner in list(whole.iter()):
        for child in list(owner):
            if child.get("key") in ("policies", "position", "head", "version", "body"):
                owner.remove(child)
    shapes = [[(e.tag, dict(e.attrib)) for e in tree.iter()] for tree in (usual, whole)]
    assert shapes[0] == shapes[1]


# -- what is refused ---------------------------------------------------------------------------------------


def _lines(change: Callable[[list[str]], None]) -> Callable[[str], str]:
    def spoil(text: str) -> str:
        lines = text.splitlines(keepends=True)
        change(lines)
        return "".join(lines)

    return spoil


def _first_event(lines: list[str], mark: str) -> int:
    return next(number for number, line in enumerate(lines) if mark in line)


def _swap(lines: list[str]) -> None:
    place = _first_event(lines, ",submitted,")
    lines[place], lines[place + 1] = lines[place + 1], lines[place]


def _drop(mark: str, offset: int = 0) -> Callable[[str], str]:
    def change(lines: list[str]) -> None:
        del lines[_first_event(lines, mark) + offset]

    return _lines(change)


def _double(lines: list[str]) -> None:
    place = _first_event(lines, ",end,")
    of_first = [line for line in lines if line.startswith(lines[place - 1].split(",", 2)[0] + ",a0,")]
    lines[place:place] = of_first


def _policy_changed(text: str) -> str:
    return (
        text.replace("Asia/Shanghai", "Asia/Chongqing", 1)
        if "policies" not in text
        else text.replace("&quot;Asia/Shanghai&quot;", "&quot;Asia/Chongqing&quot;", 1)
    )


SPOILT: dict[str, tuple[str, Callable[[str], str], str]] = {
    "csv: a letter of an event": ("csv", lambda text: text.replace("城管局", "住建局"), "export-broken"),
    "csv: two rows change places": ("csv", _lines(_swap), "export-broken"),
    "csv: a row is gone": ("csv", _drop(",submitted,", 1), "export-broken"),
    "csv: the end is gone": ("csv", _drop(",end,"), "export-cut"),
    "csv: a case twice": ("csv", _lines(_double), "export-twice"),
    "csv: a policy": ("csv", _policy_changed, "export-policy"),
    "csv: a row of its own": ("csv", lambda text: text + "x\n", "export-line"),
    "csv: no body": ("csv", lambda text: text.replace(',"{""event"":', ",{[,", 1), "export-line"),
    "csv: not UTF-8": ("csv", lambda text: text.replace("城管局", "\udcff", 1), "export-line"),
    "xes: a letter of an event": ("xes", lambda text: text.replace("城管局", "住建局"), "export-broken"),
    "xes: an event is gone": ("xes", lambda text: _without_an_event(text), "export-line"),
    "xes: cut off": ("xes", lambda text: text[: len(text) * 2 // 3], "export-line"),
    "xes: no version": ("xes", _drop('<int key="version"'), "export-line"),
    "xes: a version that is none": (
        "xes", lambda text: text.replace('key="version" value="1"', 'key="version" value="one"', 1),
        "export-line",
    ),
    "xes: no head": ("xes", _drop('<string key="head"'), "export-line"),
    "xes: policies that are none": (
        "xes", lambda text: text.replace('key="policies" value=', 'key="policies" value="x" other=', 1),
        "export-line",
    ),
    "xes: a policy": ("xes", _policy_changed, "export-policy"),
    "xes: a document type": (
        "xes", lambda text: text.replace("<log ", "<!DOCTYPE log [<!ENTITY a 'b'>]>\n<log ", 1),
        "export-line",
    ),
    "xes: no XML": ("xes", lambda text: text.replace("</trace>", "</tracks>", 1), "export-line"),
}  # fmt: skip
"""What is done to a file -> its format, how, and the code of the error."""


def _without_an_event(text: str) -> str:
    begin = text.index("    <event>")
    return text[:begin] + text[text.index("    <event>", begin + 1) :]


@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_file_is_refused_with_its_line(store: MemoryStore, what: str) -> None:
    """Nothing is written, and the line lies within the file."""
    kind, spoil, code = SPOILT[what]
    path = written(store, kind)
    before = path.read_text(encoding="utf-8")
    after = spoil(before)
    assert after != before
    path.write_text(after, encoding="utf-8", errors="surrogateescape", newline="")
    other = MemoryStore()
    with pytest.raises(LogError) as caught:
        importing.read(path, other)
    assert caught.value.code == code, str(caught.value)
    assert 1 <= int(caught.value.data["line"]) <= after.count("\n") + 1
    assert other.heads() == ()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_for_other_readers_is_refused(
    store: MemoryStore, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The usual table or log holds no histories; the refusal says how to export one that does."""
    with closing(SqliteStore("cases.db", synchronous="off")) as filled:
        live(filled)
    assert run(["export", "--store", "sqlite:///cases.db", "--format", kind, "--out", f"lean.{kind}"]) == 0
    assert run(["import", f"lean.{kind}", "--store", "sqlite:///copy.db"]) == 3
    assert "--whole" in capsys.readouterr().err
    assert not Path("copy.db").exists()


@pytest.mark.parametrize("kind", FORMATS)
def test_the_command_line_goes_there_and_back(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exported whole and imported, a store tells the same log; a table may bear the mark of UTF-8."""
    with closing(SqliteStore("cases.db", synchronous="off")) as filled:
        live(filled)
        mark = ["--bom"] if kind == "csv" else []
        given = ["export", "--store", "sqlite:///cases.db", "--format", kind, "--whole", *mark]
        assert run([*given, "--out", "log"]) == 0
        capsys.readouterr()
        assert run(["import", "log", "--store", "sqlite:///copy.db", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["cases"] == 3
        with closing(SqliteStore("copy.db")) as other:
            assert_same_log(filled, other)


def test_whole_goes_with_two_formats(capsys: pytest.CaptureFixture[str]) -> None:
    """jsonl is always whole, and a table of commands never."""
    SqliteStore("cases.db", synchronous="off").close()
    for kind in ("jsonl", "replay"):
        assert run(["export", "--store", "sqlite:///cases.db", "--format", kind, "--whole"]) == 2
        assert "--whole goes with --format csv or xes" in capsys.readouterr().err


DEEP = "[" * 100_000


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_goes_too_deep_is_refused(store: MemoryStore, kind: str) -> None:
    """JSON within JSON without end is told with its line, like anything else that is no event."""
    path = written(store, kind)
    text = path.read_text(encoding="utf-8")
    mark = next(found for found in ('{""event""', "{&quot;event", '{"event') if found in text)
    path.write_text(text.replace(mark, "{" + DEEP + mark, 1), encoding="utf-8", newline="")
    with pytest.raises(LogError) as caught:
        importing.read(path, MemoryStore())
    assert caught.value.code == "export-line"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_very_long_event_comes_back(kind: str) -> None:
    """Longer than a cell that Python's csv reads unless it is told to."""
    store, other = MemoryStore(), MemoryStore()
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="t", to="城管局", by=CITIZEN, case_id="c1")
    body = f'{{"event":"later","at":1751000000000001,"by":["x-1","o",""],"long":"{"长" * 150_000}"}}'
    case, event = desk.get("c1"), decode(body.encode())
    store.append([Append(evolve(case, event), case.version, (event,))])
    importing.read(written(store, kind), other)
    assert_same_log(store, other)
