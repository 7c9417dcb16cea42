"""A policy: what may happen to a case, who may do it and by when, as typed values.

A policy is data. The TOML keys are the attribute names below; `caseflow policy show wuhu` prints a complete
file. Compiling it into tables is `caseflow.core.lifecycle`; checking it is `caseflow.core.policy_check`.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from typing import Any

import attrs

from caseflow.core.calendars import Calendar
from caseflow.core.terms import Labels


def _table() -> Any:
    return attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Limits:
    """Caps of a case's life."""

    returns: int = 3
    """Times a case may go back to the dispatcher (退单)."""
    reopens: int = 2
    extensions: int = 1
    """Extensions granted to one clock in one cycle."""
    extension_days: int = 30
    """Days that one extension may add at the most."""


@attrs.frozen(kw_only=True)
class Role:
    """Who acts: which cases the role may touch, and whether it may record facts late."""

    labels: Labels = Labels()
    scope: str = "any"
    """``own``: the actor's own cases; ``unit``: cases the actor's unit holds; ``any``: every case."""
    everything: bool = False
    """May take every action of the policy."""
    backdate: bool = False
    """May give an ``effective_at`` before now, with a reason."""


@attrs.frozen(kw_only=True)
class Named:
    """A key with labels: a kind of inquiry or a reason code."""

    labels: Labels = Labels()


@attrs.frozen(kw_only=True)
class State:
    """A place where a case can stand."""

    stage: str
    final: bool = False
    labels: Labels = Labels()


@attrs.frozen(kw_only=True)
class FieldRule:
    """One typed field of an action."""

    type: str = "string"
    """``text`` (personal, kept apart), ``string``, ``unit``, ``int``, ``bool``, ``instant`` or ``sha256``."""
    required: bool = False
    choices: tuple[str, ...] = ()
    """The values a ``string`` may have; empty for any."""
    min: int | None = None
    max: int | None = None
    labels: Labels = Labels()


@attrs.frozen(kw_only=True)
class Action:
    """Something that may be done to a case."""

    moves: dict[str, str] = _table()
    """From state to state. The key ``open`` stands for every state that is not final, ``start`` for "no case
    yet"; the target ``=`` stays where the case is. A named state wins over ``open``."""
    with_unit: str = ""
    """The target instead, when a unit holds the case after the action."""
    roles: tuple[str, ...] = ()
    """Who may; nobody by default."""
    guards: tuple[str, ...] = ()
    """Named conditions, all of which must hold; see `caseflow.core.guards`."""
    co_handlers: bool = False
    """Whether a co-handling unit may do it as well as the unit that holds the case."""
    reason: bool = False
    """Whether a reason must be given."""
    fields: dict[str, FieldRule] = _table()
    """The fields of an action of the policy's own; the built-in actions bring theirs."""
    labels: Labels = Labels()
    source: str = ""


@attrs.frozen(kw_only=True)
class When:
    """The cases a clock is for; an empty list admits every value."""

    kind: tuple[str, ...] = ()
    urgency: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    region: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Rung:
    """One step of a ladder: after so long, this level, told to these roles."""

    level: str
    days: int = 0
    hours: int = 0
    kind: str = "breach"
    """``warning`` (a reminder) or ``breach`` (a card)."""
    recipients: tuple[str, ...] = ()
    document: str = ""
    then: str = ""
    """An action the system takes at that instant."""
    labels: Labels = Labels()
    source: str = ""


@attrs.frozen(kw_only=True)
class ClockRule:
    """A named clock: what starts and stops it, how it counts, and its ladder.

    Starts, stops and the rest name actions, or states as ``state:answered`` (upon entering). A clock paused
    by a state resumes upon leaving it.
    """

    start: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    pause: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()
    cancel: tuple[str, ...] = ()
    revive: tuple[str, ...] = ()
    """Actions that take a stop back: the time between stop and revival is a pause of the same cycle."""
    subject: str = ""
    """Empty: one instance a case. ``unit``: one for each unit that holds the case. ``co_handler``: one for
    each co-handling unit."""
    when: When = When()
    counting: str = "natural"
    roll: str = "none"
    calendar: str = ""
    rungs: tuple[Rung, ...] = ()
    labels: Labels = Labels()
    source: str = ""


@attrs.frozen(kw_only=True)
class CalendarSource:
    """Where a calendar's table comes from: a file beside the policy, or an installed provider."""

    file: str = ""
    provider: str = ""
    week: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Working weekdays of the provider's calendar, Monday is 0."""


@attrs.frozen(kw_only=True)
class Policy:
    """The rules of a portal.

    ``tables`` holds the calendars that ``calendars`` names, read when the policy was loaded.
    """

    name: str
    format: int = 1
    version: str = "1"
    timezone: str = "Asia/Shanghai"
    """IANA name of the office's zone; days are the office's days."""
    labels: Labels = Labels()
    source: str = ""
    limits: Limits = Limits()
    roles: dict[str, Role] = _table()
    kinds: dict[str, Named] = _table()
    reasons: dict[str, Named] = _table()
    states: dict[str, State] = _table()
    actions: dict[str, Action] = _table()
    clocks: dict[str, ClockRule] = _table()
    calendars: dict[str, CalendarSource] = _table()
    tables: dict[str, Calendar] = attrs.field(factory=dict, metadata={"document": False})

    def document(self) -> dict[str, Any]:
        """The policy and its calendars as JSON-able data: what a case pins and a store keeps."""
        return {
            "policy": attrs.asdict(self, filter=lambda field, _: field.metadata.get("document", True)),
            "calendars": {name: table.document() for name, table in self.tables.items()},
        }

    @property
    def pin(self) -> str:
        """The content hash of policy and calendars; a version is only a label."""
        return pin_of(self.document())


def pin_of(document: dict[str, Any]) -> str:
    """The content hash of a policy's document: SHA-256 over its JSON, 43 characters of base64url."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
