"""The generated state machine: Hypothesis chooses the steps of a life, number by number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from caseflow.core.policy import Policy
from caseflow.testing.laws import amiss, choices, times
from caseflow.testing.laws.broken import LawBroken
from caseflow.testing.laws.life import Life
from caseflow.testing.laws.world import IDS

NUMBERS = st.integers(0, 1 << 24)
MINUTES = st.integers(0, 14 * 1440)
FEW = st.integers(0, 7)
CASES = st.sampled_from([0, 0, 0, 1, 1, 2])


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
        except BaseException:
            self.over = True  # cut off within a step, as by Ctrl-C: there is nothing to compare
            raise

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
        self._do(lambda: choices.act(self.life, 0, 0, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def act(self, case: int, pick: int, number: int) -> None:
        """Something the state accepts, by somebody who may, with fields that fit."""
        self._do(lambda: choices.act(self.life, case, pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def act_on(self, case: int, pick: int, number: int) -> None:
        """The same: most steps are acts."""
        self._do(lambda: choices.act(self.life, case, pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS, minutes=MINUTES)
    def act_late(self, case: int, pick: int, number: int, minutes: int) -> None:
        """A fact recorded late."""
        self._do(lambda: choices.act(self.life, case, pick, number, late=minutes))

    @rule(
        case=CASES, pick=NUMBERS, number=NUMBERS, rival=st.sampled_from(["sweep", "same", "busy", "always"])
    )
    def race(self, case: int, pick: int, number: int, rival: str) -> None:
        """Somebody else is faster."""
        self._do(lambda: choices.act(self.life, case, pick, number, rival=rival))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS, crash=st.sampled_from(["before", "after"]))
    def crash(self, case: int, pick: int, number: int, crash: str) -> None:
        """The process dies at the append, and asks again."""
        self._do(lambda: choices.act(self.life, case, pick, number, crash=crash))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def act_further(self, case: int, pick: int, number: int) -> None:
        """The same once more."""
        self._do(lambda: choices.act(self.life, case, pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def wrong_actor(self, case: int, pick: int, number: int) -> None:
        """Somebody who may not: each kind of them asks for the same action."""
        self._do(lambda: amiss.wrong_actor(self.life, IDS[case], pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def wrong_field(self, case: int, pick: int, number: int) -> None:
        """A field that is unknown, missing, or of the wrong type."""
        self._do(lambda: amiss.wrong_field(self.life, IDS[case], pick, number))

    @rule(case=CASES, pick=NUMBERS, number=NUMBERS)
    def wrong_state(self, case: int, pick: int, number: int) -> None:
        """An action that the state does not accept."""
        self._do(lambda: amiss.wrong_state(self.life, IDS[case], pick, number))

    @rule(number=NUMBERS, changed=st.booleans())
    def again(self, number: int, changed: bool) -> None:
        """A command is delivered twice."""
        self._do(lambda: self.life.again(number, changed=changed))

    @rule(kind=FEW, number=st.integers(0, 40))
    def wait(self, kind: int, number: int) -> None:
        """Some hours or days, to a midnight or the instant before."""
        self._do(lambda: times.wait(self.life, kind, number))

    @rule(offset=st.sampled_from([0, -1, 1]), swept=st.booleans())
    def to_next_due(self, offset: int, swept: bool) -> None:
        """To the next due instant, or a microsecond from it; and sweep there."""
        self._do(lambda: times.to_next_due(self.life, offset, swept=swept))

    @rule(rival=st.sampled_from(["", "", "load", "append"]))
    def sweep(self, rival: str) -> None:
        """A sweep, alone or with another sweeper in between."""
        self._do(lambda: self.life.sweep(rival=rival))

    @rule(minutes=MINUTES)
    def go_back(self, minutes: int) -> None:
        """The clock goes back, but not behind what the system did by itself, which no command takes back."""
        self._do(lambda: times.go_back(self.life, minutes))

    @precondition(lambda self: "adopt_rules" in self.policy.actions and self.policy.clocks)
    @rule(case=CASES, desk=st.booleans())
    def adopt(self, case: int, desk: bool) -> None:
        """The case comes under other rules."""
        self._do(lambda: choices.adopt(self.life, IDS[case], int(desk)))

    @precondition(lambda self: "merge" in self.policy.actions)
    @rule(case=CASES, number=NUMBERS)
    def merge(self, case: int, number: int) -> None:
        """The case is a duplicate of another."""
        self._do(lambda: choices.take(self.life, IDS[case], "merge", number))

    @precondition(lambda self: len(self.life.seen) > 0)
    @rule(case=CASES, pick=NUMBERS)
    def expect(self, case: int, pick: int) -> None:
        """A command that expects another version."""
        self._do(lambda: amiss.another_version(self.life, IDS[case], pick))

    def teardown(self) -> None:
        """Much time passes, and everything is compared once more."""
        if self.life.steps:
            self._do(lambda: self.life.finish())
