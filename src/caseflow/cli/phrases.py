"""Phrases for people about time: in 3 days, 3天后. They are only said, never counted with."""

from __future__ import annotations

from datetime import UTC, datetime

from caseflow.cli.words import Lang, instant


def from_now(at: datetime, *, now: datetime, lang: Lang) -> str:
    """How far off the instant is, in the largest unit that fits: ``in 3 days``, ``3天后``, ``2 days ago``."""
    import pendulum  # a tenth of a second, and needed only where people read

    gap = pendulum.instance(at.astimezone(UTC)).diff(pendulum.instance(now.astimezone(UTC)))
    return pendulum.format_diff(gap, locale=lang)


def due(at: datetime, *, now: datetime, lang: Lang) -> str:
    """The instant, and how far off it is."""
    phrase = from_now(at, now=now, lang=lang)
    return f"{instant(at)} ({phrase})" if lang == "en" else f"{instant(at)}({phrase})"
