"""What a store owes of cases and their events: all or nothing, and to the letter."""

from __future__ import annotations

from typing import Any

import pytest

from caseflow import load_policy
from caseflow.core import events as e
from caseflow.core.evolve import replay
from caseflow.errors import Stale
from caseflow.ports import KeyClaim, Query, Store, Text
from caseflow.testing.contract.made import BY, submitted, then


class EventsContract:
    """Cases, their events, and appends that hold whole or not at all."""

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

    @pytest.mark.parametrize("at", [0, 1, 1_741_000_000_000_001, 253_402_300_799_999_999])
    def test_instants_keep_their_microseconds(self, store: Store, at: int) -> None:
        """From the epoch to the year 9999 an instant comes back to the microsecond, everywhere."""
        first = submitted("c1", due=at + 1, at=at)
        store.append([first])
        found = store.load("c1")
        assert found is not None
        assert (found.submitted_us, found.next_due_us) == (at, at + 1)
        assert store.events("c1")[0].at_us == at
        assert store.due(at + 1, limit=1) == ((at + 1, "c1"),)

    def test_an_event_of_an_unknown_name_keeps_its_bytes(self, store: Store) -> None:
        """What another version wrote is kept to the byte, its odd spaces and number forms included."""
        body = b'{"event":"teleported","at":7,"by":["x-1","system",""],"where":{"moon":[1,2.50]} }'
        first = submitted("c1")
        unknown = e.UnknownEvent(7, BY, unknown="teleported", body=body)
        store.append([first])
        store.append([then(first.case, unknown)])
        assert [link.body for link in store.links("c1")][1] == body
        found = store.events("c1")[1]
        assert isinstance(found, e.UnknownEvent)
        assert (found.unknown, found.body) == ("teleported", body)

    def test_what_cannot_be_written_leaves_no_trace(self, store: Store) -> None:
        """An append whose event has no JSON form raises, and nothing of it or of its companions is kept."""
        first = submitted("c1", due=9)
        odd = then(submitted("c2").case, e.Acted(2, BY, action="a", fields=(("x", object()),)))
        with pytest.raises(TypeError):
            store.append([first, odd.replace(expected=0)], KeyClaim("a", "k", "d", "c1", 1, 1))
        assert (store.load("c1"), store.load("c2"), store.feed()) == (None, None, ())
        assert (store.recall("a", "k"), store.next_due()) == (None, None)
        store.append([first])

    def test_a_policy_is_kept_under_its_pin(self, store: Store) -> None:
        """A policy's document comes back equal; the same pin again changes nothing."""
        wuhu = load_policy("wuhu")
        store.pin(wuhu.pin, wuhu.document())
        store.pin(wuhu.pin, wuhu.document())
        store.pin("another", {"policy": {"name": "另一"}})
        kept: Any = store.pinned(wuhu.pin)
        assert kept["policy"]["states"]["routed"]["labels"]["zh"] == "已分转"
        assert store.pinned("another") == {"policy": {"name": "另一"}}
        assert store.pinned("none") is None
