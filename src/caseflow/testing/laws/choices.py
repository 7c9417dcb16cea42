"""What a generated life does next: something its state accepts, by somebody who may, with fields that fit."""

from __future__ import annotations

from typing import Any

from caseflow.core.case import Case
from caseflow.core.commands import Command
from caseflow.core.instants import HOUR
from caseflow.core.judging import judge
from caseflow.testing import moves
from caseflow.testing.laws.life import Life
from caseflow.testing.laws.times import MINUTE
from caseflow.testing.laws.world import IDS, SECRET

GAPS = (0, 0, 0, 5 * MINUTE, 7 * HOUR, 31 * HOUR, 103 * HOUR)
"""How long an act may have let wait for itself."""


def act(life: Life, case: int, pick: int, number: int, **how: Any) -> None:
    """The next action on a case, chosen by `pick`; the submission where there is no such case yet."""
    case_id = IDS[case if case <= len(life.seen) else 0]
    gap = GAPS[pick // 11 % len(GAPS)]
    if gap and life.seen:
        life.wait(to=life.clock.now + gap)
    found = life.case(case_id)
    if not found.version:
        take(life, case_id, "submit", number, **how)
        return
    names = open_actions(life, found)
    pick, way = divmod(pick, 6)
    chosen = _of_interest(life, found.state, names, way) or names
    for turn in range(len(chosen)):
        action = chosen[(pick + turn) % len(chosen)]
        if way % 3 == 0 or _is_allowed(life, found, action):
            take(life, case_id, action, number, **how)
            return


def open_actions(life: Life, found: Case) -> list[str]:
    """The actions that the case's state accepts, in the policy's order, but for its submission."""
    return [name for name in moves.accepted(life.desk.rules, found) if name != "submit"]


def take(life: Life, case_id: str, action: str, number: int, *, late: int = 0, **how: Any) -> None:
    """The action with an actor and fields that fit, recorded so many minutes late by those who may."""
    found, rules = life.case(case_id), life.desk.rules
    if not found.version and action != "submit":
        return
    move = moves.fitting(rules, found, action, number, others=tuple(life.seen), said=SECRET)
    if move is None:
        return
    since = None
    if late and rules.role(move.by).backdate:
        move = move.replace(fields={**move.fields, "reason": f"{SECRET} late"})
        since = max(_long_ago(life, found, late), found.submitted_us)
        since = None if since >= life.clock.now else since
    life.act(case_id, action, by=move.by, fields=move.fields, since=since, **how)


def adopt(life: Life, case_id: str, desk: int) -> None:
    """The case comes under the rules of that desk."""
    found = life.case(case_id)
    move = moves.fitting(life.desk.rules, found, "adopt_rules", said=SECRET)
    if found.version and move is not None:
        life.act(case_id, "adopt_rules", by=move.by, fields=move.fields, desk=desk)


def _of_interest(life: Life, state: str, names: list[str], way: int) -> list[str]:
    """Actions that go on; more often those that move the case, and seldom those that end it."""
    targets, states = life.under.targets, life.desk.rules.policy.states
    going_on = []
    for name in names:
        target = targets.get((state, name), "")
        if target not in states or not states[target].final:
            going_on.append(name)
    if way in (1, 2):
        return [name for name in going_on if targets.get((state, name), "") != state]
    return names if way == 5 else going_on


def _is_allowed(life: Life, found: Case, action: str) -> bool:
    """Whether the guards admit the action just now."""
    rules, by = life.desk.rules, moves.fitting_actor(life.desk.rules, found, action)
    row = moves.row_of(rules, found, action)
    at = max(life.clock.now, found.acted_us)
    return by is not None and judge(rules, found, Command(action, by), row, at, asked_only=True) is None


def _long_ago(life: Life, found: Case, minutes: int) -> int:
    """So many minutes ago; every other time an instant about which a card or reminder fired."""
    turn, way = divmod(minutes, 2)
    if not way or not found.rungs:
        return life.clock.now - minutes * MINUTE
    turn, offset = divmod(turn, 3)
    return found.rungs[turn % len(found.rungs)].effective_us + offset - 1
