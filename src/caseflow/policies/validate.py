"""Whether a policy can work: names known, states reachable and left again, ladders in order."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from caseflow.core.bounds import LONGEST_NAME, MOST_RUNGS, MOST_TIMES, TEMPLATE
from caseflow.core.engine.actions import ACTIONS, REASON
from caseflow.core.engine.compiled_policy import is_occasion, span_within
from caseflow.core.engine.evaluation import STARS, with_axes
from caseflow.core.engine.fields import mistake, plain
from caseflow.core.engine.machine import (
    BACK,
    KEEPS_STAGE,
    OPEN,
    START,
    STAY,
    entered_from,
    kept_of,
    transitions,
)
from caseflow.core.engine.preconditions import GUARDS
from caseflow.core.engine.rights import audience_of_field, sees
from caseflow.core.evaluation_rule import SCORE, Axis, SystemAction
from caseflow.core.model.compiled_clock import circle_of
from caseflow.core.model.events import Origin
from caseflow.core.personal_data import PERSONAL_DATA_RULES
from caseflow.core.policy import (
    AUDIENCES,
    FINDING,
    NOT_COUNTED,
    SCOPES,
    Action,
    ClockRule,
    ExtensionRule,
    Misconduct,
    Policy,
    Rung,
    Stage,
    field_name,
)
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import zone_info
from caseflow.core.time.span import LENGTHS, LONGEST, LONGEST_OF, Span, length_of
from caseflow.errors import BadInput, PolicyError, Problem
from caseflow.policies.calendar_keys import check_calendar, check_office_hours, used_calendars
from caseflow.policies.parse import Notes, policy_from_document

_AUDIENCES = ("", *AUDIENCES)
_SUBJECTS = ("", "unit", "co_handler")
_VERBS = ("start", "stop", "pause", "resume", "cancel", "revive", "restart")
_FIELD_TYPES = ("text", "string", "unit", "int", "bool", "date", "instant", "sha256", "names", "secret")
_OF_ORIGIN = frozenset({*Origin.__struct_fields__, "unit", "not"}) - ACTIONS["submit"].fields.keys()
"""What ``when`` calls something else, so that no own field of a submission may be called so."""


def check(policy: Policy, notes: Notes) -> None:
    """Note every problem of the policy, in the order of its tables."""
    before = len(notes.problems)
    _check_bounds(policy, notes)
    if len(notes.problems) > before:
        return  # what is out of bounds may be too much to look through
    if policy.format != 1:
        notes.add("format", "unknown-format", policy.format)
    try:
        zone_info(policy.timezone)
    except BadInput:
        notes.add("timezone", "unknown-zone", policy.timezone)
    for name, role in policy.roles.items():
        if role.scope not in SCOPES:
            notes.add(f"roles.{name}.scope", "unknown-scope", role.scope)
        if role.reads not in _AUDIENCES:
            notes.add(f"roles.{name}.reads", "unknown-audience", role.reads)
    for index, name in enumerate(policy.without_unit):
        if name not in policy.roles:
            notes.add(f"without_unit[{index}]", "unknown-role", name)
        elif policy.roles[name].scope != "any":
            notes.add(f"without_unit[{index}]", "role-not-over-all", name)
    for index, name in enumerate(policy.not_counted):
        outcome, _, reason = name.partition(":")
        if outcome not in NOT_COUNTED or (reason and reason not in policy.reasons) or name.endswith(":"):
            notes.add(f"not_counted[{index}]", "unknown-outcome", name)
    _check_states(policy, notes)
    _check_actions(policy, notes)
    if not any(problem.code.startswith("unknown-state") for problem in notes.problems):
        _check_ways(policy, notes)
    for name, clock in policy.clocks.items():
        _check_clock(policy, name, clock, notes)
    _check_timed(policy, notes)
    _check_former_names(policy, notes)
    _check_notices(policy, notes)
    _check_links(policy, notes)
    _check_evaluation(policy, notes)
    _check_conduct(policy, notes)
    _check_zones(policy, notes)
    _check_duty(policy, notes)
    for name in policy.calendars:
        check_calendar(policy, name, notes)


def check_document(document: Mapping[str, Any]) -> None:
    """Hold what `Policy.document` is said to have described, calendars included, to what a file is held to.

    Raises:
        PolicyError: lists every problem.
    """
    policy, notes = policy_from_document(document), Notes("stored policy")
    check(policy, notes)
    for name in used_calendars(policy):
        if name not in policy.tables:
            notes.add(f"calendars.{name}", "calendar-unavailable", name)
    check_office_hours(policy, policy.tables, notes)
    if notes.problems:
        raise PolicyError(notes.problems)


# -- bounds ------------------------------------------------------------------------------------------------

_SUFFIX = len("+1000")
"""Of the level of a rung that comes again."""


def _check_bounds(policy: Policy, notes: Notes) -> None:
    """Note what is longer, larger or smaller than it may be, with the bound."""
    limits = policy.limits
    for key in ("returns", "reopens", "extensions"):
        _check_number(getattr(limits, key), 0, MOST_TIMES, f"limits.{key}", notes)
    _check_number(limits.extension_days, 0, LONGEST, "limits.extension_days", notes)
    for name, clock in policy.clocks.items():
        _check_clock_bounds(clock, f"clocks.{name}", notes)
    for path, name in _names(policy):
        if len(name) > LONGEST_NAME or not name.isprintable():
            notes.add(path, "bad-name", repr(name)[:80])
    for path, key in _templates(policy):
        if key and not TEMPLATE.fullmatch(key):
            notes.add(path, "out-of-bounds", f"{key!r:.80}, expected letters, digits, _ and -")


def _check_clock_bounds(clock: ClockRule, path: str, notes: Notes) -> None:
    rungs = len(clock.rungs) + sum(max(rung.times, 0) for rung in clock.rungs)
    if rungs > MOST_RUNGS:
        notes.add(f"{path}.rungs", "out-of-bounds", f"{rungs} rungs with repeats, at most {MOST_RUNGS}")
        return
    for index, rung in enumerate(clock.rungs):
        _check_rung_bounds(rung, f"{path}.rungs[{index}]", notes)
    rule = clock.extension
    if rule is not None:
        _check_number(rule.times, None, MOST_TIMES, f"{path}.extension.times", notes)
        for unit in ("days", "weeks", "months"):
            amount = getattr(rule, unit)
            if amount is not None:
                _check_number(amount, None, LONGEST_OF[unit], f"{path}.extension.{unit}", notes)


def _check_rung_bounds(rung: Rung, path: str, notes: Notes) -> None:
    if len(rung.level) > LONGEST_NAME - _SUFFIX or not rung.level.isprintable():
        notes.add(f"{path}.level", "bad-name", repr(rung.level)[:80])
    together = (rung.every or 0) * max(rung.times, 0)
    _check_number(together, None, LONGEST, f"{path}.every", notes)


def _check_number(number: int, low: int | None, high: int, path: str, notes: Notes) -> None:
    """Note a number outside its bounds; one without a lower bound has that looked at elsewhere."""
    if number > high or (low is not None and number < low):
        bounds = f"at most {high}" if low is None else f"expected {low} to {high}"
        notes.add(path, "out-of-bounds", f"{number}, {bounds}")


def _names(policy: Policy) -> Iterator[tuple[str, str]]:
    """The names that are not keys of tables, each with its path."""
    for name, clock in policy.clocks.items():
        yield from ((f"clocks.{name}.was[{index}]", old) for index, old in enumerate(clock.was))
        yield f"clocks.{name}.subject", clock.subject
    yield from ((f"retired[{index}]", old) for index, old in enumerate(policy.retired))
    yield "case_series", policy.case_series
    for name, document in policy.documents.items():
        yield f"documents.{name}.series", document.series
    for name, notice in policy.notices.items():
        yield from ((f"notices.{name}.channels[{at}]", channel) for at, channel in enumerate(notice.channels))
    for name, unit in policy.units.items():
        yield from ((f"units.{name}.{key}", getattr(unit, key)) for key in ("parent", "lead", "timezone"))


def _templates(policy: Policy) -> Iterator[tuple[str, str]]:
    yield from ((f"documents.{name}.template", rule.template) for name, rule in policy.documents.items())
    yield from ((f"notices.{name}.template", rule.template) for name, rule in policy.notices.items())


def _check_duty(policy: Policy, notes: Notes) -> None:
    duty = policy.duty
    if duty is None:
        return
    if duty.role not in policy.roles:
        notes.add("duty.role", "unknown-role", duty.role)
    elif policy.roles[duty.role].scope != "unit":
        notes.add("duty.role", "role-of-no-unit", duty.role)
    for index, state in enumerate(duty.unseen):
        if state not in policy.states:
            notes.add(f"duty.unseen[{index}]", "unknown-state", state)


# -- what hangs together ----------------------------------------------------------------------------------


def _check_states(policy: Policy, notes: Notes) -> None:
    for name, state in policy.states.items():
        if name in (START, OPEN, STAY, BACK, KEEPS_STAGE, ""):
            notes.add(f"states.{name}", "reserved-name", name)
        if state.stage not in tuple(Stage):
            notes.add(f"states.{name}.stage", "unknown-stage", state.stage)
        if state.keeps and state.keeps != KEEPS_STAGE and state.keeps not in policy.states:
            notes.add(f"states.{name}.keeps", "unknown-state", state.keeps)
        elif state.keeps and not kept_of(policy, name):
            notes.add(f"states.{name}.keeps", "keeps-nothing", state.keeps)
    if not any(state.final for state in policy.states.values()):
        notes.add("states", "no-end")


def _check_actions(policy: Policy, notes: Notes) -> None:
    with_fields = with_axes(policy).actions
    for name, rule in policy.actions.items():
        path = f"actions.{name}"
        for origin, target in rule.moves.items():
            if origin not in policy.states and origin not in (START, OPEN):
                notes.add(f"{path}.moves.{origin}", "unknown-state", origin)
            if target not in policy.states and (target not in (STAY, BACK) or origin == START):
                notes.add(f"{path}.moves.{origin}", "unknown-state", target)
            if origin == START and name != "submit":
                notes.add(f"{path}.moves.start", "start-not-submit", name)
        if rule.with_unit and rule.with_unit not in policy.states:
            notes.add(f"{path}.with_unit", "unknown-state", rule.with_unit)
        _all_known(rule.roles, policy.roles, f"{path}.roles", "unknown-role", notes)
        if rule.audience not in _AUDIENCES:
            notes.add(f"{path}.audience", "unknown-audience", rule.audience)
        _all_known(rule.guards, GUARDS, f"{path}.guards", "unknown-guard", notes)
        _check_limits(policy, name, rule, notes)
        known = (ACTIONS[name].fields if name in ACTIONS else REASON) | with_fields[name].fields
        _all_known(rule.required, known, f"{path}.required", "unknown-field", notes)
        for field, typed in rule.fields.items():
            if typed.type not in _FIELD_TYPES:
                notes.add(f"{path}.fields.{field}.type", "unknown-field-type", typed.type)
            if typed.audience not in _AUDIENCES:
                notes.add(f"{path}.fields.{field}.audience", "unknown-audience", typed.audience)
            _all_known(
                typed.without, PERSONAL_DATA_RULES, f"{path}.fields.{field}.without", "unknown-rule", notes
            )
            if typed.without and typed.type != "text":
                notes.add(f"{path}.fields.{field}.without", "without-no-text", typed.type)
            if field == "reason" or (name == "submit" and field in _OF_ORIGIN):
                notes.add(f"{path}.fields.{field}", "reserved-name", field)
            elif name in ACTIONS and field in ACTIONS[name].fields:
                notes.add(f"{path}.fields.{field}", "fields-of-built-in", field)
    if START not in (policy.actions["submit"].moves if "submit" in policy.actions else {}):
        notes.add("actions.submit.moves", "no-start")


def _check_limits(policy: Policy, name: str, rule: Action, notes: Notes) -> None:
    """How often an action may be taken, and how long after another one."""
    path, within = f"actions.{name}", rule.within
    if rule.at_most is not None:
        if name in ("submit", "reopen"):
            notes.add(f"{path}.at_most", "at-most-begins-cycle", name)
        elif rule.at_most < 1:
            notes.add(f"{path}.at_most", "at-most-too-few", rule.at_most)
    if within is None:
        return
    path = f"{path}.within"
    if within.of not in policy.actions or within.of == name or name == "submit":
        notes.add(f"{path}.of", "unknown-within", within.of)
    if within.calendar and within.calendar not in policy.calendars:
        notes.add(f"{path}.calendar", "unknown-calendar", within.calendar)
        return
    try:
        span_within(within, None)
    except BadInput as error:
        if error.code != "calendar-needed":
            notes.add(path, error.code, error.data["found"])
        elif not within.calendar:
            notes.add(f"{path}.calendar", "calendar-needed", "none")


def _all_known(names: Iterable[str], known: Container[str], path: str, code: str, notes: Notes) -> None:
    for name in names:
        if name not in known:
            notes.add(path, code, name)


def _check_ways(policy: Policy, notes: Notes) -> None:
    ways: dict[str, set[str]] = {}
    back: dict[str, set[str]] = {}
    origins = entered_from(policy)
    for name, rule in policy.actions.items():
        for state, target in rule.moves.items():
            if target == BACK and not any(
                origins.get(one) for one in (policy.states if state == OPEN else (state,))
            ):
                notes.add(f"actions.{name}.moves.{state}", "back-to-nowhere", state)
    for way in transitions(policy):
        for end in {way.target, way.held}:
            ways.setdefault(way.state, set()).add(end)
            back.setdefault(end, set()).add(way.state)
    reachable = _spread({""}, ways)
    ending = _spread({name for name, state in policy.states.items() if state.final}, back)
    for name in policy.states:
        if name not in reachable:
            notes.add(f"states.{name}", "unreachable-state", name)
        if name not in ending:
            notes.add(f"states.{name}", "no-way-to-an-end", name)


def _check_notices(policy: Policy, notes: Notes) -> None:
    levels = {(name, rung.level) for name, clock in policy.clocks.items() for rung in clock.rungs}
    for name, rule in policy.notices.items():
        path = f"notices.{name}"
        if not rule.on or not rule.to:
            notes.add(path, "notice-says-nothing", name)
        for index, occasion in enumerate(rule.on):
            if not is_occasion(occasion, policy, levels):
                notes.add(f"{path}.on[{index}]", "unknown-occasion", occasion)
        _all_known(rule.to, policy.roles, f"{path}.to", "unknown-role", notes)
    of_rungs = {rung.document for clock in policy.clocks.values() for rung in clock.rungs if rung.document}
    series = dict.fromkeys(of_rungs, "") | {name: kind.series for name, kind in policy.documents.items()}
    for name, words in series.items():
        if policy.case_series and policy.case_series == (words or name):
            notes.add("case_series", "series-taken", name)
    for name, document in policy.documents.items():
        path = f"documents.{name}"
        if document.issuer and document.issuer not in policy.roles:
            notes.add(f"{path}.issuer", "unknown-role", document.issuer)
        elif document.issuer and policy.roles[document.issuer].scope != "any":
            notes.add(f"{path}.issuer", "issuer-not-over-all", document.issuer)


def _check_timed(policy: Policy, notes: Notes) -> None:
    """The fields of timed actions: known, of their type, and no texts, since those are a person's."""
    for clock, rule in policy.clocks.items():
        for index, rung in enumerate(rule.rungs):
            _check_with(policy, rung.then, rung.fields, f"clocks.{clock}.rungs[{index}].with", notes)


