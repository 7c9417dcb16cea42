"""Golden histories: what happened to some cases, kept in a file that people read and tests replay.

A file holds the events in the order they were recorded, the story they tell, the cards with their instants,
the case they fold to, and the policies that were in force. Personal texts stay out: events carry their
salted hashes, and those suffice to decide again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from textwrap import indent
from typing import Any, NotRequired, TypedDict

import msgspec

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Card, Case
from caseflow.core.model.events import Adopted, Event, Linked, Merged, Migrated, Submitted
from caseflow.core.model.evolve import replay
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.errors import BadInput, CaseflowError, StoreError, UnknownCase
from caseflow.policies.parse import is_list
from caseflow.ports import Store, Text
from caseflow.serialization.codec import decode, encode
from caseflow.testing.golden.redecide import Recorded
from caseflow.testing.timeline.stored_story import recorded_events, rules_from
from caseflow.views.story import Story, told


class GoldenHistory(Value):
    """What happened to some cases, and under which policies.

    Attributes:
        about: one sentence on what the history is kept for.
        events: of all cases, in the order they were recorded.
        policies: pin -> document, of every policy that was in force.
        texts: case id -> texts; empty unless the cases are made up.
        cards, cases: case id -> what the file says of them, as JSON-able data.
    """

    about: str
    events: tuple[Recorded, ...]
    policies: dict[str, Mapping[str, Any]]
    texts: dict[str, tuple[Text, ...]]
    cards: dict[str, list[dict[str, Any]]]
    cases: dict[str, dict[str, Any]]

    def of(self, case_id: str) -> tuple[Event, ...]:
        """The events of one case, oldest first."""
        return tuple(event for known, event in self.events if known == case_id)

    def ids(self) -> tuple[str, ...]:
        """The cases, in the order of their first events."""
        return tuple(dict.fromkeys(case_id for case_id, _ in self.events))


def history_of(
    events: Iterable[Recorded],
    policies: Mapping[str, Mapping[str, Any]],
    *,
    about: str = "",
    texts: Mapping[str, tuple[Text, ...]] | None = None,
) -> GoldenHistory:
    """The history that these events made under these policies."""
    events = tuple(events)
    history = GoldenHistory(
        about=about, events=events, policies=dict(policies), texts=dict(texts or {}), cards={}, cases={}
    )
    folded = {case_id: replay(case_id, history.of(case_id)) for case_id in history.ids()}
    return history.replace(
        cards={
            case_id: [card_document(card) for card in case.escalations] for case_id, case in folded.items()
        },
        cases={case_id: case_document(case) for case_id, case in folded.items()},
    )


def record(
    source: Desk | Store, case_ids: Iterable[str], *, about: str = "", with_texts: bool = False
) -> GoldenHistory:
    """The history of stored cases, with those they were merged into and those merged into them.

    Args:
        source: where the cases are.
        case_ids: which.
        about: one sentence on what the history is kept for.
        with_texts: whether to keep personal texts; only for cases that are made up.

    Raises:
        UnknownCase: there is no case of that id.
        StoreError: the store lacks the policy that a case pinned.
    """
    store = source.store if isinstance(source, Desk) else source
    ids = _together(store, case_ids)
    events = tuple((row.case_id, row.event) for row in recorded_events(store) if row.case_id in ids)
    pins = dict.fromkeys(pin for _, event in events if (pin := pin_of_event(event)))
    policies: dict[str, Mapping[str, Any]] = {}
    for pin in pins:
        document = store.pinned(pin)
        if document is None:
            raise StoreError("unknown-pin", found=pin)
        policies[pin] = document
    texts = {case_id: store.texts(case_id) for case_id in sorted(ids)} if with_texts else None
    return history_of(events, policies, about=about, texts=texts)


def pin_of_event(event: Event) -> str:
    """The pin of the policy that the event brings into force; empty for most events."""
    if isinstance(event, Submitted | Adopted):
        return event.origin.policy_hash
    return event.policy_hash if isinstance(event, Migrated) else ""


def _together(store: Store, case_ids: Iterable[str]) -> set[str]:
    ids: set[str] = set()
    left = list(case_ids)
    while left:
        case_id = left.pop()
        if case_id in ids:
            continue
        case = store.load(case_id)
        if case is None:
            raise UnknownCase(case_id)
        ids.add(case_id)
        left += case.facts.followers
        events = store.events(case_id)
        left += [event.primary for event in events if isinstance(event, Merged)]
        left += [event.case for event in events if isinstance(event, Linked)]
    return ids


def card_document(card: Card) -> dict[str, Any]:
    """A card or reminder as a golden file says it: instants in the office's zone."""
    document: dict[str, Any] = {"level": card.level, "clock": card.clock}
    if card.subject:
        document["subject"] = card.subject
    document |= {"cycle": card.cycle, "unit": card.unit, "effective_at": card.effective_at.isoformat()}
    if card.annulled_at is not None:
        document |= {"annulled_at": card.annulled_at.isoformat(), "annulled_because": card.annulled_because}
    return document


