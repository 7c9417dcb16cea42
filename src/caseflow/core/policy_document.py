"""From a table (as TOML or JSON gives it) to a typed `Policy`, noting every key that does not fit."""

from __future__ import annotations

import math
import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from caseflow.core.calendars import Calendar
from caseflow.core.policy import Policy
from caseflow.errors import BadInput, PolicyError, Problem

_T = TypeVar("_T")
_WRONG = object()
"""What a value that does not fit is read as; it is left out."""


class Notes:
    """The problems found so far in one file."""

    def __init__(self, file: str, problems: list[Problem] | None = None) -> None:
        self.file = file
        self.problems: list[Problem] = [] if problems is None else problems

    def of(self, file: str) -> Notes:
        """Notes on another file that go to the same list."""
        return Notes(file, self.problems)

    def add(self, path: str, code: str, found: object = "") -> None:
        """Note one problem at a key path."""
        self.problems.append(Problem(self.file, path, code, str(found)[:200]))


def policy_from(table: Mapping[str, Any], notes: Notes) -> Policy | None:
    """The policy a table describes, without the parts that do not fit, which are noted.

    `None` when too much is missing to make one.
    """
    policy: Policy | None = _build(Policy, table, "", notes)
    return policy


def policy_from_document(document: Mapping[str, Any]) -> Policy:
    """The policy that `Policy.document` described, calendars included.

    Raises:
        PolicyError: the document is not one.
    """
    notes = Notes("stored policy")
    policy = policy_from(document["policy"], notes)
    if policy is None or notes.problems:
        raise PolicyError(notes.problems)
    try:
        tables = {name: Calendar.from_document(table) for name, table in document["calendars"].items()}
    except (BadInput, KeyError) as error:
        raise PolicyError([Problem(notes.file, "calendars", "calendar-unavailable", str(error))]) from error
    return attrs.evolve(policy, tables=tables)


def built(cls: type[_T], table: object, notes: Notes) -> _T | None:
    """The value of an attrs class that a table describes; `None` with the problems noted."""
    before = len(notes.problems)
    made: _T = _build(cls, table, "", notes)
    return made if len(notes.problems) == before else None


def partly(cls: type[_T], table: object, notes: Notes) -> _T | None:
    """The value that a table describes without the parts that do not fit, which are noted.

    `None` when too much is missing to make one.
    """
    made: _T | None = _build(cls, table, "", notes)
    return made


def _build(cls: type[Any], table: object, path: str, notes: Notes) -> Any:
    if not isinstance(table, Mapping):
        notes.add(path or ".", "wrong-type", f"{type(table).__name__}, expected a table")
        return _WRONG if path else None
    given: dict[str, Any] = {}
    hints = _hints(cls)  # type: ignore[arg-type]  # mypy takes attrs classes for unhashable
    for key, found in table.items():
        if key not in hints:
            notes.add(_join(path, key), "unknown-key", key)
        elif found is not None:
            read = _read(hints[key], found, _join(path, key), notes)
            if read is not _WRONG:
                given[key] = read
    missing = [field.name for field in attrs.fields(cls) if field.default is attrs.NOTHING and field.init]
    for name in missing:
        if name not in table:
            notes.add(_join(path, name), "missing-key")
        if name not in given:
            return _WRONG if path else None
    return cls(**given)


@cache
def _hints(cls: Any) -> dict[str, Any]:
    kept = {field.name for field in attrs.fields(cls) if field.metadata.get("document", True)}
    return {name: hint for name, hint in get_type_hints(cls).items() if name in kept}


def _read(hint: Any, found: object, path: str, notes: Notes) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _read(next(part for part in get_args(hint) if part is not type(None)), found, path, notes)
    if origin is dict:
        if not isinstance(found, Mapping):
            notes.add(path, "wrong-type", f"{type(found).__name__}, expected a table")
            return _WRONG
        inner = get_args(hint)[1]
        read = {str(key): _read(inner, part, _join(path, str(key)), notes) for key, part in found.items()}
        return {key: part for key, part in read.items() if part is not _WRONG}
    if origin is tuple:
        if not isinstance(found, list | tuple):
            notes.add(path, "wrong-type", f"{type(found).__name__}, expected a list")
            return _WRONG
        inner = get_args(hint)[0]
        parts = [_read(inner, part, f"{path}[{index}]", notes) for index, part in enumerate(found)]
        return tuple(part for part in parts if part is not _WRONG)
    if attrs.has(hint):
        return _build(hint, found, path, notes)
    if hint is float and type(found) is int:
        return float(found)
    if isinstance(found, float) and not math.isfinite(found):
        notes.add(path, "not-finite", found)
        return _WRONG
    if type(found) is not hint:
        notes.add(path, "wrong-type", f"{type(found).__name__}, expected {hint.__name__}")
        return _WRONG
    return found


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def depth(table: object) -> int:
    """How deeply tables and lists are nested."""
    deepest, level = 0, [table]
    while level:
        deepest += 1
        level = [part for found in level for part in _parts(found)]
    return deepest


def _parts(found: object) -> Iterator[object]:
    if isinstance(found, Mapping):
        yield from found.values()
    elif isinstance(found, list):
        yield from found
