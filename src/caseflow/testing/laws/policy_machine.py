"""The generated state machine: Hypothesis chooses the steps of a life, number by number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from caseflow.core.engine.compiled_policy import HANDS_OVER, Transition
from caseflow.core.engine.preconditions import check_asked
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Command
from caseflow.core.policy import Policy
from caseflow.core.time.instants import DAY, HOUR, micros, zone_info
from caseflow.testing.actors import accepted_actions, permitted_actor, row_of
from caseflow.testing.command_generator import legal_command
from caseflow.testing.illegal_commands import FAULTS, IllegalStep, Situation
from caseflow.testing.laws.laws import LawBroken
from caseflow.testing.laws.life import Life
from caseflow.testing.laws.reference_arithmetic import midnight_of
from caseflow.testing.laws.world import IDS, SECRET

MINUTE = HOUR // 60
GAPS = (0, 0, 0, 5 * MINUTE, 7 * HOUR, 31 * HOUR, 103 * HOUR)
"""How long an act may have let wait for itself."""


# -- how time goes on ---------------------------------------------------------------------------------------


def starts_of(policy: Policy) -> tuple[int, ...]:
    """First instants worth beginning at: a Monday morning, summer time's eve, and before a horizon.

    Every one lies inside the calendars that the policy's clocks use; the first is the plainest.
    """
    zone = zone_info(policy.timezone)
    plain = datetime(2025, 3, 3, 9, 30, tzinfo=zone)
    starts = [plain, datetime(2025, 3, 28, 23, 59, tzinfo=zone), datetime(2025, 10, 24, tzinfo=zone)]
    for table in policy.tables.values():
        starts = [at for at in starts if table.first <= at.date() <= table.last]
        late = max(table.first, table.last - timedelta(days=9))
        starts.append(datetime(late.year, late.month, late.day, 16, 0, tzinfo=zone))
    return tuple(dict.fromkeys(micros(at) for at in starts))


def wait(life: Life, kind: int, number: int) -> None:
    """Some hours or days, to a midnight or the instant before."""
    now, zone = life.clock.now, life.desk.rules.policy.timezone
    day = datetime.fromtimestamp(now / 1e6, tz=zone_info(zone)).date()
    midnight = midnight_of(zone, day + timedelta(days=1 + number % 9))
    to = {
        0: now + number * HOUR,
        1: now + number * DAY,
        2: now + number % 7 * DAY + number * MINUTE,
        3: midnight,
        4: midnight - 1,
    }.get(kind, now + number * HOUR * (kind - 3))
    life.wait(to=to)


def to_next_due(life: Life, offset: int, *, swept: bool) -> None:
    """To so many microseconds from the next due instant, unless that is past; and sweep there."""
    due = min((c.next_due_us for c in life.seen.values() if c.next_due_us is not None), default=None)
    if due is None or due + offset < life.clock.now:
        return
    life.wait(to=due + offset)
    if swept:
        life.sweep()


def go_back(life: Life, minutes: int) -> None:
    """Up to three days back, but not behind the start or what the system did by itself."""
    floor = max([life.start, *(life.by_itself(case_id) for case_id in life.seen)])
    to = max(life.clock.now - (1 + minutes % 4320) * MINUTE, floor)
    if to < life.clock.now:
        life.wait(to=to)


# -- what is done next --------------------------------------------------------------------------------------


def act(life: Life, case: int, pick: int, number: int, **how: Any) -> None:
    """The next action on a case, chosen by `pick`, at once or after a while; where there is no such case yet
    its submission.
    """
    gap = GAPS[pick // 11 % len(GAPS)]
    if gap and life.seen:
        life.wait(to=life.clock.now + gap)
    act_at_once(life, IDS[case if case <= len(life.seen) else 0], pick, number, **how)


def act_at_once(life: Life, case_id: str, pick: int, number: int, **how: Any) -> None:
    """The same without a wait before it."""
    stored = life.case(case_id)
    if not stored.version:
        take(life, case_id, "submit", number, **how)
        return
    names = open_actions(life, stored)
    pick, way = divmod(pick, 6)
    chosen = _of_interest(life, stored.state, names, way) or names
    for turn in range(len(chosen)):
        action = chosen[(pick + turn) % len(chosen)]
        if way % 3 == 0 or _is_allowed(life, stored, action):
            take(life, case_id, action, number, **how)
            return


def open_actions(life: Life, case: Case) -> list[str]:
    """The actions that the case's state accepts, in the policy's order, but for its submission."""
    return [name for name in accepted_actions(life.desk.rules, case) if name != "submit"]


def take(life: Life, case_id: str, action: str, number: int, *, late: int = 0, **how: Any) -> None:
    """The action with an actor and fields that fit, recorded so many minutes late by those who may."""
    case, rules = life.case(case_id), life.desk.rules
    if not case.version and action != "submit":
        return
    others = tuple(life.seen)
    step = legal_command(rules, case, action, number, others=others, text=SECRET)
    if late and action != "migrate":
        backdated = legal_command(rules, case, action, number, others=others, text=SECRET, backdating=True)
        since = max(_long_ago(life, case, late), case.submitted_us)
        if backdated is not None:
            step = backdated.with_field("reason", f"{SECRET} late")
            step = step.replace(effective_us=since if since < life.clock.now else None)
    if step is not None:
        life.take(step, **how)


def adopt(life: Life, case_id: str, desk: int) -> None:
    """The case comes under the rules of that desk."""
    case = life.case(case_id)
    step = legal_command(life.desk.rules, case, "migrate", text=SECRET)
    if case.version and step is not None:
        life.take(step, desk=desk)


def act_at_rung(life: Life, case_id: str, pick: int, number: int) -> None:
    """Something done at the very instant of a rung, or a microsecond beside it: told at once, or told late.

    What is told late is a hand-over or the end of a clock: at that instant they leave the card as it was.
    """
    case_id = case_id if case_id in life.seen else IDS[0]
    case, (pick, is_late) = life.case(case_id), divmod(pick, 2)
    if not is_late and case.next_due_us is not None and case.next_due_us >= life.clock.now:
        life.wait(to=case.next_due_us)
        act_at_once(life, case_id, pick, number)
        return
    fired = [card.effective_us for card in case.escalations if card.effective_us < life.clock.now]
    if not fired and case.next_due_us is not None:
        life.wait(to=max(life.clock.now, case.next_due_us) + HOUR)
        fired = [case.next_due_us]
    if fired:
        pick, turn = divmod(pick, len(fired))
        pick, offset = divmod(pick, 6)
        _tell_late(life, case, fired[turn] + (0, 0, 0, 0, -1, 1)[offset], pick, number)


def _tell_late(life: Life, case: Case, since: int, pick: int, number: int) -> None:
    """A hand-over, or what ends a clock, as of that instant, by somebody who may record facts late."""
    rules, table = life.desk.rules, life.desk.rules.table.get(case.state, {})
    handing = [name for name in open_actions(life, case) if table[name].event in HANDS_OVER]
    ending = [name for name in open_actions(life, case) if _ends_a_clock(table[name])]
    names = (handing or ending) if pick % 2 else (ending or handing)
    if not names or since < case.submitted_us:
        return
    turn = pick // 2
    for name in (*names[turn % len(names) :], *names[: turn % len(names)]):
        step = legal_command(rules, case, name, number, text=SECRET, backdating=True)
        if step is not None:
            life.take(step.with_field("reason", f"{SECRET} late").replace(effective_us=since))
            return


def _ends_a_clock(row: Transition) -> bool:
    return any(verb in ("stop", "cancel") for verb, *_ in (*row.effects, *row.held_effects))


def _of_interest(life: Life, state: str, names: list[str], way: int) -> list[str]:
    """Actions that go on; more often those that move the case, and seldom those that end it."""
    targets, states = life.under.targets, life.desk.rules.policy.states
    going_on: list[str] = []
    for name in names:
        target = targets.get((state, name), "")
        if target not in states or not states[target].final:
            going_on.append(name)
    if way in (1, 2):
        return [name for name in going_on if targets.get((state, name), "") != state]
    return names if way == 5 else going_on


def _is_allowed(life: Life, case: Case, action: str) -> bool:
    """Whether the guards admit the action just now."""
    rules = life.desk.rules
    by, row = permitted_actor(rules, case, action), row_of(rules, case, action)
    at = max(life.clock.now, case.acted_us)
    return by is not None and check_asked(rules, case, Command(action, by), row, at) is None


def _long_ago(life: Life, case: Case, minutes: int) -> int:
    """So many minutes ago; every other time an instant about which a card or reminder fired."""
    turn, way = divmod(minutes, 2)
    if not way or not case.escalations:
        return life.clock.now - minutes * MINUTE
    turn, offset = divmod(turn, 3)
    return case.escalations[turn % len(case.escalations)].effective_us + offset - 1


# -- what is asked wrongly ----------------------------------------------------------------------------------


def illegal(life: Life, case_id: str, fault: str, pick: int, number: int, *, several: bool = False) -> None:
    """A command with that thing wrong with it, which must be refused by the code foretold.

    ``pick`` chooses the action and ``number`` which of its illegal commands; with ``several`` some of them
    are asked for, one after the other.
    """
    case = life.judged(case_id)
    names = accepted_actions(life.desk.rules, case)
    if not case.version or not names or (fault in OF_TIME and life.clock.now < case.acted_us):
        return
    is_elsewhere = fault == "the state does not accept it"
    situation = Situation(
        rules=life.desk.rules, case=case, now=life.clock.now, number=number, text=SECRET,
        action="" if is_elsewhere else names[pick % len(names)],
    )  # fmt: skip
    faults = [one for one in FAULTS[fault](situation) if one.code != "text-too-long"]
    if not faults:
        return
    number = pick if is_elsewhere else number
    for turn in range(min(5, len(faults)) if several else 1):
        one: IllegalStep = faults[(number + turn) % len(faults)]
        life.take(one.step, refused=one.code)


def another_version(life: Life, case_id: str, pick: int) -> None:
    """A command that expects another version."""
    case = life.case(case_id)
    names = open_actions(life, case)
    if not case.version or not names:
        return
    step = legal_command(life.desk.rules, case, names[pick % len(names)], text=SECRET)
    if step is not None and step.by is not None:
        life.expecting(case_id, step.action, by=step.by, fields=step.fields)


# -- the machine --------------------------------------------------------------------------------------------

OF_TIME = (
    "it is true only later",
    "the role may not record late",
    "it was true before the case",
    "it is late without a reason",
)
"""Faults that the instant of a command makes."""
ELSEWHERE = st.sampled_from(["the state does not accept it"] * len(OF_TIME) + [*OF_TIME])
NUMBERS = st.integers(0, 1 << 24)
MINUTES = st.integers(0, 14 * 1440)
FEW = st.integers(0, 7)
CASES = st.sampled_from([0, 0, 0, 1, 1, 2])


class PolicyMachine(RuleBasedStateMachine):
    """One generated life of up to three cases under the policy."""

    policy: Policy
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
        except BaseException:
            self.over = True  # cut off within a step, as by Ctrl-C: there is nothing to compare
            raise

    def _illegal(self, case: int, fault: str, pick: int, number: int, *, several: bool = False) -> None:
        self._do(lambda: illegal(self.life, IDS[case], fault, pick, number, several=several))

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
        self._do(lambda: act(self.life, 0, 0, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def act(self, case: int, pick: int, number: int) -> None:
        """Something the state accepts, by somebody who may, with fields that fit."""
        self._do(lambda: act(self.life, case, pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def act_on(self, case: int, pick: int, number: int) -> None:
        """The same: most steps are acts."""
        self._do(lambda: act(self.life, case, pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS, minutes=MINUTES)
    def act_late(self, case: int, pick: int, number: int, minutes: int) -> None:
        """A fact recorded late."""
        self._do(lambda: act(self.life, case, pick, number, late=minutes))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def at_rung(self, case: int, pick: int, number: int) -> None:
        """Something done at the very instant of a rung, told at once or late."""
        self._do(lambda: act_at_rung(self.life, IDS[case], pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def late_for_rung(self, case: int, pick: int, number: int) -> None:
        """The same, always told late."""
        self._do(lambda: act_at_rung(self.life, IDS[case], 2 * pick + 1, number))

    @rule(
        case=CASES, pick=NUMBERS, number=NUMBERS, rival=st.sampled_from(["sweep", "same", "busy", "always"])
    )
    def race(self, case: int, pick: int, number: int, rival: str) -> None:
        """Somebody else is faster."""
        self._do(lambda: act(self.life, case, pick, number, rival=rival))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS, crash=st.sampled_from(["before", "after"]))
    def crash(self, case: int, pick: int, number: int, crash: str) -> None:
        """The process dies at the append, and asks again."""
        self._do(lambda: act(self.life, case, pick, number, crash=crash))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def act_further(self, case: int, pick: int, number: int) -> None:
        """The same once more."""
        self._do(lambda: act(self.life, case, pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def wrong_actor(self, case: int, pick: int, number: int) -> None:
        """Somebody who may not: each kind of them asks for the same action."""
        self._illegal(case, "the person may not", pick, number, several=True)

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def wrong_field(self, case: int, pick: int, number: int) -> None:
        """A field that is unknown, missing, or of the wrong type."""
        self._illegal(case, "a field is wrong", pick, number)

    @rule(case=CASES, fault=ELSEWHERE, pick=NUMBERS, number=NUMBERS)
    def wrong_moment(self, case: int, fault: str, pick: int, number: int) -> None:
        """An action that the state does not accept, or of an instant that it cannot have."""
        self._illegal(case, fault, pick, number)

    @rule(number=NUMBERS, changed=st.booleans())
    def again(self, number: int, changed: bool) -> None:
        """A command is delivered twice."""
        self._do(lambda: self.life.again(number, changed=changed))

    @rule(kind=FEW, number=st.integers(0, 40))
    def wait(self, kind: int, number: int) -> None:
        """Some hours or days, to a midnight or the instant before."""
        self._do(lambda: wait(self.life, kind, number))

    @rule(offset=st.sampled_from([0, -1, 1]), swept=st.booleans())
    def to_next_due(self, offset: int, swept: bool) -> None:
        """To the next due instant, or a microsecond from it; and sweep there."""
        self._do(lambda: to_next_due(self.life, offset, swept=swept))

    @rule(rival=st.sampled_from(["", "", "load", "append"]))
    def sweep(self, rival: str) -> None:
        """A sweep, alone or with another sweeper in between."""
        self._do(lambda: self.life.sweep(rival=rival))

    @rule(minutes=MINUTES)
    def go_back(self, minutes: int) -> None:
        """The clock goes back, but not behind what the system did by itself, which no command takes back."""
        self._do(lambda: go_back(self.life, minutes))

    @precondition(lambda self: "migrate" in self.policy.actions and self.policy.clocks)
    @rule(case=CASES, desk=st.booleans())
    def adopt(self, case: int, desk: bool) -> None:
        """The case comes under other rules."""
        self._do(lambda: adopt(self.life, IDS[case], int(desk)))

    @precondition(lambda self: "merge" in self.policy.actions)
    @rule(case=CASES, number=NUMBERS)
    def merge(self, case: int, number: int) -> None:
        """The case is a duplicate of another."""
        self._do(lambda: take(self.life, IDS[case], "merge", number))

    @precondition(lambda self: len(self.life.seen) > 0)
    @rule(case=CASES, pick=NUMBERS)
    def expect(self, case: int, pick: int) -> None:
        """A command that expects another version."""
        self._do(lambda: another_version(self.life, IDS[case], pick))

    def teardown(self) -> None:
        """Much time passes, and everything is compared once more."""
        if self.life.calls:
            self._do(lambda: self.life.finish())
