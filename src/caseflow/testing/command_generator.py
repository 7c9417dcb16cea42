"""Legal commands for any policy and case: an actor who may, and fields that fit, chosen by one integer.

The integer is read digit by digit: 0 is the simplest choice everywhere, and the same integer always gives the
same command. Nothing here knows a particular policy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from caseflow.core.engine.compiled_policy import CompiledPolicy, Transition
from caseflow.core.engine.extensions import EXTENSION_UNITS
from caseflow.core.model.case import Case, documents_of
from caseflow.core.policy import FieldRule
from caseflow.core.time.instants import DAY, moment
from caseflow.core.time.span import length_of
from caseflow.core.value import Value
from caseflow.testing.actors import UNITS, permitted_actors, row_of
from caseflow.testing.step import Step

PLAIN_TEXT = "路灯不亮"
"""How texts begin unless something else is asked for; a text ends with its field's name."""


class Digits:
    """Choices read off an integer, digit by digit in fitting bases; 0 chooses the first always."""

    def __init__(self, number: int) -> None:
        self.left = abs(number)

    def below(self, base: int) -> int:
        """A number from 0 to base - 1."""
        self.left, digit = divmod(self.left, max(base, 1))
        return digit

    def one_of(self, things: Sequence[Any]) -> Any:
        """One of the things; the first for 0."""
        return things[self.below(len(things))]


def legal_command(
    rules: CompiledPolicy,
    case: Case,
    action: str,
    number: int = 0,
    *,
    units: Sequence[str] = UNITS,
    others: Sequence[str] = (),
    text: str = PLAIN_TEXT,
    backdating: bool = False,
) -> Step | None:
    """The action with an actor who may take it and fields that fit; `None` when nobody may.

    State, role and fields fit where the state accepts the action; guards may still refuse.

    Args:
        rules, case, action: what the command is for.
        number: chooses; the same number gives the same command.
        units: the units that ``unit`` fields name.
        others: ids of other cases, for ``merge`` and ``link``.
        text: how texts begin.
        backdating: only an actor who may record facts late.
    """
    digits = Digits(number)
    actors = permitted_actors(rules, case, action, units=units)
    if backdating:
        actors = tuple(actor for actor in actors if rules.role(actor).backdate)
    if not actors:
        return None
    by = digits.one_of(actors)
    fields = legal_fields(rules, case, action, digits.left, units=units, others=others, text=text)
    if action == "submit" and rules.role(by).scope == "own":
        fields.pop("citizen", None)  # who asks for themselves is the citizen
    return Step(action=action, by=by, fields=fields, case_id=case.id)


def legal_fields(
    rules: CompiledPolicy,
    case: Case,
    action: str,
    number: int = 0,
    *,
    units: Sequence[str] = UNITS,
    others: Sequence[str] = (),
    text: str = PLAIN_TEXT,
) -> dict[str, Any]:
    """Fields that the action's table of types accepts: all required ones, and optional ones by the number.

    Number 0 gives the required fields alone. Arguments are as for `legal_command`.
    """
    row = row_of(rules, case, action)
    if row is None:
        return {}
    draw = _Draw(
        rules=rules,
        case=case,
        row=row,
        digits=Digits(number),
        units=tuple(units),
        others=tuple(others),
        text=text,
    )
    together = _extension(draw) if action in _OF_EXTENSIONS else {}
    if action == "annul_card":
        together = _appeal(draw)
    fields = {
        name: draw.field(name, rule)
        for name, rule in row.fields.items()
        if name not in ("clock", *EXTENSION_UNITS) or action not in _OF_EXTENSIONS
        if name in row.required or (rule.type != "secret" and draw.digits.below(2))
    } | together
    return {name: part for name, part in fields.items() if part is not None}


