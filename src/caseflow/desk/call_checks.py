"""What is refused before a command is looked at: arguments of another type, names that no store can keep."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from caseflow.core.model.case import Case
from caseflow.core.model.commands import SYSTEM, Actor
from caseflow.core.units import UnitRegister
from caseflow.errors import BadInput, Refusal, Refused, UnknownCase


def checked_call(case_id: object, action: str, by: object) -> tuple[str, Actor]:
    """The id and the actor as they are recorded: an id that a store can keep, and nobody who is the system.

    Raises:
        BadInput: ``by`` is no actor.
        UnknownCase: no case can have that id.
        Refused: for a new case: ``bad-case-id``; for the system ``role-may-not``.
    """
    actor = checked_actor(by)
    name = str.__str__(case_id) if isinstance(case_id, str) else ""
    if not (1 <= len(name) <= 200 and name.isprintable()) or name != name.strip():
        if action in ("submit", "adopt"):
            raise Refused(Refusal(code="bad-case-id", action=action, found=ascii(case_id)[:80]))
        raise UnknownCase(ascii(case_id)[:80])
    if actor.role == SYSTEM.role:
        refusal = Refusal(code="role-may-not", action=action, missing=(), found=actor.role, rule="roles")
        raise Refused(refusal, case_id=name)
    return name, actor


def checked_actor(by: object) -> Actor:
    """The actor as it is recorded.

    Raises:
        BadInput: it is none.
    """
    if not isinstance(by, Actor):
        raise _wrong("by", by, "Actor")
    return by.plain()


def checked_name(what: str, name: object) -> str:
    """A name as a plain text.

    Raises:
        BadInput: it is no text.
    """
    if not isinstance(name, str):
        raise _wrong(what, name, "text")
    return str.__str__(name)


def checked_cases(cases: Iterable[Case]) -> tuple[Case, ...]:
    """Cases at hand, in their order.

    Raises:
        BadInput: it is no list of them.
    """
    listed = checked_list("cases", cases)
    for one in listed:
        if not isinstance(one, Case):
            raise _wrong("cases", one, "Case")
    return listed


def checked_list(what: str, names: Iterable[Any] | None) -> tuple[Any, ...]:
    """What stands in a list.

    Raises:
        BadInput: it is none.
    """
    if not isinstance(names, Iterable):
        raise _wrong(what, names, "list")
    return tuple(names)


def checked_folder(what: str, folder: object) -> Path:
    """The path of a folder, which need not be there.

    Raises:
        BadInput: it is none.
    """
    if isinstance(folder, str | Path) and str(folder) and "\x00" not in str(folder):
        with suppress(UnicodeEncodeError):
            return Path(os.fsdecode(os.fsencode(folder)))
    raise _wrong(what, folder, "folder")


def checked_register(what: str, register: object) -> UnitRegister:
    """A register of units.

    Raises:
        BadInput: it is none.
    """
    if not callable(getattr(register, "unit", None)) or not callable(getattr(register, "names", None)):
        raise _wrong(what, register, "register of units")
    return register  # type: ignore[return-value]  # a protocol, of which these two are asked


def checked_mapping(what: str, fields: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Fields by name.

    Raises:
        BadInput: it is no mapping.
    """
    if not isinstance(fields, Mapping):
        raise _wrong(what, fields, "mapping")
    return fields


def checked_key(key: object) -> str:
    """The key as it is kept.

    Raises:
        BadInput: no store can keep it.
    """
    if not isinstance(key, str) or not (1 <= len(key) <= 200 and key.isprintable()):
        raise BadInput("bad-name", what="key", found=ascii(key)[:80])
    return str.__str__(key)


def checked_function(what: str, function: object) -> Callable[..., Any]:
    """A function.

    Raises:
        BadInput: it is none.
    """
    if not callable(function):
        raise _wrong(what, function, "function")
    return function


def checked_count(what: str, count: object) -> int:
    """A whole number.

    Raises:
        BadInput: it is none.
    """
    if type(count) is not int:
        raise BadInput("bad-int", what=what, found=ascii(count)[:80])
    return count


def _wrong(what: str, value: object, wanted: str) -> BadInput:
    return BadInput("bad-option", what=what, found=f"{ascii(value)[:80]}, which is no {wanted}")
