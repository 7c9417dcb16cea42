"""Every answer that a store gives about some cases, so that two handles or two stores can be compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from caseflow.ports import Query, Store

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
