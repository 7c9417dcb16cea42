"""One life under a policy: commands, waits, sweeps, crashes and races, every law checked after each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from caseflow.core.model import events as e
from caseflow.core.model import evolve as folding
from caseflow.core.model.case import Card, Case
from caseflow.core.model.commands import SYSTEM, Actor
from caseflow.core.policy import Policy
from caseflow.core.time.instants import DAY, micros
from caseflow.desk import Sweep
from caseflow.errors import CaseflowError, KeyReused, Refusal, Stale
from caseflow.policies.load import load_policy
from caseflow.ports import Append
from caseflow.serialization import codec
from caseflow.testing.laws import invariants
from caseflow.testing.laws.coverage import Coverage
from caseflow.testing.laws.laws import LawBroken, hold
from caseflow.testing.laws.world import (
    SECRET,
    Answer,
    Crash,
    Engine,
    PolicyUnderTest,
    World,
    answer_of,
    is_act,
    kind_of,
)
from caseflow.testing.step import Call, Step, utc_text

NewEvents = dict[str, tuple[e.Event, ...]]
"""The new events of every case that changed."""


class Life(World):
    """Lives through one sequence of steps, and raises `LawBroken` at the first law that does not hold.

    Beside the engine under proof runs a second one that takes the same commands and is never swept, and a
    model that works everything out from the policy's own words.

    Args:
        policy: a shipped name, a file or a policy.
        start: the first instant: an aware datetime, its ISO text, or epoch microseconds.
        engine: what is proved.

    Attributes:
        calls: what was lived so far, so that it can be written down and lived again.
    """

    def __init__(
        self,
        policy: Policy | str | Path,
        *,
        start: str | int = "2025-03-03T09:30:00+08:00",
        engine: Engine | None = None,
        coverage: Coverage | None = None,
        under: PolicyUnderTest | None = None,
    ) -> None:
        if under is None:
            under = PolicyUnderTest(policy if isinstance(policy, Policy) else load_policy(policy))
        super().__init__(
            under,
            start=micros(start, what="start"),
            engine=Engine() if engine is None else engine,
            coverage=Coverage(under.rules[0].policy) if coverage is None else coverage,
        )
        self.calls: list[Call] = []
        self._latest = self.clock.now

    def wait(self, *, to: str | int) -> None:
        """Let the clock stand at that instant; an earlier one is a clock that went back."""
        self._note("wait", to=utc_text(micros(to)))
        self.clock.now = micros(to, what="to")
        self._latest = max(self._latest, self.clock.now)

    def sweep(self, *, rival: str = "") -> None:
        """Sweep; with ``rival`` (``load`` or ``append``) another sweeper is faster at that moment."""
        self._note("sweep", rival=rival)
        sweep_once(self, rival=rival)

    def act(
        self,
        case_id: str,
        action: str,
        *,
        by: Actor,
        fields: Mapping[str, Any] | None = None,
        since: str | int | None = None,
        desk: int = 0,
        rival: str = "",
        crash: str = "",
        refused: str = "",
    ) -> str:
        """Take an action; returns the code of its refusal, empty when it was accepted.

        Args:
            case_id, action, by, fields: as for `caseflow.Desk.act`.
            since: as ``effective_at``.
            desk: 1 for the desk whose policy has every rung a day (or an hour) later, to adopt its rules.
            rival: somebody is faster: ``sweep`` sweeps and ``same`` takes the same action between load and
                append; ``busy`` wins four times, ``always`` five.
            crash: the process dies ``before`` or ``after`` the append; it is started anew and asks again.
            refused: the code with which it must be refused.
        """
        key, parts = f"k{len(self.calls)}", dict(fields or {})
        how = {"desk": desk, "rival": rival, "crash": crash, "refused": refused}
        effective = None if since is None else micros(since)
        since_text = None if effective is None else utc_text(effective)
        self._note("act", case_id, action, by=by, fields=parts, since=since_text, **how)
        self.people.add(by.id)
        step = Step(
            action=action, by=by, fields=parts, case_id=case_id, at_us=self.clock.now,
            effective_us=effective, key=key,
        )  # fmt: skip
        return CheckedStep(self, step, desk=desk, rival=rival, crash=crash).run(refused=refused)

    def take(self, step: Step, **how: Any) -> str:
        """The same for a step at the clock's own instant; ``how`` as for `act`."""
        assert step.by is not None, "a step of a life has an actor"
        return self.act(
            step.case_id, step.action, by=step.by, fields=step.fields, since=step.effective_us, **how
        )

    def again(self, number: int, *, changed: bool = False) -> None:
        """Deliver a command a second time under its key; with ``changed`` another command under it."""
        if not self.accepted:
            return
        self._note("again", number, changed=changed)
        step, after = self.accepted[number % len(self.accepted)]
        deliver_again(self, step, after, changed=changed)

    def expecting(
        self, case_id: str, action: str, *, by: Actor, fields: Mapping[str, Any] | None = None
    ) -> None:
        """Ask with a version that is not the case's: it raises, and nothing is recorded."""
        self._note("expecting", case_id, action, by=by, fields=dict(fields or {}))
        wrong = self.case(case_id).version + 1
        expect_stale(
            self,
            Step(action=action, by=by, fields=dict(fields or {}), case_id=case_id, expected_version=wrong),
        )

    def finish(self, *, days: int = 400) -> None:
        """Let so many days pass, compare with the engine that was never swept, and meet an unknown event."""
        self._note("finish")
        end(self, at=self._latest + days * DAY)

    def _note(self, method: str, *args: Any, **named: Any) -> None:
        """Keep the call; arguments that say nothing are left out."""
        spoken = {name: part for name, part in named.items() if part not in ("", 0, None, {})}
        self.calls.append(Call(method, args, spoken))


