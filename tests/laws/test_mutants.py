"""For each law an engine broken on purpose, which the law's own test catches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import caseflow.core.engine.decide
import caseflow.core.engine.escalation
import caseflow.core.engine.projection
import caseflow.core.model.evolve
import caseflow.core.time.deadline
import caseflow.core.time.pauses
import caseflow.core.time.running_time
import caseflow.desk.desk
import caseflow.desk.sweeper
import caseflow.serialization.codec
import caseflow.stores.memory
from caseflow.core.engine.actions import ACTION_OF
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.effects import Act, marks_of
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.clock_run import ClockRun, Runs
from caseflow.core.model.events import Event, Noted, UnknownEvent
from caseflow.core.model.sla import applied
from caseflow.desk.command_handler import CommandHandler
from caseflow.desk.sweeper import Sweeper
from caseflow.errors import CaseflowError, Refusal, Stale
from caseflow.stores.memory import MemoryStore

from . import properties
from .histories import Step, World, steps
from .test_laws import INSTANTS, LAWS, PAUSES

Patch = pytest.MonkeyPatch
BRIEF = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def forgets_when_it_was_true(patch: Patch) -> None:
    """1. What is stored lacks the instant a fact took effect."""
    encode = caseflow.serialization.codec.encode
    patch.setattr(caseflow.stores.memory, "encode", lambda event: encode(_without_effect(event)))


def _without_effect(event: Event) -> Event:
    return event if event.effective_us is None else event.replace(effective_us=None)


def lets_commands_overtake_cards(patch: Patch) -> None:
    """2. A command is judged without issuing what was due before it."""
    escalate = caseflow.core.engine.escalation.escalate
    patch.setattr(caseflow.core.engine.decide, "escalate", lambda rules, case, until, **_: (case, ()))
    patch.setattr(caseflow.desk.sweeper, "escalate", escalate)


def issues_a_moment_early(patch: Patch) -> None:
    """3. The sweep takes what is due within a second for due."""
    due, owed = MemoryStore.due, Sweeper._owed

    def due_soon(self: MemoryStore, before: int, **more: Any) -> Any:
        return due(self, before + 1_000_000, **more)

    def owed_soon(self: Sweeper, case: Any, progress: Any) -> Any:
        progress.horizon += 1_000_000
        entries = owed(self, case, progress)
        progress.horizon -= 1_000_000
        return entries

    patch.setattr(MemoryStore, "due", due_soon)
    patch.setattr(Sweeper, "_owed", owed_soon)


def takes_every_writer(patch: Patch) -> None:
    """4. The store does not compare versions, so that two sweepers both write."""
    append = MemoryStore.append

    def careless(self: MemoryStore, appends: Any, claim: Any = None) -> None:
        known = [self.load(entry.case.id) for entry in appends]
        moved = [
            entry.replace(expected=0 if case is None else case.version)
            for entry, case in zip(appends, known, strict=True)
        ]
        append(self, moved, claim)

    patch.setattr(MemoryStore, "append", careless)


def adds_pauses_up_wrongly(patch: Patch) -> None:
    """5. Of several pauses only the last counts."""
    merged = caseflow.core.time.pauses.merged
    for module in (caseflow.core.time.deadline, caseflow.core.time.running_time):
        patch.setattr(module, "merged", lambda pauses: merged(list(pauses)[-1:]))


def loses_the_fired_rungs(patch: Patch) -> None:
    """5. A snapshot forgets which rungs have fired."""
    unpack = caseflow.serialization.codec.unpack

    def forgetful(body: bytes) -> Case | None:
        case = unpack(body)
        return case and case.replace(clocks=tuple(run.replace(fired=0) for run in case.clocks))

    patch.setattr(properties, "unpack", forgetful)


def takes_the_unknown_for_a_note(patch: Patch) -> None:
    """6. An event with an unknown name is read as a note."""
    decode = caseflow.serialization.codec.decode

    def lenient(body: bytes) -> Event:
        event = decode(body)
        return Noted(event.at_us, event.by) if isinstance(event, UnknownEvent) else event

    patch.setattr(properties, "decode", lenient)


def forgets_keys(patch: Patch) -> None:
    """7. A repeated key is not recognised."""
    patch.setattr(CommandHandler, "_repeated", lambda self, request: None)


def refuses_in_one_language(patch: Patch) -> None:
    """8. A refusal's Chinese text is English."""
    text = Refusal.text
    patch.setattr(Refusal, "text", lambda self, lang="en": text(self, "en"))


def shows_everything(patch: Patch) -> None:
    """9. The public view is the case itself."""
    patch.setattr(caseflow.desk.desk, "public_view", lambda rules, case: case)


def annuls_nothing(patch: Patch) -> None:
    """10. Cards that a command would have prevented are left standing."""
    patch.setattr(caseflow.core.engine.decide, "reconcile", lambda rules, case, event, history: (case, ()))


