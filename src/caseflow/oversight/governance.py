"""A report on good governance: the eight characteristics of UN ESCAP, each by a stated measure.

"What is Good Governance?" (UN ESCAP, 2009) names participation, rule of law, transparency, responsiveness,
consensus, equity, effectiveness with efficiency, and accountability. A log of inquiries tells a part of each.
What it tells is a share with its denominator; what it cannot tell is said in a sentence.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from itertools import groupby
from math import sqrt
from typing import Any, Literal

from caseflow.core.engine.publication import PUBLISH, publishes, takes_back
from caseflow.core.model.case import Case, documents_of
from caseflow.core.model.events import Event
from caseflow.core.policy import Policy
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.errors import BadInput, is_of_the_store
from caseflow.i18n import Lang, mark, text
from caseflow.interchange.pagination import feed
from caseflow.oversight.referrals import day_of, period_us
from caseflow.ports import Quarantined, Query
from caseflow.ports.records import Aside
from caseflow.views.rates import Rate, wilson_bounds

PAGE = 5_000
"""Cases that are read at once."""
DAY_US = 86_400_000_000
LEAST = 30
"""Decided inquiries without which a region is compared with none."""

Trend = Literal["up", "down", "even", ""]
"""How a share stands against the period before: beyond what chance explains (95 %), or even; empty without
two periods."""


class MeasureDefinition(Value):
    """A measure: which characteristic it speaks of, what its denominator counts, and how long it waits.

    ``days`` after the instant at which something comes to count it is looked at, whatever comes later; what
    is younger than that when the report is drawn is pending, and in neither number. So a recent month is
    measured as an old one is. ``needs`` is the action that rules must have for it; ``document`` asks for a
    rung with a numbered document.
    """

    characteristic: str
    of: str
    days: int
    needs: str


MEASURES: dict[str, MeasureDefinition] = {
    "rated": MeasureDefinition("participation", "inquiries replied to", 30, "rate"),
    "cards-stand": MeasureDefinition("rule-of-law", "cards issued", 90, "reply"),
    "published": MeasureDefinition("transparency", "inquiries replied to", 30, PUBLISH),
    "on-time": MeasureDefinition("responsiveness", "inquiries decided", 30, "reply"),
    "reconciled": MeasureDefinition("consensus", "cases of a dissatisfied citizen", 90, "rate"),
    "regions-level": MeasureDefinition("equity", "regions with 30 decided inquiries", 30, "reply"),
    "satisfied": MeasureDefinition("effectiveness", "rated for satisfaction", 0, "rate"),
    "settled-at-once": MeasureDefinition("effectiveness", "inquiries replied to", 30, "reply"),
    "signed": MeasureDefinition("accountability", "numbered documents served", 30, "document"),
    "put-right": MeasureDefinition("accountability", "rectifications begun", 180, "link_rectification"),
}
"""Each measure by its name, in the order of the characteristics as UN ESCAP names them."""


class GovernanceMeasure(Value):
    """One measure of a report.

    Attributes:
        characteristic: of which it tells a part, such as ``responsiveness``.
        share: that of the period; ``share.of`` says what the denominator counts.
        before: that of the period before.
        trend: how the one stands against the other.
        months: that of each calendar month of the period, a cut one at either end; empty for ``equity``,
            which months are too short for.
        pending: what came to count in the period, and is too young yet.
        unmeasured: empty, or why it cannot be told: ``no-rules``, ``no-regions``, ``too-soon``, ``nothing``.
    """

    name: str
    characteristic: str
    share: Rate
    before: Rate
    trend: Trend = ""
    months: tuple[Rate, ...] = ()
    pending: int = 0
    unmeasured: str = ""

    def label(self, lang: Lang) -> str:
        """What is counted, of what."""
        return text(f"governance.{self.name}", lang, least=LEAST)

    def figures(self, lang: Lang) -> str:
        """Both shares and the trend, for people; or why there are none."""
        if self.unmeasured:
            return self.reason(lang)
        parts = [_share_text(self.share, lang)]
        if self.trend:
            was, trend = _share_text(self.before, lang), text(f"governance.{self.trend}", lang)
            parts.append(text("governance.was", lang, share=was, trend=trend))
        else:
            parts.append(text("governance.was-none", lang))
        if self.pending:
            parts.append(text("governance.pending", lang, count=self.pending))
        return mark("semicolon", lang).join(parts)

    def reason(self, lang: Lang) -> str:
        """Why it cannot be measured from this log, in a sentence; empty where it can."""
        return text(f"governance.{self.unmeasured}", lang, least=LEAST) if self.unmeasured else ""


class GovernanceReport(Value):
    """The measures of a period, in the order of `MEASURES`.

    Attributes:
        since, until: the first day, and the day after the last, in ISO 8601; `before` is the first day of
            the period compared with, which ends where this one begins.
        months: the first day of each month of the period.
        cases: how many inquiries of either period it rests on.
        quarantined: cases that could not be read.
    """

    since: str
    until: str
    before: str
    zone: str
    as_of_us: int
    months: tuple[str, ...]
    cases: int
    measures: tuple[GovernanceMeasure, ...]
    quarantined: tuple[Quarantined, ...] = ()

    def lines(self, lang: Lang) -> Iterator[str]:
        """The report for people: each characteristic with its measures, and what none of them tells."""
        as_of = moment(self.as_of_us, self.zone).date()
        yield text(
            "governance.head", lang, since=self.since, until=self.until, as_of=as_of, before=self.before,
            count=self.cases,
        )  # fmt: skip
        for name, measures in groupby(self.measures, key=lambda one: one.characteristic):
            yield text(f"governance.{name}", lang)
            for one in measures:
                yield f"  {one.label(lang)}"
                yield f"    {one.figures(lang)}"
            yield f"  {text('governance.beyond', lang, text=text(f'governance.beyond-{name}', lang))}"

    def document(self, lang: Lang) -> dict[str, Any]:
        """The report as JSON-able data: keys that stay, with labels and reasons in the language.

        Of every characteristic it says what no measure of such a log tells (``beyond``).
        """
        characteristics: dict[str, dict[str, Any]] = {}
        for one in self.measures:
            entry = characteristics.setdefault(
                one.characteristic,
                {
                    "label": text(f"governance.{one.characteristic}", lang),
                    "beyond": text(f"governance.beyond-{one.characteristic}", lang),
                    "measures": [],
                },
            )
            entry["measures"].append({**one.to_dict(), "label": one.label(lang), "reason": one.reason(lang)})
        return {
            "since": self.since, "until": self.until, "before": self.before, "zone": self.zone,
            "as_of": moment(self.as_of_us, self.zone).isoformat(), "months": list(self.months),
            "cases": self.cases, "characteristics": characteristics,
        }  # fmt: skip


def _share_text(share: Rate, lang: Lang) -> str:
    percent = 100 * share.numerator / share.denominator
    return text(
        "governance.share", lang, good=share.numerator, of=share.denominator, percent=f"{percent:.1f}"
    )


def governance_report(
    desk: Desk,
    *,
    since: date | str,
    until: date | str,
    policies: Collection[str] | None = None,
    zone: str | None = None,
) -> GovernanceReport:
    """Tell what a desk's log says of the eight characteristics of good governance.

    An inquiry counts once for each of its cycles: a case that was opened again is asked anew. Merged
    duplicates count as their primary does, and are left out. Who held the case is not asked here; for boards
    of units see `caseflow.views.rates`.

    Args:
        desk: its cases are read, and its feed for what was published; its clock says as of when.
        since, until: the period, from the beginning of the one day to that of the other.
        policies: names of those whose cases count; by default all by which somebody may reply.
        zone: whose days they are; by default that of the desk's first policy.

    Raises:
        BadInput: a day that is none, or no period between them.
    """
    first, end = day_of("since", since), day_of("until", until)
    if first >= end:
        raise BadInput("bad-option", what="until", found=f"{end}, which is not after {first}")
    zone = zone or desk.rules.policy.timezone
    before = _before(first, end)
    months = _months(first, end)
    bounds = [period_us(day, day, zone)[0] for day in (before, *months, end)]
    aside: list[Quarantined] = []
    reading = _Reading(desk, policies)
    tally = _Tally(bounds, desk.clock.now_us())
    for case in reading.cases(aside.append):
        if bounds[0] <= case.submitted_us < bounds[-1]:
            tally.cases += 1
        for name, at, counts in reading.observations(case):
            tally.take(name, at, counts)
        tally.take_region(case.origin.region, reading.outcomes(case))
    return GovernanceReport(
        first.isoformat(),
        end.isoformat(),
        before.isoformat(),
        zone=zone,
        as_of_us=tally.as_of_us,
        months=tuple(month.isoformat() for month in months),
        cases=tally.cases,
        measures=tuple(tally.measure(name, reading.means) for name in MEASURES),
        quarantined=tuple(aside),
    )


def _before(first: date, end: date) -> date:
    """The first day of the period before: as many months where it begins and ends on one day of the month."""
    months = (end.year - first.year) * 12 + end.month - first.month
    if first.day == end.day and first.day <= 28:
        year, month = divmod(first.year * 12 + first.month - 1 - months, 12)
        return date(year, month + 1, first.day)
    return first - (end - first)


def _months(first: date, end: date) -> list[date]:
    days = [first]
    while (day := (days[-1].replace(day=1) + timedelta(days=32)).replace(day=1)) < end:
        days.append(day)
    return days


class _Means(Value):
    """What the rules of a case offer: which clocks a reply ends, and which rungs bring a document."""

    counts: bool
    actions: frozenset[str] = frozenset()
    answer_clocks: frozenset[str] = frozenset()
    documents: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, policy: Policy, policies: Collection[str] | None) -> _Means:
        wanted = "reply" in policy.actions if policies is None else policy.name in policies
        rungs = ((name, rung) for name, clock in policy.clocks.items() for rung in clock.rungs)
        documents = frozenset((name, rung.level) for name, rung in rungs if rung.document)
        return cls(
            wanted,
            frozenset((*policy.actions, *(["document"] if documents else []))),
            frozenset(name for name, clock in policy.clocks.items() if "reply" in clock.stop),
            documents,
        )


Outcome = tuple[int, bool | None]
"""When an inquiry was asked, and whether it was replied to in time; `None` while that is not decided."""


class _Reading:
    """Reads inquiries, and what of them the measures look at."""

    def __init__(self, desk: Desk, policies: Collection[str] | None) -> None:
        self._desk = desk
        self._policies = policies
        self._means: dict[str, _Means] = {}
        self._unread: dict[str, Exception] = {}
        self._published: dict[str, int] | None = None

    @property
    def means(self) -> frozenset[str]:
        """All that the rules of the inquiries offer; everything where there are no inquiries."""
        offered = [means.actions for means in self._means.values() if means.counts]
        if not offered:
            return frozenset(rule.needs for rule in MEASURES.values())
        return frozenset(action for actions in offered for action in actions)

    def cases(self, aside: Aside) -> Iterator[Case]:
        """The inquiries of the store, merged ones left out, in no order that means anything."""
        query = Query(limit=PAGE)
        while cases := self._desk.store.find(query, aside=aside):
            for case in cases:
                if not case.facts.primary and self._of(case, aside).counts:
                    yield case
            query = query.replace(after=query.place(cases[-1]))

    def _of(self, case: Case, aside: Aside) -> _Means:
        pin = case.origin.policy_hash
        if pin not in self._means:
            try:
                self._means[pin] = _Means.of(self._desk.rules_of(case).policy, self._policies)
            except Exception as error:
                if is_of_the_store(error):
                    raise
                self._means[pin], self._unread[pin] = _Means(counts=False), error
        if pin in self._unread:
            aside(Quarantined.of("case", case.id, self._unread[pin]))
        return self._means[pin]

    def published_us(self, case_id: str) -> int | None:
        """When that was published of a case which stands; the feed is read for it once."""
        if self._published is None:
            self._published = {}
            for recorded in feed(self._desk.store):
                self._follow(self._published, recorded.case_id, recorded.event)
        return self._published.get(case_id)

    @staticmethod
    def _follow(published: dict[str, int], case_id: str, event: Event) -> None:
        if publishes(event):
            published[case_id] = event.since_us
        elif takes_back(event):
            published.pop(case_id, None)

    def observations(self, case: Case) -> Iterator[tuple[str, int, bool]]:
        """``(measure, since when it counts, whether it counts for the good)``, but for being on time."""
        means = self._means[case.origin.policy_hash]
        for card in case.cards:
            end = card.effective_us + MEASURES["cards-stand"].days * DAY_US
            yield "cards-stand", card.effective_us, card.annulled_us is None or card.annulled_us > end
        for cycle, at in _first_replies(case):
            end = at + MEASURES["rated"].days * DAY_US
            ratings = (rating for rating in case.facts.ratings if rating.cycle == cycle and rating.is_own)
            yield "rated", at, any(rating.at_us <= end for rating in ratings)
            again = case.facts.reopenings[cycle - 1 : cycle]
            yield "settled-at-once", at, not again or again[0] > end
            if PUBLISH in means.actions:
                published = self.published_us(case.id)
                yield "published", at, published is not None and published <= end
        yield from _verdicts(case)
        signed = {receipt.document: receipt.at_us for receipt in case.facts.receipts}
        for document, card in documents_of(means.documents, case):
            if card.stands:
                end = card.effective_us + MEASURES["signed"].days * DAY_US
                yield "signed", card.effective_us, signed.get(document, end + 1) <= end
        for one in case.facts.rectifications:
            end = one.linked_us + MEASURES["put-right"].days * DAY_US
            yield "put-right", one.linked_us, one.verified_us is not None and one.verified_us <= end

    def outcomes(self, case: Case) -> Iterator[Outcome]:
        """Each inquiry of the case, unless it ended without a reply and before it was late."""
        clocks = self._means[case.origin.policy_hash].answer_clocks
        begun, replied = (case.submitted_us, *case.facts.reopenings), dict(_first_replies(case))
        late = [card.effective_us for card in case.cards if card.stands and case.clock_of(card)[0] in clocks]
        for cycle, at in enumerate(begun, 1):
            end = begun[cycle] if cycle < len(begun) else None
            cards = [us for us in late if us > at and (end is None or us <= end)]
            reply = replied.get(cycle)
            if cards and (reply is None or min(cards) <= reply):
                yield at, False
            elif reply is not None:
                yield at, True
            elif case.is_open and end is None:
                yield at, None


def _first_replies(case: Case) -> Iterator[tuple[int, int]]:
    """``(cycle, instant)`` of the first reply of each cycle that stands."""
    first: dict[int, int] = {}
    for reply in case.facts.replies:
        if reply.retracted_us is None:
            first[reply.cycle] = min(reply.at_us, first.get(reply.cycle, reply.at_us))
    return iter(first.items())


def _verdicts(case: Case) -> Iterator[tuple[str, int, bool]]:
    """What the citizen's ratings say: the last one of each cycle, and what came after dissatisfaction."""
    ratings = sorted(case.facts.ratings, key=lambda rating: rating.at_us)
    last = {rating.cycle: rating for rating in ratings if rating.satisfied is not None}
    for rating in last.values():
        yield "satisfied", rating.at_us, bool(rating.satisfied)
    for rating in ratings:
        if rating.satisfied is False:
            end = rating.at_us + MEASURES["reconciled"].days * DAY_US
            later = [one.satisfied for one in ratings if rating.at_us <= one.at_us <= end]
            yield "reconciled", rating.at_us, next(one for one in reversed(later) if one is not None)
            return


