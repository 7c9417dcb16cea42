"""The lines of an exported file, decoded by types with bounds; and of a case its events, chained anew."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from caseflow.core.bounds import LARGEST_LINE, LONGEST_NAME, Count, Mark, Name, Prose, Turn
from caseflow.core.model import events as e
from caseflow.core.model.evolve import replay
from caseflow.core.notices import Document, Posted
from caseflow.core.time.instants import zone_info
from caseflow.core.value import Value
from caseflow.errors import BadInput, CaseflowError, LogError
from caseflow.interchange.jsonl import FORMAT, KIND, as_bytes
from caseflow.policies.parse import is_list, is_table
from caseflow.ports import KeyClaim, Text
from caseflow.ports.records import Kept, Link
from caseflow.serialization.codec import arrived, chained
from caseflow.serialization.redaction import erased, seal

Filled = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Flat = Mapping[Name, e.FieldValue]
"""The body of a notice or document."""


class HeaderLine(Value):
    """The first line."""

    caseflow: Mark
    format: Count
    texts: bool = True
    since: Count = 0


class PolicyLine(Value):
    """A policy, calendars included, under its content hash."""

    policy: Mark
    document: dict[str, Any]


class KeyLine(Value):
    """An idempotency key: actor, key, digest, case, first and last version."""

    key: tuple[Filled, Filled, Mark, Filled, Count, Count]

    def claim(self) -> KeyClaim:
        """The claim as a store keeps it."""
        return KeyClaim(*self.key)


class CaseLine(Value):
    """A case as it was written: its events as bytes, and what goes with them."""

    case: Filled
    events: Annotated[tuple[msgspec.Raw, ...], Meta(min_length=1)]
    head: Annotated[str, Meta(min_length=64, max_length=64)]
    texts: tuple[tuple[Turn, Filled, Annotated[str, Meta(min_length=1, max_length=100)], Prose], ...] = ()
    notices: tuple[Posted, ...] = ()
    documents: tuple[Document, ...] = ()


class End(Value):
    """How much there is, and the position of the feed to go on after."""

    cases: Count
    keys: Count
    position: Count


class EndLine(Value):
    """The last line."""

    end: End


Line = HeaderLine | PolicyLine | KeyLine | CaseLine | EndLine
_KINDS: dict[str, type[Line]] = {
    "caseflow": HeaderLine, "policy": PolicyLine, "key": KeyLine, "case": CaseLine, "end": EndLine,
}  # fmt: skip
"""The key that only lines of a kind have -> their type."""
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decoders = {kind: msgspec.json.Decoder(kind) for kind in _KINDS.values()}
_Kind = TypeVar("_Kind")


def lines_of(path: Path) -> Iterator[tuple[int, Line]]:
    """Each line with its number, the header's first.

    Raises:
        LogError: a line that is none, or too long; a file that is something else.
        OSError: the file cannot be read.
    """
    with path.open("rb") as lines:
        number = 0
        while raw := lines.readline(LARGEST_LINE + 1):
            number += 1
            code = "export-header" if number == 1 else "export-line"
            if len(raw) > LARGEST_LINE:
                raise wrong(path, number, code, found=f"more than {LARGEST_LINE} bytes")
            try:
                line = _line(raw)
            except (msgspec.MsgspecError, CaseflowError, ValueError, RecursionError) as error:
                raise wrong(path, number, code, found=str(error)[:200]) from error
            if (number == 1) is not isinstance(line, HeaderLine):
                raise wrong(path, number, code, found="no case, policy or key")
            if isinstance(line, HeaderLine) and (line.caseflow, line.format) != (KIND, FORMAT):
                raise wrong(path, number, code)
            yield number, line


def _line(raw: bytes) -> Line:
    named = _keys(raw)
    kind = next((kind for name, kind in _KINDS.items() if name in named), None)
    if kind is None:
        raise ValueError("no case, policy or key")
    return _decoders[kind].decode(raw)


def wrong(path: Path, number: int, code: str, **data: object) -> LogError:
    """What is wrong with a line."""
    return LogError(code, file=path, line=number, **data)


# -- a case ------------------------------------------------------------------------------------------------


class Arrival(Value):
    """A case as it came, its events read and its chain computed anew."""

    line: CaseLine
    links: tuple[Link, ...]
    events: tuple[e.Event, ...]

    @classmethod
    def of(cls, line: CaseLine) -> Arrival:
        """The case of a line.

        The events' own bytes are taken as they stand; where they do not fit the hash, since another program
        has written the line anew, the canonical form is.

        Raises:
            StoreError: ``bad-event``.
            ValueError: an event in base64 that is none.
        """
        bodies = [_body(bytes(raw)) for raw in line.events]
        links = chained(line.case, bodies)
        if links[-1].hash.hex() != line.head:
            links = chained(line.case, [_canonical(bytes(raw)) for raw in line.events])
        return cls(line, links, tuple(arrived(link.body) for link in links))

    @property
    def is_whole(self) -> bool:
        """Whether its history fits its hash."""
        return self.links[-1].hash.hex() == self.line.head

    @property
    def texts(self) -> tuple[Text, ...]:
        """Its personal texts."""
        return tuple(Text(*text) for text in self.line.texts)

    @property
    def pins(self) -> tuple[str, ...]:
        """The policies that it began under or moved to."""
        pins = (
            event.origin.policy_hash if isinstance(event, e.Submitted | e.Adopted) else event.policy_hash
            for event in self.events
            if isinstance(event, e.Submitted | e.Adopted | e.Migrated)
        )
        return tuple(dict.fromkeys(pins))

    def kept(self, texts: Iterable[Text] | None = None) -> Kept:
        """The case as a store takes it over, with its own texts or with others."""
        case = replay(self.line.case, self.events)
        texts = self.texts if texts is None else tuple(texts)
        return Kept(case, self.links, texts, self.line.notices, self.line.documents)


def _body(raw: bytes) -> bytes:
    """The bytes of an event: as they stand, or out of base64."""
    return b64decode(msgspec.json.decode(raw, type=str), validate=True) if raw.startswith(b'"') else raw


def _canonical(raw: bytes) -> bytes:
    return _body(raw) if raw.startswith(b'"') else as_bytes(json.loads(raw))


def check(arrival: Arrival) -> None:
    """Hold a case against what a desk writes.

    Raises:
        LogError: ``export-event`` names the version; ``export-text``, ``export-erased`` the field;
            ``export-row`` what is said of a notice or document.
    """
    for link, event in zip(arrival.links, arrival.events, strict=True):
        mistake = _mistake(event, link)
        if mistake:
            raise _refusal("export-event", case=arrival.line.case, version=link.version, found=mistake)
    case = replay(arrival.line.case, arrival.events)
    for run in case.clocks:
        rungs = len(run.ladder)
        if run.unknown >> rungs:
            raise _refusal("export-event", case=case.id, version=case.version, found=f"clock {run.clock}")
    _check_texts(arrival)
    _check_rows(arrival)


def _refusal(code: str, **data: object) -> LogError:
    """What is wrong with a case; whoever reads the file adds its name and the line."""
    return LogError(code, **data)


def _mistake(event: e.Event, link: Link) -> str:
    """What no desk would have written into the event; empty for nothing."""
    if isinstance(event, e.UnknownEvent):
        return ""
    begins = isinstance(event, e.Submitted | e.Adopted)
    if begins is not (link.version == 1):
        return event.name
    if b"\\" in link.body or not link.body.decode().isprintable():  # few are: the rest need no second look
        odd = _unprintable(event)
        if odd:
            return odd
    for change in event.clocks:
        ladder, dues = change.ladder or (), change.dues
        if len(dict(ladder)) != len(ladder) or (ladder and dues is not None and len(dues) != len(ladder)):
            return f"clock {change.clock}"
    until = getattr(event, "until", "")
    try:
        for zone in _zones(event):
            zone_info(zone)
        if until and date.fromisoformat(until).isoformat() != until:
            return until
    except (BadInput, ValueError) as error:
        return str(error)
    return ""


def _zones(event: e.Event) -> Iterator[str]:
    """The time zones that an event names."""
    if isinstance(event, e.Submitted | e.Adopted):
        yield event.origin.zone
    elif isinstance(event, e.Migrated):
        yield event.zone
    if event.revised is not None:
        yield event.revised.zone
    yield from (change.basis.zone for change in event.clocks if change.basis and change.basis.zone)


def _unprintable(value: object) -> str:
    """The first text within it that is not printable, quoted; empty for none."""
    odd = (text for text in _texts_in(msgspec.to_builtins(value)) if not text.isprintable())
    return next((repr(text)[:80] for text in odd), "")


def _texts_in(part: Any) -> Iterator[str]:
    """Every text of JSON-able data, keys included."""
    if isinstance(part, str):
        yield part
    elif is_table(part):
        for key, value in part.items():
            yield key
            yield from _texts_in(value)
    elif is_list(part):
        for value in part:
            yield from _texts_in(value)


def _check_texts(arrival: Arrival) -> None:
    """Each text fits the hash that its event carries, once, and was not erased since."""
    texts, case_id = arrival.texts, arrival.line.case
    for text in texts:
        is_there = text.version <= len(arrival.events) and "\0" not in text.text
        if not is_there or (text.field, seal(text.salt, text.field, text.text)) not in _seals(arrival, text):
            raise _refusal("export-text", case=case_id, found=text.field)
    gone = next(iter(erased(arrival.events, texts)), None)
    if gone is not None:
        raise _refusal("export-erased", case=case_id, found=f"{gone.field}@{gone.version}")
    if len({(text.version, text.field) for text in texts}) != len(texts):
        raise _refusal("export-text", case=case_id, found="twice")


def _seals(arrival: Arrival, text: Text) -> tuple[tuple[str, str], ...]:
    """The hashes of texts that an event carries; of an unknown one as far as it says so."""
    event = arrival.events[text.version - 1]
    if not isinstance(event, e.UnknownEvent):
        return event.texts
    try:
        texts = json.loads(event.body).get("texts")
        return msgspec.convert(texts, tuple[tuple[str, str], ...])
    except (ValueError, RecursionError):
        return ()


def _check_rows(arrival: Arrival) -> None:
    """Notices and documents speak of this case and its versions, in flat bodies and printable names."""
    versions, case_id = len(arrival.events), arrival.line.case
    owed = [(posted.notice, posted.notice.id) for posted in arrival.line.notices]
    drafts = [(document.draft, document.draft.id) for document in arrival.line.documents]
    for rows in (owed, drafts):
        if len({name for _, name in rows}) != len(rows):
            raise _refusal("export-row", case=case_id, found="twice")
        for row, name in rows:
            try:
                msgspec.convert(row.body, Flat)
            except msgspec.ValidationError as error:
                raise _refusal("export-row", case=case_id, found=f"{name}: {error}"[:200]) from error
            if row.case_id != case_id or row.version > versions:
                raise _refusal("export-row", case=case_id, found=name[:80])
    odd = _unprintable((case_id, arrival.line.notices, arrival.line.documents))
    if odd:
        raise _refusal("export-row", case=case_id, found=odd)
