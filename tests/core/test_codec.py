"""Events and cases survive being written down: every kind, every value, and those from other versions."""

from __future__ import annotations

import hashlib
import json
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import Actor, Case, Desk, ManualClock, MemoryStore, Refused, StoreError, load_policy
from caseflow.core.model import events as e
from caseflow.core.model.evolve import evolve, replay
from caseflow.core.value import Value
from caseflow.ports import Append
from caseflow.serialization import codec
from caseflow.serialization.codec import SNAPSHOT, decode, encode, pack, unpack
from tests.core.values import values

quickly = settings(derandomize=True, database=None, max_examples=80, deadline=None)

NAMES = {
    "acknowledged", "acted", "adopted", "appeal-upheld", "assessed", "attached", "card-annulled",
    "card-issued", "closed",
    "co-handler-added", "completed", "dispatched", "extension-granted", "extension-refused",
    "extension-requested", "followed", "information-received", "information-requested", "merged", "noted",
    "placeholder-replied", "invited", "invitation-revoked", "rated", "receipt-signed",
    "rectification-linked", "rectification-verified", "rectification-dropped",
    "rejected", "reminded", "redacted", "linked", "unlinked", "linked-case-moved",
    "reopened", "replied", "reply-retracted", "reported", "resumed", "returned", "routed", "migrated",
    "charge-taken", "submitted", "transferred", "withdrawn",
}  # fmt: skip
"""The registered names, frozen: a stored history depends on each."""

UNKNOWN = b'{"event":"teleported","at":7,"by":["x-1","system",""],"where":{"moon":[1,2.50]} }'


class Sent(e.Former, tag="sent-to"):
    """What a routing was called before, with another word for the unit."""

    department: str = ""

    def today(self) -> e.Event:
        """A routing."""
        return e.Routed(self.at_us, self.by, unit=self.department)


def test_registered_names_never_change() -> None:
    """The names under which events lie in stores are these, each of one class."""
    assert set(e.EVENTS) == NAMES
    assert len(set(e.EVENTS.values())) == len(NAMES)
    assert all(kind.name == name for name, kind in e.EVENTS.items())


@quickly
@given(st.one_of([values(kind) for kind in e.EVENTS.values()]))
def test_any_event_comes_back_as_it_was(event: e.Event) -> None:
    """Chinese, emoji, quotes and control characters included, in every field of every kind of event."""
    body = encode(event)
    again = decode(body)
    assert again == event
    assert type(again) is type(event)
    assert encode(again) == body


@pytest.mark.parametrize("name", sorted(NAMES))
def test_an_event_with_nothing_but_its_head_comes_back(name: str) -> None:
    """The smallest event of each kind is written under its own name and read as its own class."""
    kind = e.EVENTS[name]
    required: dict[str, Any] = {"origin": e.UNKNOWN_ORIGIN} if "origin" in kind.__struct_fields__ else {}
    event = kind(1_741_000_000_000_001, Actor("a", role="b"), **required)
    head = {"event": name, "at": 1_741_000_000_000_001, "by": ["a", "b", ""]}
    assert json.loads(encode(event)) == head | {field: {} for field in required}
    assert decode(encode(event)) == event


@quickly
@given(values(Case))
def test_any_case_comes_back_from_its_snapshot(case: Case) -> None:
    """A snapshot holds the whole case, equal in every field."""
    assert unpack(pack(case)) == case


def test_a_snapshot_equals_the_fold_of_the_events() -> None:
    """After a life with pauses, cards and ratings, stored events fold to the case that was kept."""
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    boss = Actor("s-1", role="importer")
    case = desk.submit(title="路灯不亮🚧", to="城管局", by=Actor("c-1", role="citizen"))
    desk.clock.advance(days=7)
    for action, fields in (
        ("reply", {"text": "x"}), ("retract_reply", {"reason": "r"}), ("reply", {"text": "y"}),
        ("rate", {"score": 2}), ("assess", {"efficiency": 1, "effect": 5}),
        ("link_rectification", {"rectification": "R-1"}),
        ("attach", {"reference": "f", "sha256": "0" * 64, "size": 0, "media_type": "a/b", "name": "n"}),
    ):  # fmt: skip
        case = desk.act(case.id, action, by=boss, fields=fields)
    assert case.cards
    assert case.clocks[0].pauses == ()
    history = [decode(encode(event)) for event in desk.history(case.id)]
    assert unpack(pack(case)) == case == replay(case.id, history)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"[99]", b"null", b"{}", b"\xff\xfe", b"[1,2]", b'["1"]', b"[" * 99_999]
)
def test_a_snapshot_of_another_format_is_not_read(body: bytes) -> None:
    """What is no snapshot of this version gives none, so that the store folds the events."""
    assert unpack(body) is None


def test_an_unknown_event_keeps_its_bytes() -> None:
    """Even spacing and number forms of an event from another version survive."""
    event = decode(UNKNOWN)
    assert isinstance(event, e.UnknownEvent)
    assert (event.unknown, event.at_us, event.by.id) == ("teleported", 7, "x-1")
    assert encode(event) == UNKNOWN


