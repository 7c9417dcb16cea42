"""Who asks for what: actors, commands, and where a case stands."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from msgspec.structs import force_setattr

from caseflow.core.bounds import LONGEST_NAME, StageName, Word
from caseflow.core.policy import Role
from caseflow.core.units import unit_name
from caseflow.core.value import CompactValue, Value
from caseflow.errors import BadInput


def _plain_name(value: object) -> object:
    return str.__str__(value) if isinstance(value, str) else value


class _Identified(Value, array_like=True, gc=False):
    id: str


class Actor(_Identified, array_like=True, kw_only=True, gc=False):
    """A person or program that acts: an id, one role, and the unit it acts for.

    The portal has authenticated the actor; caseflow decides what the role may do. Ids are pseudonyms: they
    stay in events for ever. The unit's name is kept as `caseflow.core.units.unit_name` writes it.

    Raises:
        BadInput: an empty id or role; a name that is not printable or longer than 200 characters.
    """

    role: str
    unit: str = ""

    def plain(self) -> Actor:
        """The actor as it is recorded: without what a portal's own kind of actor says besides."""
        return self if type(self) is Actor else Actor(self.id, role=self.role, unit=self.unit)

    def __post_init__(self) -> None:
        """Refuse what no store can keep and no reader can tell apart."""
        for name, text in (("id", self.id), ("role", self.role), ("unit", self.unit)):
            value: object = text
            if type(value) is not str:
                value = _plain_name(value)
                force_setattr(self, name, value)
            if name == "unit" and isinstance(value, str) and 0 < len(value) <= LONGEST_NAME:
                kept = unit_name(value)
                if kept != value:
                    force_setattr(self, name, kept)
                value = kept
            if not isinstance(value, str) or len(value) > LONGEST_NAME or not value.isprintable():
                raise BadInput("bad-name", what=f"actor {name}", found=repr(text)[:80])
        if not self.id or not self.role:
            raise BadInput("bad-name", what=f"actor {'role' if self.id else 'id'}", found="''")


SYSTEM = Actor("caseflow", role="system")
"""Who takes the timed actions of rungs and lets followers of an ended primary go on."""


class Place(Enum):
    """Where a text is that is not given."""

    ELSEWHERE = "elsewhere"


ELSEWHERE = Place.ELSEWHERE
"""Given as a text: there is one, and it is kept elsewhere, where caseflow never sees it."""


class Withheld(str):
    """The mark by which an export stands for a text that it leaves out: kept as it is, held to no words."""


class Command(Value, gc=False):
    """An action asked for: its name, by whom, with which fields, and since when it is true.

    ``texts`` holds the salted hashes of the personal texts, which themselves lie apart; an empty hash stands
    for a text that is kept `ELSEWHERE`.
    ``effective_us`` is ``None`` for now; an earlier instant is a fact recorded late.
    ``rights`` are what an `Authorizer` says of the actor; by default the policy says it of the actor's role.
    """

    action: str
    by: Actor
    fields: Mapping[str, Any] = {}
    texts: tuple[tuple[str, str], ...] = ()
    effective_us: int | None = None
    rights: Role | None = None


class CaseState(CompactValue):
    """Where a case stands: its state, the stage the state belongs to, and whether it is an end."""

    state: Word
    stage: StageName
    final: bool = False


NOWHERE = CaseState("", "inquiry")
"""Before the submission."""
