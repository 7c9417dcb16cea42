"""Proving a policy: `policy_laws`, its report, the search for a short life, and tests to be collected."""

from __future__ import annotations

import re
import unittest
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.stateful import run_state_machine_as_test

from caseflow.core.policy import Policy
from caseflow.core.time.instants import DAY, HOUR, SECOND, micros
from caseflow.core.value import Value
from caseflow.errors import BadInput
from caseflow.i18n import Lang, text
from caseflow.policies.load import load_policy
from caseflow.testing.laws import fact_order
from caseflow.testing.laws.coverage import Coverage
from caseflow.testing.laws.laws import LawBroken, Violation
from caseflow.testing.laws.life import Life
from caseflow.testing.laws.liveness import Liveness
from caseflow.testing.laws.policy_machine import PolicyMachine, starts_of
from caseflow.testing.laws.world import Engine, PolicyUnderTest
from caseflow.testing.step import Call, python_source, utc_text
from caseflow.testing.timeline.stored_story import story_of

MOST = 600
"""Lives that shrinking may try."""
SIMPLER = ("since", "rival", "crash", "desk")
"""What of a command may be left away."""

RungName = tuple[str, str, str]
"""A case, a clock, and a level of its ladder."""
NO_RUNG: RungName = ("", "", "")
Aim = tuple[RungName, int]
"""The rung to whose instant a wait goes, and how many microseconds beside it."""


