"""Small real cases for stores, built from events; and every answer that a store gives about some cases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor, CaseState
from caseflow.core.model.evolve import evolve
from caseflow.ports import Append, KeyClaim, Query, Store, Text

BY = Actor("d-1", role="coordinator")


def submitted(
    case_id: str, *, remind: int | None = None, due: int | None = None, unit: str = "", citizen: str = "",
    state: str = "routed", certain: bool = True, at: int = 1, kind: str = "", region: str = "",
    policy: str = "", title: str = "",
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
        origin=e.Origin(policy=policy, kind=kind, region=region),
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


FAR = 1 << 60
"""An instant after all others."""


def answers(store: Store, ids: Sequence[str], *, units: Sequence[str] = ("",)) -> dict[str, Any]:
    """Question -> answer, positions left out: they are each store's own.

    Args:
        ids: of the cases.
        units: that are asked for in lists.
    """
    posted = {
        "notices": store.notices(),
        **{f"notices of {name}": store.notices(case_id=name) for name in ids},
        **{f"notices {status}": store.notices(status=status) for status in ("pending", "sent", "cancelled")},
    }
    return {
        **{f"load {name}": store.load(name) for name in ids},
        **{f"events {name}": store.events(name) for name in ids},
        **{f"texts {name}": store.texts(name) for name in ids},
        **{f"links {name}": store.links(name) for name in ids},
        **{f"documents {name}": store.documents(name) for name in ids},
        **{name: tuple(post.replace(position=0) for post in posts) for name, posts in posted.items()},
        **{f"find unit {unit}": ids_of(store, Query(unit=unit)) for unit in units},
        "find": ids_of(store, Query()),
        "find overdue": ids_of(store, Query(overdue_at=FAR)),
        "due": store.due(FAR, limit=99),
        "next due": store.next_due(),
        "waiting": store.waiting(FAR),
        "heads": store.heads(),
        "feed": tuple((entry.case_id, entry.version, entry.event) for entry in store.feed()),
        "issued": store.issued("催办", 2025),
        **{f"key {key}": store.recall("a", key) for key in ("k", "l")},
        **{f"policy {pin}": written(store.pinned(pin)) for pin in ("p", "q")},
    }


def ids_of(store: Store, query: Query) -> list[str]:
    """The ids of a query's cases, in order."""
    return [case.id for case in store.find(query)]


def written(document: object) -> str:
    """The document as JSON, so that the order of its keys and the kinds of its numbers count too."""
    return json.dumps(document, ensure_ascii=False)


def differing(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The questions whose answers are not the same, with both."""
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}
