"""What lives have met of a policy: actions by state, guards both ways, rungs; a table and a diagram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from caseflow.core.engine.machine import START, transitions
from caseflow.core.model import events as e
from caseflow.core.policy import Policy
from caseflow.i18n import Lang, text
from caseflow.views.mermaid import diagram

GUARD_OF = {
    "no-unit": ("unit_holds",),
    "no-reply": ("has_reply",),
    "already-rated": ("not_rated",),
    "returns-used-up": ("returns_left",),
    "reopens-used-up": ("reopens_left",),
    "clock-not-running": ("before_breach", "extensions_left"),
    "extensions-used-up": ("extensions_left",),
    "extension-too-long": ("extensions_left",),
    "after-breach": ("before_breach",),
    "no-extension-pending": ("extension_pending",),
    "extension-already-pending": ("no_extension_pending",),
    "rectification-not-linked": ("rectification_linked",),
    "rectification-open": ("rectifications_verified",),
    "helpers-owe": ("helpers_reported",),
    "no-way-back": ("way_back",),
    "times-used-up": ("times_left",),
    "not-yet": ("in_time",),
    "too-late": ("in_time",),
}
"""The code of a refusal -> the guards that may have said so."""
HEADS = ("actions", "guards", "levels")
"""The three kinds of what can be reached, by their keys in the catalogue."""


class Coverage:
    """Counts of what was reached; `wanted` and `missed` speak of the three kinds in `HEADS`.

    Attributes:
        taken: (state, action) -> how often it was accepted.
        held_back: (action, guard) -> how often the guard refused.
        fired: (clock, level) -> how often the rung fired.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.taken: Counter[tuple[str, str]] = Counter()
        self.held_back: Counter[tuple[str, str]] = Counter()
        self.fired: Counter[tuple[str, str]] = Counter()
        self.refusals: Counter[str] = Counter()

    def took(self, state: str, action: str) -> None:
        """An action was accepted in the state."""
        self.taken[state, action] += 1

    def refused(self, state: str, action: str, code: str) -> None:
        """An action was refused in the state, with the code."""
        self.refusals[code] += 1
        rule = self.policy.actions.get(action)
        guards = [guard for guard in (rule.guards if rule else ()) if guard in GUARD_OF.get(code, ())]
        if guards:
            self.held_back[action, guards[0]] += 1

    def saw(self, events: Iterable[e.Event]) -> None:
        """Events were recorded: rungs that fired, and what the system did by itself."""
        for event in events:
            if isinstance(event, e.RungEvent):
                self.fired[event.clock, event.level] += 1

    def wanted(self) -> tuple[frozenset[tuple[str, str]], ...]:
        """Everything there is to reach: (state, action), (action, guard with its outcome), (clock, level)."""
        guards = {
            (action, f"{guard} {outcome}")
            for action, rule in self.policy.actions.items()
            for guard in rule.guards
            for outcome in ("holds", "refuses")
        }
        rungs = {(clock, rung.level) for clock, rule in self.policy.clocks.items() for rung in rule.rungs}
        ways = {(way.state, way.action) for way in transitions(self.policy)}
        return frozenset(ways), frozenset(guards), frozenset(rungs)

    def reached(self) -> tuple[frozenset[tuple[str, str]], ...]:
        """What of `wanted` was reached, in the same order."""
        done = {action for _, action in self.taken}
        held = {(action, f"{guard} refuses") for action, guard in self.held_back}
        passed = {
            (action, f"{guard} holds") for action in done for guard in self.policy.actions[action].guards
        }
        ways, guards, rungs = self.wanted()
        return ways & self.taken.keys(), guards & (held | passed), rungs & self.fired.keys()

    def missed(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """What of `wanted` was never reached, each kind sorted."""
        return tuple(
            tuple(sorted(wanted - reached))
            for wanted, reached in zip(self.wanted(), self.reached(), strict=True)
        )

    def table(self, lang: Lang = "en") -> str:
        """A line for each kind: reached of all, and what was never reached."""
        lines: list[str] = []
        for head, wanted, missed in zip(HEADS, self.wanted(), self.missed(), strict=True):
            reached = len(wanted) - len(missed)
            lines.append(f"{text(f'proof.{head}', lang)}: {reached} / {len(wanted)}")
            if missed:
                lines.append(f"  {text('proof.never reached', lang)}: {', '.join(map(_said, missed))}")
        return "\n".join(lines)

    def diagram(self, lang: Lang = "en") -> str:
        """The lifecycle as a Mermaid diagram; states that no case ever was in are drawn dashed and red.

        Below it, as Mermaid comments, a line for each action that was never taken in a state.
        """
        drawn = diagram(self.policy, lang=lang)
        visited = {state for state, _ in self.taken} | {self._target(way) for way in self.taken}
        never = [state for state in self.policy.states if state not in visited]
        lines = [f"    %% {text('proof.never reached', lang)}: {_said(way)}" for way in self.missed()[0]]
        if never:
            lines.append("    classDef never stroke:#c00,stroke-dasharray:5 5,color:#c00")
            lines.append(f"    class {','.join(never)} never")
        return drawn + "".join(f"{line}\n" for line in lines)

    def _target(self, way: tuple[str, str]) -> str:
        return next(
            (move.target for move in transitions(self.policy) if (move.state, move.action) == way), ""
        )


def _said(pair: tuple[str, str]) -> str:
    return f"{pair[0] or START}.{pair[1]}"
