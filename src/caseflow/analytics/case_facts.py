"""One case's events folded into its rows of the analytic tables: a pure function of events and policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model import events as e
from caseflow.core.model.case import Rating, renamed
from caseflow.core.model.evolve import replay
from caseflow.core.policy import Policy
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import office_days
from caseflow.core.time.span import Counting

Row = tuple[Any, ...]
"""The values of a table's columns, in their order, without `batch`."""
REPLY = "reply"
"""The action that a reply clock waits for."""
_OUTCOMES: dict[type[e.Event], str] = {
    e.Withdrawn: "withdrawn", e.Rejected: "rejected", e.Merged: "merged",
}  # fmt: skip
_EPOCH_DAY = 719_163
"""The ordinal of 1 January 1970: a day of the tables is a count from there."""


class PolicyTerms:
    """What the rows of a case need to know of its policy.

    Attributes:
        name: the policy's; empty where it cannot be read.
        reply_clocks: the clocks that a reply stops.
        left_out: the outcomes, and ``rejected:CODE``, whose cases are counted on no board.
    """

    def __init__(self, rules: CompiledPolicy | None) -> None:
        policy = None if rules is None else rules.policy
        self.name = "" if policy is None else policy.name
        self.reply_clocks = frozenset({REPLY}) if policy is None else frozenset(_reply_clocks(policy))
        self.left_out = frozenset(("merged",) if policy is None else policy.not_counted)
        self._calendar = None if policy is None else _calendar(policy, self.reply_clocks)

    def working_days(self, first: int, last: int) -> int | None:
        """How many working days lie after the one day and up to the other; unknown past the horizon."""
        table = self._calendar
        if table is None or not (table.is_certain(first) and table.is_certain(last)):
            return None
        return _working_days(table, first, last)


def _reply_clocks(policy: Policy) -> Iterator[str]:
    """The clocks that a reply stops, by itself or by the state that it leads to."""
    action = policy.actions.get(REPLY)
    stops = {REPLY, *(f"state:{state}" for state in (action.moves.values() if action is not None else ()))}
    return (name for name, rule in policy.clocks.items() if stops.intersection(rule.stop))


def _calendar(policy: Policy, reply_clocks: frozenset[str]) -> Calendar | None:
    """That of a reply clock, one that counts working days first; else the first that the policy names."""
    rules = [policy.clocks[name] for name in sorted(reply_clocks)]
    rules.sort(key=lambda rule: rule.counting != Counting.WORKING)
    named = (policy.tables.get(rule.calendar) for rule in rules)
    return next((table for table in (*named, *policy.tables.values()) if table is not None), None)


def _working_days(table: Calendar, first: int, last: int) -> int:
    return sum(map(table.is_working, range(first + 1, last + 1)))