def test_an_unknown_event_marks_the_case_incomplete() -> None:
    """It raises the version; commands and sweeps on the case are then refused, naming the event."""
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    officer = Actor("o-1", role="handler", unit="城管局")
    case = desk.submit(title="路灯不亮", to="城管局", by=Actor("c-1", role="citizen"))
    after = evolve(case, decode(UNKNOWN))
    assert (after.version, after.facts.unknown_event, after.state) == (2, "teleported", "routed")
    desk.store.append([Append(after, 1, (decode(UNKNOWN),))])
    with pytest.raises(Refused) as caught:
        desk.reply(case.id, text="已修复", by=officer)
    assert (caught.value.code, caught.value.refusal.found) == ("case-incomplete", "teleported")
    desk.clock.advance(days=9)
    swept = desk.sweep()
    assert (swept.cards, [one.name for one in swept.quarantined]) == ((), [case.id])
    assert desk.history(case.id)[-1] == decode(UNKNOWN)
    assert desk.forecast(case.id) == ()


def test_a_former_form_comes_as_todays(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event of a former tag is read by its own types and comes in today's form, beside today's own."""
    known = msgspec.json.Decoder(e.AnyEvent | Sent)
    monkeypatch.setattr(codec, "_decoder", lambda: known)
    event = e.Routed(1, Actor("a", role="b"), unit="城管局")
    assert decode('{"event":"sent-to","at":1,"by":["a","b",""],"department":"城管局"}'.encode()) == event
    assert decode(encode(event)) == event
    body = b'{"event":"routed","at":1,"by":["a","b",""],"department":"x"}'
    assert decode(body) == e.UnknownEvent(1, Actor("a", role="b"), unknown="routed", body=body)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"7", b"{}", b"\xff", b'{"event":"noted"',
        b'{"event":["noted"],"at":1,"by":["a","b",""]}', b'{"event":"","at":1,"by":["a","b",""]}',
        b'{"event":"a\\u001b[2J","at":1,"by":["a","b",""]}', b"[" * 99_999,
    ],
)  # fmt: skip
def test_bytes_that_are_no_event_give_a_store_error(body: bytes) -> None:
    """A damaged body is told as ``bad-event`` with its beginning, in both languages; nothing else escapes."""
    with pytest.raises(StoreError) as caught:
        decode(body)
    assert caught.value.code == "bad-event"
    assert caught.value.text("en") != caught.value.text("zh")


def _event(name: str, rest: str) -> bytes:
    return f'{{"event":"{name}","at":1,"by":["a","b",""],{rest}}}'.encode()


BEYOND = [
    _event("noted", '"to":["x"]'), _event("noted", '"to":["x","nowhere",false]'),
    _event("noted", '"clocks":[7]'), _event("noted", '"colour":1'),
    _event("noted", '"effective_us":253402300800000000'), _event("routed", f'"unit":"{"x" * 201}"'),
    _event("rated", '"score":true'), _event("rated", '"score":9223372036854775808'),
    _event("attached", '"size":-1'), _event("noted", '"clocks":[{"clock":"reply","status":"gone"}]'),
    _event("noted", '"clocks":[{"clock":"reply","cycle":0}]'), _event("routed", '"unit":"\\ud800"'),
]  # fmt: skip


@pytest.mark.parametrize("body", BEYOND)
def test_an_event_beyond_its_bounds_is_kept_and_marks_the_case(body: bytes) -> None:
    """Read from a store it is as an unknown one, its bytes as they are; from outside it is refused."""
    event = decode(body)
    assert isinstance(event, e.UnknownEvent)
    assert (event.at_us, event.by, encode(event)) == (1, Actor("a", role="b"), body)
    assert evolve(Case("c"), event).facts.unknown_event == event.unknown
    with pytest.raises(StoreError, match=event.unknown):
        codec.arrived(body)


HEADS = [
    "", ',"at":1', ',"at":1,"by":["a"]', ',"at":1,"by":["","",""]', ',"at":1,"by":7',
    ',"at":1e3,"by":["a","b",""]', ',"at":253402300800000000,"by":["a","b",""]',
    ',"at":true,"by":["a","b",""]',
]  # fmt: skip


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("name", ["noted", "teleported"])
def test_an_event_whose_head_cannot_be_read_moves_nothing_on(name: str, head: str) -> None:
    """Nobody knows when and by whom; the name alone is kept, and from outside it is refused."""
    body = f'{{"event":"{name}"{head}}}'.encode()
    event = decode(body)
    assert (event.at_us, event.by) == (0, codec.UNREAD)
    assert (evolve(Case("c", last_us=5), event).last_us, encode(event)) == (5, body)
    with pytest.raises(StoreError):
        codec.arrived(body)


def test_a_body_is_plain_readable_json() -> None:
    """Chinese stays Chinese: a portal's own tools can read what lies in the store."""
    body = encode(e.Routed(1, Actor("d-1", role="coordinator"), unit="城管局"))
    assert "城管局" in body.decode()
    assert json.loads(body)["unit"] == "城管局"


def test_a_snapshot_of_another_shape_has_another_format() -> None:
    """Whoever changes what a case holds raises `SNAPSHOT`: then the audit knows an older snapshot for one."""

    def shape(hint: Any) -> str:
        parts = [shape(part) for part in get_args(hint) if part is not ... and not isinstance(part, str)]
        if isinstance(hint, type) and issubclass(hint, Value):
            hints = get_type_hints(hint)
            parts += [f"{name}:{shape(hints[name])}" for name in hint.__struct_fields__]
        return f"({','.join(parts)})"

    found = hashlib.sha256(shape(Case).encode()).hexdigest()[:12]
    assert (SNAPSHOT, found) == (11, "e6eb66d5f7aa")
