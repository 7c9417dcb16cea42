"""A policy made ready: one table of ``state -> action -> transition``, its clocks, and who is told what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from datetime import date
from itertools import product
from typing import Any

from caseflow.core.bounds import STAGES
from caseflow.core.engine.actions import ACTIONS, REASON
from caseflow.core.engine.evaluation import unasked, with_axes
from caseflow.core.engine.machine import BACK, transitions
from caseflow.core.evaluation_rule import SystemAction
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.commands import SYSTEM, Actor, CaseState, Command
from caseflow.core.model.compiled_clock import Choices, CompiledClock, Window, with_repeats
from caseflow.core.model.sla import VERBS, Verb
from caseflow.core.policy import (
    Action,
    ClockRule,
    DocumentRule,
    FieldRule,
    NoticeRule,
    Policy,
    Role,
    Rung,
    Within,
    pin_of,
)
from caseflow.core.policy_keys import Scalar
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import office_days
from caseflow.core.time.span import LENGTHS, Span
from caseflow.core.value import Value
from caseflow.errors import Refusal

HANDS_OVER = frozenset({e.Submitted, e.Routed, e.Transferred, e.Returned})
"""Events that give the case to another unit, or to none."""
OWN_EFFECTS = frozenset({e.Merged, e.Resumed, e.ExtensionGranted})
"""Events that change clocks in every policy."""
_NONE = frozenset[type[e.Event]]()
OF_TWO_CASES = _NONE | {e.Merged, e.Resumed, e.Linked, e.Unlinked}
"""Events that are decided with another case beside."""

_SAYS_MORE = OWN_EFFECTS | {
    e.Submitted, e.Acted, e.ExtensionRequested, e.ExtensionGranted, e.ExtensionRefused, e.Rated,
    e.AppealUpheld,
}  # fmt: skip
"""Events that say more than what is given in the fields of their actions, or the same in another way."""

_IN_EVENT = {"to": "unit", "co_handler": "unit", "other": "case"}
"""Fields of actions that their events call otherwise."""

_NOBODY = Role(scope="own")

_NO_WAYS_BACK: Mapping[str, Any] = {}

Guard = Callable[["CompiledPolicy", Case, Command, int], Refusal | None]
"""``guard(rules, case, command, at)`` is ``None`` or the refusal; `at` is when the command takes effect."""
Effect = tuple[Verb, CompiledClock, bool]
"""A verb, the clock it applies to, and whether a state (not the action itself) brings it about."""
Effects = tuple[Effect, ...]


class Transition(Value):
    """What an action does from one state: where it leads, who may, under which guards, to which clocks.

    Attributes:
        payload: the fields that the event itself says, each with the event's own name for it.
        required: the fields that must be given; ``worded``: the texts that must say something when they are
            given: public ones and required ones.
        scopes: each role that may act -> the cases it may act on.
        guards: names of preconditions.
        place: ``None`` when the case stays where it is. ``held_place`` and ``held_effects`` hold instead when
            a unit holds the case after the action.
        ends, held_ends: where all that the effects do is to end clocks, for whomever they run: the clock's
            name -> as what it ends.
        own: names of the fields that the policy gives a built-in action, but for texts.
        kept: the action's name where the case keeps when it was taken.
        back: of a move back: the state from which the case came -> what holds for it instead.
        hands_over: whether another unit, or none, holds the case after it.
        says_more: whether its event says more than every event does even when no fields are given.
        is_plain: it neither does, nor hands over, nor touches clocks.
        asks_history: what it does to clocks depends on what happened before: it changes what was submitted,
            or starts a clock that counts from an earlier instant.
        is_immediate: taken now, it needs neither history nor another case.
    """

    action: str
    rule: Action
    event: type[e.Event]
    fields: dict[str, FieldRule]
    payload: tuple[tuple[str, str], ...]
    required: frozenset[str]
    worded: frozenset[str]
    scopes: dict[str, str]
    guards: tuple[str, ...]
    place: CaseState | None
    held_place: CaseState | None
    effects: Effects
    held_effects: Effects
    ends: Mapping[str, e.RunStatus]
    held_ends: Mapping[str, e.RunStatus]
    own: tuple[str, ...]
    kept: str
    back: Mapping[str, Transition]
    hands_over: bool
    says_more: bool
    is_plain: bool
    asks_history: bool
    is_immediate: bool


class LinkQuestions(Value):
    """What a policy asks about of the cases that are linked to one of its own by one type of link.

    Attributes:
        actions: the state that such a case reaches -> what is done then.
        of_end: whether it is asked if such a case has ended.
    """

    actions: Mapping[str, SystemAction]
    of_end: bool

    @classmethod
    def of(cls, policy: Policy, link: str) -> LinkQuestions:
        """Those of the policy about links of that type."""
        ways = {link, f"from:{link}", f"to:{link}"}
        of_end = any(ways.intersection(rule.linked_ended) for rule in policy.actions.values())
        return cls(policy.links[link].when_linked, of_end)


class CompiledPolicy:
    """A policy compiled. Immutable by convention; made once for each content hash and shared.

    Attributes:
        document: the policy's document, whose content hash is ``pin``.
        table: state -> action -> transition; the state before submission is the empty string.
        plans: the clocks in the policy's order.
        days: the office's days.
        routes: who is told what.
        chained: the clock -> those that begin at its end; ``is_chained`` whether there are any.
        is_revised: whether an action may change what was submitted.
        fields, required, worded: of each action its fields, those that must be given, and the texts that must
            say something.
        kept: the actions of which a case keeps when they were taken: those that a rule asks about.
        goes_back: whether any move leads ``back``.
        timed_fields: (clock, level) -> the fields of the rung's timed action, as the policy has them.
        within: action -> the act after which it may be taken, and for how long; ``token_window`` of tokens.
        linked: type of link -> what the rules ask about of a case that is linked by it, if anything.
    """

    def __init__(self, policy: Policy) -> None:
        self.document = policy.document()
        self.pin = pin_of(self.document)
        self.policy = policy = with_axes(with_repeats(policy))
        self.days = office_days(policy.timezone)
        self.places = {
            name: CaseState(name, STAGES[state.stage], state.final) for name, state in policy.states.items()
        }
        self.plans = tuple(
            _clock(policy, name, rule, order) for order, (name, rule) in enumerate(policy.clocks.items())
        )
        self.plan = {plan.name: plan for plan in self.plans}
        self.chained = {
            plan.name: tuple(other for other in self.plans if f"end:{plan.name}" in other.rule.start)
            for plan in self.plans
        }
        self.is_chained = any(self.chained.values())
        self.is_revised = any(rule.updates for rule in policy.actions.values())
        self.roles: dict[str, Role] = {**policy.roles, SYSTEM.role: Role(scope="any")}
        self.fields = {name: self._fields(name, rule) for name, rule in policy.actions.items()}
        self.required = {name: self._required(name, rule) for name, rule in policy.actions.items()}
        self.worded = {name: self._worded(name) for name in policy.actions}
        self.routes = NoticeRoutes(policy)
        self.kept = _kept(policy)
        self.within = {
            name: (
                rule.within.of,
                Window(span_within(rule.within, policy.tables.get(rule.within.calendar)), self.days),
            )
            for name, rule in policy.actions.items()
            if rule.within is not None
        }
        self.timed_fields = {
            (name, rung.level): {field: _plain(value) for field, value in rung.fields.items()}
            for name, clock in policy.clocks.items()
            for rung in clock.rungs
            if rung.fields
        }
        self.dissatisfied = policy.evaluation.dissatisfied
        self._never_immediate = OF_TWO_CASES | {e.AppealUpheld} | ({e.Rated} if self.dissatisfied else _NONE)
        good_for = policy.evaluation.token_days
        self.token_window = Window(Span.of(days=good_for), self.days) if good_for else None
        questions = {name: LinkQuestions.of(policy, name) for name in policy.links}
        self.linked = {name: one for name, one in questions.items() if one.actions or one.of_end}
        self._effects: dict[tuple[str, str, str], Effects] = {}
        self.goes_back = any(BACK in rule.moves.values() for rule in policy.actions.values())
        self.table: dict[str, dict[str, Transition]] = {state: {} for state in ("", *policy.states)}
        for way in transitions(policy):
            row = self._transition(way.state, way.action, way.target, way.held)
            if way.came_from:
                known = self.table[way.state].get(way.action)
                back: Mapping[str, Transition] = {} if known is None else known.back
                row = row.replace(back={**back, way.came_from: row}, guards=(*row.guards, "way_back"))
            self.table[way.state][way.action] = row

    def role(self, by: Actor) -> Role:
        """The rights of the actor's role; those of nobody for a role that the policy lacks."""
        return self.roles.get(by.role, _NOBODY)

    def rights(self, command: Command) -> Role:
        """The rights of whoever gives the command: the authorizer's word, else those of the role."""
        return command.rights or self.roles.get(command.by.role, _NOBODY)

    def _fields(self, name: str, rule: Action) -> dict[str, FieldRule]:
        fields = (ACTIONS[name].fields if name in ACTIONS else REASON) | rule.fields
        for field in unasked(self.policy.evaluation, name):
            del fields[field]
        if name == "submit" and self.policy.kinds:
            fields["kind"] = FieldRule(choices=("", *self.policy.kinds))
        if name == "reject" and self.policy.reasons:
            fields["code"] = FieldRule(choices=tuple(self.policy.reasons), required=True)
        return fields

    def own_fields(self, action: str) -> tuple[str, ...]:
        """The names of the fields that the policy gives an action of its own or a built-in one, texts too."""
        rule = self.policy.actions.get(action)
        return tuple(rule.fields) if rule else ()

    def _required(self, name: str, rule: Action) -> frozenset[str]:
        always = (field for field, typed in self.fields[name].items() if typed.required)
        has_reason = rule.reason or name == "annul_card"
        return frozenset((*always, *rule.required, *(("reason",) if has_reason else ())))

    def _worded(self, name: str) -> frozenset[str]:
        """The texts that must say something: required ones, and a completion notice, which is public."""
        texts = {field for field, typed in self.fields[name].items() if typed.type == "text"}
        return frozenset(texts & (self.required[name] | ({"text"} if name == "complete" else set())))

    def _transition(self, state: str, name: str, target: str, held: str) -> Transition:
        rule, spec = self.policy.actions[name], ACTIONS.get(name)
        fields = self.fields[name]
        everyone = {role for role, rights in self.policy.roles.items() if rights.everything}
        system = {SYSTEM.role} if name in self._of_the_system() else set[str]()
        event = spec.event if spec else e.Acted
        values = [field for field, typed in fields.items() if typed.type != "text"]
        own = tuple(field for field in values if spec is not None and field not in spec.fields)
        payload = tuple((field, _IN_EVENT.get(field, field)) for field in values if field not in own)
        effects, held_effects = self.effects(name, state, target), self.effects(name, state, held)
        hands_over, moves = event in HANDS_OVER, (target, held) != (state, state)
        says_more = event in _SAYS_MORE or name in self.kept or (self.goes_back and moves)
        asks_history = bool(rule.updates) or _counts_from_before((*effects, *held_effects))
        return Transition(
            name,
            rule,
            event,
            fields=fields,
            payload=payload,
            required=self.required[name],
            worded=self.worded[name],
            scopes={role: self.roles[role].scope for role in sorted({*rule.roles, *everyone, *system})},
            guards=_guards(rule, event),
            place=self.places.get(target) if target != state else None,
            held_place=self.places.get(held) if held != state else None,
            effects=effects,
            held_effects=held_effects,
            ends=_ends(effects, event),
            held_ends=_ends(held_effects, event),
            own=own,
            kept=name if name in self.kept else "",
            asks_history=asks_history,
            is_immediate=not asks_history and event not in self._never_immediate,
            back=_NO_WAYS_BACK,
            hands_over=hands_over,
            says_more=says_more,
            is_plain=not (says_more or hands_over or effects or held_effects),
        )

    def _of_the_system(self) -> set[str]:
        """The actions that nobody need ask for: of rungs, for linked cases, and the end of a merge."""
        timed = (rung.then for clock in self.policy.clocks.values() for rung in clock.rungs if rung.then)
        linked = (done.then for rule in self.policy.links.values() for done in rule.actions())
        return {"resume", *timed, *linked, *(() if self.dissatisfied is None else (self.dissatisfied.then,))}

    def effects(self, action: str, state: str, target: str) -> Effects:
        """What the move does to the clocks: in the policy's order, on one clock in that of `VERBS`.

        An action without a name stands for whatever led there: only leaving and entering states count. A
        state that the policy does not know is none that clocks hang on.
        """
        known_effects = self._effects.get((action, state, target))
        if known_effects is not None:
            return known_effects
        effects: list[Effect] = []
        entered = f"state:{target}" if target != state else ""
        left = f"state:{state}" if target != state else ""
        known = self.policy.states.get(target)
        final = target != state and known is not None and known.final and action != "merge"
        for plan in self.plans:
            rule = plan.rule
            for verb in VERBS:
                names: tuple[str, ...] = getattr(rule, verb)
                by_state = (
                    (entered != "" and entered in names)
                    or (verb == "resume" and left in rule.pause and entered not in rule.pause)
                    or (verb == "cancel" and final)
                )
                if action in names or by_state:
                    effects.append((verb, plan, action not in names))
        return self._effects.setdefault((action, state, target), tuple(effects))


