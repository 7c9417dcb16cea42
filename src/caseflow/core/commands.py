"""Who asks for what: actors and commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from caseflow.core.values import Value, value
from caseflow.errors import BadInput


def _is_name(instance: object, attribute: attrs.Attribute[str], found: str) -> None:
    given: object = found
    if not isinstance(given, str) or len(given) > 200 or not given.isprintable():
        raise BadInput("bad-name", what=f"actor {attribute.name}", found=repr(found)[:80])


def _is_given(instance: object, attribute: attrs.Attribute[str], found: str) -> None:
    if not found:
        raise BadInput("bad-name", what=f"actor {attribute.name}", found="''")


@attrs.frozen
class Actor:
    """A person or program that acts: an id, one role, and the unit it acts for.

    The portal has authenticated the actor; caseflow decides what the role may do. Ids are pseudonyms: they
    stay in events for ever.

    Raises:
        BadInput: an empty id or role; a name that is not printable or longer than 200 characters.
    """

    id: str = attrs.field(validator=[_is_name, _is_given])
    role: str = attrs.field(kw_only=True, validator=[_is_name, _is_given])
    unit: str = attrs.field(default="", kw_only=True, validator=_is_name)


SYSTEM = Actor("caseflow", role="system")
"""Who takes the timed actions of rungs and lets followers of an ended primary go on."""


@value
class Command(Value):
    """An action asked for: its name, by whom, with which fields, and since when it is true.

    ``texts`` holds the salted hashes of the personal texts, which themselves lie elsewhere.
    ``effective_us`` is ``None`` for now; an earlier instant is a fact recorded late.
    """

    action: str
    by: Actor
    fields: Mapping[str, Any] = {}
    texts: tuple[tuple[str, str], ...] = ()
    effective_us: int | None = None