def _check_with(policy: Policy, then: str, fields: Mapping[str, Any], path: str, notes: Notes) -> None:
    """The fields of an action that the system takes."""
    action = policy.actions.get(then)
    known = ACTIONS[then].fields if then in ACTIONS else {}
    known = known | (action.fields if action is not None else {})
    for name, value in fields.items():
        typed = known.get(name)
        is_said = typed is not None and typed.type != "text" and typed.type in _FIELD_TYPES
        if typed is None or not is_said or mistake(typed, plain(value)):
            notes.add(f"{path}.{name}", "bad-with", f"{name} = {value!r}")


def _check_links(policy: Policy, notes: Notes) -> None:
    """The types of links: that they lead somewhere, and what the system does for a linked case."""
    for name, rule in policy.actions.items():
        _all_known(rule.not_by, policy.actions, f"actions.{name}.not_by", "unknown-then", notes)
        _all_known(rule.clocks_ended, policy.clocks, f"actions.{name}.clocks_ended", "unknown-clock", notes)
        types = [link.removeprefix("from:").removeprefix("to:") for link in rule.linked_ended]
        _all_known(types, policy.links, f"actions.{name}.linked_ended", "unknown-link", notes)
    for name, link in policy.links.items():
        path = f"links.{name}"
        if not link.to and not link.of:
            notes.add(path, "link-leads-nowhere", name)
        done_for = {f"when_linked.{state}": done for state, done in link.when_linked.items()}
        if link.when_made is not None:
            done_for["when_made"] = link.when_made
        for key, done in done_for.items():
            _check_system_action(policy, done, f"{path}.{key}", notes)