_ENDED: Mapping[str, e.RunStatus] = {"stop": "stopped", "cancel": "cancelled"}


def _ends(effects: Effects, event: type[e.Event]) -> Mapping[str, e.RunStatus]:
    """The clocks that end, with the status of each; none where anything else is done."""
    ends: dict[str, e.RunStatus] = {}
    for verb, clock, by_state in effects:
        is_for_everybody = by_state or verb == "cancel" or not clock.rule.subject
        if verb not in _ENDED or not is_for_everybody or event in OWN_EFFECTS:
            return {}
        ends.setdefault(clock.name, _ENDED[verb])
    return ends


def _counts_from_before(effects: Effects) -> bool:
    return any(verb in ("start", "restart") and clock.rule.since for verb, clock, _ in effects)


def refusal(
    code: str,
    rules: CompiledPolicy,
    case: Case,
    command: Command,
    *,
    missing: tuple[str, ...] = (),
    found: str = "",
    rule: str = "guards",
    possible_from: int | None = None,
    possible_until: int | None = None,
) -> Refusal:
    """A refusal that names the policy's rule and its source."""
    action = rules.policy.actions.get(command.action)
    return Refusal(
        code=code,
        action=command.action,
        state=case.state,
        rule=rule if "." in rule else f"actions.{command.action}.{rule}",
        missing=missing,
        found=found,
        possible_from=possible_from,
        possible_until=possible_until,
        source=action.source if action else "",
    )


