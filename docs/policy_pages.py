"""What pages of shipped policies draw from them: the table of terms, the picture of the case, and the index.

A page ``docs/policies/NAME.md`` holds the table between two marks. Its Python blocks leave a ``timeline`` and
a ``case``, which ``NAME.svg`` shows. ``python docs/policy_pages.py`` writes them anew; a test keeps them so.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from caseflow import load_policy
from caseflow.core.policy import ClockRule, Policy, Rung

PAGES = Path(__file__).parent / "policies"
BEGIN, END = "<!-- terms -->", "<!-- end of terms -->"
TABLE = re.compile(f"(?<={BEGIN}\n).*?(?={END})", re.DOTALL)
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
LENGTHS = ("days", "weeks", "months", "years", "hours", "minutes")


def pages() -> dict[Path, str]:
    """File -> text: every page with its table, every picture, and the index."""
    texts, rows = dict[Path, str](), []
    for page in sorted(PAGES.glob("*.md")):
        if page.stem != "index":
            text = page.read_text(encoding="utf-8")
            rules = load_policy(page.stem)
            texts[page] = TABLE.sub(lambda _, rules=rules: "".join(terms(rules)), text)
            texts[page.with_suffix(".svg")] = picture(text)
            rows.append(f"| [`{rules.name}`]({page.name}) | {_names(rules)} | {_cell(rules.source)} |\n")
    texts[PAGES / "index.md"] = "".join([INDEX, *rows])
    return texts


INDEX = """# Policies that are shipped

Each is a file of the package, to be used by its name, laid over with `extends`, or copied. `caseflow policy
list` names them. A term whose source says *unverified* could not be read in the law itself.

| policy | for | after |
|---|---|---|
| [`wuhu`](../reference/wuhu.md) | 芜湖市民心声 · Wuhu, citizens' voices | see the page |
"""


def terms(rules: Policy) -> Iterator[str]:
    """The rows of a policy's ladders: clock, rung, length, how it is counted, and the law."""
    yield "| clock | rung | after | counted | source |\n|---|---|---|---|---|\n"
    for name, clock in rules.clocks.items():
        for rung in clock.rungs:
            level = rung.level if rung.kind == "breach" else f"*{rung.level}*"
            cells = (f"{name} {clock.labels.zh}", f"{level} {rung.labels.zh}", length(rung), counted(clock))
            yield f"| {' | '.join(cells)} | {_cell(rung.source or clock.source)} |\n"


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


def picture(text: str) -> str:
    """The life of the case that a page's Python blocks lead."""
    names: dict[str, object] = {"__name__": "page"}
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for block in BLOCK.findall(text):
                exec(compile(block, "page", "exec"), names)
        finally:
            os.chdir(before)
    timeline, case = names["timeline"], names["case"]
    return str(timeline.svg(case, lang="en")) + "\n"  # type: ignore[attr-defined]  # the page makes it


def _names(rules: Policy) -> str:
    return " · ".join(name for name in (rules.labels.zh, rules.labels.en) if name)


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
