"""What a generated life asks amiss: in the wrong state, by the wrong actor, with a wrong field or version."""

from __future__ import annotations

from caseflow.testing import moves
from caseflow.testing.laws.choices import open_actions
from caseflow.testing.laws.life import Life
from caseflow.testing.laws.world import SECRET


def wrong_state(life: Life, case_id: str, pick: int, number: int) -> None:
    """An action that the state does not accept."""
    rules, found = life.desk.rules, life.judged(case_id)
    names = moves.accepted(rules, found)
    lacking = [name for name in rules.policy.actions if name not in names and name != "submit"]
    if found.version and lacking:
        move = moves.fitting(rules, found, lacking[pick % len(lacking)], number, said=SECRET)
        if move is not None:
            life.act(case_id, move.action, by=move.by, fields=move.fields, refused="not-in-state")


def wrong_actor(life: Life, case_id: str, pick: int, number: int) -> None:
    """Somebody who may not: each kind of them asks for the same action."""
    rules, found = life.desk.rules, life.judged(case_id)
    names = moves.accepted(rules, found)
    if not found.version or not names:
        return
    action = names[pick % len(names)]
    move = moves.fitting(rules, found, action, number, said=SECRET)
    unfitting = {moves.unfitting_actor(rules, found, action, number + turn) for turn in range(5)}
    for by, code in sorted((other for other in unfitting if other is not None), key=repr):
        if move is not None:
            life.act(case_id, action, by=by, fields=move.fields, refused=code)


def wrong_field(life: Life, case_id: str, pick: int, number: int) -> None:
    """A field that is unknown, missing, or of the wrong type."""
    rules, found = life.desk.rules, life.judged(case_id)
    names = moves.accepted(rules, found)
    if not found.version or not names:
        return
    action = names[pick % len(names)]
    wrongs = [w for w in moves.wrong_fields(rules, found, action) if w.code != "text-too-long"]
    if wrongs:
        wrong = wrongs[number % len(wrongs)]
        life.act(case_id, action, by=wrong.move.by, fields=wrong.move.fields, refused=wrong.code)


def another_version(life: Life, case_id: str, pick: int) -> None:
    """A command that expects another version."""
    found = life.case(case_id)
    names = open_actions(life, found)
    if not found.version or not names:
        return
    move = moves.fitting(life.desk.rules, found, names[pick % len(names)], said=SECRET)
    if move is not None:
        life.expecting(case_id, move.action, by=move.by, fields=move.fields)