def _check_system_action(policy: Policy, done: SystemAction, path: str, notes: Notes) -> None:
    if done.then not in policy.actions:
        notes.add(f"{path}.then", "unknown-then", done.then)
    elif not _needs_nothing(policy, done.then, done.fields):
        notes.add(f"{path}.then", "then-needs-fields", done.then)
    _check_with(policy, done.then, done.fields, f"{path}.with", notes)


def _check_evaluation(policy: Policy, notes: Notes) -> None:
    """The scales and axes: that they are known, count for something, and are fields of nothing else."""
    rule = policy.evaluation
    for name, scale in rule.scales.items():
        if not scale.verdicts:
            notes.add(f"evaluation.scales.{name}.verdicts", "scale-without-verdict", name)
        for key, verdict in scale.verdicts.items():
            path = f"evaluation.scales.{name}.verdicts.{key}.score"
            _check_number(verdict.score, 0, STARS, path, notes)
    _check_axes(policy, "rate", rule.axes, "evaluation.axes", notes)
    _check_axes(policy, "assess", rule.assessment, "evaluation.assessment", notes)
    for key in ("satisfaction", "resolution"):
        axis = getattr(rule, key)
        if axis and axis != SCORE and axis not in rule.axes:
            notes.add(f"evaluation.{key}", "unknown-axis", axis)
    _check_number(rule.satisfied, 1, STARS, "evaluation.satisfied", notes)
    if rule.token_days is not None:
        _check_number(rule.token_days, 1, LONGEST, "evaluation.token_days", notes)
    rate = policy.actions.get("rate")
    by_token = [policy.roles[name].scope for name in rate.roles if name in policy.roles] if rate else ["own"]
    if rule.token_days and "own" not in by_token:
        notes.add("evaluation.token_days", "token-for-nobody", rule.token_days)
    if "invite" in policy.actions and not rule.token_days:
        notes.add("actions.invite", "invite-without-token", "invite")
    if rule.dissatisfied is not None:
        _check_system_action(policy, rule.dissatisfied, "evaluation.dissatisfied", notes)


