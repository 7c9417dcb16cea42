"""What a store owes of numbered documents: numbers without gaps, never used twice."""

from __future__ import annotations

import pytest

from caseflow.errors import Stale, StoreBusy
from caseflow.outbox import Document, Draft, Void
from caseflow.ports import Append, Store
from caseflow.testing.contract.feed import race
from caseflow.testing.contract.made import submitted, then


class DocumentsContract:
    """Documents are numbered by series and year in the append that issues them."""

    def test_documents_are_numbered_from_one_by_series_and_year(self, store: Store) -> None:
        """Each series and each year counts for itself; every field comes back to the letter."""
        drafts = (
            Draft("d1", "催办", 2025, "c1", 1, {"to": "城管局", "days": [30], "🚧": None}),
            Draft("d2", "催办", 2026, "c1", 1),
            Draft("d3", "催办", 2025, "c1", 1),
            Draft("d4", "督办", 2025, "c1", 1),
        )
        store.append([submitted("c1").replace(documents=drafts)])
        numbers = (1, 1, 2, 1)
        assert store.documents("c1") == tuple(map(Document, drafts, numbers))
        assert store.issued("催办", 2025) == (Document(drafts[0], 1), Document(drafts[2], 2))
        assert store.issued("催办", 2024) == store.documents("none") == ()

    def test_a_series_is_listed_in_pages(self, store: Store) -> None:
        """Numbers rise over all cases; a page goes on after any number."""
        for name in ("b", "a", "c"):
            store.append([submitted(name).replace(documents=(_draft(f"d-{name}", name),))])
        everything = store.issued("催办", 2025)
        assert [(found.number, found.draft.case_id) for found in everything] == [(1, "b"), (2, "a"), (3, "c")]
        assert store.issued("催办", 2025, after=1, limit=1) == everything[1:2]
        assert store.issued("催办", 2025, after=3) == ()

    def test_a_failed_append_uses_up_no_number(self, store: Store) -> None:
        """A stale append that brought a document leaves no document and no gap, and voids nothing."""
        first = submitted("c1")
        store.append([first.replace(documents=(_draft("d1", "c1"),))])
        failing = then(first.case).replace(documents=(_draft("d2", "c1"),), voids=(Void("d1", 5, "x"),))
        with pytest.raises(Stale):
            store.append([failing.replace(expected=9)])
        with pytest.raises(Stale):
            store.append([failing, submitted("c1")])
        assert store.documents("c1") == (Document(_draft("d1", "c1"), 1),)
        store.append([then(first.case).replace(documents=(_draft("d3", "c1"),))])
        assert [found.number for found in store.issued("催办", 2025)] == [1, 2]

    def test_the_same_id_is_the_same_document(self, store: Store) -> None:
        """It keeps its number and its body, and uses up no other."""
        first = submitted("c1")
        store.append([first.replace(documents=(_draft("d1", "c1"), _draft("d1", "c1")))])
        again = (Draft("d1", "催办", 2026, "c1", 2, {"other": 1}), _draft("d2", "c1"))
        store.append([then(first.case).replace(documents=again)])
        assert store.issued("催办", 2025) == (
            Document(_draft("d1", "c1"), 1), Document(_draft("d2", "c1"), 2),
        )  # fmt: skip
        assert store.issued("催办", 2026) == ()

    def test_a_void_keeps_its_number_for_ever(self, store: Store) -> None:
        """The document is marked with instant and reason, the first of them; its number stays taken."""
        first = submitted("c1")
        second, third = then(first.case), then(then(first.case).case)
        store.append([first.replace(documents=(_draft("d1", "c1"),))])
        store.append([second.replace(voids=(Void("d1", 5, "annulled"), Void("none", 5, "x")))])
        store.append([third.replace(voids=(Void("d1", 9, "again"),), documents=(_draft("d2", "c1"),))])
        assert store.issued("催办", 2025) == (
            Document(_draft("d1", "c1"), 1, 5, "annulled"), Document(_draft("d2", "c1"), 2),
        )  # fmt: skip
        assert [found.is_void for found in store.documents("c1")] == [True, False]

    def test_racing_writers_leave_no_gap(self, store: Store) -> None:
        """Four threads that issue documents of one series are given every number once."""
        _numbered_by_all([store] * 4)

    def test_writers_on_two_handles_leave_no_gap(self, store: Store, another: Store) -> None:
        """The same when they have handles of their own to one place."""
        _numbered_by_all([store, another, store, another])


def _draft(name: str, case_id: str) -> Draft:
    return Draft(name, "催办", 2025, case_id, 1, {"of": case_id})


def _numbered_by_all(handles: list[Store], each: int = 15) -> None:
    """Every writer also has one append in three refused, which must use up nothing."""

    def work(handle: Store, name: int) -> None:
        for number in range(each):
            case_id = f"c{name}-{number}"
            entry = submitted(case_id).replace(documents=(_draft(f"d-{case_id}", case_id),))
            if number % 3 == 0:
                lost = submitted(f"x-{case_id}").replace(documents=(_draft(f"lost-{case_id}", case_id),))
                with pytest.raises(Stale):
                    _patiently(handle, [lost, then(lost.case).replace(expected=5)])
            _patiently(handle, [entry])

    works = [lambda handle=handle, name=name: work(handle, name) for name, handle in enumerate(handles)]
    race(works)  # type: ignore[arg-type]  # the defaults bind each one's own
    found = handles[0].issued("催办", 2025, limit=10_000)
    assert [document.number for document in found] == list(range(1, each * len(handles) + 1))
    assert len({document.draft.id for document in found}) == len(found)


def _patiently(store: Store, appends: list[Append]) -> None:
    while True:
        try:
            store.append(appends)
            return
        except StoreBusy:
            continue
