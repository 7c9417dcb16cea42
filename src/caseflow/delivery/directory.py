"""A directory in a table: who holds which role in which unit, for portals that have no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from caseflow.core.model.case import Case
from caseflow.core.units import UnitRegister, present_name, unit_name
from caseflow.core.value import Value
from caseflow.delivery.quiet_hours import telling_times
from caseflow.errors import BadInput
from caseflow.i18n import languages
from caseflow.policies.parse import is_list, is_table
from caseflow.ports.records import Person

_KEYS = {"id", "name", "lang", "addresses", "role", "roles", "unit", "units", "quiet", "digest"}


class RoleHolder(Value):
    """A person with the roles they hold and the units they hold them in; no units for all."""

    person: Person
    roles: tuple[str, ...]
    units: tuple[str, ...]


class ListedDirectory:
    """A directory that was given as a list.

    People are found by role and unit. For a citizen's role that is every citizen listed; a relay tells the
    one whose id is the case's citizen, and nobody else.

    Args:
        people: tables as TOML has them, in the order in which they are told::

            [[people]]
            id = "z-2"
            name = "王值班"
            roles = ["duty_officer", "handler"]
            units = ["城管局"]
            addresses = { email = "duty@cg.example" }
            quiet = "22:00-07:00"
            digest = "08:30"

        units: a register, whose lead officials and duty officers are found by their ids, and by which a
            former name of a unit is its present one.

    Raises:
        BadInput: an entry without id, or with a key or value that does not fit.
    """

    def __init__(self, people: Sequence[Mapping[str, Any]], *, units: UnitRegister | None = None) -> None:
        self._register = units
        self._by_role: dict[str, list[RoleHolder]] = {}
        self._by_id: dict[str, RoleHolder] = {}
        for index, entry in enumerate(people):
            holder = _role_holder(entry, index)
            self._by_id.setdefault(holder.person.id, holder)
            for role in holder.roles:
                self._by_role.setdefault(role, []).append(holder)

    def holders(self, role: str, *, unit: str, case: Case) -> Sequence[Person]:
        """Everybody listed with the role for the unit; whoever asked also if listed with units."""
        unit = present_name(self._register, unit)
        registered = self._by_id.get(self._registered(role, unit))
        listed = [
            holder
            for holder in self._by_role.get(role, ())
            if not holder.units
            or unit in self._present(holder.units)
            or (not unit and holder.person.id == case.citizen)
        ]
        if registered is not None and registered not in listed:
            listed.insert(0, registered)
        return tuple(holder.person for holder in listed)

    def _registered(self, role: str, unit: str) -> str:
        """The id of whom the register names for the role in the unit; empty for nobody."""
        known = None if self._register is None or not unit else self._register.unit(unit)
        match role:
            case "lead_official":
                return "" if known is None else known.lead
            case "duty_officer":
                return "" if known is None else known.duty_officer
            case _:
                return ""

    def _present(self, units: Sequence[str]) -> Sequence[str]:
        """The units by their present names."""
        return units if self._register is None else [present_name(self._register, unit) for unit in units]


def _role_holder(entry: Mapping[str, Any], index: int) -> RoleHolder:
    what = f"people[{index}]"
    if set(entry) - _KEYS:
        raise BadInput("bad-person", what=what, found=str(sorted(set(entry) - _KEYS))[:80])
    addresses = entry.get("addresses", {})
    roles = _names(entry, "role", "roles", what)
    units = tuple(map(unit_name, _names(entry, "unit", "units", what)))
    lang, name, person_id = entry.get("lang", "zh"), entry.get("name", ""), entry.get("id")
    if not isinstance(person_id, str) or not person_id or not isinstance(name, str):
        raise BadInput("bad-person", what=f"{what}.id", found=str(person_id)[:80])
    if lang not in languages():
        raise BadInput("bad-person", what=f"{what}.lang", found=str(lang)[:80])
    if not is_table(addresses) or not all(isinstance(address, str) for address in addresses.values()):
        raise BadInput("bad-person", what=f"{what}.addresses", found=type(addresses).__name__)
    times = {key: entry.get(key) for key in ("quiet", "digest")}
    if not all(time is None or isinstance(time, str) for time in times.values()):
        raise BadInput("bad-person", what=what, found=str(times)[:80])
    telling_times(times["quiet"] or "", times["digest"] or "")
    person = Person(id=person_id, name=name, addresses=dict(addresses), lang=lang, **times)
    return RoleHolder(person, roles, units)


def _names(entry: Mapping[str, Any], one: str, many: str, what: str) -> tuple[str, ...]:
    names = entry.get(many, [entry[one]] if one in entry else [])
    if not is_list(names) or not all(isinstance(name, str) for name in names):
        raise BadInput("bad-person", what=f"{what}.{many}", found=str(names)[:80])
    return tuple(names)
