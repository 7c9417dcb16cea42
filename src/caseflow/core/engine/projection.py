"""The clocks of a case as its whole history makes them: the plain way, in the order of effect.

`caseflow.core.engine.effects` takes one act after another as they come; here every act is looked at again, at
the instant at which it took effect, under the rules that are asked for. A fact told late, a takeover, a
change of rules and an explanation go this way.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice

from caseflow.core.engine.actions import ACTION_OF
from caseflow.core.engine.compiled_policy import HANDS_OVER, CompiledPolicy, Transition
from caseflow.core.engine.history_marks import Fact, in_context, marks_by_past, with_chains
from caseflow.core.engine.legacy import Legacy, legacy_of, past_acts
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.clock_run import ClockRun, Runs, changes, fired_under, latest
from caseflow.core.model.evolve import evolve
from caseflow.core.model.sla import folded

History = Callable[[], Sequence[e.Event]]
"""Every event of the case, oldest first; asked for only where a command takes effect before another act."""


def clocks_of(
    rules: CompiledPolicy, history: Sequence[e.Event], *, is_assumed: bool = True, now: int | None = None
) -> Runs:
    """Every clock instance of the case, counted under these rules; no rung of them is marked as fired.

    Args:
        rules: any policy, not only the one the case pins.
        history: the events in the order of recording.
        is_assumed: whether acts count that a takeover reads out of the case's state, at an unknown instant.
        now: until when clocks begin where the last rung of another was reached; by default until the last
            of the events was recorded.
    """
    facts = in_context(rules, course_of(rules, history), _submitted(history))
    course = [one for one in facts if is_assumed or not one.fact.is_assumed]
    marks = list(marks_by_past(rules, course))
    if rules.is_chained:
        now = max((event.at_us for event in history), default=0) if now is None else now
        marks = with_chains(rules, course, marks, now=now)
    return folded(marks)


def _submitted(history: Sequence[e.Event]) -> e.Origin:
    """What the case was submitted as."""
    first = next((event for event in history if isinstance(event, e.Submitted | e.Adopted)), None)
    return e.UNKNOWN_ORIGIN if first is None else first.origin


def origin_of(rules: CompiledPolicy, case: Case, history: Sequence[e.Event]) -> e.Origin:
    """What the case counts as submitted, after all acts that changed it, in the order of effect."""
    origin = _submitted(history)
    for one in in_context(rules, course_of(rules, history), origin):
        origin = one.origin
    now = case.origin
    return origin.replace(policy_hash=now.policy_hash, zone=now.zone, policy=now.policy)


def projected(rules: CompiledPolicy, case: Case, history: Sequence[e.Event]) -> Runs:
    """`clocks_of` as the case goes on with them.

    The rungs that have a standing card are marked as fired. Cycles that ran under rules which the case has
    left since keep the instants of their rungs; what is told of their end is taken. Later ones are counted on
    from them.
    """
    known = {run.key: run for run in case.clocks}
    runs = _renumbered(rules, case, history)
    return tuple(run if run.policy_hash else _continued(rules, run, known.get(run.key)) for run in runs)


def by_history(
    rules: CompiledPolicy, case: Case, history: Sequence[e.Event], event: e.Event
) -> tuple[e.Event, Case]:
    """An event with what it does to the clocks by the whole history, and the case after it.

    Args:
        history: every event of the case, this one left out.
    """
    runs = projected(rules, case, (*history, event))
    event = event.replace(clocks=changes(case.clocks, runs))
    if rules.is_revised:
        origin = origin_of(rules, case, (*history, event))
        event = event.replace(revised=None if origin == case.origin else origin)
    return event, evolve(case, event)


def _continued(rules: CompiledPolicy, run: ClockRun, known: ClockRun | None) -> ClockRun:
    if known is None:
        return run
    if known.floors:
        run = rules.plan[run.clock].counted(run.replace(floors=known.floors))
    return run.replace(fired=fired_under(run.ladder, known, run.dues))


def _renumbered(rules: CompiledPolicy, case: Case, history: Sequence[e.Event]) -> Runs:
    """The folded instances under the numbers that their cycles have in the case, and those that are final."""
    final = tuple(run for run in case.clocks if run.policy_hash)
    runs = clocks_of(rules, history)
    if not final:
        return runs
    migrated = max(turn for turn, event in enumerate(history) if isinstance(event, e.Migrated))
    then = clocks_of(rules, history[:migrated])
    return (*_ended_anew(rules, runs, final, then, history), *going_on(runs, final, then))


def _ended_anew(
    rules: CompiledPolicy, runs: Runs, final: Runs, then: Runs, history: Sequence[e.Event]
) -> Iterator[ClockRun]:
    """The cycles that are final, each with the end that the last event moved, if it did.

    Today's rules cannot count them, but where they agreed on the end, they say what became of it.
    """
    before = {run.key: run for run in clocks_of(rules, history[:-1])}
    after = {run.key: run for run in runs}
    for run in final:
        key = run.clock, run.subject, run.cycle - _ahead(run.clock, run.subject, final, then)
        old, new = before.get(key), after.get(key)
        agrees = old is not None and (old.since_us, old.until_us) == (run.since_us, run.until_us)
        if agrees and new is not None and new.since_us == run.since_us and new.until_us is not None:
            yield run.replace(status=new.status, until_us=new.until_us)
        else:
            yield run


def going_on(runs: Runs, final: Runs, then: Runs) -> Iterator[ClockRun]:
    """The instances that go on after a change of rules, numbered on from the cycles that became final by it.

    Args:
        runs: as the rules of today fold them.
        final: those that keep the rules they ran under.
        then: as the rules of today fold the history up to the change; its newest cycles go on.
    """
    for run in runs:
        kept, ahead = latest(final, run.clock, run.subject), _ahead(run.clock, run.subject, final, then)
        if kept is None or run.cycle + ahead > kept.cycle:
            yield run.replace(cycle=run.cycle + ahead)


def _ahead(clock: str, subject: str, final: Runs, then: Runs) -> int:
    """How far the numbers of the case's cycles are ahead of those that today's rules fold."""
    kept, newest = latest(final, clock, subject), latest(then, clock, subject)
    if kept is None:
        return 0
    return kept.cycle if newest is None else kept.cycle + 1 - newest.cycle


def until(history: Sequence[e.Event], at: int) -> tuple[e.Event, ...]:
    """The events that took effect at or before the instant, in the order of recording."""
    return tuple(event for event in history if event.since_us <= at)


def in_words_of(rules: CompiledPolicy, history: Sequence[e.Event]) -> Iterator[e.Event]:
    """The history with clocks called as these rules call them; what is told of clocks they lack is left out.

    A name goes through every change of rules that came after it, and through what the rules say it ``was``.
    """
    was = {old: plan.name for plan in rules.plans for old in plan.rule.was}
    renamings = [dict(event.renamed) for event in history if isinstance(event, e.Migrated)]

    def named(name: str) -> str | None:
        names = [name]
        for renamed in renamings:
            names.append(renamed.get(names[-1], names[-1]))
        for one in reversed(names):
            if one in rules.plan:
                return one
        return next((was[one] for one in reversed(names) if one in was), None)

    for event in history:
        if isinstance(event, e.Migrated):
            del renamings[0]
        elif isinstance(event, e.ExtensionGranted):
            event = event.replace(clock=named(event.clock) or "")
        elif isinstance(event, e.Adopted):
            event = event.replace(
                **{
                    field: tuple(
                        (name and named(name), *instants)
                        for name, *instants in getattr(event, field)
                        if not name or named(name) is not None
                    )
                    for field in _NAMES_CLOCKS
                }
            )
        yield event


_NAMES_CLOCKS = ("extensions", "pauses", "started", "ended")
"""What a takeover tells of clocks by name."""


# -- what was recorded --------------------------------------------------------------------------------------


def course_of(rules: CompiledPolicy, history: Sequence[e.Event]) -> tuple[Fact, ...]:
    """The acts of a history in the order of effect, each with the states before and after it in that order.

    An act that comes after all others stands as it was recorded. One that was told late is put where it took
    effect (see `_gone_through`), if that leads to the state in which it was recorded to leave the case; else
    it changes what it was recorded to change.
    """
    course: list[Fact] = []
    state = ""
    for event in in_words_of(rules, history):
        if isinstance(event, e.RungEvent | e.CardAnnulled | e.UnknownEvent):
            continue
        came_from, state = state, event.to.state if event.to else state
        if isinstance(event, e.Adopted):
            course += _taken_over(rules, event)
            continue
        fact = Fact(
            event.since_us,
            event,
            action=event.action if isinstance(event, e.Acted) else ACTION_OF.get(type(event), ""),
            came_from=came_from,
            state=state,
            unit=getattr(event, "unit", "") if type(event) in HANDS_OVER else None,
        )
        if not course or course[-1].at_us <= fact.at_us:
            course.append(fact)
            continue
        turn = _turn(course, fact)
        again = _gone_through(rules, course, fact, turn)
        if again is None or _left(course, again, turn, came_from) != state:
            again = [fact]
        course[turn : turn + len(again) - 1] = again
    return tuple(course)


def _gone_through(rules: CompiledPolicy, course: Sequence[Fact], fact: Fact, turn: int) -> list[Fact] | None:
    """A fact put in its place, and those after it that are otherwise than before, gone through again.

    Returns:
        They stand for as many facts of the course, less one, from the place of the fact on. `None` when the
        policy does not accept the fact in the state of its own time, or one of those after it in the state to
        which that leads.
    """
    state = course[turn - 1].state if turn else ""
    unit: str | None = None
    came_from = before_state(course[:turn])
    again: list[Fact] = []
    for one in chain((fact,), islice(course, turn, None)):
        if (
            one is not fact
            and one.came_from == state
            and before_state(course[: turn + len(again) - 1]) == came_from
        ):
            break
        unit = unit if one.unit is None else one.unit
        if not one.action:  # a note on the case, or a takeover's word
            to = state if one.came_from == one.state else one.state
            again.append(one.replace(came_from=state, state=to))
            came_from, state = state if to != state else came_from, to
            continue
        transition = rules.table.get(state, {}).get(one.action)
        if transition is not None and transition.back:
            transition = transition.back.get(came_from)
        if transition is None:
            return None
        place = transition.place
        if transition.held_place != place:
            if unit is None:  # seldom asked for, and seldom near
                earlier = (course[index].unit for index in range(turn - 1, -1, -1))
                unit = next((unit for unit in earlier if unit is not None), "")
            place = transition.held_place if unit else place
        before, state = state, state if place is None else place.state
        came_from = before if before != state else came_from
        again.append(one.replace(came_from=before, state=state))
    return again


def before_state(course: Sequence[Fact]) -> str:
    """The state in which a case was before the one in which these facts leave it; empty for none."""
    moves = (fact.came_from for fact in reversed(course) if fact.came_from != fact.state)
    return next(moves, "")


def left_by(
    rules: CompiledPolicy, course: Sequence[Fact], fact: Fact, present: str
) -> tuple[Transition, str] | None:
    """How a fact is met at its place in the order of effect, and the state in which the case then is.

    `None` when it cannot be put there: it, or something after it, would not have been accepted.
    """
    turn = _turn(course, fact)
    again = _gone_through(rules, course, fact, turn)
    left = None if again is None else _left(course, again, turn, present)
    if again is None or left is None:
        return None
    return rules.table[again[0].came_from][fact.action], left


def _left(course: Sequence[Fact], again: Sequence[Fact], turn: int, present: str) -> str | None:
    """The state in which a case is once these facts stand in the place of those from that turn on.

    `None` where an earlier fact was judged by the present state, which this one must not move.
    """
    stands = course[-1].state
    left = again[-1].state if turn + len(again) - 1 >= len(course) else stands
    if left == stands:
        return present  # nothing after it changes
    return left if stands == present else None


def _turn(course: Sequence[Fact], fact: Fact) -> int:
    """The place of a fact in the order of effect, after all that took effect at the same instant."""
    return bisect_right(course, fact.at_us, key=lambda one: one.at_us)


def _taken_over(rules: CompiledPolicy, event: e.Adopted) -> Iterator[Fact]:
    legacy = legacy_of(event)[0]
    renewed = _renewed(rules, event, legacy) if legacy.started else ()
    for act in past_acts(rules, legacy, renewed=renewed):
        yield Fact(
            act.at_us,
            event,
            action=act.action,
            came_from=act.came_from,
            state=act.state,
            unit=act.unit,
            marks=act.marks,
            ignored=act.ignored,
            is_assumed=act.is_assumed,
        )


def _renewed(rules: CompiledPolicy, event: e.Adopted, legacy: Legacy) -> frozenset[str]:
    """The clocks that had ended, by all that is told beside, when they are told to have started."""
    runs = clocks_of(rules, (event.replace(started=()),))
    newest = {run.clock: run for run in runs}
    return frozenset(
        name
        for name, begun in legacy.started
        if name in newest and (until := newest[name].until_us) is not None and until <= begun
    )
