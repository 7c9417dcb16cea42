"""Whatever an argument is: a caseflow error, or a `TypeError` that names it, and nothing is recorded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from caseflow import Actor, CaseflowError, Desk, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.desk.reader import Reader
from caseflow.ports import Store
from caseflow.testing import Timeline

WRONG: tuple[Any, ...] = (
    5, -1, 2.5, b"x", None, object(), [], {}, "", "x\x00", ("a",), {"a": 1}, True, Exception("x"), str,
    "\ud800", 10**30,
)  # fmt: skip
CITIZEN, IMPORTER = Actor("c", role="citizen"), Actor("i", role="importer")
START = "2025-03-03T09:30:00+08:00"
RIGHT: dict[str, Any] = {
    "case_id": "c1", "by": IMPORTER, "action": "reply", "fields": {"text": "x"}, "title": "t", "text": "x",
    "to": "城管局", "co_handler": "水务局", "score": 3, "efficiency": 3, "effect": 3, "rectification": "r",
    "code": "duplicate", "primary": "c2", "reference": "f", "sha256": "0" * 64, "size": 1,
    "case": "c1", "media_type": "text/plain", "document": "d", "basis": "b", "reason": "r", "cases": tuple,
    "other": "c2", "as_": "x", "clock": "reply", "actor": IMPORTER, "what": "submitted", "function": print,
    "message": "m", "connection": "c", "year": 2025, "number": 1, "level": "yellow", "unit": "城管局",
    "token": "t" * 40 + ".c1", "work": lambda batch: None, "name": "overview", "period": "2025",
}  # fmt: skip
TERMS = ("reason", "own_fields", "effective_at", "key", "expected_version")
KNOWN = (
    "state", "submitted_at", "unit", "unit_since", "state_since", "replied_at", "extensions", "pauses",
    "started", "ended", "kind", "channel", "region", "urgency", "citizen", "title", "body", "own_fields",
)  # fmt: skip
ADOPTED = {"state": "handling", "submitted_at": START, "unit": "城管局", "case_id": "new"}
ELSEWHERE = {"rerun", "crash", "run_until_quiet", "failure", "get_of", "branch", "fork"}
"""Methods that open stores, live on for ever, or take what only the library has."""


def a_desk(store: Store) -> Desk:
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock(START))
    for name in ("c1", "c2"):
        desk.submit(title="x", to="城管局", by=CITIZEN, case_id=name)
    return desk


def a_timeline() -> Timeline:
    timeline = Timeline("wuhu", start=START)
    for name in ("c1", "c2"):
        timeline.submit("x", to="城管局", case_id=name)
    return timeline


MADE: dict[str, tuple[type, Callable[[], Any]]] = {
    "desk": (Desk, lambda: a_desk(MemoryStore())),
    "desk on SQLite": (Desk, lambda: a_desk(SqliteStore(":memory:"))),
    "reader": (Reader, lambda: a_desk(MemoryStore()).seen_by(IMPORTER)),
    "timeline": (Timeline, a_timeline),
}


def calls(kind: type) -> Iterator[tuple[str, str, list[Any], dict[str, Any]]]:
    """Method, argument, and how it is called with each wrong value for it."""
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        if name.startswith("_") or name in ELSEWHERE:
            continue
        parts = list(inspect.signature(method).parameters.values())[1:]
        plain = [part for part in parts if part.kind not in (part.VAR_KEYWORD, part.VAR_POSITIONAL)]
        more: tuple[str, ...] = TERMS if len(plain) < len(parts) else ()
        more = KNOWN if name == "adopt" else (*more, "by", "unit") if more and kind is Timeline else more
        given = {part.name: RIGHT[part.name] for part in plain if part.default is part.empty}
        given |= ADOPTED if name == "adopt" else {}
        for target in (*(part.name for part in plain), *more):
            for wrong in WRONG:
                named = {**given, target: wrong}
                places = [named.pop(part.name) for part in plain if part.kind is part.POSITIONAL_ONLY]
                yield name, target, places, named


@pytest.mark.parametrize("name", MADE)
def test_an_argument_of_another_type_is_told_by_name(name: str) -> None:
    """Every method, every argument; the error's text is there in both languages."""
    kind, make = MADE[name]
    made, count = make(), 0
    unclear: list[tuple[str, str, Any, Exception]] = []
    for method, target, places, named in calls(kind):
        count += 1
        try:
            done = getattr(made, method)(*places, **named)
            if hasattr(done, "__enter__"):
                with done:
                    pass
        except CaseflowError as error:
            assert error.text("en") and error.text("zh")
        except (AssertionError, TypeError) as error:
            if isinstance(error, TypeError) and target not in str(error):
                unclear.append((method, target, named.get(target), error))
        except Exception as error:
            unclear.append((method, target, named.get(target), error))
    assert unclear == []
    assert count > 200
    if isinstance(made, Desk):
        kinds = {type(part) for event in made.history("c1") for part in (event.by, event.at_us)}
        assert kinds == {Actor, int}
        if isinstance(made.store, SqliteStore):
            made.store.close()
