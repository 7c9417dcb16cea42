"""A change run again where that is safe: undone for another's sake, or lost before its commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from caseflow.errors import StoreBusy
from caseflow.stores.relational.dialects import Undone
from caseflow.stores.relational.troubles import translated, trouble

Done = TypeVar("Done")

ATTEMPTS = 5
"""How often a change is run that the database undid for another's sake."""


def attempted(
    run: Callable[[], Done],
    *,
    errors: type[Exception],
    name: str,
    seconds: float,
    lost: Callable[[], object] = lambda: None,
) -> Done:
    """What the run of a whole transaction gives.

    What was surely not committed is run again: what the database undid, and, once, what a lost connection
    ended before its commit.

    Args:
        errors: what the driver's errors derive from.
        name: what messages call the database.
        seconds: how long was waited for what others have locked.
        lost: called when the connection was lost, before the next run.

    Raises:
        StoreError: the driver's error, translated.
    """
    was_lost = False
    for left in reversed(range(ATTEMPTS)):
        try:
            return run()
        except Undone as error:
            if not left:
                raise StoreBusy("store-busy", path=name, seconds=seconds) from error
        except errors as error:
            found = trouble(error)
            if not left or found not in ("undone", "gone") or (found == "gone" and was_lost):
                raise translated(error, name=name, seconds=seconds) from error
            was_lost = found == "gone"
            if was_lost:
                lost()
    raise AssertionError("the last attempt returns or raises")