def _check_axes(policy: Policy, action: str, axes: Mapping[str, Axis], path: str, notes: Notes) -> None:
    own = policy.actions[action].fields if action in policy.actions else {}
    for name, axis in axes.items():
        if axis.scale and axis.scale not in policy.evaluation.scales:
            notes.add(f"{path}.{name}.scale", "unknown-scale", axis.scale)
        _check_number(axis.weight, 1, MOST_TIMES, f"{path}.{name}.weight", notes)
        is_own_mark = action == "assess" and name in ("efficiency", "effect") and not axis.scale
        if name in own or (name in ACTIONS[action].fields and not is_own_mark) or name == "reason":
            notes.add(f"{path}.{name}", "reserved-name", name)


def _check_conduct(policy: Policy, notes: Notes) -> None:
    """What units are held to account for: kinds of cases, whole numbers, and what only a person may say."""
    for name, rule in policy.conduct.items():
        path = f"conduct.{name}"
        if name not in policy.kinds:
            notes.add(path, "conduct-no-kind", name)
        by_person = tuple(rule.propose) if name == Misconduct.ARBITRARY else (FINDING,)
        for item in rule.propose:
            if item in by_person:
                notes.add(f"{path}.propose.{item}", "conduct-by-person", name)
        for key, numbers in (("propose", rule.propose), ("points", rule.points)):
            for item, number in numbers.items():
                _check_number(number, 1, MOST_TIMES, f"{path}.{key}.{item}", notes)


