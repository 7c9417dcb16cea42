"""The policy's own table of roles as an authorizer, for a portal that changes a part of it."""

from __future__ import annotations

from caseflow.core.engine.compiled_policy import CompiledPolicy, Transition
from caseflow.core.engine.preconditions import Authorizer, grants_not, is_authorized
from caseflow.core.engine.remedies import is_stranger, to_stranger
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor, Command
from caseflow.core.policy import Role
from caseflow.errors import Refusal


class PolicyRights:
    """The table of role x action, denied by default; override `rights` or `refuses` to change a part of it.

    Where `rights` gives a role more, or gives one that the policy lacks ``everything``, that holds instead.
    """

    def rights(self, rules: CompiledPolicy, by: Actor, /) -> Role:
        """Those of the actor's role; a role that the policy lacks may nothing."""
        return rules.role(by)

    def refuses(
        self, rules: CompiledPolicy, case: Case, row: Transition | None, command: Command, /
    ) -> Refusal | None:
        """`None`, or why not: a stranger is told the same wherever the case stands, whoever holds it."""
        if is_stranger(rules, case, command):
            return to_stranger(rules, case, command)
        if row is None:
            return None
        rights, role = rules.rights(command), command.by.role
        if role in row.scopes or rights.everything:
            row = row.replace(scopes={**row.scopes, role: rights.scope})
        return is_authorized(rules, case, row, command) or grants_not(rules, case, command)


POLICY_RIGHTS = PolicyRights()


class PresentRights:
    """Who may tell a fact is a question of today, whoever held the case when it took effect."""

    def __init__(self, case: Case, authorizer: Authorizer | None) -> None:
        self._case = case
        self._authorizer = authorizer or POLICY_RIGHTS

    def rights(self, rules: CompiledPolicy, by: Actor, /) -> Role:
        """Those of today."""
        return self._authorizer.rights(rules, by)

    def refuses(
        self, rules: CompiledPolicy, case: Case, row: Transition | None, command: Command, /
    ) -> Refusal | None:
        """What is refused on the case as it stands today."""
        return self._authorizer.refuses(rules, self._case, row, command)


def entitled(rules: CompiledPolicy, command: Command, authorizer: Authorizer | None) -> Command:
    """The command with the rights that the authorizer gives its actor; without one it stays as it is."""
    if authorizer is None:
        return command
    return command.replace(rights=authorizer.rights(rules, command.by))
