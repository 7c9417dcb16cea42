"""What a store owes of lists: what is due, what is found, and the feed while writers race."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial

import pytest

from caseflow import Actor, Desk, ManualClock, load_policy
from caseflow.core import notices as o
from caseflow.core.model import events as e
from caseflow.core.model.evolve import replay
from caseflow.errors import Stale, StoreBusy
from caseflow.ports import Query, Recorded, Store
from caseflow.serialization.codec import recorded
from caseflow.testing.contract.case_factory import BY, stopped, submitted, then


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
        queries = {
            "bacd": Query(), "ba": Query(unit="u"), "ac": Query(citizen="x"), "c": Query(state="answered"),
            "a": Query(overdue_at=49), "": Query(overdue_at=9), "d": Query(unit=""),
            "b": Query(unit="u", citizen="y"),
        }  # fmt: skip
        for ids, query in queries.items():
            assert "".join(case.id for case in store.find(query)) == ids
        assert {case.id for case in store.find(Query(unit="u", overdue_at=50))} == {"a", "b"}
        assert [case.id for case in store.find(Query(citizen=""))] == ["d"]

    def test_a_unit_finds_what_it_helps_with(self, store: Store) -> None:
        """With ``helping`` a unit's list holds what it helps with, too, each case once and in one order.

        A helper that is added, a due that moves and a clock that stops are seen at once; without ``helping``
        only what the unit holds is listed.
        """
        appends = [
            submitted("a", due=30, unit="u"), submitted("b", due=20, unit="v"), submitted("c", unit="v"),
            submitted("d", due=10, unit="v"), submitted("e", due=40, unit="v", state="answered"),
        ]  # fmt: skip
        store.append(appends)
        wanted = Query(unit="u", helping=True)
        assert [case.id for case in store.find(wanted)] == ["a"]
        helped = [
            then(entry.case, e.CoHandlerAdded(5, BY, unit="u")) for entry in appends if entry.case.id != "d"
        ]
        store.append(helped[:2])
        store.append(helped[2:])
        for query, ids in (
            (wanted, "baec"), (wanted.replace(helping=False), "a"), (wanted.replace(state="answered"), "e"),
            (wanted.replace(overdue_at=30), "ba"), (wanted.replace(overdue_at=9), ""),
            (Query(unit="v", helping=True), "dbec"), (Query(unit="w", helping=True), ""),
        ):  # fmt: skip
            assert "".join(case.id for case in store.find(query)) == ids
            for place, case in enumerate(cases := store.find(query)):
                assert (
                    store.find(query.replace(after=query.place(case), limit=1))
                    == cases[place + 1 : place + 2]
                )
        stopped_b = stopped(helped[1].case)
        store.append([stopped_b])
        assert [case.id for case in store.find(wanted)] == ["a", "e", "b", "c"]
        assert [case.id for case in store.find(wanted.replace(overdue_at=30))] == ["a"]
        store.append([then(stopped_b.case, e.Transferred(2_000, BY, unit="u"))])
        assert [case.id for case in store.find(wanted)] == ["a", "e", "b", "c"]
        assert [case.id for case in store.find(Query(unit="v", helping=True))] == ["d", "e", "c"]

    def test_find_is_in_keyset_order(self, store: Store) -> None:
        """Cases come by (next due, id), those with nothing due last; a cursor goes on after any of them."""
        dues: list[tuple[str, int | None]] = [("e", None), ("d", 10), ("c", 20), ("b", 20), ("a", None)]
        store.append([submitted(name, due=due) for name, due in dues])
        cases = store.find(Query())
        assert [case.id for case in cases] == ["d", "b", "c", "a", "e"]
        for place, case in enumerate(cases):
            query = Query(after=(case.next_due_us, case.id), limit=2)
            assert store.find(query) == cases[place + 1 : place + 3]

    def test_the_longest_overdue_come_first(self, store: Store) -> None:
        """What is overdue comes by (deadline, id), whatever is due next; a cursor goes on after any of it."""
        store.append([
            submitted("d", remind=1, due=40), submitted("c", due=20), submitted("b", due=20),
            submitted("a", due=30), submitted("e", due=60), submitted("f"),
        ])  # fmt: skip
        query = Query(overdue_at=50)
        cases = store.find(query)
        assert [case.id for case in cases] == ["b", "c", "a", "d"]
        for place, case in enumerate(cases):
            after = query.replace(after=query.place(case), limit=2)
            assert store.find(after) == cases[place + 1 : place + 3]

    def test_nothing_is_due_before_its_instant(self, store: Store) -> None:
        """One microsecond before a case's instant it is not due; at the instant it is."""
        at = 1_741_000_000_000_001
        store.append([submitted("c1", due=at)])
        assert store.due(at - 1, limit=9) == ()
        assert store.due(at, limit=9) == ((at, "c1"),)


