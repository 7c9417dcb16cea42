"""What an idempotency key remembers of its command, and whether a command is the same again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from caseflow.core.engine.fields import plain
from caseflow.core.model.events import Event
from caseflow.core.value import Value
from caseflow.ports import KeyClaim, Text


class Request(Value):
    """A command as it was given with an idempotency key.

    Attributes:
        actor, key: whose key it is.
        command: the case, the action, who acts and since when; the time it was asked at is no part of it, nor
            the id that is proposed for a new case.
        fields: its fields by name, texts among them; one that is `None` was not given.
    """

    actor: str
    key: str
    command: tuple[Any, ...]
    fields: Mapping[str, Any]

    def claim(self, case_id: str, texts: Iterable[Text], *, first: int = 0, last: int = 0) -> KeyClaim:
        """The key's claim.

        Args:
            texts: those that are kept apart from the command's events.
            first, last: the versions of the events it brings, as far as they are known.
        """
        hashed = digest(self, {text.field for text in texts})
        return KeyClaim(self.actor, self.key, hashed, case_id=case_id, first=first, last=last)

    def is_again(self, claim: KeyClaim, events: Sequence[Event], texts: Iterable[Text]) -> bool:
        """Whether this is the command that the key was first given with.

        Texts are compared with those that are kept; of one that was redacted since, nothing can be said.

        Args:
            events, texts: all of the case's.
        """
        first, last = claim.first, claim.last
        sealed = {name for event in events[first - 1 : last] for name, mark in event.texts if mark}
        if digest(self, sealed) != claim.digest:
            return False
        return all(
            self.fields.get(text.field) == text.text for text in texts if first <= text.version <= last
        )


def digest(request: Request, sealed: Collection[str]) -> str:
    """The hash that a key remembers. Of the fields that are texts it holds only that they were given.

    A hash of a text without its salt would outlive the redaction, and tell a short text to whoever guesses.

    Args:
        sealed: the names of the fields that are kept apart as texts.
    """
    fields = {name: value for name, value in request.fields.items() if value is not None}
    plain = sorted((name, _typed(value)) for name, value in fields.items() if name not in sealed)
    texts = sorted(name for name in fields if name in sealed)
    return hashlib.sha256(json.dumps([*request.command, plain, texts], default=str).encode()).hexdigest()


def _typed(value: Any) -> str:
    """A field's value as it is kept, with its type; a whole number in a base that has no limit of length."""
    value = plain(value)
    return f"{type(value).__name__} {hex(value) if type(value) is int else value}"
