"""A policy drawn as a Mermaid state diagram, its states grouped by stage."""

from __future__ import annotations

from typing import Literal

from caseflow.core.lifecycle import machine
from caseflow.core.policy import Policy
from caseflow.core.rules import START
from caseflow.core.terms import Stage


def diagram(policy: Policy, *, lang: Literal["en", "zh"] = "en") -> str:
    """Mermaid text (``stateDiagram-v2``): every move between two states, drawn from the stock machine.

    Actions that stay where the case is are left out; moves between the same two states share an arrow.
    """
    lines = ["stateDiagram-v2", "    direction LR"]
    for stage in Stage:
        states = [name for name, state in policy.states.items() if state.stage == stage]
        if states:
            lines.append(f'    state "{stage.value}" as stage_{stage.value} {{')
            lines += [
                f"        {name} : {_text(policy.states[name].labels.get(lang, name))}" for name in states
            ]
            lines.append("    }")
    arrows: dict[tuple[str, str], list[str]] = {}
    stock = machine(policy)
    for action in stock.events:
        label = policy.actions[action].labels.get(lang, action)
        for source, ways in stock.events[action].transitions.items():
            for way in ways:
                if way.dest is not None and way.dest != source:
                    names = arrows.setdefault((source, way.dest), [])
                    if label not in names:
                        names.append(label)
    for (source, target), names in arrows.items():
        begin = "[*]" if source == START else source
        lines.append(f"    {begin} --> {target} : {_text(', '.join(names))}")
    lines += [f"    {name} --> [*]" for name, state in policy.states.items() if state.final]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return text.replace(":", " ").replace("\n", " ").replace(";", ",")
