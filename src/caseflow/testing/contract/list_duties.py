"""What a store owes of lists for readers: filters, orders with their pages, counts, words in titles."""

from __future__ import annotations

import pytest

from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.ports import Append, CaseCount, Query, Store, Text
from caseflow.ports.records import Order
from caseflow.ports.title_search import words_of
from caseflow.stores.copy import copy_cases
from caseflow.stores.memory import MemoryStore
from caseflow.testing.contract.ability_duties import offering
from caseflow.testing.contract.case_factory import BY, ids_of, stopped, submitted, then
from caseflow.testing.contract.page_duties import MIXED, found_pages

FILTERED = {
    "ab": Query(kind="complaint"), "ad": Query(region="镜湖区"), "bcd": Query(since=20), "c": Query(kind=""),
    "a": Query(kind="complaint", region="镜湖区"), "ab ": Query(until=30), "b": Query(since=20, until=30),
    "bd": Query(since=20, state="routed"), "": Query(kind="complaints"),
    "ac": Query(policy="rectification"), "a  ": Query(policy="rectification", region="镜湖区"),
    "bd ": Query(policy=""), " ": Query(policy="rect"),
}  # fmt: skip
"""Ids -> a query that finds them, with blanks more where several find the same."""
WORDS = {
    "噪音": "abe", "扰民": "ab", "噪音 工地": "a", "工地噪音": "a", "音噪": "", "噪音扰民": "ab", "no1": "b",
    "NO1": "b", "ｎｏ１": "b", "路灯": "c", "镜湖": "",
}  # fmt: skip
"""Words of two characters and more -> the cases whose titles hold each of them."""
TITLES = {"a": "工地噪音扰民", "b": "夜间 噪音扰民No1", "c": "路灯不亮", "e": "噪音 扰 民", "f": ""}