class CheckedStep:
    """A command on its way through the engine, and all that must hold after it.

    Args:
        world: where it is asked.
        step: the command, under its idempotency key.
        desk: at which of the world's two desks.
        rival: who is faster, and crash: when the process dies, as for `Life.act`.
    """

    def __init__(self, world: World, step: Step, *, desk: int = 0, rival: str = "", crash: str = "") -> None:
        assert step.by is not None, "somebody asks"
        self.world, self.step, self.desk = world, step, desk
        self.case_id, self.action, self.by, self.now = step.case_id, step.action, step.by, step.at_us
        self.rival, self.crash = rival, crash
        self.rivals: list[Answer] = []
        """What a rival got who asked for the same between load and append."""

    def run(self, *, refused: str = "") -> str:
        """Ask, and hold the outcome against the laws; the refusal's code, empty when it was accepted."""
        world = self.world
        before = world.judged(self.case_id)
        answer = self._answered()
        fresh = world.look(law="10" if self.rival else "1")
        if self.rival == "always" and isinstance(answer, Stale):
            self._hold(not fresh, "10", "a command that gave up left something behind")
            return "stale"
        self._hold(not isinstance(answer, Stale), "10", "it gave up too early")
        through = self.rival != "always" or isinstance(answer, Refusal)
        self._hold(through, "10", "decided more than 5 times")
        self._same_unswept(answer)
        if isinstance(answer, Refusal):
            if self.rivals:
                before, fresh = world.judged(self.case_id), {}
            self._refused(answer, before, fresh)
            self._hold(refused in ("", answer.code), "8", f"refused as {answer.code}, not {refused}")
            world.coverage.refused(before.state, self.action, answer.code)
            return answer.code
        self._hold(not refused, "8", f"accepted, which {refused} forbids")
        assert isinstance(answer, Case), "nobody is left to crash it"
        self._accepted(answer, before, fresh)
        return ""

    def _hold(self, holds: object, law: str, what: str) -> None:
        hold(holds, law, what, case_id=self.case_id)

    # -- asking -------------------------------------------------------------------------------------------

    def _asked(self, desks: tuple[Any, Any], *, keyed: bool) -> Answer:
        return answer_of(self.step, desks[self.desk], keyed=keyed)

    def _answered(self) -> Answer:
        """The answer, when everybody who was arranged has done their part."""
        world, clock = self.world, self.world.clock
        self._arrange()
        clock.read, clock.drifts = 0, bool(self.rival)
        answer = self._asked(world.desks, keyed=True)
        if self.crash:
            answer = self._after_crash(answer)
        elif not self.rivals:
            reads = world.clock.read
            self._hold(reads == 1, "10", f"the clock was read {reads} times")
        clock.drifts = False
        world.store.quiet()
        return answer

    def _arrange(self) -> None:
        """Let somebody be faster, or the process die."""
        store = self.world.store
        if self.crash:
            setattr(store, f"{self.crash}_append", _die)
        elif self.rival == "sweep":
            store.after_load = lambda: self._by_rival(self.world.desks[1].sweep)
        elif self.rival == "same":
            store.after_load = lambda: self._by_rival(
                lambda: self.rivals.append(self._asked(self.world.desks, keyed=False))
            )
        elif self.rival in ("busy", "always"):
            store.faster = 4 if self.rival == "busy" else 5

    def _by_rival(self, does: Callable[[], object]) -> None:
        """Somebody else does it, whose readings of the clock are their own."""
        clock = self.world.clock
        read, drifts, clock.read, clock.drifts = clock.read, clock.drifts, 0, False
        does()
        clock.read, clock.drifts = read, drifts

    def _after_crash(self, answer: Answer) -> Answer:
        """Start anew on what is left, and ask again: all that was acknowledged is there."""
        world, case_id = self.world, self.case_id
        world.start_anew()
        self._nothing_lost(crashed=isinstance(answer, Crash))
        if not isinstance(answer, Crash):
            return answer
        before, last_seen = world.case(case_id).version, world.seen.get(case_id, Case(case_id)).version
        again = self._asked(world.desks, keyed=True)
        if world.store.recall(self.by.id, self.step.key) is not None and isinstance(again, Case):
            grown = world.case(case_id).version - before
            recorded = grown if before != last_seen else 0
            self._hold(recorded == 0, "7", "asked again after a crash, it was recorded twice")
        return again

    def _nothing_lost(self, *, crashed: bool) -> None:
        """Every other case is in the store as it was; this one too, when the crash came before an answer."""
        for known, case in self.world.seen.items():
            stored = self.world.store.load(known)
            kept = stored is not None and stored.version >= case.version
            if known != self.case_id:
                hold(kept, "7", "a case was lost", case_id=known)
            elif crashed and case.version:
                hold(kept, "7", "events lost", case_id=known)

    # -- what must hold -----------------------------------------------------------------------------------

    def _same_unswept(self, answer: Answer) -> None:
        """The engine that was never swept gives the same answers and the same case."""
        world = self.world
        world.unswept_clock.now = world.clock.now
        for first in (*self.rivals, answer):
            swept, unswept = kind_of(first), kind_of(self._asked(world.unswept, keyed=False))
            self._hold(swept == unswept, "2", f"{self.action}: swept {swept}, unswept {unswept}")
        case, expected = world.store.load(self.case_id), world.unswept_store.load(self.case_id)
        if case is not None and expected is not None and not isinstance(answer, Refusal):
            invariants.same_case(case, expected, max(world.clock.now, case.acted_us))

    def _refused(self, refusal: Refusal, before: Case, fresh: NewEvents) -> None:
        """A refusal records nothing (a rival sweep's rungs aside), uses up no key, and is data."""
        world, swept = self.world, self.rival == "sweep"
        everything = [event for events in fresh.values() for event in events]
        recorded = [event for event in everything if not (swept and event.by == SYSTEM)]
        self._hold(not recorded, "2", "a refused command was recorded")
        self._hold(world.store.recall(self.by.id, self.step.key) is None, "7", "a refusal used up its key")
        rule = world.desk.rules.policy.actions.get(self.action)
        invariants.refusal_is_data(
            refusal, action=self.action, state=before.state, source=rule.source if rule else "",
            since=min(self.now, self.step.effective_us or self.now), case_id=self.case_id,
        )  # fmt: skip

    def _accepted(self, after: Case, before: Case, fresh: NewEvents) -> None:
        """What was acknowledged is recorded as of its instant, after all that was due by then."""
        world, events = self.world, fresh.get(self.case_id, ())
        acts = [event for event in events if event.by == self.by and is_act(event)]
        self._hold(acts, "7", f"{self.action} was acknowledged and not recorded")
        self._dated(acts[-1])
        world.accepted.append((self.step, after))
        world.coverage.took(before.state, self.action)
        for known in fresh:
            case = world.seen[known]
            world.hold_cards(case, max(self.now, case.acted_us), acted=True)
        if self.step.effective_us is None and self.action != "migrate" and len(acts) == 1:
            invariants.issued_in_order(events[: events.index(acts[0])], self.now, self.case_id)

    def _dated(self, event: e.Event) -> None:
        """The event has the instant that was read at the door, or says that it was clamped."""
        now, asked_us = self.now, event.at_us if event.clamped_us is None else event.clamped_us
        self._hold(asked_us == now, "10", f"asked at {now}, recorded as of {asked_us}")
        self._hold(event.at_us >= now, "10", f"recorded at {event.at_us}, before {now}")
        acts = [one.at_us for one in self.world.store.events(self.case_id) if is_act(one)]
        self._hold(acts == sorted(acts), "10", "the instants of a case's acts decrease")


