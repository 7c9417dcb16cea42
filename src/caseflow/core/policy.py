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

from caseflow.core.evaluation_rule import EvaluationRule, SystemAction
from caseflow.core.policy_keys import Labels, Named, When, document_of, optional, table
from caseflow.core.time.calendar import Calendar


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


class Misconduct(StrEnum):
    """What a unit may be held to account for."""

    INACTION = "inaction"
    """不作为"""
    DELAY = "delay"
    """慢作为"""
    ARBITRARY = "arbitrary"
    """乱作为: no rule may propose it"""


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


SCOPES = ("own", "unit", "any")
"""Which cases a role may touch, the narrowest first; see `Role.scope`."""
NOT_COUNTED = ("merged", "withdrawn", "rejected")
"""How a case may have ended that boards leave out; see `Policy.not_counted`."""
AUDIENCES = ("public", "parties", "internal")
"""Whom something is for, from the widest to the narrowest: anyone, the citizen and the office, the office."""


@attrs.frozen(kw_only=True)
class Limits:
    """Caps of a case's life."""

    returns: int = 3
    """Times a case may go back to the coordinator (退单)."""
    reopens: int = 2
    """Times a closed or rejected case may be reopened."""
    extensions: int = 1
    """Extensions granted to one clock in one cycle; a clock's own ``extension`` says otherwise."""
    extension_days: int = 30
    """Days that one extension may add at the most; a clock's own ``extension`` says otherwise."""


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
    reads: str = optional("")
    """What it may read of the cases in its scope: ``public``, ``parties`` (what the citizen may see as well)
    or ``internal`` (everything); nothing by default."""


@attrs.frozen(kw_only=True)
class State:
    """A place where a case can stand."""

    stage: str
    """``inquiry``, ``handling``, ``evaluation``, ``rectification`` or ``ended``."""
    final: bool = False
    """Whether the case is over there: its clocks stop, and ``open`` leaves it out."""
    keeps: str = optional("")
    """Another state, whose actions this one accepts as well, with the same targets, unless they name it:
    ``stage`` for the one of its stage that accepts the most."""
    labels: Labels = Labels()


@attrs.frozen(kw_only=True)
class FieldRule:
    """One typed field of an action."""

    type: str = "string"
    """``text`` (personal, kept apart), ``string``, ``unit``, ``int``, ``bool``, ``date`` (``2025-05-30``),
    ``instant``, ``sha256``, ``names``, a list of texts, or ``secret``, of which only the hash is kept."""
    required: bool = False
    """Whether the action is refused without it."""
    choices: tuple[str, ...] = ()
    """The values a ``string`` may have, or each of ``names``; empty for any."""
    choice_labels: dict[str, Labels] = optional({})
    """What people read for each of the choices."""
    min: int | None = None
    """The least an ``int`` may be."""
    max: int | None = None
    """The most an ``int`` may be."""
    audience: str = optional("")
    """Who may read a ``text``: ``public``, ``parties`` or ``internal``, which is the default."""
    without: tuple[str, ...] = optional(())
    """Rules of `caseflow.core.personal_data` that must find nothing in a ``text``, such as ``mobile`` or
    ``citizen-id``: the action is refused with the places where one does."""
    labels: Labels = Labels()


@attrs.frozen(kw_only=True)
class Within:
    """How long after another act an action may still be taken: a length, and how it is counted."""

    of: str
    """The action whose last time begins the count; ``submit`` for the submission."""
    days: int | None = optional(None)
    """So many days, as counted; exactly one length is given."""
    weeks: int | None = optional(None)
    """Or so many times seven days."""
    months: int | None = optional(None)
    """Or so many months."""
    years: int | None = optional(None)
    """Or as many times twelve months."""
    hours: int | None = optional(None)
    """Or so many hours of elapsed or office time."""
    minutes: int | None = optional(None)
    """Or so many minutes of elapsed or office time."""
    counting: str = optional("natural")
    """As in a clock."""
    roll: str = optional("none")
    """As in a clock."""
    calendar: str = optional("")
    """As in a clock."""