class _Draw(Value):
    """What the fields of one command are drawn for and from."""

    rules: CompiledPolicy
    case: Case
    row: Transition
    digits: Digits
    units: tuple[str, ...]
    others: tuple[str, ...]
    text: str

    def field(self, name: str, rule: FieldRule) -> Any:
        """A value that fits the field's type and the case; `None` where the case offers none."""
        of_case = _OF_CASE.get((self.row.action, name))
        part = of_case(self) if of_case is not None else None
        return self._of_type(name, rule) if part is None else part

    def _of_type(self, name: str, rule: FieldRule) -> Any:
        match rule.type:
            case "text":
                return f"{self.text} {name}"
            case "unit":
                return self.digits.one_of(self.units)
            case "string" | "name":
                return self._string(name, rule)
            case "int":
                return self._int(rule)
            case "instant":
                case = self.case
                return max(case.acted_us, case.submitted_us) + self.digits.below(30) * DAY
            case "date":
                days = self.digits.below(40)  # today, later, or some days ago
                days = days if days < 30 else 29 - days
                return moment(self.case.acted_us + days * DAY).date().isoformat()
            case "names":
                return (self._string(name, rule),)
            case "secret":
                return f"{self.digits.below(256):064x}"  # a secret, and the hash of one
            case "sha256":
                return f"{self.digits.below(256):064x}"
            case _:
                return bool(self.digits.below(2))

    def _string(self, name: str, rule: FieldRule) -> str:
        """A choice; or, where a clock asks for values of the field, one of those; or a plain word."""
        choices = [choice for choice in rule.choices if choice or name not in self.row.required]
        if not choices and self.row.action == "submit":
            whens = [plan.rule.when for plan in self.rules.plans]
            wanted = (when.admits.get(name, ()) + when.excludes.get(name, ()) for when in whens)
            choices = sorted({str(choice) for values in wanted for choice in values})
        return str(self.digits.one_of(choices)) if choices else f"{name}-{1 + self.digits.below(3)}"

    def _int(self, rule: FieldRule) -> int:
        """Small, and inside the bounds; the bounds themselves first."""
        low, high = rule.min, rule.max
        if low is None:
            low = 0 if high is None else min(0, high)
        reach = 10 if high is None else min(high - low + 1, 1000)
        return low + self.digits.below(reach)


def _primary(draw: _Draw) -> Any:
    return draw.digits.one_of([*(other for other in draw.others if other != draw.case.id), draw.case.id][:3])


def _open_rectification(draw: _Draw) -> Any:
    open_ids = [item.id for item in draw.case.facts.rectifications if item.is_awaited]
    return draw.digits.one_of(open_ids) if open_ids else None


_OF_EXTENSIONS = ("request_extension", "grant_extension", "refuse_extension")


def _extension(draw: _Draw) -> dict[str, Any]:
    """The clock that an extension is for, and how much: only what must be said, or all of it."""
    case, digits, action = draw.case, draw.digits, draw.row.action
    running = {run.clock: run for run in case.clocks if run.is_running}
    waiting = {request.clock for request in case.pending_extensions} & running.keys()
    names = [name for name in running if action == "request_extension" or not waiting or name in waiting]
    if not names:
        return {"days": 1 + _more_days(draw)} if action == "request_extension" else {}
    name = digits.one_of(names)
    fields: dict[str, Any] = {"clock": name} if len(names) > 1 or digits.below(2) else {}
    rule = draw.rules.plan[name].rule.extension if name in draw.rules.plan else None
    unit, most = ("days", 0) if rule is None else length_of(rule)
    needs_amount = rule is None or not unit
    if action == "refuse_extension" or (
        digits.below(2) and not (action == "request_extension" and needs_amount)
    ):
        return fields
    if not unit or (rule is not None and rule.until and digits.below(2)):
        day = draw.rules.days.day_of(case.acted_us) + 1 + digits.below(40)
        return fields | {"until": date.fromordinal(day).isoformat()}
    amount = 1 + (_more_days(draw) if rule is None else digits.below(int(most)))
    return fields | {unit: amount}


def _appeal(draw: _Draw) -> dict[str, Any]:
    """The card that an appeal is about, named in full; nothing where none stands."""
    standing = [card for card in draw.case.cards if card.stands]
    if not standing:
        return {}
    card = draw.digits.one_of(standing)
    return {"clock": card.clock, "level": card.level, "subject": card.subject, "cycle": card.cycle}


def _more_days(draw: _Draw) -> int:
    return draw.digits.below(max(draw.rules.policy.limits.extension_days, 1))


def _texts(draw: _Draw) -> tuple[str, ...]:
    return (draw.digits.one_of(("title", "reason", "text", "body")),)


def _document(draw: _Draw) -> Any:
    documents = documents_of(draw.rules.routes.documents, draw.case)
    standing = [name for name, card in documents if card.stands]
    return draw.digits.one_of(standing) if standing else None


def _linked(draw: _Draw) -> Any:
    """A case that is linked, for `unlink`; else another one."""
    links = draw.case.facts.links if draw.row.action == "unlink" else ()
    return draw.digits.one_of([link.case for link in links]) if links else _primary(draw)


def _link_type(draw: _Draw) -> Any:
    types = list(draw.rules.policy.links)
    return draw.digits.one_of(types) if types else None


_OF_CASE: dict[tuple[str, str], Callable[[_Draw], Any]] = {
    ("merge", "primary"): _primary,
    ("link", "other"): _linked,
    ("unlink", "other"): _linked,
    ("link", "type"): _link_type,
    ("unlink", "type"): _link_type,
    ("verify_rectification", "rectification"): _open_rectification,
    ("drop_rectification", "rectification"): _open_rectification,
    ("redact", "fields"): _texts,
    ("sign_receipt", "document"): _document,
}
"""Fields of built-in actions that must fit more than their type: (action, field) -> what fits the case."""
