"""The arguments that all strategies take, checked at entry, so that a mistake shows at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TypeAlias, TypeVar

from hypothesis import strategies as st

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.policy import Policy
from caseflow.core.time.instants import HOUR, micros
from caseflow.errors import BadInput
from caseflow.policies.parse import is_list
from caseflow.testing.timeline.policy_cache import ready_policy

FIRST_MONDAY = date(2025, 3, 3)
"""The day from which starts are drawn: a Monday, a month without public holidays ahead of it in China."""
NINE = 9 * HOUR
"""When an office opens: the plainest hour of a start."""

PolicyLike: TypeAlias = Policy | CompiledPolicy | str | Path | st.SearchStrategy[Policy]
"""A policy, compiled or not, the name of a shipped one, the path of a file, or a strategy that draws one."""

_T = TypeVar("_T")


def for_policy(
    policy: PolicyLike, build: Callable[[CompiledPolicy], st.SearchStrategy[_T]]
) -> st.SearchStrategy[_T]:
    """The strategy built for the policy; for a drawn policy, the one built for each.

    Raises:
        BadInput: no policy at all.
        PolicyError: a policy that cannot be used.
    """
    if isinstance(policy, st.SearchStrategy):
        return policy.flatmap(lambda drawn: build(CompiledPolicy(drawn)))
    return build(rules_for(policy))


def rules_for(policy: Policy | CompiledPolicy | str | Path) -> CompiledPolicy:
    """The policy, read where it is a name or path, and compiled.

    Raises:
        BadInput: no policy at all.
        PolicyError: a policy that cannot be used.
    """
    match policy:
        case CompiledPolicy():
            return policy
        case Policy() | str() | Path():
            return ready_policy(policy).rules
        case _:
            known = "a name, path or Policy"
            raise BadInput("bad-option", what="policy", found=f"{policy!r:.80}, expected {known}")


def plain_start(rules: CompiledPolicy) -> int:
    """Nine o'clock on the Monday from which starts are drawn, or inside what the calendars know."""
    day = FIRST_MONDAY.toordinal()
    for table in rules.policy.tables.values():
        if not table.is_certain(day):
            day = max(table.first.toordinal(), min(day, table.last.toordinal()))
    return rules.days.midnight(day) + NINE


def start_of(start: datetime | str | int | None, rules: CompiledPolicy) -> int:
    """The start as epoch microseconds; nine o'clock on that Monday for `None`.

    Raises:
        BadInput: no instant, or one without an offset.
    """
    return plain_start(rules) if start is None else micros(start, what="start")


def starts(rules: CompiledPolicy) -> st.SearchStrategy[int]:
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


def check_count(count: object, *, what: str, least: int, most: int) -> None:
    """Refuse a count that is none.

    Raises:
        BadInput: not a whole number from ``least`` to ``most``.
    """
    if type(count) is not int or not least <= count <= most:
        raise BadInput("bad-option", what=what, found=f"{count!r:.80}, expected {least} to {most}")


def check_among(names: object, known: tuple[str, ...], *, what: str) -> None:
    """Refuse names that are not known, and an empty choice of them.

    Raises:
        BadInput: names an unknown one, or nothing.
    """
    several = (names,) if isinstance(names, str) else names
    if is_list(several) and several and set(several) <= set(known):
        return
    raise BadInput("bad-option", what=what, found=f"{names!r:.80}, expected some of {', '.join(known)}")