class _Tally:
    """Counts what was observed by period and month; months come after the period before."""

    def __init__(self, bounds: list[int], as_of_us: int) -> None:
        self._bounds = bounds
        self.as_of_us = as_of_us
        self.cases = 0
        self._counts = {name: [[0, 0, 0] for _ in bounds[1:]] for name in MEASURES}
        self._regions: tuple[defaultdict[str, list[int]], ...] = tuple(
            defaultdict(lambda: [0, 0]) for _ in range(2)
        )

    def take(self, name: str, at: int, counts: bool | None) -> None:
        """Count one observation; of what is not decided, and of what is too young, that it waits."""
        part = bisect_right(self._bounds, at) - 1
        if not 0 <= part < len(self._bounds) - 1 or at > self.as_of_us:
            return
        count = self._counts[name][part]
        if counts is None or at + MEASURES[name].days * DAY_US > self.as_of_us:
            count[2] += 1
            return
        count[0] += counts
        count[1] += 1

    def take_region(self, region: str, outcomes: Iterator[Outcome]) -> None:
        """Count whether inquiries were answered in time, and where they came from."""
        for at, on_time in outcomes:
            self.take("on-time", at, on_time)
            part = bisect_right(self._bounds, at) - 1
            waits = on_time is None or at + MEASURES["on-time"].days * DAY_US > self.as_of_us
            if region and not waits and 0 <= part < len(self._bounds) - 1:
                count = self._regions[part > 0][region]
                count[0] += bool(on_time)
                count[1] += 1

    def measure(self, name: str, means: frozenset[str]) -> GovernanceMeasure:
        """What was counted of a measure."""
        rule = MEASURES[name]
        if name == "regions-level":
            before, share = (self._level(regions) for regions in self._regions)
            pending = 0
            months: tuple[Rate, ...] = ()
        else:
            counts = self._counts[name]
            before, *parts = (Rate(good, of, of=rule.of) for good, of, _ in counts)
            share = Rate(
                sum(one.numerator for one in parts), sum(one.denominator for one in parts), of=rule.of
            )
            pending, months = sum(waits for _, _, waits in counts[1:]), tuple(parts)
        return GovernanceMeasure(
            name,
            rule.characteristic,
            share,
            before,
            trend=trend(share, before),
            months=months,
            pending=pending,
            unmeasured=_unmeasured(name, share, pending, rule.needs in means),
        )

    @staticmethod
    def _level(regions: dict[str, list[int]]) -> Rate:
        """The regions that are not behind: the upper bound of their share reaches that of all together."""
        enough = [(good, of) for good, of in regions.values() if of >= LEAST]
        good, of = (sum(column) for column in zip(*regions.values(), strict=True)) if regions else (0, 0)
        level = sum(wilson_bounds(Rate(*one, of="inquiries"))[1] >= good / of for one in enough)
        return Rate(level, len(enough), of=MEASURES["regions-level"].of)


def _unmeasured(name: str, share: Rate, pending: int, has_means: bool) -> str:
    if not has_means:
        return "no-rules"
    if name == "regions-level":
        return "no-regions" if share.denominator < 2 else ""
    if share.denominator:
        return ""
    return "too-soon" if pending else "nothing"


def trend(now: Rate, before: Rate) -> Trend:
    """By the hybrid score interval of the difference (Newcombe, 1998), which holds for small numbers, too."""
    if not now.denominator or not before.denominator:
        return ""
    one, other = (share.numerator / share.denominator for share in (now, before))
    (low, high), (low_before, high_before) = wilson_bounds(now), wilson_bounds(before)
    if one - other - sqrt((one - low) ** 2 + (high_before - other) ** 2) > 0:
        return "up"
    if one - other + sqrt((high - one) ** 2 + (other - low_before) ** 2) < 0:
        return "down"
    return "even"
