"""What an error of a driver means, by its SQLSTATE or number, and which of them are worth another attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from caseflow.errors import BadRecord, StoreBusy, StoreError

Result = TypeVar("Result")

ErrorKind = Literal[
    "taken", "undone", "busy", "gone", "read-only", "full", "missing", "foreign", "unfit", "garbled", "failed"
]
"""taken: a unique key is there already; undone: the database rolled the transaction back for another's sake;
gone: the connection is lost or cannot be made; full: the disk is; missing: the tables are not there; foreign:
the file is no database; unfit: a value does not fit its column, or a rule of the portal's own forbids the
row; garbled: SQLite has a text there that is no UTF-8."""

ATTEMPTS = 5
"""How often a change is run that the database undid for another's sake."""


class RetryTransaction(Exception):
    """Raised in a change: roll it back and run it again."""


_STATES: dict[str, ErrorKind] = {
    "23505": "taken", "40001": "undone", "40P01": "undone", "55P03": "busy", "25006": "read-only",
    "42P01": "missing", "3F000": "missing", "57P01": "gone", "57P02": "gone", "57P03": "gone",
    "57P04": "gone", "57P05": "gone", "25P03": "gone", "25P04": "gone",
    "53300": "gone", "53100": "full",
}  # fmt: skip
"""SQLSTATEs of PostgreSQL (its manual, appendix A); those of class 08 are all "gone"."""

_STATE_CLASSES: dict[str, ErrorKind] = {
    "08": "gone", "22": "unfit", "23": "unfit", "44": "unfit", "P0": "unfit",
}  # fmt: skip
"""Classes of SQLSTATEs: a connection's, of data, of constraints, of views, raised by a trigger."""

_NUMBERS: dict[int, ErrorKind] = {
    1062: "taken", 1020: "undone", 1213: "undone", 1205: "busy", 3572: "busy", 1290: "read-only",
    1792: "read-only", 1146: "missing", 1053: "gone", 1927: "gone", 2002: "gone", 2003: "gone", 2006: "gone",
    2013: "gone", 2014: "gone", 2055: "gone", 1040: "gone", 0: "gone",
    1021: "full", 1114: "full",
    1048: "unfit", 1264: "unfit", 1366: "unfit", 1406: "unfit", 1452: "unfit", 1644: "unfit", 4025: "unfit",
}  # fmt: skip
"""Error numbers of MariaDB and its client; 0 is PyMySQL's for a connection that was closed."""

_CODES: dict[int, ErrorKind] = {
    5: "busy", 6: "busy", 8: "read-only", 13: "full", 18: "unfit", 19: "unfit", 20: "unfit", 26: "foreign",
}  # fmt: skip
"""Primary result codes of SQLite."""


def kind_of(error: BaseException) -> ErrorKind:
    """What the driver's error means; Django's errors have the driver's as their cause."""
    error = error.__cause__ if _is_wrapped(error) and error.__cause__ else error
    if error.args and isinstance(error.args[0], int):  # before the state: MariaDB's is the same for many
        return _NUMBERS.get(error.args[0], "failed")
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if state:
        return _STATES.get(state) or _STATE_CLASSES.get(state[:2], "failed")
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        if code in (1555, 2067):  # a primary key, a unique column
            return "taken"
        if "no such table" in str(error):
            return "missing"
        return _CODES.get(code & 0xFF, "failed")
    if "Could not decode to UTF-8" in str(error):  # Python's own, without a code
        return "garbled"
    if type(error).__module__ == "sqlite3":  # the module's own: a text that is no UTF-8
        return "failed"
    # psycopg gives no SQLSTATE when the connection itself failed
    return "gone" if type(error).__name__ in ("OperationalError", "InterfaceError") else "failed"


def _is_wrapped(error: BaseException) -> bool:
    return type(error).__module__ == "django.db.utils"


def translated(error: BaseException, *, name: str, seconds: float) -> StoreError:
    """Our error for the driver's: ``name`` is what the database is called, without a password."""
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0] if lines else '-'}"
    match kind_of(error):
        case "busy" | "undone":
            return StoreBusy("store-busy", path=name, seconds=seconds)
        case "gone":
            return StoreError("store-unreachable", path=name, found=text)
        case "read-only":
            return StoreError("store-read-only", path=name, found=text)
        case "full":
            return StoreError("store-full", path=name, found=text)
        case "foreign":
            return StoreError("store-foreign", path=name, found=text)
        case "missing":
            return StoreError("store-missing", path=name)
        case "unfit":
            return BadRecord("unfit-row", found=text)
        case "garbled":
            return BadRecord("garbled-text")  # the driver's words hold the text
        case _:
            return StoreError("store-failed", path=name, found=text)


def attempted(
    run: Callable[[], Result],
    *,
    errors: type[Exception],
    name: str,
    seconds: float,
    lost: Callable[[], object] = lambda: None,
) -> Result:
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
        except RetryTransaction as error:
            if not left:
                raise StoreBusy("store-busy", path=name, seconds=seconds) from error
        except errors as error:
            kind = kind_of(error)
            if not left or kind not in ("undone", "gone") or (kind == "gone" and was_lost):
                raise translated(error, name=name, seconds=seconds) from error
            was_lost = kind == "gone"
            if was_lost:
                lost()
    raise AssertionError("the last attempt returns or raises")
