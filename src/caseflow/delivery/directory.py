"""A directory in a table: who holds which role in which unit, for portals that have no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from caseflow.core.case import Case
from caseflow.core.values import Value, value
from caseflow.delivery.protocols import Person
from caseflow.errors import BadInput

_KEYS = {"id", "name", "lang", "addresses", "role", "roles", "unit", "units"}


@value
class Post(Value):
    """A person with the roles they hold and the units they hold them in; no units for all."""

    person: Person
    roles: tuple[str, ...]
    units: tuple[str, ...]


class ListedDirectory:
    """A directory that was given as a list.

    Citizens are found by their id, whatever their unit; everybody else by role and unit.

    Args:
        people: tables as TOML has them, in the order in which they are told::

            [[people]]
            id = "z-2"
            name = "王值班"
            roles = ["duty_officer", "handler"]
            units = ["城管局"]
            addresses = { email = "duty@cg.example" }

    Raises:
        BadInput: an entry without id, or with a key or value that does not fit.
    """

    def __init__(self, people: Sequence[Mapping[str, Any]]) -> None:
        self._posts = tuple(_post(entry, index) for index, entry in enumerate(people))
        self._by_id = {post.person.id: post for post in reversed(self._posts)}

    def holders(self, role: str, *, unit: str, case: Case) -> Sequence[Person]:
        """Everybody listed with the role for the unit; of a citizen's role, whoever asked."""
        asked = self._by_id.get(case.citizen)
        if asked is not None and role in asked.roles and not asked.units:
            return (asked.person,)
        return tuple(
            post.person
            for post in self._posts
            if role in post.roles and (unit in post.units or not post.units) and not _is_citizen(post, case)
        )


def _is_citizen(post: Post, case: Case) -> bool:
    """Whether the entry is another citizen's: listed as ``citizen`` alone, it is nobody's office."""
    return post.roles == ("citizen",) and post.person.id != case.citizen


def _post(entry: Mapping[str, Any], index: int) -> Post:
    what = f"people[{index}]"
    if set(entry) - _KEYS:
        raise BadInput("bad-person", what=what, found=str(sorted(set(entry) - _KEYS))[:80])
    addresses = entry.get("addresses", {})
    roles, units = _names(entry, "role", "roles", what), _names(entry, "unit", "units", what)
    lang, name, person_id = entry.get("lang", "zh"), entry.get("name", ""), entry.get("id")
    if not isinstance(person_id, str) or not person_id or not isinstance(name, str):
        raise BadInput("bad-person", what=f"{what}.id", found=str(person_id)[:80])
    if lang not in ("zh", "en"):
        raise BadInput("bad-person", what=f"{what}.lang", found=str(lang)[:80])
    if not isinstance(addresses, Mapping) or not all(isinstance(found, str) for found in addresses.values()):
        raise BadInput("bad-person", what=f"{what}.addresses", found=type(addresses).__name__)
    return Post(Person(person_id, name, dict(addresses), lang), roles, units)


def _names(entry: Mapping[str, Any], one: str, many: str, what: str) -> tuple[str, ...]:
    found = entry.get(many, [entry[one]] if one in entry else [])
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise BadInput("bad-person", what=f"{what}.{many}", found=str(found)[:80])
    return tuple(found)