EXACT = (1_741_000_000_000_001, 253_402_300_799_999_991)
"""An instant of today and one of the year 9999, which neither milliseconds nor a float can say."""


class InstantsContract:
    """Every instant that is kept or asked for counts to the microsecond."""

    @pytest.mark.parametrize("at", EXACT)
    def test_lists_count_microseconds(self, store: Store, at: int) -> None:
        """What is due, overdue or waits one microsecond earlier comes earlier, from that instant on."""
        store.append(
            [submitted("a", due=at + 1), submitted("b", due=at), submitted("c", due=at, certain=False)]
        )
        store.append([submitted("d", due=at - 999)])
        assert store.next_due() == at - 999
        assert store.due(at, limit=9) == ((at - 999, "d"), (at, "b"))
        assert store.due(at + 1, limit=9, after=(at - 999, "e")) == ((at, "b"), (at + 1, "a"))
        assert [case.id for case in store.find(Query())] == ["d", "b", "a", "c"]
        assert [case.id for case in store.find(Query(after=(at, "b"), limit=1))] == ["a"]
        for instant, ids in ((at - 1_000, []), (at - 1, ["d"]), (at, ["d", "b"]), (at + 1, ["d", "b", "a"])):
            assert [case.id for case in store.find(Query(overdue_at=instant))] == ids
        assert [store.waiting(instant) for instant in (at - 1, at)] == [0, 1]

    @pytest.mark.parametrize("at", EXACT)
    def test_notices_and_documents_keep_microseconds(self, store: Store, at: int) -> None:
        """When a notice is told, its lease, its next try, when it was told, when a document was voided."""
        first = submitted("c1")
        notices = (o.Notice("n", "c1", 1, "card", at_us=at), o.Notice("m", "c1", 1, "card", at_us=at + 1))
        draft = o.Draft("d", "s", 2025, "c1", 1)
        store.append([first.replace(notices=notices, documents=(draft,))])
        store.append([then(first.case).replace(voids=(o.Void("d", at + 2, "x"),))])
        assert store.documents("c1") == (o.Document(draft, 1, at + 2, "x"),)
        assert [post.notice for post in store.notices()] == list(notices)
        assert store.claim(at - 1, limit=9, lease_us=9, token="t") == ()
        (held,) = store.claim(at, limit=9, lease_us=17, token="t")
        assert [post.next_try_us for post in store.notices()] == [at + 17, at + 1]
        store.settle([o.retry(held, at + 23, "x", told_us=at + 5)])
        assert [(post.next_try_us, post.told_us) for post in store.notices()] == [
            (at + 23, at + 5), (at + 1, None),
        ]  # fmt: skip
        (other,) = store.claim(at + 22, limit=9, lease_us=99, token="u")
        assert store.settle([o.sent(other, at + 29)]) == ("m",)
        assert [post.told_us for post in store.notices()] == [at + 5, at + 29]


