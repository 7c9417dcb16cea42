"""The story of stored cases: every event as a dated line, in English or Chinese."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from caseflow.core.policy_document import policy_from_document
from caseflow.core.rules import Rules
from caseflow.desk import Desk
from caseflow.errors import StoreError, UnknownCase
from caseflow.ports import Store
from caseflow.views.story import Story, StoryLine, together, told
from caseflow.views.story_words import Lang

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
    known = _rules_of(store)
    if case_ids is not None:
        return together(_of(store, known, case_id, lang) for case_id in dict.fromkeys(case_ids))
    order = _order(store)
    ids = dict.fromkeys(case_id for case_id, _ in order)
    return together((_of(store, known, case_id, lang) for case_id in ids), order=order)


def _of(store: Store, rules: Callable[[str], Rules], case_id: str, lang: Lang) -> Story:
    events = store.events(case_id)
    if not events:
        raise UnknownCase(case_id)
    return told(rules, case_id, events, store.texts(case_id), lang=lang)


def _order(store: Store) -> dict[tuple[str, int], int]:
    """The place of every event among all, in that order."""
    order: dict[tuple[str, int], int] = {}
    after = 0
    while page := store.feed(after, limit=PAGE):
        order |= {(recorded.case_id, recorded.version): recorded.position for recorded in page}
        after = page[-1].position
    return order


def _rules_of(store: Store) -> Callable[[str], Rules]:
    @cache
    def rules(pin: str) -> Rules:
        document = store.pinned(pin)
        if document is None:
            raise StoreError("unknown-pin", found=pin)
        return Rules(policy_from_document(document))

    return rules