class ListContract:
    """Lists by what was submitted and by cards, in each order, and how many there are."""

    def test_lists_filter_by_what_was_submitted(self, store: Store) -> None:
        """Kind, region, policy and period each admit only what fits: from an instant on, before another."""
        store.append([
            submitted("a", at=10, kind="complaint", region="镜湖区", policy="rectification"),
            submitted("b", at=20, kind="complaint"),
            submitted("c", at=30, state="answered", policy="rectification"),
            submitted("d", at=40, kind="advice", region="镜湖区"),
        ])  # fmt: skip
        for ids, query in FILTERED.items():
            for order in ("due", "newest"):
                assert sorted(ids_of(store, query.replace(order=order))) == [*ids.strip()], (query, order)
            assert sum(row.cases for row in store.counts(query)) == len(ids.strip()), query

    @pytest.mark.parametrize("order", ["due", "worst", "newest"])
    def test_each_order_is_paged_by_code_point(self, store: Store, order: str) -> None:
        """Ties come by id, in the newest first order backwards; with every filter no page loses a case."""
        names = [f"x{ending}" for ending in MIXED]
        store.append(
            [
                submitted(name, due=20, at=5 + len(name) % 2, unit="u", kind="k", region="r", policy="p")
                for name in names
            ]
        )
        queries = [Query(order=order), *(Query(order=order, **{what: name}) for what, name in (  # type: ignore[arg-type]
            ("unit", "u"), ("kind", "k"), ("region", "r"), ("policy", "p"), ("state", "routed"),
            ("since", 1)))]  # fmt: skip
        for query in queries:
            places = [query.place(case) for case in store.find(query.replace(limit=99))]
            assert places == sorted(places, reverse=order == "newest")
            assert len(places) == len(names)
            for limit in (1, 3, 7):
                assert found_pages(store, query.replace(limit=limit)) == [name for _, name in places]

    def test_worst_first_is_by_the_deadline_that_runs(self, store: Store) -> None:
        """The longest overdue first, then what is late next; a clock that stopped is in no such list."""
        appends = [submitted("d", remind=1, due=40), submitted("c", due=20), submitted("b", due=60),
                   submitted("a", due=20), submitted("e"), submitted("f", due=5)]  # fmt: skip
        store.append(appends)
        store.append([stopped(appends[-1].case)])
        assert ids_of(store, Query(order="worst")) == ["a", "c", "d", "b"]
        assert ids_of(store, Query(order="worst", overdue_at=39)) == ["a", "c"]

    def test_the_level_is_that_of_the_highest_card_that_stands(self, store: Store) -> None:
        """It comes with a card, and goes when the card is annulled; its list and its count follow."""
        first = submitted("c1", due=20)
        store.append([first, submitted("c2", due=20)])
        carded = then(first.case, _card("yellow"))
        store.append([carded])
        assert (ids_of(store, Query(level="yellow")), ids_of(store, Query(level=""))) == (["c1"], ["c2"])
        assert _counted(store) == {("routed", "", "yellow"): 1, ("routed", "", ""): 1}
        annulled = e.CardAnnulled(21, BY, clock="reply", level="yellow", issued_us=20, cause="replied")
        store.append([then(carded.case, annulled)])
        assert ids_of(store, Query(level="yellow")) == []
        assert _counted(store) == {("routed", "", ""): 2}

    def test_a_revised_submission_is_found_as_it_is_now(self, store: Store) -> None:
        """Under its new kind and region, in lists, and with its new policy in counts; no more as it was."""
        first = submitted("c1", kind="complaint", region="镜湖区", policy="earlier")
        store.append([first])
        revised = e.Origin("p2", policy="later", kind="advice", region="弋江区")
        store.append([then(first.case, e.Noted(2, BY, revised=revised))])
        assert ids_of(store, Query(kind="complaint")) == ids_of(store, Query(region="镜湖区")) == []
        assert ids_of(store, Query(policy="earlier")) == []
        assert ids_of(store, Query(kind="advice", region="弋江区", policy="later")) == ["c1"]
        assert store.counts(Query()) == (CaseCount("routed", "", "", "p2", 1),)

    @pytest.mark.parametrize("order", ["due", "worst", "newest"])
    def test_what_a_unit_helps_with_is_in_each_of_its_lists_once(self, store: Store, order: Order) -> None:
        """Among what it holds, in every order and page by page; each filter and every count goes for both."""
        appends = [
            submitted(
                f"c{n}", due=40 + n * 7 % 5, at=10 + n * 3 % 5, kind="k" if n % 3 else "", unit=f"u{n % 3}"
            )
            for n in range(9)
        ]
        store.append(appends)
        helped = [append.case for n, append in enumerate(appends) if n % 2]
        store.append([then(case, e.CoHandlerAdded(50, BY, unit="u1")) for case in helped])
        ids = {case.id for case in helped} | {"c1", "c4", "c7"}
        query = Query(order=order, unit="u1", helping=True)
        for wanted in (
            query,
            query.replace(kind="k"),
            query.replace(since=12),
            query.replace(until=12, state="routed"),
        ):
            fit = [case for case in store.find(Query(limit=99)) if case.id in ids and wanted.admits(case)]
            places = sorted(map(wanted.place, fit), reverse=order == "newest")
            assert places, wanted
            for limit in (1, 4, 99):
                assert found_pages(store, wanted.replace(limit=limit)) == [name for _, name in places]
            assert sum(row.cases for row in store.counts(wanted)) == len(fit)
        assert {row.unit for row in store.counts(query)} == {"u0", "u1", "u2"}
        assert {row.unit for row in store.counts(query.replace(helping=False))} == {"u1"}

    def test_counts_tell_states_units_and_levels_apart(self, store: Store) -> None:
        """Every case counts once, where it stands now; a filter counts what its list finds."""
        first = submitted("a", due=9, unit="u")
        store.append([first, submitted("b", due=9, unit="u"), submitted("c", unit="v"), submitted("d")])
        store.append([stopped(first.case)])
        assert _counted(store) == {
            ("answered", "u", ""): 1, ("routed", "u", ""): 1, ("routed", "v", ""): 1, ("routed", "", ""): 1,
        }  # fmt: skip
        assert _counted(store, Query(unit="u", state="routed")) == {("routed", "u", ""): 1}
        assert _counted(store, Query(overdue_at=9)) == {("routed", "u", ""): 1}
        assert store.counts(Query(unit="w")) == ()


