"""What a store owes of order and pages: by code point, page after page to the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from caseflow.core.model import events as e
from caseflow.core.notices import Draft, Notice
from caseflow.ports import Append, Query, Store, Text
from caseflow.testing.contract.case_factory import BY, FAR, ids_of, stopped, submitted, then

Row = TypeVar("Row")

MIXED = (
    "案", "a", "B", "Ä", "10", "9", "\uff21", "ab",
    "A", "é", "e\u0301", "_", "Z", "😀", "b", "a-b", "a b", "~",
    "ß", "ss", "\ue000", "aa", "a_b", "Ａ1", "Ω", "",
)  # fmt: skip
"""Endings of ids which most orders put elsewhere than by code point does: UTF-16, too, parts from it."""
MANY = 1_203
"""More than any default limit: so many rows are there to be paged through."""


class OrderContract:
    """Orders are the same everywhere: ties by code point, what came in the order it came."""

    def test_cases_due_at_once_come_by_code_point(self, store: Store) -> None:
        """``due``, ``find`` and ``heads`` tell ties apart as Python compares texts; no page loses one."""
        names = [f"x{ending}" for ending in MIXED]
        store.append([submitted(name, due=20, unit="u") for name in names])
        ordered = sorted(names)
        assert [name for _, name in store.due(20, limit=99)] == ordered
        assert ids_of(store, Query()) == ids_of(store, Query(unit="u")) == ordered
        assert [head.case_id for head in store.heads()] == ordered
        for limit in (1, 2, 7):
            assert [name for _, name in due_pages(store, limit)] == ordered
            assert found_pages(store, Query(limit=limit)) == ordered
            assert found_pages(store, Query(limit=limit, overdue_at=20)) == ordered
            assert head_pages(store, limit) == ordered

    def test_cases_never_due_come_by_code_point(self, store: Store) -> None:
        """At the end of each list they tie with each other, and pages go through them as well."""
        names = [f"x{ending}" for ending in MIXED]
        store.append([submitted(name, citizen="z") for name in names])
        for limit in (1, 4, 99):
            assert found_pages(store, Query(limit=limit)) == sorted(names)
            assert found_pages(store, Query(limit=limit, citizen="z")) == sorted(names)

    def test_an_append_is_read_in_the_order_it_was_given(self, store: Store) -> None:
        """Its cases in the feed, its notices in the outbox and its documents' numbers follow its entries."""
        entries = list[Append]()
        for name in ("z", "案", "B", "a"):
            notice, draft = Notice(f"n{name}", name, 1, "card"), Draft(f"d{name}", "s", 2025, name, 1)
            entries.append(submitted(name).replace(notices=(notice,), documents=(draft,)))
        store.append(entries)
        assert [entry.case_id for entry in store.feed()] == ["z", "案", "B", "a"]
        assert [post.notice.case_id for post in store.notices()] == ["z", "案", "B", "a"]
        assert [document.draft.case_id for document in store.issued("s", 2025)] == ["z", "案", "B", "a"]

    def test_a_history_is_in_the_order_of_versions(self, store: Store) -> None:
        """Facts told late are read where they were told, and the tenth version comes after the ninth."""
        first = submitted("c1", at=1_000)
        late = tuple(e.Noted(at, BY) for at in (900, 1_000, 20, 5_000, 7, 7, 3, 10_000, 2, 1, 4, 800))
        texts = tuple(Text(version, "text", "s", str(version)) for version in range(2, 14))
        store.append([first])
        store.append([then(first.case, *late, texts=texts)])
        assert store.events("c1") == (*first.events, *late)
        assert [entry.event for entry in store.feed()] == [*first.events, *late]
        assert [link.version for link in store.links("c1")] == list(range(1, 14))
        assert store.texts("c1") == texts

    def test_documents_of_a_case_come_in_the_order_of_issue(self, store: Store) -> None:
        """Whatever their series, years and numbers; the tenth number of a series comes after the ninth."""
        first = submitted("c1")
        drafts = tuple(
            Draft(f"d{place}", series, 2025 + place % 2, "c1", 1) for place, series in enumerate("zaya" * 9)
        )
        store.append([first.replace(documents=drafts)])
        assert [document.draft for document in store.documents("c1")] == list(drafts)
        for series, year, count in (("z", 2025, 9), ("a", 2026, 18), ("y", 2025, 9)):
            numbers = [document.number for document in store.issued(series, year)]
            assert numbers == list(range(1, count + 1))
            after = [document.number for document in store.issued(series, year, after=8, limit=3)]
            assert after == numbers[8:11]


