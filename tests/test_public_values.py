"""Every public name: what it makes passes through pickle, copies and processes as what it is."""

from __future__ import annotations

import copy
import enum
import inspect
import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from typing import Any

import pytest

import caseflow
from caseflow import (
    Actor,
    BadInput,
    Case,
    CaseflowError,
    Command,
    Desk,
    Happened,
    ManualClock,
    MemoryStore,
    PastRating,
    Refused,
    SystemClock,
    load_calendar,
    load_policy,
)
from caseflow.core.engine.machine import machine
from caseflow.core.model.events import EVENTS, Noted
from caseflow.core.units import Unit
from caseflow.core.value import Value
from caseflow.desk import Granted, Holder, LegacyCase, Paused
from caseflow.ports import PolicyRights, Quarantined, Query
from caseflow.testing import Timeline
from tests.core.test_errors import EXAMPLES as ERRORS
from tests.core.test_errors import PROBLEMS, REFUSAL

MODULES = ("caseflow", "caseflow.desk", "caseflow.ports", "caseflow.errors", "caseflow.testing")
CITIZEN, OFFICER = Actor("c-1", role="citizen"), Actor("o-1", role="handler", unit="城管局")
IMPORTER = Actor("i-1", role="importer")
START = "2025-03-03T09:30:00+08:00"
SERVICES = {
    "AsyncDesk", "Desk", "Hooks", "MemoryStore", "SqliteStore", "Timeline", "TimelineTestCase", "Engine",
    "Life", "HttpContract", "PolicyLaws", "StoreContract", "StoreMachine", "NotifierContract", "Received",
}  # fmt: skip
"""What holds connections, threads or a whole test: nobody sends these to another process."""


def lived() -> tuple[Desk, Timeline]:
    """A desk with three cases that had cards, a late reply and a takeover; a timeline."""
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock(START))
    for name in ("c1", "c2"):
        desk.submit(title="路灯不亮", to="城管局", by=CITIZEN, case_id=name)
    desk.clock.advance(days=32)
    return desk, Timeline("wuhu", start=START)


def results() -> Iterator[Any]:
    """What every method of a desk, of what an actor sees, and of a timeline gives."""
    desk, timeline = lived()
    legacy = LegacyCase(
        case_id="old", state="routed", submitted_at=START, unit="城管局",
        extensions=[Granted(at=START, days=2, clock="reply")], pauses=[Paused(since=START)],
        holders=[Holder(unit="b", since=START)], ratings=[PastRating(at=START, fields={"score": 5})],
    )  # fmt: skip
    yield Unit(name="城管局", parent="市政府")
    yield from (legacy, *legacy.extensions, *legacy.pauses, *legacy.holders, *legacy.ratings, legacy.past())
    yield desk.adopt_all(lambda: [legacy], by=OFFICER, reason="r")  # wrong: the handler may not
    yield desk.adopt("old2", state="routed", submitted_at=START, unit="城管局", by=IMPORTER, reason="r")
    yield desk.sweep()
    yield desk.migrate_all(by=IMPORTER, reason="r", dry_run=True)
    yield desk.reply("c1", text="已修复", by=OFFICER)
    yield (case := desk.get("c1"))
    yield from (*case.escalations, *case.clocks, case.facts, case.origin, case.place)
    yield from desk.history("c1")
    yield from desk.texts("c1")
    yield from desk.documents("c2")
    yield from desk.explain("c1", clock="reply")
    yield from (desk.public("c1"), *desk.forecast("c2"), *desk.allowed("c1", by=CITIZEN), desk.cases())
    seen = desk.seen_by(Actor("s-1", role="supervisor"))
    yield from (*seen.texts("c1"), seen.story("c1"), seen.cases(), seen.public("c1"))
    yield from desk.store.notices()
    yield from (*desk.store.links("c1"), *desk.store.heads())
    first = timeline.submit("路灯不亮", to="城管局")
    yield from (
        timeline.to_next_deadline(),
        *timeline.advance(days=9),
        timeline.story(),
        timeline.case(first),
    )
    yield from (
        desk.rules.policy,
        desk.rules.policy.states,
        desk.clock,
        SystemClock(),
        Query(),
        PolicyRights(),
        Quarantined("case", "c1", "bad-event", "text"),
    )
    yield from (
        CITIZEN,
        Command("reply", CITIZEN, {"text": "x"}),
        caseflow.ELSEWHERE,
        machine(desk.rules.policy),
    )


