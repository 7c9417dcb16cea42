"""What links do: two cases are linked, both ends agreeing, and one learns what became of the other."""

from __future__ import annotations

from functools import partial
from typing import Any

from caseflow.core.engine.compiled_policy import CompiledPolicy, refusal
from caseflow.core.engine.decide import step
from caseflow.core.engine.effects import event_of
from caseflow.core.engine.escalation import Outcome, escalate, unread
from caseflow.core.engine.preconditions import check, no_transition
from caseflow.core.engine.projection import History, by_history
from caseflow.core.engine.rights import Authorizer, entitled
from caseflow.core.evaluation_rule import SystemAction
from caseflow.core.model import events as e
from caseflow.core.model.case import Case, CaseLink
from caseflow.core.model.commands import SYSTEM, CaseState, Command
from caseflow.core.model.evolve import evolve, evolved
from caseflow.core.value import Value
from caseflow.errors import Refusal, Refused

LINK, UNLINK = "link", "unlink"
"""The actions."""
ANY_POLICY = "*"
OTHER_CASE = "linked"
"""In a field of an action that the system takes: the id of the other case."""


class LinkEnd(Value):
    """One of the two cases of a link, with what is asked of it.

    Attributes:
        rules: those it pins.
        command: ``link`` or ``unlink``, with the other case's id in ``other``.
        history: gives every event of the case, when it is asked for.
    """

    rules: CompiledPolicy
    case: Case
    command: Command
    history: History = unread


def decide_link(
    here: LinkEnd, there: LinkEnd, now: int, *, authorizer: Authorizer | None = None
) -> tuple[Outcome, Outcome]:
    """The two cases of a link that is made, or taken back, and the events of each; first what is due by now.

    The link leads from the case `here` to the one `there`. The actor must be allowed to link either one, and
    the policies of both must name the type.

    Raises:
        Refused: by either end, for whatever its rules refuse a command; and ``takes-effect-when-recorded``,
            ``link-not-possible``, ``already-linked``, ``not-linked`` or ``linked-to-itself``.
    """
    wanted = here.command.fields.get("type", "")
    fewer = len(here.case.facts.links) <= len(there.case.facts.links)
    end, other = (here, there) if fewer else (there, here)  # each link stands in both
    is_linked = _has_link(end.case, other.case.id, wanted, inward=not fewer)
    return (
        decide_end(here, there, now, authorizer=authorizer, inward=False, is_linked=is_linked),
        decide_end(there, here, now, authorizer=authorizer, inward=True, is_linked=is_linked),
    )


def decide_end(
    end: LinkEnd,
    other: LinkEnd,
    now: int,
    *,
    inward: bool,
    authorizer: Authorizer | None = None,
    is_linked: bool | None = None,
) -> Outcome:
    """One end of a link that is made, or taken back; see `decide_link`.

    Args:
        inward: whether the link leads from the other case to this one.
        is_linked: whether it is there; by default as this end's record says.
    """
    rules, at = end.rules, max(now, end.case.acted_us)
    case, issued = escalate(rules, end.case, at, history=end.history)
    command = entitled(rules, end.command, authorizer)
    transition = rules.table.get(case.place.state, {}).get(command.action)
    refused = check(rules, case, command, transition, at, authorizer=authorizer)
    if refused is None:
        judged = end.replace(case=case) if issued else end
        refused = _wrong_link(judged, other, inward=inward, is_linked=is_linked)
    if refused is not None or transition is None:
        raise Refused(refused or no_transition(rules, case, command), case_id=case.id)
    event, clocks = event_of(rules, case, transition, command, at=at, clamped=None if at == now else now)
    if inward:
        event = event.replace(inward=True)
    if isinstance(event, e.Linked) and _is_public(end, event.type) and _is_public(other, event.type):
        event = event.replace(is_public=True)
    past = partial(_past, end, issued)
    if transition.asks_history:
        event, case = by_history(rules, case, past(), event)
    else:
        case = evolved(case, event, clocks)
    rule = rules.policy.links.get(command.fields["type"])
    if rule is None or rule.when_made is None or not isinstance(event, e.Linked):
        return case, (*issued, event)
    done, events, skipped = _taken(
        rules, case, rule.when_made, other.case.id, at=at, history=lambda: (*past(), event)
    )
    return done, (*issued, event.replace(skipped=skipped), *events)


