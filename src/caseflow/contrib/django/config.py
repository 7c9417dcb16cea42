"""The portal's desk, relay and actors, as ``settings.CASEFLOW`` says, and the language people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django.utils.translation import get_language

from caseflow.clock import SystemClock
from caseflow.contrib.django.django_store import DjangoStore
from caseflow.core.model.commands import Actor
from caseflow.core.policy import Policy
from caseflow.delivery.relay import Relay
from caseflow.desk import Desk, Hooks
from caseflow.errors import CaseflowError
from caseflow.i18n import Lang, nearest, text
from caseflow.policies.load import load_policy
from caseflow.policies.parse import is_list, is_table
from caseflow.policies.unit_register import load_units
from caseflow.ports import Authorizer, Clock, UnitRegister

DEFAULTS: Mapping[str, Any] = {
    "POLICY": "wuhu", "USING": "default", "CLOCK": None, "AUTHORIZER": None,
    "DIRECTORY": None, "NOTIFIERS": None, "HOOKS": (), "OBSERVER": None, "ROLES": {}, "UNITS": None,
}  # fmt: skip
"""The keys of ``settings.CASEFLOW``, and what holds for those that are left out."""


@cache
def desk() -> Desk:
    """The portal's desk, one a process: made at the first call, safe to share between threads.

    ``settings.CASEFLOW`` may say:

    - ``POLICY``: a shipped policy's name (``wuhu`` by default), the path of a TOML file, a `Policy`, or the
      dotted name of one; or a list of these, of which the first is for cases that name none.
    - ``USING``: the alias in ``DATABASES``, by default ``default``.
    - ``CLOCK``: a clock, a class without arguments, or the dotted name of either; by default the system's.
    - ``AUTHORIZER``: an `Authorizer` in place of the policy's table of roles, a class without arguments, or
      the dotted name of either.
    - ``HOOKS``: ``(event, function)`` or ``(event, function, "before")``, each a registered name, a class or
      a dotted name; see `Desk.subscribe`.
    - ``UNITS``: the path of a register of units, a `UnitRegister`, a class without arguments, or the dotted
      name of either.
    - ``OBSERVER``: an `Observer`, a class without arguments, or the dotted name of either.

    Settings that are overridden, as tests do, make another desk. What they do not name stays as the portal's
    own settings say, and so do hooks that were subscribed.

    Raises:
        ImproperlyConfigured: a key is unknown, or what it says cannot be used.
    """
    options, observer = _options(), None
    if options["OBSERVER"] is not None:
        observer = _plugged("OBSERVER", options["OBSERVER"], "observe")
    units = _units(options["UNITS"])
    portals_desk = Desk(
        _policies(options["POLICY"], units), DjangoStore(_alias(options["USING"])),
        clock=_clock(options["CLOCK"]), authorizer=_authorizer(options["AUTHORIZER"]),
        observer=observer, hooks=_HOOKS, units=units,
    )  # fmt: skip
    _subscribe(portals_desk, options["HOOKS"])
    return portals_desk


_HOOKS = Hooks()
"""Of every desk that this process makes."""
_named: list[Callable[[], None]] = []
"""What ends the subscriptions that the settings name."""
_kept: dict[str, Any] = {}
"""What the portal's own settings say, which overriding ones need not repeat."""


def keep_settings() -> None:
    """Keep what the portal's own settings say, when Django begins."""
    _kept.clear()
    options = getattr(settings, "CASEFLOW", {})
    if is_table(options):
        _kept.update(options)


def _subscribe(portals_desk: Desk, hooks: Any) -> None:
    while _named:
        _named.pop()()
    if not is_list(hooks):
        raise _wrong("HOOKS", f"it must be a list of (event, function); got {hooks!r}")
    for hook in hooks:
        if not is_list(hook) or len(hook) not in (2, 3):
            raise _wrong("HOOKS", f"each must be (event, function) or (event, function, when); got {hook!r}")
        parts: list[Any] = [
            _imported("HOOKS", part) if isinstance(part, str) and "." in part else part for part in hook
        ]
        event, function, *when = parts
        try:
            _named.append(portals_desk.subscribe(event, function, when=when[0] if when else "after"))
        except CaseflowError as error:
            raise _wrong("HOOKS", str(error)) from error


def alias() -> str:
    """The alias of the database that the settings name."""
    return _alias(_options()["USING"])


def tells() -> bool:
    """Whether the settings speak of a relay."""
    return any(_options()[key] is not None for key in ("DIRECTORY", "NOTIFIERS"))


def language() -> Lang:
    """Which language people read here: of those there are the one nearest to Django's active language."""
    return nearest(get_language() or "")


def word(key: str, **values: Any) -> str:
    """A text of Django's pages in the language people read here."""
    return text(f"django.{key}", language(), **values)


def _options() -> dict[str, Any]:
    options = getattr(settings, "CASEFLOW", {})
    if not is_table(options):
        raise _wrong("", f"it must be a dictionary; got {options!r}")
    unknown = sorted(str(key) for key in set(options) - set(DEFAULTS))
    if unknown:
        raise _wrong("", f"unknown keys {', '.join(unknown)}; known are {', '.join(DEFAULTS)}")
    return {**DEFAULTS, **_kept, **options}


