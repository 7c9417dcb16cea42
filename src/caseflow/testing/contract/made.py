"""Small real cases for stores: built from events, so that snapshot and history agree."""

from __future__ import annotations

from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.core.commands import Actor
from caseflow.core.evolve import evolve
from caseflow.core.terms import Place
from caseflow.ports import Append, Text

BY = Actor("d-1", role="dispatcher")


def submitted(
    case_id: str, *, remind: int | None = None, due: int | None = None, unit: str = "", citizen: str = "",
    state: str = "routed", certain: bool = True, at: int = 1,
) -> Append:  # fmt: skip
    """A new case with one clock: a warning at ``remind`` and a breach at ``due``; without them no clock."""
    rungs = [("reminder", False, remind)] if remind is not None else []
    rungs += [("yellow", True, due)] if due is not None else []
    change = e.ClockChange(
        "reply", "", 1, "running", at, None, tuple((level, hard) for level, hard, _ in rungs),
        tuple(when for _, _, when in rungs), 0 if certain else (1 << len(rungs)) - 1,
    )  # fmt: skip
    event = e.Submitted(
        at, BY, Place(state, "handling"), (change,) if rungs else (), unit=unit, citizen=citizen
    )
    return Append(evolve(Case(case_id), event), 0, (event,))


def then(case: Case, *events: e.Event, texts: tuple[Text, ...] = ()) -> Append:
    """Further events of a case; one note without any given."""
    after, given = case, events or (e.Noted(case.last_us + 1, BY),)
    for event in given:
        after = evolve(after, event)
    return Append(after, case.version, given, texts)


def stopped(case: Case) -> Append:
    """The reply that ends the case's clock."""
    until = case.last_us + 1
    change = e.ClockChange("reply", "", 1, status="stopped", until=until)
    return then(case, e.Replied(until, BY, Place("answered", "handling"), (change,)))
