"""A case comes under other rules: its own history is folded under them, and its cards follow.

Clocks that are new begin at their true instants, one that the new rules call otherwise (``was``) keeps its
cards, and one that would be lost while it runs is refused unless the policy gives it up (``retired``).
"""

from __future__ import annotations

from collections.abc import Sequence

from caseflow.core.engine.actions import ACTION_OF
from caseflow.core.engine.compiled_policy import CompiledPolicy, refusal
from caseflow.core.engine.escalation import Outcome, escalate, reconcile
from caseflow.core.engine.preconditions import check
from caseflow.core.engine.projection import before_state, clocks_of, course_of, going_on
from caseflow.core.engine.rights import Authorizer, entitled
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.clock_run import ClockRun, Runs, changes, fired_under, latest
from caseflow.core.model.commands import Command
from caseflow.core.model.evolve import evolve, replay
from caseflow.errors import Refusal, Refused

MIGRATE = "migrate"
"""The action."""


def migrate(
    rules: CompiledPolicy,
    new: CompiledPolicy,
    case: Case,
    command: Command,
    now: int,
    *,
    history: Sequence[e.Event],
    authorizer: Authorizer | None = None,
) -> Outcome:
    """The case under the new rules, and the events that brought it there.

    What is due by now is issued under the old rules first. Then the newest cycle of each clock is counted
    from its whole history as the new rules see it; cards that no longer hold are annulled, and those newly
    owed are issued at their own instants. Earlier cycles keep the rules they ran under, unless only a
    calendar is another: then they are counted anew as well.

    Args:
        rules: those the case pins.
        new: those it comes under.
        command: who asks, with ``retroactive``: when it is false, each rung keeps the later of its old and
            its new instant, and nothing becomes due before now that was not.
        history: every event of the case.

    Raises:
        Refused: the old rules do not let the actor; ``takes-effect-when-recorded`` when the command gives an
            instant of its own; ``state-unknown`` when the new ones lack the case's
            state; ``clock-lost`` when a running clock has no place in them; ``clock-taken`` when the cards of
            two clocks would stand under one name.
    """
    at = max(now, case.acted_us)
    case, issued = escalate(rules, case, at, history=lambda: history)
    lived = (*history[: case.version - len(issued)], *issued)
    transition = rules.table.get(case.place.state, {}).get(command.action)
    command = entitled(rules, command, authorizer)
    refused = check(rules, case, command, transition, at, authorizer=authorizer)
    if refused is None and command.effective_us is not None:
        refused = refusal("takes-effect-when-recorded", rules, case, command, rule="effective_at")
    if refused is not None:
        raise Refused(refused, case_id=case.id)
    folded = clocks_of(new, lived)
    refused = _unfit(rules, new, case, command, folded)
    if refused is not None:
        raise Refused(refused, case_id=case.id)
    renamed = renamed_clocks(new, case)
    retroactive = command.fields.get("retroactive", True) is not False
    place = new.places[case.place.state]
    runs = _migrated(rules, new, case, folded, at=at, retroactive=retroactive)
    event = e.Migrated(
        at,
        command.by,
        None if place == case.place else place,
        changes(case.clocks, runs),
        clamped_us=None if at == now else now,
        texts=command.texts,
        policy_hash=new.pin,
        zone=new.policy.timezone,
        policy=new.policy.name,
        retroactive=retroactive,
        renamed=renamed,
        taken=_taken(new, case.id, lived),
        came_from=before_state(course_of(new, lived)) if new.goes_back else "",
    )
    after, settled = reconcile(new, evolve(case, event), event, lambda: (*lived, event))
    return after, (*issued, event, *settled)


def _taken(
    new: CompiledPolicy, case_id: str, history: Sequence[e.Event]
) -> tuple[tuple[str, int, int, str, str], ...]:
    """What was done so far of the actions that the new rules ask about."""
    if not new.kept:
        return ()
    own = (event for event in history if not isinstance(event, e.Migrated))
    marked = (event.replace(kept=name if (name := _action(event)) in new.kept else "") for event in own)
    return replay(case_id, marked).facts.taken


def _action(event: e.Event) -> str:
    return event.action if isinstance(event, e.Acted) else ACTION_OF.get(type(event), "")


def renamed_clocks(new: CompiledPolicy, case: Case) -> tuple[tuple[str, str], ...]:
    """``(old name, new name)`` of the case's clocks that the new rules call otherwise."""
    known = dict.fromkeys(run.clock for run in case.clocks)
    named = {old: plan.name for plan in new.plans for old in plan.rule.was}
    return tuple((old, named[old]) for old in known if old not in new.plan and old in named)


def _unfit(
    rules: CompiledPolicy, new: CompiledPolicy, case: Case, command: Command, folded: Runs
) -> Refusal | None:
    """Refused: the new rules have no place for the case's state, or for a clock that runs."""
    if case.place.state not in new.places:
        return refusal("state-unknown", rules, case, command, rule="states")
    renamed = dict(renamed_clocks(new, case))
    ambiguous = _ambiguous(new, case, renamed)
    if ambiguous:
        return refusal("clock-taken", rules, case, command, found=", ".join(ambiguous), rule="clocks")
    lost = dict.fromkeys(
        run.clock
        for run in case.clocks
        if _is_under_way(run)
        and run.clock not in new.policy.retired
        and not _goes_on(run.replace(clock=renamed.get(run.clock, run.clock)), folded)
    )
    if not lost:
        return None
    return refusal(
        "clock-lost", rules, case, command, found=", ".join(lost), missing=tuple(new.plan), rule="clocks"
    )


