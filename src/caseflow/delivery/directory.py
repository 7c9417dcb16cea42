"""A directory in a table: who holds which role in which unit, for portals that have no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from caseflow.core.model.case import Case
from caseflow.core.units import UnitRegister, present_name, unit_name
from caseflow.core.value import Value
from caseflow.errors import BadInput
from caseflow.i18n import languages
from caseflow.policies.parse import is_list, is_table
from caseflow.ports.records import Person

_KEYS = {"id", "name", "lang", "addresses", "role", "roles", "unit", "units"}


class RoleHolder(Value):
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

        units: a register, whose lead officials and duty officers are found by their ids, and by which a
            former name of a unit is its present one.

    Raises:
        BadInput: an entry without id, or with a key or value that does not fit.
    """

    def __init__(self, people: Sequence[Mapping[str, Any]], *, units: UnitRegister | None = None) -> None:
        self._register = units
        self._listed = tuple(_role_holder(entry, index) for index, entry in enumerate(people))
        self._by_id = {holder.person.id: holder for holder in reversed(self._listed)}

    def holders(self, role: str, *, unit: str, case: Case) -> Sequence[Person]:
        """Everybody listed with the role for the unit; of a citizen's role, whoever asked."""
        citizen = self._by_id.get(case.citizen)
        if citizen is not None and role in citizen.roles and not citizen.units:
            return (citizen.person,)
        unit, registered = present_name(self._register, unit), self._registered(role, unit)
        return tuple(
            holder.person
            for holder in self._listed
            if holder.person.id == registered
            or (
                role in holder.roles
                and (not holder.units or unit in self._present(holder.units))
                and not _is_other_citizen(holder, case)
            )
        )

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


def _is_other_citizen(holder: RoleHolder, case: Case) -> bool:
    """Whether the entry is another citizen's: listed as ``citizen`` alone, it is nobody's office."""
    return holder.roles == ("citizen",) and holder.person.id != case.citizen


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
    person = Person(id=person_id, name=name, addresses=dict(addresses), lang=lang)
    return RoleHolder(person, roles, units)


def _names(entry: Mapping[str, Any], one: str, many: str, what: str) -> tuple[str, ...]:
    names = entry.get(many, [entry[one]] if one in entry else [])
    if not is_list(names) or not all(isinstance(name, str) for name in names):
        raise BadInput("bad-person", what=f"{what}.{many}", found=str(names)[:80])
    return tuple(names)