def _clock(policy: Policy, name: str, rule: ClockRule, order: int) -> CompiledClock:
    """The clock, and as it counts by the calendars and zones that a region or a unit may have."""
    source = policy.calendars.get(rule.calendar)
    zones = {unit: one.timezone for unit, one in policy.units.items() if one.timezone}
    if (source is None or not source.by) and not zones:
        table = policy.tables.get(rule.calendar)
        return CompiledClock(name, rule, order=order, days=office_days(policy.timezone), calendar=table)
    by, of = (source.by, source.of) if source is not None else ("", {})
    others = Choices(by, of, zones)
    calendars = dict.fromkeys(("", *of.values()))
    for calendar, zone in product(calendars, dict.fromkeys(("", *zones.values()))):
        others.clocks[calendar, zone] = CompiledClock(
            name,
            rule,
            order=order,
            days=office_days(zone or policy.timezone),
            calendar=policy.tables.get(calendar or rule.calendar),
            others=others,
        )
    return others.clocks["", ""]


REPORTS = ("report", "note")
"""By what a co-handling unit tells the lead what came of it."""


def _guards(rule: Action, event: type[e.Event]) -> tuple[str, ...]:
    """The guards that the policy names, and those that other keys of it, or the action itself, ask for."""
    is_extension = event in (e.ExtensionRequested, e.ExtensionGranted, e.ExtensionRefused)
    own = {
        "times_left": rule.at_most is not None,
        "in_time": rule.within is not None,
        "someone_else": bool(rule.not_by),
        "clocks_ended": bool(rule.clocks_ended),
        "linked_ended": bool(rule.linked_ended),
        "not_over_the_citizen": event is e.Rated,
        "token_is_good": event is e.Rated,
        "document_addressed": event is e.ReceiptSigned,
        "link_stands": event is e.Unlinked,
        "card_stands": event is e.AppealUpheld,
        "extension_allowed": is_extension,
    }
    later = (name for name, is_due in own.items() if is_due and name not in rule.guards)
    return (*(("one_clock_asked",) if is_extension else ()), *rule.guards, *later)


