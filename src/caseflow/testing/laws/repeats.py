"""Commands of a life that must leave no trace: a repeat, a used key, another version than the case's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from caseflow.core.commands import Actor
from caseflow.errors import CaseflowError, KeyReused, Stale
from caseflow.testing.laws.asked import Done
from caseflow.testing.laws.broken import LawBroken, hold
from caseflow.testing.laws.world import SECRET, World


def deliver_again(world: World, done: Done, *, changed: bool) -> None:
    """A command comes a second time under its key, or with ``changed`` another one under it.

    Another reason makes another command, unless the first one's was redacted: then nothing is left to tell
    them apart, and it counts as the repeat.
    """
    case_id, terms = done.asked.case_id, dict(done.asked.terms)
    if changed and _is_reason_gone(world, done):
        terms["fields"] = {**terms["fields"], "reason": f"{SECRET} another"}
        changed = False
    elif changed:
        terms["fields"] = {**terms["fields"], "reason": f"{SECRET} another"}
    try:
        found = world.desk.act(case_id, done.asked.action, key=done.key, **terms)
    except KeyReused:
        hold(changed, "7", "the same command is refused under its own key", case_id=case_id)
    except CaseflowError as error:
        raise LawBroken("7", f"a repeat is refused: {error}", case_id=case_id) from error
    else:
        hold(not changed, "7", "another command was taken under a used key", case_id=case_id)
        hold(found == done.after, "7", "a repeat gives another case", case_id=case_id)
    hold(not world.look(law="7"), "7", "a repeat was recorded", case_id=case_id)


def _is_reason_gone(world: World, done: Done) -> bool:
    """Whether the command's reason was redacted since."""
    known = world.store.recall(done.asked.terms["by"].id, done.key)
    if known is None:
        return False
    texts = world.desk.texts(known.case_id)
    versions = range(known.first, known.last + 1)
    return any(t.is_redacted and t.field == "reason" and t.version in versions for t in texts)


def expect_another_version(
    world: World, case_id: str, action: str, *, by: Actor, fields: Mapping[str, Any]
) -> None:
    """A command asked with a version that is not the case's raises, and nothing is recorded."""
    wrong = world.case(case_id).version + 1
    try:
        world.desk.act(case_id, action, by=by, fields=fields, expected_version=wrong)
    except Stale:
        pass
    except CaseflowError:
        hold(False, "10", "another version than the expected one was judged", case_id=case_id)
    else:
        hold(False, "10", "another version than the expected one was taken", case_id=case_id)
    hold(not world.look(law="10"), "10", "a stale command was recorded", case_id=case_id)
