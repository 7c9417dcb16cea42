"""A relay from a table, as a configuration file has it: channels, people, retries and texts."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from caseflow.delivery.directory import ListedDirectory
from caseflow.delivery.messages import Messages
from caseflow.delivery.notifiers.simple import CallableNotifier
from caseflow.delivery.relay import Relay, RetryPolicy
from caseflow.errors import BadInput, CaseflowError
from caseflow.policies.parse import is_list, is_table
from caseflow.policies.unit_register import load_units
from caseflow.ports import Clock, Store
from caseflow.ports.protocols import Directory, Notifier

SHIPPED = {
    "log": "caseflow.delivery.notifiers.simple:LogNotifier",
    "email": "caseflow.delivery.notifiers.email:EmailNotifier",
    "webhook": "caseflow.delivery.notifiers.webhook:WebhookNotifier",
    "apprise": "caseflow.delivery.notifiers.apprise:AppriseNotifier",
}
"""What ``use`` may say besides ``module:name``; each is imported only when it is asked for."""
_KEYS = {"relay", "channels", "people", "directory", "units"}


def relay_from(table: Mapping[str, Any], store: Store, *, folder: Path, clock: Clock | None = None) -> Relay:
    """The relay that a table describes.

    Args:
        table: ``[relay]`` with the numbers of `RetryPolicy`, ``quiet`` and ``digest`` (see `Relay`), and
            ``messages``, a folder;
            ``[channels.NAME]`` with ``use`` and the notifier's own arguments; and ``[[people]]`` (see
            `ListedDirectory`), with ``units``, the file of a register beside this one, or
            ``directory = "module:name"``. A value ``{ env = "NAME" }`` is read from
            the environment.
        folder: where the file stands; ``messages`` and ``units`` are relative to it.

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
    times = {key: relay.pop(key, "") for key in ("quiet", "digest")}
    for key, time in times.items():
        if not isinstance(time, str):
            raise _wrong(f"relay.{key}", "expected a text, such as 22:00-07:00 or 08:30")
    channels = _table(table.get("channels", {}), "channels")
    if not channels:
        raise _wrong("channels", "no channel: nobody could be told")
    notifiers = {name: _notifier(name, channel) for name, channel in channels.items()}
    return Relay(
        store, _directory(table, folder), notifiers, clock=clock, retry_policy=_retry_policy(relay),
        messages=Messages(None if messages is None else folder / messages), **times,
    )  # fmt: skip


def _wrong(what: str, problem: str) -> BadInput:
    return BadInput("bad-relay-config", what=what, found=problem)


def _table(entry: object, what: str) -> Mapping[str, Any]:
    if not is_table(entry):
        raise _wrong(what, f"{type(entry).__name__}, expected a table")
    return entry


def _retry_policy(numbers: Mapping[str, Any]) -> RetryPolicy:
    defaults = {name: getattr(RetryPolicy(), name) for name in RetryPolicy.__match_args__}
    for name, number in numbers.items():
        what = f"relay.{name}"
        if name not in defaults:
            raise _wrong(what, f"unknown key; there are messages, quiet, digest, {', '.join(defaults)}")
        is_whole = isinstance(defaults[name], int)
        if isinstance(number, bool) or not isinstance(number, int if is_whole else int | float):
            raise _wrong(what, f"{number!r}, expected a number")
        if not (0 <= number <= 1 if name == "jitter" else number >= (1 if is_whole else 0)):
            raise _wrong(what, f"{number!r} is out of range")
    return RetryPolicy(**numbers)


def _directory(table: Mapping[str, Any], folder: Path) -> Directory:
    if "directory" in table:
        named = _named(str(table["directory"]), "directory")
        directory: Any = named() if inspect.isclass(named) else named
        if not callable(getattr(directory, "holders", None)):
            raise _wrong("directory", f"{table['directory']} has no holders")
        return cast("Directory", directory)
    people = table.get("people", [])
    if not is_list(people) or not people:
        raise _wrong("people", "give [[people]], or directory = 'module:name'")
    units = table.get("units")
    if units is not None and not isinstance(units, str):
        raise _wrong("units", "expected the path of a file")
    entries = [_table(entry, f"people[{index}]") for index, entry in enumerate(people)]
    return ListedDirectory(entries, units=None if units is None else load_units(folder / units))


def _notifier(name: str, channel: object) -> Notifier:
    what = f"channels.{name}"
    arguments = {key: _filled(entry, f"{what}.{key}") for key, entry in _table(channel, what).items()}
    use = arguments.pop("use", None)
    if not isinstance(use, str):
        raise _wrong(f"{what}.use", f"expected {', '.join(SHIPPED)} or module:name")
    notifier = _named(SHIPPED.get(use, use), f"{what}.use")
    if arguments or inspect.isclass(notifier):
        notifier = _called(notifier, arguments, what)
    if callable(getattr(notifier, "send", None)):
        return cast("Notifier", notifier)
    if not callable(notifier):
        raise _wrong(f"{what}.use", f"{use} is neither a notifier nor a function")
    return CallableNotifier(notifier)


def _filled(entry: Any, what: str) -> Any:
    """The entry, each ``{ env = "NAME" }`` in it replaced by that variable: secrets stay out of files."""
    if is_table(entry) and set(entry) == {"env"}:
        name = str(entry["env"])
        if name not in os.environ:
            raise _wrong(what, f"the environment has no {name}")
        return os.environ[name]
    if is_table(entry):
        return {key: _filled(part, f"{what}.{key}") for key, part in entry.items()}
    if is_list(entry):
        return [_filled(part, what) for part in entry]
    return entry


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


def _called(factory: Callable[..., Any], arguments: Mapping[str, Any], what: str) -> Any:
    try:
        inspect.signature(factory).bind(**arguments)
    except TypeError as error:
        raise _wrong(what, str(error)) from error
    try:
        return factory(**arguments)
    except CaseflowError:
        raise
    except Exception as error:  # whatever a value of another type leads to
        raise _wrong(what, f"{type(error).__name__}: a value cannot be used") from error
