"""The open cases of a unit that was renamed or dissolved, handed on to whoever goes on with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.units import Unit, near_names, present_name, successor_of, wrong_unit
from caseflow.core.value import Value
from caseflow.desk.call_checks import checked_call, checked_function, checked_name
from caseflow.desk.command_handler import BATCH, CommandHandler, LeftOut
from caseflow.errors import BadInput, CaseflowError, is_of_the_store
from caseflow.ports import Query


class HandOver(Value):
    """What handing on a unit's cases came to, or would come to.

    Attributes:
        to: the unit that has them now.
        handed: how many open cases that the unit held went to it; helped: with how many it helps now.
        refused: cases that stay as they are, in the order of lists.
        dry_run: whether nothing was written.
    """

    to: str
    handed: int = 0
    helped: int = 0
    refused: tuple[LeftOut, ...] = ()
    dry_run: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-able data."""
        refused = [
            {"case_id": one.case_id, "code": one.error.code, "reason": one.error.text()}
            for one in self.refused
        ]
        counts = {"handed": self.handed, "helped": self.helped}
        return {"to": self.to, **counts, "refused": refused, "dry_run": self.dry_run}


def hand_over(
    handler: CommandHandler,
    unit: str,
    *,
    to: str | None,
    by: Actor,
    reason: str,
    dry_run: bool,
    progress: Callable[[int], object],
) -> HandOver:
    """See `caseflow.desk.Desk.hand_over`."""
    _, by = checked_call("-", "transfer", by)
    checked_function("progress", progress)
    reason = checked_name("reason", reason)
    sources, target = _from_and_to(handler, checked_name("unit", unit), to)
    done = HandOver(target, dry_run=dry_run)
    seen = 0
    for source in sources:
        for case in _open_cases(handler, source):
            done = _handed(handler, done, case, source, by=by, reason=reason)
            seen += 1
            progress(seen)
    return done


def _from_and_to(handler: CommandHandler, unit: str, to: str | None) -> tuple[tuple[str, ...], str]:
    """The names under which cases may be kept, and the unit that gets them.

    Raises:
        BadInput: nobody says who gets them, or that unit is not there.
    """
    units, name = handler.units, present_name(None, unit)
    known = None if units is None else units.unit(name)
    day = date.fromordinal(handler.rules.days.day_of(handler.clock.now_us()))
    target = "" if to is None else present_name(units, checked_name("to", to))
    if not target and units is not None and known is not None:
        is_there = known.until is None or day < known.until
        target = known.name if is_there else successor_of(units, known, day)
    if not target:
        near = () if units is None or known is not None else near_names(units, name)
        raise BadInput("nobody-goes-on", what="to", found=name, missing=", ".join(near) or "-")
    refused = None if units is None else wrong_unit(units, target, day)
    if refused is not None:
        raise BadInput(
            refused.code, what="to", found=refused.found, missing=", ".join(refused.missing) or "-"
        )
    return tuple(one for one in _names(known, name) if one != target), target


def _names(unit: Unit | None, name: str) -> tuple[str, ...]:
    names = (name,) if unit is None else (unit.name, *unit.former, *unit.aliases, name)
    return tuple(dict.fromkeys(names))


def _open_cases(handler: CommandHandler, unit: str) -> Iterator[Case]:
    """The open cases that the unit holds or helps with; each page is read after what became of the last."""
    query = Query(unit=unit, helping=True, limit=BATCH)
    while page := handler.store.find(query, aside=handler.watch.tell):
        yield from (case for case in page if case.is_open)
        query = query.replace(after=query.place(page[-1]))


def _handed(
    handler: CommandHandler, done: HandOver, case: Case, source: str, *, by: Actor, reason: str
) -> HandOver:
    """The result with the case handed on, or left out."""
    is_held = case.unit == source
    if not is_held and done.to in (case.unit, *case.facts.co_handlers):
        return done
    action, field = ("transfer", "to") if is_held else ("add_co_handler", "co_handler")
    fields = {field: done.to, "reason": reason}
    try:
        if done.dry_run:
            handler.judge(case, action, handler.actor(by), fields, handler.clock.now_us())
        else:
            handler.act(
                case.id, action, by, fields, effective_at=None, key=None, expected_version=case.version
            )
    except CaseflowError as error:
        if is_of_the_store(error):
            raise
        return done.replace(refused=(*done.refused, LeftOut(case.id, error)))
    if is_held:
        return done.replace(handed=done.handed + 1)
    return done.replace(helped=done.helped + 1)
