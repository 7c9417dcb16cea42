"""What a store owes of an append of many parts: all of it at once, or none of it, whatever refuses it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from caseflow.core import notices as o
from caseflow.core.model import events as e
from caseflow.core.notices import Document, Draft, Notice, Void
from caseflow.errors import KeyReused, Stale, StoreBusy
from caseflow.ports import Append, KeyClaim, Store, Text
from caseflow.testing.contract.case_factory import BY, FAR, claim_of, submitted, then
from caseflow.testing.contract.query_duties import race

MANY = 620
"""More than go into one statement, or one chunk, of any store that we know."""

UNWRITABLE: Any = object()


class WholeContract:
    """One append is one transaction, however many parts it has."""

    def test_a_large_append_is_all_or_nothing(self, store: Store) -> None:
        """When the last of hundreds of cases is stale, or the key is taken, none of them is there."""
        store.append([submitted("x")], claim_of("x"))
        news = [_laden(f"c{number:03}") for number in range(MANY)]
        with pytest.raises(Stale):
            store.append([*news, submitted("y").replace(expected=3)])
        with pytest.raises(KeyReused):
            store.append(news, claim_of("c001"))
        assert [head.case_id for head in store.heads()] == ["x"]
        assert (len(store.feed()), store.next_due(), store.notices()) == (1, None, ())
        assert (store.texts("c000"), store.issued("s", 2025)) == ((), ())
        store.append(news, claim_of("c001", key="l"))
        assert [document.number for document in store.issued("s", 2025)] == list(range(1, MANY + 1))
        assert len(store.due(FAR, limit=MANY + 1)) == len(store.notices()) == MANY

    def test_a_long_entry_is_all_or_nothing(self, store: Store) -> None:
        """A case with hundreds of events, refused for its key or what comes after it, has none."""
        first = submitted("c1")
        store.append([first], claim_of("c1"))
        long = then(first.case, *(e.Noted(number, BY) for number in range(2, MANY)))
        with pytest.raises(KeyReused):
            store.append([long], claim_of("c1"))
        with pytest.raises(Stale):
            store.append([long, submitted("c2").replace(expected=1)])
        assert (store.load("c1"), len(store.events("c1")), len(store.feed())) == (first.case, 1, 1)
        store.append([long])
        assert len(store.events("c1")) == MANY - 1

    @pytest.mark.parametrize("part", ["event", "notice", "document"])
    def test_what_has_no_form_leaves_no_trace(self, store: Store, part: str) -> None:
        """An event, notice or document in the last entry that JSON cannot say: nothing of any entry is kept,
        and no number is used up.
        """  # fmt: skip
        body: dict[str, Any] = {"x": UNWRITABLE}
        last = submitted("c2")
        if part == "event":
            event = e.Acted(2, BY, action="a", fields=(("x", UNWRITABLE),))
            last = last.replace(events=(*last.events, event))
        elif part == "notice":
            last = last.replace(notices=(Notice("n", "c2", 1, "card", body=body),))
        else:
            last = last.replace(documents=(Draft("d", "s", 2025, "c2", 1, body=body),))
        with pytest.raises(TypeError):
            store.append([_laden("c1"), last], claim_of("c1"))
        _assert_nothing(store, "c1", "c2")
        store.append([_laden("c1")], claim_of("c1"))
        assert [document.number for document in store.issued("s", 2025)] == [1]

    def test_a_taken_key_uses_up_no_number(self, store: Store) -> None:
        """Documents of an append that its key refuses are not numbered, and what it voids is not void."""
        first = submitted("c1")
        store.append([first.replace(documents=(_draft("d1", "c1"),))], claim_of("c1"))
        more = then(first.case).replace(documents=(_draft("d2", "c1"),), voids=(Void("d1", 5, "x"),))
        for _ in range(3):
            with pytest.raises(KeyReused):
                store.append([more], claim_of("c1"))
        store.append([more.replace(voids=())])
        assert store.issued("s", 2025) == (
            Document(_draft("d1", "c1"), 1), Document(_draft("d2", "c1"), 2),
        )  # fmt: skip

    def test_a_known_document_uses_up_no_number(self, store: Store) -> None:
        """Issued again in this append or a later one it keeps its number; the next one has the next."""
        first = submitted("c1")
        one, two, three, four = (_draft(name, "c1") for name in ("d1", "d2", "d3", "d4"))
        second = then(first.case).replace(documents=(two, one, three))
        store.append([first.replace(documents=(one, one, two))])
        store.append([second])
        store.append([then(second.case).replace(documents=(three, four))])
        numbers = [(document.draft.id, document.number) for document in store.issued("s", 2025)]
        assert numbers == [("d1", 1), ("d2", 2), ("d3", 3), ("d4", 4)]

    def test_parts_without_events_are_kept(self, store: Store) -> None:
        """An entry may bring no event: its notices, documents, cancels and redactions count all the same."""
        first = _laden("c1")
        store.append([first])
        again = Append(first.case, 1, (), redacts=("title",), cancels=("n-c1",),
                       notices=(Notice("m", "c1", 1, "card"),), documents=(_draft("d", "c1"),))  # fmt: skip
        store.append([again])
        assert (store.load("c1"), store.texts("c1"), len(store.events("c1"))) == (first.case, (), 1)
        assert [(post.notice.id, post.status) for post in store.notices()] == [
            ("n-c1", o.CANCELLED), ("m", o.PENDING),
        ]  # fmt: skip
        assert [document.draft.id for document in store.documents("c1")] == ["d-c1", "d"]
        with pytest.raises(Stale):
            store.append([again.replace(expected=4, notices=(Notice("late", "c1", 1, "card"),))])
        assert len(store.notices()) == 2

    def test_a_key_may_come_alone(self, store: Store) -> None:
        """A command that changed nothing still takes its key."""
        store.append([], claim_of("c1"))
        assert store.recall("a", "k") == claim_of("c1")
        with pytest.raises(KeyReused):
            store.append([submitted("c2")], claim_of("c2"))
        store.append([])
        assert store.load("c2") is None

    def test_what_takes_away_comes_first(self, store: Store) -> None:
        """A notice posted, a document issued, a text written by the append that also takes it away stays."""
        first = submitted("c1")
        own = first.replace(
            texts=(Text(1, "title", "s", "x"),), redacts=("title",), notices=(Notice("n", "c1", 1, "card"),),
            cancels=("n",), documents=(_draft("d", "c1"),), voids=(Void("d", 5, "x"),),
        )  # fmt: skip
        store.append([own])
        assert store.texts("c1") == own.texts
        assert [post.status for post in store.notices()] == [o.PENDING]
        assert [document.is_void for document in store.documents("c1")] == [False]

    def test_a_notice_named_twice_is_posted_once(self, store: Store) -> None:
        """In one entry, or in two entries of one append, the first of one id is the notice."""
        twice = (Notice("n", "c1", 1, "card"), Notice("n", "c1", 1, "other"))
        store.append([submitted("c1").replace(notices=twice), submitted("c2").replace(notices=twice[1:])])
        assert [post.notice for post in store.notices()] == [twice[0]]

    def test_racing_commands_take_a_key_once(self, store: Store) -> None:
        """Of threads with cases of their own and one key, one is through; the others leave nothing at all."""
        race_for_a_key([store] * 4)

    def test_what_goes_with_an_append_is_seen_with_it(self, store: Store) -> None:
        """A reader who sees a part of an append, whichever it is, sees all the others as well."""
        watch_parts(store, store)


def _laden(name: str) -> Append:
    """A new case with one of everything that goes with an append."""
    notice, draft = Notice(f"n-{name}", name, 1, "card"), _draft(f"d-{name}", name)
    texts = (Text(1, "title", "s", name),)
    return submitted(name, due=9).replace(texts=texts, notices=(notice,), documents=(draft,))


def _draft(name: str, case_id: str) -> Draft:
    return Draft(name, "s", 2025, case_id, 1)


def _assert_nothing(store: Store, *ids: str) -> None:
    assert [store.load(name) for name in ids] == [None] * len(ids)
    assert [store.texts(name) for name in ids] == [()] * len(ids)
    assert (store.feed(), store.heads(), store.next_due()) == ((), (), None)
    assert (store.notices(), store.issued("s", 2025), store.recall("a", "k")) == ((), (), None)


def race_for_a_key(handles: Sequence[Store], rounds: int = 6) -> None:
    """Each handle in a thread of its own appends a case under one key, several times over."""
    store = handles[0]
    for turn in range(rounds):
        through = list[KeyClaim]()

        def work(handle: Store, place: int, turn: int = turn, through: list[KeyClaim] = through) -> None:
            name = f"c{turn}-{place}"
            claim = claim_of(name, key=f"k{turn}")
            if _is_through(handle, [_laden(name)], claim):
                through.append(claim)

        race([lambda handle=handle, place=place: work(handle, place)  # type: ignore[misc]  # bound at once
              for place, handle in enumerate(handles)])  # fmt: skip
        assert len(through) == 1
        assert store.recall("a", f"k{turn}") == through[0]
        there = [place for place, _ in enumerate(handles) if store.load(f"c{turn}-{place}")]
        assert [f"c{turn}-{place}" for place in there] == [through[0].case_id]
    assert [document.number for document in store.issued("s", 2025)] == list(range(1, rounds + 1))
    assert len(store.notices()) == len(store.feed()) == rounds


def _is_through(store: Store, appends: list[Append], claim: KeyClaim) -> bool:
    while True:
        try:
            store.append(appends, claim)
            return True
        except KeyReused:
            return False
        except StoreBusy:
            continue


def watch_parts(store: Store, reader: Store, each: int = 24) -> None:
    """A thread appends cases with all that goes with them; another looks for halves of them."""
    halves, is_over = list[str](), threading.Event()

    def parts(name: str) -> tuple[Callable[[], object], ...]:
        return (
            lambda: reader.load(name), lambda: reader.events(name), lambda: reader.texts(name),
            lambda: reader.notices(case_id=name), lambda: reader.documents(name),
            lambda: reader.recall("a", name),
        )  # fmt: skip

    def write() -> None:
        try:
            for number in range(each):
                name = f"c{number}"
                assert _is_through(store, [_laden(name)], claim_of(name, key=name)), "a free key was refused"
        finally:
            is_over.set()

    def read(number: int) -> None:
        for turn in range(number, each, 2):
            asks = parts(f"c{turn}")
            order = asks if turn % 4 < 2 else tuple(reversed(asks))
            while not (is_over.is_set() or order[0]()):
                continue
            if not all(ask() for ask in asks):
                halves.append(f"c{turn}")

    race([write, lambda: read(0), lambda: read(1)])
    assert halves == []
