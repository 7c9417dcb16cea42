"""A file with anything otherwise, its chain computed anew, is refused by name, or whatever reads it can."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from caseflow import Actor, CaseflowError, Desk, LogError, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.audit.verify import verify
from caseflow.core.model.evolve import replay
from caseflow.interchange import commands_csv, csv_tables, importer, jsonl, xes
from caseflow.policies.registry import rules_of
from caseflow.ports.records import Kept
from caseflow.serialization.codec import chained, decode
from caseflow.views.action_forms import actions_document
from caseflow.views.documents import case_document, public_document
from caseflow.views.story import told
from tests.audit.lived import CITIZEN, OFFICER, SUPERVISOR, live
from tests.exits.mutations import bases, chain_anew, mutated

NOW = "2025-09-03T09:30:00+08:00"
RULES = load_policy("wuhu")


def read_or_refused(path: Path, store: Any) -> bool:
    """Whether the file was taken over; a refusal names the file, in both languages."""
    try:
        importer.read(path, store)
    except LogError as error:
        assert path.name in error.text("en")
        assert path.name in error.text("zh")
        return False
    return True


def look_at_everything(store: Any) -> None:
    """Ask for all that a portal shows, and write all that leaves a store; refusals are this library's own."""
    desk = Desk(RULES, store, clock=ManualClock(NOW))
    for head in store.heads():
        for ask in _questions(desk, head.case_id):
            _allowed_to_refuse(ask)
    for write in (
        lambda: list(desk.cases(limit=2)),
        desk.sweep,
        lambda: jsonl.write(store, io.StringIO()),
        lambda: csv_tables.write_csv(store, io.StringIO(), zone="Asia/Shanghai"),
        lambda: commands_csv.write_commands(store, io.StringIO(), with_texts=True),
        lambda: xes.write_xes(store, io.StringIO()),
    ):
        _allowed_to_refuse(write)
    if isinstance(store, SqliteStore):
        verify(store)


def _questions(desk: Desk, case_id: str) -> list[Callable[[], Any]]:
    case = desk.get(case_id)
    clocks = {"reply", *(run.clock for run in case.clocks)}
    now = desk.clock.now_us()
    return [
        lambda: (case.stage, case.deadline, case.next_due, case.submitted_at, case.pending_extensions),
        lambda: [(run.rungs, run.deadline_us, run.waits_from, run.ends_at_us) for run in case.clocks],
        lambda: desk.history(case_id),
        lambda: desk.texts(case_id),
        *(lambda clock=clock: desk.explain(case_id, clock=clock) for clock in sorted(clocks)),
        lambda: desk.public(case_id),
        lambda: desk.forecast(case_id),
        lambda: str(_story(desk, case_id)),
        lambda: case_document(desk.rules_of(case), case, now),
        lambda: public_document(desk.rules_of(case), desk.public(case_id)),
        lambda: [desk.document_html(case_id, one.draft.id) for one in desk.documents(case_id)],
        *(lambda by=by: _actions(desk, case_id, by) for by in (CITIZEN, SUPERVISOR)),
        lambda: desk.note(case_id, text="x", by=OFFICER),
    ]


def _story(desk: Desk, case_id: str) -> Any:
    rules = partial(rules_of, pinned=desk.store.pinned)
    return told(rules, case_id, desk.history(case_id), desk.texts(case_id))


def _actions(desk: Desk, case_id: str, by: Actor) -> Any:
    return actions_document(desk.rules_of(case_id), desk.allowed(case_id, by=by), case_id=case_id)


def _allowed_to_refuse(ask: Callable[[], Any]) -> None:
    try:
        ask()
    except CaseflowError as error:
        assert error.text("en")
        assert error.text("zh")


def _are_read_or_refused(numbers: range, folder: Path) -> int:
    accepted = 0
    for number in numbers:
        place, text = mutated(number)
        path = folder / "mutated.jsonl"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        store = MemoryStore() if number % 6 else SqliteStore(folder / f"{number}.db", synchronous="off")
        with closing(store):
            try:
                if read_or_refused(path, store):
                    accepted += 1
                    look_at_everything(store)
            except Exception as error:
                error.add_note(f"mutation {number}: {place}")
                raise
    return accepted


def test_any_value_otherwise_is_refused_or_can_be_read(tmp_path: Path) -> None:
    """No traceback of another kind comes from the import, or from what shows, exports, sweeps and audits."""
    assert 0 < _are_read_or_refused(range(60), tmp_path) < 60


