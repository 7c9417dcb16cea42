"""`policy_laws`: prove a policy, report what was found, or be collected as a test."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from caseflow.config import load_policy
from caseflow.core.policy import Policy
from caseflow.core.values import Value, value
from caseflow.errors import BadInput
from caseflow.testing.laws.broken import Lang, LawBroken, Violation
from caseflow.testing.laws.coverage import Coverage
from caseflow.testing.laws.engine import Engine
from caseflow.testing.laws.life import Life
from caseflow.testing.laws.machine import PolicyMachine
from caseflow.testing.laws.shrinking import Shrinking
from caseflow.testing.laws.steps import when
from caseflow.testing.laws.times import starts_of
from caseflow.testing.laws.twins import Under
from caseflow.testing.laws.ways import Ways
from caseflow.testing.seeded import same_everywhere
from caseflow.testing.story import story_of

Progress = Callable[[int, int], None]


@value
class LawsReport(Value):
    """What the proof of a policy found.

    Attributes:
        policy: its name.
        seed, examples, steps: how it was run; the same three give the same run.
        lives: how many lives were lived, those that shrinking tried included.
        violations: the laws that do not hold, each with its shortest life; empty when all hold.
        coverage: what the lives have met of the policy.
        places: how many places of the policy were explored; ``is_complete`` whether those were all.
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
        zh = lang == "zh"
        run = f"{self.policy}: {self.examples} × {self.steps}, seed {self.seed}"
        verdict = ("全部法则成立" if zh else "every law holds") if self.ok else ""
        count = len({violation.law for violation in self.violations})
        broken = f"不成立的法则:{count}" if zh else f"laws broken: {count}"
        whole = ("全部" if zh else "all") if self.is_complete else ("未全" if zh else "not all")
        places = f"探索的位置:{self.places}({whole})" if zh else f"places explored: {self.places} ({whole})"
        parts = [f"{run}: {verdict or broken}", *(v.text(lang) for v in self.violations)]
        return "\n".join([*parts, places, self.coverage.table(lang)])


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
        most: broken laws to look for in lives before stopping.
        shrink: whether to look for a shorter life when a law is broken.
        progress: called with (lives lived, lives to live).

    Raises:
        BadInput: a number below 1.
        PolicyError: the policy cannot be used at all.
    """
    for name, found in (("examples", examples), ("steps", steps), ("most", most)):
        if found < 1:
            raise BadInput("bad-option", what=name, found=f"{found}, expected 1 or more")
    known = policy if isinstance(policy, Policy) else load_policy(policy)
    source = "..." if isinstance(policy, Policy) else f"load_policy({str(policy)!r})"
    proof = _Proof(known, source, engine, progress, examples, shrink)
    ways = Ways(known, start=starts_of(known)[0])
    at_rest, lived = list(ways.violations(source)), list[Violation]()
    while len(lived) < most:
        broken = proof.run(examples, steps, seed, {violation.law for violation in (*at_rest, *lived)})
        if broken is None:
            break
        lived.append(broken)
    return LawsReport(
        known.name, seed, examples, steps, proof.lives, (*at_rest, *lived), proof.coverage,
        len(ways.places), ways.is_complete,
    )  # fmt: skip


class _Proof:
    """One policy under proof: runs of the machine, and what they have in common."""

    def __init__(
        self,
        policy: Policy,
        source: str,
        engine: Engine | None,
        progress: Progress | None,
        examples: int,
        shrink: bool,
    ) -> None:
        self.policy, self.source, self.engine = policy, source, engine
        self.coverage = Coverage(policy)
        self._under = Under(policy)
        self.lives, self._examples, self._progress, self._shrink = 0, examples, progress, shrink

    def run(self, examples: int, steps: int, seed: int, skipped: set[str]) -> Violation | None:
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
            phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
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
            story = str(story_of(life.store))
        except Exception as error:  # a broken engine may have kept what cannot be told
            story = f"(cannot be told: {error})"
        given = self.source.removeprefix("load_policy(").removesuffix(")")
        lines = [
            "from caseflow import Actor", "from caseflow.testing import Life", "",
            f"life = Life({given}, start={when(life.start)!r})", *map(str, life.steps),
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
