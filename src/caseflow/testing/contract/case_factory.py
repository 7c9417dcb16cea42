"""Small real cases for stores: built from events, so that snapshot and history agree."""

from __future__ import annotations

from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor, CaseState
from caseflow.core.model.evolve import evolve
from caseflow.ports import Append, KeyClaim, Text

BY = Actor("d-1", role="coordinator")


def submitted(
    case_id: str, *, remind: int | None = None, due: int | None = None, unit: str = "", citizen: str = "",
    state: str = "routed", certain: bool = True, at: int = 1, kind: str = "", region: str = "",
    title: str = "",
) -> Append:  # fmt: skip
    """A new case with one clock: a warning at ``remind`` and a breach at ``due``; without them no clock."""
    rungs = [("reminder", False, remind)] if remind is not None else []
    rungs += [("yellow", True, due)] if due is not None else []
    change = e.ClockChange(
        "reply", "", 1, status="running", since=at,
        ladder=tuple((level, hard) for level, hard, _ in rungs), dues=tuple(when for _, _, when in rungs),
        unknown=0 if certain else (1 << len(rungs)) - 1,
    )  # fmt: skip
    event = e.Submitted(
        at,
        BY,
        CaseState(state, "handling"),
        (change,) if rungs else (),
        unit=unit,
        citizen=citizen,
        origin=e.Origin(kind=kind, region=region) if kind or region else e.UNKNOWN_ORIGIN,
    )
    texts = (Text(1, "title", "s", title),) if title else ()
    return Append(evolve(Case(case_id), event), 0, (event,), texts)


def then(case: Case, *events: e.Event, texts: tuple[Text, ...] = ()) -> Append:
    """Further events of a case; one note without any given."""
    after, fresh = case, events or (e.Noted(case.last_us + 1, BY),)
    for event in fresh:
        after = evolve(after, event)
    return Append(after, case.version, fresh, texts)


def stopped(case: Case) -> Append:
    """The reply that ends the case's clock."""
    until = case.last_us + 1
    change = e.ClockChange("reply", "", 1, status="stopped", until=until)
    return then(case, e.Replied(until, BY, CaseState("answered", "handling"), (change,)))


def claim_of(
    case_id: str, *, actor: str = "a", key: str = "k", digest: str = "d", version: int = 1
) -> KeyClaim:
    """The claim of a key by the command that brought the case to that version."""
    return KeyClaim(actor=actor, key=key, digest=digest, case_id=case_id, first=version, last=version)
