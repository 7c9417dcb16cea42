"""The laws as plain functions of a history, so that each can be run on the engine and on a broken one."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

from caseflow import Actor, CaseflowError, MemoryStore, Refused, SqliteStore
from caseflow.core.engine.projection import projected
from caseflow.core.model.case import Case
from caseflow.core.model.evolve import evolve, replay
from caseflow.core.time.deadline import breach
from caseflow.core.time.instants import moment, office_days
from caseflow.core.time.pauses import Pause
from caseflow.core.time.span import Span
from caseflow.serialization.codec import decode, encode, pack, unpack

from .histories import CASES, FIELDS, MINUTE, UNITS, Step, World, sweep_at_each_due, sweep_halfway

History = list[Step]
IMPORTER = Actor("importer", role="importer", unit=UNITS[0])


def replay_is_live(history: History) -> None:
    """1. Folding the stored events gives the same case that the live run had."""
    world = World().run(history, sweep_halfway).finish()
    for case in world.cases():
        assert replay(case.id, world.store.events(case.id)) == case


def late_sweep_is_timely_sweep(history: History) -> None:
    """2. Every sweep schedule yields the same cards, and effective instants never decrease.

    Facts recorded late, other rules, and followers that resume are the law's own exceptions to the second.
    """
    never = World().run(history).finish()
    rises = not any(step.late or step.action in ("migrate", "merge") for step in history)
    for schedule in (sweep_at_each_due, sweep_halfway, None):
        world = World().run(history, schedule).finish()
        assert world.standing() == never.standing()
        for case in world.cases() if rises else ():
            instants = [event.at_us for event in world.store.events(case.id)]
            assert instants == sorted(instants)


def never_early(history: History) -> None:
    """3. No rung fires before its instant; at that instant it does."""
    world = World().run(history)
    world.desk.sweep()
    for _ in range(6):
        due = world.store.next_due()
        if due is None:
            return
        world.clock.set(due - 1)
        early = world.desk.sweep()
        assert early.cards == early.reminders == ()
        world.clock.set(due)
        fired = world.desk.sweep()
        assert [card.effective_us for card in fired.cards + fired.reminders].count(due) >= 1
        assert all(card.effective_us == due for card in fired.cards + fired.reminders)


def once(history: History) -> None:
    """4. Racing sweepers and repeats fire each rung once."""
    world = World().run(history)
    racing = World(world.store)
    world.clock.advance(days=45)
    racing.clock.set(world.clock.now_us())
    load = world.store.load
    raced: list[str] = []

    def load_late(case_id: str) -> Case | None:
        case = load(case_id)
        if not raced:
            raced.append(case_id)
            racing.desk.sweep()
        return case

    world.store.load = load_late  # type: ignore[method-assign]  # another sweeper comes in between
    world.desk.sweep()
    world.store.load = load  # type: ignore[method-assign]
    again = world.desk.sweep()
    assert again.cards == again.reminders == ()
    for case in world.cases():
        standing = [  # a reminder comes again at another instant, a card does not
            (c.clock, c.subject, c.cycle, c.level, 0 if c.is_breach else c.effective_us)
            for c in case.escalations
            if c.stands
        ]
        assert len(standing) == len(set(standing))
        assert replay(case.id, world.store.events(case.id)) == case


def a_pause_never_shortens(start: int, days: int, counting: str, pauses: list[Pause], more: Pause) -> None:
    """5a. One pause more never brings a deadline forward."""
    span = Span.of(days, counting=counting)
    office = office_days("Asia/Shanghai")
    before, after = breach(span, start, pauses, office), breach(span, start, [*pauses, more], office)
    assert after.at_us is None or (before.at_us is not None and after.at_us >= before.at_us)


def storing_changes_nothing(history: History) -> None:
    """5b. Persisting and restoring is a no-op; a sweep changes nothing but what rungs say."""
    world = World().run(history)
    for case in world.cases():
        assert unpack(pack(case)) == case
        assert all(decode(encode(event)) == event for event in world.store.events(case.id))
    before = {case.id: case for case in world.cases()}
    world.clock.advance(days=3)
    world.desk.sweep()
    for case in world.cases():
        new = world.store.events(case.id)[before[case.id].version :]
        if all(event.name in ("card-issued", "reminded") for event in new):
            old = before[case.id]
            same = case.replace(
                version=old.version,
                last_us=old.last_us,
                next_due_us=old.next_due_us,
                escalations=old.escalations,
                clocks=old.clocks,
            )
            assert same == old
            assert [run.replace(fired=0) for run in case.clocks] == [
                run.replace(fired=0) for run in old.clocks
            ]


def a_fact_is_never_refused(history: History) -> None:
    """6. `evolve` takes every event in any order; an unknown one is kept and stops commands and sweeps."""
    world = World().run(history).finish()
    events = list(world.store.events("c1"))
    random.Random(len(events)).shuffle(events)
    assert replay("c1", events).version == len(events)
    body = b'{"event":"from-the-future","at":1741000000000000,"by":["x","y",""],"more":{"a":1}}'
    unknown = decode(body)
    assert encode(unknown) == body
    case = world.store.load("c1")
    assert case is not None
    marked = evolve(case, unknown)
    assert marked.facts.unknown_event == "from-the-future"
    store = MemoryStore()
    other = World(store)
    store._cases["c1"] = marked
    store.pin(world.desk.rules.pin, world.desk.rules.policy.document())
    store.pin(world.edited.rules.pin, world.edited.rules.policy.document())
    try:
        other.desk.act("c1", "note", by=IMPORTER, fields={"text": "x"})
        raise AssertionError("a command on an incomplete case was taken")
    except Refused as error:
        assert error.refusal.code == "case-incomplete"
        assert error.refusal.found == "from-the-future"


def nothing_is_lost(history: History) -> None:
    """7. What was acknowledged is in the file; a repeated key gives the same case and adds nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cases.db")
        store = SqliteStore(path, synchronous="off")
        world = World(store)
        for number, step in enumerate(history):
            case = world.take(step, key=f"k{number}")
            if case is None:
                continue
            copy = Path(folder, "copy.db")
            shutil.copy(path, copy)
            reopened = SqliteStore(copy)
            assert reopened.load(case.id) == case
            assert replay(case.id, reopened.events(case.id)) == case
            reopened.close()
            repeated = world.take(step.replace(wait=0, late=0), key=f"k{number}") if not step.late else case
            assert repeated == case
            assert store.load(case.id) == case
        store.close()


