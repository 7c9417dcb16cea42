"""From a life that breaks a law to a short one that breaks the same law.

The steps of a life are plain calls, so that any of them can be left out and the rest lived again. Hypothesis'
own shrinking chooses every step anew from the state it finds, which takes minutes where this takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from caseflow.core.instants import DAY, HOUR, SECOND, micros
from caseflow.testing.laws.broken import LawBroken
from caseflow.testing.laws.life import Life
from caseflow.testing.laws.steps import Step, when

MOST = 600
"""Lives that shrinking may try."""
SIMPLER = ("since", "rival", "crash", "desk")
"""What of a command may be left away."""


class Shrinking:
    """A search for the shortest life that breaks the law, from one that does."""

    def __init__(self, make_life: Callable[[int], Life], life: Life, error: LawBroken) -> None:
        self._make_life, self._start = make_life, life.start
        self.life, self.error = life, error
        self.steps: list[Step] = list(life.steps)
        self._wanted = _kind(error)
        self._left = MOST

    def run(self) -> tuple[Life, LawBroken]:
        """The shortest life found, and how it ends."""
        before = None
        while before != self.steps and self._left > 0:
            before = list(self.steps)
            self._drop_steps()
            self._simplify_steps()
        return self.life, self.error

    def _drop_steps(self) -> None:
        size = max(len(self.steps) // 2, 1)
        while size and self._left > 0:
            end = len(self.steps)
            while end > 0:
                begin = max(end - size, 0)
                self._try([*self.steps[:begin], *self.steps[end:]])
                end = min(begin, len(self.steps))
            size //= 2

    def _simplify_steps(self) -> None:
        place = 0
        while place < len(self.steps) and self._left > 0:
            for simpler in _simpler(self.steps, place, self._start):
                if self._try([*self.steps[:place], simpler, *self.steps[place + 1 :]]):
                    break
            else:
                place += 1

    def _try(self, steps: Sequence[Step]) -> bool:
        """Live those steps; whether the same law is broken by them, in which case they are kept."""
        if len(steps) > len(self.steps) or self._left <= 0:
            return False
        self._left -= 1
        life = self._make_life(self._start)
        try:
            for step in steps:
                life.take(step)
        except LawBroken as error:
            if _kind(error) != self._wanted:
                return False
            self.life, self.error, self.steps = life, error, list(life.steps)
            return True
        except Exception:  # left out steps may leave others without their case
            return False
        return False


def _kind(error: LawBroken) -> tuple[str, str]:
    """What must stay the same: the law; of a refusal, for which nearly anything would do, its words too."""
    return error.law, re.sub(r"\d+", "#", error.what) if error.law == "8" else ""


def _simpler(steps: Sequence[Step], place: int, start: int) -> Iterator[Step]:
    """The same step with less to it."""
    step = steps[place]
    if step.method == "wait":
        yield from _earlier(step, _clock_before(steps, place, start))
        return
    for name in SIMPLER:
        if step.terms.get(name):
            yield step.replace(terms={key: found for key, found in step.terms.items() if key != name})
    fields: dict[str, Any] = step.terms.get("fields") or {}
    for name in fields:
        left = {key: found for key, found in fields.items() if key != name}
        yield step.replace(terms={**step.terms, "fields": left})


def _earlier(step: Step, now: int) -> Iterator[Step]:
    """The same wait, ending at a rounder or nearer instant."""
    to = micros(step.terms["to"])
    for unit in (DAY, HOUR, 60 * SECOND):
        whole = now + (to - now) // unit * unit
        for nearer in (now + (to - now) // unit // 2 * unit, whole):
            if now < nearer < to:
                yield step.replace(terms={"to": when(nearer)})


def _clock_before(steps: Sequence[Step], place: int, start: int) -> int:
    waits = [step for step in steps[:place] if step.method == "wait"]
    return micros(waits[-1].terms["to"]) if waits else start
