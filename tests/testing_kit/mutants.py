"""Engines broken on purpose, each with the laws by which its breach is known, and a policy that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import attrs

from caseflow import Case, Desk, MemoryStore, Refusal, Refused, codec
from caseflow.core import (
    acting,
    clocks,
    counting,
    decide,
    evolve,
    fact_changes,
    falling_due,
    fields,
    guards,
    judging,
)
from caseflow.core.clocks import ClockPlan
from caseflow.core.events import ClockChange, Event, Merged, UnknownEvent
from caseflow.core.rules import Rules
from caseflow.desk import commands, questions, repeats, sweeping
from caseflow.stores import memory
from caseflow.views import public

HERE = Path(__file__).parent
PAUSING = str(HERE / "pausing.toml")
FIVE = str(HERE.parent / "laws" / "policy.toml")
"""Wuhu with five clocks: pauses, one clock for each helper, and a window that closes by itself."""
SECOND = 1_000_000
Break = Callable[["Put"], None]
MUTANTS: dict[str, tuple[tuple[str, ...], str, Break]] = {}
"""Name -> the laws that may be found broken, the policy, and the patch."""


class Put:
    """Puts something else in the place of what a module or class has, until the stack is left."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def __call__(self, place: Any, **found: Any) -> None:
        for name, new in found.items():
            self._stack.enter_context(mock.patch.object(place, name, new))


def breaks(*laws: str, policy: str = "wuhu") -> Callable[[Break], Break]:
    def register(mutant: Break) -> Break:
        MUTANTS[mutant.__name__] = (laws, policy, mutant)
        return mutant

    return register


@contextmanager
def broken(name: str) -> Iterator[None]:
    """While this lasts the engine is the mutant of that name."""
    with ExitStack() as stack:
        MUTANTS[name][2](Put(stack))
        yield


# -- 1 and 2 ----------------------------------------------------------------------------------------------


@breaks("1")
def forgets_when_it_was_true(put: Put) -> None:
    """What is stored lacks the instant a fact took effect."""
    encode = codec.encode
    put(memory, encode=lambda event: encode(_without_effect(event)))


def _without_effect(event: Event) -> Event:
    return event if event.effective_us is None else event.replace(effective_us=None)


@breaks("2", "3")
def a_late_sweep_differs(put: Put) -> None:
    """A sweep that comes more than a day late leaves reminders out."""
    caught_up = falling_due.caught_up

    def late(rules: Rules, case: Case, until: int, seen: int | None = None) -> Any:
        due = case.next_due_us
        if due is not None and until - due > 86_400 * SECOND:
            events = caught_up(rules, case, until, seen)[1]
            kept = tuple(event for event in events if event.name != "reminded")
            return _folded(case, kept), kept
        return caught_up(rules, case, until, seen)

    put(sweeping, caught_up=late)


def _folded(case: Case, events: tuple[Event, ...]) -> Case:
    for event in events:
        case = evolve.evolve(case, event)
    return case


@breaks("2", "3")
def commands_overtake_cards(put: Put) -> None:
    """A command is judged without issuing what was due before it."""
    put(decide, caught_up=lambda rules, case, until, seen=None: (case, ()))


@breaks("2")
def refused_commands_leave_cards(put: Put) -> None:
    """A refused command appends what it was caught up with."""
    act = Desk.act

    def leaving(self: Desk, case_id: str, action: str, **more: Any) -> Case:
        try:
            return act(self, case_id, action, **more)
        except Refused:
            self._swept_alone(case_id, self.clock.now, self.clock.now, [], [])
            raise

    put(Desk, act=leaving)


# -- 3 ----------------------------------------------------------------------------------------------------


@breaks("3", policy=str(HERE / "closing.toml"))
def issues_early(put: Put) -> None:
    """The sweep takes what is due within a second for due."""
    due, owed = MemoryStore.due, Desk._owed
    put(MemoryStore, due=lambda self, before, **more: due(self, before + SECOND, **more))
    put(Desk, _owed=lambda self, case, until, now, refused: owed(self, case, until + SECOND, now, refused))


@breaks("3")
def counts_a_microsecond_late(put: Put) -> None:
    """Every deadline is a microsecond off."""
    breach = counting.breach

    def off(*args: Any) -> counting.Breach:
        found = breach(*args)
        return found if found.at_us is None else found.replace(at_us=found.at_us + 1)

    put(clocks, breach=off)


@breaks("3", "2", "holder")
def annuls_nothing(put: Put) -> None:
    """Cards that a late fact disproves are left standing."""
    put(decide, settled=lambda rules, case, event: ())


