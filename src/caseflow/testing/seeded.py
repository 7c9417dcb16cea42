"""Hypothesis made to draw the same from the same seed, whatever else is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from hypothesis.internal.conjecture.providers import HypothesisProvider


@contextmanager
def same_everywhere() -> Iterator[None]:
    """While this lasts the same seed gives the same run, whatever else is loaded.

    Hypothesis draws one number in twenty from the source of the modules that happen to be loaded; it offers
    no setting to leave that out. Where it has no such function any more there is nothing to do.
    """
    provider: Any = HypothesisProvider
    if not hasattr(provider, "_maybe_draw_constant"):
        yield
        return
    with mock.patch.object(provider, "_maybe_draw_constant", lambda *args, **named: None):
        yield