def _check_zones(policy: Policy, notes: Notes) -> None:
    """What other zones may know: that it is there, and that no text goes beyond its audience."""
    for name, zone in policy.zones.items():
        path = f"zones.{name}"
        _all_known([zone.role] if zone.role else [], policy.roles, f"{path}.role", "unknown-role", notes)
        if zone.audience not in AUDIENCES:
            notes.add(f"{path}.audience", "unknown-audience", zone.audience)
            continue
        for action, rule in zone.sends.items():
            at = f"{path}.sends.{action}"
            if action not in policy.actions:
                notes.add(at, "unknown-then", action)
                continue
            known = (ACTIONS[action].fields if action in ACTIONS else {}) | REASON
            known |= policy.actions[action].fields
            _all_known(rule.fields, known, f"{at}.fields", "unknown-field", notes)
            for field in rule.fields:
                is_text = field in known and known[field].type == "text"
                if is_text and not sees(zone.audience, audience_of_field(policy, action, field)):
                    notes.add(f"{at}.fields.{field}", "zone-may-not-know", field)


def _needs_nothing(policy: Policy, action: str, beside: Iterable[str] = ()) -> bool:
    """Whether the system can take the action by itself: without other fields, and with no other case.

    It never rates: silence is no rating.
    """
    rule = policy.actions[action]
    fields = (ACTIONS[action].fields if action in ACTIONS else {}) | rule.fields
    by_hand = ("submit", "merge", "resume", "migrate", "redact", "link", "unlink", "rate", "invite")
    required = {*rule.required, *(name for name, field in fields.items() if field.required)}
    return action not in by_hand and not rule.reason and required <= set(beside)


