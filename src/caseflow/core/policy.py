"""A policy: what may happen to a case, who may do it and by when, as typed values.

A policy is data. The TOML keys are the attribute names below; `caseflow policy show wuhu` prints a complete
file. `caseflow.core.engine.compiled_policy` makes tables of it; `caseflow.policies.validate` checks it.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from enum import StrEnum
from typing import Any

import attrs

from caseflow.core.time.calendar import Calendar
from caseflow.i18n import Lang


class Stage(StrEnum):
    """The four stages of an inquiry, and its end."""

    INQUIRY = "inquiry"
    """网络问事 / 问计"""
    HANDLING = "handling"
    """办理"""
    EVALUATION = "evaluation"
    """评价"""
    RECTIFICATION = "rectification"
    """整改"""
    ENDED = "ended"
    """已结束: closed, withdrawn, rejected or merged"""


class HandlingStep(StrEnum):
    """四步曲: the four steps inside handling; recorded, not required."""

    ACKNOWLEDGE = "acknowledge"
    """立即回复"""
    PROCESS = "process"
    """按程序办理"""
    DISPATCH = "dispatch"
    """及时派员"""
    COMPLETION_NOTICE = "completion_notice"
    """办结告知"""


@attrs.frozen
class Labels:
    """What people read for a stable key."""

    zh: str = ""
    en: str = ""

    def get(self, lang: Lang, key: str) -> str:
        """The Chinese label, or the English one for any other language; else the other one, or the key."""
        own, other = (self.zh, self.en) if lang == "zh" else (self.en, self.zh)
        return own or other or key


def _table() -> Any:
    return attrs.field(factory=dict[str, Any])


def _later_table() -> Any:
    """A table that came later: left out of the document while empty, so that older pins stay as they are."""
    return attrs.field(factory=dict[str, Any], metadata={"unless_empty": True})


def _later_names() -> Any:
    return attrs.field(default=(), metadata={"unless_empty": True})


def _is_written(field: attrs.Attribute[Any], value: Any) -> bool:
    return field.metadata.get("document", True) and (bool(value) or "unless_empty" not in field.metadata)


@attrs.frozen(kw_only=True)
class Limits:
    """Caps of a case's life."""

    returns: int = 3
    """Times a case may go back to the coordinator (退单)."""
    reopens: int = 2
    """Times a closed or rejected case may be reopened."""
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
    """``inquiry``, ``handling``, ``evaluation``, ``rectification`` or ``ended``."""
    final: bool = False
    """Whether the case is over there: its clocks stop, and ``open`` leaves it out."""
    labels: Labels = Labels()


@attrs.frozen(kw_only=True)
class FieldRule:
    """One typed field of an action."""

    type: str = "string"
    """``text`` (personal, kept apart), ``string``, ``unit``, ``int``, ``bool``, ``instant``, ``sha256`` or
    ``names``, a list of texts."""
    required: bool = False
    """Whether the action is refused without it."""
    choices: tuple[str, ...] = ()
    """The values a ``string`` may have; empty for any."""
    min: int | None = None
    """The least an ``int`` may be."""
    max: int | None = None
    """The most an ``int`` may be."""
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
    """Named conditions, all of which must hold; see `caseflow.core.engine.preconditions`."""
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
    """Only cases submitted with one of these as ``kind``."""
    urgency: tuple[str, ...] = ()
    """Only cases submitted with one of these as ``urgency``."""
    channel: tuple[str, ...] = ()
    """Only cases submitted with one of these as ``channel``."""
    region: tuple[str, ...] = ()
    """Only cases submitted with one of these as ``region``."""


