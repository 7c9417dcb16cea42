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


class Notes:
    """The problems found so far in one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, path: str, code: str, found: object = "") -> None:
        """Note one problem at a key path."""
        self.problems.append(Problem(self.file, path, code, str(found)[:200]))


def policy_from(table: Mapping[str, Any], notes: Notes) -> Policy | None:
    """The policy a table describes; `None` when it cannot be built, with the reasons in `notes`."""
    table = {key: found for key, found in table.items() if key != "tables"}
    return built(Policy, table, notes)


def policy_from_document(document: Mapping[str, Any]) -> Policy:
    """The policy that `Policy.document` described, calendars included.

    Raises:
        PolicyError: the document is not one.
    """
    notes = Notes("stored policy")
    policy = policy_from(document["policy"], notes)
    if policy is None:
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


def _build(cls: type[Any], table: object, path: str, notes: Notes) -> Any:
    if not isinstance(table, Mapping):
        notes.add(path or ".", "wrong-type", f"{type(table).__name__}, expected a table")
        return None
    given: dict[str, Any] = {}
    hints = _hints(cls)
    for key, found in table.items():
        if key not in hints:
            notes.add(_join(path, key), "unknown-key", key)
        elif found is not None:
            given[key] = _read(hints[key], found, _join(path, key), notes)
    for field in attrs.fields(cls):
        if field.default is attrs.NOTHING and field.name not in given:
            notes.add(_join(path, field.name), "missing-key")
            return None
    return cls(**given)


@cache
def _hints(cls: type[Any]) -> dict[str, Any]:
    return get_type_hints(cls)


def _read(hint: Any, found: object, path: str, notes: Notes) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _read(next(part for part in get_args(hint) if part is not type(None)), found, path, notes)
    if origin is dict:
        if not isinstance(found, Mapping):
            notes.add(path, "wrong-type", f"{type(found).__name__}, expected a table")
            return {}
        inner = get_args(hint)[1]
        return {str(key): _read(inner, part, _join(path, str(key)), notes) for key, part in found.items()}
    if origin is tuple:
        if not isinstance(found, list | tuple):
            notes.add(path, "wrong-type", f"{type(found).__name__}, expected a list")
            return ()
        inner = get_args(hint)[0]
        return tuple(_read(inner, part, f"{path}[{index}]", notes) for index, part in enumerate(found))
    if attrs.has(hint):
        return _build(hint, found, path, notes)
    if isinstance(found, float) and not math.isfinite(found):
        notes.add(path, "not-finite", found)
    elif type(found) is not hint:
        notes.add(path, "wrong-type", f"{type(found).__name__}, expected {hint.__name__}")
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
