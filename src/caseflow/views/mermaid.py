"""Mermaid texts: a policy as a state diagram, and a case's life as a Gantt chart."""

from __future__ import annotations

from caseflow.core.engine.machine import START, machine
from caseflow.core.policy import Policy, Stage
from caseflow.core.time.instants import moment
from caseflow.i18n import Lang, bracketed, story_text
from caseflow.views.labels import stage_label
from caseflow.views.lifeline import AHEAD, ANNULLED, PAST, ClockLine, Lifeline, RungMark


def diagram(policy: Policy, *, lang: Lang = "en") -> str:
    """Mermaid text (``stateDiagram-v2``): every move between two states, drawn from the stock machine.

    States stand in boxes by stage. Actions that stay where the case is are left out; moves between the same
    two states share an arrow.
    """
    lines = ["stateDiagram-v2", "    direction LR"]
    for stage in Stage:
        states = [name for name, state in policy.states.items() if state.stage == stage]
        if states:
            lines.append(f'    state "{stage_label(stage, lang)}" as stage_{stage.value} {{')
            lines += [
                f"        {name} : {_text(policy.states[name].labels.get(lang, name))}" for name in states
            ]
            lines.append("    }")
    for (source, target), names in _arrows(policy, lang).items():
        begin = "[*]" if source == START else source
        lines.append(f"    {begin} --> {target} : {', '.join(map(_text, names))}")
    lines += [f"    {name} --> [*]" for name, state in policy.states.items() if state.final]
    return "\n".join(lines) + "\n"


def _arrows(policy: Policy, lang: Lang) -> dict[tuple[str, str], list[str]]:
    """From state and to state -> the labels of the actions that lead there, each once."""
    arrows: dict[tuple[str, str], list[str]] = {}
    stock = machine(policy)
    for action in stock.events:
        label = policy.actions[action].labels.get(lang, action)
        for source, transitions in stock.events[action].transitions.items():
            for transition in transitions:
                if transition.dest is not None and transition.dest != source:
                    names = arrows.setdefault((source, transition.dest), [])
                    if label not in names:
                        names.append(label)
    return arrows


def gantt(life: Lifeline, *, lang: Lang = "en") -> str:
    """Mermaid text (``gantt``): states as bars, then each clock with its pauses and its rungs as milestones.

    Times are the office's wall clock, to the second. Fired cards are critical, rungs still to come plain.
    """
    lines = [
        "gantt",
        f"    title {_text(life.title)}",
        "    dateFormat YYYY-MM-DDTHH:mm:ss",
        "    axisFormat %m-%d",
        f"    section {story_text('states', lang)}",
    ]
    lines += [_bar(life, state.label, "", state.begin_us, state.end_us) for state in life.states]
    if len(life.units) > 1:
        lines.append(f"    section {story_text('units', lang)}")
        lines += [_bar(life, unit.label, "", unit.begin_us, unit.end_us) for unit in life.units]
    for clock in life.clocks:
        lines.append(f"    section {_text(clock.label)}")
        lines += _clock(life, clock, lang)
    return "\n".join(lines) + "\n"


def _clock(life: Lifeline, clock: ClockLine, lang: Lang) -> list[str]:
    tag = "active, " if clock.is_open else "done, "
    lines = [_bar(life, clock.label, tag, clock.begin_us, clock.end_us)]
    lines += [
        _bar(life, story_text("pause", lang), "", pause.begin_us, pause.end_us)
        for pause in clock.pauses
        if pause.end_us > pause.begin_us
    ]
    return lines + [_milestone(life, rung, lang) for rung in clock.rungs if rung.status != PAST]


def _milestone(life: Lifeline, rung: RungMark, lang: Lang) -> str:
    tag = "" if rung.status == AHEAD else "crit, " if rung.breach else "done, "
    label = (
        f"{rung.label}{bracketed(story_text('annulled', lang), lang)}"
        if rung.status == ANNULLED
        else rung.label
    )
    return f"    {_text(label)} :{tag}milestone, {_time(life, rung.at_us)}, 0d"


def _bar(life: Lifeline, label: str, tag: str, begin_us: int, end_us: int) -> str:
    return f"    {_text(label)} :{tag}{_time(life, begin_us)}, {_time(life, end_us)}"


def _time(life: Lifeline, us: int) -> str:
    return moment(us, life.zone).strftime("%Y-%m-%dT%H:%M:%S")


def _text(text: str) -> str:
    """Text that ends no Mermaid word: without colons, semicolons, number signs and line breaks."""
    clean = "".join(" " if not c.isprintable() or c in ":;#,%" else c for c in text)
    return " ".join(clean.split()) or "–"
