"""Which notices of a case are told together: the highest level speaks for those below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from caseflow.core import notices as o
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case
from caseflow.core.notices import CORRECTION, DOCUMENT, OF_RUNGS, Notice, Posted, recipients
from caseflow.delivery.renderer import instance, others
from caseflow.ports import Outbox


def may_collapse(notice: Notice) -> bool:
    """Whether a higher level may speak for it; a numbered document is always told by itself."""
    return (notice.topic in OF_RUNGS and notice.topic != DOCUMENT) or notice.topic == CORRECTION


def height(case: Case, notice: Notice) -> int:
    """The place of the notice's rung in its ladder."""
    return _height(case, instance(notice), notice.level)


def _height(case: Case, key: tuple[str, str, int], level: str) -> int:
    for run in case.clocks:
        if run.key == key:
            return next((at for at, (name, _) in enumerate(run.ladder) if name == level), -1)
    return -1


def has_higher(case: Case, notice: Notice) -> bool:
    """Whether the case shows a level that may speak for the notice, so that the outbox must be asked."""
    if notice.topic == CORRECTION:
        return bool(others(case, notice))
    key, own = instance(notice), height(case, notice)
    return any(
        card.stands and (card.clock, card.subject, card.cycle) == key and _height(case, key, card.level) > own
        for card in case.escalations
    )


def speaker(case: Case, notice: Notice, rows: Iterable[Posted]) -> Posted | None:
    """The notice of the highest level for the same recipient and clock instance, above this one's.

    One that was cancelled or given up speaks for nobody, and so does one that a higher level told; one that
    was told in another role of the same people speaks on. Of several, by different channels, it is one that
    was told.

    Args:
        rows: every notice of the case.
    """
    every = tuple(rows)
    versions = {row.notice.id: row.notice.version for row in every}
    own, best, highest = height(case, notice), (-1, False), None
    for row in every:
        other = row.notice
        if row.status in (o.CANCELLED, o.DEAD) or not _alike(notice, other):
            continue
        if row.status == o.COLLAPSED and versions.get(row.into) != other.version:
            continue
        at, is_told = height(case, other), row.status in o.TOLD
        if at > own and (at, is_told) > best:
            best, highest = (at, is_told), row
    return highest


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
        for card in case.escalations
        if (card.clock, card.subject, card.cycle) == (clock, subject, cycle)
    )


def known_us(case: Case, notice: Notice) -> int:
    """When it was known that it had to be told: when a card was noticed, an act recorded."""
    if notice.topic not in OF_RUNGS:
        return notice.at_us
    key = instance(notice)
    noticed = (
        card.detected_us
        for card in case.escalations
        if (card.clock, card.subject, card.cycle, card.level) == (*key, notice.level)
        and card.effective_us == notice.at_us
    )
    return max(noticed, default=notice.at_us)


def as_settled(row: o.Posted, done: Mapping[str, o.Outcome]) -> o.Posted:
    """The notice as it will be when this batch is settled."""
    outcome = done.get(row.notice.id)
    if outcome is None:
        return row
    is_retry = outcome.status == o.RETRY
    return row.replace(
        status=o.PENDING if is_retry else outcome.status,
        next_try_us=outcome.at_us if is_retry else None,
        into=outcome.into,
        reached=outcome.reached,
    )


def has_siblings(rules: CompiledPolicy, notice: Notice) -> bool:
    """Whether the event is told to several roles by one channel, of which one person may have two."""
    if notice.topic in OF_RUNGS or notice.topic == CORRECTION:
        routes = rules.routes.of_rungs.get((instance(notice)[0], notice.level), ())
    else:
        action = notice.body.get("action")
        routes = rules.routes.of_events.get(f"{notice.topic}:{action}" if action else notice.topic, ())
    addressees = (notice.unit,) if notice.unit else ("",) if notice.body.get("unassigned") else ("-", "")
    return any(
        sum(route.channel == notice.channel for *_, route in recipients(routes, addressee)) > 1
        for addressee in addressees
    )


def siblings(notice: Notice, rows: Iterable[Posted]) -> list[Posted]:
    """The notices of the same event for other roles, by the same channel."""
    return [
        row
        for row in rows
        if (row.notice.version, row.notice.topic, row.notice.channel)
        == (notice.version, notice.topic, notice.channel)
        and (row.notice.role, row.notice.unit) != (notice.role, notice.unit)
    ]


def rows_of(store: Outbox, case_id: str) -> list[o.Posted]:
    """Every notice of a case, in the order they were posted."""
    rows: list[o.Posted] = []
    while page := store.notices(case_id=case_id, after=rows[-1].position if rows else 0):
        rows += page
    return rows
