"""A case's life as a Mermaid Gantt chart."""

from __future__ import annotations

from caseflow.core.instants import moment
from caseflow.views.lifeline import AHEAD, PAST, ClockLine, Lifeline
from caseflow.views.story_words import Lang, phrase


def gantt(life: Lifeline, *, lang: Lang = "en") -> str:
    """Mermaid text (``gantt``): states as bars, then each clock with its pauses and its rungs as milestones.

    Times are the office's wall clock. Fired cards are critical, rungs still to come plain.
    """
    lines = [
        "gantt",
        f"    title {_text(life.title)}",
        "    dateFormat YYYY-MM-DDTHH:mm:ss",
        "    axisFormat %m-%d",
        f"    section {phrase('states', lang)}",
    ]
    lines += [_bar(life, state.label, "", state.begin_us, state.end_us) for state in life.states]
    if len(life.units) > 1:
        lines.append(f"    section {phrase('units', lang)}")
        lines += [_bar(life, unit.label, "", unit.begin_us, unit.end_us) for unit in life.units]
    for clock in life.clocks:
        lines.append(f"    section {_text(clock.label)}")
        lines += _clock(life, clock, lang)
    return "\n".join(lines) + "\n"


def _clock(life: Lifeline, clock: ClockLine, lang: Lang) -> list[str]:
    tag = "active, " if clock.is_open else "done, "
    lines = [_bar(life, clock.label, tag, clock.begin_us, clock.end_us)]
    lines += [
        _bar(life, phrase("pause", lang), "", pause.begin_us, pause.end_us)
        for pause in clock.pauses
        if pause.end_us > pause.begin_us
    ]
    for rung in clock.rungs:
        if rung.status != PAST:
            tag = "" if rung.status == AHEAD else "crit, " if rung.breach else "done, "
            label = rung.label + ("" if rung.status != "annulled" else f" ({phrase('annulled', lang)})")
            lines.append(f"    {_text(label)} :{tag}milestone, {_time(life, rung.at_us)}, 0d")
    return lines


def _bar(life: Lifeline, label: str, tag: str, begin: int, end: int) -> str:
    return f"    {_text(label)} :{tag}{_time(life, begin)}, {_time(life, end)}"


def _time(life: Lifeline, us: int) -> str:
    return moment(us, life.zone).strftime("%Y-%m-%dT%H:%M:%S")


def _text(text: str) -> str:
    """Text that ends no Mermaid word: without colons, semicolons, number signs and line breaks."""
    clean = "".join(" " if not c.isprintable() or c in ":;#,%" else c for c in text)
    return " ".join(clean.split()) or "–"