class Shrinking:
    """A search for the shortest life that breaks the law, from one that does.

    The steps of a life are plain calls, so that any of them can be left out and the rest lived again.
    Hypothesis' own shrinking chooses every step anew from the state it meets, which takes minutes where this
    takes seconds.
    """

    def __init__(self, make_life: Callable[[int], Life], life: Life, error: LawBroken) -> None:
        self._make_life, self._start = make_life, life.start
        self.life, self.error = life, error
        self.calls: list[Call] = list(life.calls)
        self._wanted = _kind(error)
        self._left = MOST
        self._aims: dict[str, Aim] = {}

    def run(self) -> tuple[Life, LawBroken]:
        """The shortest life there is, and how it ends."""
        self._lives(self.calls)
        before = None
        while before != self.calls and self._left > 0:
            before = list(self.calls)
            self._drop_calls()
            self._simplify_calls()
        return self.life, self.error

    def _drop_calls(self) -> None:
        size = max(len(self.calls) // 2, 1)
        while size and self._left > 0:
            end = len(self.calls)
            while end > 0:
                begin = max(end - size, 0)
                self._try([*self.calls[:begin], *self.calls[end:]])
                end = min(begin, len(self.calls))
            size //= 2

    def _simplify_calls(self) -> None:
        place = 0
        while place < len(self.calls) and self._left > 0:
            for simpler in _simpler(self.calls, place, self._start):
                if self._try([*self.calls[:place], simpler, *self.calls[place + 1 :]]):
                    break
            else:
                place += 1

    def _try(self, calls: Sequence[Call]) -> bool:
        """Whether those steps break the same law, if need be with waits that still go to their rungs."""
        if len(calls) > len(self.calls):
            return False
        return self._lives(calls) or (bool(self._aims) and self._lives(calls, aimed=True))

    def _lives(self, calls: Sequence[Call], *, aimed: bool = False) -> bool:
        """Live those steps; whether the same law is broken by them, in which case they are kept."""
        if self._left <= 0:
            return False
        self._left -= 1
        life, aims = self._make_life(self._start), dict[str, Aim]()
        try:
            for call in calls:
                self._aimed(call, life, aims, aimed=aimed).on(life)
        except LawBroken as error:
            if _kind(error) != self._wanted:
                return False
            self.life, self.error, self.calls, self._aims = life, error, list(life.calls), aims
            return True
        except Exception:  # left out steps may leave others without their case
            return False
        return False

    def _aimed(self, call: Call, life: Life, aims: dict[str, Aim], *, aimed: bool) -> Call:
        """The call; where it waits for a rung, noted in ``aims``, and with ``aimed`` moved to it."""
        if call.method != "wait":
            return call
        dues = _dues(life)
        rung, offset = self._aims.get(call.named["to"], (NO_RUNG, 0))
        if aimed and rung in dues:
            call = call.replace(named={"to": utc_text(dues[rung] + offset)})
        to = micros(call.named["to"])
        for rung, due in dues.items():
            if abs(to - due) <= 1:
                aims[call.named["to"]] = (rung, to - due)
        return call


def _dues(life: Life) -> dict[RungName, int]:
    """When each rung of each case's clocks falls due."""
    return {
        (case.id, run.clock, level): due
        for case in life.seen.values()
        for run in case.clocks
        for (level, _), due in zip(run.ladder, run.dues, strict=True)
        if due is not None
    }


def _kind(error: LawBroken) -> tuple[str, str]:
    """What must stay the same: the law; of a refusal, for which nearly anything would do, its words too."""
    return error.law, re.sub(r"\d+", "#", error.what) if error.law == "8" else ""


def _simpler(calls: Sequence[Call], place: int, start: int) -> Iterator[Call]:
    """The same call with less to it."""
    call = calls[place]
    if call.method == "wait":
        yield from _earlier(call, _clock_before(calls, place, start))
        return
    for name in SIMPLER:
        if call.named.get(name):
            yield call.replace(named={key: part for key, part in call.named.items() if key != name})
    fields: dict[str, Any] = call.named.get("fields") or {}
    for name in fields:
        left = {key: part for key, part in fields.items() if key != name}
        yield call.replace(named={**call.named, "fields": left})


def _earlier(call: Call, now: int) -> Iterator[Call]:
    """The same wait, ending at a rounder or nearer instant."""
    to = micros(call.named["to"])
    for unit in (DAY, HOUR, 60 * SECOND):
        whole = now + (to - now) // unit * unit
        for nearer in (now + (to - now) // unit // 2 * unit, whole):
            if now < nearer < to:
                yield call.replace(named={"to": utc_text(nearer)})


def _clock_before(calls: Sequence[Call], place: int, start: int) -> int:
    waits = [call for call in calls[:place] if call.method == "wait"]
    return micros(waits[-1].named["to"]) if waits else start


@contextmanager
def same_everywhere() -> Generator[None]:
    """While this lasts the same seed gives the same run, whatever else is loaded.

    Hypothesis draws one number in twenty from the source of the modules that happen to be loaded; it offers
    no setting to leave that out. Where it has no such function any more there is nothing to do.
    """
    provider: Any = HypothesisProvider
    if not hasattr(provider, "_maybe_draw_constant"):
        yield
        return
    with mock.patch.object(provider, "_maybe_draw_constant", return_value=None):
        yield


Progress = Callable[[int, int], None]


class LawsReport(Value):
    """What the proof of a policy found.

    Attributes:
        policy: its name.
        seed, examples, steps: how it was run; the same three give the same run.
        lives: how many lives were lived, those that shrinking tried included.
        violations: the laws that do not hold, each with its shortest life; empty when all hold.
        coverage: what the lives have met of the policy.
        places: how many places of the policy were explored; ``is_complete`` whether those were all.
        combinations: how many combinations of kind, urgency, channel, region and own fields were explored.
    """

    policy: str
    seed: int
    examples: int
    steps: int
    lives: int
    violations: tuple[Violation, ...]
    coverage: Coverage
    places: int
    is_complete: bool
    combinations: int

    @property
    def ok(self) -> bool:
        """Whether every law held."""
        return not self.violations

    def raise_if_broken(self) -> None:
        """Raise unless every law held.

        Raises:
            AssertionError: names each law, tells the story, and gives Python that raises it again.
        """
        if self.violations:
            raise AssertionError("\n\n".join(f"{v.text()}\n\n{v.snippet}" for v in self.violations))

    def text(self, lang: Lang = "en") -> str:
        """The report for people: verdict, violations, coverage."""
        run = f"{self.policy}: {self.examples} × {self.steps}, seed {self.seed}"
        count = len({violation.law for violation in self.violations})
        verdict = text("proof.holds", lang) if self.ok else text("proof.broken", lang, n=count)
        explored = "proof.explored" if self.is_complete else "proof.explored in part"
        places = text(explored, lang, n=self.places)
        parts = [f"{run}: {verdict}", *(v.text(lang) for v in self.violations)]
        combinations = text("proof.combinations", lang, n=self.combinations)
        return "\n".join([*parts, places, combinations, self.coverage.table(lang)])


def policy_laws(
    policy: Policy | str | Path,
    *,
    examples: int = 200,
    steps: int = 30,
    seed: int = 0,
    engine: Engine | None = None,
    most: int = 3,
    shrink: bool = True,
    progress: Progress | None = None,
) -> LawsReport:
    """Prove a policy: live generated lives under it and check every law after every step.

    Args:
        policy: a shipped name, the path of a TOML file, or a policy.
        examples: lives to live; 1 or more.
        steps: steps of each life, 1 or more.
        seed: chooses the lives; the same seed gives the same run.
        engine: what is proved; by default the shipped desk on a store in memory.
        most: broken laws to look for in lives and in the order of facts before stopping.
        shrink: whether to look for a shorter life when a law is broken.
        progress: called with (lives lived, lives to live).

    Raises:
        BadInput: a number below 1.
        PolicyError: the policy cannot be used at all.
    """
    for name, count in (("examples", examples), ("steps", steps), ("most", most)):
        if count < 1:
            raise BadInput("bad-option", what=name, found=f"{count}, expected 1 or more")
    known = policy if isinstance(policy, Policy) else load_policy(policy)
    source = "..." if isinstance(policy, Policy) else f"load_policy({python_source(str(policy))})"
    proof = _Proof(known, source, engine=engine, progress=progress, examples=examples, shrink=shrink)
    ways = Liveness(known, start=starts_of(known)[0])
    at_rest, lived = list(ways.violations(source)), list[Violation]()
    while len(lived) < most:
        skipped = {violation.law for violation in (*at_rest, *lived)}
        broken = proof.run(examples=examples, steps=steps, seed=seed, skipped=skipped)
        if broken is None:
            break
        lived.append(broken)
    if len(lived) < most:
        routes = max(examples // 2, 1)
        broken = fact_order.order_violation(
            ways.rules, source, starts=starts_of(known), routes=routes, seed=seed, engine=engine
        )
        lived += [broken] if broken is not None else []
    return LawsReport(
        policy=known.name,
        seed=seed,
        examples=examples,
        steps=steps,
        lives=proof.lives,
        violations=(*at_rest, *lived),
        coverage=proof.coverage,
        places=len(ways.configurations),
        is_complete=ways.is_complete,
        combinations=ways.combinations,
    )


class _Proof:
    """One policy under proof: runs of the machine, and what they have in common."""

    def __init__(
        self,
        policy: Policy,
        source: str,
        *,
        engine: Engine | None,
        progress: Progress | None,
        examples: int,
        shrink: bool,
    ) -> None:
        self.policy, self.source, self.engine = policy, source, engine
        self.coverage = Coverage(policy)
        self._under = PolicyUnderTest(policy)
        self.lives, self._examples, self._progress, self._shrink = 0, examples, progress, shrink

    def run(self, *, examples: int, steps: int, seed: int, skipped: set[str]) -> Violation | None:
        """The first law that does not hold, those aside; `None` when all hold."""
        failed: list[tuple[Life, LawBroken]] = []
        parts: dict[str, Any] = {
            "policy": self.policy,
            "make_life": staticmethod(self._life),
            "starts": starts_of(self.policy),
            "skipped": frozenset(skipped),
            "failed": failed,
            "began": staticmethod(self._began),
        }
        machine = type("Laws", (PolicyMachine,), parts)
        how = settings(
            max_examples=examples, stateful_step_count=steps, database=None, deadline=None,
            phases=(Phase.generate,), suppress_health_check=list(map(HealthCheck, HealthCheck)),
            verbosity=Verbosity.quiet, print_blob=False, report_multiple_bugs=False,
        )  # fmt: skip
        try:
            with same_everywhere():
                run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=how)
        except LawBroken:
            life, error = failed[0]
            if self._shrink:
                life, error = Shrinking(self._life_again, life, error).run()
            return Violation(error.law, error.what, *self._shown(life))
        return None

    def _life(self, start: int) -> Life:
        return Life(self.policy, start=start, engine=self.engine, coverage=self.coverage, under=self._under)

    def _life_again(self, start: int) -> Life:
        """A life that counts towards no coverage: it has been lived before."""
        return Life(self.policy, start=start, engine=self.engine, under=self._under)

    def _began(self) -> None:
        self.lives += 1
        if self._progress is not None:
            self._progress(min(self.lives, self._examples), self._examples)

    def _shown(self, life: Life) -> tuple[str, str]:
        """The life as a dated story, and as Python that lives it again."""
        try:
            story = str(story_of(life.store.behind))
        except Exception as error:  # a broken engine may have kept what cannot be told
            story = f"(cannot be told: {error})"
        policy = self.source.removeprefix("load_policy(").removesuffix(")")
        lines = [
            "from caseflow import Actor", "from caseflow.testing import Life", "",
            f"life = Life({policy}, start={python_source(utc_text(life.start))})",
            *(call.source("life") for call in life.calls),
        ]  # fmt: skip
        return story, "\n".join(lines) + "\n"


class PolicyLaws(unittest.TestCase):
    """The laws of a policy as a test that pytest and unittest collect: subclass it and name the policy.

    Attributes:
        policy: a shipped name, a path or a policy.
        examples, steps, seed, engine: as for `policy_laws`.
    """

    __test__ = False  # itself it proves nothing
    policy: Policy | str | Path | None = None
    examples = 100
    steps = 30
    seed = 0
    engine: Engine | None = None

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.__test__ = True

    def test_every_law_holds(self) -> None:
        """Every law holds over generated lives under the policy."""
        if self.policy is None:
            self.skipTest("no policy is named")
        policy_laws(
            self.policy, examples=self.examples, steps=self.steps, seed=self.seed, engine=self.engine
        ).raise_if_broken()


def laws_as_test(policy: Policy | str | Path, **how: Any) -> Callable[[], None]:
    """A test function to be collected under its name; takes what `policy_laws` takes."""

    def test() -> None:
        policy_laws(policy, **how).raise_if_broken()

    test.__doc__ = f"Every law holds under the policy {getattr(policy, 'name', policy)}."
    return test
