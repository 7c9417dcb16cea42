"""What differs between two policies, key by key: what a city changed in one that it took from another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from caseflow.core.policy import Policy
from caseflow.core.value import Value
from caseflow.policies.parse import is_list, is_table

WORDS = frozenset({"labels", "source", "choice_labels"})
"""Keys that say how things are called, and by which law; no case goes otherwise for them."""
OF_NAMES = frozenset({
    "actions", "assessment", "axes", "calendars", "causes", "clocks", "conduct", "documents", "fields",
    "kinds", "links", "notices", "reasons", "roles", "rungs", "sends", "states", "units", "when_linked",
    "zones",
})  # fmt: skip
"""Tables whose keys are names: a field may be called ``source``."""


class PolicyChange(Value):
    """One key that differs: its path, such as ``clocks.reply.rungs.yellow.days``, and what each policy says.

    ``None`` stands for what a policy does not say, a default among it.
    """

    path: str
    old: Any = None
    new: Any = None

    @property
    def is_of_words(self) -> bool:
        """Whether it is a label or a source, by which no case goes otherwise."""
        parts = pairwise(("", *self.path.split(".")))
        return any(part in WORDS and table not in OF_NAMES for table, part in parts)


def policy_diff(old: Policy, new: Policy) -> tuple[PolicyChange, ...]:
    """Every key in which two policies differ, after all that they extend; days of calendars too.

    Rungs are told by their levels, so that one that moved is no other. Lists of names are compared whole. A
    table that only one of the two has is one change.

    Returns:
        In the order of the new policy's keys, last what only the old one has; empty where they say the same.
    """
    one, other = old.document(), new.document()
    return (
        *_changes("", one["policy"], other["policy"]),
        *_changes("tables", one["calendars"], other["calendars"]),
    )


def _changes(path: str, old: object, new: object) -> Iterator[PolicyChange]:
    one, other = _keyed(old), _keyed(new)
    if one is None or other is None:
        if old != new:
            yield PolicyChange(path, old, new)
        return
    for key in (*other, *(key for key in one if key not in other)):
        yield from _changes(f"{path}.{key}" if path else key, one.get(key), other.get(key))


def _keyed(part: object) -> Mapping[str, Any] | None:
    """The part as a table, and a ladder by its levels; nothing for what is neither."""
    if is_table(part):
        return part
    rows = [row for row in part if is_table(row) and "level" in row] if is_list(part) else []
    is_ladder = is_list(part) and 0 < len(part) == len(rows)
    return {row["level"]: row for row in rows} if is_ladder else None
