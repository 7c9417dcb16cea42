"""Which notices of a case are told together: the highest level speaks for those below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from caseflow import outbox as o
from caseflow.core.case import Case
from caseflow.delivery.wording import instance, others
from caseflow.notices import CORRECTION, DOCUMENT, OF_RUNGS
from caseflow.outbox import Notice, Posted
from caseflow.ports import Outbox


def may_collapse(notice: Notice) -> bool:
    """Whether a higher level may speak for it; a numbered document is always told by itself."""
    return (notice.topic in OF_RUNGS and notice.topic != DOCUMENT) or notice.topic == CORRECTION


def height(case: Case, notice: Notice) -> int:
    """The place of the notice's rung in its ladder."""
    clock, subject, cycle = instance(notice)
    for run in case.clocks:
        if run.key == (clock, subject, cycle):
            return next((at for at, (level, _) in enumerate(run.ladder) if level == notice.level), -1)
    return -1


def has_higher(case: Case, notice: Notice) -> bool:
    """Whether the case shows a level that may speak for the notice, so that the outbox must be asked."""
    if notice.topic == CORRECTION:
        return bool(others(case, notice))
    mine = height(case, notice)
    return any(
        card.stands
        and (card.clock, card.subject, card.cycle) == instance(notice)
        and _height_of(case, card.clock, card.subject, card.cycle, card.level) > mine
        for card in case.rungs
    )


def _height_of(case: Case, clock: str, subject: str, cycle: int, level: str) -> int:
    for run in case.clocks:
        if run.key == (clock, subject, cycle):
            return next((at for at, (name, _) in enumerate(run.ladder) if name == level), -1)
    return -1


def speaker(case: Case, notice: Notice, rows: Iterable[Posted]) -> Posted | None:
    """The notice of the highest level for the same recipient and clock instance, above this one's.

    One that was cancelled or given up speaks for nobody, and so does one that was itself told by another.
    Of several, by different channels, it is one that was told.

    Args:
        rows: every notice of the case.
    """
    mine, best, found = height(case, notice), (-1, False), None
    for row in rows:
        other = row.notice
        if row.status in (o.CANCELLED, o.DEAD, o.COLLAPSED) or not _alike(notice, other):
            continue
        at = height(case, other)
        if at > mine and (at, row.status == o.SENT) > best:
            best, found = (at, row.status == o.SENT), row
    return found


def _alike(one: Notice, other: Notice) -> bool:
    if (one.topic == CORRECTION) != (other.topic == CORRECTION):
        return False
    if one.topic == CORRECTION and one.at_us != other.at_us:
        return False
    is_of_rung = other.topic in OF_RUNGS or other.topic == CORRECTION
    return is_of_rung and instance(one) == instance(other) and _is_for_the_same(one, other)


def _is_for_the_same(one: Notice, other: Notice) -> bool:
    """Whether both go to the same role by the same channel; a recipient's own may be any."""
    same_way = one.channel == other.channel or "" in (one.channel, other.channel)
    return (one.role, one.unit) == (other.role, other.unit) and same_way


def highest_first(case: Case, notices: Sequence[o.Held]) -> list[o.Held]:
    """The notices of one case: in their order, but higher levels before those they may speak for."""
    return sorted(notices, key=lambda held: (not _is_of_rung(held.notice), -height(case, held.notice)))


def _is_of_rung(notice: Notice) -> bool:
    return notice.topic in OF_RUNGS or notice.topic == CORRECTION


def stands(case: Case, notice: Notice) -> bool:
    """Whether the card that the notice tells of was not annulled."""
    clock, subject, cycle = instance(notice)
    return any(
        card.stands and card.level == notice.level and card.effective_us == notice.at_us
        for card in case.rungs
        if (card.clock, card.subject, card.cycle) == (clock, subject, cycle)
    )


def as_settled(row: o.Posted, done: Mapping[str, o.Outcome]) -> o.Posted:
    """The row as it will be when this batch is settled."""
    outcome = done.get(row.notice.id)
    if outcome is None:
        return row
    is_retry = outcome.status == o.RETRY
    return row.replace(
        status=o.PENDING if is_retry else outcome.status, next_try_us=outcome.at_us if is_retry else None
    )


def rows_of(store: Outbox, case_id: str) -> list[o.Posted]:
    """Every notice of a case, in the order they were posted."""
    rows: list[o.Posted] = []
    while page := store.notices(case_id=case_id, after=rows[-1].position if rows else 0):
        rows += page
    return rows
