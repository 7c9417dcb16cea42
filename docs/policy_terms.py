"""Write the tables of terms on the policies' pages from the policies: ``python docs/policy_terms.py``.

A page that has one marks its place. A test keeps the tables up to date; ``docs/draw.py`` draws the pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from caseflow import load_policy
from caseflow.core.policy import ClockRule, Policy, Rung

POLICIES = Path(__file__).parent / "policies"
BEGIN, END = "<!-- terms -->", "<!-- end of terms -->"
TABLE = re.compile(f"(?<={BEGIN}\\n).*?(?={END})", re.DOTALL)
LENGTHS = ("days", "weeks", "months", "years", "hours", "minutes")


def pages() -> tuple[Path, ...]:
    """The pages that have such a table, by name."""
    return tuple(page for page in sorted(POLICIES.glob("*.md")) if BEGIN in page.read_text(encoding="utf-8"))


def filled(page: Path) -> str:
    """The page with the table of its policy."""
    table = "".join(terms(load_policy(page.stem)))
    return TABLE.sub(lambda _: table, page.read_text(encoding="utf-8"))


def terms(rules: Policy) -> Iterator[str]:
    """The rows of a policy's ladders: clock, rung, length, how it is counted, and the law."""
    yield "| clock | rung | after | counted | source |\n|---|---|---|---|---|\n"
    for name, clock in rules.clocks.items():
        for rung in clock.rungs:
            level = rung.level if rung.kind == "breach" else f"*{rung.level}*"
            cells = (f"{name} {clock.labels.zh}", f"{level} {rung.labels.zh}", length(rung), counted(clock))
            yield f"| {' | '.join(cells)} | {(rung.source or clock.source).replace('|', ' ')} |\n"


def length(rung: Rung) -> str:
    """How long after the start a rung is, in words."""
    if rung.at:
        return f"the day given: `{rung.at.removeprefix('field:')}`"
    if rung.percent is not None:
        return f"{rung.percent} % of {rung.of}"
    unit, number = next((unit, value) for unit in LENGTHS if (value := getattr(rung, unit)) is not None)
    if isinstance(number, str):
        return f"`{number.removeprefix('field:')}` {unit}"
    words = f"{abs(number)} {unit if abs(number) != 1 else unit.removesuffix('s')}"
    return f"{words} {'before' if number < 0 else 'after'} {rung.of}" if rung.of else words


def counted(clock: ClockRule) -> str:
    """How a clock counts, in words."""
    words = [clock.counting]
    if clock.first != "next-day":
        words.append(f"first day: {clock.first}")
    if clock.roll != "none":
        words.append("rolls")
    if clock.cut_off:
        words.append(f"until {clock.cut_off}")
    return ", ".join(words)


if __name__ == "__main__":
    for path in pages():
        path.write_text(filled(path), encoding="utf-8")
