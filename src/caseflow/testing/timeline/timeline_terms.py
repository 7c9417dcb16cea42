"""What every method of a timeline takes besides an action's own fields, and how a case is named to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict

from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.policy import Policy
from caseflow.errors import UnknownCase

Policies = str | Path | Policy | Sequence[str | Path | Policy]
"""A shipped policy's name, the path of a file, or a policy; or several of these."""


class Doing(TypedDict, total=False):
    """What every method takes besides the action's own fields.

    ``by`` is an actor, or the name of a role; by default whoever the policy allows first. ``unit`` is the
    unit that the actor acts for, by default the one that holds the case; for ``report`` the first that helps.
    ``own_fields`` are fields of the policy's own. The rest is as in `Desk.act`.
    """

    by: Actor | str
    unit: str
    reason: str
    effective_at: datetime | str
    key: str
    expected_version: int
    own_fields: Mapping[str, Any]


class ActionTaker:
    """Whoever takes the actions that `TimelineActions` has a method for."""

    def _do(self, action: str, case: Case | str, doing: Doing, /, **fields: Any) -> Case:
        """Take the action; the timeline does it."""
        raise TypeError("TimelineActions is a part of Timeline")


def case_id_of(case: Case | str) -> str:
    """The id of a case, or the id itself.

    Raises:
        UnknownCase: it is neither.
    """
    match case:
        case Case():
            return case.id
        case str():
            return case
        case _:
            raise UnknownCase(ascii(case)[:80])
