"""A policy's terms and limits in words: each clock with its ladder, then what acts, states and units add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.policy import (
    Action,
    CalendarSource,
    ClockRule,
    ExtensionRule,
    Policy,
    Rung,
    UnitRule,
    field_name,
)
from caseflow.core.time.span import length_of
from caseflow.i18n import Lang, bracketed, mark, text
from caseflow.views.labels import PolicyLabels, length_text, padded, width

COLUMNS = 80
INDENT = "  "

INQUIRY = ("kind", "channel", "region", "urgency", "unit")
"""Built-in fields that a condition may name, which a policy has no labels for."""
COUNTED = {
    ("counting", "elapsed"): "time-elapsed",
    ("counting", "office"): "time-office",
    ("roll", "next-working-day"): "rolls",
    ("first", "same-day"): "first-same-day",
    ("first", "next-working-day"): "first-next-working-day",
    ("ends", "closing"): "closing",
    ("paused_day", "touched"): "paused-touched",
    ("paused_day", "whole"): "paused-whole",
}
"""A key of a clock and its value -> what tells of it; another value goes without saying."""
CHOSEN = {"region": "by-region", "unit": "by-unit"}

Line = tuple[str, tuple[str, ...]]
"""The key of what stands at the left, and the parts that stand at the right."""


def policy_terms(policy: Policy, *, lang: Lang = "en") -> str:
    """The terms of a policy for people, at most 80 columns wide where its words allow.

    Only what the policy says is told: a key at its default has no line. Sources are left out.
    """
    words = PolicyWords(policy, lang)
    head = f"{policy.name} {policy.version}  {policy.labels.get(lang, '')}".rstrip()
    lines = [head, f"{words.say('zone')} {policy.timezone}"]
    for section, entries in words.sections():
        kept = [(name, tuple(rows)) for name, rows in entries]
        kept = [(name, rows) for name, rows in kept if rows]
        lines += ["", words.say(section)] if kept else []
        for name, rows in kept:
            lines += ["", name] if section == "clocks" else [name]
            lines += words.told(rows)
    return "\n".join(lines) + "\n"


class PolicyWords:
    """What each part of a policy says, in one language."""

    def __init__(self, policy: Policy, lang: Lang) -> None:
        self._policy = policy  # as it is written: repeated rungs are one
        self._labels = PolicyLabels(CompiledPolicy(policy), lang)
        self._lang = lang

    def say(self, key: str, **values: Any) -> str:
        """The phrase of a policy's terms in this language."""
        return text(f"terms.{key}", self._lang, **values)

    def sections(self) -> Iterator[tuple[str, Iterator[tuple[str, Iterator[Line]]]]]:
        """Heading -> each entry by its label, with its lines."""
        policy, labels = self._policy, self._labels
        yield "clocks", ((labels.clock(name), self._clock(clock)) for name, clock in policy.clocks.items())
        yield "actions", ((labels.action(name), self._action(rule)) for name, rule in policy.actions.items())
        yield (
            "states",
            ((labels.state(name), self._keeps(rule.keeps)) for name, rule in policy.states.items()),
        )
        yield (
            "units",
            ((rule.labels.get(self._lang, name), self._unit(rule)) for name, rule in policy.units.items()),
        )
        yield "calendars", ((name, self._calendar(rule)) for name, rule in policy.calendars.items())

    def told(self, rows: tuple[Line, ...]) -> Iterator[str]:
        """The lines of an entry, their parts in a column of their own and wrapped there."""
        heads = [self.say(key) for key, _ in rows]
        gap = max(map(width, heads)) + 2
        for head, (_, parts) in zip(heads, rows, strict=True):
            for place, line in enumerate(self._wrapped(parts, COLUMNS - len(INDENT) - gap)):
                yield f"{INDENT}{padded('' if place else head, gap)}{line}"

    def _wrapped(self, parts: tuple[str, ...], columns: int) -> Iterator[str]:
        """The parts with semicolons between, broken after one or, in a part that is too long, at a blank."""
        mark, line = self.say("between"), ""
        for part in parts:
            last = mark.rstrip() if part is not parts[-1] else ""
            for place, piece in enumerate(f"{part}{last}".split(" ")):
                between = (" " if place or mark.endswith(" ") else "") if line else ""
                if line and width(line + between + piece) > columns:
                    yield line
                    line = piece
                else:
                    line += between + piece
        if line:
            yield line

    # -- clocks --------------------------------------------------------------------------------------------

    def _clock(self, clock: ClockRule) -> Iterator[Line]:
        for verb in ("start", "restart", "stop", "pause", "resume", "revive", "cancel"):
            targets = getattr(clock, verb)
            if targets:
                yield verb, tuple(map(self._target, targets))
        if clock.since:
            yield "since", (self._named(clock.since),)
        if clock.subject:
            yield "subject", (self._named(clock.subject),)
        condition = (
            *self._values("is", clock.when.admits),
            *self._values("is-not", clock.when.excludes),
        )
        if condition:
            yield "when", condition
        counted = tuple(self.counted(clock))
        if counted:
            yield "counted", counted
        for rung in clock.rungs:
            length, *more = self.rung(clock, rung)
            yield rung.kind, (self.say("rung", level=self._level(rung), length=length), *more)
        if clock.extension is not None:
            yield "extension", tuple(self._extension(clock, clock.extension))

    def _target(self, target: str) -> str:
        kind, _, name = target.partition(":")
        if kind == "state":
            return self.say("entering", state=self._labels.state(name))
        return (
            self.say("end-of", clock=self._labels.clock(name))
            if kind == "end"
            else self._labels.action(target)
        )

    def _named(self, name: str) -> str:
        """A field, an act, or a kind of subject."""
        field = field_name(name)
        if field:
            return self._field(field)
        return self.say(name) if name in ("unit", "co_handler") else self._labels.action(name)

    def _field(self, name: str) -> str:
        return self.say(name) if name in INQUIRY else self._labels.field(name)

    def _values(self, key: str, table: Mapping[str, tuple[Any, ...]]) -> Iterator[str]:
        for name, values in table.items():
            shown = " / ".join(self._value(name, value) for value in values)
            yield self.say(key, field=self._field(name), values=shown)

    def _value(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return self.say("yes" if value else "no")
        if value == "":
            return self.say("nothing")
        return self._labels.named(self._policy.kinds, value) if name == "kind" else str(value)

    def counted(self, clock: ClockRule) -> Iterator[str]:
        """How a clock counts, as far as that does not go without saying."""
        for (key, value), word in COUNTED.items():
            if getattr(clock, key) == value:
                yield self.say(word)
        if clock.calendar:
            yield self.say("calendar", name=clock.calendar)
        if clock.cut_off:
            yield self.say("cut-off", time=clock.cut_off)

    def rung(self, clock: ClockRule, rung: Rung) -> Iterator[str]:
        """How long a rung gives, how often it comes again, and what is done then."""
        yield self._length(clock, rung)
        if rung.every is not None:
            length = length_text(rung.every, "days", clock.counting, self._lang)
            yield self.say("again", length=length, times=self.say("times", n=rung.times))
        if rung.then:
            fields = " ".join(
                bracketed(f"{name}{mark('colon', self._lang)}{value}", self._lang).strip()
                for name, value in rung.fields.items()
            )
            yield f"{self.say('then', action=self._labels.action(rung.then))} {fields}".rstrip()

    def _length(self, clock: ClockRule, rung: Rung) -> str:
        unit, amount = length_of(rung)
        level = next((self._level(other) for other in clock.rungs if other.level == rung.of), rung.of)
        if rung.at:
            return self.say("at-field", field=self._field(field_name(rung.at)))
        if rung.percent is not None:
            return length_text(rung.percent, "percent", clock.counting, self._lang, base=level)
        if isinstance(amount, str):
            return self.say("days-field", field=self._field(field_name(amount)))
        return length_text(amount, unit, clock.counting, self._lang, base=level)

    def _level(self, rung: Rung) -> str:
        return rung.labels.get(self._lang, rung.level)

    def _extension(self, clock: ClockRule, rule: ExtensionRule) -> Iterator[str]:
        yield self.say("times", n=rule.times)
        unit, amount = length_of(rule)
        if isinstance(amount, int) and unit:
            yield self.say("at-most", length=length_text(amount, unit, clock.counting, self._lang))
        if rule.until:
            yield self.say("to-a-date")
        if rule.by:
            yield self.say("by-roles", roles=" / ".join(map(self._labels.role, rule.by)))

    # -- the rest ------------------------------------------------------------------------------------------

    def _action(self, rule: Action) -> Iterator[Line]:
        if rule.at_most is not None:
            yield "limit", (self.say("in-a-cycle", times=self.say("times", n=rule.at_most)),)
        if rule.within is not None:
            unit, amount = length_of(rule.within)
            length = length_text(int(amount), unit, rule.within.counting, self._lang)
            yield "within", (self.say("after", length=length, level=self._labels.action(rule.within.of)),)
        needed = (*rule.required, *(name for name, field in rule.fields.items() if field.required))
        for key, names in (
            ("required", dict.fromkeys(needed)),
            ("fields", [name for name in rule.fields if name not in needed]),
            ("updates", rule.updates),
        ):
            if names:
                yield key, tuple(map(self._field, names))
        if "helpers_reported" in rule.guards:
            yield "waits", (self.say("helpers"),)
        if "back" in rule.moves.values():
            yield "leads", (self.say("back"),)

    def _keeps(self, state: str) -> Iterator[Line]:
        if state:
            yield "keeps", (self.say("its-stage") if state == "stage" else self._labels.state(state),)

    def _unit(self, rule: UnitRule) -> Iterator[Line]:
        for key in ("parent", "lead"):
            other = getattr(rule, key)
            if other:
                named = self._policy.units.get(other)
                yield key, (named.labels.get(self._lang, other) if named else other,)
        if rule.timezone:
            yield "zone", (rule.timezone,)

    def _calendar(self, rule: CalendarSource) -> Iterator[Line]:
        place = " ".join(part for part in (rule.country, rule.subdivision) if part)
        yield "from", tuple(part for part in (rule.file or rule.provider, place) if part)
        if rule.weekend:
            yield "weekend", rule.weekend
        if rule.last:
            yield "last", (rule.last,)
        if rule.hours:
            yield "hours", rule.hours
        for key in ("half", "closed"):
            days = getattr(rule, key)
            if days:
                yield key, tuple(days)
        if rule.by:
            others = (f"{name}{mark('colon', self._lang)}{calendar}" for name, calendar in rule.of.items())
            yield "chosen", (self.say(CHOSEN[rule.by]), *others)