def _die() -> None:
    raise Crash


# -- commands that leave no trace ---------------------------------------------------------------------------


def deliver_again(world: World, step: Step, after: Case, *, changed: bool) -> None:
    """A command comes a second time under its key, or with ``changed`` another one under it.

    Another reason makes another command, unless the first one's was redacted: then nothing is left to tell
    them apart, and it counts as the repeat.
    """
    case_id = step.case_id
    if changed:
        changed = not _is_reason_gone(world, step)
        step = step.with_field("reason", f"{SECRET} another")
    try:
        repeated = step.ask(world.desk)
    except KeyReused:
        hold(changed, "7", "the same command is refused under its own key", case_id=case_id)
    except CaseflowError as error:
        raise LawBroken("7", f"a repeat is refused: {error}", case_id=case_id) from error
    else:
        hold(not changed, "7", "another command was taken under a used key", case_id=case_id)
        hold(repeated == after, "7", "a repeat gives another case", case_id=case_id)
    hold(not world.look(law="7"), "7", "a repeat was recorded", case_id=case_id)


def _is_reason_gone(world: World, step: Step) -> bool:
    """Whether the command's reason was redacted since."""
    assert step.by is not None and step.key is not None, "an accepted command has an actor and a key"
    claim = world.store.recall(step.by.id, step.key)
    if claim is None:
        return False
    texts = world.desk.texts(claim.case_id)
    versions = range(claim.first, claim.last + 1)
    return any(t.is_redacted and t.field == "reason" and t.version in versions for t in texts)


