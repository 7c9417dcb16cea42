"""The offices that messages are addressed to: who held each when, where, and by which mechanism document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import attrs

from caseflow.core.units import Unit, unit_name
from caseflow.errors import UnitsError
from caseflow.policies.calendar_sources.calendar_text import calendar_text
from caseflow.policies.parse import Notes, partly, toml_table
from caseflow.policies.unit_register import ListedUnits


class Level(StrEnum):
    """The three levels of jurisdictions."""

    PROVINCE = "province"
    """省、自治区、直辖市"""
    CITY = "city"
    """市、州、盟"""
    COUNTY = "county"
    """县、区、旗"""


LEVELS: tuple[str, ...] = tuple(Level)


@attrs.frozen(kw_only=True)
class Mechanism:
    """红头文件: the document by which a jurisdiction binds itself to answer."""

    title: str
    number: str
    """As it is written, such as ``皖办发〔2009〕7号``."""
    issued: date
    valid_from: date
    """The first day on which it holds."""
    valid_until: date | None = None
    """The first day on which it no longer holds; never, without one."""

    def holds(self, day: date) -> bool:
        """Whether it is in force on that day."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


@attrs.frozen(kw_only=True)
class Jurisdiction:
    """A province, city or county."""

    name: str
    level: str
    """``province``, ``city`` or ``county``."""
    parent: str = ""
    """The jurisdiction above it; of a province none."""
    mechanisms: tuple[Mechanism, ...] = ()


@attrs.frozen(kw_only=True)
class Term:
    """A term of office: who held it, and when."""

    holder: str
    """The id of a person."""
    since: date
    until: date | None = None
    """The first day on which they no longer hold it; still, without one."""

    def holds(self, day: date) -> bool:
        """Whether they hold it on that day."""
        return self.since <= day and (self.until is None or day < self.until)


@attrs.frozen(kw_only=True)
class PublicOffice:
    """An office that messages are addressed to; it stays when its holder goes."""

    name: str
    """What cases are kept under: the unit of the case."""
    jurisdiction: str
    terms: tuple[Term, ...] = ()


class OfficeRegister(ListedUnits):
    """The offices there are; for a desk they are its register of units (`caseflow.ports.UnitRegister`).

    Args:
        jurisdictions, offices: in any order.
        file: what problems call the place they come from.

    Raises:
        UnitsError: every problem: a name that two have, a jurisdiction or parent that is not listed, a level
            that there is not or that does not follow the one above, terms of one office that meet, a last day
            before the first.
    """

    def __init__(
        self, jurisdictions: Iterable[Jurisdiction], offices: Iterable[PublicOffice], *, file: str = "offices"
    ) -> None:
        notes = Notes(file)
        listed = tuple(jurisdictions)
        self.jurisdictions = {one.name: one for one in listed}
        offices = tuple(attrs.evolve(office, name=unit_name(office.name)) for office in offices)
        self._offices = {office.name: office for office in offices}
        twice = Counter(one.name for one in listed)
        for index, one in enumerate(listed):
            if twice[one.name] > 1:
                notes.add(f"jurisdictions[{index}].name", "unit-twice", one.name)
            self._check_level(one, f"jurisdictions[{index}]", notes)
        for index, office in enumerate(offices):
            if office.jurisdiction not in self.jurisdictions:
                notes.add(f"offices[{index}].jurisdiction", "unit-not-listed", office.jurisdiction)
            _check_terms(office, f"offices[{index}].terms", notes)
        if notes.problems:
            raise UnitsError(notes.problems)
        super().__init__([Unit(name=office.name) for office in offices], file=file)

    def _check_level(self, one: Jurisdiction, path: str, notes: Notes) -> None:
        if one.level not in LEVELS:
            notes.add(f"{path}.level", "bad-level", one.level)
            return
        above = self.jurisdictions.get(one.parent)
        if one.parent and above is None:
            notes.add(f"{path}.parent", "unit-not-listed", one.parent)
        elif (above is None) != (one.level == Level.PROVINCE) or (
            above is not None and LEVELS.index(one.level) <= LEVELS.index(above.level)
        ):
            notes.add(f"{path}.parent", "bad-level", f"{one.level} {one.parent}".strip())
        for index, document in enumerate(one.mechanisms):
            if document.valid_until is not None and document.valid_until <= document.valid_from:
                notes.add(f"{path}.mechanisms[{index}].valid_until", "unit-ends-first", document.valid_until)

    def office(self, name: str) -> PublicOffice | None:
        """The office of that name; `None` when there is none."""
        return self._offices.get(unit_name(name))

    def offices(self) -> tuple[PublicOffice, ...]:
        """All of them, in the order of the list."""
        return tuple(self._offices.values())

    def holder(self, office: str, day: date) -> str:
        """Who held the office on that day of the office's zone; empty when nobody did."""
        known = self.office(office)
        terms = () if known is None else known.terms
        return next((term.holder for term in terms if term.holds(day)), "")

    def level(self, office: str) -> Level | None:
        """On which level the office is; `None` when there is no such office."""
        known = self.office(office)
        return None if known is None else Level(self.jurisdictions[known.jurisdiction].level)

    def province(self, jurisdiction: str) -> str:
        """The province that a jurisdiction belongs to; itself, if it is one."""
        one = self.jurisdictions[jurisdiction]
        while one.parent:
            one = self.jurisdictions[one.parent]
        return one.name

    def mechanism(self, jurisdiction: str, day: date) -> Mechanism | None:
        """The jurisdiction's own mechanism document in force on that day, the latest of several."""
        known = [one for one in self.jurisdictions[jurisdiction].mechanisms if one.holds(day)]
        return max(known, key=lambda one: one.valid_from, default=None)


def _check_terms(office: PublicOffice, path: str, notes: Notes) -> None:
    terms = sorted(enumerate(office.terms), key=lambda one: one[1].since)
    for index, term in terms:
        if term.until is not None and term.until <= term.since:
            notes.add(f"{path}[{index}].until", "unit-ends-first", term.until)
    for (_, before), (index, term) in pairwise(terms):
        if before.until is None or before.until > term.since:
            notes.add(f"{path}[{index}].since", "terms-meet", term.since)


@attrs.frozen(kw_only=True)
class _File:
    jurisdictions: tuple[Jurisdiction, ...] = ()
    offices: tuple[PublicOffice, ...] = ()


def load_offices(path: str | Path) -> OfficeRegister:
    """The register of a TOML file with ``[[jurisdictions]]`` and ``[[offices]]``.

    Raises:
        BadInput: the file cannot be read, or is no TOML.
        UnitsError: every problem; see `OfficeRegister`.
    """
    path = Path(path)
    notes = Notes(path.name)
    read = partly(_File, toml_table(calendar_text(path).encode(), what=path.name), notes)
    if notes.problems or read is None:
        raise UnitsError(notes.problems)
    return OfficeRegister(read.jurisdictions, read.offices, file=path.name)
