"""What an error of a driver means, by its SQLSTATE or number, and which of them are worth another attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from caseflow.errors import BadRecord, StoreBusy, StoreError

Result = TypeVar("Result")

ErrorKind = Literal[
    "taken", "undone", "busy", "gone", "read-only", "full", "missing", "foreign", "encoding", "forgotten",
    "unfit", "garbled", "failed",
]  # fmt: skip
"""taken: a unique key is there already; undone: the database rolled the transaction back for another's sake;
busy: it gave up waiting; gone: the connection is lost or cannot be made; full: the disk is; missing: a table
or column is not there; foreign: the file is no database; encoding: a text has no form in the session's
character set; forgotten: the server does not know what the driver had prepared; unfit: a value does not fit
its column, or a rule of the portal's own forbids the row; garbled: SQLite has a text that is no UTF-8."""

ATTEMPTS = 5
"""How often a change is run that the database undid for another's sake."""


class RetryTransaction(Exception):
    """Raised in a change: roll it back and run it again."""


_CLASSES: dict[str, ErrorKind] = {
    "08": "gone", "28": "gone", "40": "undone", "22": "unfit", "23": "unfit", "44": "unfit", "P0": "unfit",
}  # fmt: skip
"""Classes of SQLSTATEs that mean one thing: connection, logging in, transaction rolled back; of data, of
constraints, of views, raised by a trigger."""

_STATES: dict[str, ErrorKind] = {
    "0A000": "failed",  # but see `_is_forgotten`
    "22021": "encoding", "22P05": "encoding",
    "23505": "taken",
    "25006": "read-only", "25P03": "gone", "25P04": "gone",
    "26000": "forgotten", "42P05": "forgotten",
    "3D000": "gone", "3F000": "missing",
    "40002": "failed", "40003": "gone",
    "42703": "missing", "42P01": "missing",
    "53100": "full", "53200": "busy", "53300": "gone",
    "55006": "busy", "55P03": "busy",
    "57014": "busy", "57P01": "gone", "57P02": "gone", "57P03": "gone", "57P04": "gone", "57P05": "gone",
    "72000": "undone",
}  # fmt: skip
"""SQLSTATEs of PostgreSQL (its manual, appendix A), for those that their class does not settle."""

_NUMBERS: dict[int, ErrorKind] = {
    # keys
    1022: "taken", 1062: "taken", 1169: "taken", 1586: "taken", 1859: "taken",
    # rolled back: a record that changed, deadlocks, a savepoint that a deadlock took along, XA's own
    1020: "undone", 1213: "undone", 1305: "undone", 1402: "undone", 1613: "undone", 1614: "undone",
    # waited too long, or ended while waiting: locks, statements, MySQL's NOWAIT and its statement timeout
    1205: "busy", 1206: "busy", 1317: "busy", 1689: "busy", 1969: "busy", 3024: "busy", 3572: "busy",
    # may only be read
    1036: "read-only", 1207: "read-only", 1290: "read-only", 1792: "read-only", 1836: "read-only",
    1874: "read-only",
    # not there
    1054: "missing", 1146: "missing", 1932: "missing",
    # no room
    1021: "full", 1114: "full",
    1048: "unfit", 1264: "unfit", 1406: "unfit", 1452: "unfit", 1644: "unfit", 4025: "unfit",
    # character sets
    1115: "encoding", 1267: "encoding", 1271: "encoding", 1300: "encoding", 1366: "encoding",
    # logging in: too many, refused, locked, expired, no such database
    1040: "gone", 1044: "gone", 1045: "gone", 1049: "gone", 1129: "gone", 1130: "gone", 1203: "gone",
    1226: "gone", 1698: "gone", 1820: "gone", 1862: "gone", 4151: "gone",
    # the server stops, is not ready (Galera), or ended the session
    1042: "gone", 1043: "gone", 1047: "gone", 1053: "gone", 1077: "gone", 1079: "gone", 1080: "gone",
    1152: "gone", 1153: "failed", 1158: "gone", 1159: "gone", 1160: "gone", 1161: "gone", 1184: "gone",
    1927: "gone", 3169: "gone", 4031: "gone",
    # what the client says of its connection; 0 is PyMySQL's word for one that was closed
    0: "gone", 2002: "gone", 2003: "gone", 2004: "gone", 2005: "gone", 2006: "gone", 2012: "gone",
    2013: "gone", 2014: "gone", 2026: "gone", 2027: "gone", 2045: "gone", 2055: "gone",
}  # fmt: skip
"""Error numbers of MariaDB, MySQL and their client (their manuals' lists of error codes)."""

