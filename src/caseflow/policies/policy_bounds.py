"""Whether the names and numbers of a policy keep to their bounds, looked at before all else."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.core.bounds import LONGEST_NAME, MOST_RUNGS, MOST_TIMES, TEMPLATE
from caseflow.core.policy import ClockRule, Policy, Rung
from caseflow.core.time.span import LONGEST, LONGEST_OF
from caseflow.policies.parse import Notes

_SUFFIX = len("+1000")
"""Of the level of a rung that comes again."""


def check_bounds(policy: Policy, notes: Notes) -> None:
    """Note what is longer, larger or smaller than it may be, with the bound."""
    limits = policy.limits
    for key in ("returns", "reopens", "extensions"):
        _check_number(getattr(limits, key), 0, MOST_TIMES, f"limits.{key}", notes)
    _check_number(limits.extension_days, 0, LONGEST, "limits.extension_days", notes)
    for name, clock in policy.clocks.items():
        _check_clock(clock, f"clocks.{name}", notes)
    for path, name in _names(policy):
        if len(name) > LONGEST_NAME or not name.isprintable():
            notes.add(path, "bad-name", repr(name)[:80])
    for path, key in _templates(policy):
        if key and not TEMPLATE.fullmatch(key):
            notes.add(path, "out-of-bounds", f"{key!r:.80}, expected letters, digits, _ and -")


def _check_clock(clock: ClockRule, path: str, notes: Notes) -> None:
    rungs = len(clock.rungs) + sum(max(rung.times, 0) for rung in clock.rungs)
    if rungs > MOST_RUNGS:
        notes.add(f"{path}.rungs", "out-of-bounds", f"{rungs} rungs with repeats, at most {MOST_RUNGS}")
        return
    for index, rung in enumerate(clock.rungs):
        _check_rung(rung, f"{path}.rungs[{index}]", notes)
    rule = clock.extension
    if rule is not None:
        _check_number(rule.times, None, MOST_TIMES, f"{path}.extension.times", notes)
        for unit in ("days", "weeks", "months"):
            amount = getattr(rule, unit)
            if amount is not None:
                _check_number(amount, None, LONGEST_OF[unit], f"{path}.extension.{unit}", notes)


def _check_rung(rung: Rung, path: str, notes: Notes) -> None:
    if len(rung.level) > LONGEST_NAME - _SUFFIX or not rung.level.isprintable():
        notes.add(f"{path}.level", "bad-name", repr(rung.level)[:80])
    together = (rung.every or 0) * max(rung.times, 0)
    _check_number(together, None, LONGEST, f"{path}.every", notes)


def _check_number(number: int, low: int | None, high: int, path: str, notes: Notes) -> None:
    """Note a number outside its bounds; one without a lower bound has that looked at elsewhere."""
    if number > high or (low is not None and number < low):
        bounds = f"at most {high}" if low is None else f"expected {low} to {high}"
        notes.add(path, "out-of-bounds", f"{number}, {bounds}")


def _names(policy: Policy) -> Iterator[tuple[str, str]]:
    """The names that are not keys of tables, each with its path."""
    for name, clock in policy.clocks.items():
        yield from ((f"clocks.{name}.was[{index}]", old) for index, old in enumerate(clock.was))
        yield f"clocks.{name}.subject", clock.subject
    yield from ((f"retired[{index}]", old) for index, old in enumerate(policy.retired))
    for name, document in policy.documents.items():
        yield f"documents.{name}.series", document.series
    for name, notice in policy.notices.items():
        yield from ((f"notices.{name}.channels[{at}]", channel) for at, channel in enumerate(notice.channels))
    for name, unit in policy.units.items():
        yield from ((f"units.{name}.{key}", getattr(unit, key)) for key in ("parent", "lead", "timezone"))


def _templates(policy: Policy) -> Iterator[tuple[str, str]]:
    yield from ((f"documents.{name}.template", rule.template) for name, rule in policy.documents.items())
    yield from ((f"notices.{name}.template", rule.template) for name, rule in policy.notices.items())
