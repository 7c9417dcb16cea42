"""The details of each event as a story tells them: units, texts, clocks, and what became of deadlines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from caseflow.core import events as e
from caseflow.core.case import Case, ClockRun
from caseflow.core.clocks import ClockPlan
from caseflow.core.counting import Counting
from caseflow.core.policy import Rung
from caseflow.core.values import value
from caseflow.views.naming import Naming
from caseflow.views.story_words import event_word
from caseflow.views.times import clock_time, last_day

_COMMON = frozenset(field.name for field in attrs.fields(e.Event))  # type: ignore[arg-type]  # a `value` is one


@value
class Telling(Naming):
    """An event and what surrounds it: the case before and after, and its texts."""

    before: Case
    case: Case
    event: e.Event
    said: dict[str, str]

    def is_by_days(self, clock: str) -> bool:
        """Whether the clock counts whole days."""
        rule = self.rules.policy.clocks.get(clock)
        return rule is not None and rule.counting != Counting.ELAPSED

    def run(self, case: Case, key: tuple[str, str, int]) -> ClockRun | None:
        """The clock instance of that key."""
        return next((run for run in case.clocks if run.key == key), None)


def details(telling: Telling) -> Iterator[str]:
    """The parts of the event's detail, in order; some may be empty."""
    event = telling.event
    if isinstance(event, e.RungEvent):
        yield from _rung(telling, event)
        return
    own = _OWN.get(type(event), _fields)
    yield from own(telling, event)
    if "text" in telling.said:
        yield telling.said["text"]
    if "reason" in telling.said:
        yield telling.say("reason", text=telling.said["reason"])
    for change in event.clocks:
        yield from _clock(telling, change)


def _rung(telling: Telling, event: e.RungEvent) -> Iterator[str]:
    yield telling.clock(event.clock, event.subject)
    plan, rung = telling.rules.plan.get(event.clock), telling.rung(event.clock, event.level)
    run = telling.run(telling.before, (event.clock, event.subject, event.cycle))
    if plan is not None and rung is not None:
        yield _span(telling, plan, rung, run)
    if event.cycle > 1:
        yield telling.say("cycle", n=event.cycle)
    if isinstance(event, e.CardIssued) and telling.is_by_days(event.clock):
        yield telling.say("last day", day=last_day(event.at_us, telling.rules.policy.timezone))
    if telling.before.facts.past_units:
        yield event.unit or telling.say("nobody")
    if event.inherited:
        yield telling.say("inherited")
    if event.skipped and plan is not None:
        action = telling.action(plan.then.get(event.level, ""))
        yield telling.say("skipped", action=action, code=event.skipped)


def _span(telling: Telling, plan: ClockPlan, rung: Rung, run: ClockRun | None) -> str:
    """How long the rung gave, and by how much it was extended."""
    text = telling.say("hours" if rung.hours else plan.rule.counting, n=rung.hours or rung.days)
    if run is None or not run.grants:
        return text
    span = plan.spans[plan.rule.rungs.index(rung)]
    longer = plan.extended_span(span, run.since_us, run.pauses, run.grants).days - span.days
    return telling.say("granted", span=text, n=longer) if longer else text


def _clock(telling: Telling, change: e.ClockChange) -> Iterator[str]:
    """What the change did to a clock that people should know: pauses, revivals, moved deadlines."""
    key = (change.clock, change.subject, change.cycle)
    before, after = telling.run(telling.before, key), telling.run(telling.case, key)
    name = telling.clock(change.clock, change.subject)
    if after is None:
        return
    if before is None:
        if after.is_paused:
            yield telling.say("paused", clock=name)
        return
    if before.status == "stopped" and after.is_running and len(after.pauses) > len(before.pauses):
        yield telling.say("revived", clock=name, at=telling.time(after.pauses[-1][0]))
    elif after.is_running and after.is_paused > before.is_paused:
        yield telling.say("paused", clock=name)
    elif before.is_paused > after.is_paused or (after.is_running and not before.is_running):
        yield telling.say("runs on", clock=name)
    moved = before.deadline_us != after.deadline_us and after.is_running
    if moved and isinstance(telling.event, e.ExtensionGranted | e.RulesAdopted):
        yield _deadline(telling, "" if isinstance(telling.event, e.ExtensionGranted) else name, after)


