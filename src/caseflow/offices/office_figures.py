"""What a year of the boards came to: who took part, who replied, how much more than the year before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date

from caseflow.core.model.case import Case
from caseflow.core.time.instants import office_days
from caseflow.core.value import Value
from caseflow.offices.office_register import Level, OfficeRegister
from caseflow.views.rates import Rate

SATISFIED = 4
"""The least score of a satisfied citizen, of 5."""


class BoardYear(Value):
    """The figures of one year of the boards of offices.

    Attributes:
        year: days are those of each case's own zone.
        provinces: with a reply of an office in them, of those listed.
        mechanisms: provinces with a mechanism document of their own in force at the end of the year, of those
            listed.
        leaders: level -> holders of offices who replied, of those who held one at any time of the year. Each
            reply counts for who held the office on its day, a person once on each level.
        unheld: replies of offices that nobody held on that day; no leader has them.
        replied: messages with a public reply of the year, of those sent in the year or before and open in it.
        rated, satisfied: of the messages replied, those with a rating; and of these, those with 4 or 5.
    """

    year: int
    provinces: Rate
    mechanisms: Rate
    leaders: dict[Level, Rate]
    unheld: int
    replied: Rate
    rated: Rate
    satisfied: Rate


def coverage(cases: Iterable[Case], offices: OfficeRegister, year: int) -> BoardYear:
    """The figures of a year.

    Args:
        cases: each once; those that no office of the register held at their replies count as messages alone.
    """
    begin, end = date(year, 1, 1), date(year + 1, 1, 1)
    levels = {office.name: offices.level(office.name) for office in offices.offices()}
    provinces = [one.name for one in offices.jurisdictions.values() if one.level == Level.PROVINCE]
    replying, leaders = set[str](), defaultdict[Level, set[str]](set)
    replied = open_ones = unheld = rated = satisfied = 0
    for case in cases:
        days = office_days(case.origin.zone)
        if days.day_of(case.submitted_us) >= end.toordinal():
            continue
        replies = [
            (day, reply.at_us)
            for reply in case.facts.replies
            if reply.retracted_us is None
            and begin.toordinal() <= (day := days.day_of(reply.at_us)) < end.toordinal()
        ]
        if not replies:
            open_ones += _was_open(case, begin, days.day_of)
            continue
        open_ones += 1
        replied += 1
        rating = case.rating
        rated += rating is not None
        satisfied += rating is not None and rating.score >= SATISFIED
        for day, at in replies:
            office = offices.office(case.unit_at(at))
            level = None if office is None else levels[office.name]
            if office is None or level is None:
                continue
            replying.add(offices.province(office.jurisdiction))
            holder = offices.holder(office.name, date.fromordinal(day))
            unheld += not holder
            if holder:
                leaders[level].add(holder)
    last = date(year, 12, 31)
    with_mechanism = sum(offices.mechanism(name, last) is not None for name in provinces)
    holders = holders_between(offices, begin, end)
    return BoardYear(
        year,
        provinces=Rate(len(replying), len(provinces), of="provinces"),
        mechanisms=Rate(with_mechanism, len(provinces), of="provinces"),
        leaders={
            level: Rate(len(leaders[level]), len(holders[level]), of=f"leaders in office, {level}")
            for level in Level
        },
        unheld=unheld,
        replied=Rate(replied, open_ones, of="messages open in the year"),
        rated=Rate(rated, replied, of="messages replied to"),
        satisfied=Rate(satisfied, rated, of="messages rated"),
    )


def _was_open(case: Case, begin: date, day_of: Callable[[int], int]) -> bool:
    """Whether a case without a reply in the year was open in it."""
    return case.is_open or day_of(case.acted_us) >= begin.toordinal()


def holders_between(offices: OfficeRegister, begin: date, end: date) -> dict[Level, set[str]]:
    """Level -> who held an office of it on any day from the first to before the last."""
    holders = defaultdict[Level, set[str]](set)
    for office in offices.offices():
        for term in office.terms:
            if term.since < end and (term.until is None or term.until > begin):
                holders[Level(offices.jurisdictions[office.jurisdiction].level)].add(term.holder)
    return holders
