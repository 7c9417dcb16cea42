"""What people read for a policy's keys, for instants and days, and how many columns a text takes."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from caseflow.core.engine.actions import ACTIONS
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.policy import LinkRule, Rung
from caseflow.core.policy_keys import Named
from caseflow.core.time.instants import moment, office_days
from caseflow.core.value import Value
from caseflow.i18n import Lang, bracketed, story_text, text

BUILTIN_FIELDS = frozenset(name for action in ACTIONS.values() for name in action.fields)
"""The fields of the built-in actions, which a policy need have no labels for."""


def stage_label(stage: str, lang: Lang) -> str:
    """What a stage is called."""
    return text(f"stages.{stage}", lang)


def term_label(key: str, lang: Lang) -> str:
    """What is said of a clock's status or counting, or of a day of a count; the key itself for any other."""
    return text(f"words.{key}", lang)


def length_text(length: int | None, unit: str, counting: str, lang: Lang, *, base: str = "") -> str:
    """How long a rung gives: ``5 natural days``, ``2 months``, ``7 natural days before yellow card``.

    Args:
        length: ``None`` where the case itself says it, in a field; negative before another rung.
        unit: as in `ExplainedRung`.
        counting: the clock's, by which days are called.
        lang: the language.
        base: the label of that other rung, if it hangs on one.
    """
    if length is None:
        return text("lengths.of-case", lang)
    if unit == "percent":
        return text("terms.share", lang, n=length, level=base)
    words = text(f"lengths.{counting if unit == 'days' else unit}", lang, n=abs(length))
    if not base:
        return words
    return text("terms.before" if length < 0 else "terms.after", lang, length=words, level=base)


class PolicyLabels(Value):
    """The labels of a policy in one language; the key itself where there is none."""

    rules: CompiledPolicy
    lang: Lang

    def say(self, key: str, **data: Any) -> str:
        """The phrase of stories, drawings and calendars in this language."""
        return story_text(key, self.lang, **data)

    def time(self, us: int) -> str:
        """The instant in the office's zone."""
        return clock_time(us, self.rules.policy.timezone)

    def office(self) -> str:
        """The name of the policy, by which its office signs."""
        policy = self.rules.policy
        return policy.labels.get(self.lang, policy.name)

    def clock(self, name: str, subject: str = "") -> str:
        """The label of a clock, with its subject."""
        rule = self.rules.policy.clocks.get(name)
        label = rule.labels.get(self.lang, name) if rule else name
        return f"{label}{bracketed(subject, self.lang)}" if subject else label

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

    def field(self, name: str, action: str = "") -> str:
        """The label of an action's field; without an action, of that name in whichever action has it."""
        own = self.rules.fields.get(action, {}).get(name)
        if own is None and name not in BUILTIN_FIELDS:
            every = (fields[name] for fields in self.rules.fields.values() if name in fields)
            own = next((rule for rule in every if rule.labels.get(self.lang, "")), None)
        builtin = text(f"fields.{name}", self.lang) if name in BUILTIN_FIELDS else name
        return own.labels.get(self.lang, builtin) if own else builtin

    def choice(self, field: str, value: str, action: str) -> str:
        """The label of one of the choices that an action's field has; the value itself for any other."""
        rule = self.rules.fields.get(action, {}).get(field)
        labels = None if rule is None else rule.choice_labels.get(value)
        return value if labels is None else labels.get(self.lang, value)

    def role(self, name: str) -> str:
        """The label of a role."""
        role = self.rules.policy.roles.get(name)
        return role.labels.get(self.lang, name) if role else name

    def named(self, table: Mapping[str, Named | LinkRule], key: str) -> str:
        """The label of a kind, a reason code or a type of link."""
        return table[key].labels.get(self.lang, key) if key in table else key

    def state(self, key: str) -> str:
        """The label of a state."""
        state = self.rules.policy.states.get(key)
        return state.labels.get(self.lang, key) if state else key


def clock_time(us: int, zone: str) -> str:
    """An instant (epoch microseconds) in the zone, for people: ``2025-01-26 00:00``.

    Seconds only where they are not zero; a part of a second is left out, so that what is shown is never
    later than the instant. The offset stands there only where summer time makes the same hour happen twice.
    """
    at = moment(us, zone).replace(microsecond=0)
    local = at.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds" if at.second else "minutes")
    is_twice = at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()
    return local + at.isoformat()[-6:] if is_twice else local


def last_day(breach_us: int, zone: str) -> date:
    """The day in the zone on which an act is last on time, given the first instant that is late."""
    return date.fromordinal(office_days(zone).day_of(breach_us - 1))


def width(text: str) -> int:
    """The columns a terminal with a fixed pitch gives the text: a Chinese character takes two."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def padded(text: str, columns: int) -> str:
    """The text, with spaces up to so many columns."""
    return text + " " * (columns - width(text))


def shortened(text: str, columns: int) -> str:
    """The text, or as much of it as fits before a ``…``."""
    if width(text) <= columns:
        return text
    kept, used = list[str](), 1
    for character in text:
        used += _width(character)
        if used > columns:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
