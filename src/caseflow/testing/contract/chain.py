"""What a store owes of the audit chain."""

from __future__ import annotations

import pytest

from caseflow.chain import START, Head, chained, first_broken, link
from caseflow.codec import encode
from caseflow.core import events as e
from caseflow.errors import Stale
from caseflow.ports import Store
from caseflow.testing.contract.made import BY, submitted, then


class ChainContract:
    """The audit chain covers every byte of every event."""

    def test_the_chain_is_the_formula(self, store: Store) -> None:
        """Each hash covers the one before it, the case's id, the version and the event's canonical bytes."""
        first = submitted("案件")
        second = then(first.case, e.Noted(5, BY), e.Noted(6, BY))
        store.append([first])
        store.append([second])
        bodies = [encode(event) for event in (*first.events, *second.events)]
        assert store.links("案件") == chained("案件", bodies)
        one, two = store.links("案件")[:2]
        assert one.hash == link(START, "案件", 1, bodies[0])
        assert two.hash == link(one.hash, "案件", 2, bodies[1])

    def test_each_case_has_a_chain_of_its_own(self, store: Store) -> None:
        """Appends to several cases at once, in any order, lead to the same chains as one after the other."""
        firsts = [submitted(name) for name in ("a", "b")]
        store.append(firsts)
        store.append([then(firsts[1].case)])
        store.append([then(firsts[0].case), then(then(firsts[1].case).case)])
        for name, length in (("a", 2), ("b", 3)):
            links = store.links(name)
            assert [found.version for found in links] == list(range(1, length + 1))
            assert first_broken(name, links) is None
        assert store.links("none") == ()

    def test_heads_are_the_newest_links_in_the_order_of_ids(self, store: Store) -> None:
        """Every case's head is its last hash; pages go on after the last id seen, by code point."""
        names = ["Z", "a", "案", "😀", "ab"]
        for name in names:
            first = submitted(name)
            store.append([first])
            store.append([then(first.case)])
        heads = store.heads()
        assert heads == tuple(Head(name, 2, store.links(name)[-1].hash) for name in sorted(names))
        for place, head in enumerate(heads):
            assert store.heads(head.case_id, limit=2) == heads[place + 1 : place + 3]

    def test_a_refused_append_does_not_lengthen_the_chain(self, store: Store) -> None:
        """After a stale append the head is the old one, and the next append goes on from it."""
        first = submitted("c1")
        store.append([first])
        head = store.heads()
        with pytest.raises(Stale):
            store.append([then(first.case).replace(expected=0)])
        assert store.heads() == head
        store.append([then(first.case)])
        assert first_broken("c1", store.links("c1")) is None
