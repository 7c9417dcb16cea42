"""Policies made ready once and used by every timeline of the process."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.policy import Policy
from caseflow.core.time.calendar import Calendar
from caseflow.core.value import Value
from caseflow.policies.calendars import KINDS, load_calendar, read_calendar
from caseflow.policies.load import load_policy, shipped
from caseflow.testing.step import python_source

Stamp = tuple[tuple[str, int, int], ...]


class ReadyPolicy(Value):
    """A policy compiled, the JSON text a store keeps of it, and the text that names it in Python source."""

    rules: CompiledPolicy
    text: str
    source: str


_VALUES: list[tuple[Policy, ReadyPolicy]] = []
_KEPT = 16
"""How many policies given as values are remembered."""


def ready_policy(policy: str | Path | Policy) -> ReadyPolicy:
    """The policy of that name, file or value, compiled.

    A file is read again when it or another TOML file beside it has changed.

    Raises:
        PolicyError: lists every problem of the file.
    """
    if isinstance(policy, Policy):
        return _of_value(policy)
    name = str(policy)
    return _loaded(name, () if name in shipped() else _stamp(Path(name).resolve()))


@lru_cache(maxsize=64)
def _loaded(name: str, stamp: Stamp) -> ReadyPolicy:
    rules = CompiledPolicy(load_policy(name))
    return ReadyPolicy(rules, _text(rules), python_source(name))


def _of_value(policy: Policy) -> ReadyPolicy:
    for known, ready in _VALUES:
        if known is policy:
            return ready
    rules = CompiledPolicy(policy)
    ready = ReadyPolicy(rules, _text(rules), _source(rules))
    _VALUES.append((policy, ready))
    del _VALUES[:-_KEPT]
    return ready


def _text(rules: CompiledPolicy) -> str:
    return json.dumps(rules.document, ensure_ascii=False)


def _source(rules: CompiledPolicy) -> str:
    """Python that gives the same policy: the name of a shipped one as it stands, else its document."""
    if rules.policy.name in shipped() and ready_policy(rules.policy.name).rules.pin == rules.pin:
        return python_source(rules.policy.name)
    return f"policy_from_document(json.loads({python_source(_text(rules))}))"


def _stamp(path: Path) -> Stamp:
    """What tells whether the file, or a policy's or calendar's beside it, has changed."""
    beside = (file for kind in KINDS for file in path.parent.glob(f"*{kind}"))
    files = ((file, file.stat()) for file in sorted({path, *beside}) if file.is_file())
    return ((str(path), 0, 0), *((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in files))


def working_calendar(calendar: Calendar | str | Path | None, policy: Policy) -> Calendar:
    """The calendar by which a timeline counts working days.

    Args:
        calendar: a calendar, the path of a table file, ``CN`` for the Chinese public one, or `None` for the
            policy's own when it has exactly one, else ``CN``.
        policy: the timeline's policy.

    Raises:
        BadInput: the file is no calendar, or the extra ``cn`` is not installed.
    """
    if isinstance(calendar, Calendar):
        return calendar
    if calendar is None and len(policy.tables) == 1:
        return next(iter(policy.tables.values()))
    if calendar is None or str(calendar) == "CN":
        return load_calendar("CN")
    return read_calendar(Path(calendar))
