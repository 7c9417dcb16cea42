"""Policies and calendars from TOML files: read, extended, checked, and every problem told at once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from caseflow.core.bounds import LARGEST_FILE, MOST_EXTENDS
from caseflow.core.engine.actions import ACTIONS
from caseflow.core.policy import Policy, Rung, Scalar, When
from caseflow.core.time.calendar import Calendar
from caseflow.core.units import UnitRegister, unit_name
from caseflow.errors import BadInput, CaseflowError, PolicyError
from caseflow.policies.calendar_keys import check_office_hours, used_calendars
from caseflow.policies.calendars import calendar_from
from caseflow.policies.parse import Notes, is_list, is_table, policy_from, toml_table
from caseflow.policies.unit_register import with_units
from caseflow.policies.validate import check

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def load_policy(
    name: str | Path,
    *,
    calendars: Mapping[str, Calendar] | None = None,
    units: UnitRegister | None = None,
) -> Policy:
    """The policy shipped under that name, or read from that TOML file, checked as a whole.

    A file may begin from another policy with ``extends = "wuhu"``: its tables are laid over that policy's,
    and ``remove = ["states.rectification", "actions.assess"]`` takes entries away.

    Args:
        name: ``wuhu``, or the path of a file.
        calendars: tables to use instead of those the policy names, by name.
        units: a register, from which the policy takes who is above whom, zones and office calendars.

    Raises:
        PolicyError: lists every problem with file, key path and what was found.
    """
    notes = Notes(str(name))
    table, folder = _table(name, notes, ())
    policy = policy_from(table, notes) if table is not None else None
    if policy is None:
        raise PolicyError(notes.problems)
    policy = _with_unit_names(policy)
    if units is not None:
        policy = with_units(policy, units, notes)
    check(policy, notes)
    tables = _calendars(policy, folder, calendars or {}, notes) if not notes.problems else {}
    if notes.problems:
        raise PolicyError(notes.problems)
    return attrs.evolve(policy, tables=tables)


def _with_unit_names(policy: Policy) -> Policy:
    """The policy with every name of a unit as it is kept."""
    units = {
        unit_name(name): attrs.evolve(rule, parent=unit_name(rule.parent), lead=unit_name(rule.lead))
        for name, rule in policy.units.items()
    }
    calendars = {
        name: attrs.evolve(source, of={unit_name(unit): table for unit, table in source.of.items()})
        if source.by == "unit"
        else source
        for name, source in policy.calendars.items()
    }
    clocks = {
        name: attrs.evolve(
            rule,
            when=When(_of_units(rule.when.admits), _of_units(rule.when.excludes)),
            rungs=tuple(_rung_with_unit_names(policy, rung) for rung in rule.rungs),
        )
        for name, rule in policy.clocks.items()
    }
    return attrs.evolve(policy, units=units, calendars=calendars, clocks=clocks)


def _of_units(condition: Mapping[str, tuple[Scalar, ...]]) -> dict[str, tuple[Scalar, ...]]:
    return {
        field: tuple(unit_name(value) if isinstance(value, str) else value for value in values)
        if field == "unit"
        else values
        for field, values in condition.items()
    }


def _rung_with_unit_names(policy: Policy, rung: Rung) -> Rung:
    if not rung.fields:
        return rung
    own = policy.actions.get(rung.then)
    known = (ACTIONS[rung.then].fields if rung.then in ACTIONS else {}) | ({} if own is None else own.fields)
    fields = {
        field: unit_name(value)
        if isinstance(value, str) and field in known and known[field].type == "unit"
        else value
        for field, value in rung.fields.items()
    }
    return attrs.evolve(rung, fields=fields)


@cache
def shipped() -> tuple[str, ...]:
    """The names of the shipped policies."""
    names = (file.name for file in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def _folder() -> Traversable:
    """Where the shipped policies lie."""
    from importlib import resources  # a good part of the time of importing caseflow

    return resources.files("caseflow.policies")


def read_toml(path: Path, notes: Notes) -> dict[str, Any] | None:
    """A TOML file as a table; `None` with the problem noted when it is none, too large or nested too deep."""
    try:
        if not path.is_file():
            notes.add(".", "not-a-file" if path.exists() else "unknown-policy", path)
            return None
        if path.stat().st_size > LARGEST_FILE:
            notes.add(".", "too-large", f"{path.stat().st_size} bytes, at most {LARGEST_FILE}")
            return None
        return _parse(path.read_bytes(), notes)
    except OSError as error:
        notes.add(".", "not-a-file", error.strerror or str(error))
        return None


def _parse(raw: bytes, notes: Notes) -> dict[str, Any] | None:
    try:
        return toml_table(raw, what=notes.file)
    except BadInput as error:
        notes.add(".", error.code, error.data["found"])
        return None


def _table(name: str | Path, notes: Notes, above: tuple[str, ...]) -> tuple[dict[str, Any] | None, Path]:
    """The table of a shipped policy or a file, laid over the one it extends; and the folder it stands in."""
    if str(name) in shipped():
        raw = _folder().joinpath(f"{name}.toml").read_bytes()
        table, path = _parse(raw, notes), Path(str(name))
    else:
        path = Path(name)
        table = read_toml(path, notes)
    if table is None or "extends" not in table:
        return table, path.parent
    base, removed = table.pop("extends"), table.pop("remove", [])
    here = str(path.resolve())
    if not isinstance(base, str):
        notes.add("extends", "wrong-type", f"{type(base).__name__}, expected a name or path")
        return None, path.parent
    if here in above:
        notes.add("extends", "extends-itself", base)
        return None, path.parent
    if len(above) == MOST_EXTENDS:
        notes.add("extends", "out-of-bounds", f"more than {MOST_EXTENDS} policies, each extending the next")
        return None, path.parent
    inner = base if base in shipped() else path.parent / base
    below, _ = _table(inner, notes.of(str(inner)), (*above, here))
    if below is None:
        return None, path.parent
    if is_list(removed):
        for entry in removed:
            if not _remove(below, str(entry).split(".")):
                notes.add("remove", "unknown-key", entry)
    else:
        notes.add("remove", "wrong-type", f"{removed}, expected a list")
    return _laid_over(below, table), path.parent


def _remove(table: dict[str, Any], path: list[str]) -> bool:
    *tables, last = path
    for key in tables:
        if not isinstance(table.get(key), dict):
            return False
        table = table[key]
    return table.pop(last, None) is not None


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if is_table(value) and is_table(under):
            value = _laid_over(under, value)
        merged[key] = value
    return merged


def _calendars(
    policy: Policy, folder: Path, supplied: Mapping[str, Calendar], notes: Notes
) -> dict[str, Calendar]:
    if not policy.calendars:
        return {}
    tables: dict[str, Calendar] = {}
    used = used_calendars(policy)
    for name, source in policy.calendars.items():
        if name in supplied:
            tables[name] = supplied[name]
        elif name in used:
            try:
                tables[name] = calendar_from(name, source, folder)
            except CaseflowError as error:
                notes.add(f"calendars.{name}", "calendar-unavailable", error)
    check_office_hours(policy, tables, notes)
    return tables
