"""One life under a policy: commands, waits, sweeps, crashes and races, every law checked after each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from caseflow import codec
from caseflow.config import load_policy
from caseflow.core import decide as deciding
from caseflow.core import events as e
from caseflow.core import evolve as evolving
from caseflow.core.case import Card, Case
from caseflow.core.commands import SYSTEM, Actor
from caseflow.core.instants import DAY, micros, moment
from caseflow.core.policy import Policy, Rung
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.desk import Desk, Sweep
from caseflow.errors import CaseflowError, KeyReused, Refusal, Refused, Stale
from caseflow.ports import Append
from caseflow.testing.laws import checks
from caseflow.testing.laws.broken import LawBroken, hold
from caseflow.testing.laws.coverage import Coverage
from caseflow.testing.laws.engine import Arranged, CountingClock, Crash, Engine
from caseflow.testing.laws.model import Model, Ruled

SECRET = "机密"
"""How every text in a life begins, so that one that leaks is known."""
UNKNOWN = '{"event":"from-the-future","at":%d,"by":["x","y",""],"more":{"a":[1,"路灯"]}}'
"""An event of a version of caseflow that is still to come."""
ACTOR = Actor("anybody-1", role="nobody")


@attrs.frozen(kw_only=True)
class Done:
    """An accepted command: what was asked under which key, and the case it gave back."""

    case_id: str
    action: str
    asked: dict[str, Any]
    after: Case


@value
class Step(Value):
    """A call of one of a life's methods, so that it can be lived again."""

    method: str
    args: tuple[Any, ...]
    terms: dict[str, Any]

    def __str__(self) -> str:
        terms = {name: found for name, found in self.terms.items() if found not in ("", 0, None, {})}
        said = [*map(repr, self.args), *(f"{name}={found!r}" for name, found in terms.items())]
        return f"life.{self.method}({', '.join(said)})"


class Under:
    """A policy and its longer twin, compiled for the engine and made ready for the model; lives share it."""

    def __init__(self, policy: Policy) -> None:
        self.rules = (Rules(policy), Rules(longer(policy)))
        self.modelled = {rules.pin: Ruled(rules.policy) for rules in self.rules}