def _plain(value: list[str] | date | Scalar) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return value.isoformat() if type(value) is date else value


def _kept(policy: Policy) -> frozenset[str]:
    """The actions that a rule asks about, but for those of which a case keeps when they were taken anyway."""
    limited = (name for name, rule in policy.actions.items() if rule.at_most is not None)
    seen_twice = (action for rule in policy.actions.values() for action in rule.not_by)
    waited_for = (rule.within.of for rule in policy.actions.values() if rule.within is not None)
    counted_from = (clock.since for clock in policy.clocks.values() if clock.since in policy.actions)
    guards = {guard for rule in policy.actions.values() for guard in rule.guards}
    helping = ("add_co_handler", *REPORTS) if "helpers_reported" in guards else ()
    informing = ("request_information", "receive_information") if "information_awaited" in guards else ()
    rules = frozenset((*limited, *waited_for, *counted_from, *helping, *informing)) - {"submit", "reply"}
    return rules.union(seen_twice)


def span_within(rule: Within, calendar: Calendar | None) -> Span:
    """The length of time in which an action may be taken.

    Raises:
        BadInput: it is none, or does not go with the way of counting.
    """
    amounts = {unit: amount for unit in LENGTHS if (amount := getattr(rule, unit)) is not None}
    return Span.of(**amounts, counting=rule.counting, roll=rule.roll, calendar=calendar)


