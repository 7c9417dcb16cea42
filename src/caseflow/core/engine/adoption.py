"""adopt(rules, legacy, command, now) -> events: a case of another system, taken over as it stands.

One event says how it and its clocks stand; the rungs reached by then follow it, inherited: they are on
record, and nobody is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import attrs

from caseflow.core.engine.compiled_policy import CompiledPolicy, Transition, refusal
from caseflow.core.engine.effects import event_of
from caseflow.core.engine.escalation import escalate
from caseflow.core.engine.evaluation import verdict_of
from caseflow.core.engine.fields import wrong_field
from caseflow.core.engine.legacy import Legacy, PastAct, Unknown, came_from, past_acts
from caseflow.core.engine.projection import clocks_of
from caseflow.core.engine.rights import Authorizer, entitled
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.clock_run import ClockRun, Runs, changes
from caseflow.core.model.commands import Command
from caseflow.core.model.evolve import evolve
from caseflow.core.policy import Role
from caseflow.errors import Refusal, Refused

ADOPT = "adopt"
"""What refusals call the action; no policy lists it, since it is a right of roles."""


def adopt(
    rules: CompiledPolicy,
    case_id: str,
    legacy: Legacy,
    command: Command,
    now: int,
    *,
    authorizer: Authorizer | None = None,
    is_judged: bool = True,
) -> tuple[e.Event, ...]:
    """The adoption, and the rungs that were reached at or before `now`, inherited.

    Args:
        rules: the policy that the case comes under.
        case_id: the id it will have.
        legacy: what is known of it.
        command: by whom, with ``kind``, ``channel``, ``region``, ``urgency`` and ``citizen`` as fields, and
            the hashes of its texts, a reason among them.
        now: epoch microseconds.
        authorizer: replaces the policy's table of roles.
        is_judged: whether the actor's rights and the reason are looked at.

    Raises:
        Refused: the role may not adopt, a field is wrong, or one of a rating, an instant lies before the
            submission, after now or after the case's end, the policy has no such state, it is not known when
            a clock or the case ended, or what is told of a clock cannot have been.
    """
    case = Case(case_id)
    command = entitled(rules, command, authorizer)
    refused = _not_entitled(rules, case, command, authorizer) if is_judged else None
    refused = refused or _wrong(rules, case, legacy, command, now)
    if refused is not None:
        raise Refused(refused, case_id=case_id)
    submit = rules.table[""]["submit"]
    began = None if legacy.submitted_us == now else legacy.submitted_us
    submission, _ = event_of(rules, case, submit, command, at=now, effective=began, is_late=True)
    assert isinstance(submission, e.Submitted)  # what `submit` becomes
    event = e.Adopted(
        now,
        command.by,
        rules.places[legacy.state],
        effective_us=submission.effective_us,
        texts=command.texts,
        unit=legacy.unit,
        citizen=submission.citizen,
        origin=submission.origin,
        unit_since=legacy.unit_since,
        holders=legacy.holders,
        state_since=legacy.state_since,
        replies=legacy.replies,
        ratings=tuple(_ratings(rules, legacy)),
        pauses=legacy.pauses,
        started=legacy.started,
        ended=legacy.ended,
    )
    try:
        event = event.replace(extensions=_extensions(rules, legacy, event))
        event = event.replace(pauses=_with_totals(rules, legacy, event, now))
        legacy = legacy.replace(extensions=event.extensions, pauses=event.pauses, totals=())
        acts = past_acts(rules, legacy)
        runs = clocks_of(rules, (event,))
        _check_told(rules, legacy, acts, runs, event)
    except Unknown as error:
        raise Refused(
            _unknown(rules, case, legacy, command, error=error, origin=submission.origin), case_id=case_id
        ) from error
    event = event.replace(clocks=changes((), runs), steps=_steps(acts, command))
    if rules.goes_back:
        event = event.replace(came_from=came_from(acts))
    return (event, *escalate(rules, evolve(case, event), now)[1])


def _rate_row(rules: CompiledPolicy) -> Transition | None:
    return next((row["rate"] for row in rules.table.values() if "rate" in row), None)


def _ratings(rules: CompiledPolicy, legacy: Legacy) -> Iterator[e.InheritedRating]:
    """Each rating with what it comes to; what the policy does after a dissatisfied one is not done."""
    row = _rate_row(rules)
    own = next((role for role, scope in row.scopes.items() if scope == "own"), "") if row else ""
    for at, by, fields in sorted(legacy.ratings, key=lambda one: one[0]):
        verdict = verdict_of(rules.policy.evaluation, dict(fields))
        yield e.InheritedRating(at, by or own, not by, fields, **verdict)


def _wrong_rating(rules: CompiledPolicy, case: Case, legacy: Legacy, command: Command) -> Refusal | None:
    """Of fields that hold no text of a person, each as ``rate`` takes it; none that is required is missed."""
    row = _rate_row(rules)
    known = {} if row is None else row.fields
    plain = tuple(name for name, rule in known.items() if rule.type not in ("text", "secret"))
    path = "fields.ratings"
    for _, by, fields in legacy.ratings:
        odd = next((name for name, _ in fields if name not in plain), None)
        if row is None or odd is not None:
            return refusal(
                "field-unknown", rules, case, command, found=odd or "ratings", missing=plain, rule=path
            )
        if by and by not in rules.policy.roles:
            roles = tuple(rules.policy.roles)
            return refusal("role-may-not", rules, case, command, found=by, missing=roles, rule=path)
        rated = command.replace(action="rate", fields=dict(fields))
        refused = wrong_field(rules, case, row.replace(required=frozenset()), rated)
        if refused is not None:
            return attrs.evolve(refused, rule=path)
    return None


def _extensions(rules: CompiledPolicy, legacy: Legacy, event: e.Adopted) -> tuple[tuple[str, int, int], ...]:
    """Each extension with its clock: where none is told, the one that ran when it was granted.

    Raises:
        Unknown: ``clock-not-running`` where none ran, ``clock-ambiguous`` where several did.
    """
    named: list[tuple[str, int, int]] = []
    for name, granted, days in sorted(legacy.extensions, key=lambda one: one[1]):
        if not name:
            runs = clocks_of(rules, (event.replace(extensions=tuple(named)),))
            names = dict.fromkeys(
                run.clock
                for run in runs
                if run.since_us <= granted and (run.until_us is None or granted < run.until_us)
            )
            if len(names) != 1:
                code = "clock-ambiguous" if names else "clock-not-running"
                raise Unknown(code, field="extensions", name=", ".join(names))
            (name,) = names
        named.append((name, granted, days))
    return tuple(named)


def _with_totals(
    rules: CompiledPolicy, legacy: Legacy, event: e.Adopted, now: int
) -> tuple[tuple[str, int, int | None], ...]:
    """The pauses, those of which only the length is known from the start of the clock on.

    Every rung is thus deferred by that length, as it is by a pause before the first of them.

    Raises:
        Unknown: ``clock-not-running`` where no such clock ran, ``clock-ambiguous`` where it ran several
            times, ``adopt-hours`` where it counts days, ``adopt-total`` where it did not run so long.
    """
    pauses = list(legacy.pauses)
    for name, amount, unit in legacy.totals:
        runs = clocks_of(rules, (event.replace(pauses=tuple(pauses)),))
        paused = [run for run in runs if run.clock == name or (not name and rules.plan[run.clock].rule.pause)]
        clocks = [run.clock for run in paused]
        if not paused:
            raise Unknown("clock-not-running", field="pauses", name=name)
        if len(set(clocks)) < len(clocks):
            raise Unknown("clock-ambiguous", field="pauses", name=", ".join(dict.fromkeys(clocks)))
        pauses += [(run.clock, *_total(rules, run, now, amount=amount, unit=unit)) for run in paused]
    return tuple(pauses)


def _total(rules: CompiledPolicy, run: ClockRun, now: int, *, amount: int, unit: str) -> tuple[int, int]:
    pause = rules.plan[run.clock].pause_of(run, amount, unit)
    if pause is None:
        raise Unknown("adopt-hours", field="pauses", name=run.clock)
    begin, end = pause
    is_over = end > (now if run.until_us is None else run.until_us)
    if is_over or any(since < end and (until is None or until > begin) for since, until in run.pauses):
        raise Unknown("adopt-total", field="pauses", name=run.clock)
    return pause


def _steps(acts: Sequence[PastAct], command: Command) -> tuple[str, ...]:
    """The handling steps that the past recorded."""
    case = Case("")
    for act in acts:
        if act.event in _STEPS:
            case = evolve(case, act.event(act.at_us, command.by))
    return case.steps


_STEPS = frozenset({e.Acknowledged, e.ChargeTaken, e.Dispatched, e.Completed})


def _check_told(
    rules: CompiledPolicy, legacy: Legacy, acts: Sequence[PastAct], runs: Runs, event: e.Adopted
) -> None:
    """What is told of a clock is final for it, or it is refused.

    Raises:
        Unknown: a clock hangs on an act of which it is not known when it happened; an extension, a pause or
            an end is told of a clock that did not run then; a start is told of one that is not for this case,
            or that ran already.
    """
    assumed = [act for act in acts if act.is_assumed]
    if assumed:
        known = clocks_of(rules, (event,), is_assumed=False)
        for run in runs:
            if run not in known:
                raise Unknown("adopt-since", field="state_since", name=run.clock)
    for name, _ in legacy.started:
        if not rules.plan[name].applies(event.origin, event.unit):
            raise Unknown("adopt-clock", field="started", name=name)
    for name, granted, _ in legacy.extensions:
        if not any(run.clock == name and granted in [at for at, *_ in run.grants] for run in runs):
            raise Unknown("clock-not-running", field="extensions", name=name)
    for name, begun in legacy.started:
        if not any(run.clock == name and run.since_us == begun for run in runs):
            raise Unknown("clock-running", field="started", name=name)
    for name, begin, end in legacy.pauses:
        if not any(
            (run.clock == name or not name)
            and (run.until_us is None or run.until_us > begin)
            and (end is None or run.since_us < end)
            for run in runs
        ):
            raise Unknown("clock-not-running", field="pauses", name=name)
    for name, end in legacy.ended:
        if not any(run.clock == name and run.until_us == end for run in runs):
            raise Unknown("clock-not-running", field="ended", name=name)


def _unknown(
    rules: CompiledPolicy, case: Case, legacy: Legacy, command: Command, *, error: Unknown, origin: e.Origin
) -> Refusal:
    field, name = str(error.data["field"]), str(error.data["found"])
    missing: tuple[str, ...] = (field,)
    if error.code == "adopt-clock":
        missing = tuple(clock.name for clock in rules.plans if clock.applies(origin, legacy.unit))
    if error.code == "clock-ambiguous":
        missing = tuple(name.split(", "))
    standing = case.replace(place=rules.places[legacy.state])
    return refusal(error.code, rules, standing, command, missing=missing, found=name, rule=f"fields.{field}")


def _may_adopt(rights: Role) -> bool:
    return rights.everything and rights.backdate


def _not_entitled(
    rules: CompiledPolicy, case: Case, command: Command, authorizer: Authorizer | None
) -> Refusal | None:
    """Cases are taken over by whoever may take every action and record facts late."""
    if not _may_adopt(rules.rights(command)):
        roles = tuple(name for name, rights in rules.policy.roles.items() if _may_adopt(rights))
        role = command.by.role
        return refusal("may-not-adopt", rules, case, command, missing=roles, found=role, rule="roles")
    denied = None if authorizer is None else authorizer.refuses(rules, case, None, command)
    if denied is not None:
        return denied
    if not any(name == "reason" for name, _ in command.texts):
        return refusal("field-missing", rules, case, command, missing=("reason",), rule="fields")
    return None


def _wrong(rules: CompiledPolicy, case: Case, legacy: Legacy, command: Command, now: int) -> Refusal | None:
    row = rules.table[""]["submit"]
    for unit in dict.fromkeys((legacy.unit, *(unit for _, unit in legacy.holders))):
        submission = command if not unit else command.replace(fields={**command.fields, "to": unit})
        refused = wrong_field(rules, case, row.replace(required=frozenset()), submission)
        if refused is not None:
            return refused
    place = rules.places.get(legacy.state)
    follows = {row["merge"].place for row in rules.table.values() if "merge" in row}
    if place is None or place in follows:  # whom it follows is not told
        states = tuple(name for name, place in rules.places.items() if place not in follows)
        return refusal(
            "adopt-state", rules, case, command, missing=states, found=legacy.state, rule="fields.state"
        )
    if place.final and legacy.state_since is None:
        needed, path = ("state_since",), "fields.state_since"
        return refusal("adopt-ended", rules, case, command, missing=needed, found=legacy.state, rule=path)
    sinces = [since for since, _ in legacy.holders]
    if sinces and (
        legacy.unit_since is None or any(a >= b for a, b in pairwise((*sinces, legacy.unit_since)))
    ):
        return refusal("adopt-holders", rules, case, command, rule="fields.holders")
    return (
        _wrong_instant(rules, case, legacy, command, now)
        or _wrong_clock(rules, case, legacy, command)
        or _wrong_rating(rules, case, legacy, command)
    )


def _wrong_instant(
    rules: CompiledPolicy, case: Case, legacy: Legacy, command: Command, now: int
) -> Refusal | None:
    instants = [("submitted_at", legacy.submitted_us)]
    instants += [("replied_at", at) for at in legacy.replies]
    instants += [("extensions", at) for _, at, _ in legacy.extensions]
    instants += [("pauses", at) for _, *ends in legacy.pauses for at in ends if at is not None]
    instants += [("started", at) for _, at in legacy.started] + [("ended", at) for _, at in legacy.ended]
    instants += [("holders", at) for at, _ in legacy.holders]
    named = (("unit_since", legacy.unit_since), ("state_since", legacy.state_since))
    instants += [(name, at) for name, at in named if at is not None]
    instants += [("ratings", at) for at, *_ in legacy.ratings]
    end = legacy.state_since if rules.places[legacy.state].final else None
    for name, at in instants:
        path = f"fields.{name}"
        if at > now:
            return refusal("adopt-future", rules, case, command, found=name, rule=path, possible_from=at)
        if at < legacy.submitted_us:
            return refusal("adopt-before-submission", rules, case, command, found=name, rule=path)
        if end is not None and at > end and name != "ratings":
            return refusal("adopt-after-end", rules, case, command, found=name, rule=path)
    for _, begin, end in legacy.pauses:
        if end is not None and end <= begin:
            return refusal("adopt-pause", rules, case, command, rule="fields.pauses")
    return None


def _wrong_clock(rules: CompiledPolicy, case: Case, legacy: Legacy, command: Command) -> Refusal | None:
    named = [("extensions", name) for name, *_ in legacy.extensions if name]
    named += [("pauses", name) for name, *_ in (*legacy.pauses, *legacy.totals) if name]
    named += [("started", name) for name, _ in legacy.started] + [("ended", name) for name, _ in legacy.ended]
    for field, name in named:
        if name not in rules.plan:
            clocks = tuple(rules.plan)
            path = f"fields.{field}"
            return refusal("adopt-clock", rules, case, command, missing=clocks, found=name, rule=path)
    if any(days < 1 for _, _, days in legacy.extensions):
        return refusal(
            "field-out-of-range", rules, case, command, found="extensions", rule="fields.extensions"
        )
    if any(amount < 1 for _, amount, _ in legacy.totals):
        return refusal("field-out-of-range", rules, case, command, found="pauses", rule="fields.pauses")
    if any(not name for name, *_ in (*legacy.pauses, *legacy.totals)) and not any(
        plan.rule.pause for plan in rules.plans
    ):
        return refusal("adopt-no-pause", rules, case, command, rule="fields.pauses")
    return None
