"""The end of a life: much time passes, both engines are compared, and an event from the future turns up."""

from __future__ import annotations

from caseflow import codec
from caseflow.core import events as e
from caseflow.core import evolve as evolving
from caseflow.core.case import Case
from caseflow.core.commands import Actor
from caseflow.errors import Refusal
from caseflow.ports import Append
from caseflow.testing.laws import checks
from caseflow.testing.laws.asked import Asked
from caseflow.testing.laws.broken import LawBroken, hold
from caseflow.testing.laws.world import World

UNKNOWN = '{"event":"from-the-future","at":%d,"by":["x","y",""],"more":{"a":[1,"路灯"]}}'
"""An event of a version of caseflow that is still to come."""
ACTOR = Actor("anybody-1", role="nobody")


def end(world: World, *, at: int) -> None:
    """Sweep at that instant, compare with the engine that was never swept, and meet an unknown event."""
    world.clock.now = at
    world.store.quiet()
    world.desk.sweep()
    world.look(law="1", swept=True)
    world.unswept_clock.now = at
    world.unswept[0].sweep()
    for case_id, case in world.seen.items():
        world.owed(case, at)
        other = world.unswept_store.load(case_id)
        assert other is not None, "both engines took the same submissions"
        checks.same_case(case, other, at)
        _any_order(world, case_id)
    for case_id in world.seen:
        _unknown(world, case_id)


def _any_order(world: World, case_id: str) -> None:
    """`evolve` takes every event in any order."""
    case, events = Case(case_id), world.store.events(case_id)
    for event in (*reversed(events), *events):
        after = _evolved(case, event)
        hold(after.version == case.version + 1, "6", f"{event.name} raised no version", case_id=case_id)
        case = after


def _unknown(world: World, case_id: str) -> None:
    """An event of an unknown name keeps its bytes and stops commands and sweeps, which name it."""
    case, body = world.seen[case_id], (UNKNOWN % world.clock.now).encode()
    event = codec.decode(body)
    world.store.append([Append(_evolved(case, event), case.version, (event,))])
    kept = codec.encode(world.store.events(case_id)[-1])
    hold(kept == body, "6", "an unknown event lost its bytes", case_id=case_id)
    action = next((name for name in world.desk.rules.policy.actions if name != "submit"), "submit")
    asked = Asked(case_id=case_id, action=action, terms={"by": ACTOR, "fields": {}})
    found = asked.of(world.desks)
    code = found.code if isinstance(found, Refusal) else "accepted"
    hold(code == "case-incomplete", "6", f"an incomplete case: {action} was {code}", case_id=case_id)
    named = isinstance(found, Refusal) and found.found == "from-the-future"
    hold(named, "6", "the refusal does not name the unknown event", case_id=case_id)


def _evolved(case: Case, event: e.Event) -> Case:
    try:
        return evolving.evolve(case, event)
    except Exception as error:
        raise LawBroken("6", f"evolve refused {event.name}: {error!r}", case_id=case.id) from error