def _past(end: LinkEnd, issued: tuple[e.Event, ...]) -> tuple[e.Event, ...]:
    return (*end.history()[: end.case.version], *issued)


def _wrong_link(end: LinkEnd, other: LinkEnd, *, inward: bool, is_linked: bool | None) -> Refusal | None:
    """Why the case may not have the link, or not lose it; by its own policy alone."""
    links, wanted = end.rules.policy.links, end.command.fields["type"]
    if end.command.effective_us is not None:
        return _refusal("takes-effect-when-recorded", end, rule="effective_at")
    if end.command.action == LINK and end.case.id == other.case.id:
        return _refusal("linked-to-itself", end)
    if is_linked is None:
        is_linked = _has_link(end.case, other.case.id, wanted, inward=inward)
    if end.command.action == UNLINK:
        return None if is_linked else _refusal("not-linked", end, found=other.case.id)
    if is_linked:
        return _refusal("already-linked", end, found=other.case.id)
    names = {other.rules.policy.name, ANY_POLICY}
    rule = links.get(wanted)
    if rule is not None and not names.isdisjoint(rule.of if inward else rule.to):
        return None
    possible = tuple(
        link for link, rule in links.items() if not names.isdisjoint(rule.of if inward else rule.to)
    )
    return _refusal("link-not-possible", end, found=wanted, missing=possible, rule="links")


def _has_link(case: Case, other: str, link: str, *, inward: bool) -> bool:
    """Whether the case has the link; a proposal may have thousands, so that ids are compared first."""
    return any(one.case == other and one.key == (link, other, inward) for one in case.facts.links)


def _is_public(end: LinkEnd, link: str) -> bool:
    rule = end.rules.policy.links.get(link)
    return rule is not None and rule.public


def _refusal(code: str, end: LinkEnd, **more: Any) -> Refusal:
    more.setdefault("rule", "links")
    return refusal(code, end.rules, end.case, end.command, **more)


def learn(
    rules: CompiledPolicy,
    case: Case,
    other: str,
    place: CaseState,
    now: int,
    *,
    by: str = "",
    history: History = unread,
) -> Outcome:
    """The case once it has learnt where a linked one came to, and what the system then does to it.

    What its rules do not ask about changes nothing. An action that they refuse is not taken; the event says
    why.

    Args:
        other: the id of the linked case.
        place: where that one came to.
        by: only by links of that type.
    """
    events: tuple[e.Event, ...] = ()
    for link in case.facts.links if rules.linked else ():
        if link.case == other and by in ("", link.type) and _is_asked(rules, link, place):
            case, more = _learn_by(
                rules, case, link, place, at=max(now, case.acted_us), past=(history, events)
            )
            events += more
    return case, events


def _is_asked(rules: CompiledPolicy, link: CaseLink, place: CaseState) -> bool:
    questions = rules.linked.get(link.type)
    if questions is None:
        return False
    return place.state in questions.actions or (questions.of_end and place.final != link.has_ended)


def _learn_by(
    rules: CompiledPolicy,
    case: Case,
    link: CaseLink,
    place: CaseState,
    *,
    at: int,
    past: tuple[History, tuple[e.Event, ...]],
) -> Outcome:
    stored, before = past

    def history() -> tuple[e.Event, ...]:
        return (*stored(), *before)

    case, issued = escalate(rules, case, at, history=history)
    moved = e.LinkedCaseMoved(
        at, SYSTEM, type=link.type, case=link.case, inward=link.inward, state=place.state, final=place.final
    )
    after = evolve(case, moved)
    action = rules.linked[link.type].actions.get(place.state)
    if action is None:
        return after, (*issued, moved)
    done, events, skipped = _taken(
        rules, after, action, link.case, at=at, history=lambda: (*history(), *issued, moved)
    )
    return done, (*issued, moved.replace(skipped=skipped), *events)


def _taken(
    rules: CompiledPolicy, case: Case, action: SystemAction, other: str, *, at: int, history: History
) -> tuple[Case, tuple[e.Event, ...], str]:
    """The case after what the system does because of a linked one; or as it is, and why that is refused."""
    fields = {name: other if value == OTHER_CASE else value for name, value in action.fields.items()}
    try:
        return *step(rules, case, Command(action.then, SYSTEM, fields), at, history=history), ""
    except Refused as error:
        return case, (), error.refusal.code
