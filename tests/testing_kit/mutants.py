"""Engines broken on purpose, each with the laws by which its breach is known, and a policy that shows it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import attrs

from caseflow import Case, Desk, MemoryStore, Refusal, Refused
from caseflow.core.engine import (
    compiled_policy,
    decide,
    effects,
    escalation,
    fields,
    history_marks,
    preconditions,
    projection,
    rights,
)
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.escalation import Outcome
from caseflow.core.model import compiled_clock, evolve, rung_count, sla
from caseflow.core.model.case import Card
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.events import Event, RungEvent, UnknownEvent
from caseflow.core.time import deadline, pauses, running_time
from caseflow.core.time.span import PausedDay, Span
from caseflow.desk import command_handler, idempotency, sweeper
from caseflow.desk import desk as questions
from caseflow.desk.command_handler import CommandHandler
from caseflow.policies import registry
from caseflow.serialization import codec
from caseflow.stores import memory
from caseflow.views import public

HERE = Path(__file__).parent
PAUSING = str(HERE / "pausing.toml")
FIVE = str(HERE.parent / "laws" / "policy.toml")
"""Wuhu with five clocks: pauses, one clock for each helper, and a window that closes by itself."""
HANGING = str(HERE / "hanging.toml")
"""Clocks that hang on others, on fields of the case and on what is changed of it."""
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
    """While this lasts the engine is the mutant of that name; compiled policies are its own."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(registry, "_compiled", OrderedDict()))
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


@breaks("3", "4")
def forgets_appeals(put: Put) -> None:
    """A card that was annulled on appeal is owed again."""
    put(evolve, _without_appealed=lambda case, clocks: clocks)
    put(Case, appealed=property(lambda case: iter(())))


@breaks("2", "3")
def a_late_sweep_differs(put: Put) -> None:
    """A sweep that comes more than a day late leaves reminders out."""
    escalate = escalation.escalate

    def late(rules: CompiledPolicy, case: Case, until: int, **more: Any) -> Outcome:
        due = case.next_due_us
        if due is not None and until - due > 86_400 * SECOND:
            events = escalate(rules, case, until, **more)[1]
            kept = tuple(event for event in events if event.name != "reminded")
            return evolve.after(case, kept), kept
        return escalate(rules, case, until, **more)

    put(sweeper, escalate=late)


@breaks("2", "3")
def commands_overtake_cards(put: Put) -> None:
    """A command is judged without issuing what was due before it."""
    put(decide, escalate=lambda rules, case, until, **more: (case, ()))


@breaks("2", "3")
def commands_overtake_what_is_due_at_their_instant(put: Put) -> None:
    """A command at the very instant of a rung is judged and recorded before that rung."""
    escalate = escalation.escalate

    def a_moment_too_late(rules: CompiledPolicy, case: Case, until: int, **more: Any) -> Outcome:
        return escalate(rules, case, until - 1, seen=until, **more)

    put(decide, escalate=a_moment_too_late)


@breaks("2")
def refused_commands_leave_cards(put: Put) -> None:
    """A refused command appends what it was caught up with."""
    act = Desk.act

    def leaving(self: Desk, case_id: str, action: str, **more: Any) -> Case:
        try:
            return act(self, case_id, action, **more)
        except Refused:
            clock = self.clock
            readings = getattr(clock, "read", 0)
            self.sweep()
            if readings:
                clock.read = readings
            raise

    put(Desk, act=leaving)


# -- 3 ----------------------------------------------------------------------------------------------------


@breaks("3", policy=str(HERE / "closing.toml"))
def issues_early(put: Put) -> None:
    """The sweep takes what is due within a second for due."""
    due, progress = MemoryStore.due, sweeper._Progress
    put(MemoryStore, due=lambda self, before, **more: due(self, before + SECOND, **more))
    put(sweeper, _Progress=lambda horizon, now: progress(horizon + SECOND, now))


@breaks("3")
def counts_a_microsecond_late(put: Put) -> None:
    """Every deadline is a microsecond off."""
    breach = deadline.breach

    def off(*args: Any) -> pauses.Breach:
        found = breach(*args)
        return found if found.at_us is None else found.replace(at_us=found.at_us + 1)

    put(rung_count, breach=off)


@breaks("3", "2", "holder")
def annuls_nothing(put: Put) -> None:
    """Cards that a late fact disproves are left standing."""
    put(escalation, _holds=lambda rules, case, card: True)


@breaks("3", policy=str(HERE / "extending.toml"))
def an_extension_adds_to_fired_rungs(put: Put) -> None:
    """A grant moves rungs that were effective before it."""

    put(rung_count.RungCount, granted=lambda self, rung: len(self.grants))


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
    put(sweeper, _fired=lambda entry: len(entry.case.escalations))