@breaks("3", policy=str(HERE / "extending.toml"))
def an_extension_adds_to_fired_rungs(put: Put) -> None:
    """A grant moves rungs that were effective before it."""

    def longer(self: ClockPlan, span: Any, start: int, pauses: Any, grants: Any) -> Any:
        for _, days in grants:
            span = span.longer(days)
        return span

    put(ClockPlan, extended_span=longer)


# -- 4 ----------------------------------------------------------------------------------------------------


@breaks("1", "4", "10")
def takes_every_writer(put: Put) -> None:
    """The store compares no versions, so that two sweepers both write."""
    append = MemoryStore.append

    def careless(self: MemoryStore, appends: Any, claim: Any = None) -> None:
        known = [self.load(entry.case.id) for entry in appends]
        moved = [
            entry.replace(expected=case.version if case else 0)
            for entry, case in zip(appends, known, strict=True)
        ]
        append(self, moved, claim)

    put(MemoryStore, append=careless)


@breaks("4")
def a_sweep_reports_all_cards(put: Put) -> None:
    """A sweep reports cards that another one issued."""
    put(sweeping, _fired=lambda entry: len(entry.case.rungs))


@breaks("4")
def a_rung_fires_twice(put: Put) -> None:
    """A sweep fires the first rung of what it catches up a second time."""
    caught_up = falling_due.caught_up

    def doubled(rules: Rules, case: Case, until: int, seen: int | None = None) -> Any:
        _, events = caught_up(rules, case, until, seen)
        events = (events[0], *events) if events else events
        return _folded(case, events), events

    put(sweeping, caught_up=doubled)


# -- 5 ----------------------------------------------------------------------------------------------------


@breaks("5", policy=PAUSING)
def forgets_a_pause(put: Put) -> None:
    """A clock does not halt where the policy says so."""
    put(ClockPlan, paused=lambda self, run, at: None)


@breaks("5", policy=PAUSING)
def only_the_last_pause_counts(put: Put) -> None:
    """Of several pauses only the last counts."""
    merged = counting.merged
    put(counting, merged=lambda pauses: merged(list(pauses)[-1:]))


@breaks("5", policy=PAUSING)
def a_pause_shortens(put: Put) -> None:
    """A deadline with a pause comes an hour sooner."""
    breach = counting.breach

    def sooner(span: Any, start: int, pauses: Any, days: Any) -> counting.Breach:
        found = breach(span, start, pauses, days)
        if found.at_us is None or not pauses:
            return found
        return found.replace(at_us=found.at_us - 3600 * SECOND)

    put(clocks, breach=sooner)


@breaks("5")
def a_snapshot_forgets_what_fired(put: Put) -> None:
    """A stored case comes back without its fired rungs."""
    unpack = codec.unpack

    def forgetful(body: bytes) -> Case | None:
        case = unpack(body)
        return case and case.replace(clocks=tuple(run.replace(fired=0) for run in case.clocks))

    put(codec, unpack=forgetful)


@breaks("5", "holder")
def a_card_takes_the_case_away(put: Put) -> None:
    """A card changes who holds the case."""
    with_rung = evolve._with_rung
    put(evolve, _with_rung=lambda case, event: with_rung(case, event).replace(unit="督办室"))


# -- 6 ----------------------------------------------------------------------------------------------------


@breaks("6")
def evolve_refuses_the_unknown(put: Put) -> None:
    """`evolve` raises on an event of an unknown name."""

    def strict(case: Case, event: Any) -> Any:
        raise Refused(Refusal(code="not-in-state", action=event.unknown))

    put(evolve, FACTS={**fact_changes.FACTS, UnknownEvent: strict})


@breaks("6")
def an_incomplete_case_is_judged(put: Put) -> None:
    """An unknown event does not mark its case."""
    facts = {kind: fold for kind, fold in fact_changes.FACTS.items() if kind is not UnknownEvent}
    put(evolve, FACTS=facts)


# -- 7 ----------------------------------------------------------------------------------------------------


@breaks("7", "8", "2")
def loses_keys(put: Put) -> None:
    """Keys are not kept, so that a repeat is taken for a new command."""
    append = MemoryStore.append
    put(MemoryStore, append=lambda self, appends, claim=None: append(self, appends))


@breaks("7")
def keys_forget_their_command(put: Put) -> None:
    """A key is taken for any command."""
    put(repeats.Asked, is_again=lambda *asked: True)


@breaks("7")
def acknowledges_without_writing(put: Put) -> None:
    """Notes are acknowledged and not written."""
    append = MemoryStore.append

    def forgetful(self: MemoryStore, appends: Any, claim: Any = None) -> None:
        if not any(event.name == "noted" for entry in appends for event in entry.events):
            append(self, appends, claim)

    put(MemoryStore, append=forgetful)


