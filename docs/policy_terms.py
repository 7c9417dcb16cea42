"""Write the tables of terms on the policies' pages from the policies: ``python docs/policy_terms.py``.

A page that has one marks its place; those in ``docs/zh`` have it in Chinese, in the words of the program, and
may have the states drawn as well. A test keeps all up to date; ``docs/draw.py`` draws the pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from caseflow import load_policy
from caseflow.core.policy import ClockRule, Policy, Rung
from caseflow.views.labels import term_label
from caseflow.views.mermaid import diagram
from caseflow.views.policy_terms import PolicyWords

POLICIES = Path(__file__).parent / "policies"
CHINESE = Path(__file__).parent / "zh" / "policies"
BEGIN, END = "<!-- terms -->", "<!-- end of terms -->"
TABLE = re.compile(f"(?<={BEGIN}\\n).*?(?={END})", re.DOTALL)
LIFECYCLE = re.compile(r"(?<=<!-- lifecycle -->\n).*?(?=<!-- end of lifecycle -->)", re.DOTALL)
"""Where a page in Chinese draws the states of its policy."""
IN_CHINESE = {
    "this policy's own default": "本政策默认值",
    "unverified start": "起算点未核实",
    "unverified": "未核实",
}
"""What sources say in the library's own words, not the law's -> the same in Chinese."""
LENGTHS = ("days", "weeks", "months", "years", "hours", "minutes")


def pages() -> tuple[Path, ...]:
    """The pages that have such a table, by name."""
    found = (*sorted(POLICIES.glob("*.md")), *sorted(CHINESE.glob("*.md")))
    return tuple(page for page in found if BEGIN in page.read_text(encoding="utf-8"))


def filled(page: Path) -> str:
    """The page with the table of its policy."""
    rules = load_policy(page.stem)
    table = "".join((chinese_terms if page.parent == CHINESE else terms)(rules))
    states = f"```mermaid\n{diagram(rules, lang='zh')}```\n"
    return LIFECYCLE.sub(lambda _: states, TABLE.sub(lambda _: table, page.read_text(encoding="utf-8")))


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


def chinese_terms(rules: Policy) -> Iterator[str]:
    """The same rows in Chinese, each label with its key; what repeats or is done at a rung is said too."""
    yield "| 时限 | 级别 | 期限 | 计算方式 | 依据 |\n|---|---|---|---|---|\n"
    words = PolicyWords(rules, "zh")
    for name, clock in rules.clocks.items():
        days = (term_label(clock.counting, "zh"),) if clock.counting in ("natural", "working") else ()
        how = "；".join((*days, *words.counted(clock)))
        for rung in clock.rungs:
            level = rung.labels.zh if rung.kind == "breach" else f"*{rung.labels.zh}*"
            after = "；".join(words.rung(clock, rung))
            source = (rung.source or clock.source).replace("|", " ")
            for english, chinese in IN_CHINESE.items():
                source = source.replace(english, chinese)
            yield f"| {clock.labels.zh} `{name}` | {level} `{rung.level}` | {after} | {how} | {source} |\n"


if __name__ == "__main__":
    for path in pages():
        path.write_text(filled(path), encoding="utf-8")
