"""What a store owes where others write at its place: what any handle wrote, every handle knows."""

from __future__ import annotations

from collections.abc import Callable

from caseflow import MemoryStore
from caseflow.core import notices as o
from caseflow.core.model.case import Case
from caseflow.core.notices import Draft, Notice, Void
from caseflow.errors import Stale, StoreBusy
from caseflow.ports import Append, Store, Text
from caseflow.testing.contract.case_factory import (
    answers,
    claim_of,
    differing,
    stopped,
    submitted,
    then,
    written,
)
from caseflow.testing.contract.query_duties import race
from caseflow.testing.contract.whole_duties import race_for_a_key, watch_parts

IDS, UNITS = ("c1", "c2", "c3"), ("城管局", "")


class SharedContract:
    """Two handles to one place give the same answers, which are those of the place."""

    def test_what_one_handle_writes_the_other_answers(self, store: Store, another: Store) -> None:
        """Cases, texts, keys, policies, dues, lists, notices and documents, asked for before each change and
        after it, are never those that a handle remembers.
        """  # fmt: skip
        sound = MemoryStore()
        for place, change in enumerate(CHANGES):
            for handle in (store, another):
                _assert_same(sound, handle, before=change)
            writer = (another, store)[place % 2]
            change(writer)
            change(sound)
        for handle in (store, another):
            _assert_same(sound, handle, before=None)

    def test_an_erased_text_is_gone_for_every_handle(self, store: Store, another: Store) -> None:
        """One handle has read it lately, the other erases it: nobody has it any more."""
        first = submitted("c1").replace(texts=(Text(1, "title", "s", "x"), Text(1, "body", "s", "y")))
        store.append([first])
        assert len(store.texts("c1")) == len(another.texts("c1")) == 2
        another.append([then(first.case).replace(redacts=("title",))])
        assert store.texts("c1") == another.texts("c1") == first.texts[1:]

    def test_handles_that_begin_one_case_are_told_stale(self, store: Store, another: Store) -> None:
        """Of several that submit one id with one document one is through; no driver's error comes up."""
        for turn in range(5):
            through, late = list[int](), list[int]()

            def work(
                handle: Store,
                place: int,
                turn: int = turn,
                through: list[int] = through,
                late: list[int] = late,
            ) -> None:
                entry = submitted(f"c{turn}", at=place + 1)
                entry = entry.replace(documents=(Draft(f"d{turn}", "s", 2025, f"c{turn}", 1),))
                (through if _is_through(handle, [entry]) else late).append(place)

            handles = (store, another, store, another)
            race([lambda handle=handle, place=place: work(handle, place)  # type: ignore[misc]  # bound at once
                  for place, handle in enumerate(handles)])  # fmt: skip
            assert (len(through), len(late)) == (1, 3)
            assert store.events(f"c{turn}")[0].at_us == another.events(f"c{turn}")[0].at_us == through[0] + 1
        assert [document.number for document in another.issued("s", 2025)] == [1, 2, 3, 4, 5]

    def test_of_handles_that_hold_what_others_change_one_is_through(
        self, store: Store, another: Store
    ) -> None:
        """Each changes one case and holds the others to their versions: two are never both right."""
        names = ("a", "b", "c", "d")
        for turn in range(5):
            firsts = [submitted(f"{name}{turn}") for name in names]
            store.append(firsts)
            through = list[int]()

            def work(
                handle: Store,
                place: int,
                firsts: list[Append] = firsts,
                through: list[int] = through,
            ) -> None:
                entries = [Append(first.case, 1, ()) for first in firsts]
                entries[place] = then(firsts[place].case)
                if _is_through(handle, entries):
                    through.append(place)

            race([lambda handle=handle, place=place: work(handle, place)  # type: ignore[misc]  # bound at once
                  for place, handle in enumerate((store, another, another, store))])  # fmt: skip
            assert len(through) == 1
            cases = [another.load(first.case.id) for first in firsts]
            assert [case.version if case else 0 for case in cases] == [
                1 + (place in through) for place in range(len(names))
            ]

    def test_handles_take_a_key_once(self, store: Store, another: Store) -> None:
        """The same for an idempotency key: `KeyReused` for all but one, and nothing of theirs is kept."""
        race_for_a_key([store, another, another, store])

    def test_handles_pin_a_policy_together(self, store: Store, another: Store) -> None:
        """Whoever comes second finds it there; both read it to the letter."""
        document = {"policy": {"name": "x", "labels": {"zh": "一", "en": "one"}}}
        for turn in range(5):
            race([lambda handle=handle, turn=turn: handle.pin(f"p{turn}", document)  # type: ignore[misc]  # bound at once
                  for handle in (store, another, store, another)])  # fmt: skip
            assert (
                written(store.pinned(f"p{turn}")) == written(another.pinned(f"p{turn}")) == written(document)
            )

    def test_what_goes_with_an_append_is_seen_from_another_handle(self, store: Store, another: Store) -> None:
        """A reader with a handle of his own sees all of an append, or nothing of it."""
        watch_parts(store, another)