# -- 8 and 9 ----------------------------------------------------------------------------------------------


@breaks("8")
def refuses_in_one_language(put: Put) -> None:
    """A refusal's Chinese text is English."""
    text = Refusal.text
    put(Refusal, text=lambda self, lang="en": text(self, "en"))


@breaks("8")
def refuses_without_a_source(put: Put) -> None:
    """A refusal does not name the legal source."""
    refusal = guards.refusal

    def bare(*args: Any, **named: Any) -> Refusal:
        return attrs.evolve(refusal(*args, **named), source="")

    for module in (guards, decide, judging, fields):
        put(module, refusal=bare)


@breaks("8", policy=str(HERE / "helped.toml"))
def a_co_handler_acts_as_the_lead(put: Put) -> None:
    """A co-handling unit may do all that the lead unit may, so that its reply stops the clock."""
    is_authorized = judging.is_authorized

    def lax(rules: Rules, case: Case, row: Any, command: Any) -> Refusal | None:
        return None if command.by.unit in case.facts.co_handlers else is_authorized(rules, case, row, command)

    put(judging, is_authorized=lax)


@breaks("9")
def the_public_sees_the_case(put: Put) -> None:
    """The public view is the case itself."""
    put(questions, public_view=lambda rules, case: case)


@breaks("9")
def the_public_sees_who_asked(put: Put) -> None:
    """The public view names the citizen as the unit."""
    view = public.public_view
    put(questions, public_view=lambda rules, case: view(rules, case).replace(unit=case.citizen or case.unit))


# -- 10 ---------------------------------------------------------------------------------------------------


@breaks("10")
def reads_the_clock_again(put: Put) -> None:
    """Each attempt asks what time it is."""
    appended = Desk._appended

    def later(self: Desk, rules: Any, case: Any, command: Any, now: int, *more: Any) -> Case:
        return appended(self, rules, case, command, self.clock.now_us(), *more)

    put(Desk, _appended=later)


@breaks("10")
def gives_up_early(put: Put) -> None:
    """The desk decides only twice."""
    put(commands, ATTEMPTS=2)


@breaks("10")
def clamps_in_silence(put: Put) -> None:
    """The event does not say that its instant was clamped."""
    event: Any = acting.event_of
    put(decide, event_of=lambda *args: event(*args[:-1], None))


@breaks("10")
def takes_any_version(put: Put) -> None:
    """An expected version is not looked at."""
    act: Any = Desk.act
    put(Desk, act=lambda self, *args, expected_version=None, **more: act(self, *args, **more))


# -- what the policy says -----------------------------------------------------------------------------------


@breaks("holder", policy=str(HERE / "handed.toml"))
def cards_name_who_holds_the_case_now(put: Put) -> None:
    """A card noticed late names the unit that holds the case when it is noticed."""
    put(Case, unit_at=lambda case, us: case.unit)


@breaks("clocks")
def a_retraction_begins_a_new_cycle(put: Put) -> None:
    """Taking a reply back starts the clock afresh."""

    def afresh(self: ClockPlan, run: Any, at: int) -> Any:
        dues, unknown = self.dues(at)
        return ClockChange(
            run.clock, run.subject, run.cycle + 1, "running", at, None, self.ladder, dues, unknown or None
        )

    put(ClockPlan, revived=afresh)


@breaks("clocks", "merge")
def a_merged_case_escalates(put: Put) -> None:
    """Merging holds no clock."""
    own = {kind: change for kind, change in acting._OWN_CHANGES.items() if kind is not Merged}
    put(acting, _OWN_CHANGES={**own, Merged: lambda rules, case, command, since: ()})


@breaks("clocks", "merge", policy=str(HERE / "merging.toml"))
def a_resumed_follower_forgets(put: Put) -> None:
    """The clocks of a case that goes on by itself stay still."""
    put(acting, let_go=lambda run: ClockChange(run.clock, run.subject, run.cycle, "running"))


@breaks("clocks")
def a_placeholder_stops_completion(put: Put) -> None:
    """ "已收到" stops every clock."""
    effects = Rules.effects

    def stopping(self: Rules, action: str, state: str, target: str) -> Any:
        if action != "placeholder":
            return effects(self, action, state, target)
        return tuple(("stop", plan, True) for plan in self.plans)

    put(Rules, effects=stopping)


@breaks("clocks", policy=str(HERE / "closing.toml"))
def the_window_never_closes(put: Put) -> None:
    """A rung's timed action is not taken, and it says not why."""
    put(falling_due, _timed_action=lambda *args: (None, ""))