def expect_stale(world: World, step: Step) -> None:
    """A step that expects a version that is not the case's raises, and nothing is recorded."""
    case_id = step.case_id
    try:
        step.ask(world.desk)
    except Stale:
        pass
    except CaseflowError:
        hold(False, "10", "another version than the expected one was judged", case_id=case_id)
    else:
        hold(False, "10", "another version than the expected one was taken", case_id=case_id)
    hold(not world.look(law="10"), "10", "a stale command was recorded", case_id=case_id)


# -- sweeps, and the end ------------------------------------------------------------------------------------


def sweep_once(world: World, *, rival: str = "") -> None:
    """Sweep, and hold what came of it against the laws; a second sweep then has nothing to do.

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
    fired = [
        (case_id, event.clock, event.subject, event.cycle, event.level)
        for case_id, events in changed.items()
        for event in events
        if isinstance(event, e.RungEvent)
    ]
    reported = [_key(card) for report in reports for card in (*report.cards, *report.reminders)]
    hold(sorted(fired) == sorted(reported), "4", f"fired {sorted(fired)}, but reported {sorted(reported)}")
    for case_id, case in world.seen.items():
        _only_rungs(before[case_id], case, changed.get(case_id, ()))
        world.hold_cards(case, world.clock.now)
    again = world.desk.sweep()
    hold(not again.cards and not again.reminders, "4", "a second sweep at the same instant fires again")


def _only_rungs(before: Case, after: Case, events: tuple[e.Event, ...]) -> None:
    """A sweep changes nothing but cards, reminders and the timed actions of rungs."""
    acts = [event for event in events if not isinstance(event, e.RungEvent)]
    hold(all(event.by == SYSTEM for event in acts), "5", "a sweep acted as somebody", case_id=after.id)
    if not acts:
        known = {run.key for run in before.clocks}  # others begin where a clock ends
        kept = after.replace(clocks=tuple(run for run in after.clocks if run.key in known))
        quiet, same = invariants.quiet(kept), invariants.quiet(before)
        what = f"a sweep changed more: {invariants.difference(quiet, same)}"
        hold(quiet == same, "5", what, case_id=after.id)


def _key(card: Card) -> tuple[str, str, str, int, str]:
    return card.case_id, card.clock, card.subject, card.cycle, card.level


UNKNOWN = '{"event":"from-the-future","at":%d,"by":["x","y",""],"more":{"a":[1,"路灯"]}}'
"""An event of a version of caseflow that is still to come."""


def end(world: World, *, at: int) -> None:
    """Sweep at that instant, compare with the engine that was never swept, and meet an unknown event."""
    world.clock.now = at
    world.store.quiet()
    world.desk.sweep()
    world.look(law="1", swept=True)
    world.unswept_clock.now = at
    world.unswept[0].sweep()
    for case_id, case in world.seen.items():
        world.hold_cards(case, at)
        other = world.unswept_store.load(case_id)
        assert other is not None, "both engines took the same submissions"
        invariants.same_case(case, other, at)
        _evolve_in_any_order(world, case_id)
    for case_id in world.seen:
        _meet_unknown_event(world, case_id)


def _evolve_in_any_order(world: World, case_id: str) -> None:
    """`evolve` takes every event in any order."""
    case, events = Case(case_id), world.store.events(case_id)
    for event in (*reversed(events), *events):
        after = _evolved(case, event)
        hold(after.version == case.version + 1, "6", f"{event.name} raised no version", case_id=case_id)
        case = after


def _meet_unknown_event(world: World, case_id: str) -> None:
    """An event of an unknown name keeps its bytes and stops commands and sweeps, which name it."""
    case, body = world.seen[case_id], (UNKNOWN % world.clock.now).encode()
    event = codec.decode(body)
    world.store.append([Append(_evolved(case, event), case.version, (event,))])
    kept = codec.encode(world.store.events(case_id)[-1])
    hold(kept == body, "6", "an unknown event lost its bytes", case_id=case_id)
    action = next((name for name in world.desk.rules.policy.actions if name != "submit"), "submit")
    roles = world.desk.rules.policy.roles.items()
    insider = next((name for name, rights in roles if rights.scope == "any"), "")
    if not insider:
        return  # everybody may be a stranger to the case, who is told nothing of it
    answer = answer_of(Step(action=action, by=Actor("anybody", role=insider), case_id=case_id), world.desk)
    code = answer.code if isinstance(answer, Refusal) else "accepted"
    hold(code == "case-incomplete", "6", f"an incomplete case: {action} was {code}", case_id=case_id)
    named = isinstance(answer, Refusal) and answer.found == "from-the-future"
    hold(named, "6", "the refusal does not name the unknown event", case_id=case_id)


def _evolved(case: Case, event: e.Event) -> Case:
    try:
        return folding.evolve(case, event)
    except Exception as error:
        raise LawBroken("6", f"evolve refused {event.name}: {error!r}", case_id=case.id) from error
