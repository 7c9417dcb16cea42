"""Whether what was put right comes again: new cases of the same kind and place since the verification."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from caseflow.core.model.case import Case
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.desk.case_list import ListTerms
from caseflow.errors import BadInput

WATCHING = "watching"
"""The state of a rectification in which it is watched whether the same comes again."""
GAVE_RISE_TO = "gave-rise-to"
"""The type of link that leads from an inquiry to its rectification."""


class Recurrences(Value):
    """The new cases of a watch. Instants are epoch microseconds.

    Attributes:
        since_us: when the rectification was verified.
        until_us: when the watch ended; ``None`` while it goes on.
        tolerated: how many the rectification itself allows for (``tolerated`` of its submission).
        matters: the kinds and regions that are counted; an empty region stands for all of them.
        cases: ids of the new ones, in the order in which they were submitted.
    """

    since_us: int
    until_us: int | None
    tolerated: int
    matters: tuple[tuple[str, str], ...]
    cases: tuple[str, ...]
    zone: str = "UTC"

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.cases)

    @property
    def exceeds(self) -> bool:
        """Whether there are more than the rectification allows for, so that it ought to be opened again."""
        return self.count > self.tolerated

    @property
    def since(self) -> datetime:
        """When the rectification was verified, in its office's zone."""
        return moment(self.since_us, self.zone)


def recurrences(desk: Desk, rectification: str) -> Recurrences:
    """The cases of a rectification's kind and place that were submitted after it was verified.

    Its kind is what ``problem`` of its submission says and its place the ``region``; one that says no problem
    has the kinds and regions of the cases that gave rise to it. A duplicate that was merged is its primary,
    and is not counted beside it. Counted is the newest watch, the one going on or the last.

    Raises:
        UnknownCase: no such case.
        BadInput: it was never verified (``not-watched``), or neither it nor its cases say a kind
            (``no-matter``).
    """
    case = desk.get(rectification)
    since, until = _watch(desk, case)
    matters = _matters(desk, case)
    if not matters:
        raise BadInput("no-matter", case=rectification)
    new = {
        (one.submitted_us, one.id)
        for kind, region in matters
        for one in _submitted(desk, kind, region, since, until)
        if since < one.submitted_us and one.id != case.id and not one.facts.primary
    }
    tolerated = case.origin.field("tolerated")
    return Recurrences(
        since,
        until,
        tolerated if isinstance(tolerated, int) else 0,
        matters,
        cases=tuple(name for _, name in sorted(new)),
        zone=case.origin.zone,
    )


def _watch(desk: Desk, case: Case) -> tuple[int, int | None]:
    """When the newest watch began, and when it ended."""
    since: int | None = None
    until: int | None = None
    for event in desk.history(case.id):
        if event.to is None:
            continue
        if event.to.state == WATCHING:
            since, until = event.since_us, None
        elif since is not None and until is None:
            until = event.since_us
    if since is None:
        raise BadInput("not-watched", case=case.id, found=case.state)
    return since, until


def _matters(desk: Desk, case: Case) -> tuple[tuple[str, str], ...]:
    problem = case.origin.field("problem")
    if problem:
        return ((str(problem), case.origin.region),)
    linked = (desk.get(link.case) for link in case.facts.links if link.inward and link.type == GAVE_RISE_TO)
    return tuple(dict.fromkeys((one.origin.kind, one.origin.region) for one in linked if one.origin.kind))


def _submitted(desk: Desk, kind: str, region: str, since: int, until: int | None) -> Iterator[Case]:
    """Every case that can be read of that kind and region, submitted in that time; by index."""
    terms: ListTerms = {"kind": kind, "since": moment(since), "order": "newest"}
    if region:
        terms["region"] = region
    if until is not None:
        terms["until"] = moment(until)
    cursor = ""
    while True:
        page = desk.cases(limit=1000, cursor=cursor, **terms)
        yield from page
        if not page.cursor:
            return
        cursor = page.cursor