def _is_through(store: Store, appends: list[Append]) -> bool:
    while True:
        try:
            store.append(appends)
            return True
        except Stale:
            return False
        except StoreBusy:
            continue


def _assert_same(sound: Store, handle: Store, *, before: Callable[[Store], None] | None) -> None:
    left = differing(answers(sound, IDS, units=UNITS), answers(handle, IDS, units=UNITS))
    assert left == {}, f"before {before.__name__}" if before else "in the end"


# -- the changes, each on what the ones before it left -----------------------------------------------------


def _case(store: Store, name: str) -> Case:
    case = store.load(name)
    assert case is not None
    return case


def submits(store: Store) -> None:
    """A case with one of everything, and another that waits for a calendar."""
    first = submitted("c1", remind=10, due=50, unit="城管局", citizen="x")
    texts = (Text(1, "title", "s", "路灯"), Text(1, "body", "t", "三天"))
    notices = (Notice("n1", "c1", 1, "card", at_us=5), Notice("n2", "c1", 1, "card", at_us=6))
    full = first.replace(texts=texts, notices=notices, documents=(Draft("d1", "催办", 2025, "c1", 1),))
    store.append([full, submitted("c2", due=40, certain=False)], claim_of("c1"))


def pins(store: Store) -> None:
    """A policy is kept."""
    store.pin("p", {"policy": {"name": "p"}})


def begins_another(store: Store) -> None:
    """A case that is due before the others, with a key and a document of its own."""
    draft = Draft("d3", "催办", 2025, "c3", 1)
    store.append([submitted("c3", due=20).replace(documents=(draft,))], claim_of("c3", key="l"))


def sends(store: Store) -> None:
    """A relay tells one notice."""
    (held,) = store.claim(5, limit=1, lease_us=5, token="t")
    store.settle([o.sent(held, 7)])


def takes_back(store: Store) -> None:
    """A notice is cancelled, a document voided, a text erased; a correction is owed."""
    gone = then(_case(store, "c1")).replace(
        redacts=("title",), cancels=("n2",), voids=(Void("d1", 9, "annulled"),),
        notices=(Notice("n3", "c1", 2, "correction", corrects="n1", at_us=8),),
    )  # fmt: skip
    store.append([gone])


def gives_up(store: Store) -> None:
    """A notice is given up."""
    (held,) = store.claim(8, limit=1, lease_us=5, token="u")
    store.settle([o.dead(held, "refused")])


def tries_again(store: Store) -> None:
    """It is pending anew."""
    store.requeue(["n3"], 30)


def stops(store: Store) -> None:
    """Two clocks end; the cases are due no more."""
    store.append([stopped(_case(store, "c1")), stopped(_case(store, "c3"))])


def pins_more(store: Store) -> None:
    """Another policy is kept."""
    store.pin("q", {"policy": {"name": "q"}})


CHANGES = (submits, pins, begins_another, sends, takes_back, gives_up, tries_again, stops, pins_more)