def case_document(case: Case) -> dict[str, Any]:
    """The case as a golden file says it: every field that is not at its default; cards stand apart."""
    return {name: part for name, part in _plain(case).items() if name not in ("id", "escalations")}


def _plain(part: Any) -> Any:
    if isinstance(part, Value):
        defaults = {field.name: field.default for field in msgspec.structs.fields(part)}
        parts = {name: getattr(part, name) for name in defaults}
        return {name: _plain(entry) for name, entry in parts.items() if entry != defaults[name]}
    return [_plain(entry) for entry in part] if is_list(part) else part


def rules_by_pin(history: GoldenHistory) -> Callable[[str], CompiledPolicy]:
    """From a pin to the rules that the history keeps for it."""
    return rules_from(history.policies.get)


def story_of_history(history: GoldenHistory, case_id: str) -> Story:
    """The story of one case of the history."""
    return told(rules_by_pin(history), case_id, history.of(case_id), history.texts.get(case_id))


FORMAT = 1
"""The version of the files."""
SUFFIX = ".json"
"""How their names end."""
LARGEST = 20_000_000
"""Bytes of a file."""


def golden_files(folder: str | Path) -> tuple[Path, ...]:
    """Every golden file of a folder, by name; what a test is parametrised with.

    Raises:
        BadInput: there is none, so that a test over them would prove nothing.
    """
    files = tuple(sorted(Path(folder).glob(f"*{SUFFIX}")))
    if not files:
        raise BadInput("no-golden-files", what=str(folder), found=f"*{SUFFIX}")
    return files


def write_golden(path: str | Path, history: GoldenHistory) -> None:
    """Write the history to a golden file.

    Raises:
        BadInput: the name does not end in ``.json``.
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise BadInput("golden-suffix", what=str(path), found=path.suffix or "-")
    path.write_text(written(history), encoding="utf-8")


def written(history: GoldenHistory) -> str:
    """The text of the history's file."""
    parts = {
        "format": _flat(FORMAT),
        "about": _flat(history.about),
        "cases": _table({case_id: _case(history, case_id) for case_id in history.ids()}),
        "events": _list([[case_id, json.loads(encode(event))] for case_id, event in history.events]),
        "texts": _table(
            {
                case_id: _list([[text.version, text.field, text.salt, text.text] for text in texts])
                for case_id, texts in history.texts.items()
            }
        ),
        "policies": _table({pin: _flat(document) for pin, document in history.policies.items()}),
    }
    return _table(parts) + "\n"


def _case(history: GoldenHistory, case_id: str) -> str:
    return _table(
        {
            "story": _list(str(story_of_history(history, case_id)).splitlines()),
            "cards": _list(history.cards[case_id]),
            "case": _table({name: _flat(part) for name, part in history.cases[case_id].items()}),
        }
    )


def _flat(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)


def _table(parts: Mapping[str, str]) -> str:
    lines = [f"{_flat(name)}: {part}" for name, part in parts.items()]
    return "{" + _spread(lines) + "}"


def _list(items: Iterable[Any]) -> str:
    return "[" + _spread([_flat(item) for item in items]) + "]"


def _spread(lines: list[str]) -> str:
    return "\n" + indent(",\n".join(lines), "  ") + "\n" if lines else ""


def read_golden(path: str | Path) -> GoldenHistory:
    """The history of a golden file.

    Raises:
        BadInput: the file cannot be read, is not a golden file, or is of a newer format.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput("bad-golden", what=str(path), found=f"more than {LARGEST} bytes")
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            raise BadInput("bad-golden", what=str(path), found=f"format {document['format']}")
        return _history(document)
    except OSError as error:
        raise BadInput("bad-golden", what=str(path), found=error.strerror or str(error)) from error
    except BadInput:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CaseflowError) as error:
        raise BadInput(
            "bad-golden", what=str(path), found=f"{type(error).__name__}: {error}"[:200]
        ) from error


class _CardRow(TypedDict):
    """A card as `card_document` writes it."""

    level: str
    clock: str
    subject: NotRequired[str]
    cycle: int
    unit: str
    effective_at: str
    annulled_at: NotRequired[str]
    annulled_because: NotRequired[str]


def _history(document: Mapping[str, Any]) -> GoldenHistory:
    events = tuple((str(case_id), decode(_flat(body).encode())) for case_id, body in document["events"])
    cases = document["cases"]
    history = GoldenHistory(
        about=str(document["about"]),
        events=events,
        policies=dict(document["policies"]),
        texts={
            case_id: tuple(Text(*text) for text in msgspec.convert(texts, list[tuple[int, str, str, str]]))
            for case_id, texts in document["texts"].items()
        },
        cards={
            case_id: [dict(row) for row in msgspec.convert(entry["cards"], list[_CardRow])]
            for case_id, entry in cases.items()
        },
        cases={case_id: dict(entry["case"]) for case_id, entry in cases.items()},
    )
    if not events or set(history.ids()) != set(cases):
        raise ValueError("events and cases do not name the same cases")
    return history
