"""Every measure once more, by plain Python over the histories: what boards are held to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from caseflow.core.model import events as e
from caseflow.core.policy import Policy
from caseflow.views.rates import Rate

EPOCH = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))
REPLY_CLOCKS = {"reply"}


@attrs.define
class Cycle:
    """A cycle as it is told by the events."""

    number: int
    begun: int
    replies: list[list[int | None]] = attrs.field(factory=list[Any])
    """Instant, and when it was taken back."""
    completed: int | None = None
    ratings: list[e.Rated] = attrs.field(factory=list[e.Rated])
    ended: int | None = None
    outcome: str = "open"

    @property
    def replied(self) -> int | None:
        return min((at for at, gone in self.replies if gone is None and at is not None), default=None)

    @property
    def rating(self) -> e.Rated | None:
        """The last one, unless every reply before it was taken back."""
        if not self.ratings:
            return None
        last = max(reversed(self.ratings), key=lambda one: one.since_us)
        before = [gone for at, gone in self.replies if at is not None and at <= last.since_us]
        return last if not before or None in before else None


class Life:
    """A case as its events tell it, the policy beside them."""

    def __init__(self, case_id: str, events: Sequence[e.Event], policy: Policy) -> None:
        self.events, self.policy = events, policy
        first = events[0]
        assert isinstance(first, e.Submitted)
        self.submitted, self.origin = first.since_us, first.origin
        self.zone = ZoneInfo(
            next((x.zone for x in reversed(events) if isinstance(x, e.Migrated)), first.origin.zone)
        )
        turns = [(first.since_us, first.unit)]
        turns += [
            (event.since_us, getattr(event, "unit", ""))
            for event in events
            if isinstance(event, e.Routed | e.Transferred | e.Returned)
        ]
        self.turns = sorted(turns, key=lambda turn: turn[0])
        self.led = [turn for event in events if isinstance(event, e.Resumed) for turn in event.led]
        begins = [first.since_us, *(x.since_us for x in events if isinstance(x, e.Reopened))]
        self.cycles = [Cycle(number, begun) for number, begun in enumerate(begins, start=1)]
        self._tell()

    def cycle_at(self, us: int) -> Cycle:
        return self.cycles[sum(cycle.begun <= us for cycle in self.cycles[1:])]

    def _tell(self) -> None:
        current, state = self.cycles[0], ""
        for event in self.events:
            since = event.since_us
            match event:
                case e.Reopened():
                    current = self.cycles[current.number]
                case e.Replied():
                    cycle = self.cycle_at(since)
                    later = [gone for _, gone in cycle.replies if gone is not None and gone > since]
                    cycle.replies.append([since, min(later, default=None)])
                case e.ReplyRetracted():
                    for reply in self.cycle_at(since).replies:
                        at, gone = reply
                        if at is not None and at <= since and (gone is None or gone > since):
                            reply[1] = since
                case e.Completed():
                    cycle = self.cycle_at(since)
                    cycle.completed = since if cycle.completed is None else min(cycle.completed, since)
                case e.Rated():
                    self.cycle_at(since).ratings.append(event)
                case _:
                    pass
            if event.to is not None:
                if not event.to.final:
                    current.ended, current.outcome = None, "open"
                elif event.to.state != state or current.outcome == "open":
                    current.ended, current.outcome = since, _outcome(event)
                state = event.to.state

    def holder(self, us: int) -> str:
        for begin, end, unit in self.led:
            if begin < us <= end:
                return unit
        units = [unit for since, unit in self.turns if since < us]
        return units[-1] if units else self.turns[0][1]

    def unit_of(self, cycle: Cycle) -> str:
        if cycle.replied is not None:
            return self.holder(cycle.replied)
        is_last = cycle is self.cycles[-1]
        return self.turns[-1][1] if is_last else self.holder(self.cycles[cycle.number].begun)

    def day(self, us: int) -> date:
        return (EPOCH + timedelta(microseconds=us)).astimezone(self.zone).date()

    @property
    def counts(self) -> bool:
        return self.cycles[-1].outcome not in self.policy.not_counted

    def cards(self) -> Iterator[tuple[e.CardIssued, bool]]:
        """Each card, and whether it stands."""
        cards: list[list[Any]] = []
        for event in self.events:
            if isinstance(event, e.CardIssued):
                cards.append([event, True])
            elif isinstance(event, e.CardAnnulled):
                key = (event.clock, event.subject, event.cycle, event.level, event.issued_us)
                for card in cards:
                    one = card[0]
                    if card[1] and (one.clock, one.subject, one.cycle, one.level, one.at_us) == key:
                        card[1] = False
        yield from ((card, stands) for card, stands in cards)

    def late(self, cycle: Cycle) -> bool:
        return any(
            stands and card.clock in REPLY_CLOCKS and card.cycle == cycle.number
            for card, stands in self.cards()
        )

    def on_time(self, cycle: Cycle) -> bool | None:
        if self.late(cycle):
            return False
        return None if cycle.replied is None else True


def _outcome(event: e.Event) -> str:
    named = {e.Withdrawn: "withdrawn", e.Rejected: "rejected", e.Merged: "merged"}
    return named.get(type(event), "closed")


Fact = tuple[date, str, Any]
"""The day by which it falls into a period, the unit, and what is counted."""


def facts(life: Life) -> Iterator[tuple[str, Fact]]:
    """``(measure, fact)`` of everything that a case has to be counted."""
    last = life.cycles[-1]
    ends = {"withdrawn": "withdrawn", "rejected": "rejected", "merged": "merged"}
    for cycle in life.cycles:
        if cycle.outcome in ends and cycle.ended is not None:
            yield cycle.outcome, (life.day(cycle.ended), life.unit_of(cycle), None)
    if not life.counts:
        return
    submitted = life.day(life.submitted)
    for cycle in life.cycles:
        unit, replied, on_time = life.unit_of(cycle), cycle.replied, life.on_time(cycle)
        begun = life.day(cycle.begun)
        yield ("received" if cycle.number == 1 else "reopened"), (begun, unit, None)
        if cycle.completed is not None:
            yield "completed", (life.day(cycle.completed), unit, None)
        if replied is not None:
            day = life.day(replied)
            yield "replied", (day, unit, None)
            if on_time:
                yield "on_time", (day, unit, None)
            for name, value in _lengths(life, cycle, replied):
                for rank in ("median", "p90"):
                    yield f"{name}_{rank}", (day, unit, value)
            yield "rating_rate", (submitted, unit, cycle.rating is not None)
        if on_time is not None:
            yield "on_time_rate", (submitted, unit, on_time)
    unit, rating = life.unit_of(last), last.rating
    yield "response_rate", (submitted, unit, last.replied is not None)
    if rating is not None and rating.satisfied is not None:
        yield "satisfaction_rate", (submitted, unit, rating.satisfied)
    if rating is not None and rating.resolved is not None:
        yield "resolution_rate", (submitted, unit, rating.resolved)
    yield from _others(life)


def _lengths(life: Life, cycle: Cycle, replied: int) -> Iterator[tuple[str, int]]:
    first, last = life.day(cycle.begun), life.day(replied)
    yield "reply_time", replied - cycle.begun
    yield "reply_days", (last - first).days
    for table in life.policy.tables.values():
        if not (table.is_certain(first.toordinal()) and table.is_certain(last.toordinal())):
            return
        days = (first + timedelta(days=one) for one in range(1, (last - first).days + 1))
        yield "reply_working_days", sum(table.is_working(day.toordinal()) for day in days)
        return


def _others(life: Life) -> Iterator[tuple[str, Fact]]:
    def at(us: int) -> Fact:
        return life.day(us), life.holder(us), None

    for cycle in life.cycles:
        for reply, gone in cycle.replies:
            assert reply is not None
            yield ("public_replies" if gone is None else "retracted"), at(reply)
    for card, stands in life.cards():
        fact = (life.day(card.at_us), card.subject or card.unit, None)
        if stands:
            yield "cards", fact
            names = {"yellow": "yellow_cards", "red": "red_cards", "urge": "urging_notices"}
            if card.level in names:
                yield names[card.level], fact
        else:
            yield "annulled_cards", fact
    pending: dict[tuple[str, str, int], int] = {}
    for event in life.events:
        match event:
            case e.PlaceholderReplied():
                yield "placeholders", at(event.since_us)
            case e.Returned():
                units = [unit for since, unit in life.turns if since < event.since_us]
                yield "returns", (life.day(event.since_us), units[-1] if units else life.turns[0][1], None)
            case e.ExtensionRequested():
                yield "extensions_requested", at(event.since_us)
                pending[event.clock, event.subject, event.cycle] = event.since_us
            case e.ExtensionGranted():
                asked_us = pending.pop((event.clock, event.subject, event.cycle), None)
                if asked_us is None:
                    yield "extensions_requested", at(event.since_us)
                unit = life.holder(event.since_us if asked_us is None else asked_us)
                yield "extensions_granted", (life.day(event.since_us), unit, None)
            case e.ExtensionRefused():
                pending.pop((event.clock, event.subject, event.cycle), None)
            case e.RectificationLinked():
                yield "rectifications", at(event.since_us)
            case _:
                pass
    linked: dict[str, int] = {}
    for event in life.events:
        if isinstance(event, e.RectificationLinked):
            linked.setdefault(event.rectification, event.since_us)
        elif isinstance(event, e.RectificationVerified) and event.rectification in linked:
            unit = life.holder(linked.pop(event.rectification))
            yield "rectifications_verified", (life.day(event.since_us), unit, None)


def figures(
    lives: Iterable[Life], since: date, until: date, key: Callable[[date, str], tuple[str, ...]]
) -> dict[tuple[str, ...], dict[str, Any]]:
    """Key -> measure -> figure: counts, rates, and lengths at their ranks; what is nothing is left out."""
    groups: dict[tuple[str, ...], dict[str, list[Any]]] = {}
    for life in lives:
        for name, (day, unit, value) in facts(life):
            if since <= day < until:
                groups.setdefault(key(day, unit), {}).setdefault(name, []).append(value)
    return {
        group: {name: _figure(name, values) for name, values in named.items()}
        for group, named in groups.items()
    }


OF = {
    "response_rate": "cases", "on_time_rate": "cycles decided", "resolution_rate": "rated for resolution",
    "satisfaction_rate": "rated for satisfaction", "rating_rate": "cycles with a reply",
}  # fmt: skip


def _figure(name: str, values: list[Any]) -> Any:
    if name in OF:
        return Rate(sum(values), len(values), of=OF[name])
    if name.endswith(("_median", "_p90")):
        percent = 50 if name.endswith("_median") else 90
        return sorted(values)[ceil(len(values) * percent / 100) - 1]
    return len(values)