@attrs.frozen(kw_only=True)
class Action:
    """Something that may be done to a case."""

    moves: dict[str, str] = table()
    """From state to state. The key ``open`` stands for every state that is not final, ``start`` for "no case
    yet"; the target ``=`` stays where the case is, and ``back`` leads to the state it was in before. A named
    state wins over ``open``."""
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
    fields: dict[str, FieldRule] = table()
    """Fields of the policy's own; the built-in actions bring theirs besides."""
    required: tuple[str, ...] = optional(())
    """Fields, texts included, without which the action is refused, besides those that are always required."""
    at_most: int | None = optional(None)
    """How often it may be taken in a cycle of the case."""
    within: Within | None = optional(None)
    """Only so long after another act."""
    not_by: tuple[str, ...] = optional(())
    """Not by whoever took one of these actions in the case's cycle: two pairs of eyes."""
    clocks_ended: tuple[str, ...] = optional(())
    """Only while none of these clocks runs, for whatever subject."""
    linked_ended: tuple[str, ...] = optional(())
    """Only when every case that is linked by one of these types of links has ended; ``from:TYPE`` for those
    from which links lead here, ``to:TYPE`` for those to which they lead."""
    audience: str = optional("")
    """Who may read that it was taken: ``public``, ``parties`` or ``internal``; by default what the built-in
    action says, and ``internal`` for one of the policy's own."""
    updates: tuple[str, ...] = optional(())
    """Fields of the submission that the action's fields of the same name change: every clock's ``when`` is
    asked again, and terms of the case's own are counted anew."""
    labels: Labels = Labels()
    source: str = ""


def field_name(text: str) -> str:
    """The name in ``field:NAME``; empty for another text."""
    return text.removeprefix("field:") if text.startswith("field:") else ""


@attrs.frozen(kw_only=True)
class Rung:
    """One step of a ladder: after so long, this level, told to these roles.

    Its length is exactly one of ``days`` to ``minutes`` or ``at``; or it hangs on another rung of the clock,
    by ``of`` with ``days`` or ``percent``.
    """

    level: str
    """Its name, such as ``yellow``; once in a ladder."""
    days: int | str | None = optional(None)
    """After so many days, as the clock counts; 0 is the same day. ``field:NAME`` takes the number from a
    field of the action that starts the clock."""
    weeks: int | None = optional(None)
    """After so many times seven days; not of working days or office hours."""
    months: int | None = optional(None)
    """On the corresponding day of a later month, else on that month's last (民法典 §202)."""
    years: int | None = optional(None)
    """As twelve months each."""
    hours: int | None = optional(None)
    """After so many hours; of elapsed or office time only."""
    minutes: int | None = optional(None)
    """After so many minutes; of elapsed or office time only."""
    at: str = optional("")
    """``field:NAME``: a date, the last day, or an instant, still on time, from a field of the action that
    starts the clock."""
    of: str = optional("")
    """The level of the rung on which this one hangs."""
    percent: int | None = optional(None)
    """With ``of``: that share of its length; of elapsed or office time only."""
    every: int | None = optional(None)
    """It comes again after so many days, as the clock counts, and again."""
    times: int = optional(0)
    """With ``every``: how often it comes again."""
    kind: str = "breach"
    """``warning`` (a reminder) or ``breach`` (a card)."""
    recipients: tuple[str, ...] = ()
    """The roles to tell."""
    document: str = ""
    """The kind of numbered document that goes with it."""
    then: str = ""
    """An action the system takes at that instant."""
    fields: dict[str, Any] = optional({}, key="with")
    """The fields of that action. A ``transfer`` to ``parent`` goes to the unit above the one that holds the
    case, one to ``lead`` to its lead unit."""
    labels: Labels = Labels()
    source: str = ""


@attrs.frozen(kw_only=True)
class ExtensionRule:
    """How one clock may be extended. With the subject ``field:NAME`` that field of the action says which."""

    times: int = 1
    """How often in one cycle."""
    days: int | None = optional(None)
    """By so many days at the most, as the clock counts."""
    weeks: int | None = optional(None)
    """Or by so many times seven days."""
    months: int | None = optional(None)
    """Or by so many months."""
    by: tuple[str, ...] = optional(())
    """The roles that may grant it; whoever may take ``grant_extension`` when left out."""
    until: bool = optional(False)
    """Whether it may be granted to a date instead: ``until`` of the action."""