@breaks("4")
def a_rung_fires_twice(put: Put) -> None:
    """A sweep fires the first rung of what it catches up a second time."""
    escalate = escalation.escalate

    def doubled(rules: CompiledPolicy, case: Case, until: int, **more: Any) -> Outcome:
        _, events = escalate(rules, case, until, **more)
        events = (events[0], *events) if events else events
        return evolve.after(case, events), events

    put(sweeper, escalate=doubled)


# -- 5 ----------------------------------------------------------------------------------------------------


@breaks("5", policy=PAUSING)
def forgets_a_pause(put: Put) -> None:
    """A clock does not halt where the policy says so."""
    put(sla, _CHANGES={**sla._CHANGES, "pause": lambda run, mark: run})


@breaks("5", policy=PAUSING)
def only_the_last_pause_counts(put: Put) -> None:
    """Of several pauses only the last counts."""
    merged = pauses.merged
    for module in (deadline, running_time):
        put(module, merged=lambda given: merged(list(given)[-1:]))


@breaks("5", policy=PAUSING)
def a_pause_shortens(put: Put) -> None:
    """A deadline with a pause comes an hour sooner."""
    breach = deadline.breach

    def sooner(span: Any, start: int, pauses: Any, days: Any) -> pauses.Breach:
        found = breach(span, start, pauses, days)
        if found.at_us is None or not pauses:
            return found
        return found.replace(at_us=found.at_us - 3600 * SECOND)

    put(rung_count, breach=sooner)


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
    takes = {kind: _taking(fold) for kind, fold in evolve.FOLDS.items() if issubclass(kind, RungEvent)}
    put(evolve, FOLDS={**evolve.FOLDS, **takes})


def _taking(fold: evolve.Fold) -> evolve.Fold:
    return lambda case, event: fold(case, event).replace(unit="督办室")


# -- 6 ----------------------------------------------------------------------------------------------------


@breaks("6")
def evolve_refuses_the_unknown(put: Put) -> None:
    """`evolve` raises on an event of an unknown name."""

    def strict(case: Case, event: Any) -> Any:
        raise Refused(Refusal(code="not-in-state", action=event.unknown))

    put(evolve, FOLDS={**evolve.FOLDS, UnknownEvent: strict})


@breaks("6")
def an_incomplete_case_is_judged(put: Put) -> None:
    """An unknown event does not mark its case."""
    folds = {kind: fold for kind, fold in evolve.FOLDS.items() if kind is not UnknownEvent}
    put(evolve, FOLDS=folds)


# -- 7 ----------------------------------------------------------------------------------------------------


@breaks("7", "8", "2")
def loses_keys(put: Put) -> None:
    """Keys are not kept, so that a repeat is taken for a new command."""
    append = MemoryStore.append
    put(MemoryStore, append=lambda self, appends, claim=None: append(self, appends))


@breaks("7")
def keys_forget_their_command(put: Put) -> None:
    """A key is taken for any command."""
    put(idempotency.Request, is_again=lambda *asked: True)


@breaks("7", "2")
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
    refusal = compiled_policy.refusal

    def bare(*args: Any, **named: Any) -> Refusal:
        return attrs.evolve(refusal(*args, **named), source="")

    for module in (preconditions, decide, fields):
        put(module, refusal=bare)


@breaks("8", policy=str(HERE / "helped.toml"))
def a_co_handler_acts_as_the_lead(put: Put) -> None:
    """A co-handling unit may do all that the lead unit may, so that its reply stops the clock."""
    is_authorized = rights.is_authorized

    def lax(rules: CompiledPolicy, case: Case, row: Any, command: Any) -> Refusal | None:
        return None if command.by.unit in case.facts.co_handlers else is_authorized(rules, case, row, command)

    put(preconditions, is_authorized=lax)


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
    recorded = CommandHandler._recorded

    def later(self: CommandHandler, rules: Any, case: Any, command: Any, now: int, **more: Any) -> Case:
        return recorded(self, rules, case, command, self.clock.now_us(), **more)

    put(CommandHandler, _recorded=later)


@breaks("10")
def gives_up_early(put: Put) -> None:
    """The desk decides only twice."""
    put(command_handler, ATTEMPTS=2)


@breaks("10")
def clamps_in_silence(put: Put) -> None:
    """The event does not say that its instant was clamped."""
    event: Any = effects.event_of
    put(decide, event_of=lambda *args, **more: event(*args, **{**more, "clamped": None}))


