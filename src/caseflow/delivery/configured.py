"""A relay from a table, as a configuration file gives it: channels, people, pace and texts."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from caseflow.delivery.calling import CallableNotifier
from caseflow.delivery.directory import ListedDirectory
from caseflow.delivery.messages import Messages
from caseflow.delivery.pace import Pace
from caseflow.delivery.protocols import Directory, Notifier
from caseflow.delivery.relay import Relay
from caseflow.errors import BadInput, CaseflowError
from caseflow.ports import Clock, Store

SHIPPED = {
    "log": ("caseflow.delivery.log", "LogNotifier"),
    "email": ("caseflow.delivery.email", "EmailNotifier"),
    "webhook": ("caseflow.delivery.webhook", "WebhookNotifier"),
    "apprise": ("caseflow.delivery.apprise", "AppriseNotifier"),
}
"""What ``use`` may say besides ``module:name``; each is imported only when it is asked for."""
_KEYS = {"relay", "channels", "people", "directory"}


def relay_from(table: Mapping[str, Any], store: Store, *, folder: Path, clock: Clock | None = None) -> Relay:
    """The relay that a table describes.

    Args:
        table: ``[relay]`` with the numbers of `Pace` and ``messages``, a folder; ``[channels.NAME]`` with
            ``use`` and the notifier's own arguments; and ``[[people]]`` (see `ListedDirectory`) or
            ``directory = "module:name"``. A value ``{ env = "NAME" }`` is read from the environment.
        folder: where the file stands; ``messages`` is relative to it.

    Raises:
        BadInput: ``bad-relay-config``, with the key path and what is wrong there.
    """
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        raise _wrong(unknown[0], f"unknown key; there are {', '.join(sorted(_KEYS))}")
    relay = dict(_table(table.get("relay", {}), "relay"))
    messages = relay.pop("messages", None)
    if messages is not None and not isinstance(messages, str):
        raise _wrong("relay.messages", "expected the path of a folder")
    channels = _table(table.get("channels", {}), "channels")
    if not channels:
        raise _wrong("channels", "no channel: nobody could be told")
    notifiers = {name: _notifier(name, found) for name, found in channels.items()}
    return Relay(
        store, _directory(table), notifiers, clock=clock, pace=_pace(relay),
        messages=Messages(None if messages is None else folder / messages),
    )  # fmt: skip


def _wrong(what: str, found: str) -> BadInput:
    return BadInput("bad-relay-config", what=what, found=found)


def _table(found: object, what: str) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise _wrong(what, f"{type(found).__name__}, expected a table")
    return found


def _pace(given: Mapping[str, Any]) -> Pace:
    kinds = {name: getattr(Pace(), name) for name in Pace.__match_args__}
    for name, found in given.items():
        what = f"relay.{name}"
        if name not in kinds:
            raise _wrong(what, f"unknown key; there are messages, {', '.join(kinds)}")
        whole = isinstance(kinds[name], int)
        if isinstance(found, bool) or not isinstance(found, int if whole else int | float):
            raise _wrong(what, f"{found!r}, expected a number")
        if not (0 <= found <= 1 if name == "jitter" else found >= (1 if whole else 0)):
            raise _wrong(what, f"{found!r} is out of range")
    return Pace(**given)


def _directory(table: Mapping[str, Any]) -> Directory:
    if "directory" in table:
        found = _named(str(table["directory"]), "directory")
        made: Any = found() if inspect.isclass(found) else found
        if not callable(getattr(made, "holders", None)):
            raise _wrong("directory", f"{table['directory']} has no holders")
        directory: Directory = made
        return directory
    people = table.get("people", [])
    if not isinstance(people, list) or not people:
        raise _wrong("people", "give [[people]], or directory = 'module:name'")
    return ListedDirectory([_table(entry, f"people[{index}]") for index, entry in enumerate(people)])


def _notifier(name: str, found: object) -> Notifier:
    what = f"channels.{name}"
    given = {key: _filled(part, f"{what}.{key}") for key, part in _table(found, what).items()}
    use = given.pop("use", None)
    if not isinstance(use, str):
        raise _wrong(f"{what}.use", f"expected {', '.join(SHIPPED)} or module:name")
    if use in SHIPPED:
        module, cls = SHIPPED[use]
        shipped: Notifier = _made(_named(f"{module}:{cls}", f"{what}.use"), given, what)
        return shipped
    thing = _named(use, f"{what}.use")
    if given or inspect.isclass(thing):
        thing = _made(thing, given, what)
    if callable(getattr(thing, "send", None)):
        sender: Notifier = thing
        return sender
    if not callable(thing):
        raise _wrong(f"{what}.use", f"{use} is neither a notifier nor a function")
    return CallableNotifier(thing)


def _filled(found: Any, what: str) -> Any:
    """The value, each ``{ env = "NAME" }`` in it replaced by that variable: secrets stay out of files."""
    if isinstance(found, Mapping) and set(found) == {"env"}:
        name = str(found["env"])
        if name not in os.environ:
            raise _wrong(what, f"the environment has no {name}")
        return os.environ[name]
    if isinstance(found, Mapping):
        return {key: _filled(part, f"{what}.{key}") for key, part in found.items()}
    if isinstance(found, list):
        return [_filled(part, what) for part in found]
    return found


def _named(text: str, what: str) -> Any:
    """What ``module:name`` says."""
    module, _, name = text.partition(":")
    if not module or not name:
        raise _wrong(what, f"{text!r}, expected module:name")
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise _wrong(what, f"{text}: {error}") from error
    except AttributeError as error:
        raise _wrong(what, f"{module} has no {name}") from error


def _made(factory: Callable[..., Any], given: Mapping[str, Any], what: str) -> Any:
    try:
        inspect.signature(factory).bind(**given)
    except TypeError as error:
        raise _wrong(what, str(error)) from error
    try:
        return factory(**given)
    except CaseflowError:
        raise
    except Exception as error:  # whatever a value of another type leads to
        raise _wrong(what, f"{type(error).__name__}: a value cannot be used") from error