@attrs.frozen(kw_only=True)
class ClockRule:
    """A named clock: what starts and stops it, how it counts, and its ladder.

    Starts, stops and the rest name actions, or states as ``state:answered`` (upon entering). A clock paused
    by a state resumes upon leaving it.
    """

    start: tuple[str, ...] = ()
    """What starts it, unless it runs already; each start is a new cycle. ``end:NAME``: where the last rung of
    that clock is reached; its last day is day 0."""
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
    restart: tuple[str, ...] = optional(())
    """What ends the running cycle and begins a new one."""
    since: str = optional("")
    """What the count begins with, when that is earlier than the start: ``submit``, the last time of another
    action, or ``field:NAME``, a date or an instant from the action that starts the clock."""
    was: tuple[str, ...] = optional(())
    """Its former names: when rules are changed, a case's clock of such a name goes on as this one."""
    subject: str = ""
    """Empty: one instance a case. ``unit``: one for each unit that holds the case. ``co_handler``: one for
    each co-handling unit. ``field:NAME``: one for each value of that field of the action that starts it."""
    when: When = When()
    """The cases it is for; every case when left out."""
    counting: str = "natural"
    """``natural``, ``working``, ``elapsed`` or ``office``."""
    roll: str = "none"
    """``next-working-day`` moves a last day that is a rest day."""
    first: str = optional("next-day")
    """Which day is day 1: ``next-day``, ``same-day`` or ``next-working-day``."""
    cut_off: str = optional("")
    """A time of day, ``17:00``: a start at or after it, or on a rest day, counts as of the next working
    day."""
    ends: str = optional("midnight")
    """When the last day ends: ``midnight``, or at the ``closing`` of the office (民法典 §203)."""
    paused_day: str = optional("ends")
    """Which days a pause takes: at whose end it holds (``ends``), all that it touches (``touched``), or only
    those wholly inside (``whole``)."""
    calendar: str = ""
    """The name of one of ``calendars``; needed to count working days or office hours, or to roll."""
    rungs: tuple[Rung, ...] = ()
    """The ladder: shortest first."""
    extension: ExtensionRule | None = optional(None)
    """How it may be extended; as ``limits`` say when left out."""
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
    """The roles to tell. Who acts for a unit is told when the case has one, else those whom ``without_unit``
    names."""
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
    """Where a calendar comes from, a file beside the policy or a provider, and what is laid over it."""

    file: str = ""
    """A table (``.toml``), an iCalendar file (``.ics``, with the extra ``ical``) or the JSON of holiday-cn
    (``.json``; ``20*.json`` for several years), its path relative to the policy."""
    provider: str = ""
    """Or ``chinesecalendar``, with the extra ``cn``, or ``holidays``, with the extra ``holidays``."""
    week: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Working weekdays, Monday is 0; others than Monday to Friday go before a table file's own."""
    weekend: tuple[str, ...] = optional(())
    """Or the rest days, as ``["fri", "sat"]``; they always go before a table file's ``week``."""
    country: str = optional("")
    """For ``holidays``: an ISO 3166-1 code that the package knows."""
    subdivision: str = optional("")
    """For ``holidays``: a part of the country, as the package names it."""
    last: str = optional("")
    """For ``holidays``: the last certain day, ``2026-12-31``; needed, since the package guesses on. Of an
    iCalendar file: instead of the end of its last year with events (20 December, with make-up days)."""
    hours: tuple[str, ...] = optional(())
    """When the office is open on a working day, instead of a table file's own: ``["08:30-12:00",
    "14:00-17:30"]``."""
    half: dict[str, tuple[str, ...]] = optional({})
    """Days with other hours, besides a table file's own: ``2025-12-24 = ["08:30-12:00"]``."""
    closed: dict[str, str] = optional({})
    """Further rest days, each with its name: ``2025-03-14 = "moving house"``."""
    by: str = optional("")
    """``region`` or ``unit``: the case's own chooses among ``of``; this table is for all others."""
    of: dict[str, str] = optional({})
    """Region or unit -> the name of one of ``calendars``."""


@attrs.frozen(kw_only=True)
class UnitRule:
    """A handling unit, as far as rules speak of it."""

    labels: Labels = Labels()
    parent: str = optional("")
    """The unit above it; ``parent`` in a timed ``transfer``."""
    lead: str = optional("")
    """Its lead unit; ``lead`` in a timed ``transfer``."""
    timezone: str = optional("")
    """IANA name of its own zone: clocks of cases that it holds when they start count its days."""


@attrs.frozen(kw_only=True)
class LinkRule:
    """A type of link between two cases, as this policy's end of it: the policies of both ends name it.

    The actions ``link`` and ``unlink`` say who may link a case, and in which states.
    """

    to: tuple[str, ...] = ()
    """The names of the policies to whose cases a link of this type leads from here; ``*`` for any."""
    of: tuple[str, ...] = optional((), key="from")
    """The names of those from whose cases one leads here; ``*`` for any."""
    acyclic: bool = optional(False)
    """Whether no case may be reached from itself along links of this type."""
    public: bool = optional(False)
    """Whether anyone may see it, if the other end says the same."""
    when_made: SystemAction | None = optional(None)
    """What is done to this case with the link, in the same append."""
    when_linked: dict[str, SystemAction] = optional({})
    """A state of the other case -> what is done to this one when that one reaches it, in one transaction."""
    labels: Labels = Labels()
    """What the other case is called, seen from here."""
    source: str = optional("")

    def actions(self) -> tuple[SystemAction, ...]:
        """All that the system does because of links of this type."""
        with_it = () if self.when_made is None else (self.when_made,)
        return (*with_it, *self.when_linked.values())