# -- who is told what -------------------------------------------------------------------------------------

EVENT, RUNG = "event:", "rung:"
"""How an occasion begins that is no action's name."""
_WITHOUT_OCCASION = frozenset(
    event.name for event in (e.CardIssued, e.Reminded, e.CardAnnulled, e.ReplyRetracted, e.Migrated)
)
"""Events that may owe something though no occasion names them: rungs have their own, what is taken back is so
for whoever was told, and a change of rules owes by the new ones."""


class NoticeRoute(Value):
    """One notice of an occasion: to whom, by which channel (empty: the recipient's own), with which text."""

    role: str
    channel: str
    template: str
    is_of_unit: bool
    """Whether the role is held in a unit."""
    instead: tuple[str, ...] = ()
    """The roles that are told in its place where there is no unit."""


class Kind(Value):
    """A kind of numbered document, as a rung issues it."""

    name: str
    series: str
    issuer: str
    template: str


Routes = tuple[NoticeRoute, ...]
"""The notices of one occasion."""
Levels = Set[tuple[str, str]]


class NoticeRoutes:
    """The notices of a policy.

    Attributes:
        of_events: registered name -> who is told; an action of the policy's own as ``acted:NAME``.
        of_rungs: (clock, level) -> who is told.
        documents: (clock, level) -> the document that the rung issues.
        case_series: the words before a case's number; empty where cases are not numbered.
        of_any: names of the events of which anybody may have to be told: all others owe nothing.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.of_events: dict[str, Routes] = {}
        self.of_rungs: dict[tuple[str, str], Routes] = {}
        self.documents: dict[tuple[str, str], Kind] = {}
        for clock, rule in policy.clocks.items():
            for rung in rule.rungs:
                key = (clock, rung.level)
                self.of_rungs[key] = self._of_rung(rung, clock)
                if rung.document:
                    self.documents[key] = self._kind(rung)
        for event_key in dict.fromkeys(self._event_keys()):
            self.of_events[event_key] = self._routes(_BY_EVENT, (event_key,), ())
        self.case_series = policy.case_series
        self.of_any = _WITHOUT_OCCASION | {event_key.partition(":")[0] for event_key in self.of_events}
        if self.case_series:
            self.of_any |= {e.Submitted.name}

    def of(self, event: e.Event) -> Routes:
        """Who is told of an event that is no rung's; nobody as a rule."""
        if type(event) is e.Acted:
            return self.of_events.get(f"acted:{event.action}", ())
        return self.of_events.get(event.name, ())

    def _event_keys(self) -> Iterable[str]:
        for rule in self._policy.notices.values():
            for occasion in rule.on:
                if not occasion.startswith(RUNG):
                    yield _event_of(occasion)

    def _of_rung(self, rung: Rung, clock: str) -> Routes:
        topic = "document" if rung.document else "card" if rung.kind == "breach" else "reminder"
        default = [self._route(role, "", topic) for role in rung.recipients]
        return self._routes(_BY_RUNG, (f"{RUNG}{rung.level}", f"{RUNG}{clock}/{rung.level}"), default)

    def _routes(self, by_rung: bool, occasions: tuple[str, ...], default: Iterable[NoticeRoute]) -> Routes:
        """What the rules say of an occasion; a role that they name is told as they say."""
        routes = {(route.role, route.channel): route for route in default}
        for name, rule in self._policy.notices.items():
            if any((on if by_rung else _event_of(on)) in occasions for on in rule.on):
                for role in rule.to:
                    routes.pop((role, ""), None)
                    for channel in rule.channels or ("",):
                        routes[role, channel] = self._route(role, channel, _template(name, rule))
        return tuple(routes.values())

    def _route(self, role: str, channel: str, template: str) -> NoticeRoute:
        is_of_unit = self._policy.roles[role].scope == "unit"
        instead = self._policy.without_unit if is_of_unit else ()
        return NoticeRoute(role, channel, template, is_of_unit, instead)

    def _kind(self, rung: Rung) -> Kind:
        rule = self._policy.documents.get(rung.document, DocumentRule())
        over_all = (role for role in rung.recipients if self._policy.roles[role].scope == "any")
        return Kind(
            rung.document,
            rule.series or rung.document,
            rule.issuer or next(over_all, ""),
            rule.template or "document",
        )


def is_occasion(text: str, policy: Policy, levels: Levels) -> bool:
    """Whether a notice can be told on it: an action, an event, or a rung.

    Args:
        levels: the (clock, level) of every rung.
    """
    if text.startswith(EVENT):
        name = text.removeprefix(EVENT)
        return name in e.EVENTS and name not in _WITHOUT_OCCASION and name != e.Acted.name
    if text.startswith(RUNG):
        clock, _, level = text.removeprefix(RUNG).rpartition("/")
        return any(level == known and clock in ("", name) for name, known in levels)
    return text in policy.actions or text in ACTIONS  # one that the policy leaves out is never taken


_BY_EVENT, _BY_RUNG = False, True


def _template(name: str, rule: NoticeRule) -> str:
    return rule.template or name


def _event_of(occasion: str) -> str:
    """The registered name of the event that an action becomes."""
    if occasion.startswith(EVENT):
        return occasion.removeprefix(EVENT)
    spec = ACTIONS.get(occasion)
    return spec.event.name if spec else f"acted:{occasion}"
