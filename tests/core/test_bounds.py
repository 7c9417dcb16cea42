"""Sizes are looked at before the work: what is beyond is refused, with the bound in the message."""

from __future__ import annotations

import gzip
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from caseflow import (
    Actor,
    BadInput,
    CaseflowError,
    Desk,
    LogError,
    ManualClock,
    MemoryStore,
    PolicyError,
    Refused,
    load_policy,
    read_calendar,
)
from caseflow.core.bounds import MOST_COLUMNS, MOST_EXTENDS, MOST_RUNGS
from caseflow.core.policy import pin_of
from caseflow.core.time.instants import zone_info
from caseflow.interchange import log_reader, replay
from caseflow.interchange.cells import safe_cell
from caseflow.policies.registry import rules_of
from caseflow.policies.validate import check_document

CITIZEN = Actor("c-1", role="citizen")
RUNG = '[clocks.more]\nstart = ["submit"]\nrungs = [{{ level = "late", days = 3, {} }}]\n'

BEYOND = {
    "a decimal number of too many digits": ("[limits]\nreturns = " + "1" * 4301, "4300"),
    "a hexadecimal one": ("[limits]\nreturns = 0x" + "f" * 5000, "9223372036854775807"),
    "one within a table of any kind": (
        RUNG.format(f"then = 'close', with = {{ a = [0x{'f' * 5000}] }}"), "9223372036854775807"
    ),
    "a limit below nothing": ("[limits]\nreopens = -1", "expected 0 to 1000"),
    "a limit beyond all cases": ("[limits]\nreturns = 1001", "expected 0 to 1000"),
    "an extension beyond all time": ("[limits]\nextension_days = 1000000000000000000", "expected 0 to 36525"),
    "an extension of a clock": ("[clocks.reply.extension]\ndays = 99999", "at most 36525"),
    "a rung that comes too often": (RUNG.format("every = 1, times = 1000000000"), f"at most {MOST_RUNGS}"),
    "a rung that comes too late": (RUNG.format("every = 36525, times = 900"), "at most 36525"),
    "a zone of a long name": ('timezone = "' + "A" * 300 + '"', "IANA"),
    "a role of a long name": (f"[roles.{'r' * 201}]\nscope = 'any'", "1 to 200"),
    "a role that moves the cursor": ('[roles."a\\u001b[2J"]\nscope = "any"', "1 to 200"),
    "a unit above of a long name": (f"[units.a]\nparent = '{'u' * 201}'", "1 to 200"),
    "a series of a long name": (f"[documents.x]\nseries = '{'s' * 201}'", "1 to 200"),
    "a channel of a long name": (
        f"[notices.x]\non = ['reply']\nto = ['citizen']\nchannels = ['{'c' * 201}']", "1 to 200"
    ),
    "a page of another folder": ("[documents.x]\ntemplate = '../x'", "letters, digits"),
    "a label that moves the cursor": ('[labels]\nen = "\\u001b[8m"', "do not print"),
    "a label that turns the writing": ('version = "1\\u202e2"', "do not print"),
    "a label of a book": (f"source = '{'字' * 2001}'", "at most 2000"),
    "a key of too many parts": ("a." * 16000 + "a = 1", "more than 100 parts"),
    "one in a table on one line": ("x = { " + "a." * 16000 + "a = 1 }", "more than 100 parts"),
    "one of quoted parts": ("'a'" + " . \"a\"" * 16000 + " = 1", "more than 100 parts"),
    "lists in lists": ("a = " + "[" * 400_000, "more than 12 levels"),
}  # fmt: skip
"""What a policy says -> a part of the message, which names the bound."""


def policy_of(folder: Path, said: str) -> Path:
    path = folder / "p.toml"
    path.write_text(f'extends = "base"\nname = "x"\n{said}\n', encoding="utf-8")
    return path


@pytest.mark.parametrize("what", BEYOND)
def test_a_policy_beyond_a_bound_is_refused_at_once(tmp_path: Path, what: str) -> None:
    """In less than a second, with the bound, in both languages, and by `PolicyError` alone."""
    said, bound = BEYOND[what]
    path = policy_of(tmp_path, said)
    begun = time.perf_counter()
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert time.perf_counter() - begun < 5
    assert bound in caught.value.text("en")
    assert caught.value.text("zh") != caught.value.text("en")


def test_a_chain_of_extends_ends(tmp_path: Path) -> None:
    """As many policies as may stand on each other are read, one more is refused."""
    for number in range(MOST_EXTENDS + 1):
        below = f"c{number + 1}.toml" if number < MOST_EXTENDS else "base"
        (tmp_path / f"c{number}.toml").write_text(f'extends = "{below}"\n', encoding="utf-8")
    assert load_policy(tmp_path / "c1.toml").name
    with pytest.raises(PolicyError, match=f"more than {MOST_EXTENDS}"):
        load_policy(tmp_path / "c0.toml")


