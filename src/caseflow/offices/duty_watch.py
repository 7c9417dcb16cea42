"""专人每日登录: who has not looked in today, and what they have not seen. Nothing here changes a case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from caseflow.core.model.case import Case
from caseflow.core.policy import DutyRule
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.desk.desk import Desk
from caseflow.errors import BadInput

LOOK_IN = "look_in"
"""The action of a roster, and its clock, which begins anew with each."""
PAGE = 1000


class DutyWatch(Value):
    """How one unit's duty stands.

    Attributes:
        roster: the id of its roster; its history is the record of who looked in when.
        last: the last look-in, in the roster's zone; `None` when there was none.
        is_due: whether today is a working day and nobody has looked in yet.
        unseen: ids of the unit's cases that wait to be seen and came, or came back, since the last look-in.
        seen: ids of those that wait, but were there already when somebody looked in.
        missed: how many working days stand on the roster as cards.
    """

    unit: str
    roster: str
    last: datetime | None
    is_due: bool
    unseen: tuple[str, ...]
    seen: tuple[str, ...]
    missed: int


def duty_watch(desk: Desk, *, policy: str | None = None) -> tuple[DutyWatch, ...]:
    """How the duty of every unit with a roster stands now, in the order of the rosters' ids.

    Args:
        policy: the one whose ``duty`` is asked for; by default the desk's first.

    Raises:
        BadInput: the desk has no such policy, or its ``duty`` says nothing, or not the rosters' one.
    """
    rules = desk.rules if policy is None else desk.policies.get(policy)
    duty = None if rules is None else rules.policy.duty
    if rules is None or duty is None:
        raise BadInput("bad-option", what="policy", found=f"{policy or desk.rules.policy.name}, without duty")
    of_rosters = desk.policies.get(duty.roster)
    if of_rosters is None:
        raise BadInput(
            "bad-option", what="roster", found=f"{duty.roster}; there are {', '.join(desk.policies)}"
        )
    states = [name for name, place in of_rosters.policy.states.items() if not place.final]
    rosters = [one for state in states for one in _cases(desk, policy=duty.roster, state=state)]
    return tuple(
        _watch(desk, duty, one, rules.policy.name) for one in sorted(rosters, key=lambda one: one.id)
    )


def _watch(desk: Desk, duty: DutyRule, roster: Case, policy: str) -> DutyWatch:
    rules, now = desk.rules_of(roster), desk.clock.now_us()
    turns = [run.since_us for run in roster.clocks if run.clock == LOOK_IN]
    last = turns[-1] if len(turns) > 1 else None
    since = roster.submitted_us if last is None else last
    today, begun = rules.days.day_of(now), rules.days.day_of(since)
    calendar = rules.policy.tables[rules.policy.clocks[LOOK_IN].calendar]
    waiting = [
        case for state in duty.unseen for case in _cases(desk, policy=policy, unit=roster.unit, state=state)
    ]
    return DutyWatch(
        roster.unit,
        roster.id,
        last=None if last is None else moment(last, roster.origin.zone),
        is_due=begun < today and calendar.is_working(today),
        unseen=tuple(sorted(case.id for case in waiting if last is None or case.acted_us > last)),
        seen=tuple(sorted(case.id for case in waiting if last is not None and case.acted_us <= last)),
        missed=sum(card.stands for card in roster.cards),
    )


def _cases(desk: Desk, *, policy: str, state: str, unit: str | None = None) -> Iterator[Case]:
    cursor = ""
    while True:
        page = desk.cases(policy=policy, unit=unit, state=state, helping=False, limit=PAGE, cursor=cursor)
        yield from page.cases
        if not page.cursor:
            return
        cursor = page.cursor