@pytest.mark.soak
@pytest.mark.parametrize("part", range(6))
def test_three_thousand_values_otherwise(part: int, tmp_path: Path) -> None:
    """The same over all of them."""
    _are_read_or_refused(range(60 + part * 500, 560 + part * 500), tmp_path)


def _stored_as_they_are(number: int) -> MemoryStore:
    """A store into which mutated events have come by another way than the import."""
    store, lines = MemoryStore(), [json.loads(line) for line in mutated(number)[1].splitlines()]
    for line in lines:
        if "policy" in line and type(line["policy"]) is str:
            store.pin(line["policy"], line.get("document", {}))
        if type(line.get("case")) is str and type(line.get("events")) is list and line["events"]:
            bodies = [json.dumps(event).encode() for event in line["events"]]
            try:
                events = [decode(body) for body in bodies]
            except CaseflowError:
                continue  # it has not even the name of an event
            store.keep([Kept(replay(line["case"], events), chained(line["case"], bodies))])
    return store


def test_stored_events_beyond_their_bounds_can_be_looked_at() -> None:
    """Whatever a store holds: its cases are folded, shown, exported and swept, incomplete where need be."""
    for number in range(16):
        look_at_everything(_stored_as_they_are(number))


@pytest.mark.soak
def test_four_hundred_stored_values_otherwise() -> None:
    """The same over more of them."""
    for number in range(16, 416):
        look_at_everything(_stored_as_they_are(number))


def test_what_is_not_otherwise_is_taken_over(tmp_path: Path) -> None:
    """So that a refusal comes of the change alone."""
    for number, lines in enumerate(bases()):
        for line in lines:
            if "case" in line:
                chain_anew(line)
        path, store = tmp_path / f"{number}.jsonl", MemoryStore()
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        assert importer.read(path, store).cases


# -- erased texts --------------------------------------------------------------------------------------------


def _erased(store: Any) -> tuple[Desk, list[dict[str, Any]], list[Any]]:
    """A desk on which a title was erased; the export after it, and the texts from before."""
    desk = live(store, cases=2)
    before = next(line["texts"] for line in _exported(store) if "case" in line)
    desk.redact("a0", fields=("title",), basis="个人信息保护法第四十七条", reason="本人申请", by=SUPERVISOR)
    desk.redact("a0", fields=("reason",), basis="同上", reason="再次申请", by=SUPERVISOR)
    return desk, _exported(store), before


def _exported(store: Any) -> list[dict[str, Any]]:
    out = io.StringIO()
    jsonl.write(store, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def _written(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("is_there", [True, False])
def test_an_erased_text_does_not_come_back(tmp_path: Path, is_there: bool) -> None:
    """A file with the whole history, to which the erased text was put back, is refused for it, anywhere."""
    source = MemoryStore()
    _, lines, before = _erased(source)
    title = next(text for text in before if text[1] == "title")
    for line in lines:
        if "case" in line:
            line["texts"] = [title, *line.get("texts", [])]
    target = source if is_there else MemoryStore()
    with pytest.raises(LogError, match=r"title@1.*erased") as caught:
        importer.read(_written(tmp_path / "back.jsonl", lines), target)
    assert caught.value.code == "export-erased"
    assert not any(text.field == "title" for text in target.texts("a0"))


def test_an_older_export_brings_no_erased_text_back(tmp_path: Path) -> None:
    """Where the store went on and erased, what it has stays as it is."""
    store = MemoryStore()
    desk = live(store, cases=2)
    older = _written(tmp_path / "older.jsonl", _exported(store))
    desk.redact("a0", fields=("title",), basis="个人信息保护法第四十七条", reason="本人申请", by=SUPERVISOR)
    assert importer.read(older, store).unchanged == 2
    assert not any(text.field == "title" for text in store.texts("a0"))


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("no salt", "export-line"),
        ("twice", "export-text"),
        ("nul", "export-text"),
        ("too long", "export-line"),
    ],
)
def test_a_text_is_what_a_desk_would_have_kept(tmp_path: Path, what: str, code: str) -> None:
    """With a salt, once, and within its bounds, whatever its hash says."""
    store = MemoryStore()
    live(store, cases=2)
    lines = _exported(store)
    texts = next(line for line in lines if "case" in line)["texts"]
    match what:
        case "no salt":
            texts[0][2] = ""
        case "twice":
            texts.append(texts[0])
        case "nul":
            texts[0][3] += "\0"
        case _:
            texts[0][3] = "字" * 100_001
    with pytest.raises(LogError) as caught:
        importer.read(_written(tmp_path / "text.jsonl", lines), MemoryStore())
    assert caught.value.code == code
