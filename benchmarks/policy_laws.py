"""How long it takes to prove the shipped policy: 200 lives of 30 steps, every law after every step."""

from __future__ import annotations

from time import perf_counter

from benchmarks.report import Row
from caseflow.testing import policy_laws


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Seconds of ``policy_laws("wuhu")``; a quick run lives a fifth of the lives and multiplies."""
    examples = 40 if quick else 200
    begun = perf_counter()
    report = policy_laws("wuhu", examples=examples)
    report.raise_if_broken()
    seconds = (perf_counter() - begun) * 200 / examples
    return (
        Row(
            work='policy_laws("wuhu"), 200 x 30', unit="s", ours=seconds, score=seconds, sense="{:.1f} s",
            at_least=False, must=30,
        ),
    )  # fmt: skip