def _spread(start: set[str], ways: Mapping[str, set[str]]) -> set[str]:
    seen, edge = set(start), list(start)
    while edge:
        for state in ways.get(edge.pop(), ()):
            if state not in seen:
                seen.add(state)
                edge.append(state)
    return seen


def _check_clock(policy: Policy, name: str, clock: ClockRule, notes: Notes) -> None:
    path = f"clocks.{name}"
    targets: dict[str, object] = {**policy.actions, **{f"state:{state}": None for state in policy.states}}
    ends = {f"end:{other}": None for other in policy.clocks if other != name}
    for verb in _VERBS:
        known = {**targets, **ends} if verb == "start" else targets
        _all_known(getattr(clock, verb), known, f"{path}.{verb}", "unknown-clock-target", notes)
    if name in _chained_before(policy, name):
        notes.add(f"{path}.start", "clocks-in-circle", name)
    if clock.subject not in _SUBJECTS and not field_name(clock.subject):
        notes.add(f"{path}.subject", "unknown-subject", clock.subject)
    if clock.since and clock.since not in policy.actions and not field_name(clock.since):
        notes.add(f"{path}.since", "unknown-since", clock.since)
    for key, values in (*clock.when.admits.items(), *clock.when.excludes.items()):
        if not values:
            notes.add(f"{path}.when.{key}", "when-empty", key)
    if clock.calendar and clock.calendar not in policy.calendars:
        notes.add(f"{path}.calendar", "unknown-calendar", clock.calendar)
    if {"complete", "placeholder"} <= set(clock.stop):
        notes.add(f"{path}.stop", "placeholder-completes", ", ".join(clock.stop))
    if clock.extension is not None:
        _check_extension(policy, path, clock, clock.extension, notes)
    _check_ladder(policy, path, clock, notes)


