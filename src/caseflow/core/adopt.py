"""adopt(rules, legacy, command, now) -> events: an open case of another system, taken over as it stands.

One event says how it and its clocks stand; the rungs reached by then follow it, inherited: they are on
record, and nobody is told.
"""

from __future__ import annotations

from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.core.commands import Command
from caseflow.core.evolve import evolve
from caseflow.core.falling_due import caught_up
from caseflow.core.fields import wrong_field
from caseflow.core.guards import refusal
from caseflow.core.lived import Legacy, instance_of, lived
from caseflow.core.rules import Rules
from caseflow.errors import Refusal, Refused

ADOPT = "adopt"
"""What refusals call the action; no policy lists it, since it is a right of roles."""


def adopt(
    rules: Rules, case_id: str, legacy: Legacy, command: Command, now: int, *, is_judged: bool = True
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
    past = lived(rules, case, legacy, command)
    event = e.Adopted(
        now, command.by, rules.places[legacy.state],
        tuple(instance_of(run) for run in past.clocks),
        None if legacy.submitted_us == now else legacy.submitted_us,
        None, command.texts,
        legacy.unit, past.citizen, past.origin, past.steps, legacy.unit_since, legacy.state_since,
        legacy.replies, legacy.extensions, legacy.pauses, legacy.started, legacy.ended,
    )  # fmt: skip
    return (event, *caught_up(rules, evolve(case, event), now)[1])


def legacy_of(event: e.Adopted) -> tuple[Legacy, dict[str, str]]:
    """What was told of the case when it was adopted: its past, and the fields of the command."""
    origin = event.origin
    submitted = event.at_us if event.effective_us is None else event.effective_us
    fields = {
        "kind": origin.kind, "channel": origin.channel, "region": origin.region,
        "urgency": origin.urgency, "citizen": event.citizen,
    }  # fmt: skip
    legacy = Legacy(
        event.to.state if event.to else "", submitted, event.unit, event.unit_since, event.state_since,
        event.replies, event.extensions, event.pauses, event.started, event.ended,
    )  # fmt: skip
    return legacy, {name: found for name, found in fields.items() if found}


def may_adopt(rules: Rules, role: str) -> bool:
    """Whether the role may adopt cases: one that may take every action, and record facts late."""
    rights = rules.roles.get(role)
    return rights is not None and rights.everything and rights.backdate


def _not_entitled(rules: Rules, case: Case, command: Command) -> Refusal | None:
    if not may_adopt(rules, command.by.role):
        entitled = tuple(role for role in rules.policy.roles if may_adopt(rules, role))
        found = command.by.role
        return refusal("may-not-adopt", rules, case, command, missing=entitled, found=found, rule="roles")
    if not any(name == "reason" for name, _ in command.texts):
        return refusal("field-missing", rules, case, command, missing=("reason",), rule="fields")
    return None


def _wrong(rules: Rules, case: Case, legacy: Legacy, command: Command, now: int) -> Refusal | None:
    row = rules.table[""]["submit"]
    given = command if not legacy.unit else command.replace(fields={**command.fields, "to": legacy.unit})
    refused = wrong_field(rules, case, row.replace(required=frozenset()), given)
    if refused is not None:
        return refused
    place = rules.places.get(legacy.state)
    if place is None or place.final:
        open_states = tuple(name for name, found in rules.places.items() if not found.final)
        return refusal(
            "adopt-state", rules, case, command, missing=open_states, found=legacy.state, rule="fields.state"
        )
    return _wrong_instant(rules, case, legacy, command, now) or _wrong_clock(rules, case, legacy, command)


def _wrong_instant(rules: Rules, case: Case, legacy: Legacy, command: Command, now: int) -> Refusal | None:
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


def _wrong_clock(rules: Rules, case: Case, legacy: Legacy, command: Command) -> Refusal | None:
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
