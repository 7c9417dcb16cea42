"""adopt(rules, legacy, command, now) -> events: an open case of another system, taken over as it stands.

One event says how it and its clocks stand; the rungs reached by then follow it, inherited: they are on
record, and nobody is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from caseflow.core.engine.compiled_policy import CompiledPolicy, refusal
from caseflow.core.engine.effects import event_of
from caseflow.core.engine.escalation import escalate
from caseflow.core.engine.fields import wrong_field
from caseflow.core.engine.legacy import Legacy, PastAct, Unknown, came_from, past_acts
from caseflow.core.engine.projection import clocks_of
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.clock_changes import changes
from caseflow.core.model.clock_run import Runs
from caseflow.core.model.commands import Command
from caseflow.core.model.evolve import evolve
from caseflow.errors import Refusal, Refused

ADOPT = "adopt"
"""What refusals call the action; no policy lists it, since it is a right of roles."""


def adopt(
    rules: CompiledPolicy, case_id: str, legacy: Legacy, command: Command, now: int, *, is_judged: bool = True
) -> tuple[e.Event, ...]:
    """The adoption, and the rungs that were reached at or before `now`, inherited.

    Args:
        rules: the policy that the case comes under.
        case_id: the id it will have.
        legacy: what is known of it.
        command: by whom, with ``kind``, ``channel``, ``region``, ``urgency`` and ``citizen`` as fields, and
            the hashes of its texts, a reason among them.
        now: epoch microseconds.
        is_judged: whether the actor's rights and the reason are looked at.

    Raises:
        Refused: the role may not adopt, a field is wrong, an instant lies before the submission or after now,
            the state is none of the policy's open ones, or it is not known when a clock ended.
    """
    case = Case(case_id)
    refused = (_not_entitled(rules, case, command) if is_judged else None) or _wrong(
        rules, case, legacy, command, now
    )
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
        state_since=legacy.state_since,
        replies=legacy.replies,
        extensions=legacy.extensions,
        pauses=legacy.pauses,
        started=legacy.started,
        ended=legacy.ended,
    )
    try:
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
        Unknown: a clock hangs on an act of which it is not known when it happened; an extension or an end is
            told of a clock that did not run then; a start is told of one that is not for this case.
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
        clock = name or next(iter(rules.plan), "")
        if not any(run.clock == clock and granted in [at for at, *_ in run.grants] for run in runs):
            raise Unknown("clock-not-running", field="extensions", name=clock)
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
    standing = case.replace(place=rules.places[legacy.state])
    return refusal(error.code, rules, standing, command, missing=missing, found=name, rule=f"fields.{field}")


def may_adopt(rules: CompiledPolicy, role: str) -> bool:
    """Whether the role may adopt cases: one that may take every action, and record facts late."""
    rights = rules.roles.get(role)
    return rights is not None and rights.everything and rights.backdate


def _not_entitled(rules: CompiledPolicy, case: Case, command: Command) -> Refusal | None:
    if not may_adopt(rules, command.by.role):
        entitled = tuple(role for role in rules.policy.roles if may_adopt(rules, role))
        role = command.by.role
        return refusal("may-not-adopt", rules, case, command, missing=entitled, found=role, rule="roles")
    if not any(name == "reason" for name, _ in command.texts):
        return refusal("field-missing", rules, case, command, missing=("reason",), rule="fields")
    return None


def _wrong(rules: CompiledPolicy, case: Case, legacy: Legacy, command: Command, now: int) -> Refusal | None:
    row = rules.table[""]["submit"]
    submission = command if not legacy.unit else command.replace(fields={**command.fields, "to": legacy.unit})
    refused = wrong_field(rules, case, row.replace(required=frozenset()), submission)
    if refused is not None:
        return refused
    place = rules.places.get(legacy.state)
    if place is None or place.final:
        open_states = tuple(name for name, place in rules.places.items() if not place.final)
        return refusal(
            "adopt-state", rules, case, command, missing=open_states, found=legacy.state, rule="fields.state"
        )
    return _wrong_instant(rules, case, legacy, command, now) or _wrong_clock(rules, case, legacy, command)


def _wrong_instant(
    rules: CompiledPolicy, case: Case, legacy: Legacy, command: Command, now: int
) -> Refusal | None:
    instants = [("submitted_at", legacy.submitted_us)]
    instants += [("replied_at", at) for at in legacy.replies]
    instants += [("extensions", at) for _, at, _ in legacy.extensions]
    instants += [("pauses", at) for _, *ends in legacy.pauses for at in ends if at is not None]
    instants += [("started", at) for _, at in legacy.started] + [("ended", at) for _, at in legacy.ended]
    named = (("unit_since", legacy.unit_since), ("state_since", legacy.state_since))
    instants += [(name, at) for name, at in named if at is not None]
    for name, at in instants:
        path = f"fields.{name}"
        if at > now:
            return refusal("adopt-future", rules, case, command, found=name, rule=path, possible_from=at)
        if at < legacy.submitted_us:
            return refusal("adopt-before-submission", rules, case, command, found=name, rule=path)
    for _, begin, end in legacy.pauses:
        if end is not None and end <= begin:
            return refusal("adopt-pause", rules, case, command, rule="fields.pauses")
    return None


def _wrong_clock(rules: CompiledPolicy, case: Case, legacy: Legacy, command: Command) -> Refusal | None:
    named = [("extensions", name) for name, *_ in legacy.extensions if name]
    named += [("pauses", name) for name, *_ in legacy.pauses if name]
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
    if any(not name for name, *_ in legacy.pauses) and not any(plan.rule.pause for plan in rules.plans):
        return refusal("adopt-no-pause", rules, case, command, rule="fields.pauses")
    return None
