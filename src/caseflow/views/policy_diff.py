"""What differs between two policies, key by key: what a city changed in a policy that it took from another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from caseflow.core.policy import Policy
from caseflow.core.value import Value

WORDS = frozenset({"labels", "source", "choice_labels"})
"""Keys that say how things are called, and by which law; no case goes otherwise for them."""


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
        return not WORDS.isdisjoint(self.path.split("."))


def policy_diff(old: Policy, new: Policy) -> tuple[PolicyChange, ...]:
    """Every key in which two policies differ, as they are after all that they extend, days of calendars too.

    Rungs are told by their levels, so that one that moved is no other. Lists of names are compared as a whole.
    A table that only one of the two has is one change.

    Returns:
        In the order of the new policy's keys, and last what only the old one has; empty where they are the
        same to the key, and so would have one content hash but for the order of their keys.
    """
    one, other = old.document(), new.document()
    return (
        *_changes("", one["policy"], other["policy"]),
        *_changes("tables", one["calendars"], other["calendars"]),
    )


def _changes(path: str, old: Any, new: Any) -> Iterator[PolicyChange]:
    one, other = _keyed(old), _keyed(new)
    if one is None or other is None:
        if old != new:
            yield PolicyChange(path, old, new)
        return
    for key in (*other, *(key for key in one if key not in other)):
        yield from _changes(f"{path}.{key}" if path else str(key), one.get(key), other.get(key))


def _keyed(part: Any) -> Mapping[str, Any] | None:
    """The part as a table, and a ladder by its levels; nothing for what is neither."""
    if isinstance(part, Mapping):
        return part
    is_ladder = isinstance(part, list) and part and all(isinstance(row, Mapping) and "level" in row for row in part)
    return {row["level"]: row for row in part} if is_ladder else None
