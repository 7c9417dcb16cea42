"""The generated state machine: Hypothesis chooses the steps of a life, and shrinks the one that fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from caseflow.core.case import Case
from caseflow.core.commands import Command
from caseflow.core.decide import judge
from caseflow.core.instants import DAY, HOUR, micros, zone_info
from caseflow.core.policy import Policy
from caseflow.core.rules import moves as ways_of
from caseflow.testing import moves
from caseflow.testing.laws.arithmetic import midnight_of
from caseflow.testing.laws.broken import LawBroken
from caseflow.testing.laws.life import SECRET, Life

MINUTE = HOUR // 60
NUMBERS = st.integers(0, 1 << 24)
MINUTES = st.integers(0, 14 * 1440)
GAPS = (0, 0, 0, 5 * MINUTE, 7 * HOUR, 31 * HOUR, 103 * HOUR)
"""How long an act may have let wait for itself."""
FEW = st.integers(0, 7)
CASES = st.sampled_from([0, 0, 0, 1, 1, 2])
IDS = ("c1", "c2", "c3")


def starts_of(policy: Policy) -> tuple[int, ...]:
    """First instants worth beginning at: a Monday morning, summer time's eve, and before a horizon.

    Every one lies inside the calendars that the policy's clocks use; the first is the plainest.
    """
    zone = zone_info(policy.timezone)
    plain = datetime(2025, 3, 3, 9, 30, tzinfo=zone)
    found = [plain, datetime(2025, 3, 28, 23, 59, 59, tzinfo=zone), datetime(2025, 10, 24, tzinfo=zone)]
    for table in policy.tables.values():
        found = [at for at in found if table.first <= at.date() <= table.last]
        late = max(table.first, table.last - timedelta(days=9))
        found.append(datetime(late.year, late.month, late.day, 16, 0, tzinfo=zone))
    return tuple(dict.fromkeys(micros(at) for at in found))


class PolicyMachine(RuleBasedStateMachine):
    """One generated life of up to three cases under the policy."""

    policy: Policy
    source: Any
    make_life: Callable[[int], Life]
    starts: tuple[int, ...]
    skipped: frozenset[str]
    failed: list[tuple[Life, LawBroken]]
    began: Callable[[], None]

    def __init__(self) -> None:
        super().__init__()
        self.life = self.make_life(self.starts[0])
        self.over = False
        self.began()

    def _do(self, step: Callable[[], Any]) -> None:
        """Take the step; a law that was already found broken ends the life in silence."""
        if self.over:
            return
        try:
            step()
        except LawBroken as error:
            self._fail(error)
        except Exception as error:
            self._fail(LawBroken("8", f"it failed with {type(error).__name__}: {error}"))

    def _fail(self, error: LawBroken) -> None:
        self.over = True
        if error.law not in self.skipped:
            self.failed[:] = [(self.life, error)]
            raise error

    # -- the rules ----------------------------------------------------------------------------------------

    @initialize(start=FEW, number=NUMBERS)
    def begin(self, start: int, number: int) -> None:
        """The first case is submitted, at one of the starts."""
        if start and len(self.starts) > 1:
            self.life = self.make_life(self.starts[start % len(self.starts)])
        self._do(lambda: self._act(0, 0, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def act(self, case: int, pick: int, number: int) -> None:
        """Something the state accepts, by somebody who may, with fields that fit."""
        self._do(lambda: self._act(case, pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def act_on(self, case: int, pick: int, number: int) -> None:
        """The same: most steps are acts."""
        self._do(lambda: self._act(case, pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS, minutes=MINUTES)
    def act_late(self, case: int, pick: int, number: int, minutes: int) -> None:
        """A fact recorded late."""
        self._do(lambda: self._act(case, pick, number, late=minutes))

    @rule(
        case=CASES, pick=NUMBERS, number=NUMBERS, rival=st.sampled_from(["sweep", "same", "busy", "always"])
    )
    def race(self, case: int, pick: int, number: int, rival: str) -> None:
        """Somebody else is faster."""
        self._do(lambda: self._act(case, pick, number, rival=rival))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS, crash=st.sampled_from(["before", "after"]))
    def crash(self, case: int, pick: int, number: int, crash: str) -> None:
        """The process dies at the append, and asks again."""
        self._do(lambda: self._act(case, pick, number, crash=crash))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def act_further(self, case: int, pick: int, number: int) -> None:
        """The same once more."""
        self._do(lambda: self._act(case, pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def wrong_actor(self, case: int, pick: int, number: int) -> None:
        """Somebody who may not: each kind of them asks for the same action."""
        self._do(lambda: self._wrong_actor(IDS[case], pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def wrong_field(self, case: int, pick: int, number: int) -> None:
        """A field that is unknown, missing, or of the wrong type."""
        self._do(lambda: self._wrong_field(IDS[case], pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def wrong_state(self, case: int, pick: int, number: int) -> None:
        """An action that the state does not accept."""
        self._do(lambda: self._wrong_state(IDS[case], pick, number))

    @rule(number=NUMBERS, changed=st.booleans())
    def again(self, number: int, changed: bool) -> None:
        """A command is delivered twice."""
        self._do(lambda: self.life.again(number, changed=changed))

    @rule(kind=FEW, number=st.integers(0, 40))
    def wait(self, kind: int, number: int) -> None:
        """Some hours or days, to a midnight or the instant before."""
        self._do(lambda: self._wait(kind, number))

    @rule(offset=st.sampled_from([0, -1, 1]), swept=st.booleans())
    def to_next_due(self, offset: int, swept: bool) -> None:
        """To the next due instant, or a microsecond from it; and sweep there."""
        self._do(lambda: self._to_next_due(offset, swept=swept))

    @rule(rival=st.sampled_from(["", "", "load", "append"]))
    def sweep(self, rival: str) -> None:
        """A sweep, alone or with another sweeper in between."""
        self._do(lambda: self.life.sweep(rival=rival))

    @rule(minutes=MINUTES)
    def go_back(self, minutes: int) -> None:
        """The clock goes back, but not behind what the system did by itself, which no command takes back."""
        self._do(lambda: self._go_back(minutes))

    @precondition(lambda self: "adopt_rules" in self.policy.actions and self.policy.clocks)
    @rule(case=CASES, desk=st.booleans())
    def adopt(self, case: int, desk: bool) -> None:
        """The case comes under other rules."""
        self._do(lambda: self._adopt(IDS[case], int(desk)))

    @precondition(lambda self: "merge" in self.policy.actions)
    @rule(case=CASES, number=NUMBERS)
    def merge(self, case: int, number: int) -> None:
        """The case is a duplicate of another."""
        self._do(lambda: self._take(IDS[case], "merge", number))

    @precondition(lambda self: len(self.life.seen) > 0)
    @rule(case=CASES, pick=NUMBERS)
    def expect(self, case: int, pick: int) -> None:
        """A command that expects another version."""
        self._do(lambda: self._expect(IDS[case], pick))

    def teardown(self) -> None:
        """Much time passes, and everything is compared once more."""
        if self.life.steps:
            self._do(lambda: self.life.finish())

    # -- choices --------------------------------------------------------------------------------------------

    def _act(self, case: int, pick: int, number: int, **how: Any) -> None:
        case_id = IDS[case if case <= len(self.life.seen) else 0]
        gap = GAPS[pick // 11 % len(GAPS)]
        if gap and self.life.seen:
            self.life.wait(to=self.life.clock.now + gap)
        found = self.life.case(case_id)
        if not found.version:
            self._take(case_id, "submit", number, **how)
            return
        names = [name for name in moves.accepted(self.life.desk.rules, found) if name != "submit"]
        pick, way = divmod(pick, 6)
        chosen = self._of_interest(found, names, way) or names
        for turn in range(len(chosen)):
            action = chosen[(pick + turn) % len(chosen)]
            if way % 3 == 0 or self._is_allowed(found, action):
                self._take(case_id, action, number, **how)
                return

    def _of_interest(self, found: Case, names: list[str], way: int) -> list[str]:
        """Actions that go on; more often those that move the case, and seldom those that end it."""
        going_on = [name for name in names if not self._ends(found.state, name)]
        if way in (1, 2):
            return [name for name in going_on if self._target(found.state, name) != found.state]
        return names if way == 5 else going_on

    def _is_allowed(self, found: Case, action: str) -> bool:
        """Whether the guards admit the action just now."""
        rules, by = self.life.desk.rules, moves.fitting_actor(self.life.desk.rules, found, action)
        row = moves.row_of(rules, found, action)
        at = max(self.life.clock.now, found.acted_us)
        return by is not None and judge(rules, found, Command(action, by), row, at, asked_only=True) is None

    def _target(self, state: str, action: str) -> str:
        return _targets(self.policy).get((state, action), "")

    def _ends(self, state: str, action: str) -> bool:
        target = self._target(state, action)
        return target in self.policy.states and self.policy.states[target].final

    def _take(self, case_id: str, action: str, number: int, *, late: int = 0, **how: Any) -> None:
        life = self.life
        found = life.case(case_id)
        if not found.version and action != "submit":
            return
        rules = life.desk.rules
        others = tuple(life.seen)
        move = moves.fitting(rules, found, action, number, others=others, said=SECRET)
        if move is None:
            return
        since = None
        if late and rules.role(move.by).backdate:
            move = move.replace(fields={**move.fields, "reason": f"{SECRET} late"})
            since = max(self._long_ago(found, late), found.submitted_us)
            since = None if since >= life.clock.now else since
        life.act(case_id, action, by=move.by, fields=move.fields, since=since, **how)

    def _long_ago(self, found: Case, minutes: int) -> int:
        """So many minutes ago; every other time an instant about which a card or reminder fired."""
        turn, way = divmod(minutes, 2)
        if not way or not found.rungs:
            return self.life.clock.now - minutes * MINUTE
        turn, offset = divmod(turn, 3)
        return found.rungs[turn % len(found.rungs)].effective_us + offset - 1

    def _wrong_state(self, case_id: str, pick: int, number: int) -> None:
        life, rules, found = self.life, self.life.desk.rules, self.life.judged(case_id)
        names = moves.accepted(rules, found)
        lacking = [name for name in self.policy.actions if name not in names and name != "submit"]
        if found.version and lacking:
            move = moves.fitting(rules, found, lacking[pick % len(lacking)], number, said=SECRET)
            if move is not None:
                life.act(case_id, move.action, by=move.by, fields=move.fields, refused="not-in-state")

    def _wrong_actor(self, case_id: str, pick: int, number: int) -> None:
        life, rules, found = self.life, self.life.desk.rules, self.life.judged(case_id)
        names = moves.accepted(rules, found)
        if not found.version or not names:
            return
        action = names[pick % len(names)]
        move = moves.fitting(rules, found, action, number, said=SECRET)
        unfitting = {moves.unfitting_actor(rules, found, action, number + turn) for turn in range(5)}
        for by, code in sorted((other for other in unfitting if other is not None), key=repr):
            if move is not None:
                life.act(case_id, action, by=by, fields=move.fields, refused=code)

    def _wrong_field(self, case_id: str, pick: int, number: int) -> None:
        life, rules, found = self.life, self.life.desk.rules, self.life.judged(case_id)
        names = moves.accepted(rules, found)
        if not found.version or not names:
            return
        action = names[pick % len(names)]
        wrongs = [w for w in moves.wrong_fields(rules, found, action) if w.code != "text-too-long"]
        if wrongs:
            wrong = wrongs[number % len(wrongs)]
            life.act(case_id, action, by=wrong.move.by, fields=wrong.move.fields, refused=wrong.code)

    def _wait(self, kind: int, number: int) -> None:
        now = self.life.clock.now
        day = datetime.fromtimestamp(now / 1e6, tz=zone_info(self.policy.timezone)).date()
        midnight = midnight_of(self.policy.timezone, day + timedelta(days=1 + number % 9))
        to = {
            0: now + number * HOUR,
            1: now + number * DAY,
            2: now + number % 7 * DAY + number * MINUTE,
            3: midnight,
            4: midnight - 1,
        }.get(kind, now + number * HOUR * (kind - 3))
        self.life.wait(to=to)

    def _to_next_due(self, offset: int, *, swept: bool) -> None:
        life = self.life
        due = min((c.next_due_us for c in life.seen.values() if c.next_due_us is not None), default=None)
        if due is None or due + offset < life.clock.now:
            return
        life.wait(to=due + offset)
        if swept:
            life.sweep()

    def _go_back(self, minutes: int) -> None:
        life = self.life
        floor = max([life.start, *(life.by_itself(case_id) for case_id in life.seen)])
        to = max(life.clock.now - (1 + minutes % 4320) * MINUTE, floor)
        if to < life.clock.now:
            life.wait(to=to)

    def _adopt(self, case_id: str, desk: int) -> None:
        found = self.life.case(case_id)
        move = moves.fitting(self.life.desk.rules, found, "adopt_rules", said=SECRET)
        if found.version and move is not None:
            self.life.act(case_id, "adopt_rules", by=move.by, fields=move.fields, desk=desk)

    def _expect(self, case_id: str, pick: int) -> None:
        found = self.life.case(case_id)
        names = [n for n in moves.accepted(self.life.desk.rules, found) if n != "submit"]
        if not found.version or not names:
            return
        move = moves.fitting(self.life.desk.rules, found, names[pick % len(names)], said=SECRET)
        if move is not None:
            self.life.expecting(case_id, move.action, by=move.by, fields=move.fields)


_TARGETS: dict[int, dict[tuple[str, str], str]] = {}


def _targets(policy: Policy) -> dict[tuple[str, str], str]:
    known = _TARGETS.get(id(policy))
    if known is None:
        known = _TARGETS[id(policy)] = {(s, a): t for s, a, t in ways_of(policy)}
    return known
