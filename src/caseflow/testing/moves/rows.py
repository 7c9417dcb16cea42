"""What a policy says of an action in a case's state, guards and roles aside."""

from __future__ import annotations

from caseflow.core.case import Case
from caseflow.core.rules import Row, Rules


def row_of(rules: Rules, case: Case, action: str) -> Row | None:
    """The action's row in the case's state; where the state has none, that of another state; `None` for an
    action that no state knows.
    """
    here = rules.table.get(case.state, {}).get(action)
    return here or next((rows[action] for rows in rules.table.values() if action in rows), None)


def accepted(rules: Rules, case: Case) -> tuple[str, ...]:
    """The actions that the case's state accepts, in the policy's order, guards and roles aside."""
    here = rules.table.get(case.state, {})
    return tuple(action for action in rules.policy.actions if action in here)
