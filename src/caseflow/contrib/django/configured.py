"""The portal's desk and relay, as ``settings.CASEFLOW`` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from caseflow.clock import SystemClock
from caseflow.config import load_policy
from caseflow.contrib.django.store import DjangoStore
from caseflow.core.policy import Policy
from caseflow.delivery.relay import Relay
from caseflow.desk import Desk
from caseflow.errors import CaseflowError
from caseflow.ports import Authorizer, Clock

DEFAULTS: Mapping[str, Any] = {
    "POLICY": "wuhu", "USING": "default", "CLOCK": None, "AUTHORIZER": None,
    "DIRECTORY": None, "NOTIFIERS": None,
}  # fmt: skip
"""The keys of ``settings.CASEFLOW``, and what holds for those that are left out."""


@cache
def desk() -> Desk:
    """The portal's desk, one a process: made at the first call, safe to share between threads.

    ``settings.CASEFLOW`` may say:

    - ``POLICY``: a shipped policy's name (``wuhu`` by default), the path of a TOML file, a `Policy`, or the
      dotted name of one.
    - ``USING``: the alias in ``DATABASES``, by default ``default``.
    - ``CLOCK``: a clock, a class without arguments, or the dotted name of either; by default the system's.
    - ``AUTHORIZER``: a function that replaces the policy's table of roles, or its dotted name.

    Raises:
        ImproperlyConfigured: a key is unknown, or what it says cannot be used.
    """
    said = _said()
    return Desk(_policy(said["POLICY"]), DjangoStore(_alias(said["USING"])), clock=_clock(said["CLOCK"]),
                authorizer=_authorizer(said["AUTHORIZER"]))  # fmt: skip


def alias() -> str:
    """The alias of the database that the settings name."""
    return _alias(_said()["USING"])


def tells() -> bool:
    """Whether the settings speak of a relay."""
    return any(_said()[key] is not None for key in ("DIRECTORY", "NOTIFIERS"))


def _said() -> dict[str, Any]:
    said = getattr(settings, "CASEFLOW", {})
    if not isinstance(said, Mapping):
        raise _wrong("", f"it must be a dictionary; got {said!r}")
    unknown = sorted(str(key) for key in set(said) - set(DEFAULTS))
    if unknown:
        raise _wrong("", f"unknown keys {', '.join(unknown)}; known are {', '.join(DEFAULTS)}")
    return {**DEFAULTS, **said}


def _policy(said: Any) -> Policy:
    found = said
    if isinstance(said, str) and _is_dotted(said):
        found = _imported("POLICY", said)
    if isinstance(found, Policy):
        return found
    if not isinstance(found, str | Path):
        raise _wrong("POLICY", f"it must be a policy, a name or a path; got {found!r}")
    try:
        return load_policy(found)
    except (CaseflowError, OSError) as error:
        raise _wrong("POLICY", str(error)) from error


def _is_dotted(said: str) -> bool:
    """Whether it names something in a module; names of policies have no dot, paths end with ``.toml``."""
    return "." in said and "/" not in said and not said.endswith(".toml")


def _alias(said: Any) -> str:
    if said not in settings.DATABASES:
        raise _wrong("USING", f"{said!r} is none of DATABASES: {', '.join(settings.DATABASES)}")
    return str(said)


def _clock(said: Any) -> Clock:
    clock: Clock = SystemClock() if said is None else _made("CLOCK", said, "now_us")
    return clock


@cache
def relay() -> Relay:
    """A relay for the portal's notices, one a process; it shares store and clock with `desk`.

    ``settings.CASEFLOW`` must say:

    - ``DIRECTORY``: who holds a role: a `Directory`, a class without arguments, or the dotted name of either.
    - ``NOTIFIERS``: channel -> a `Notifier`, a class without arguments, or the dotted name of either; or one
      of these for every channel.

    Raises:
        ImproperlyConfigured: one of them is missing, or cannot be used.
    """
    said, found = _said(), desk()
    directory = _made("DIRECTORY", said["DIRECTORY"], "holders")
    ways = said["NOTIFIERS"]
    if isinstance(ways, Mapping):
        ways = {channel: _made("NOTIFIERS", way, "send") for channel, way in ways.items()}
    else:
        ways = _made("NOTIFIERS", ways, "send")
    return Relay(found.store, directory, ways, clock=found.clock)


def _made(key: str, said: Any, method: str) -> Any:
    """What the portal names, made if it is a class; it has that method."""
    found = _imported(key, said) if isinstance(said, str) else said
    made = _instance(key, found) if isinstance(found, type) else found
    if not callable(getattr(made, method, None)):
        raise _wrong(key, f"it must have a method {method}; got {said!r}")
    return made


def _instance(key: str, kind: type) -> Any:
    try:
        return kind()
    except Exception as error:
        raise _wrong(key, f"{kind.__qualname__} cannot be made: {type(error).__name__}: {error}") from error


def _authorizer(said: Any) -> Authorizer | None:
    found = _imported("AUTHORIZER", said) if isinstance(said, str) else said
    if found is not None and not callable(found):
        raise _wrong("AUTHORIZER", f"it must be a function; got {said!r}")
    return found  # type: ignore[no-any-return]  # what the portal names has no type


def _imported(key: str, dotted: str) -> Any:
    try:
        return import_string(dotted)
    except ImportError as error:
        raise _wrong(key, str(error)) from error


def _wrong(key: str, found: str) -> ImproperlyConfigured:
    place = f"settings.CASEFLOW[{key!r}]" if key else "settings.CASEFLOW"
    return ImproperlyConfigured(f"{place}: {found}")


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "CASEFLOW":
        desk.cache_clear()
        relay.cache_clear()


setting_changed.connect(_forget)
