"""What a terminal is shown is text, whatever ids, units and labels hold; what is pasted runs nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import caseflow.cli
from caseflow import Actor, CaseflowError, Desk, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.cli import run
from caseflow.core.model import events as e
from caseflow.core.model.evolve import replay
from caseflow.i18n import visible
from caseflow.ports.records import Kept
from caseflow.serialization.codec import chained, encode

CITIZEN = Actor("c-1", role="citizen")
ODD = "\x1b[31m红\x1b]0;x\x07\x9b2J\u202e"
SHOWN = r"\x1b[31m红\x1b]0;x\x07\x9b2J\u202e"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store into which an event came by another way than the library's: its unit moves the cursor."""
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore("odd.db", synchronous="off")) as store:
        desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
        desk.submit(title="路灯", to="城管局", by=CITIZEN, case_id="a")
        submitted = desk.history("a")[0]
        assert isinstance(submitted, e.Submitted)
        event = submitted.replace(unit=ODD)
        links = chained("odd", [encode(event)])
        store.keep([Kept(replay("odd", [event]), links)])
    return "sqlite:///odd.db"


def on_a_terminal(*arguments: str) -> str:
    """What the command writes to a terminal."""
    leader, follower = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "caseflow.cli", *arguments], stdout=follower, stderr=follower
    ):
        os.close(follower)
        written = b""
        try:
            while part := os.read(leader, 4096):
                written += part
        except OSError:  # the other end is closed
            pass
    os.close(leader)
    return written.decode()


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_unit_moves_no_cursor(store: str, more: list[str]) -> None:
    """Lists, for people and for programs, show the characters that would have done something."""
    written = on_a_terminal("cases", "--store", store, "--lang", "zh", *more)
    assert "红" in written
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]", written)


def test_an_export_to_a_terminal_is_shown_and_not_run(store: str) -> None:
    """A file for programs that is written to the screen shows its characters, too."""
    assert SHOWN in on_a_terminal("export", "--store", store, "--format", "csv")


def test_everything_that_is_printed_goes_one_way() -> None:
    """No command prints but by ``echo``, which shows what a terminal would have done."""
    for module in Path(str(caseflow.cli.__file__)).parent.glob("*.py"):
        if module.name not in ("options.py", "app.py", "__init__.py"):
            assert not re.search(r"\bclick\.echo\(|\bprint\(", module.read_text(encoding="utf-8")), module


def test_a_text_of_the_catalogue_shows_what_was_filled_in() -> None:
    """Messages and refusals stand in logs and on screens; letters, Chinese and emoji stay."""
    error = CaseflowError("unknown-case", case=ODD)
    assert SHOWN in error.text("en")
    assert SHOWN in error.text("zh")
    assert visible("路灯 👩‍🔧\n\t①") == "路灯 👩‍🔧\n\t①"


def test_a_cursor_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the id of the last case, the printed cursor is one word to every shell, and leads on."""
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore("c.db", synchronous="off")) as store:
        desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
        for case_id in ("x'; touch pasted; '$(id)`id`", "y"):
            desk.submit(title="路灯", to="城管局", by=CITIZEN, case_id=case_id)
    assert run(["cases", "--store", "sqlite:///c.db", "--limit", "1", "--lang", "en"]) == 0
    cursor = capsys.readouterr().out.split()[-1]
    assert shlex.split(cursor) == [cursor]
    assert re.fullmatch(r"[\w-]+", cursor, re.ASCII)
    assert run(["cases", "--store", "sqlite:///c.db", "--cursor", cursor, "--json"]) == 0
    assert [case["id"] for case in json.loads(capsys.readouterr().out)["cases"]] == ["y"]


def test_a_page_template_leads_to_no_other_folder(tmp_path: Path) -> None:
    """A document names its page by a word; whatever else stands there is the ordinary page."""
    (tmp_path / "secret.zh.html").write_text("geheim $case", encoding="utf-8")
    (tmp_path / "letters").mkdir()
    store = MemoryStore()
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="路灯", to="城管局", by=CITIZEN, case_id="a")
    desk.clock.advance(days=40)
    desk.sweep()
    kept = store.kept("a")
    assert kept is not None
    for template in ("../secret", "..\\secret", "\0", "/etc/passwd", "x" * 300):
        draft = kept.documents[0].draft
        odd = draft.replace(body={**draft.body, "template": template})
        other = MemoryStore()
        for pin in store.pins():
            other.pin(pin, store.pinned(pin) or {})
        other.keep([kept.replace(documents=(kept.documents[0].replace(draft=odd),))])
        page = Desk(desk.rules, other).document_html("a", draft.id, folder=tmp_path / "letters")
        assert "geheim" not in page
        assert "催办" in page