def actor_of(request: HttpRequest) -> Actor | None:
    """Who is signed in, in the role that ``settings.CASEFLOW["ROLES"]`` gives to their groups.

    ``ROLES`` maps the name of a group to a role of the policy, or to ``(role, unit)``; the name ``""`` stands
    for everybody who is signed in. The first that holds, in the order of the settings, is theirs; the actor's
    id is the user's primary key.

    Returns:
        `None` for nobody, for a user who is not active, and for one whom no entry gives a role.

    Raises:
        ImproperlyConfigured: ``ROLES`` cannot be used.
    """
    user: Any = getattr(request, "user", None)
    if user is None or not (user.is_authenticated and user.is_active):
        return None
    rules = roles()
    groups = {"", *user.groups.values_list("name", flat=True)}
    match = next((role for group, role in rules.items() if group in groups), None)
    return match and Actor(str(user.pk), role=match[0], unit=match[1])


def roles() -> dict[str, tuple[str, str]]:
    """The role and unit of each group that the settings name; the unit is empty where they name none.

    Raises:
        ImproperlyConfigured: they name a role that no policy has, or something else than roles.
    """
    option = _options()["ROLES"]
    known = dict.fromkeys(name for rules in desk().policies.values() for name in rules.policy.roles)
    if not is_table(option):
        raise _wrong("ROLES", f"it must be a dictionary; got {option!r}")
    those: dict[str, tuple[str, str]] = {}
    for group, role in option.items():
        match (role,) if isinstance(role, str) else role:
            case (str(name),):
                unit = ""
            case (str(name), str(unit)):
                pass
            case _:
                raise _wrong("ROLES", f"each must be a role, or (role, unit); got {role!r} for {group!r}")
        if name not in known:
            raise _wrong("ROLES", f"{name!r} is no role of the policy; there are {', '.join(known)}")
        those[str(group)] = name, unit
    return those


def _policies(option: Any, units: UnitRegister | None) -> list[Policy]:
    several = cast("Sequence[Any]", option) if isinstance(option, list | tuple) else [option]
    policies = [_policy(one, units) for one in several]
    if not policies or len({policy.name for policy in policies}) < len(policies):
        raise _wrong("POLICY", f"it must be one policy or several with names of their own; got {option!r}")
    return policies


def _policy(option: Any, units: UnitRegister | None) -> Policy:
    policy = _imported("POLICY", option) if isinstance(option, str) and _is_dotted(option) else option
    if isinstance(policy, Policy):
        return policy
    if not isinstance(policy, str | Path):
        raise _wrong("POLICY", f"it must be a policy, a name or a path; got {policy!r}")
    try:
        return load_policy(policy, units=units)
    except (CaseflowError, OSError) as error:
        raise _wrong("POLICY", str(error)) from error


def _is_dotted(option: str) -> bool:
    """Whether it names something in a module; names of policies have no dot, paths end with ``.toml``."""
    return "." in option and "/" not in option and not option.endswith(".toml")


def _alias(option: Any) -> str:
    if option not in settings.DATABASES:
        raise _wrong("USING", f"{option!r} is none of DATABASES: {', '.join(settings.DATABASES)}")
    return str(option)


def _clock(option: Any) -> Clock:
    clock: Clock = SystemClock() if option is None else _plugged("CLOCK", option, "now_us")
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
    options, portals_desk = _options(), desk()
    directory = _plugged("DIRECTORY", options["DIRECTORY"], "holders")
    notifiers = options["NOTIFIERS"]
    if is_table(notifiers):
        notifiers = {channel: _plugged("NOTIFIERS", one, "send") for channel, one in notifiers.items()}
    else:
        notifiers = _plugged("NOTIFIERS", notifiers, "send")
    return Relay(portals_desk.store, directory, notifiers, clock=portals_desk.clock)


def _plugged(key: str, option: Any, method: str) -> Any:
    """What the portal names, instantiated if it is a class; it has that method."""
    plugin = _imported(key, option) if isinstance(option, str) else option
    plugin = _instance(key, plugin) if isinstance(plugin, type) else plugin
    if not callable(getattr(plugin, method, None)):
        raise _wrong(key, f"it must have a method {method}; got {option!r}")
    return plugin


def _instance(key: str, kind: type) -> Any:
    try:
        return kind()
    except Exception as error:
        raise _wrong(key, f"{kind.__qualname__} cannot be made: {type(error).__name__}: {error}") from error


def _authorizer(option: Any) -> Authorizer | None:
    authorizer: Authorizer | None = None if option is None else _plugged("AUTHORIZER", option, "refuses")
    return authorizer


def _units(option: Any) -> UnitRegister | None:
    if isinstance(option, Path) or (isinstance(option, str) and option.endswith((".toml", ".csv"))):
        try:
            return load_units(option)
        except CaseflowError as error:
            raise _wrong("UNITS", str(error)) from error
    register: UnitRegister | None = None if option is None else _plugged("UNITS", option, "unit")
    return register


def _imported(key: str, dotted: str) -> Any:
    try:
        return import_string(dotted)
    except ImportError as error:
        raise _wrong(key, str(error)) from error


def _wrong(key: str, problem: str) -> ImproperlyConfigured:
    setting = f"settings.CASEFLOW[{key!r}]" if key else "settings.CASEFLOW"
    return ImproperlyConfigured(f"{setting}: {problem}")


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "CASEFLOW":
        desk.cache_clear()
        relay.cache_clear()


setting_changed.connect(_forget)
