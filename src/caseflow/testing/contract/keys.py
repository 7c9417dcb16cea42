"""What a store owes of idempotency keys."""

from __future__ import annotations

import pytest

from caseflow.errors import KeyReused
from caseflow.ports import KeyClaim, Store
from caseflow.testing.contract.made import submitted, then


class KeysContract:
    """Idempotency keys belong to their actors, and are taken once."""

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

    def test_a_refused_key_leaves_no_trace(self, store: Store) -> None:
        """The append that comes with a taken key leaves nothing: no event, no case, no second meaning."""
        claim = KeyClaim("a", "k", "digest", "c1", 1, 1)
        store.append([submitted("c1")], claim)
        with pytest.raises(KeyReused):
            store.append([submitted("c2", due=5)], claim.replace(case_id="c2"))
        assert (store.load("c2"), store.events("c2"), store.next_due()) == (None, (), None)
        assert store.recall("a", "k") == claim

    @pytest.mark.parametrize("name", ["K", "k ", "ｋ", "ḱ"])
    def test_keys_are_kept_to_the_letter(self, store: Store, name: str) -> None:
        """Keys and actors differ by case, accents, width and spaces."""
        claim = KeyClaim("a", "k", "digest", "c1", 1, 1)
        store.append([submitted("c1")], claim)
        assert store.recall("a", name) is None
        store.append([submitted("c2")], claim.replace(key=name, case_id="c2"))
        store.append([submitted("c3")], claim.replace(actor="A", case_id="c3"))
        assert store.recall("a", "k") == claim