def _is_under_way(run: ClockRun) -> bool:
    """Whether it runs, or will when the primary that holds it lets it go."""
    return run.until_us is None or (run.status == "held" and not run.policy_hash)


def _goes_on(run: ClockRun, folded: Runs) -> bool:
    """Whether the new rules have the clock for this case, for this subject or now for another."""
    return any(
        other.clock == run.clock and (other.subject == run.subject or other.until_us is None)
        for other in folded
    )


def _ambiguous(new: CompiledPolicy, case: Case, renamed: dict[str, str]) -> tuple[str, ...]:
    """Names under which cards of two clocks would stand: none of them could be told from the other."""
    known = dict.fromkeys(run.clock for run in case.clocks)
    taken = [name for name in renamed.values() if name in known]
    twice = [name for name in new.plan if list(renamed.values()).count(name) > 1]
    former = {old for old, _ in case.facts.renamed}
    kept = {*known, *renamed.values()} - renamed.keys()
    reused = [name for name in new.plan if name in former and name not in kept]
    return tuple(dict.fromkeys((*taken, *twice, *reused)))


def _migrated(
    rules: CompiledPolicy,
    new: CompiledPolicy,
    case: Case,
    folded: Runs,
    *,
    at: int,
    retroactive: bool,
) -> Runs:
    """The instances as they go on: final ones as they were, the others as the new rules count them."""
    renamed = dict(renamed_clocks(new, case))
    known = tuple(run.replace(clock=renamed.get(run.clock, run.clock)) for run in case.clocks)
    recounts_all = _differs_in_calendars(rules, new)
    retired = {name for name in new.policy.retired if not any(run.clock == name for run in folded)}
    counted = new.plan.keys() - retired
    final = tuple(
        _final(run, rules, at)
        for run in known
        if run.policy_hash or run.clock not in counted or not (recounts_all or _is_newest(run, known))
    )
    before = {run.key: old for run, old in zip(known, case.clocks, strict=True)}
    runs = tuple(
        _taken_on(new, run, before.get(run.key), rules=None if retroactive else rules, at=at)
        for run in going_on(folded, final, folded)
    )
    turn = {run.key: index for index, run in enumerate(known)}
    return tuple(sorted((*final, *runs), key=lambda run: turn.get(run.key, len(turn))))


def _is_newest(run: ClockRun, runs: Runs) -> bool:
    return latest(runs, run.clock, run.subject) is run


def _final(run: ClockRun, rules: CompiledPolicy, at: int) -> ClockRun:
    """The instance under the rules that it ran under; one that runs has been given up."""
    if _is_under_way(run):
        until = max(run.since_us, at) if run.until_us is None else run.until_us
        run = run.replace(status="cancelled", until_us=until)
    return run.replace(policy_hash=run.policy_hash or rules.pin)


def _taken_on(
    new: CompiledPolicy, run: ClockRun, old: ClockRun | None, *, rules: CompiledPolicy | None, at: int
) -> ClockRun:
    """The instance with the cards it has, and, unless all is counted anew, with the instants it had.

    Args:
        rules: those that it leaves, when its instants under them still hold where they are later.
    """
    if rules is not None and old is not None and _count_alike(rules, new, old, run):
        run = new.plan[run.clock].counted(run.replace(floors=old.floors))
    elif rules is not None:
        instants = {} if old is None else _instants(rules, old, at)
        floors = (*(instants.get(level, at) for level, _ in run.ladder), at)
        run = new.plan[run.clock].counted(run.replace(floors=floors))
    return run if old is None else run.replace(fired=fired_under(run.ladder, old))


def _count_alike(rules: CompiledPolicy, new: CompiledPolicy, old: ClockRun, run: ClockRun) -> bool:
    """Whether a clock is the same under both: then its old instants are its new ones, whatever comes."""
    before, after = rules.plan.get(old.clock), new.plan[run.clock]
    if before is None or old.policy_hash:
        return False
    same_days = before.days.zone == after.days.zone and before.calendar == after.calendar
    return same_days and before.rule == after.rule


def _instants(rules: CompiledPolicy, run: ClockRun, at: int) -> dict[str, int | None]:
    """When each rung is due under its rules; of a paused one, if its pause ended at the instant."""
    if run.is_paused:
        ended = ((begin, at if end is None else end) for begin, end in run.pauses)
        pauses = tuple(pause for pause in ended if pause[1] > pause[0])
        run = rules.plan[run.clock].counted(run.replace(pauses=pauses))
    return dict(zip((level for level, _ in run.ladder), run.dues, strict=True))


def _differs_in_calendars(rules: CompiledPolicy, new: CompiledPolicy) -> bool:
    """Whether the two say the same but for the days of their calendars, their files, and a label."""
    return {**rules.document["policy"], **_LABELS} == {**new.document["policy"], **_LABELS}


_LABELS: dict[str, object] = {"version": "", "calendars": {}}
"""What of a policy says nothing of how a clock counts: its label, and the files of its calendars."""
