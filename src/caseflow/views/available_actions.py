"""Which actions an actor may take on a case now, and what stands in the way of the others."""

from __future__ import annotations

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.escalation import escalate
from caseflow.core.engine.preconditions import check_asked
from caseflow.core.engine.rights import Authorizer, entitled
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor, Command
from caseflow.core.policy import FieldRule
from caseflow.core.value import Value
from caseflow.errors import Refusal


class Allowed(Value):
    """An action and its fields; ``refusal`` says why it is not allowed, ``None`` that it is."""

    action: str
    fields: dict[str, FieldRule]
    required: tuple[str, ...] = ()
    refusal: Refusal | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether the actor may take it now, given the right fields."""
        return self.refusal is None


def allowed(
    rules: CompiledPolicy, case: Case, by: Actor, now: int, authorizer: Authorizer | None = None
) -> tuple[Allowed, ...]:
    """Every action of the policy in its order, judged without fields on the case after what is due."""
    at = max(now, case.acted_us)
    if not case.facts.unknown_event:
        case, _ = escalate(rules, case, at)
    listed: list[Allowed] = []
    for action in rules.policy.actions:
        row = rules.table.get(case.state, {}).get(action)
        command = entitled(rules, Command(action, by), authorizer)
        refusal = check_asked(rules, case, command, row, at, authorizer=authorizer)
        required = tuple(sorted(rules.required[action]))
        listed.append(Allowed(action, _fields(rules, command), required, refusal))
    return tuple(listed)


def _fields(rules: CompiledPolicy, command: Command) -> dict[str, FieldRule]:
    """The fields that the actor may give: nobody rates their own case by default."""
    fields = rules.fields[command.action]
    if command.action != "rate" or rules.rights(command).scope != "own":
        return fields
    return {name: rule for name, rule in fields.items() if name != "automatic"}