class PagesContract:
    """A page is full as long as there is more, however many came before it."""

    def test_many_cases_are_paged_to_the_last(self, store: Store) -> None:
        """Over a thousand cases: one page of all of them, and pages of 500 and 7, have the same rows."""
        names = [f"c{number:04}" for number in range(MANY)]
        store.append([submitted(name, due=10 + number // 400, unit="u") for number, name in enumerate(names)])
        dues = [(10 + number // 400, name) for number, name in enumerate(names)]
        assert list(store.due(FAR, limit=MANY + 5)) == due_pages(store, 500) == due_pages(store, 7) == dues
        for query in (Query(), Query(unit="u"), Query(overdue_at=FAR)):
            assert ids_of(store, query.replace(limit=MANY + 5)) == names
            assert found_pages(store, query.replace(limit=500)) == names
        assert head_pages(store, 500) == [head.case_id for head in store.heads(limit=MANY + 5)] == names
        positions = [entry.position for entry in store.feed(limit=MANY + 5)]
        assert [entry.position for entry in _paged(500, lambda after, limit: store.feed(
            after.position if after else 0, limit=limit))] == positions  # fmt: skip
        assert len(positions) == MANY

    def test_many_notices_and_documents_are_paged_to_the_last(self, store: Store) -> None:
        """The same for the outbox, all of it or a part, and for a series of numbers."""
        first, other = submitted("c1"), submitted("c2")
        notices = tuple(Notice(f"n{number}", f"c{1 + number % 2}", 1, "card") for number in range(MANY))
        drafts = tuple(Draft(f"d{number}", "s", 2025, "c1", 1) for number in range(MANY))
        store.append([first.replace(notices=notices, documents=drafts), other])
        ids = [notice.id for notice in notices]
        for terms in ({}, {"status": "pending"}, {"case_id": "c1"}, {"case_id": "c2", "status": "pending"}):
            wanted = ids if "case_id" not in terms else ids[int(terms["case_id"][1]) - 1 :: 2]
            for limit in (MANY + 5, 500, 100):
                posts = _paged(limit, lambda after, limit, terms=terms: store.notices(
                    after=after.position if after else 0, limit=limit, **terms))  # type: ignore[misc]  # bound at once  # fmt: skip
                assert [post.notice.id for post in posts] == wanted
        issued = _paged(500, lambda after, limit: store.issued(
            "s", 2025, after=after.number if after else 0, limit=limit))  # fmt: skip
        assert [document.number for document in issued] == list(range(1, MANY + 1))
        assert len(store.issued("s", 2025, limit=MANY)) == len(store.documents("c1")) == MANY
        claimed = [store.claim(10, limit=700, lease_us=50, token=token) for token in ("t", "u")]
        assert [len(held) for held in claimed] == [700, MANY - 700]

    def test_a_long_history_is_whole(self, store: Store) -> None:
        """A case of over a thousand events with as many texts, written at once, is read to its last."""
        first = submitted("c1")
        notes = tuple(e.Noted(number, BY) for number in range(2, MANY + 1))
        texts = tuple(Text(number, "text", "s", str(number)) for number in range(2, MANY + 1))
        more = then(first.case, *notes, texts=texts)
        store.append([first])
        store.append([more])
        assert (store.load("c1"), store.events("c1")) == (more.case, (*first.events, *notes))
        assert (len(store.links("c1")), store.texts("c1")) == (MANY, texts)

    def test_a_limit_counts_what_fits(self, store: Store) -> None:
        """The first page of a query is full although what fits it comes last of all."""
        store.append(
            [submitted(f"a{number:02}", due=5, unit="v", citizen="v", state="v") for number in range(30)]
        )
        store.append([submitted(f"b{number}", unit="u", citizen="u", state="u") for number in range(3)])
        for column in ("unit", "citizen", "state"):
            assert ids_of(store, Query(limit=2).replace(**{column: "u"})) == ["b0", "b1"]
        many = tuple(Notice(f"n{number}", "a00", 2, "card") for number in range(30))
        case = store.load("a00")
        assert case is not None
        store.append([then(case).replace(notices=(*many, Notice("last", "b1", 1, "card")))])
        assert [post.notice.id for post in store.notices(case_id="b1", limit=1)] == ["last"]

    def test_a_page_goes_on_where_nobody_stands_any_more(self, store: Store) -> None:
        """The case that a page ended with has moved: the next page goes on after the place all the same."""
        firsts = [submitted(name, due=20, unit="u") for name in "abcdef"]
        store.append(firsts)
        assert ids_of(store, Query(limit=2)) == ["a", "b"]
        store.append([stopped(firsts[1].case), stopped(firsts[0].case), submitted("A", due=20)])
        assert [name for _, name in store.due(FAR, limit=2, after=(20, "b"))] == ["c", "d"]
        assert ids_of(store, Query(after=(20, "b"), limit=2)) == ["c", "d"]
        assert ids_of(store, Query(after=(20, "b"), unit="u", limit=9)) == ["c", "d", "e", "f", "a", "b"]
        assert ids_of(store, Query(after=(19, "zz"), limit=2)) == ["A", "c"]
        assert store.due(FAR, limit=9, after=(20, "f")) == ()
        assert [head.case_id for head in store.heads("bb", limit=2)] == ["c", "d"]
        assert ids_of(store, Query(after=(None, "aa"))) == ["b"]


def due_pages(store: Store, limit: int) -> list[tuple[int, str]]:
    """What is due, page after page."""
    return _paged(limit, lambda after, limit: store.due(FAR, limit=limit, after=after))


def found_pages(store: Store, query: Query) -> list[str]:
    """The ids of a query's cases, page after page."""
    cases = _paged(query.limit, lambda after, limit: store.find(
        query.replace(limit=limit, after=query.place(after) if after else None)))  # fmt: skip
    return [case.id for case in cases]


def head_pages(store: Store, limit: int) -> list[str]:
    """The ids of all heads, page after page."""
    heads = _paged(limit, lambda after, limit: store.heads(after.case_id if after else "", limit=limit))
    return [head.case_id for head in heads]


def _paged(limit: int, page_after: Callable[[Any, int], Sequence[Row]]) -> list[Row]:
    """The rows of all pages; only the last of them may have fewer than the limit."""
    rows: list[Row] = []
    while True:
        page = page_after(rows[-1] if rows else None, limit)
        rows += page
        assert len(rows) <= MANY + 9, "pages come again and again"
        if len(page) < limit:
            assert not page_after(rows[-1] if rows else None, limit), "a page was not full, and more came"
            return rows
        assert len(page) == limit
