"""What an error of a driver means, told by its SQLSTATE or number: drivers differ, databases hardly do."""

from __future__ import annotations

from typing import Literal

from caseflow.errors import StoreBusy, StoreError

Trouble = Literal["taken", "undone", "busy", "gone", "read-only", "full", "missing", "failed"]
"""taken: a unique key is there already; undone: the database rolled the transaction back for another's sake;
gone: the connection is lost or cannot be made; full: the disk is; missing: the tables are not there."""

_STATES: dict[str, Trouble] = {
    "23505": "taken", "40001": "undone", "40P01": "undone", "55P03": "busy", "25006": "read-only",
    "42P01": "missing", "3F000": "missing", "57P01": "gone", "57P02": "gone", "57P03": "gone",
    "53300": "gone", "53100": "full",
}  # fmt: skip
"""SQLSTATEs of PostgreSQL (its manual, appendix A); those of class 08 are all "gone"."""

_NUMBERS: dict[int, Trouble] = {
    1062: "taken", 1020: "undone", 1213: "undone", 1205: "busy", 3572: "busy", 1290: "read-only",
    1792: "read-only", 1146: "missing", 1053: "gone", 1927: "gone", 2002: "gone", 2003: "gone", 2006: "gone",
    2013: "gone", 2014: "gone", 2055: "gone", 1040: "gone", 0: "gone",
    1021: "full", 1114: "full",
}  # fmt: skip
"""Error numbers of MariaDB and its client; 0 is PyMySQL's for a connection that was closed."""

_CODES: dict[int, Trouble] = {5: "busy", 6: "busy", 8: "read-only", 13: "full"}
"""Primary result codes of SQLite."""


def trouble(error: BaseException) -> Trouble:
    """What the driver's error means; Django's errors have the driver's as their cause."""
    error = error.__cause__ if _is_wrapped(error) and error.__cause__ else error
    if error.args and isinstance(error.args[0], int):  # before the state: MariaDB's is the same for many
        return _NUMBERS.get(error.args[0], "failed")
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if state:
        return "gone" if state[:2] == "08" else _STATES.get(state, "failed")
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        if code in (1555, 2067):  # a primary key, a unique column
            return "taken"
        if "no such table" in str(error):
            return "missing"
        return _CODES.get(code & 0xFF, "failed")
    # psycopg gives no SQLSTATE when the connection itself failed
    return "gone" if type(error).__name__ in ("OperationalError", "InterfaceError") else "failed"


def _is_wrapped(error: BaseException) -> bool:
    return type(error).__module__ == "django.db.utils"


def translated(error: BaseException, *, name: str, seconds: float) -> StoreError:
    """Our error for the driver's: ``name`` is what the database is called, without a password."""
    found = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else '-'}"
    match trouble(error):
        case "busy" | "undone":
            return StoreBusy("store-busy", path=name, seconds=seconds)
        case "gone":
            return StoreError("store-unreachable", path=name, found=found)
        case "read-only":
            return StoreError("store-read-only", path=name, found=found)
        case "full":
            return StoreError("store-full", path=name, found=found)
        case "missing":
            return StoreError("store-missing", path=name)
        case _:
            return StoreError("store-failed", path=name, found=found)
