"""The house has manners: names a stranger would search for, calls that say what they pass, short files."""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "caseflow"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST = 620
"""Lines of a module."""
LONG = {
    "policies/validate.py": (700, "all that a policy file is held to, in the order of its tables"),
    "core/policy.py": (700, "all that a policy file may say, in one place to look it up"),
    "desk/desk.py": (800, "the public door: the promise of every method, and its twin to wait for"),
}
"""Module -> so many lines at most, and why it is longer."""
MOST_POSITIONAL = 5

BANNED = {"found", "made", "given", "said", "told", "asked", "mine", "theirs", "goes"}
"""Names of locals and arguments that do not say what they hold."""

NOT_AN_ACTIVITY = {
    "log_mapping": "a mapping is a thing: columns to actions",
    "mermaid": "the name of a notation",
    "testing": "the usual name for what a library gives to its users' tests",
}
"""Module -> why its ending misleads."""

SHARED_CLASSES = {
    "Command": "Django asks for the name",
    "Meta": "Django asks for the name",
    "Migration": "Django asks for the name",
}
"""Public class name that stands in two modules -> why."""

PARAMETERS = {
    ("errors.py", "found"),  # `Refusal` and the errors carry it
    ("core/engine/compiled_policy.py", "found"),  # `refusal` makes one
}
"""(module, argument) where the word is the field of an error, passed on."""

TO_MEND: set[str] = {
    "errors.py: local found",
}
"""Offences that still stand, as the tests print them."""


def name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _unmended(offences: Iterator[str]) -> list[str]:
    return [one for one in offences if one not in TO_MEND]


def _twice(places: dict[str, list[str]], excused: dict[str, str]) -> Iterator[str]:
    for word, where in places.items():
        if len(where) > 1 and word not in excused:
            yield f"{word} is in {', '.join(where)}"


def test_no_module_is_named_by_a_gerund_or_participle() -> None:
    """A module is named by the thing it holds, not by what is done with it."""
    ending = re.compile(r"(ing|[^e]ed|own|old|iven|ept|aid)$")
    stems = {path.stem for path in MODULES}
    assert {stem for stem in stems if ending.search(stem)} <= NOT_AN_ACTIVITY.keys()


def _base_names() -> dict[str, list[str]]:
    places = defaultdict[str, list[str]](list)
    for path in MODULES:
        if not path.stem.startswith("__"):
            places[path.stem].append(name(path))
    return places


def _public_classes() -> dict[str, list[str]]:
    places = defaultdict[str, list[str]](list)
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name(path))
    return places


def test_no_two_modules_share_a_base_name() -> None:
    """A file is found by its name alone, `__init__` and `__main__` aside."""
    assert _unmended(_twice(_base_names(), {})) == []


def test_no_two_public_classes_share_a_name() -> None:
    """A class is found by its name alone."""
    assert _unmended(_twice(_public_classes(), SHARED_CLASSES)) == []


def _long_calls(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and len(node.args) > MOST_POSITIONAL:
            yield f"{name(path)}: {ast.unparse(node.func)} takes {len(node.args)} positional arguments"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_call_says_what_it_passes(path: Path) -> None:
    """No call has more than five positional arguments; a starred one counts as one."""
    assert _unmended(_long_calls(path)) == []


def _banned(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in BANNED:
            yield f"{name(path)}: local {node.id}"
        if isinstance(node, ast.arg) and node.arg in BANNED and (name(path), node.arg) not in PARAMETERS:
            yield f"{name(path)}: argument {node.arg}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_local_says_what_it_is(path: Path) -> None:
    """A local or an argument is a row, a case, a match; never merely what was found or made."""
    assert _unmended(_banned(path)) == []


def _too_long(path: Path) -> Iterator[str]:
    many = len(path.read_text(encoding="utf-8").splitlines())
    if many > LONG.get(name(path), (LONGEST, ""))[0]:
        yield f"{name(path)}: {many} lines"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_one_topic(path: Path) -> None:
    """No module is longer than what can be read in one sitting."""
    assert _unmended(_too_long(path)) == []


def test_nothing_is_excused_that_is_in_order() -> None:
    """An exception, or an offence to mend, is struck out when it is none any more."""
    bases, classes = _base_names(), _public_classes()
    assert {word for word in SHARED_CLASSES if len(classes.get(word, ())) < 2} == set()
    assert NOT_AN_ACTIVITY.keys() <= bases.keys()
    offences = {*_twice(bases, {}), *_twice(classes, SHARED_CLASSES)}
    for path in MODULES:
        offences |= {*_long_calls(path), *_banned(path), *_too_long(path)}
    assert offences >= TO_MEND