def ends_at_the_first_told(patch: Patch) -> None:
    """11. A fact told late is taken on like any other, after what took effect before it."""
    patch.setattr(caseflow.core.engine.projection, "projected", _taken_on_as_told)


def _taken_on_as_told(rules: CompiledPolicy, case: Case, history: Any) -> Runs:
    *_, event = history
    effects = rules.effects(
        ACTION_OF.get(type(event), ""), case.state, event.to.state if event.to else case.state
    )
    act = Act(
        case.state, case.unit, held_by=case.unit, by_unit=event.by.unit, co_handler="", origin=case.origin
    )
    return applied(case.clocks, marks_of(act, effects, event.since_us))


def forgets_what_ends_later(patch: Patch) -> None:
    """11. A hand-over told second holds from then on, whatever was told of later."""

    def handed_over(case: Case, event: Any) -> Case:
        past = tuple(held for held in case.facts.past_units if held[0] < event.since_us)
        unit = case.unit_at(event.since_us)
        facts = case.facts.replace(past_units=(*past, (event.since_us, unit)))
        return case.replace(unit=event.unit, facts=facts)

    for kind in (e.Routed, e.Transferred):
        patch.setitem(caseflow.core.model.evolve.FOLDS, kind, handed_over)


MUTANTS: list[tuple[int, Callable[[Patch], None]]] = [
    (1, forgets_when_it_was_true),
    (2, lets_commands_overtake_cards),
    (3, issues_a_moment_early),
    (4, takes_every_writer),
    (5, loses_the_fired_rungs),
    (6, takes_the_unknown_for_a_note),
    (7, forgets_keys),
    (8, refuses_in_one_language),
    (9, shows_everything),
    (10, annuls_nothing),
    (11, ends_at_the_first_told),
    (12, forgets_what_ends_later),
]


SLOW = {12}
"""Laws whose broken engine is met late."""


@pytest.mark.parametrize(("law", "break_it"), [
    pytest.param(law, mutant, id=f"{law}-{mutant.__name__}", marks=[pytest.mark.soak] if law in SLOW else [])
    for law, mutant in MUTANTS
])  # fmt: skip
def test_a_broken_engine_is_caught(law: int, break_it: Callable[[Patch], None], monkeypatch: Patch) -> None:
    """The law's property fails on an engine that breaks it."""
    history = steps()
    break_it(monkeypatch)
    with pytest.raises((AssertionError, CaseflowError)):
        settings(BRIEF, max_examples=12 if law == 7 else 200)(given(history)(LAWS[law]))()


def test_wrongly_added_pauses_are_caught(monkeypatch: Patch) -> None:
    """Law 5's property of pauses fails where only the last pause counts."""
    adds_pauses_up_wrongly(monkeypatch)
    with pytest.raises(AssertionError):
        BRIEF(
            given(INSTANTS, st.integers(1, 30), st.just("natural"), st.lists(PAUSES, max_size=4), PAUSES)(
                properties.a_pause_never_shortens
            )
        )()


def test_a_race_is_decided_five_times_at_most(monkeypatch: Patch) -> None:
    """Law 10: another writer who is always faster makes the sixth attempt impossible, and four pass."""
    world = World()
    world.take(Step(0, 0, "submit", 1))
    append, failures = world.store.append, [4]

    def busy(appends: Any, claim: Any = None) -> None:
        if failures[0]:
            failures[0] -= 1
            raise Stale("c1", expected=1)
        append(appends, claim)

    monkeypatch.setattr(world.store, "append", busy)
    assert world.take(Step(0, 0, "acknowledge", 0)) is not None
    failures[0] = 5
    with pytest.raises(Stale):
        world.take(Step(0, 0, "acknowledge", 0))
    failures[0] = 1
    with pytest.raises(Stale):
        world.take(Step(0, 0, "acknowledge", 0), expected_version=2)


def test_a_clock_that_went_back_is_clamped() -> None:
    """Law 10: a `now` before the case's last act is moved to it, and the event says so."""
    world = World()
    world.take(Step(0, 0, "submit", 1))
    world.clock.advance(hours=5)
    world.take(Step(0, 0, "acknowledge", 0))
    last = world.clock.now_us()
    world.clock.set(last - 3_600_000_000)
    world.take(Step(0, 0, "acknowledge", 0))
    event = world.store.events("c1")[-1]
    assert (event.at_us, event.clamped_us) == (last, last - 3_600_000_000)


def test_a_run_is_known_by_its_key() -> None:
    """What a mutant relies on: a clock run without its fired rungs differs from one with them."""
    run = ClockRun("reply", "", 1, "running", 0, None, (("yellow", True),), (1,), 0, 1)
    assert run.replace(fired=0) != run
