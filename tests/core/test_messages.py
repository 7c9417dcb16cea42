"""Every code has a text in two languages, and every text gets what it speaks of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from caseflow import messages
from caseflow.errors import Problem, Refusal

SOURCE = Path(__file__).resolve().parents[2] / "src" / "caseflow"
ERRORS = {"BadInput", "StoreError", "StoreBusy", "LogError", "CaseflowError", "DeliveryFailed", "__init__"}
TEXTS = messages._TEXTS
Site = tuple[str, str, set[str]]
"""Where a code is raised, the code, and the names its text may use."""


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def constants(node: ast.expr | None, function: ast.AST) -> list[str]:
    """The strings an expression may be: literals, both ends of a choice, or what a name was assigned."""
    match node:
        case ast.Constant(value=str(found)):
            return [found]
        case ast.IfExp(body=body, orelse=orelse):
            return constants(body, function) + constants(orelse, function)
        case ast.Name(id=name):
            made = [n.value for n in ast.walk(function) if isinstance(n, ast.Assign)
                    and any(isinstance(t, ast.Name) and t.id == name for t in n.targets)]  # fmt: skip
            return [
                text
                for value in made
                if not isinstance(value, ast.Name)
                for text in constants(value, function)
            ]
    return []


def sites_of(call: ast.Call, function: ast.AST) -> Iterator[tuple[str, set[str]]]:
    """``(code, names given)`` of a call that names a code."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    given = {keyword.arg for keyword in call.keywords if keyword.arg}
    args = call.args
    if name in ERRORS and args:
        found = args[0], given | ({"count", "s"} if "problems" in given else set())  # PolicyError counts them
    elif name == "refusal" and args:
        found = args[0], {"action", "state"} | (given & {"found", "missing"})
    elif name == "Refusal":
        code = next((keyword.value for keyword in call.keywords if keyword.arg == "code"), None)
        if code is None:
            return
        found = code, {"action", "state"} | (given & {"found", "missing"})
    elif name == "add" and ast.unparse(call.func) == "notes.add":
        found = args[1], {"found"} if len(args) > 2 else set()
    elif name == "Problem" and len(args) > 2:
        found = args[2], {"found"} if len(args) > 3 else set()
    elif name == "_all_known":
        found = args[3], {"found"}
    else:
        return
    yield from ((code, found[1]) for code in constants(found[0], function))


def sites() -> list[Site]:
    found: list[Site] = []
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                where = f"{path.relative_to(SOURCE)}:{call.lineno}"
                found += [(where, code, given) for code, given in sites_of(call, function)]
    mistakes = ast.parse((SOURCE / "core" / "fields.py").read_text(encoding="utf-8"))
    for function in (node for node in ast.walk(mistakes) if isinstance(node, ast.FunctionDef)):
        if function.name.endswith("_mistake"):
            returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
            codes = [code for value in returned for code in constants(value, function) if code]
            found += [
                (f"core/fields.py:{function.lineno}", code, {"action", "state", "found"}) for code in codes
            ]
    return found


SITES = sites()


def test_the_search_finds_the_codes() -> None:
    """The search through the source sees every way in which a code is named."""
    known = {code for _, code, _ in SITES}
    assert {"bad-instant", "role-may-not", "not-in-state", "case-exists", "unknown-guard", "policy-invalid",
            "text-with-nul", "unknown-case", "stale", "bad-case-id"} <= known  # fmt: skip


@pytest.mark.parametrize("site", SITES, ids=lambda site: f"{site[0]}-{site[1]}")
def test_every_code_raised_has_its_text_and_fills_it(site: Site) -> None:
    """A code has texts in English and Chinese, and whoever raises it gives every name they use."""
    _, code, given = site
    assert code in TEXTS
    for text in TEXTS[code]:
        # a problem of a policy stands behind its key path, and does not name the place again
        assert placeholders(text.removeprefix("{what}") if given == {"found"} else text) <= given


@pytest.mark.parametrize("code", messages.codes())
def test_both_languages_say_the_same(code: str) -> None:
    """English and Chinese fill in the same names; the Chinese text holds Chinese."""
    english, chinese = TEXTS[code]
    assert english.isascii()
    assert placeholders(english) >= placeholders(chinese)
    literal = "".join(text for text, _, _, _ in Formatter().parse(chinese))
    says_nothing = all(not sign.isalpha() for sign in literal)
    assert says_nothing or any("\u4e00" <= sign <= "\u9fff" for sign in literal)


def test_no_text_is_left_over() -> None:
    """Every text belongs to a code that the source names somewhere."""
    named = {
        node.value
        for path in SOURCE.rglob("*.py")
        if path.name != "messages.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
    }
    assert set(messages.codes()) - named == set()


def test_a_refusal_speaks_both_languages_and_names_its_source() -> None:
    """The text holds action, state, what is missing and the source, in either language."""
    refusal = Refusal(
        code="not-in-state", action="close", state="routed", missing=("reply",), source="办法第三条"
    )
    assert refusal.text("en") == "is routed, which accepts reply; got close (办法第三条)"
    assert refusal.text("zh") == "处于 routed,可用动作为 reply;收到 close (办法第三条)"


@pytest.mark.parametrize(
    "code", ["bad-count", "hours-need-elapsed", "roll-needs-days", "calendar-needed", "bad-counting"]
)
def test_a_problem_reads_as_a_sentence(code: str) -> None:
    """A policy's problem says file, key and fault, without a gap where a name was not known."""
    for lang in ("en", "zh"):
        text = Problem("mine.toml", "clocks.c", code, "elapsed").text(lang)
        assert text.startswith("mine.toml: clocks.c: ")
        assert "-:" not in text
