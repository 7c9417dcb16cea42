"""Personal texts taken out of a command: what stays in the event is a salted hash; and their erasure."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from os import urandom
from typing import Any

from caseflow.core.bounds import LONGEST_STRING
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.fields import PLAIN, has_word, plain, text_mistake
from caseflow.core.model.case import Case
from caseflow.core.model.commands import ELSEWHERE, Actor, Command, Withheld
from caseflow.core.model.events import Event, Redacted
from caseflow.core.units import unit_name
from caseflow.errors import Refusal, Refused
from caseflow.ports import Text, is_redacted_by

_NO_NAMES = frozenset[str]()


def sealed(
    rules: CompiledPolicy, action: str, by: Actor, values: Mapping[str, Any], since: int | None
) -> tuple[Command, tuple[Text, ...]]:
    """The command with its texts replaced by their salted hashes, and the texts to keep apart.

    A text that cannot be kept (too long, NUL, a lone surrogate), or that says nothing where it must, stays in
    the command, which is refused for it; a field that is `None` was not given.
    """
    known = rules.fields.get(action, {})
    worded = rules.worded.get(action, _NO_NAMES)
    fields: dict[str, Any] = {}
    seals: list[tuple[str, str]] = []
    texts: list[Text] = []
    for name, value in values.items():
        rule = known.get(name)
        if type(value) not in PLAIN:
            if value is None:
                continue
            value = plain(value)
        if rule is None or rule.type != "text":
            if (
                rule is not None
                and rule.type == "unit"
                and type(value) is str
                and len(value) <= LONGEST_STRING
            ):
                value = unit_name(value)
            fields[name] = value
        elif value is ELSEWHERE:
            seals.append((name, ""))
        elif type(value) is not Withheld and (
            text_mistake(rule, value)
            or (
                value and (name in worded or (name == "reason" and since is not None)) and not has_word(value)
            )
        ):
            fields[name] = value
        elif value:
            salt = b2a_base64(urandom(15), newline=False).decode()
            seals.append((name, seal(salt, name, value)))
            texts.append(Text(0, name, salt, str.__str__(value)))
    return Command(action, by, fields, tuple(seals), since), tuple(texts)


def seal(salt: str, field: str, text: str) -> str:
    """The salted hash of a text: SHA-256 over salt, field name, NUL and text; base64 without padding."""
    digest = sha256(f"{salt}{field}\0{text}".encode()).digest()
    return b2a_base64(digest, newline=False)[:43].decode()


def check_names(names: Sequence[str], kept: Sequence[Text], case: Case, *, source: str) -> None:
    """Each name of a redaction must fit a text that is still kept; ``source`` is what a refusal names.

    Raises:
        Refused: ``nothing-to-redact``, with the name and those that fit.
    """
    for name in names:
        if not any(is_redacted_by((name,), text.field, text.version) for text in kept):
            fitting = tuple(dict.fromkeys(f"{text.field}@{text.version}" for text in kept))
            refused = Refusal(
                code="nothing-to-redact", action="redact", state=case.state, rule="actions.redact.fields",
                missing=fitting, found=name, source=source,
            )  # fmt: skip
            raise Refused(refused, case_id=case.id)


def with_redacted(events: Iterable[Event], kept: Iterable[Text]) -> tuple[Text, ...]:
    """Every text that the events carry a hash of, in their order: as it is kept, or as redacted."""
    known = {(text.version, text.field): text for text in kept}
    return tuple(
        known.get((version, field)) or Text(version, field, "", "")
        for version, event in enumerate(events, 1)
        for field, mark in event.texts
        if mark  # what is kept elsewhere was never here
    )


def erased(events: Sequence[Event], texts: Iterable[Text]) -> Iterator[Text]:
    """Those of the texts that a later event of the history says were erased."""
    redactions = [(at, event.fields) for at, event in enumerate(events, 1) if isinstance(event, Redacted)]
    for text in texts:
        later = (names for at, names in redactions if at > text.version)
        if any(is_redacted_by(names, text.field, text.version) for names in later):
            yield text
