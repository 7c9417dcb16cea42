"""Events and cases as JSON and back: by registered name, older versions carried forward by upcasters.

An event is one JSON object: ``event`` (its registered name), ``at``, ``by``, and what differs from the
defaults. A case is a positional list, since it is only a snapshot: whoever cannot read one folds the events.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from functools import cache, lru_cache
from json.encoder import encode_basestring as quoted
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs

from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.core.commands import Actor
from caseflow.core.terms import Place
from caseflow.errors import BadInput, StoreError

SNAPSHOT = 5
"""The format of packed cases; another number is not read."""

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: dict[str, list[Upcaster]] = {}
"""Event name -> what brings an older body to today's form, applied in order."""

_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def encode(event: e.Event) -> bytes:
    """The event as UTF-8 JSON in its one canonical form: ``encode(decode(body)) == body``.

    The keys stand in a fixed order without spaces, defaults are left out, and no character but quotes,
    backslashes and control characters is escaped. The audit chain covers these bytes; an `UnknownEvent`
    keeps the bytes it came with.

    The text is written field by field by a writer made once for each class: an event is small, and building
    a dict for `json` costs more than the text itself.
    """
    return _event_writers[type(event)](event).encode()


def decode(body: bytes) -> e.Event:
    """The event of a JSON body; an `UnknownEvent` when its name is not registered.

    Raises:
        StoreError: the body is not an event's.
    """
    try:
        found = json.loads(str(body, "utf-8"))
    except (ValueError, RecursionError) as error:
        raise _unreadable(body, error) from error
    return decoded(found, body)


def decoded(found: Any, body: bytes) -> e.Event:
    """The event of a JSON body that was read already; the object is used up.

    Raises:
        StoreError: the body is not an event's.
    """
    try:
        name = found.pop("event")
        for upcast in UPCASTERS.get(name, ()):
            found = upcast(found)
        at, by = found.pop("at"), _actor(*found.pop("by"))
        kind = e.EVENTS.get(name)
        if kind is None:
            return e.UnknownEvent(at, by, unknown=name, body=bytes(body))
        to = found.pop("to", None)
        readers = _readers(kind)  # type: ignore[arg-type]  # as in `encode`
        given = {key: readers[key](part) for key, part in found.items()}
        return kind(at, by, None if to is None else _place(*to), **given)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, BadInput) as error:
        raise _unreadable(body, error) from error


def _unreadable(body: bytes, error: Exception) -> StoreError:
    return StoreError("bad-event", found=f"{body[:80]!r}: {error!r:.200}")


def pack(case: Case) -> bytes:
    """The case as UTF-8 JSON: a snapshot."""
    return _dump([SNAPSHOT, *_case_packer()(case)]).encode()


def unpack(body: bytes) -> Case | None:
    """The case of a snapshot; `None` when its format is another version's."""
    try:
        version, *fields = json.loads(body)
        return _unpacker(Case)(fields) if version == SNAPSHOT else None
    except (ValueError, TypeError, RecursionError):
        return None


@lru_cache(maxsize=4096)
def _actor(id: str, role: str, unit: str) -> Actor:
    return Actor(id, role=role, unit=unit)


@lru_cache(maxsize=1024)
def _place(state: str, stage: str, final: bool) -> Place:
    return Place(state, stage, final)


class _EventWriters(dict[type[e.Event], Callable[[Any], str]]):
    """Event class -> its writer, put together when the class is first met."""

    def __missing__(self, kind: type[e.Event]) -> Callable[[Any], str]:
        if kind is e.UnknownEvent:
            write: Callable[[Any], str] = _kept
        else:
            write = _compiled(kind, head=_HEAD.replace("NAME", kind.name), skip=("at_us", "by", "to"))
        self[kind] = write
        return write


_event_writers = _EventWriters()
_HEAD = """
    by = value.by
    to = value.to
    text = f'{{"event":"NAME","at":{value.at_us},"by":[{quoted(by.id)},{quoted(by.role)},{quoted(by.unit)}]'
    if to is not None:
        text += f',"to":[{quoted(to.state)},{quoted(to.stage)},{"true" if to.final else "false"}]'"""


def _kept(event: e.UnknownEvent) -> str:
    return event.body.decode()