class Life:
    """Lives through one sequence of steps, and raises `LawBroken` at the first law that does not hold.

    Beside the engine under proof runs a second one that takes the same commands and is never swept, and a
    model that works everything out from the policy's own words.

    Args:
        policy: a shipped name, a file or a policy.
        start: the first instant: an aware datetime, its ISO text, or epoch microseconds.
        engine: what is proved.
    """

    def __init__(
        self,
        policy: Policy | str | Path,
        *,
        start: str | int = "2025-03-03T09:30:00+08:00",
        engine: Engine | None = None,
        coverage: Coverage | None = None,
        under: Under | None = None,
    ) -> None:
        if under is None:
            under = Under(policy if isinstance(policy, Policy) else load_policy(policy))
        self.under = under
        self.engine = Engine() if engine is None else engine
        self.clock = CountingClock(micros(start, what="start"))
        self.start = self.clock.now
        self.store = Arranged(self.engine.store())
        self.unswept_clock = CountingClock(self.clock.now)
        self._unswept_store = self.engine.store()
        self.desks = self._desks(self.store, self.clock)
        self.unswept = self._desks(self._unswept_store, self.unswept_clock)
        self.models: dict[str, Model] = {}
        self.seen: dict[str, Case] = {}
        self.done: list[Done] = []
        self.people: set[str] = set()
        self.coverage = Coverage(under.rules[0].policy) if coverage is None else coverage
        self.steps: list[Step] = []
        self._latest = self.clock.now

    def _desks(self, store: Any, clock: CountingClock) -> tuple[Desk, Desk]:
        first, second = (self.engine.desk(rules, store, clock=clock) for rules in self.under.rules)
        return first, second

    @property
    def desk(self) -> Desk:
        """The desk under the policy."""
        return self.desks[0]

    def case(self, case_id: str) -> Case:
        """The case as it is stored; before its submission an empty one."""
        return self.store.load(case_id) or Case(case_id)

    # -- time -------------------------------------------------------------------------------------------

    def wait(self, *, to: str | int) -> None:
        """Let the clock stand at that instant; an earlier one is a clock that went back."""
        self._told("wait", to=when(micros(to)))
        self.clock.now = micros(to, what="to")
        self._latest = max(self._latest, self.clock.now)

    def sweep(self, *, rival: str = "") -> None:
        """Sweep; with ``rival`` (``load`` or ``append``) another sweeper is faster at that moment."""
        self._told("sweep", rival=rival)
        reports: list[Sweep] = []
        if rival:
            moment_ = "after_load" if rival == "load" else "before_append"
            setattr(self.store, moment_, lambda: reports.append(self.desks[1].sweep()))
        before = dict(self.seen)
        reports.append(self.desk.sweep())
        self.store.quiet()
        changed = self._look(law="4" if rival else "1", swept=True)
        fresh = [
            (case_id, event.clock, event.subject, event.cycle, event.level)
            for case_id, events in changed.items()
            for event in events
            if isinstance(event, e.RungEvent)
        ]
        told = [_key(card) for report in reports for card in (*report.cards, *report.reminders)]
        hold(sorted(fresh) == sorted(told), "4", f"fired {sorted(fresh)}, but reported {sorted(told)}")
        for case_id, case in self.seen.items():
            self._only_rungs(before[case_id], case, changed.get(case_id, ()))
            self._owed(case, self.clock.now)
        again = self.desk.sweep()
        hold(not again.cards and not again.reminders, "4", "a second sweep at the same instant fires again")

    def _only_rungs(self, before: Case, after: Case, events: tuple[e.Event, ...]) -> None:
        """A sweep changes nothing but cards, reminders and the timed actions of rungs."""
        acts = [event for event in events if not isinstance(event, e.RungEvent)]
        where = after.id
        hold(all(event.by == SYSTEM for event in acts), "5", "a sweep acted as somebody", case_id=where)
        if not acts:
            quiet, same = checks._quiet(after), checks._quiet(before)
            hold(quiet == same, "5", f"a sweep changed more: {checks.difference(quiet, same)}", case_id=where)

    # -- commands ---------------------------------------------------------------------------------------

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
        now, key = self.clock.now, f"k{len(self.steps)}"
        asked: dict[str, Any] = {"by": by, "fields": dict(fields or {})}
        if since is not None:
            asked["effective_at"] = micros(since)
        terms = {"desk": desk, "rival": rival, "crash": crash, "refused": refused}
        said = {"since": when(micros(since)) if since is not None else None, **terms}
        self._told("act", case_id, action, by=by, fields=asked["fields"], **said)
        self.people.add(by.id)
        before = self.judged(case_id)
        taken: list[Any] = []
        self._arrange(rival, crash, taken, case_id, action, asked, desk)
        self.clock.read, self.clock.drifts = 0, bool(rival)
        outcome = self._outcome(self.desks, case_id, action, asked, desk, key)
        if crash:
            outcome = self._after_crash(outcome, case_id, action, asked, desk, key)
        elif not taken:
            hold(self.clock.read == 1, "10", f"the clock was read {self.clock.read} times", case_id=case_id)
        self.clock.drifts = False
        self.store.quiet()
        changed = self._look(law="10" if rival else "1")
        if rival == "always" and isinstance(outcome, Stale):
            hold(not changed, "10", "a command that gave up left something behind", case_id=case_id)
            return "stale"
        hold(not isinstance(outcome, Stale), "10", "it gave up too early", case_id=case_id)
        hold(
            rival != "always" or isinstance(outcome, Refusal),
            "10",
            "decided more than 5 times",
            case_id=case_id,
        )
        self._same_unswept(taken, case_id, action, asked, desk, outcome)
        if isinstance(outcome, Refusal):
            before = self.judged(case_id) if taken else before
            self._refused(outcome, case_id, action, before, now, key, by, changed if not taken else {})
            hold(
                refused in ("", outcome.code),
                "8",
                f"refused as {outcome.code}, not {refused}",
                case_id=case_id,
            )
            self.coverage.refused(before.state, action, outcome.code)
            return outcome.code
        hold(not refused, "8", f"accepted, which {refused} forbids", case_id=case_id)
        self._accepted(outcome, case_id, action, asked, before, now, changed, key)
        return ""

    def _arrange(
        self, rival: str, crash: str, taken: list[Any], case_id: str, action: str, asked: Any, desk: int
    ) -> None:
        """Let somebody be faster, or the process die."""
        if crash:
            setattr(self.store, f"{crash}_append", _die)
        elif rival == "sweep":
            self.store.after_load = lambda: self._rival(lambda: self.desks[1].sweep())
        elif rival == "same":
            self.store.after_load = lambda: self._rival(
                lambda: taken.append(self._outcome(self.desks, case_id, action, asked, desk, None))
            )
        elif rival in ("busy", "always"):
            self.store.faster = 4 if rival == "busy" else 5

    def _rival(self, does: Callable[[], object]) -> None:
        """Somebody else, whose readings of the clock are their own."""
        read, drifts, self.clock.read, self.clock.drifts = self.clock.read, self.clock.drifts, 0, False
        does()
        self.clock.read, self.clock.drifts = read, drifts

    def _outcome(
        self, desks: tuple[Desk, Desk], case_id: str, action: str, asked: Any, desk: int, key: str | None
    ) -> Case | Refusal | Stale | Crash:
        try:
            return desks[desk].act(case_id, action, key=key, **asked)
        except Refused as error:
            return error.refusal
        except (Stale, Crash) as error:
            return error
        except CaseflowError as error:
            raise LawBroken("8", f"{action} failed with {error.code}: {error}", case_id=case_id) from error

    def _after_crash(self, outcome: Any, case_id: str, action: str, asked: Any, desk: int, key: str) -> Any:
        """Start anew on what is left, and ask again: all that was acknowledged is there."""
        self.store.quiet()
        self.store = Arranged(self.engine.reopen(self.store._store))
        self.desks = self._desks(self.store, self.clock)
        for known, case in self.seen.items():
            found = self.store.load(known)
            if known != case_id:
                hold(
                    found is not None and found.version >= case.version, "7", "a case was lost", case_id=known
                )
            elif outcome.__class__ is Crash and case.version:
                hold(found is not None and found.version >= case.version, "7", "events lost", case_id=known)
        if not isinstance(outcome, Crash):
            return outcome
        versions = {known: self.case(known).version for known in {*self.seen, case_id}}
        again = self._outcome(self.desks, case_id, action, asked, desk, key)
        if self.store.recall(asked["by"].id, key) is not None and isinstance(again, Case):
            grown = self.case(case_id).version - versions[case_id]
            recorded = grown if versions[case_id] != self.seen.get(case_id, Case(case_id)).version else 0
            hold(recorded == 0, "7", "asked again after a crash, it was recorded twice", case_id=case_id)
        return again

    def again(self, number: int, *, changed: bool = False) -> None:
        """Deliver a command a second time under its key; with ``changed`` another command under it."""
        if not self.done:
            return
        self._told("again", number, changed=changed)
        done = self.done[number % len(self.done)]
        asked = dict(done.asked)
        if changed:
            asked["fields"] = {**asked["fields"], "reason": f"{SECRET} another"}
        try:
            found = self.desk.act(done.case_id, done.action, **asked)
        except KeyReused:
            hold(changed, "7", "the same command is refused under its own key", case_id=done.case_id)
        except CaseflowError as error:
            raise LawBroken("7", f"a repeat is refused: {error}", case_id=done.case_id) from error
        else:
            hold(not changed, "7", "another command was taken under a used key", case_id=done.case_id)
            hold(found == done.after, "7", "a repeat gives another case", case_id=done.case_id)
        hold(not self._look(law="7"), "7", "a repeat was recorded", case_id=done.case_id)

    def expecting(self, case_id: str, action: str, *, by: Actor, fields: Mapping[str, Any]) -> None:
        """Ask with a version that is not the case's: it raises, and nothing is recorded."""
        self._told("expecting", case_id, action, by=by, fields=dict(fields))
        wrong = self.case(case_id).version + 1
        try:
            self.desk.act(case_id, action, by=by, fields=fields, expected_version=wrong)
        except Stale:
            pass
        except CaseflowError:
            hold(False, "10", "another version than the expected one was judged", case_id=case_id)
        else:
            hold(False, "10", "another version than the expected one was taken", case_id=case_id)
        hold(not self._look(law="10"), "10", "a stale command was recorded", case_id=case_id)

    # -- what must hold -----------------------------------------------------------------------------------

    def judged(self, case_id: str) -> Case:
        """The case on which a command is judged: everything due has been issued."""
        case = self.case(case_id)
        if not case.version:
            return case
        try:
            return deciding.caught_up(self.desk.rules_of(case_id), case, max(self.clock.now, case.acted_us))[
                0
            ]
        except Exception as error:
            raise LawBroken("6", f"catching up failed: {error!r}", case_id=case_id) from error

    def _look(self, *, law: str, swept: bool = False) -> dict[str, tuple[e.Event, ...]]:
        """Read every case anew; the new events of those that changed, each checked."""
        changed: dict[str, tuple[e.Event, ...]] = {}
        for case_id in self._ids():
            case, before = self.store.load(case_id), self.seen.get(case_id)
            if case is before or case is None:
                continue
            old = before.version if before else 0
            hold(case.version >= old, "7", f"version {old} became {case.version}", case_id=case_id)
            if before == case:
                self.seen[case_id] = case
                continue
            events = self.store.events(case_id)
            checks.replay_is_live(case, events, law)
            model = self.models.setdefault(case_id, Model(self.under.modelled.__getitem__))
            for event in events[model.version :]:
                model.take(event)
            fresh = events[old:]
            changed[case_id] = fresh
            self.seen[case_id] = case
            checks.as_modelled(case, model)
            checks.timed_actions_taken(fresh, model, case_id)
            checks.public_is_clean(self.desk.public(case_id), case, (SECRET, *self.people))
            if swept:
                checks.issued_in_order(fresh, self.clock.now, case_id)
            self.coverage.saw(fresh)
        return changed

    def by_itself(self, case_id: str) -> int:
        """When the system last took an action of its own on the case; 0 for never."""
        acts = (event for event in self.store.events(case_id) if event.by == SYSTEM and _is_act(event))
        return max((event.at_us for event in acts), default=0)

    def _ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.seen, *self._asked)))

    _asked: tuple[str, ...] = ("c1", "c2", "c3")
    """The cases of a life."""

    def _owed(self, case: Case, upto: int) -> None:
        checks.cards_as_owed(case, self.models[case.id], upto)

    def _same_unswept(
        self, taken: list[Any], case_id: str, action: str, asked: Any, desk: int, outcome: Any
    ) -> None:
        """The engine that was never swept gives the same answers and the same case."""
        self.unswept_clock.now = self.clock.now
        for first in (*taken, outcome):
            other = self._outcome(self.unswept, case_id, action, asked, desk, None)
            mine, theirs = _answer(first), _answer(other)
            hold(mine == theirs, "2", f"{action}: swept {mine}, unswept {theirs}", case_id=case_id)
        found, expected = self.store.load(case_id), self._unswept_store.load(case_id)
        if found is not None and expected is not None and not isinstance(outcome, Refusal):
            checks.same_case(found, expected, max(self.clock.now, found.acted_us))

    def _refused(
        self,
        found: Refusal,
        case_id: str,
        action: str,
        before: Case,
        now: int,
        key: str,
        by: Actor,
        changed: Any,
    ) -> None:
        hold(not changed, "2", "a refused command was recorded", case_id=case_id)
        hold(self.store.recall(by.id, key) is None, "7", "a refusal used up its key", case_id=case_id)
        rule = self.desk.rules.policy.actions.get(action)
        checks.refusal_is_data(
            found, action=action, state=before.state, source=rule.source if rule else "", now=now,
            case_id=case_id,
        )  # fmt: skip

    def _accepted(
        self,
        after: Any,
        case_id: str,
        action: str,
        asked: Any,
        before: Case,
        now: int,
        changed: dict[str, tuple[e.Event, ...]],
        key: str,
    ) -> None:
        events = changed.get(case_id, ())
        mine = [event for event in events if event.by == asked["by"] and _is_act(event)]
        hold(mine, "7", f"{action} was acknowledged and not recorded", case_id=case_id)
        self._dated(mine[-1], now, case_id)
        self.done.append(Done(case_id=case_id, action=action, asked={**asked, "key": key}, after=after))
        self.coverage.took(before.state, action)
        for known in changed:
            case = self.seen[known]
            self._owed(case, max(now, case.acted_us))
        if "effective_at" not in asked and action != "adopt_rules" and len(mine) == 1:
            place = events.index(mine[0])
            checks.issued_in_order(events[:place], now, case_id)

    def _dated(self, event: e.Event, now: int, case_id: str) -> None:
        """The event has the instant that was read at the door, or says that it was clamped."""
        said = event.at_us if event.clamped_us is None else event.clamped_us
        hold(said == now, "10", f"asked at {now}, recorded as of {said}", case_id=case_id)
        hold(event.at_us >= now, "10", f"recorded at {event.at_us}, before {now}", case_id=case_id)
        acts = [one.at_us for one in self.store.events(case_id) if _is_act(one)]
        hold(acts == sorted(acts), "10", "the instants of a case's acts decrease", case_id=case_id)

    def finish(self, *, days: int = 400) -> None:
        """Let so many days pass, compare with the engine that was never swept, and meet an unknown event."""
        self._told("finish")
        self.clock.now = self._latest + days * DAY
        self.store.quiet()
        self.desk.sweep()
        self._look(law="1", swept=True)
        self.unswept_clock.now = self.clock.now
        self.unswept[0].sweep()
        for case_id, case in self.seen.items():
            self._owed(case, self.clock.now)
            other = self._unswept_store.load(case_id)
            assert other is not None, "both engines took the same submissions"
            checks.same_case(case, other, self.clock.now)
            self._any_order(case_id)
        for case_id in self.seen:
            self._unknown(case_id)

    def _any_order(self, case_id: str) -> None:
        """`evolve` takes every event in any order."""
        case = Case(case_id)
        for event in (*reversed(self.store.events(case_id)), *self.store.events(case_id)):
            try:
                after = evolving.evolve(case, event)
            except Exception as error:
                raise LawBroken("6", f"evolve refused {event.name}: {error!r}", case_id=case_id) from error
            hold(after.version == case.version + 1, "6", f"{event.name} raised no version", case_id=case_id)
            case = after

    def _unknown(self, case_id: str) -> None:
        """An event of an unknown name keeps its bytes and stops commands and sweeps, which name it."""
        case, body = self.seen[case_id], (UNKNOWN % self.clock.now).encode()
        event = codec.decode(body)
        try:
            marked = evolving.evolve(case, event)
        except Exception as error:
            raise LawBroken("6", f"evolve refused {event.name}: {error!r}", case_id=case_id) from error
        self.store.append([Append(marked, case.version, (event,))])
        kept = codec.encode(self.store.events(case_id)[-1])
        hold(kept == body, "6", "an unknown event lost its bytes", case_id=case_id)
        action = next((name for name in self.desk.rules.policy.actions if name != "submit"), "submit")
        found = self._outcome(self.desks, case_id, action, {"by": ACTOR, "fields": {}}, 0, None)
        code = found.code if isinstance(found, Refusal) else "accepted"
        hold(code == "case-incomplete", "6", f"an incomplete case: {action} was {code}", case_id=case_id)
        named = isinstance(found, Refusal) and found.found == "from-the-future"
        hold(named, "6", "the refusal does not name the unknown event", case_id=case_id)

    def take(self, step: Step) -> None:
        """Live one step that another life has told of."""
        getattr(self, step.method)(*step.args, **step.terms)

    def _told(self, method: str, *args: Any, **terms: Any) -> None:
        self.steps.append(Step(method, args, terms))


def longer(policy: Policy) -> Policy:
    """The policy with every rung a day later, or an hour: what a case may adopt."""
    clocks = {
        name: attrs.evolve(clock, rungs=tuple(_longer(rung) for rung in clock.rungs))
        for name, clock in policy.clocks.items()
    }
    return attrs.evolve(policy, version=f"{policy.version}-longer", clocks=clocks)


def _longer(rung: Rung) -> Rung:
    return attrs.evolve(rung, days=rung.days + bool(rung.days), hours=rung.hours + bool(rung.hours))


def _die() -> None:
    raise Crash


def _is_act(event: e.Event) -> bool:
    return not isinstance(event, e.RungEvent | e.CardAnnulled | e.Followed)


def _answer(found: Any) -> str:
    return f"refused: {found.code}" if isinstance(found, Refusal) else type(found).__name__.lower()


def _key(card: Card) -> tuple[str, str, str, int, str]:
    return card.case_id, card.clock, card.subject, card.cycle, card.level


def when(us: int) -> str:
    """An instant as code says it."""
    return moment(us).isoformat()
