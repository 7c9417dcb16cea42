"""A handle to a sound place, and how a broken one is put down: its name, its test, its methods."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from caseflow import MemoryStore
from caseflow.core import notices as o
from caseflow.core.model.case import Case
from caseflow.ports import Query

Method = Callable[..., Any]
Fold = Callable[[str], str]
Same = Callable[[str, str], bool]

EVERYTHING = 1 << 40


class Handle:
    """All of a place's answers; a broken one overrides some, and remembers in ``memo`` what it should not."""

    def __init__(self, place: Any = None) -> None:
        self.place = MemoryStore() if place is None else place
        self.memo: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.place, name)


BROKEN: dict[str, tuple[type[Handle], str]] = {}
"""Name -> the handle, and the test of the contract that must fail on it."""


def broken(name: str, caught_by: str, *, base: Any = Handle, **methods: Any) -> None:
    """Put down a broken store."""
    assert name not in BROKEN
    BROKEN[name] = type(name, (base,), methods), f"test_{caught_by}"


# -- what databases and authors take for the same -----------------------------------------------------------


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def utf16(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


def bare(text: str) -> str:
    """Without accents."""
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


def like(pattern: str, text: str) -> bool:
    """As SQL's LIKE."""
    parts = (".*" if sign == "%" else "." if sign == "_" else re.escape(sign) for sign in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


SAME: dict[str, Same] = {
    "like": like,
    "case": lambda one, other: one.lower() == other.lower(),
    "blanks": lambda one, other: one.rstrip(" ") == other.rstrip(" "),
    "nfc": lambda one, other: nfc(one) == nfc(other),
    "width": lambda one, other: nfkc(one) == nfkc(other),
    "prefix": lambda one, other: other.startswith(one),
}


# -- what is asked of a sound place -------------------------------------------------------------------------


def every_case(handle: Any, query: Query | None = None) -> tuple[Case, ...]:
    cases: tuple[Case, ...] = handle.place.find((query or Query()).replace(limit=EVERYTHING, after=None))
    return cases


def every_id(handle: Any) -> list[str]:
    return [head.case_id for head in handle.place.heads(limit=EVERYTHING)]


def every_post(handle: Any) -> tuple[o.Posted, ...]:
    posts: tuple[o.Posted, ...] = handle.place.notices(limit=EVERYTHING)
    return posts


def every_document(handle: Any) -> list[o.Document]:
    return [document for name in every_id(handle) for document in handle.place.documents(name)]


def due_order(case: Case) -> int:
    return 1 << 62 if case.next_due_us is None else case.next_due_us


def reading(method: str, change: Method) -> dict[str, Any]:
    """The method with its answer changed: every item of it, or the answer that is no tuple."""

    def read(handle: Any, *args: Any, **terms: Any) -> Any:
        answer = getattr(handle.place, method)(*args, **terms)
        return tuple(map(change, answer)) if isinstance(answer, tuple) else answer and change(answer)

    return {method: read}


def writing(change: Method) -> dict[str, Any]:
    """``append`` with every entry changed."""
    return {
        "append": lambda handle, appends, claim=None: handle.place.append(
            [change(handle, entry) for entry in appends], claim
        )
    }