@attrs.frozen(kw_only=True)
class Rung:
    """One step of a ladder: after so long, this level, told to these roles."""

    level: str
    """Its name, such as ``yellow``; once in a ladder."""
    days: int = 0
    """After so many days, as the clock counts; or give ``hours``."""
    hours: int = 0
    """After so many hours; elapsed time only."""
    kind: str = "breach"
    """``warning`` (a reminder) or ``breach`` (a card)."""
    recipients: tuple[str, ...] = ()
    """The roles to tell."""
    document: str = ""
    """The kind of numbered document that goes with it."""
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
    """What starts it, unless it runs already; each start is a new cycle."""
    stop: tuple[str, ...] = ()
    """What it was waiting for."""
    pause: tuple[str, ...] = ()
    """What halts it for a while."""
    resume: tuple[str, ...] = ()
    """What ends a pause that no state ends by being left."""
    cancel: tuple[str, ...] = ()
    """What ends it without its aim being reached."""
    revive: tuple[str, ...] = ()
    """Actions that take a stop back: the time between stop and revival is a pause of the same cycle."""
    was: tuple[str, ...] = _later_names()
    """Its former names: when rules are changed, a case's clock of such a name goes on as this one."""
    subject: str = ""
    """Empty: one instance a case. ``unit``: one for each unit that holds the case. ``co_handler``: one for
    each co-handling unit."""
    when: When = When()
    """The cases it is for; every case when left out."""
    counting: str = "natural"
    """``natural``, ``working`` or ``elapsed``."""
    roll: str = "none"
    """``next-working-day`` moves a last day that is a rest day."""
    calendar: str = ""
    """The name of one of ``calendars``; needed to count working days or to roll."""
    rungs: tuple[Rung, ...] = ()
    """The ladder: shortest first, warnings before breaches."""
    labels: Labels = Labels()
    source: str = ""


@attrs.frozen(kw_only=True)
class NoticeRule:
    """Who is told when something happens, by role.

    The recipients of a rung are told without any rule; a rule that names the rung adds others, or gives one
    of them another channel or template.
    """

    on: tuple[str, ...] = ()
    """When: an action; ``event:`` and an event's name; ``rung:`` and a level of any clock, or
    ``rung:reply/yellow`` for that of one."""
    to: tuple[str, ...] = ()
    """The roles to tell. Who acts for a unit is told when the case has one."""
    channels: tuple[str, ...] = ()
    """The ways, one notice for each, such as ``email``; empty for each person's own."""
    template: str = ""
    """The key of the text; the rule's own name when left out."""
    labels: Labels = Labels()
    source: str = ""


@attrs.frozen(kw_only=True)
class DocumentRule:
    """A kind of numbered document that rungs issue; its name is what ``rungs.document`` says."""

    series: str = ""
    """The words before the number; each has numbers of its own in each year. The kind when left out."""
    issuer: str = ""
    """The role whose office issues it; the first recipient over all cases when left out."""
    template: str = ""
    """The key of its page; ``document`` when left out."""
    labels: Labels = Labels()
    source: str = ""


@attrs.frozen(kw_only=True)
class CalendarSource:
    """Where a calendar's table comes from: a file beside the policy, or an installed provider."""

    file: str = ""
    """A table file, its path relative to the policy."""
    provider: str = ""
    """Or ``chinesecalendar``, with the extra ``cn``."""
    week: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Working weekdays of the provider's calendar, Monday is 0."""


@attrs.frozen(kw_only=True)
class Policy:
    """The rules of a portal.

    ``tables`` holds the calendars that ``calendars`` names, read when the policy was loaded.
    """

    name: str
    """What the policy is called."""
    format: int = 1
    """The version of this file format."""
    version: str = "1"
    """A label for people; a case pins the content."""
    timezone: str = "Asia/Shanghai"
    """IANA name of the office's zone; days are the office's days."""
    labels: Labels = Labels()
    source: str = ""
    limits: Limits = Limits()
    """Caps of a case's life."""
    roles: dict[str, Role] = _table()
    """Who acts."""
    kinds: dict[str, Named] = _table()
    """What ``kind`` may say at ``submit``; any when left out."""
    reasons: dict[str, Named] = _table()
    """What ``code`` may say at ``reject``; any when left out."""
    states: dict[str, State] = _table()
    """Where a case can stand."""
    actions: dict[str, Action] = _table()
    """What may be done."""
    clocks: dict[str, ClockRule] = _table()
    """What is due by when."""
    notices: dict[str, NoticeRule] = _later_table()
    """Who is told what."""
    documents: dict[str, DocumentRule] = _later_table()
    """The numbered documents that rungs issue."""
    calendars: dict[str, CalendarSource] = _table()
    """The calendars that clocks name."""
    retired: tuple[str, ...] = _later_names()
    """Clocks of former rules that are given up: when rules are changed, they end without a successor."""
    tables: dict[str, Calendar] = attrs.field(factory=dict[str, Calendar], metadata={"document": False})

    def document(self) -> dict[str, Any]:
        """The policy and its calendars as JSON-able data: what a case pins and a store keeps."""
        return {
            "policy": attrs.asdict(self, filter=_is_written),
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