def _deadline(telling: Telling, name: str, run: ClockRun) -> str:
    """The clock's deadline as it now is; the name is left out where the line has it already."""
    due = run.deadline_us
    if due is None:
        text = telling.say("no last day")
    elif telling.is_by_days(run.clock):
        text = telling.say("last day", day=last_day(due, telling.rules.policy.timezone))
    else:
        text = telling.say("due", at=telling.time(due))
    return f"{name} {text}".lstrip()


def _submitted(telling: Telling, event: e.Submitted | e.Adopted) -> Iterator[str]:
    yield event.unit
    yield telling.named(telling.rules.policy.kinds, event.origin.kind)


def _taken_over(telling: Telling, event: e.Adopted) -> Iterator[str]:
    yield from _submitted(telling, event)
    yield telling.state(telling.case.state)


def _unit(telling: Telling, event: e.Routed | e.Transferred | e.CoHandlerAdded) -> Iterator[str]:
    yield event.unit


def _reported(telling: Telling, event: e.Reported) -> Iterator[str]:
    yield event.by.unit


def _rated(telling: Telling, event: e.Rated) -> Iterator[str]:
    yield telling.say("score", n=event.score)
    if event.automatic:
        yield telling.say("automatic")


def _assessed(telling: Telling, event: e.Assessed) -> Iterator[str]:
    yield telling.say("efficiency", n=event.efficiency)
    yield telling.say("effect", n=event.effect)


def _rejected(telling: Telling, event: e.Rejected) -> Iterator[str]:
    yield telling.named(telling.rules.policy.reasons, event.code)


def _merged(telling: Telling, event: e.Merged) -> Iterator[str]:
    yield telling.say("into", case=event.primary)


def _followed(telling: Telling, event: e.Followed) -> Iterator[str]:
    yield telling.say("by", case=event.follower)


def _reopened(telling: Telling, event: e.Reopened) -> Iterator[str]:
    yield telling.say("cycle", n=telling.case.facts.cycle)


def _extension(telling: Telling, event: e.ExtensionRequested | e.ExtensionGranted) -> Iterator[str]:
    yield telling.clock(event.clock)
    yield telling.say("days", n=event.days)


def _attached(telling: Telling, event: e.Attached) -> Iterator[str]:
    yield telling.said.get("name", "")
    yield event.media_type
    yield telling.say("bytes", n=event.size)


def _redacted(telling: Telling, event: e.Redacted) -> Iterator[str]:
    yield from event.fields
    yield event.basis


def _annulled(telling: Telling, event: e.CardAnnulled) -> Iterator[str]:
    label = telling.level(event.clock, event.level)
    yield telling.say("card of", label=label, at=telling.time(event.issued_us))
    yield telling.say("because", event=event_word(event.cause, telling.lang))


def _adopted(telling: Telling, event: e.RulesAdopted) -> Iterator[str]:
    policy = telling.rules.policy
    yield f"{policy.labels.get(telling.lang, policy.name)} {policy.version}"


def _acted(telling: Telling, event: e.Acted) -> Iterator[str]:
    rules = telling.rules.fields.get(event.action, {})
    for name, found in event.fields:
        is_instant = name in rules and rules[name].type == "instant"
        yield f"{name} {clock_time(found, telling.rules.policy.timezone) if is_instant else found}"


def _strange(telling: Telling, event: e.UnknownEvent) -> Iterator[str]:
    yield telling.say("unknown")


def _fields(telling: Telling, event: e.Event) -> Iterator[str]:
    """The event's own fields that say something, as they are."""
    for field in attrs.fields(type(event)):  # type: ignore[arg-type]  # as above
        found = getattr(event, field.name)
        if field.name not in _COMMON and isinstance(found, str | int) and found:
            yield str(found)


_OWN: dict[type[e.Event], Callable[[Telling, Any], Iterator[str]]] = {
    e.Submitted: _submitted,
    e.Adopted: _taken_over,
    e.Routed: _unit,
    e.Transferred: _unit,
    e.CoHandlerAdded: _unit,
    e.Reported: _reported,
    e.Rated: _rated,
    e.Assessed: _assessed,
    e.Rejected: _rejected,
    e.Merged: _merged,
    e.Followed: _followed,
    e.Reopened: _reopened,
    e.ExtensionRequested: _extension,
    e.ExtensionGranted: _extension,
    e.Attached: _attached,
    e.Redacted: _redacted,
    e.CardAnnulled: _annulled,
    e.RulesAdopted: _adopted,
    e.Acted: _acted,
    e.UnknownEvent: _strange,
}
"""What an event says of its own; any other says its fields as they are."""