class TitlesContract:
    """`Searchable`: titles are found by parts of their words, and by nothing once they are redacted."""

    @pytest.fixture
    def titled(self, store: Store) -> Store:
        """The store with an index of titles, and some cases."""
        offering(store, ("search_titles",)).search_titles()
        store.append([submitted(name, at=10, title=title) for name, title in TITLES.items()])
        return store

    def test_titles_are_found_by_words_of_two_characters(self, titled: Store) -> None:
        """Any part of a word, whatever its case and width; every word must be there, none across a blank."""
        assert offering(titled, ("search_titles",)).searches_titles
        for words, ids in WORDS.items():
            assert _found(titled, words) == ids, words

    def test_they_come_newest_first_page_by_page(self, titled: Store) -> None:
        """With every filter beside; what is set aside or does not hold the words takes nobody's place."""
        titled.append([
            submitted(f"g{at}", at=at, title="噪音 音扰" if at % 3 else "噪音扰", unit=f"u{at % 2}")
            for at in range(20, 60)
        ])  # fmt: skip
        query = Query(words=("噪音扰",))
        ids = [f"g{at}" for at in reversed(range(20, 60)) if not at % 3]
        assert ids_of(titled, query) == [*ids, "b", "a"]
        for limit in (1, 4):
            assert found_pages(titled, query.replace(limit=limit)) == [*ids, "b", "a"]
        assert ids_of(titled, query.replace(unit="u1", since=30)) == [
            i for i in ids if int(i[1:]) % 2 and i > "g3"
        ]

    def test_a_title_is_found_by_who_helps(self, titled: Store) -> None:
        """With what the unit holds, and nobody else's."""
        titled.append(
            [submitted("h", at=20, title="噪音", unit="v"), submitted("i", at=30, title="噪音", unit="u")]
        )
        titled.append([then(_case(titled, name), e.CoHandlerAdded(40, BY, unit="u")) for name in "abi"])
        query = Query(words=("噪音",), unit="u")
        assert ids_of(titled, query) == ["i"]
        assert found_pages(titled, query.replace(helping=True, limit=1)) == ["i", "b", "a"]

    def test_a_redacted_title_is_found_no_more(self, titled: Store) -> None:
        """Nor by a part of it; other texts of that name, and other cases, stay as they are."""
        case = _case(titled, "a")
        titled.append([then(case, texts=(_title(2, "工地围挡"),))])
        assert _found(titled, "围挡") == ""
        case = _case(titled, "a")
        titled.append([Append(case, case.version, (), redacts=("title@2",))])
        assert _found(titled, "工地") == "a"
        titled.append([Append(case, case.version, (), redacts=("title",))])
        assert (_found(titled, "工地"), _found(titled, "噪音")) == ("", "be")

    def test_an_index_is_begun_and_ended_at_any_time(self, store: Store) -> None:
        """What is there already is found as well, what was redacted before is not; twice is as once."""
        place = offering(store, ("search_titles",))
        store.append([submitted(name, at=10, title=title) for name, title in TITLES.items()])
        case = _case(store, "b")
        store.append([Append(case, case.version, (), redacts=("title",))])
        for _ in range(2):
            place.search_titles()
            assert _found(store, "噪音") == "ae"
        place.search_titles(on=False)
        place.search_titles()
        assert _found(store, "噪音") == "ae"

    def test_another_process_learns_of_the_index(self, store: Store, another: Store) -> None:
        """Who opened the place before it was begun writes its titles into it with the next command."""
        store.append([submitted("a", title="噪音")])
        another.append([submitted("b", title="噪音")])
        offering(store, ("search_titles",)).search_titles()
        another.append([submitted("c", title="噪音")])
        for place in (store, another):
            assert offering(place, ("search_titles",)).searches_titles
            assert _found(place, "噪音") == "abc"

    def test_titles_move_with_their_cases(self, titled: Store) -> None:
        """Taken over from another store they are found; one that was redacted there is not, any more."""
        movable, source = offering(titled, ("kept", "keep", "keep_keys", "keys", "pins")), MemoryStore()
        source.append([submitted("x", title="渣土车"), submitted("y", title="渣土车")])
        copy_cases(source, movable)
        assert _found(titled, "渣土") == "xy"
        case = _case(source, "x")
        source.append([then(case).replace(redacts=("title",))])
        copy_cases(source, movable)
        assert _found(titled, "渣土") == "y"


def _card(level: str) -> e.CardIssued:
    return e.CardIssued(20, BY, clock="reply", level=level, detected_us=20)


def _title(version: int, title: str) -> Text:
    return Text(version, "title", "s", title)


def _case(store: Store, case_id: str) -> Case:
    case = store.load(case_id)
    assert case is not None
    return case


def _found(store: Store, words: str) -> str:
    return "".join(sorted(ids_of(store, Query(words=words_of(words)))))


def _counted(store: Store, query: Query | None = None) -> dict[tuple[str, str, str], int]:
    rows = store.counts(query or Query())
    return {(row.state, row.unit, row.level): row.cases for row in rows}