class FoldedCase:
    """A case that was folded from its events, and its rows.

    Args:
        case_id: the case.
        events: every event of it, from the first on.
        terms: of the policy that it follows, by the hash.
    """

    def __init__(self, case_id: str, events: Sequence[e.Event], terms: Callable[[str], PolicyTerms]) -> None:
        case = replay(case_id, events)
        self.case, self.events, self.terms = case, events, terms(case.origin.policy_hash)
        self._day_of = office_days(case.origin.zone).day_of
        self._ends = _ends(events)
        origin = case.origin
        counts = self._ends[-1][1] not in self.terms.left_out and self._ends[-1][3] not in self.terms.left_out
        self._head = (case_id, self.terms.name, origin.kind, origin.channel, origin.region, counts)

    def rows(self) -> Mapping[str, list[Row]]:
        """Table -> its rows of this case, each in the order of time or record."""
        return {
            "cases": list(self._cases()),
            "holdings": list(self._holdings()),
            "replies": list(self._replies()),
            "cards": list(self._cards()),
            "ratings": list(self._ratings()),
            "non_responses": list(self._non_responses()),
            "returns": list(self._returns()),
            "extensions": list(self._extensions()),
            "rectifications": list(self._rectifications()),
            "links": list(self._links()),
        }

    def _day(self, us: int) -> int:
        return self._day_of(us) - _EPOCH_DAY

    def _dated(self, us: int | None) -> tuple[int | None, int | None]:
        return (None, None) if us is None else (us, self._day(us))

    # -- the cycles ----------------------------------------------------------------------------------------

    @property
    def _cycles(self) -> range:
        return range(1, self.case.facts.cycle + 1)

    @cached_property
    def _replied(self) -> dict[int, int]:
        """Cycle -> its first public reply that stands."""
        first: dict[int, int] = {}
        for reply in self.case.facts.replies:
            if reply.retracted_us is None:
                first[reply.cycle] = min(first.get(reply.cycle, reply.at_us), reply.at_us)
        return first

    @cached_property
    def _standing(self) -> dict[int, Rating]:
        """Cycle -> the rating of it that counts."""
        case = self.case
        if not case.facts.ratings:
            return {}
        of_cycles = ((c, case.replace(facts=case.facts.replace(cycle=c)).rating) for c in self._cycles)
        return {cycle: rating for cycle, rating in of_cycles if rating is not None}

    @cached_property
    def _late(self) -> frozenset[int]:
        """Cycles in which a breach card of a reply clock stands."""
        clocks, case = self.terms.reply_clocks, self.case
        return frozenset(
            card.cycle
            for card in case.escalations
            if card.is_breach and card.stands and case.clock_of(card)[0] in clocks
        )

    def _unit_of(self, cycle: int) -> str:
        """The unit that the cycle counts for."""
        case, at = self.case, self._replied.get(cycle)
        if at is not None:
            return case.unit_at(at)
        return case.unit if cycle == case.facts.cycle else case.unit_at(case.facts.reopenings[cycle - 1])

    def _cases(self) -> Iterator[Row]:
        case, facts = self.case, self.case.facts
        completed = self._completed()
        clocked = {run.cycle for run in case.clocks if run.clock in self.terms.reply_clocks}
        submitted = self._dated(case.submitted_us)
        for cycle in self._cycles:
            begun = case.submitted_us if cycle == 1 else facts.reopenings[cycle - 2]
            replied = self._replied.get(cycle)
            rating = self._standing.get(cycle)
            ended_us, outcome, _, reason = self._ends[cycle - 1]
            if cycle in self._late:
                on_time: bool | None = False
            else:
                on_time = True if replied is not None and cycle in clocked else None
            yield (
                *self._head, cycle, cycle == facts.cycle, case.version, case.origin.zone, case.origin.urgency,
                case.state, outcome, reason.partition(":")[2], self._unit_of(cycle),
                *submitted, *self._dated(begun), *self._dated(replied), *self._dated(completed.get(cycle)),
                *self._dated(ended_us), *self._lengths(begun, replied), on_time, rating is not None,
                None if rating is None else rating.score or None,
                None if rating is None else rating.satisfied, None if rating is None else rating.resolved,
            )  # fmt: skip

    def _lengths(self, begun: int, replied: int | None) -> tuple[int | None, int | None, int | None]:
        if replied is None:
            return None, None, None
        first, last = self._day_of(begun), self._day_of(replied)
        return replied - begun, last - first, self.terms.working_days(first, last)

    def _completed(self) -> dict[int, int]:
        first: dict[int, int] = {}
        for event in self.events:
            if type(event) is e.Completed:
                at = event.since_us
                cycle = self.case.facts.cycle_at(at)
                first[cycle] = min(first.get(cycle, at), at)
        return first

    # -- what else there is --------------------------------------------------------------------------------

    def _holdings(self) -> Iterator[Row]:
        since, facts = self.case.submitted_us, self.case.facts
        for until, unit in facts.past_units:
            if until > since:
                yield (*self._head, unit, False, *self._dated(since), *self._dated(until))
                since = until
        yield (*self._head, self.case.unit, False, *self._dated(since), None, None)
        for begin, end, unit in facts.led:
            yield (*self._head, unit, True, *self._dated(begin), *self._dated(end))

    def _replies(self) -> Iterator[Row]:
        case = self.case
        for reply in case.facts.replies:
            at, gone = reply.at_us, reply.retracted_us
            yield (
                *self._head, reply.cycle, False, case.unit_at(at), at, self._day(at), gone, gone is None
            )  # fmt: skip
        for event in self.events:
            if type(event) is e.PlaceholderReplied:
                at = event.since_us
                cycle = case.facts.cycle_at(at)
                yield (*self._head, cycle, True, case.unit_at(at), at, self._day(at), None, True)

    def _cards(self) -> Iterator[Row]:
        for card in self.case.escalations:
            yield (
                *self._head, card.cycle, self.case.clock_of(card)[0], card.level, card.is_breach,
                card.addressee, card.effective_us, self._day(card.effective_us), card.detected_us,
                card.annulled_us, card.annulled_because, card.annulled_because == e.AppealUpheld.name,
                card.stands,
            )  # fmt: skip

    def _ratings(self) -> Iterator[Row]:
        case, counting = self.case, self._standing
        for rating in case.facts.ratings:
            at = rating.at_us
            unit = case.unit_at(self._replied.get(rating.cycle, at))
            yield (
                *self._head, rating.cycle, unit, at, self._day(at), rating.score, rating.satisfied,
                rating.resolved, rating.is_own, rating is counting.get(rating.cycle),
            )  # fmt: skip

    def _non_responses(self) -> Iterator[Row]:
        case = self.case
        for cycle, at in sorted(self._replied.items()):
            if cycle not in self._standing:
                yield (*self._head, cycle, case.unit_at(at), at, self._day(at), cycle in self._invited)

    @cached_property
    def _invited(self) -> frozenset[int]:
        """Cycles that people were invited to rate."""
        at = (event.since_us for event in self.events if type(event) is e.Invited)
        return frozenset(map(self.case.facts.cycle_at, at))

    def _returns(self) -> Iterator[Row]:
        case = self.case
        if case.facts.returns:
            for event in self.events:
                if type(event) is e.Returned:
                    at = event.since_us
                    yield (
                        *self._head, case.facts.cycle_at(at), case.own_unit_at(at), at, self._day(at)
                    )  # fmt: skip

    def _extensions(self) -> Iterator[Row]:
        requests = dict[tuple[str, str, int], list[Any]]()
        for event in self.events:
            if not isinstance(event, e.ExtensionRequested | e.ExtensionGranted | e.ExtensionRefused):
                continue
            key, at = (event.clock, event.subject, event.cycle), event.since_us
            if type(event) is e.ExtensionRequested:
                if key in requests:
                    yield self._extension(requests[key])
                requests[key] = [event.clock, event.cycle, at, "pending", None]
                continue
            outcome = "granted" if type(event) is e.ExtensionGranted else "refused"
            request = requests.pop(key, None) or [event.clock, event.cycle, at, outcome, at]
            request[3:] = outcome, at
            yield self._extension(request)
        for request in requests.values():
            yield self._extension(request)

    def _extension(self, request: Sequence[Any]) -> Row:
        clock, cycle, at, outcome, answered = request
        clock, unit = renamed(self.case.facts.renamed, clock), self.case.unit_at(at)
        return (*self._head, cycle, clock, unit, at, self._day(at), outcome, *self._dated(answered))

    def _rectifications(self) -> Iterator[Row]:
        for one in self.case.facts.rectifications:
            at = one.linked_us
            yield (
                *self._head, one.id, self.case.unit_at(at), at, self._day(at), *self._dated(one.verified_us)
            )  # fmt: skip

    def _links(self) -> Iterator[Row]:
        standing = dict[tuple[str, str, bool], int]()
        for event in self.events:
            if type(event) is e.Linked:
                standing[event.type, event.case, event.inward] = event.since_us
            elif type(event) is e.Unlinked:
                key = (event.type, event.case, event.inward)
                since = standing.pop(key, None)
                if since is not None:
                    yield (*self._head, *key, since, self._day(since), event.since_us)
        for key, since in standing.items():
            yield (*self._head, *key, since, self._day(since), None)


def _ends(events: Sequence[e.Event]) -> list[tuple[int | None, str, str, str]]:
    """Of each cycle: when it ended, how, in which state, and of a rejection ``rejected:CODE``."""
    ends: list[tuple[int | None, str, str, str]] = []
    end: tuple[int | None, str, str, str] = (None, "open", "", "")
    for event in events:
        if type(event) is e.Reopened:
            ends.append(end)
            end = (None, "open", "", "")
        place = event.to
        if place is None:
            continue
        if not place.final:
            end = (None, "open", "", "")
        elif end[2] != place.state:
            outcome = _OUTCOMES.get(type(event), "closed")
            reason = f"rejected:{event.code}" if type(event) is e.Rejected and event.code else ""
            end = (event.since_us, outcome, place.state, reason)
    return [*ends, end]
