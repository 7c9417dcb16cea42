"""Strategies for any value of the core, built from its type hints."""

from __future__ import annotations

import types
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from msgspec import Meta

from caseflow.core.model.commands import Actor
from caseflow.core.value import Value

AWKWARD = (
    "",
    "路灯不亮",
    "🚧👩‍🔧",
    '"quoted" \\ back/slash',
    "a\nb\tc\x01\x7f\u2028",
    "x" * 300,
    "null",
    "é",
    "ｅ",
)
"""Chinese, emoji, quotes, control characters: what JSON and SQLite have to carry."""

TEXTS = st.sampled_from(AWKWARD) | st.text(max_size=8)
NAMES = st.sampled_from(("c-1", "城管局", '李"四"', "🚧", "a b", "'; DROP TABLE cases; --"))
INTS = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(-2, 2)
ACTORS = st.builds(Actor, NAMES, role=NAMES, unit=NAMES | st.just(""))

PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    int: INTS, bool: st.booleans(), str: TEXTS, Any: TEXTS | INTS | st.booleans(),
}  # fmt: skip


@cache
def _values(hint: Any) -> st.SearchStrategy[Any]:
    if hint is Actor:
        return ACTORS
    if isinstance(hint, type) and issubclass(hint, Value):
        hints = get_type_hints(hint, include_extras=True)
        return st.builds(hint, **{name: _values(hints[name]) for name in hint.__struct_fields__})
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of([st.none() if part is types.NoneType else _values(part) for part in parts])
    if origin is Annotated:
        return _bounded(parts[0], parts[1])
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is tuple:
        if parts[-1] is ...:
            return st.lists(_values(parts[0]), max_size=2).map(tuple)
        return st.tuples(*(_values(part) for part in parts))
    return PLAIN[hint]


def _bounded(hint: Any, meta: Meta) -> st.SearchStrategy[Any]:
    """Values within the bounds, and those at them."""
    if hint is int:
        low, high = (None if bound is None else int(bound) for bound in (meta.ge, meta.le))
        ends = [bound for bound in (low, high) if bound is not None]
        return st.integers(low, high) | st.sampled_from(ends)
    if hint is str and (longest := meta.max_length):
        return TEXTS.map(lambda text: text[:longest]) | st.just("字" * longest)
    return _values(hint)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of that type; for a value class, any of its fields."""
    return _values(hint)
