"""Whether what a policy says of its calendars fits together, before and after they are loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from caseflow.core.policy import CalendarSource, Policy
from caseflow.core.time.calendar import Calendar, hours_of
from caseflow.errors import BadInput, Problem
from caseflow.policies.calendar_sources.calendar_table import WORKING_WEEK, date_of
from caseflow.policies.calendars import PROVIDERS, working_week
from caseflow.policies.parse import Notes

_CHOOSERS = ("", "region", "unit")


def check_calendar(policy: Policy, name: str, notes: Notes) -> None:
    """Note what is wrong with the keys of a calendar, whether a clock uses it or not."""
    source, path = policy.calendars[name], f"calendars.{name}"
    if not source.week or not set(source.week) <= set(range(7)):
        notes.add(f"{path}.week", "empty-week", list(source.week))
    if source.provider and source.provider not in PROVIDERS:
        notes.add(f"{path}.provider", "unknown-provider", source.provider)
    _check_companions(source, path, notes)
    _check_days(source, path, notes)
    _check_choice(policy, name, notes)


def used_calendars(policy: Policy) -> tuple[str, ...]:
    """The calendars that clocks and limits of actions name, and those that these choose among, in order."""
    named = {clock.calendar for clock in policy.clocks.values()}
    named |= {action.within.calendar for action in policy.actions.values() if action.within}
    for name in tuple(named & policy.calendars.keys()):
        named |= set(policy.calendars[name].of.values())
    return tuple(name for name in policy.calendars if name in named)


def check_office_hours(policy: Policy, tables: Mapping[str, Calendar], notes: Notes) -> None:
    """Note each loaded calendar without hours by which a clock or a limit counts office time."""
    for name, user in _office_users(policy):
        for table in (name, *policy.calendars[name].of.values()):
            if table in tables and not tables[table].hours:
                notes.add(f"calendars.{table}.hours", "hours-needed", user)


def _office_users(policy: Policy) -> Iterator[tuple[str, str]]:
    """Each calendar with the key path of what counts office time by it, once."""
    seen = set[str]()
    users = [(f"clocks.{name}", clock.counting, clock.calendar) for name, clock in policy.clocks.items()]
    users += [(f"actions.{name}.within", action.within.counting, action.within.calendar)
              for name, action in policy.actions.items() if action.within]  # fmt: skip
    for user, counting, name in users:
        if counting == "office" and name in policy.calendars and name not in seen:
            seen.add(name)
            yield name, user


def _check_companions(source: CalendarSource, path: str, notes: Notes) -> None:
    """Keys that need or exclude one another."""
    if source.file and source.provider:
        notes.add(f"{path}.provider", "not-beside", "file")
    if source.weekend and source.week != WORKING_WEEK:
        notes.add(f"{path}.weekend", "not-beside", "week")
    by_country = source.provider == "holidays" and not source.file
    for key in ("country", "last"):
        if by_country and not getattr(source, key):
            notes.add(f"{path}.{key}", "missing-key")
    for key in ("country", "subdivision"):
        if getattr(source, key) and not by_country:
            notes.add(f"{path}.{key}", "only-of-holidays", source.provider or source.file or "-")
    if source.last and not by_country and not source.file.lower().endswith(".ics"):
        notes.add(f"{path}.last", "only-of-holidays", source.provider or source.file or "-")


def _check_days(source: CalendarSource, path: str, notes: Notes) -> None:
    """Days, hours and names of weekdays: each is what it should be."""
    _check(partial(working_week, source), f"{path}.weekend", notes)
    _check(partial(hours_of, source.hours), f"{path}.hours", notes)
    if source.last:
        _check(partial(date_of, source.last, what="last"), f"{path}.last", notes)
    for day, hours in source.half.items():
        _check(partial(date_of, day, what="half"), f"{path}.half.{day}", notes)
        _check(partial(hours_of, hours), f"{path}.half.{day}", notes)
    for day in source.closed:
        _check(partial(date_of, day, what="closed"), f"{path}.closed.{day}", notes)


def _check(read: Callable[[], object], path: str, notes: Notes) -> None:
    try:
        read()
    except BadInput as error:
        notes.problems.append(Problem(notes.file, path, error.code, error.data["found"]))


def _check_choice(policy: Policy, name: str, notes: Notes) -> None:
    """``by`` and ``of`` belong together, and lead to calendars that do not choose again."""
    source, path = policy.calendars[name], f"calendars.{name}"
    if source.by not in _CHOOSERS:
        notes.add(f"{path}.by", "unknown-chooser", source.by)
    if source.by and not source.of:
        notes.add(f"{path}.of", "missing-key")
    if source.of and not source.by:
        notes.add(f"{path}.by", "missing-key")
    for key, target in source.of.items():
        if target not in policy.calendars:
            notes.add(f"{path}.of.{key}", "unknown-calendar", target)
        elif policy.calendars[target].by:
            notes.add(f"{path}.of.{key}", "chooses-again", target)