def _chained_before(policy: Policy, name: str) -> set[str]:
    """The clocks whose ends lead to the start of this one."""
    ways = {
        clock: {start.removeprefix("end:") for start in rule.start if start.startswith("end:")}
        for clock, rule in policy.clocks.items()
    }
    return _spread(ways[name], ways)


def _check_extension(policy: Policy, path: str, clock: ClockRule, rule: ExtensionRule, notes: Notes) -> None:
    here = f"{path}.extension"
    unit, amount = length_of(rule)
    lengths = [key for key in LENGTHS if getattr(rule, key, None) is not None]
    if len(lengths) > 1 or not (lengths or rule.until):
        notes.add(here, "one-length", ", ".join(lengths) or "none")
    elif lengths and (not isinstance(amount, int) or amount < 1):
        notes.add(f"{here}.{unit}", "bad-count", amount)
    if rule.times < 1:
        notes.add(f"{here}.times", "bad-count", rule.times)
    _all_known(rule.by, policy.roles, f"{here}.by", "unknown-role", notes)


def _check_former_names(policy: Policy, notes: Notes) -> None:
    """A former name leads to one clock, and to none that is there or given up.

    ``retired`` may name a clock that is there: where it is not for a case any more, it is given up.
    """
    former: set[str] = set()
    for name, clock in policy.clocks.items():
        for index, old in enumerate(clock.was):
            path = f"clocks.{name}.was[{index}]"
            if not old.strip():
                notes.add(path, "was-empty", old)
            elif old in policy.clocks:
                notes.add(path, "was-there", old)
            elif old in former:
                notes.add(path, "was-twice", old)
            former.add(old)
    for index, old in enumerate(policy.retired):
        if not old.strip():
            notes.add(f"retired[{index}]", "retired-empty", old)
        elif old in former:
            notes.add(f"retired[{index}]", "retired-renamed", old)


_ANY_CALENDAR = Calendar(name="any", first=date(2000, 1, 1), last=date(2000, 12, 31), hours=("09:00-17:00",))
"""Stands for a calendar that is named, since whether it can be had is told elsewhere."""