_CODES: dict[int, ErrorKind] = {
    5: "busy", 6: "busy", 8: "read-only", 9: "busy", 13: "full", 15: "busy", 18: "unfit", 19: "unfit",
    20: "unfit", 26: "foreign",
}  # fmt: skip
"""Primary result codes of SQLite."""

_EXTENDED: dict[int, ErrorKind] = {1032: "gone", 1555: "taken", 2067: "taken"}
"""Extended ones that mean something else: the file was moved; a primary key, a unique column."""


def kind_of(error: BaseException) -> ErrorKind:
    """What the driver's error means; Django's errors have the driver's as their cause."""
    error = error.__cause__ if _is_wrapped(error) and error.__cause__ else error
    if isinstance(error, RetryTransaction):
        return "undone"
    if isinstance(error, UnicodeError):
        return "encoding"
    if error.args and isinstance(error.args[0], int):  # before the state: MariaDB's is the same for many
        return "full" if _has_no_room(error) else _NUMBERS.get(error.args[0], "failed")
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if state:
        if _is_forgotten(state, error):
            return "forgotten"
        return _STATES.get(state) or _CLASSES.get(state[:2], "failed")
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        if "no such table" in str(error) or "no such column" in str(error) or "has no column" in str(error):
            return "missing"
        return _EXTENDED.get(code) or _CODES.get(code & 0xFF, "failed")
    if "Could not decode to UTF-8" in str(error):  # Python's own, without a code
        return "garbled"
    if type(error).__module__ == "sqlite3":  # the module's own
        return "failed"
    # psycopg gives no SQLSTATE when the connection itself failed
    return "gone" if type(error).__name__ in ("OperationalError", "InterfaceError") else "failed"


def _is_wrapped(error: BaseException) -> bool:
    return type(error).__module__ == "django.db.utils"


def _is_forgotten(state: str, error: BaseException) -> bool:
    """A plan that no longer fits its table; the same state means other things as well."""
    return state == "0A000" and "cached plan" in str(error)


def _has_no_room(error: BaseException) -> bool:
    """MariaDB tells a full disk by the system's error 28 under several numbers of its own."""
    return error.args[0] in (3, 1026, 1030) and "28" in str(error.args[1:])


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
        case "encoding":  # the driver's words would quote the text
            return BadRecord("store-encoding", path=name, found=type(error).__name__)
        case "forgotten":
            return StoreError("store-pooled", path=name)
        case _:
            return StoreError("store-failed", path=name, found=text)


def attempted(
    run: Callable[[], Result],
    *,
    errors: type[Exception],
    translate: Callable[[BaseException], StoreError],
    lost: Callable[[], object] = lambda: None,
) -> Result:
    """What the run of a whole transaction gives.

    What was surely not committed is run again: what the database undid, and, once, what a connection ended
    before its commit that was lost, may only read by now, or was another to the server than to the driver.

    Args:
        errors: what the driver's errors derive from.
        translate: gives our error for the driver's, or for the last `RetryTransaction`; see `translated`.
        lost: called when the connection cannot be used any more, before the next run.

    Raises:
        StoreError: the driver's error, translated.
    """
    was_lost = False
    for left in reversed(range(ATTEMPTS)):
        try:
            return run()
        except RetryTransaction as error:
            if not left:
                raise translate(error) from error
        except (errors, UnicodeError) as error:
            kind = kind_of(error)
            is_lost = kind in REPLACED
            if not left or not (is_lost or kind == "undone") or (is_lost and was_lost):
                raise translate(error) from error
            if is_lost:
                was_lost = True
                lost()
    raise AssertionError("the last attempt returns or raises")


REPLACED: frozenset[ErrorKind] = frozenset({"gone", "read-only", "forgotten"})
"""After these a connection is given up: another one may reach a server that is there, that may be written, or
that knows of no statement prepared before."""
