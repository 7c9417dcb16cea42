"""Handling units: how their names are written, what a register knows of one, and which of them is meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Protocol
from unicodedata import normalize

import attrs

from caseflow.core.bounds import LONGEST_NAME, LONGEST_STRING
from caseflow.core.policy import Labels
from caseflow.errors import Refusal

_BLANKS = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
"""The blanks of Unicode, the full-width one of Chinese texts among them."""
LEVELS = 3
"""How deep units may stand below each other: province, city and county, or as a portal calls its three."""
NEAR = 3
"""So many names are given for one that is not known."""


@lru_cache(maxsize=4096)
def unit_name(text: str) -> str:
    """The name of a unit as it is kept: without blanks around it, runs of blanks as one, in Unicode NFC.

    Whatever names a unit goes through here where it comes in: commands and actors, takeovers, policies,
    directories, lists, registers. What is longer than any name may be should not, since names are remembered.

    >>> unit_name(" A局\u3000"), unit_name("第一\u00a0 科")
    ('A局', '第一 科')
    """
    return normalize("NFC", _BLANKS.sub(" ", text).strip(" "))


@attrs.frozen(kw_only=True)
class Unit:
    """A handling unit, as a register knows it; also an entry ``[[units]]`` of a file of them."""

    name: str
    """What it is called now; cases are kept under this name."""
    labels: Labels = Labels()
    parent: str = ""
    """The unit above it; there are three levels."""
    lead: str = ""
    """分管领导: the id of its lead official."""
    duty_officer: str = ""
    """专人: the id of who logs in daily."""
    calendar: str = ""
    """The name of its office's calendar, one of the policy's ``calendars``."""
    timezone: str = ""
    """IANA name of its own zone."""
    aliases: tuple[str, ...] = ()
    """Other names it goes by, such as the short one."""
    former: tuple[str, ...] = ()
    """What it was called before."""
    successor: str = ""
    """Of one that was dissolved: the unit that goes on with its cases."""
    since: date | None = None
    """Its first day; always, without one."""
    until: date | None = None
    """The first day on which it is no more; never, without one."""


class UnitRegister(Protocol):
    """Knows the units there are: a file of them, or the portal's own table.

    An implementer owes: a unit is found by its name as `unit_name` writes it, by its aliases and by its
    former names, those that are no more included; where a name is one unit's present and another's former
    one, the present one is meant.
    """

    def unit(self, name: str, /) -> Unit | None:
        """The unit of that name; `None` when there is none."""
        ...

    def names(self) -> Iterable[str]:
        """The present names of all units, in a stable order."""
        ...


def present_name(units: UnitRegister | None, name: str) -> str:
    """What the unit is called now; the name itself, as it is kept, where nobody knows it."""
    if len(name) > LONGEST_STRING:
        return name  # nobody is called so
    name = unit_name(name)
    unit = None if units is None or not name else units.unit(name)
    return name if unit is None else unit.name


def wrong_unit(units: UnitRegister, name: str, day: date) -> Refusal | None:
    """Why no case can be given to the unit of that name, or `None`.

    Args:
        day: the office's day on which it would get it.

    Returns:
        ``unknown-unit`` with the names that are near, ``unit-not-yet``, or ``unit-dissolved`` with the unit
        that goes on with its cases.
    """
    unit = units.unit(unit_name(name)) if len(name) <= LONGEST_STRING else None
    if unit is None:
        near = near_names(units, name[:LONGEST_NAME])
        return Refusal(code="unknown-unit", action="", found=name[:LONGEST_NAME], missing=near)
    if unit.since is not None and day < unit.since:
        return Refusal(code="unit-not-yet", action="", found=f"{unit.name} ({unit.since})")
    if unit.until is not None and day >= unit.until:
        successor = successor_of(units, unit, day)
        return Refusal(
            code="unit-dissolved" if successor else "unit-ended",
            action="",
            found=f"{unit.name} ({unit.until})",
            missing=(successor,) if successor else (),
        )
    return None


def successor_of(units: UnitRegister, unit: Unit, day: date) -> str:
    """The unit that goes on with the cases of one that is no more on that day; empty for none."""
    seen: set[str] = set()
    while unit.until is not None and day >= unit.until and unit.name not in seen:
        seen.add(unit.name)
        following = units.unit(unit_name(unit.successor)) if unit.successor else None
        if following is None:
            return ""
        unit = following
    return "" if unit.name in seen else unit.name


def near_names(units: UnitRegister, name: str) -> tuple[str, ...]:
    """The names of units that the one is likely to be meant for, the nearest first."""
    known = {_folded(one): one for one in units.names()}
    wanted = _folded(name)
    holding = sorted((one for one in known if wanted and (wanted in one or one in wanted)), key=len)
    near = get_close_matches(wanted, known, n=NEAR, cutoff=0.5)
    return tuple(known[one] for one in dict.fromkeys((*near, *holding)))[:NEAR]


def _folded(name: str) -> str:
    """The name without blanks and without what differs in form alone."""
    return normalize("NFKC", unit_name(name)).casefold().replace(" ", "")
