"""What every strategy is given, checked at entry, so that a mistake shows at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TypeAlias, TypeVar

from hypothesis import strategies as st

from caseflow.core.instants import HOUR, micros
from caseflow.core.policy import Policy
from caseflow.core.rules import Rules
from caseflow.errors import BadInput
from caseflow.testing.rules_on_hand import on_hand

FIRST_MONDAY = date(2025, 3, 3)
"""The day from which starts are drawn: a Monday, a month without public holidays ahead of it in China."""
NINE = 9 * HOUR
"""When an office opens: the plainest hour of a start."""

PolicyLike: TypeAlias = Policy | Rules | str | Path | st.SearchStrategy[Policy]
"""A policy, compiled or not, the name of a shipped one, the path of a file, or a strategy that draws one."""

_T = TypeVar("_T")


def for_policy(policy: PolicyLike, build: Callable[[Rules], st.SearchStrategy[_T]]) -> st.SearchStrategy[_T]:
    """The strategy built for the policy; for a drawn policy, the one built for each.

    Raises:
        BadInput: no policy at all.
        PolicyError: a policy that cannot be used.
    """
    if isinstance(policy, st.SearchStrategy):
        return policy.flatmap(lambda drawn: build(Rules(drawn)))
    return build(rules_for(policy))


def rules_for(policy: Policy | Rules | str | Path) -> Rules:
    """The policy, read where it is a name or path, and compiled.

    Raises:
        BadInput: no policy at all.
        PolicyError: a policy that cannot be used.
    """
    if isinstance(policy, Rules):
        return policy
    if not isinstance(policy, Policy | str | Path):
        raise BadInput("bad-option", what="policy", found=f"{policy!r:.80}, expected a name, path or Policy")
    return on_hand(policy).rules


def plain_start(rules: Rules) -> int:
    """Nine o'clock on the Monday from which starts are drawn, or inside what the calendars know."""
    day = FIRST_MONDAY.toordinal()
    for table in rules.policy.tables.values():
        if not table.is_certain(day):
            day = max(table.first.toordinal(), min(day, table.last.toordinal()))
    return rules.days.midnight(day) + NINE


def start_given(start: datetime | str | int | None, rules: Rules) -> int:
    """The start as epoch microseconds; nine o'clock on that Monday for `None`.

    Raises:
        BadInput: no instant, or one without an offset.
    """
    return plain_start(rules) if start is None else micros(start, what="start")


def starts(rules: Rules) -> st.SearchStrategy[int]:
    """Instants of a year at which a case may begin; shrink to nine o'clock on the first Monday.

    None lies past the horizon of a calendar, where nothing would ever fall due for certain.
    """
    opening = rules.days.day_of(plain_start(rules))
    last = min((table.last.toordinal() for table in rules.policy.tables.values()), default=opening + 365)
    reach = max(0, min(last - opening, 365))
    hours = st.one_of(st.just(NINE), st.integers(0, 23 * 60 + 59).map(lambda minute: minute * 60_000_000))
    return st.tuples(st.integers(0, reach), hours).map(
        lambda drawn: rules.days.midnight(opening + drawn[0]) + drawn[1]
    )


def check_count(found: object, *, what: str, least: int, most: int) -> None:
    """Refuse a count that is none.

    Raises:
        BadInput: not a whole number from ``least`` to ``most``.
    """
    if type(found) is not int or not least <= found <= most:
        raise BadInput("bad-option", what=what, found=f"{found!r:.80}, expected {least} to {most}")


def check_among(found: object, known: tuple[str, ...], *, what: str) -> None:
    """Refuse names that are not known, and an empty choice of them.

    Raises:
        BadInput: names an unknown one, or nothing.
    """
    names = (found,) if isinstance(found, str) else found
    if not isinstance(names, tuple | list | set | frozenset) or not names or not set(names) <= set(known):
        raise BadInput("bad-option", what=what, found=f"{found!r:.80}, expected some of {', '.join(known)}")