def refusals_are_data(history: History) -> None:
    """8. A refusal names code, action, state, rule and texts in both languages, and appends nothing."""
    world = World()
    for step in history:
        before = [len(world.store.events(name)) for name in CASES]
        try:
            world.clock.set(world.clock.now_us() + step.wait * 60_000_000)
            world.desk.act(CASES[step.case], step.action, by=IMPORTER, fields={"reason": "because"})
        except Refused as error:
            refusal = error.refusal
            assert refusal.code and refusal.rule and refusal.action == step.action
            assert refusal.text("en").isascii() or refusal.source
            assert any(
                "\u4e00" <= sign <= "\u9fff" for sign in refusal.text("zh").replace(refusal.source, "")
            )
            assert [len(world.store.events(name)) for name in CASES] == before
        except CaseflowError:
            pass
        world.take(step.replace(wait=0))


def the_public_view_leaks_nothing(history: History) -> None:
    """9. No text, person, reason, annulled card or reminder is in the public view."""
    world = World().run(history).finish()
    for case in world.cases():
        seen = repr(world.desk.public(case.id))
        assert all(secret not in seen for secret in ("secret", "a title", "because", "importer", "Reminder"))
        public = {(card.level, card.effective_at) for card in world.desk.public(case.id).cards}
        assert public == {(card.level, card.effective_at) for card in case.cards if card.stands}


def races_are_settled(history: History) -> None:
    """10. A sweep that ran ahead of a command changes no standing card: what it should not have issued is
    annulled with the command, and instants of acts never decrease."""
    plain, ahead = World().run(history), World()
    for step in history:
        ahead.take(step)
        now = ahead.clock.now_us()
        if not _acts_by_itself(ahead):
            ahead.clock.set(now + 2 * 1440 * 60_000_000)
            ahead.desk.sweep()
            ahead.clock.set(now)
    for world in (plain, ahead):
        world.finish()
        for case in world.cases():
            acts = [e.at_us for e in world.store.events(case.id) if e.name not in ("card-issued", "reminded")]
            assert acts == sorted(acts)
    if not any(_timed(world) for world in (plain, ahead)):
        assert ahead.standing() == plain.standing()


def _acts_by_itself(world: World) -> bool:
    """Whether a sweep two days ahead would take a timed action, which no later command can take back."""
    horizon = world.clock.now_us() + 2 * 1440 * 60_000_000
    return any(
        run.clock == "window" and (run.next_due or horizon + 1) <= horizon
        for case in world.cases()
        for run in case.clocks
    )


def _timed(world: World) -> bool:
    return any(
        event.name == "closed" and event.by.role == "system"
        for name in CASES
        for event in world.store.events(name)
    )


def fast_is_plain(history: History) -> None:
    """11. Clocks taken on act by act are those that the whole history makes in the order of effect."""
    world = World()
    for step in history:
        world.take(step)
        case = world.store.load(CASES[step.case])
        if case is not None:
            plain = projected(world.desk.rules_of(case), case, world.store.events(case.id))
            assert {run.key: run for run in plain} == {run.key: run for run in case.clocks}


def order_of_telling(history: History) -> None:
    """11. The same facts, told in any order in which all are accepted, leave the same cards and units.

    The facts of a history are told at its end, each with its own instant: in the order of effect, backwards,
    and shuffled.
    """
    facts = [step for step in history if step.case == 0 and step.action not in _NOT_A_FACT][:6]
    instants = [sum(step.wait for step in facts[: turn + 1]) for turn in range(len(facts))]
    in_order = list(zip(instants, facts, strict=True))
    orders = [in_order, in_order[::-1], random.Random(len(history)).sample(in_order, len(in_order))]
    standings = [standing for order in orders if (standing := _standing_after(order)) is not None]
    assert all(standing == standings[0] for standing in standings)


_NOT_A_FACT = ("submit", "merge", "migrate", "grant_extension")
"""Acts that begin a case, or that answer or name something else than an instant."""


def _standing_after(order: list[tuple[int, Step]]) -> set[tuple[object, ...]] | None:
    """The standing cards after the facts were told in that order; `None` when one of them was refused."""
    world = World()
    world.take(Step(0, 0, "submit", 1))
    start = world.clock.now_us()
    world.clock.advance(days=60)
    for minutes, step in order:
        world.clock.advance(seconds=1)
        by = Actor("importer", role="importer", unit=UNITS[step.number % 3])
        fields = FIELDS[step.action](step.number) | {"reason": "because"}
        since = moment(start + minutes * MINUTE + step.number)
        try:
            world.desk.act("c1", step.action, by=by, fields=fields, effective_at=since)
        except Refused:
            return None
    world.desk.sweep()
    return world.standing()
