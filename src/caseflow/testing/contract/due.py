"""What a store owes of what is due and of lists of cases."""

from __future__ import annotations

from caseflow.ports import Query, Store
from caseflow.testing.contract.made import stopped, submitted, then


class DueContract:
    """What is due, what waits, and the lists of cases."""

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

    def test_nothing_is_due_before_its_instant(self, store: Store) -> None:
        """One microsecond before a case's instant it is not due; at the instant it is."""
        at = 1_741_000_000_000_001
        store.append([submitted("c1", due=at)])
        assert store.due(at - 1, limit=9) == ()
        assert store.due(at, limit=9) == ((at, "c1"),)