class FeedContract:
    """One total order of all events, whoever writes."""

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
        assert [store.newer(position) for position in (0, *positions)] == [3, 2, 1, 0]

    def test_an_event_that_cannot_be_read_is_kept_as_it_is(self, store: Store) -> None:
        """One of another version comes back with its bytes, from the case and from the feed; the rest too."""
        first = submitted("a")
        store.append([first, submitted("b")])
        later = recorded(b'{"event":"teleported","at":2000,"by":["o-1","handler",""],"to":"mars"}')
        store.append([then(first.case, later)])
        assert store.events("a") == (*first.events, later)
        assert [entry.event for entry in store.feed() if entry.case_id == "a"][-1] == later
        assert [case.id for case in store.find(Query())] == ["a", "b"]

    def test_the_feed_skips_nothing_while_writers_race(self, store: Store) -> None:
        """A reader that follows the feed while four threads append meets every event, once, in its order."""
        assert _followed(store, [store] * 4) == list(store.feed(limit=10_000))

    def test_the_feed_skips_nothing_from_another_handle(self, store: Store, another: Store) -> None:
        """The same when writers and the reader have handles of their own to one place."""
        assert _followed(another, [store, another, store]) == list(store.feed(limit=10_000))

    def test_one_of_two_racing_writers_wins(self, store: Store) -> None:
        """Of many threads that append at one version, one is through and the others are told `Stale`."""
        first = submitted("c1")
        store.append([first])
        through, late = list[int](), list[int]()

        def work(name: int) -> None:
            try:
                store.append([then(first.case, e.Noted(name + 2, BY))])
                through.append(name)
            except Stale:
                late.append(name)

        race([partial(work, name) for name in range(6)])
        assert (len(through), len(late)) == (1, 5)
        assert store.events("c1")[1].at_us == through[0] + 2
        assert len(store.events("c1")) == 2

    def test_another_handle_sees_what_was_appended(self, store: Store, another: Store) -> None:
        """What one handle appended, the other loads at once, and writes on from."""
        first = submitted("c1", due=9)
        store.append([first])
        assert another.load("c1") == first.case
        another.append([then(first.case)])
        assert store.load("c1") == then(first.case).case
        with pytest.raises(Stale):
            store.append([then(first.case)])
        assert store.links("c1") == another.links("c1")

    def test_no_update_is_lost_between_threads(self, store: Store) -> None:
        """Six threads that note on one case, each until it is through, leave every note in the history."""
        desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
        boss = Actor("s-1", role="importer")
        case = desk.submit(title="t", by=boss, case_id="c1")

        def work(name: int) -> None:
            for number in range(10):
                while True:
                    try:
                        desk.note("c1", text=f"{name}-{number}", by=boss)
                        break
                    except Stale:
                        continue

        race([partial(work, name) for name in range(6)])
        assert desk.get("c1").version == case.version + 60
        notes = [text.text for text in desk.texts("c1") if text.field == "text"]
        assert sorted(notes) == sorted(f"{name}-{number}" for name in range(6) for number in range(10))
        assert replay("c1", desk.history("c1")) == desk.get("c1")


def race(works: Sequence[Callable[[], None]]) -> None:
    """Run every work in a thread of its own, switching often; raises the first error of any of them."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    with _switching_often():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


@contextmanager
def _switching_often() -> Generator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # so that they do meet
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _followed(reader: Store, writers: list[Store], each: int = 25) -> list[Recorded]:
    """What a reader of the feed met while the writers appended cases of their own."""
    met: list[Recorded] = []
    left = [len(writers)]

    def write(store: Store, name: int) -> None:
        try:
            for number in range(each):
                while True:
                    try:
                        store.append([submitted(f"c{name}-{number}"), submitted(f"d{name}-{number}")])
                        break
                    except StoreBusy:
                        continue
        finally:
            left[0] -= 1

    def read() -> None:
        finished = False
        while True:
            page = reader.feed(met[-1].position if met else 0, limit=7)
            met.extend(page)
            if finished and not page:
                return
            finished = left[0] <= 0

    works = [lambda store=store, name=name: write(store, name) for name, store in enumerate(writers)]
    race([read, *works])
    assert len(met) == 2 * each * len(writers)
    return met
