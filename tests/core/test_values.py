"""Values: whatever their number of fields, they compare, print, copy and change alike, and never in place."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from caseflow.core.value import Value


class Nothing(Value):
    """No field."""


class One(Value):
    """One field."""

    name: str


class Two(Value):
    """Two fields, one with a default."""

    name: str
    number: int = 7


MADE = [(Nothing(), "Nothing()"), (One("路"), "One(name='路')"), (Two("a"), "Two(name='a', number=7)")]


@pytest.mark.parametrize(("made", "shown"), MADE)
def test_a_value_is_told_by_its_fields(made: Any, shown: str) -> None:
    """It prints as it is built, equals what is built alike, and nothing else."""
    assert repr(made) == shown
    assert eval(shown) == made
    assert hash(eval(shown)) == hash(made)
    assert [made == other for other, _ in MADE].count(True) == 1
    assert made != shown


@pytest.mark.parametrize(("made", "shown"), MADE)
def test_a_value_survives_copies(made: Any, shown: str) -> None:
    """Copied, pickled or replaced by itself it stays the same."""
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made)), made.replace()):
        assert other == made
        assert type(other) is type(made)


def test_a_value_never_changes_in_place() -> None:
    """Assignment and deletion are refused; `replace` gives another."""
    for made in (One("a"), Two("a"), One("a")):
        with pytest.raises(AttributeError):
            made.name = "b"  # type: ignore[misc]  # what is refused
        with pytest.raises(AttributeError):
            del made.name
        assert made.replace(name="b").name == "b"
        assert made.name == "a"