@breaks("10")
def takes_any_version(put: Put) -> None:
    """An expected version is not looked at."""
    act: Any = Desk.act
    put(Desk, act=lambda self, *args, expected_version=None, **more: act(self, *args, **more))


# -- what the policy says -----------------------------------------------------------------------------------


@breaks("holder", "11", policy=str(HERE / "handed.toml"))
def cards_name_who_holds_the_case_now(put: Put) -> None:
    """A card noticed late names the unit that holds the case when it is noticed."""
    put(Case, unit_at=lambda case, us: case.unit)


@breaks("holder")
def cards_name_the_present_unit_under_wuhu(put: Put) -> None:
    """The same, found under the shipped policy too."""
    put(Case, unit_at=lambda case, us: case.unit)


@breaks("holder")
def a_hand_over_counts_at_its_own_instant(put: Put) -> None:
    """A card due at the very instant of a hand-over names the unit that took the case."""

    def unit_at(case: Case, us: int) -> str:
        return next((unit for until, unit in case.facts.past_units if us < until), case.unit)

    put(Case, unit_at=unit_at)


@breaks("3")
def a_stop_spares_the_rung_at_its_instant(put: Put) -> None:
    """A rung that is due exactly when its clock stops does not count."""

    def is_pending(run: ClockRun, rung: int) -> bool:
        due, until = run.dues[rung], run.until_us
        out = (run.fired | run.unknown) >> rung & 1
        return due is not None and not out and (until is None or due < until)

    def next_due(run: ClockRun) -> int | None:
        dues = (due for rung, due in enumerate(run.dues) if is_pending(run, rung))
        return min((due for due in dues if due is not None), default=None)

    def holds(rules: CompiledPolicy, case: Case, card: Card) -> bool:
        ends = {run.key: run.until_us for run in case.clocks}
        return ends.get(case.clock_of(card)) != card.effective_us and counts(rules, case, card)

    counts = escalation._holds
    put(ClockRun, is_pending=is_pending, next_due=property(next_due))
    put(escalation, _holds=holds)


@breaks("clocks")
def a_retraction_begins_a_new_cycle(put: Put) -> None:
    """Taking a reply back starts the clock afresh."""

    applied, folded = sla.applied, sla.folded

    def afresh(marks: Any) -> Any:
        return (mark.replace(verb="start") if mark.verb == "revive" else mark for mark in marks)

    put(effects, applied=lambda runs, marks: applied(runs, afresh(marks)))
    put(projection, folded=lambda marks: folded(afresh(marks)))


@breaks("clocks", "merge")
def a_merged_case_escalates(put: Put) -> None:
    """Merging holds no clock."""
    put(sla, _CHANGES={**sla._CHANGES, "hold": lambda run, mark: run})


@breaks("clocks", "merge", policy=str(HERE / "merging.toml"))
def a_resumed_follower_forgets(put: Put) -> None:
    """The clocks of a case that goes on by itself stay still."""
    put(sla, _CHANGES={**sla._CHANGES, "release": lambda run, mark: run})


@breaks("clocks")
def a_placeholder_stops_completion(put: Put) -> None:
    """ "已收到" stops every clock."""
    effects = CompiledPolicy.effects

    def stopping(self: CompiledPolicy, action: str, state: str, target: str) -> Any:
        if action != "placeholder":
            return effects(self, action, state, target)
        return tuple(("stop", plan, True) for plan in self.plans)

    put(CompiledPolicy, effects=stopping)


@breaks("clocks", policy=str(HERE / "closing.toml"))
def the_window_never_closes(put: Put) -> None:
    """A rung's timed action is not taken, and it says not why."""
    put(escalation, _timed_action=lambda *args: (None, ""))


# -- clocks that hang on others, and on what a case says ----------------------------------------------------


@breaks("3", policy=HANGING)
def a_warning_does_not_go_with_its_breach(put: Put) -> None:
    """An extension leaves a warning that was given where it was."""
    put(compiled_clock, governors_of=lambda rule: tuple(range(len(rule.rungs))))


@breaks("3", policy=HANGING)
def a_rung_before_another_comes_after_it(put: Put) -> None:
    """So many days before are counted as so many after."""
    hung = rung_count.RungCount._hung
    put(rung_count.RungCount, _hung=lambda self, base, days: hung(self, base, abs(days)))


@breaks("3", policy=HANGING)
def a_share_is_the_whole(put: Put) -> None:
    """A share of a length is all of it."""
    put(Span, share=lambda self, percent: self)


