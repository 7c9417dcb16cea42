"""Policies made ready once and used by every timeline of the process."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from caseflow.calendars import load_calendar, read_calendar
from caseflow.config import load_policy, shipped
from caseflow.core.calendars import Calendar
from caseflow.core.policy import Policy
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.testing.journal import written

Stamp = tuple[tuple[str, int, int], ...]


@value
class OnHand(Value):
    """A policy compiled, the JSON text a store keeps of it, and the text that names it in Python source."""

    rules: Rules
    text: str
    source: str


_GIVEN: list[tuple[Policy, OnHand]] = []
_KEPT = 16
"""How many policies given as values are remembered."""


def on_hand(policy: str | Path | Policy) -> OnHand:
    """The policy of that name, file or value, compiled.

    A file is read again when it or another TOML file beside it has changed.

    Raises:
        PolicyError: lists every problem of the file.
    """
    if isinstance(policy, Policy):
        return _given(policy)
    name = str(policy)
    return _loaded(name, () if name in shipped() else _stamp(Path(name).resolve()))


@lru_cache(maxsize=64)
def _loaded(name: str, stamp: Stamp) -> OnHand:
    rules = Rules(load_policy(name))
    return OnHand(rules, _text(rules), written(name))


def _given(policy: Policy) -> OnHand:
    for known, found in _GIVEN:
        if known is policy:
            return found
    rules = Rules(policy)
    found = OnHand(rules, _text(rules), _source(rules))
    _GIVEN.append((policy, found))
    del _GIVEN[:-_KEPT]
    return found


def _text(rules: Rules) -> str:
    return json.dumps(rules.document, ensure_ascii=False)


def _source(rules: Rules) -> str:
    """Python that gives the same policy: the name of a shipped one as it stands, else its document."""
    if rules.policy.name in shipped() and on_hand(rules.policy.name).rules.pin == rules.pin:
        return written(rules.policy.name)
    return f"policy_from_document(json.loads({written(_text(rules))}))"


def _stamp(path: Path) -> Stamp:
    """What tells whether the file or another TOML file beside it has changed."""
    found = ((file, file.stat()) for file in sorted({path, *path.parent.glob("*.toml")}) if file.is_file())
    return ((str(path), 0, 0), *((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in found))


def working_calendar(given: Calendar | str | Path | None, policy: Policy) -> Calendar:
    """The calendar by which a timeline counts working days.

    Args:
        given: a calendar, the path of a table file, ``CN`` for the Chinese public one, or `None` for the
            policy's own when it has exactly one, else ``CN``.
        policy: the timeline's policy.

    Raises:
        BadInput: the file is no calendar, or the extra ``cn`` is not installed.
    """
    if isinstance(given, Calendar):
        return given
    if given is None and len(policy.tables) == 1:
        return next(iter(policy.tables.values()))
    if given is None or str(given) == "CN":
        return load_calendar("CN")
    return read_calendar(Path(given))
