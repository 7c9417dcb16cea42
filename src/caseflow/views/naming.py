"""What people call the parts of a policy: clocks, levels, actions, states, kinds."""

from __future__ import annotations

from typing import Any

from caseflow.core.policy import Named, Rung
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.views.story_words import Lang, phrase
from caseflow.views.times import clock_time


@value
class Naming(Value):
    """The labels of a policy in one language; the key itself where there is none."""

    rules: Rules
    lang: Lang

    def say(self, key: str, **data: Any) -> str:
        """The phrase in the story's language."""
        return phrase(key, self.lang, **data)

    def time(self, us: int) -> str:
        """The instant in the office's zone."""
        return clock_time(us, self.rules.policy.timezone)

    def clock(self, name: str, subject: str = "") -> str:
        """The label of a clock, with its subject."""
        rule = self.rules.policy.clocks.get(name)
        label = rule.labels.get(self.lang, name) if rule else name
        return f"{label} ({subject})" if subject else label

    def rung(self, clock: str, level: str) -> Rung | None:
        """The policy's rung of that level."""
        rule = self.rules.policy.clocks.get(clock)
        return next((rung for rung in rule.rungs if rung.level == level), None) if rule else None

    def level(self, clock: str, level: str) -> str:
        """The label of a rung."""
        rung = self.rung(clock, level)
        return rung.labels.get(self.lang, level) if rung else level

    def action(self, name: str) -> str:
        """The label of an action."""
        rule = self.rules.policy.actions.get(name)
        return rule.labels.get(self.lang, name) if rule else name

    def named(self, table: dict[str, Named], key: str) -> str:
        """The label of a kind or a reason code."""
        return table[key].labels.get(self.lang, key) if key in table else key

    def state(self, key: str) -> str:
        """The label of a state."""
        state = self.rules.policy.states.get(key)
        return state.labels.get(self.lang, key) if state else key
