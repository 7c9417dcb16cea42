"""The answers that real laws give: situations with their first late instants, worked out by other means.

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
needs_answers = pytest.mark.skipif(
    not FILE.is_file(), reason="shared/regulations is not beside this checkout"
)

Key = tuple[str, str]
"""The regulation and the words of a row; where words are repeated, the later ones end in ``#2``, ``#3``."""
Steps = Callable[[], datetime | str]
"""Live through a situation; returns the first late instant, or the word that stands for it."""


class Answer(Value):
    """A row: what happened under which regulation, and what the law answers."""

    regulation: str
    situation: str
    first_late: str
    """An instant as text, or a word where it is none."""

    @property
    def key(self) -> Key:
        return self.regulation, self.situation


def answers(*prefixes: str) -> tuple[Answer, ...]:
    """The rows of the regulations whose names begin so, in the order of the file; none where it is absent."""
    if not FILE.is_file():
        return ()
    kept, times = list[Answer](), Counter[Key]()
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            regulation, words = row["regulation"], row["situation"].strip()
            times[regulation, words] += 1
            number = times[regulation, words]
            if regulation.startswith(prefixes):
                situation = words if number == 1 else f"{words} #{number}"
                kept.append(Answer(regulation, situation, row["first_late"]))
    return tuple(kept)


def compare(answer: Answer, steps: Mapping[Key, Steps]) -> None:
    """Live through the situation of a row and hold the outcome against its answer.

    Raises:
        KeyError: the row has no steps.
        AssertionError: the policy answers otherwise.
    """
    outcome = steps[answer.key]()
    if isinstance(outcome, datetime):
        expected = datetime.fromisoformat(answer.first_late)
        assert outcome == expected, f"{outcome.isoformat(' ')}, expected {answer.first_late}"
    else:
        assert outcome == answer.first_late


def first_late(timeline: Timeline, case: Case | str, level: str) -> datetime:
    """When the rung of that level fires for the last time, if nobody acts any more."""
    with timeline.what_if():
        timeline.run_until_quiet()
        fired = [card for card in timeline.case(case).escalations if card.level == level and card.stands]
    assert fired, f"{level} never fires"
    return fired[-1].effective_at