RETURN, FINDING = "return", "finding"
"""What a unit may be held to account for besides cards: a case that it gave back; of points, the finding."""


@attrs.frozen(kw_only=True)
class ConductRule:
    """A kind of conduct for which a unit is held to account: when a referral is proposed, what it costs.

    The items are cards by their level, or ``CLOCK/LEVEL`` for those of one clock, ``return`` for a case that
    the unit gave back (退单), and, of points alone, ``finding`` for the finding itself. A card is one item:
    that of its clock where there is one.
    """

    labels: Labels = Labels()
    propose: dict[str, int] = table()
    """So many of an item within the period propose a referral. Of ``arbitrary`` (乱作为) there is none: that
    is for a person to say."""
    points: dict[str, int] = table()
    """The points that each item costs the unit, once there is a finding and no appeal any more."""
    source: str = ""


@attrs.frozen(kw_only=True)
class SendRule:
    """What another zone is told of an action: as which of its own, and with which fields."""

    action: str = optional("", key="as")
    """The action that it is there; the same name when left out."""
    fields: dict[str, str] = optional({})
    """The fields that go along: by their name here, the name that each has there; no others."""
    back: bool = optional(False)
    """Whether it is told as well of such acts as came from there; by default only of this zone's own."""


@attrs.frozen(kw_only=True)
class ZoneRule:
    """Another zone, whose store this one never connects to: what it may know, and as whom it acts here."""

    role: str = optional("")
    """In which role what it sends is done here; that role's rights say what it may."""
    audience: str = optional("parties")
    """No text for a narrower audience goes there: ``public``, ``parties`` or ``internal``."""
    sends: dict[str, SendRule] = optional({})
    """The actions that it is told of; of nothing else."""
    refused: str = optional("")
    """The action by which it is told that an act of its was refused here, with ``action`` and ``code``."""


@attrs.frozen(kw_only=True)
class DutyRule:
    """专人每日登录: who looks in on the unit's cases each working day, and which of them wait to be seen."""

    role: str
    """Who: a role of scope ``unit``."""
    unseen: tuple[str, ...]
    """The states in which a case waits to be seen."""
    roster: str = optional("duty-roster")
    """The policy of rosters, one case a unit, whose clock ``look_in`` says by which day."""
    source: str = optional("")


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
    roles: dict[str, Role] = table()
    """Who acts."""
    kinds: dict[str, Named] = table()
    """What ``kind`` may say at ``submit``; any when left out."""
    reasons: dict[str, Named] = table()
    """What ``code`` may say at ``reject``; any when left out."""
    states: dict[str, State] = table()
    """Where a case can stand."""
    actions: dict[str, Action] = table()
    """What may be done."""
    clocks: dict[str, ClockRule] = table()
    """What is due by when."""
    units: dict[str, UnitRule] = optional({})
    """Handling units of which the rules say something."""
    notices: dict[str, NoticeRule] = optional({})
    """Who is told what."""
    documents: dict[str, DocumentRule] = optional({})
    """The numbered documents that rungs issue."""
    links: dict[str, LinkRule] = optional({})
    """The types of links between this policy's cases and others."""
    evaluation: EvaluationRule = optional(EvaluationRule())
    """How citizen and authority evaluate a case."""
    conduct: dict[str, ConductRule] = optional({})
    """Of a policy of referrals (效能问责), by its kinds: ``inaction``, ``delay``, ``arbitrary``, others."""
    zones: dict[str, ZoneRule] = optional({})
    """The zones that acts are exchanged with, by bundles that are carried."""
    duty: DutyRule | None = optional(None)
    """Who looks in each working day; nobody need when left out."""
    calendars: dict[str, CalendarSource] = table()
    """The calendars that clocks name."""
    case_series: str = optional("")
    """The words before a case's number, as in ``民声〔2025〕第3号``; each year's run from 1, without a gap.
    Cases are not numbered when left out."""
    without_unit: tuple[str, ...] = optional(())
    """Who is told in the place of a unit's people while no unit holds the case: roles of scope ``any``."""
    not_counted: tuple[str, ...] = optional(("merged",))
    """The cases that boards leave out, by how they ended: ``merged``, ``withdrawn``, ``rejected``, or
    ``rejected:CODE`` for those of one reason, such as ``rejected:out_of_scope``."""
    retired: tuple[str, ...] = optional(())
    """Clocks of former rules that are given up: when rules are changed, they end without a successor."""
    tables: dict[str, Calendar] = attrs.field(factory=dict[str, Calendar], metadata={"document": False})

    def document(self) -> dict[str, Any]:
        """The policy and its calendars as JSON-able data: what a case pins and a store keeps."""
        return {
            "policy": document_of(self),
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