def _check_ladder(policy: Policy, path: str, clock: ClockRule, notes: Notes) -> None:
    if not clock.rungs:
        notes.add(f"{path}.rungs", "no-rungs")
    levels = [rung.level for rung in clock.rungs]
    longest, breached = dict[str, int](), False
    for index, rung in enumerate(clock.rungs):
        here = f"{path}.rungs[{index}]"
        _check_length(path, here, clock, rung, notes)
        key, length = _comparable(rung)
        if key and length <= longest.get(key, -1):
            notes.add(here, "rungs-out-of-order", f"{rung.level} at {length_of(rung)[1]}")
        if rung.kind not in ("warning", "breach"):
            notes.add(f"{here}.kind", "unknown-rung-kind", rung.kind)
        elif rung.kind == "warning" and breached and not rung.of:
            notes.add(here, "soft-after-hard", rung.level)
        if rung.level in levels[:index] or not rung.level:
            notes.add(f"{here}.level", "level-twice", rung.level)
        if rung.of and (rung.of not in levels or rung.level in _hung_from(clock, rung)):
            notes.add(f"{here}.of", "unknown-rung", rung.of)
        if (rung.every is None) != (rung.times == 0) or rung.times < 0 or (rung.every or 1) < 1:
            notes.add(f"{here}.every", "bad-repeat", f"every {rung.every or 0}, {rung.times} times")
        if rung.then and rung.then not in policy.actions:
            notes.add(f"{here}.then", "unknown-then", rung.then)
        elif rung.then and not _needs_nothing(policy, rung.then, rung.fields):
            notes.add(f"{here}.then", "then-needs-fields", rung.then)
        _all_known(rung.recipients, policy.roles, f"{here}.recipients", "unknown-role", notes)
        longest[key], breached = max(longest.get(key, -1), length), breached or rung.kind == "breach"
    known = all(
        rung.of in ("", *levels) and rung.level not in _hung_from(clock, rung) for rung in clock.rungs
    )
    if known and len(set(levels)) == len(levels) and (level := circle_of(clock)):
        notes.add(f"{path}.rungs", "rungs-in-circle", level)


_MINUTES = {"days": 24 * 60, "weeks": 7 * 24 * 60, "hours": 60, "minutes": 1, "months": 1, "years": 12}


def _comparable(rung: Rung) -> tuple[str, int]:
    """What the rung's length can be compared by, in minutes or months; empty for what hangs on others."""
    unit, amount = length_of(rung)
    if not unit or rung.of or not isinstance(amount, int):
        return "", 0
    return "months" if unit in ("months", "years") else "minutes", amount * _MINUTES[unit]


def _hung_from(clock: ClockRule, rung: Rung) -> set[str]:
    """The levels on which a rung hangs, one from the other."""
    ways = {other.level: {other.of} - {""} for other in clock.rungs}
    return _spread({rung.of}, ways)


_OF_CLOCK = ("counting", "roll", "first", "cut_off", "ends", "paused_day", "calendar")


def _check_length(path: str, here: str, clock: ClockRule, rung: Rung, notes: Notes) -> None:
    """Whether the rung has one length, which goes with the way its clock counts."""
    lengths = {unit: value for unit in LENGTHS if (value := getattr(rung, unit)) is not None}
    ways = [*lengths, *(["at"] if rung.at else []), *(["percent"] if rung.percent is not None else [])]
    if len(ways) != 1:
        notes.add(here, "one-length", ", ".join(ways) or "none")
        return
    by_running_time = clock.counting in ("elapsed", "office")
    if rung.percent is not None and (not rung.of or not by_running_time or not 0 < rung.percent <= 1000):
        notes.add(f"{here}.percent", "bad-share", rung.percent)
    fixed = rung.at or (rung.days if isinstance(rung.days, str) else "")
    if fixed and (not field_name(fixed) or rung.of):
        notes.add(f"{here}.{ways[0]}", "bad-field-name", fixed)
    if rung.of and rung.percent is None and (ways != ["days"] or not rung.days or fixed):
        notes.add(f"{here}.of", "of-needs-days", ", ".join(ways))
    if rung.of and isinstance(rung.days, int):
        lengths = {"days": max(1, abs(rung.days))}
    elif fixed or rung.percent is not None:
        lengths = {"days": 1}
    try:
        Span.of(
            **lengths,
            **{key: getattr(clock, key) for key in _OF_CLOCK[:-1]},
            calendar=_ANY_CALENDAR if clock.calendar else None,
        )
    except BadInput as error:
        what = str(error.data["what"])
        place = f"{path}.{what}" if what in _OF_CLOCK else f"{here}.{what}" if what in LENGTHS else here
        if not any(known.path == place and known.code == error.code for known in notes.problems):
            notes.problems.append(Problem(notes.file, place, error.code, str(error.data["found"])))
