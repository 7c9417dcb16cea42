"""The answers that real laws give: situations with their first late instants, worked out apart from the package.

They are rows of a CSV file beside the checkout. What they ask for is lived through by steps, one function for
each row, which return what the shipped policy says.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from caseflow.core.model.case import Case
from caseflow.core.value import Value
from caseflow.testing import Timeline

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "regulations" / "answers.csv"
needs_answers = pytest.mark.skipif(not FILE.is_file(), reason="shared/regulations is not beside this checkout")


class Answer(Value):
    """A row: what happened under which regulation, and what the law answers."""

    regulation: str
    situation: str
    """Its words; the second and later rows of the same words end in ``#2``, ``#3`` and so on."""
    first_late: str
    """An instant as text, or a word where it is none."""

    @property
    def key(self) -> tuple[str, str]:
        return self.regulation, self.situation


Steps = Callable[[], datetime | str]
"""Live through a situation; returns the first late instant, or the word that stands for it."""


def answers(*prefixes: str) -> tuple[Answer, ...]:
    """The rows of the regulations whose names begin so, in the order of the file; none where it is absent."""
    if not FILE.is_file():
        return ()
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = [(row["regulation"], row["situation"].strip(), row["first_late"]) for row in csv.DictReader(file)]
    kept, times = list[Answer](), Counter[tuple[str, str]]()
    for regulation, situation, first_late in rows:
        if regulation.startswith(prefixes):
            times[regulation, situation] += 1
            number = times[regulation, situation]
            words = situation if number == 1 else f"{situation} #{number}"
            kept.append(Answer(regulation, words, first_late))
    return tuple(kept)


def compare(answer: Answer, steps: Mapping[tuple[str, str], Steps]) -> None:
    """Live through the situation of a row and hold the outcome against its answer.

    Raises:
        KeyError: the row has no steps.
        AssertionError: the policy answers otherwise.
    """
    outcome = steps[answer.key]()
    if isinstance(outcome, datetime):
        assert outcome == datetime.fromisoformat(answer.first_late), outcome.isoformat(" ")
    else:
        assert outcome == answer.first_late


def first_late(timeline: Timeline, case: Case | str, level: str) -> datetime:
    """The instant at which the rung of that level fires when nobody acts any more: the last time, where it
    fires again in later cycles.
    """
    with timeline.what_if():
        timeline.run_until_quiet()
        life = timeline.case(case)
        fired = [card for card in life.escalations if card.level == level and card.stands]
    assert fired, f"{level} never fires"
    return fired[-1].effective_at
