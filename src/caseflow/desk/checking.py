"""What is refused before a command is looked at: names that no store keeps, actors that claim to be us."""

from __future__ import annotations

from caseflow.core.commands import SYSTEM, Actor
from caseflow.errors import BadInput, Refusal, Refused, UnknownCase


def check_call(case_id: str, action: str, by: Actor, key: str | None) -> None:
    """Refuse names that no store can keep, and actors that claim to be the system."""
    usable = type(case_id) is str and 1 <= len(case_id) <= 200 and case_id.isprintable()
    if not usable or case_id != case_id.strip():
        if action in ("submit", "adopt"):
            raise Refused(Refusal(code="bad-case-id", action=action, found=ascii(case_id)[:80]))
        raise UnknownCase(ascii(case_id)[:80])
    if by.role == SYSTEM.role:
        refusal = Refusal(code="role-may-not", action=action, missing=(), found=by.role, rule="roles")
        raise Refused(refusal, case_id=case_id)
    check_key(key)


def check_key(key: str | None) -> None:
    """Refuse a key that no store can keep."""
    if key is not None and not (1 <= len(key) <= 200 and key.isprintable()):
        raise BadInput("bad-name", what="key", found=ascii(key)[:80])
