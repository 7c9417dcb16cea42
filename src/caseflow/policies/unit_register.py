"""A register of units from a file that people keep, TOML or CSV; and what a policy takes of it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import attrs

from caseflow.core.bounds import LONGEST_NAME
from caseflow.core.policy import Policy, UnitRule
from caseflow.core.time.instants import office_days
from caseflow.core.units import LEVELS, Unit, UnitRegister, unit_name
from caseflow.errors import BadInput, UnitsError
from caseflow.policies.calendar_sources.calendar_text import calendar_text
from caseflow.policies.parse import Notes, is_list, partly, toml_table

_LISTS = ("aliases", "former")
_DATES = ("since", "until")
_NAMES = ("name", "parent", "successor", *_LISTS)
"""Keys that hold names of units."""
_COLUMNS = frozenset(field.name for field in attrs.fields(Unit)) - {"labels"} | {"zh", "en"}
_APART = re.compile("[;\uff1b\u3001|]")
"""What stands between names in a cell."""


class ListedUnits:
    """The units of a list, each found by its present, other and former names; a `UnitRegister`.

    Args:
        units: in any order.
        file: what problems call the place they come from.

    Raises:
        UnitsError: every problem: a name that two units have, a parent or successor that there is not, units
            above each other in a circle or on more than three levels, a zone that there is not, a last day
            before the first.
    """

    def __init__(self, units: Iterable[Unit], *, file: str = "units") -> None:
        notes = Notes(file)
        self._units = tuple(map(_with_names_kept, units))
        self._by_name: dict[str, Unit] = {}
        for index, unit in enumerate(self._units):
            self._put(unit.name, unit, f"units[{index}].name", notes)
        for index, unit in enumerate(self._units):
            for at, alias in enumerate(unit.aliases):
                self._put(alias, unit, f"units[{index}].aliases[{at}]", notes)
        present = frozenset(self._by_name)
        for index, unit in enumerate(self._units):
            for at, name in enumerate(unit.former):
                if name not in present:  # another unit has it now
                    self._put(name, unit, f"units[{index}].former[{at}]", notes)
        for index, unit in enumerate(self._units):
            self._check(unit, f"units[{index}]", notes)
        if notes.problems:
            raise UnitsError(notes.problems)

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._units)

    def __len__(self) -> int:
        return len(self._units)

    def unit(self, name: str, /) -> Unit | None:
        """The unit of that name."""
        return self._by_name.get(name)

    def names(self) -> tuple[str, ...]:
        """The present names of all units, in the order of the list."""
        return tuple(unit.name for unit in self._units)

    def _put(self, name: str, unit: Unit, path: str, notes: Notes) -> None:
        if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
            notes.add(path, "bad-name", repr(name)[:80])
        elif self._by_name.setdefault(name, unit) is not unit:
            notes.add(path, "unit-twice", name)

    def _check(self, unit: Unit, path: str, notes: Notes) -> None:
        for key in ("parent", "successor"):
            name = getattr(unit, key)
            if name and (name not in self._by_name or self._by_name[name] is unit):
                notes.add(f"{path}.{key}", "unit-not-listed", name)
        if unit.timezone:
            try:
                office_days(unit.timezone)
            except BadInput:
                notes.add(f"{path}.timezone", "unknown-zone", unit.timezone)
        if unit.since is not None and unit.until is not None and unit.until <= unit.since:
            notes.add(f"{path}.until", "unit-ends-first", unit.until)
        if unit.successor and unit.until is None:
            notes.add(f"{path}.successor", "unit-goes-on", unit.successor)
        above, level = self._by_name.get(unit.parent), 1
        while above is not None and level <= LEVELS:
            above, level = self._by_name.get(above.parent), level + 1
        if level > LEVELS:
            notes.add(f"{path}.parent", "unit-too-deep", unit.parent)


def _with_names_kept(unit: Unit) -> Unit:
    """The unit with every name of a unit as it is kept."""
    changed: dict[str, Any] = {}
    for key in _NAMES:
        names = getattr(unit, key)
        changed[key] = tuple(map(unit_name, names)) if key in _LISTS else unit_name(names)
    return attrs.evolve(unit, **changed)


def load_units(path: str | Path) -> ListedUnits:
    """The register of a file: TOML with ``[[units]]``, or CSV with the same keys as columns.

    In a CSV the labels are the columns ``zh`` and ``en``, dates are ``2025-06-01``, and several names in a
    cell stand apart by ``;``, ``、`` or ``|``. With or without a byte order mark.

    Raises:
        BadInput: the file cannot be read, or is no TOML.
        UnitsError: every problem with the units; see `ListedUnits`.
    """
    path = Path(path)
    notes, text = Notes(path.name), calendar_text(path)
    rows: Sequence[Any]
    if path.suffix.lower() == ".csv":
        rows = tuple(_table_rows(text, notes))
    else:
        table = toml_table(text.encode(), what=path.name)
        rows = table.get("units", [])
        for key in table.keys() - {"units"}:
            notes.add(key, "unknown-key", key)
        if not is_list(rows):
            notes.add("units", "wrong-type", f"{type(rows).__name__}, expected a list of tables")
            rows = ()
    units = [_unit(row, f"units[{index}]", notes) for index, row in enumerate(rows)]
    if notes.problems:
        raise UnitsError(notes.problems)
    return ListedUnits([unit for unit in units if unit is not None], file=path.name)


def _unit(row: object, path: str, notes: Notes) -> Unit | None:
    inner = Notes(notes.file)
    unit = partly(Unit, row, inner)
    for problem in inner.problems:
        notes.problems.append(attrs.evolve(problem, path=f"{path}.{problem.path}"))
    return unit


def _table_rows(text: str, notes: Notes) -> Iterator[Mapping[str, Any]]:
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise BadInput("bad-csv", what=notes.file, found=error) from error
    for index, row in enumerate(rows):
        unit: dict[str, Any] = {}
        for key, cell in row.items():
            value = (cell or "").strip() if isinstance(cell, str | None) else cell
            if key not in _COLUMNS:
                if index == 0 or key is None:
                    notes.add(f"units[{index}]", "unknown-key", key or "+")
            elif not value:
                continue
            elif key in ("zh", "en"):
                unit.setdefault("labels", {})[key] = value
            elif key in _LISTS:
                unit[key] = [part for part in map(unit_name, _APART.split(value)) if part]
            elif key in _DATES:
                unit[key] = _date(value, f"units[{index}].{key}", notes)
            else:
                unit[key] = value
        yield unit


def _date(cell: str, path: str, notes: Notes) -> date | None:
    try:
        return date.fromisoformat(cell)
    except ValueError:
        notes.add(path, "bad-date", cell)
        return None


def with_units(policy: Policy, units: UnitRegister, notes: Notes) -> Policy:
    """The policy with what the register says of units: who is above whom, zones, and office calendars.

    What the policy says of a unit itself goes before. A unit's own calendar is taken where the policy lets
    the unit choose (``by = "unit"``); where nothing does, it is a problem.
    """
    known = [unit for name in units.names() if (unit := units.unit(name)) is not None]
    rules = {
        unit.name: UnitRule(labels=unit.labels, parent=_name_of(units, unit.parent), timezone=unit.timezone)
        for unit in known
    }
    calendars = {unit.name: unit.calendar for unit in known if unit.calendar}
    chosen = {
        name: attrs.evolve(source, of={**calendars, **source.of})
        for name, source in policy.calendars.items()
        if source.by == "unit"
    }
    if calendars and not chosen:
        name, calendar = next(iter(calendars.items()))
        notes.add("calendars", "unit-calendar-unused", f"{name}: {calendar}")
    return attrs.evolve(policy, units={**rules, **policy.units}, calendars={**policy.calendars, **chosen})


def _name_of(units: UnitRegister, name: str) -> str:
    unit = units.unit(unit_name(name)) if name else None
    return name if unit is None else unit.name