def _compiled(kind: Any, *, head: str, skip: tuple[str, ...] = ()) -> Callable[[Any], str]:
    """What writes a value as a JSON object without the fields that are at their defaults.

    The function is put together once for each class, two lines for each field, as attrs makes ``__init__``:
    it reads one class only, which the interpreter then does fast.
    """
    hints = get_type_hints(kind)
    known: dict[str, Any] = {"quoted": quoted}
    lines = ["def write(value):", head]
    for field in attrs.fields(kind):
        if field.name not in skip:
            known[f"default_{field.name}"] = field.default
            known[f"write_{field.name}"] = _writer(hints[field.name])
            lines += [
                f"    part = value.{field.name}",
                f"    if part is not default_{field.name} and part != default_{field.name}:",
                f"        text += ',\"{field.name}\":' + write_{field.name}(part)",
            ]
    exec("\n".join([*lines, "    return text + '}'"]), known)  # the text is made of field names only
    made: Callable[[Any], str] = known["write"]
    return made


@cache
def _writer(hint: Any) -> Callable[[Any], str]:
    """What writes a value of that type as JSON; nested values become objects without their defaults."""
    inner = _inner(hint)
    if inner is not None:
        write = _writer(inner)
        return lambda found: "null" if found is None else write(found)
    if hint is str:
        return quoted
    if hint is int:
        return int.__repr__
    if get_origin(hint) is tuple and get_args(hint)[-1] is ...:
        write = _writer(get_args(hint)[0])
        written: Callable[[Any], str] = lambda found: f"[{','.join([write(item) for item in found])}]"  # noqa: E731
        return lru_cache(maxsize=4096)(written) if _is_shared(hint) else written
    if not attrs.has(hint):
        return _dump
    compiled = _compiled(hint, head="    text = ''")
    found: Callable[[Any], str] = lambda value: "{" + compiled(value)[1:]  # noqa: E731  # the first comma
    if hint is not e.Origin:
        return found
    remembered = lru_cache(maxsize=4096)(lambda *fields: found(e.Origin(*fields)))
    return lambda o: remembered(o.pin, o.zone, o.kind, o.channel, o.region, o.urgency)


def _is_shared(hint: Any) -> bool:
    return hint in _SHARED


_SHARED: tuple[Any, ...] = (e.Ladder, tuple[int | None, ...])
"""Values that many cases have in common; their text is remembered."""


@cache
def _readers(kind: Any) -> dict[str, Callable[[Any], Any]]:
    hints = get_type_hints(kind)
    return {field.name: _read_by_name(hints[field.name]) for field in attrs.fields(kind)}


def _read_by_name(hint: Any) -> Callable[[Any], Any]:
    if hint == tuple[e.ClockChange, ...]:
        return lambda found: tuple(_from_object(e.ClockChange, change) for change in found)
    if attrs.has(hint):
        return lambda found: _from_object(hint, found)
    return _unpacker(hint)


def _from_object(kind: type[Any], found: dict[str, Any]) -> Any:
    readers = _readers(kind)  # type: ignore[arg-type]  # as in `encode`
    return kind(**{key: readers[key](part) for key, part in found.items()})


@cache
def _case_packer() -> Callable[[Any], Any]:
    packer = _packer(Case)
    assert packer is not None  # a value class has one
    return packer


@cache
def _packer(hint: Any) -> Callable[[Any], Any] | None:
    """What turns a value into JSON-able lists; `None` where it is one already."""
    inner = _inner(hint)
    if inner is not None:
        return _packing_none(_packer(inner))
    if get_origin(hint) is tuple:
        return _packing_each(_packer(get_args(hint)[0]) if get_args(hint)[-1] is ... else None)
    if not attrs.has(hint):
        return None
    hints = get_type_hints(hint)
    fields = tuple((field.name, _packer(hints[field.name])) for field in attrs.fields(hint))
    return lambda found: [
        pack_part(getattr(found, name)) if pack_part else getattr(found, name) for name, pack_part in fields
    ]


def _packing_none(pack_part: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    return None if pack_part is None else (lambda found: None if found is None else pack_part(found))


def _packing_each(pack_part: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    return None if pack_part is None else (lambda found: [pack_part(item) for item in found])


@cache
def _unpacker(hint: Any) -> Callable[[Any], Any]:
    """What turns JSON back into the value of that type."""
    inner = _inner(hint)
    if inner is not None:
        part = _unpacker(inner)
        return lambda found: found if found is None else part(found)
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        part = _unpacker(parts[0]) if parts[-1] is ... else _plain
        return lambda found: tuple([part(item) for item in found])
    if not attrs.has(hint):
        return _plain
    hints = get_type_hints(hint)
    readers = tuple(_unpacker(hints[field.name]) for field in attrs.fields(hint))
    return lambda found: hint(*[read(item) for read, item in zip(readers, found, strict=True)])


def _inner(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return next(part for part in get_args(hint) if part is not type(None))
    return None


def _plain(found: Any) -> Any:
    return tuple([_plain(item) for item in found]) if type(found) is list else found
