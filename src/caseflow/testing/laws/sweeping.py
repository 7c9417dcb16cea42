"""One sweep of a life, alone or with another sweeper in between: it issues what is owed, and that once."""

from __future__ import annotations

from caseflow.core import events as e
from caseflow.core.case import Card, Case
from caseflow.core.commands import SYSTEM
from caseflow.desk import Sweep
from caseflow.testing.laws import checks
from caseflow.testing.laws.broken import hold
from caseflow.testing.laws.world import World


def sweep_once(world: World, *, rival: str = "") -> None:
    """Sweep, and hold what came of it against the laws; a second sweep then finds nothing to do.

    Args:
        world: what is swept.
        rival: ``load`` or ``append`` when another sweeper is faster at that moment.
    """
    reports: list[Sweep] = []
    if rival:
        moment = "after_load" if rival == "load" else "before_append"
        setattr(world.store, moment, lambda: reports.append(world.desks[1].sweep()))
    before = dict(world.seen)
    reports.append(world.desk.sweep())
    world.store.quiet()
    changed = world.look(law="4" if rival else "1", swept=True)
    fresh = [
        (case_id, event.clock, event.subject, event.cycle, event.level)
        for case_id, events in changed.items()
        for event in events
        if isinstance(event, e.RungEvent)
    ]
    told = [_key(card) for report in reports for card in (*report.cards, *report.reminders)]
    hold(sorted(fresh) == sorted(told), "4", f"fired {sorted(fresh)}, but reported {sorted(told)}")
    for case_id, case in world.seen.items():
        _only_rungs(before[case_id], case, changed.get(case_id, ()))
        world.owed(case, world.clock.now)
    again = world.desk.sweep()
    hold(not again.cards and not again.reminders, "4", "a second sweep at the same instant fires again")


def _only_rungs(before: Case, after: Case, events: tuple[e.Event, ...]) -> None:
    """A sweep changes nothing but cards, reminders and the timed actions of rungs."""
    acts = [event for event in events if not isinstance(event, e.RungEvent)]
    where = after.id
    hold(all(event.by == SYSTEM for event in acts), "5", "a sweep acted as somebody", case_id=where)
    if not acts:
        quiet, same = checks.quiet(after), checks.quiet(before)
        hold(quiet == same, "5", f"a sweep changed more: {checks.difference(quiet, same)}", case_id=where)


def _key(card: Card) -> tuple[str, str, str, int, str]:
    return card.case_id, card.clock, card.subject, card.cycle, card.level
