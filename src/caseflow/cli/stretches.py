"""Elapsed time on the command line: a line for each stretch, with what had run by then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import click

from caseflow.cli.words import Lang, instant, word
from caseflow.views.explain import ExplainedStretch


def stretch_document(piece: ExplainedStretch) -> dict[str, Any]:
    """The stretch as JSON-able data; what had run in seconds."""
    end = piece.end.isoformat() if piece.end else None
    return {"begin": piece.begin.isoformat(), "end": end, "ran": piece.ran.total_seconds(), "why": piece.why}


def print_stretches(pieces: Iterable[ExplainedStretch], lang: Lang) -> None:
    """Print each stretch: from, to, how long had run then, and what it was."""
    for piece in pieces:
        ran, why = _hours(piece.ran), word(piece.why, lang)
        click.echo(f"  {instant(piece.begin)} / {instant(piece.end)}  {ran:>9}  {why}")


def _hours(ran: timedelta) -> str:
    minutes, seconds = divmod(ran // timedelta(seconds=1), 60)
    part = f".{ran.microseconds:06}" if ran.microseconds else ""
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}{part}"
