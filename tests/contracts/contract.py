"""What every store owes, as one suite: a subclass brings the fixture ``store``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from caseflow import Actor, Desk, KeyReused, ManualClock, Stale, load_policy
from caseflow.core.evolve import replay
from caseflow.ports import KeyClaim, Query, Store, Text
from tests.contracts.made import stopped, submitted, then


class StoreContract:
    """The duties of a `Store`."""

    @pytest.fixture
    def store(self) -> Iterator[Store]:
        raise NotImplementedError

    def test_an_empty_store_has_nothing(self, store: Store) -> None:
        """Nothing is found, due, waiting or fed; asking is no error."""
        assert store.load("c1") is None
        assert (store.events("c1"), store.texts("c1"), store.feed()) == ((), (), ())
        assert (store.due(1 << 62, limit=9), store.next_due(), store.waiting(1 << 62)) == ((), None, 0)
        assert store.find(Query()) == ()
        assert store.recall("a", "k") is None
        assert store.pinned("p") is None

    def test_what_was_appended_is_loaded(self, store: Store) -> None:
        """The case, its events in order, and their fold are what was given."""
        first = submitted("c1", remind=5_000, due=9_000, unit="城管局", citizen="c-1")
        second = then(first.case)
        store.append([first])
        store.append([second])
        assert store.load("c1") == second.case
        assert store.events("c1") == (*first.events, *second.events)
        assert replay("c1", store.events("c1")) == second.case

    @pytest.mark.parametrize("expected", [0, 2, 7])
    def test_a_second_writer_is_refused_without_a_trace(self, store: Store, expected: int) -> None:
        """An append at another version than the case's raises `Stale` and leaves all as it was."""
        first = submitted("c1", due=9_000)
        store.append([first])
        late = then(first.case, texts=(Text(2, "text", "salt", "x"),)).replace(expected=expected)
        with pytest.raises(Stale) as caught:
            store.append([late], KeyClaim("a", "k", "d", "c1", 2, 2))
        assert caught.value.data["case"] == "c1"
        assert store.load("c1") == first.case
        assert store.events("c1") == first.events
        assert (store.texts("c1"), store.recall("a", "k"), len(store.feed())) == ((), None, 1)

    @pytest.mark.parametrize("bad", [0, 1, 2])
    def test_an_append_over_several_cases_is_all_or_nothing(self, store: Store, bad: int) -> None:
        """When one of three is stale, whichever it is, none of them moves, and nothing becomes due."""
        olds = [submitted(name, unit="u") for name in ("a", "b")]
        store.append(olds)
        news = [then(olds[0].case), then(olds[1].case), submitted("n", due=5)]
        news[bad] = news[bad].replace(expected=8)
        with pytest.raises(Stale):
            store.append(news, KeyClaim("a", "k", "d", "a", 2, 2))
        assert [store.load(name) for name in ("a", "b", "n")] == [olds[0].case, olds[1].case, None]
        assert (store.next_due(), len(store.feed()), store.recall("a", "k")) == (None, 2, None)
        assert len(store.find(Query(unit="u"))) == 2

    def test_one_append_names_a_case_once(self, store: Store) -> None:
        """Two entries for one case at the same version cannot both hold: `Stale`, and neither is kept."""
        first = submitted("c1")
        store.append([first])
        with pytest.raises(Stale):
            store.append([then(first.case), then(first.case)])
        assert store.load("c1") == first.case
        assert store.events("c1") == first.events

    def test_several_cases_move_together(self, store: Store) -> None:
        """An append over two cases brings both to their new versions."""
        olds = [submitted(name) for name in ("a", "b")]
        store.append(olds)
        news = [then(old.case) for old in olds]
        store.append(news)
        assert [store.load(name) for name in ("a", "b")] == [new.case for new in news]

    @pytest.mark.parametrize("name", ["案件-1", "🚧", "a'b\"c", "x" * 200, "%_", "\\", "ß"])
    def test_case_ids_are_kept_to_the_letter(self, store: Store, name: str) -> None:
        """Ids differ by case, accents and width; none is read as a pattern or as SQL."""
        store.append([submitted(name), submitted(name + "A"), submitted(name + "a")])
        found = store.load(name)
        assert found is not None
        assert found.id == name
        assert store.load(name + " ") is None
        assert len(store.events(name)) == 1

    def test_texts_survive_to_the_letter(self, store: Store) -> None:
        """Chinese, emoji, line ends, quotes and 100,000 characters come back in the order they came."""
        given = ["路灯不亮,三天了", "👩‍🔧🚧", "a\r\nb\tc\n", '"quoted" \\ {json}', "长" * 100_000, "é ≠ é"]
        append = submitted("c1")
        texts = tuple(Text(1, f"f{n}", f"s{n}", text) for n, text in enumerate(given))
        store.append([append.replace(texts=texts)])
        more = Text(2, "text", "salt", "再来一条")
        store.append([then(append.case, texts=(more,))])
        assert store.texts("c1") == (*texts, more)

    def test_a_key_belongs_to_its_actor(self, store: Store) -> None:
        """The same key of another actor is free; taken again by the same one it is refused whole."""
        first = submitted("c1")
        claim = KeyClaim("a", "钥匙", "digest", "c1", 1, 1)
        store.append([first], claim)
        assert store.recall("a", "钥匙") == claim
        assert store.recall("b", "钥匙") is None
        with pytest.raises(KeyReused):
            store.append([then(first.case)], claim.replace(digest="other"))
        assert store.load("c1") == first.case
        assert store.recall("a", "钥匙") == claim
        store.append([then(first.case)], claim.replace(actor="b"))

    def test_due_is_ordered_and_paged(self, store: Store) -> None:
        """``due`` gives (instant, id) in order, up to the instant itself, and goes on after the last seen."""
        store.append([submitted(name, due=due) for name, due in
                      (("d", 30), ("b", 20), ("a", 20), ("c", 10), ("e", 31), ("f", None))])  # fmt: skip
        assert store.next_due() == 10
        everything = store.due(30, limit=9)
        assert everything == ((10, "c"), (20, "a"), (20, "b"), (30, "d"))
        assert store.due(29, limit=9) == everything[:3]
        assert store.due(9, limit=9) == ()
        for seen in range(3):
            assert store.due(30, limit=1, after=everything[seen]) == (everything[seen + 1],)
        assert store.due(30, limit=2) == everything[:2]

    def test_due_follows_the_case(self, store: Store) -> None:
        """A clock that stops, and comes back to the same instant, is due as often as it should be."""
        first = submitted("c1", due=20)
        store.append([first])
        second = stopped(first.case)
        store.append([second])
        assert (store.due(99, limit=9), store.next_due()) == ((), None)
        change = second.events[0].clocks[0].replace(status="running", until=-1)
        third = then(second.case, second.events[0].replace(at_us=5_000, clocks=(change,)))
        store.append([third])
        assert (store.due(99, limit=9), store.next_due()) == (((20, "c1"),), 20)
        store.append([then(third.case)])
        assert store.due(99, limit=9) == ((20, "c1"),)

    def test_waiting_counts_what_lacks_a_calendar(self, store: Store) -> None:
        """Cases whose "not before" has passed count, from that instant on, and are never due."""
        appends = [submitted("a", due=20, certain=False), submitted("b", due=30, certain=False)]
        store.append([*appends, submitted("c", due=20)])
        assert [store.waiting(at) for at in (19, 20, 29, 30)] == [0, 1, 1, 2]
        assert store.due(99, limit=9) == ((20, "c"),)
        store.append([stopped(appends[0].case)])
        assert store.waiting(99) == 1

    def test_find_filters(self, store: Store) -> None:
        """Unit, citizen, state and overdue each admit only what fits; together they all must."""
        store.append([
            submitted("a", due=10, unit="u", citizen="x"),
            submitted("b", remind=5, due=50, unit="u", citizen="y"),
            submitted("c", unit="v", citizen="x", state="answered"),
            submitted("d", unit="", citizen=""),
        ])  # fmt: skip
        asked = {
            "bacd": Query(), "ba": Query(unit="u"), "ac": Query(citizen="x"), "c": Query(state="answered"),
            "a": Query(overdue_at=49), "": Query(overdue_at=9), "d": Query(unit=""),
            "b": Query(unit="u", citizen="y"),
        }  # fmt: skip
        for ids, query in asked.items():
            assert "".join(case.id for case in store.find(query)) == ids
        assert [case.id for case in store.find(Query(unit="u", overdue_at=50))] == ["b", "a"]
        assert [case.id for case in store.find(Query(citizen=""))] == ["d"]

    def test_find_is_in_keyset_order(self, store: Store) -> None:
        """Cases come by (next due, id), those with nothing due last; a cursor goes on after any of them."""
        dues: list[tuple[str, int | None]] = [("e", None), ("d", 10), ("c", 20), ("b", 20), ("a", None)]
        store.append([submitted(name, due=due) for name, due in dues])
        found = store.find(Query())
        assert [case.id for case in found] == ["d", "b", "c", "a", "e"]
        for place, case in enumerate(found):
            query = Query(after=(case.next_due_us, case.id), limit=2)
            assert store.find(query) == found[place + 1 : place + 3]

    def test_the_feed_is_one_order(self, store: Store) -> None:
        """Positions rise without a repeat over all cases; reading on from any gives the rest."""
        first, other = submitted("a"), submitted("b")
        second = then(first.case)
        store.append([first, other])
        store.append([second])
        feed = store.feed()
        assert [(entry.case_id, entry.version) for entry in feed] == [("a", 1), ("b", 1), ("a", 2)]
        assert [entry.event for entry in feed] == [*first.events, *other.events, *second.events]
        positions = [entry.position for entry in feed]
        assert positions == sorted(set(positions))
        for place, position in enumerate([0, *positions]):
            assert store.feed(position) == feed[place:]
        assert store.feed(limit=2) == feed[:2]

    def test_a_document_is_kept_under_its_pin(self, store: Store) -> None:
        """Pinned documents come back equal; the same pin again changes nothing."""
        wuhu = load_policy("wuhu")
        store.pin(wuhu.pin, wuhu.document())
        store.pin(wuhu.pin, wuhu.document())
        store.pin("another", {"policy": {"name": "另一"}})
        kept: Any = store.pinned(wuhu.pin)
        assert kept["policy"]["states"]["routed"]["labels"]["zh"] == "已分转"
        assert store.pinned("another") == {"policy": {"name": "另一"}}
        assert store.pinned("none") is None

    def test_no_update_is_lost_between_threads(self, store: Store) -> None:
        """Six threads that note on one case, each until it is through, leave every note in the history."""
        desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
        boss = Actor("s-1", role="importer")
        case = desk.submit(title="t", by=boss, case_id="c1")
        failed: list[BaseException] = []

        def work(name: int) -> None:
            for number in range(10):
                while True:
                    try:
                        desk.note("c1", text=f"{name}-{number}", by=boss)
                        break
                    except Stale:
                        continue
                    except BaseException as error:
                        failed.append(error)
                        return

        threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)  # so that they do meet
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(before)
        assert failed == []
        assert desk.get("c1").version == case.version + 60
        notes = [text.text for text in desk.texts("c1") if text.field == "text"]
        assert sorted(notes) == sorted(f"{name}-{number}" for name in range(6) for number in range(10))
        assert replay("c1", desk.history("c1")) == desk.get("c1")
