"""The story of stored cases: every event as a dated line, in English or Chinese."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import zip_longest
from typing import Any

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.desk import Desk
from caseflow.errors import StoreError, UnknownCase
from caseflow.i18n import Lang
from caseflow.policies.registry import compiled_document
from caseflow.ports import Recorded, Store
from caseflow.views.story import Story, StoryLine, together, told

__all__ = ["Story", "StoryLine", "story_of", "together", "told"]

PAGE = 1000
"""Events of the feed that are read at once."""


def story_of(source: Desk | Store, *, case_ids: Iterable[str] | None = None, lang: Lang = "en") -> Story:
    """What happened to some or all cases of a desk or store, each line under the rules of its time.

    Args:
        source: where the cases are.
        case_ids: which; by default all, in the order of their submission.
        lang: ``en`` or ``zh``.

    Raises:
        UnknownCase: there is no case of that id.
        StoreError: the store lacks the policy that a case pinned.
    """
    store = source.store if isinstance(source, Desk) else source
    known = rules_from(store.pinned)
    if case_ids is not None:
        return together(_of(store, known, case_id, lang) for case_id in dict.fromkeys(case_ids))
    order = {(row.case_id, row.version): row.position for row in recorded_events(store)}
    ids = dict.fromkeys(case_id for case_id, _ in order)
    return together((_of(store, known, case_id, lang) for case_id in ids), order=order)


def _of(store: Store, rules: Callable[[str], CompiledPolicy], case_id: str, lang: Lang) -> Story:
    events = store.events(case_id)
    if not events:
        raise UnknownCase(case_id)
    return told(rules, case_id, events, store.texts(case_id), lang=lang)


def recorded_events(store: Store) -> tuple[Recorded, ...]:
    """Every event of a store, in the order of the feed; then those that the feed does not show yet.

    On PostgreSQL the feed ends before the oldest open transaction, so inside a test's own, which is rolled
    back in the end, it shows nothing of what the test did. Those stand in the order of their record.
    """
    rows, after = list[Recorded](), 0
    while page := store.feed(after, limit=PAGE):
        rows += page
        after = page[-1].position
    seen = Counter(row.case_id for row in rows)
    unseen = [
        Recorded(0, case_id, version, event)
        for case_id, newest in versions(store).items()
        if newest > seen[case_id]
        for version, event in enumerate(store.events(case_id), 1)
        if version > seen[case_id]
    ]
    unseen.sort(key=lambda row: row.event.at_us)
    return (*rows, *(row.replace(position=after + place) for place, row in enumerate(unseen, 1)))


def versions(store: Store) -> dict[str, int]:
    """Every case of a store, and its version."""
    newest, after = dict[str, int](), ""
    while page := store.heads(after, limit=PAGE):
        newest |= {head.case_id: head.version for head in page}
        after = page[-1].case_id
    return newest


def rules_from(document_of: Callable[[str], Mapping[str, Any] | None]) -> Callable[[str], CompiledPolicy]:
    """From a pin to its rules, compiled once, where documents of policies can be asked for by pin.

    What comes back raises `StoreError` for a pin that has no document.
    """

    @cache
    def rules(pin: str) -> CompiledPolicy:
        document = document_of(pin)
        if document is None:
            raise StoreError("unknown-pin", found=pin)
        return compiled_document(document)

    return rules


_COLUMN = re.compile(r"\s{2,}")


def cells(line: str) -> tuple[str, ...]:
    """A line's columns: what two or more blanks hold apart."""
    return tuple(_COLUMN.split(line.strip()))


def expected_lines(text: str) -> list[str]:
    """The lines of an expected story, without margin and blank lines."""
    return [line.rstrip() for line in textwrap.dedent(text).splitlines() if line.strip()]


def first_difference(expected: list[str], actual: list[str]) -> int | None:
    """The index of the first line whose columns differ; `None` when all agree, however far apart they are."""
    for index, (left, right) in enumerate(zip_longest(expected, actual)):
        if left is None or right is None or cells(left) != cells(right):
            return index
    return None


def marked(expected: list[str], actual: list[str], index: int) -> str:
    """The actual story, with the expected line above the one that differs first."""
    lines = [f"  {line}" for line in actual[:index]]
    if index < len(expected):
        lines.append(f"- {expected[index]}")
    if index < len(actual):
        lines.append(f"+ {actual[index]}")
    return "\n".join([*lines, *(f"  {line}" for line in actual[index + 1 :])])