def every() -> list[Any]:
    found = [*results(), *ERRORS.values(), *PROBLEMS, REFUSAL, load_calendar("CN")]
    case = Case("c1")
    found.append(Happened(Noted(0, CITIZEN), case, 1))
    for module in MODULES:
        for _, kind in inspect.getmembers(import_module(module)):
            if isinstance(kind, type) and issubclass(kind, enum.Enum):
                found += list(kind)
    return found


EVERY = every()
WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle 2": lambda value: pickle.loads(pickle.dumps(value, 2)),
    "pickle 4": lambda value: pickle.loads(pickle.dumps(value, 4)),
    "pickle 5": lambda value: pickle.loads(pickle.dumps(value, 5)),
}


def names() -> Iterator[tuple[str, type]]:
    for module in MODULES:
        public = getattr(import_module(module), "__all__", None) or dir(import_module(module))
        for name in public:
            thing = getattr(import_module(module), name, None)
            if (
                inspect.isclass(thing)
                and thing.__module__.startswith("caseflow")
                and not name.startswith("_")
            ):
                yield name, thing


def hashed(value: Any) -> int | None:
    try:
        return hash(value)
    except TypeError:
        return None


def same(value: Any, twin: Any) -> bool:
    """Equal where it compares by content, and in kind, text and hash."""
    kind: Any = type(value)
    compares, shows = kind.__eq__ is not object.__eq__, kind.__repr__ is not object.__repr__
    return (
        type(twin) is kind
        and (not compares or (twin == value and hashed(twin) == hashed(value)))
        and (not shows or repr(twin) == repr(value))
    )


def test_every_public_class_has_an_example() -> None:
    """Each is a value with an example below, an error, a protocol, or a service; nothing is left out."""
    shown = {kind for value in EVERY for kind in type(value).__mro__}
    left = [
        name
        for name, kind in names()
        if kind not in shown and name not in SERVICES and not getattr(kind, "_is_protocol", False)
    ]
    assert [name for name in left if name not in VALUES_OF_STORES] == []


VALUES_OF_STORES = {
    "Append", "CaseCount", "CaseCounts", "Delivery", "Head", "Kept", "KeyClaim", "Link", "Person",
    "Recorded", "StoreStatus", "Text",
    "Migration", "GoldenHistory", "LawsReport", "StoryLine", "Violation", "LawBroken", "CatalogueError",
}  # fmt: skip
"""Values that the walk does not meet; their base class is held to the same by `tests/core/test_values.py`."""


@pytest.mark.parametrize("way", WAYS)
def test_every_public_value_comes_back_as_it_was(way: str) -> None:
    """Copied or pickled it is of its own class, equal, with the same text and hash."""
    wrong = {type(value).__name__ for value in EVERY if not same(value, WAYS[way](value))}
    assert wrong == set()
    assert len(EVERY) > 80


def test_values_and_errors_pass_between_processes() -> None:
    """A worker gets them and gives them back; what it raises is raised here."""
    values = [value for value in EVERY if not isinstance(value, Desk)]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        back = list(pool.map(copy.copy, values, chunksize=len(values)))
        with pytest.raises(Refused) as caught:
            pool.submit(refuse).result()
    assert [value for value, twin in zip(values, back, strict=True) if not same(value, twin)] == []
    assert caught.value.refusal.code == "not-in-state"


def refuse() -> None:
    desk, _ = lived()
    desk.close("c1", by=IMPORTER)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_is_compared_by_what_it_says(kind: type[CaseflowError]) -> None:
    """Notes that were added on its way aside; another code, text or kind is another error."""
    error = ERRORS[kind]
    twin = copy.copy(error)
    twin.add_note("while sweeping")
    assert twin == error
    twin.data = {**error.data, "what": "another"}
    assert twin != error
    assert error != BadInput("another") and error != "text"


# -- classes of a portal's own -----------------------------------------------------------------------------


class Clerk(Actor, kw_only=True):
    """An actor who also has a name."""

    name: str = ""


def test_a_subclass_stays_what_it_is_and_is_recorded_as_what_it_is_underneath() -> None:
    """Changed, copied, pickled it is the portal's own; in the event stands the plain actor."""
    clerk = Clerk("o-1", role="handler", unit="城管局", name="张三")
    moved = clerk.replace(unit="水务局")
    assert (type(moved), moved.name, moved.unit) == (Clerk, "张三", "水务局")
    assert all(same(clerk, way(clerk)) for way in WAYS.values())
    desk, _ = lived()
    desk.take_charge("c1", by=clerk)
    assert type(desk.history("c1")[-1].by) is Actor
    assert desk.history("c1")[-1].by == OFFICER


def test_every_event_is_a_value() -> None:
    """None has a way of its own to be copied or compared."""
    assert all(issubclass(kind, Value) for kind in EVENTS.values())