def test_a_long_line_of_text_is_no_long_key(tmp_path: Path) -> None:
    """Prose with full stops, paths and numbers stay what they are."""
    said = f'source = "{"§ 1.2.3. Abs. 4. " * 60}"'
    assert "Abs." in load_policy(policy_of(tmp_path, said)).source


@pytest.mark.parametrize("said", ["first = 2025-01-01\nlast = " + "1" * 5000, "a." * 16000 + "a = 1"])
def test_a_calendar_beyond_a_bound_is_bad_input(tmp_path: Path, said: str) -> None:
    """The same holds for the other files that people write in TOML."""
    (tmp_path / "c.toml").write_text(f'name = "C"\n{said}\n', encoding="utf-8-sig")
    with pytest.raises(BadInput):
        read_calendar(tmp_path / "c.toml")


@pytest.mark.parametrize("name", ["A" * 300, "a/" * 100, "\0", "", "..", "/etc/localtime", "\ud800"])
def test_no_name_of_a_zone_leads_to_another_file(name: str) -> None:
    """Whatever is asked for, it is a zone or bad input."""
    with pytest.raises(BadInput):
        zone_info(name)


def test_units_and_citizens_fit_their_columns() -> None:
    """The name of a unit or of a citizen has the length of an id; a longer one is refused as a field."""
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    importer = Actor("i-1", role="importer")
    for fields in ({"to": "局" * 201}, {"citizen": "民" * 201}):
        with pytest.raises(Refused) as caught:
            desk.act("a", "submit", by=importer, fields={"title": "x", **fields})
        assert caught.value.code == "field-not-printable"
    case = desk.act("a", "submit", by=importer, fields={"to": "局" * 200, "citizen": "民" * 200})
    assert (len(case.unit), len(case.citizen)) == (200, 200)


# -- stored policies -----------------------------------------------------------------------------------------

ODD_PARTS: dict[str, tuple[str, Any]] = {
    "no policy": ("policy", {}),
    "no calendars": ("calendars", None),
    "a week of letters": ("calendars.*.week", ["x"]),
    "a day that there is not": ("calendars.*.holidays", {"2025-02-30": "x"}),
    "a role that is none": ("policy.actions.reply.roles", ["nobody"]),
    "a state of no stage": ("policy.states.*.stage", "nowhere"),
    "a guard that is none": ("policy.actions.reply.guards", ["nothing"]),
}
"""What is wrong with a document -> where, `*` for the first of a table, and what stands there."""


@pytest.mark.parametrize("what", ODD_PARTS)
def test_a_stored_document_that_is_no_policy_is_a_policy_error(what: str) -> None:
    """An import checks it; where it came in otherwise, whoever asks for its rules hears of no other error."""
    document = load_policy("cn-12345").document()
    path, part = ODD_PARTS[what]
    *way, last = path.split(".")
    holder: Any = document
    for key in way:
        holder = holder[next(iter(holder)) if key == "*" else key]
    holder[last] = part
    with pytest.raises(PolicyError):
        check_document(document)
    with suppress(CaseflowError):
        rules_of(pin_of(document), lambda pin: document)


# -- logs and tables -----------------------------------------------------------------------------------------


def test_a_small_file_that_unpacks_into_a_large_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unpacking ends at the bound, whatever more there would be."""
    monkeypatch.setattr(log_reader, "LARGEST_LOG", 1_000_000)
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(b"case_id,action,at\n" + b"0" * 1_000_001))
    with pytest.raises(LogError, match="1000000 bytes"):
        replay([path], policy=load_policy("wuhu"), store=MemoryStore())


def test_a_header_of_too_many_columns_is_refused(tmp_path: Path) -> None:
    """Before anything is looked up in it."""
    path = tmp_path / "log.csv"
    path.write_text(",".join(f"a{number}" for number in range(MOST_COLUMNS + 1)) + "\n", encoding="utf-8")
    with pytest.raises(LogError, match=f"at most {MOST_COLUMNS}"):
        replay([path], policy=load_policy("wuhu"), store=MemoryStore())


CELLS = {
    "=1": "'=1", " =1": "' =1", "\ufeff=1": "'\ufeff=1", "\u200b@x": "'\u200b@x", "\u3000－1": "'\u3000－1",
    "\t1": "'\t1", "a;=1": "a;'=1", "a; -1": "a;' -1", "a-b": "a-b", "a;b": "a;b", '{"a":[-1]}': '{"a":[-1]}',
    "": "", "城管局": "城管局", "2025-03-03": "2025-03-03", "\n=1": "'\n=1", "\x00=1": "'\x00=1",
}  # fmt: skip


@pytest.mark.parametrize("text", CELLS)
def test_a_cell_runs_nothing(text: str) -> None:
    """Signs of formulas are guarded behind blanks, unseen characters and semicolons; the rest stays."""
    assert safe_cell(text) == CELLS[text]