@breaks("3", policy=HANGING)
def the_office_never_closes(put: Put) -> None:
    """Office time runs at night."""
    always = SimpleNamespace(used_up=lambda start, first, budget: start + budget)
    put(running_time, _openings=lambda span, start, days: iter([(start, None)]))
    put(running_time, office_time=lambda calendar, days: always)


@breaks("3", policy=HANGING)
def a_month_has_thirty_days(put: Put) -> None:
    """Months are counted as so many times thirty days."""
    put(deadline, corresponding=lambda day, months: day + 30 * months)


@breaks("3", policy=HANGING)
def the_cut_off_is_passed_over(put: Put) -> None:
    """A case of the evening counts from that day."""
    put(deadline, base_day=lambda span, start, days: (days.day_of(start), True))
    put(compiled_clock, base_day=deadline.base_day)


@breaks("5", policy=HANGING)
def a_pause_takes_the_days_at_whose_end_it_holds(put: Put) -> None:
    """Whatever the policy says of paused days."""
    taken = deadline.taken_days

    def at_ends(span: Any, pauses: Any, days: Any) -> deadline.TakenDays:
        return taken(span.replace(paused_day=PausedDay.ENDS), pauses, days)

    put(deadline, taken_days=at_ends)
    put(rung_count, taken_days=at_ends)


@breaks("3", "5", policy=HANGING)
def terms_of_the_case_are_forgotten(put: Put) -> None:
    """What the submission says of a term is not kept."""
    put(compiled_clock.CompiledClock, basis=lambda self, *case, **more: None)


@breaks("clocks", policy=HANGING)
def nothing_begins_at_an_end(put: Put) -> None:
    """A clock does not begin where the other ends."""
    put(escalation, _chained=lambda rules, case, card, key: None)


@breaks("clocks", policy=HANGING)
def a_restart_is_no_start(put: Put) -> None:
    """What begins a clock anew lets it run on."""
    effects = CompiledPolicy.effects

    def going_on(self: CompiledPolicy, action: str, state: str, target: str) -> Any:
        return tuple(one for one in effects(self, action, state, target) if one[0] != "restart")

    put(CompiledPolicy, effects=going_on)


@breaks("clocks", "5", policy=HANGING)
def nothing_counts_from_before_its_start(put: Put) -> None:
    """A clock counts from its start alone."""
    put(history_marks._Past, _earlier_of=lambda self, act, fact, effects: lambda clock: None)


@breaks("clocks", policy=HANGING)
def a_change_is_not_asked_about(put: Put) -> None:
    """No clock ends, begins or is counted anew when what was submitted is changed."""
    put(history_marks._Past, _revised=lambda self, one, act: iter(()))


@breaks("clocks", policy=HANGING)
def every_item_is_the_plan(put: Put) -> None:
    """A clock for each value of a field is one for the first."""
    for_whom = effects._for_whom

    def the_plan(clock: Any, act: Any) -> str | None:
        subject: str | None = for_whom(clock, act)
        return "plan" if clock.subject_field and subject else subject

    put(effects, _for_whom=the_plan)


# -- the order of telling -----------------------------------------------------------------------------------


@breaks("3", "11", "holder")
def a_late_fact_is_taken_on_as_told(put: Put) -> None:
    """What is told late comes after what was told before it, whenever it took effect."""

    def as_told(
        rules: CompiledPolicy, case: Case, command: Any, now: int, *, past: Any, **more: Any
    ) -> Outcome:
        acted = case.acted_us
        return decide.step(
            rules, case.replace(acted_us=0, last_us=0), command, max(now, acted), history=past[0], **more
        )

    put(decide, _told_late=as_told)
    put(decide, reconcile=lambda rules, case, event, history: (case, ()))


@breaks("holder", "11", policy=str(HERE / "handed.toml"))
def a_hand_over_told_second_holds_from_then_on(put: Put) -> None:
    """The unit that was told of last holds the case, though another took it later."""
    put(evolve, FOLDS={kind: _holding(kind, fold) for kind, fold in evolve.FOLDS.items()})


def _holding(kind: type[Event], fold: evolve.Fold) -> evolve.Fold:
    if fold is not evolve._handed_over:
        return fold

    def told(case: Case, event: Any) -> Case:
        past = (*case.facts.past_units, (event.since_us, case.unit))
        return case.replace(unit=event.unit, facts=case.facts.replace(past_units=past))

    return told


@breaks("clocks", "5", "lifecycle", policy=FIVE)
def what_came_after_a_late_fact_is_not_gone_through_again(put: Put) -> None:
    """A late fact stands in the order of effect as it was told: from the present state."""
    put(projection, _gone_through=lambda rules, course, fact, turn: None)
