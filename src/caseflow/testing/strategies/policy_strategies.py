"""Small valid policies, put together from what portals do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import tomli_w
from hypothesis import strategies as st

from caseflow.core.policy import Policy
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import zone_info
from caseflow.errors import PolicyError
from caseflow.policies.parse import Notes, is_list, is_table, policy_from
from caseflow.policies.validate import check
from caseflow.testing.strategies.arguments import check_among, check_count
from caseflow.testing.strategies.calendar_strategies import calendars
from caseflow.testing.strategies.policy_features import FEATURES, Table, plain

ZONES = ("Asia/Shanghai", "UTC", "Europe/Amsterdam", "America/St_Johns", "Pacific/Apia")
"""Zones that are drawn: China's, none, one with summer time, one at half hours, one that skipped a day."""
COUNTINGS = ("natural", "elapsed", "working", "office")
"""Ways of counting, plainest first."""
LONGEST = 30
"""Days of the longest rung."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SmallPolicy(Policy):
    """A drawn policy: a policy in every way, that prints itself as the TOML it could have come from."""

    table: dict[str, Any] = attrs.field(factory=dict[str, Any], metadata={"document": False})

    def __repr__(self) -> str:
        dated = "".join(f"\n# {calendar!r}" for calendar in self.tables.values())
        return f"<policy\n{as_toml(self.table)}{dated}>"


def policies(
    *,
    zones: Sequence[str] = ZONES,
    countings: Sequence[str] = COUNTINGS,
    max_clocks: int = 2,
    max_rungs: int = 3,
    max_features: int = 4,
    tables: st.SearchStrategy[Calendar] | None = None,
) -> st.SearchStrategy[Policy]:
    """Valid policies with few states and actions, each with at least one clock.

    Every one begins as: submit, work, close, and one clock from the submission to the end. Features are added
    to it: units and routing, public replies, waiting for information (a pause), extensions, withdrawal and
    reopening, co-handling units, an action of its own with typed fields, own fields on built-in ones, actions
    limited in number and in time, ratings, timed closing, a clock for some kinds only, roles that may
    backdate. Clocks count in every way, begin anew, at another's end or from before their start, hang on
    fields of the case, or follow what is changed of the submission; a clock may have extensions of its own, a
    region a calendar, a unit a zone.

    Shrinks to no feature, one clock, one rung of one natural day, and the first zone.

    Args:
        zones: IANA names to choose from.
        countings: of ``natural``, ``elapsed``, ``working`` and ``office``.
        max_clocks, max_rungs: of each policy, and of each clock.
        max_features: how many of the features at the most.
        tables: calendars for clocks that count working days; `calendars` by default.

    Raises:
        BadInput: an unknown zone or counting, a count that is none.
    """
    for zone in zones:
        zone_info(zone)
    check_among(tuple(countings), COUNTINGS, what="countings")
    check_count(max_clocks, what="max_clocks", least=1, most=10)
    check_count(max_rungs, what="max_rungs", least=1, most=10)
    check_count(max_features, what="max_features", least=0, most=len(FEATURES))
    chosen = st.lists(
        st.sampled_from(FEATURES), max_size=max_features, unique_by=lambda feature: feature.__name__
    )
    clocks = st.lists(_clocks(countings, max_rungs), min_size=1, max_size=max_clocks)
    return st.builds(
        _policy,
        st.sampled_from(list(zones)),
        chosen,
        clocks,
        calendars() if tables is None else tables,
    )


def _clocks(countings: Sequence[str], max_rungs: int) -> st.SearchStrategy[dict[str, Any]]:
    """The counting and the ladder of one clock; what starts and stops it, the features say."""
    rungs = st.lists(st.integers(1, LONGEST), min_size=1, max_size=max_rungs, unique=True).map(sorted)
    return st.builds(
        _clock,
        counting=st.sampled_from(list(countings)),
        lengths=rungs,
        warnings=st.integers(0, max_rungs - 1),
        unit=st.integers(0, 3),
        terms=st.lists(st.sampled_from(list(TERMS)), max_size=2, unique_by=lambda term: term[0]),
        hung=st.sampled_from(HUNG),
    )


UNITS_OF = {
    "natural": ("days", "days", "weeks", "months"),
    "working": ("days",),
    "elapsed": ("days", "hours", "minutes", "weeks"),
    "office": ("days", "hours", "minutes"),
}
"""The units of a length, by how a clock counts; plainest first."""
TERMS = (
    ("roll", "next-working-day"),
    ("first", "same-day"),
    ("first", "next-working-day"),
    ("cut_off", "17:00"),
    ("ends", "closing"),
    ("paused_day", "touched"),
    ("paused_day", "whole"),
)
"""What a count by days may have besides."""
HUNG: tuple[dict[str, Any], ...] = ({}, {"days": -2}, {"days": 3}, {"percent": 80}, {"every": 2, "times": 2})
"""How a rung may hang on the last one, or come again."""


def _clock(
    counting: str,
    lengths: list[int],
    warnings: int,
    unit: int,
    terms: Sequence[tuple[str, str]],
    hung: dict[str, Any],
) -> dict[str, Any]:
    units_of = UNITS_OF[counting]
    by_days = counting in ("natural", "working")
    length_unit = units_of[unit % len(units_of)]
    factor = 60 if length_unit == "minutes" else 1
    warned = min(warnings, len(lengths) - 1)
    rungs: list[dict[str, Any]] = [
        {
            "level": f"level{index + 1}",
            length_unit: length * factor,
            **({"kind": "warning"} if index < warned else {}),
        }
        for index, length in enumerate(lengths)
    ]
    if "every" in hung:
        rungs[-1] |= hung
    elif hung and not (by_days and "percent" in hung):
        kind = {} if hung.get("days", 0) > 0 else {"kind": "warning"}
        rungs.append({"level": "hung", "of": rungs[-1]["level"], **hung, **kind})
    fitting = dict(terms) if by_days else {}
    if counting == "office":
        fitting = {key: word for key, word in terms if word == "next-working-day" and key == "first"}
    needs = counting in ("working", "office") or bool(fitting.keys() - {"paused_day"})
    dated = (needs and fitting != {"first": "same-day"}) or counting == "working"
    calendar = {"calendar": "office"} if dated else {}
    counted = {"counting": counting, **fitting, **calendar}
    return {"start": ["submit"], "stop": ["close"], **counted, "rungs": rungs}


def _policy(
    zone: str,
    chosen: Sequence[Callable[[dict[str, Any]], None]],
    clocks: Sequence[dict[str, Any]],
    office: Calendar,
) -> Policy:
    table = plain()
    table["timezone"] = zone
    table["clocks"] = {f"clock{index + 1}": dict(clock) for index, clock in enumerate(clocks)}
    for feature in FEATURES:  # in one order, whatever the order of the draw
        if feature in chosen:
            feature(table)
    dated = any(clock.get("calendar") for clock in clocks)
    named = {name: {"file": f"{name}.toml"} | rule for name, rule in table.pop("calendars", OFFICE).items()}
    if dated:
        table["calendars"] = named
    notes = Notes("drawn policy")
    policy = policy_from(table, notes)
    if policy is not None:
        check(policy, notes)
    if policy is None or notes.problems:
        raise PolicyError(notes.problems)
    parts = {field.name: getattr(policy, field.name) for field in attrs.fields(Policy)}
    parts["tables"] = {"office": office, "north": _north(office)} if dated else {}
    parts["tables"] = {name: parts["tables"][name] for name in parts["calendars"]}
    return SmallPolicy(**parts, table=table)


OFFICE: Table = {"office": {}}


def _north(office: Calendar) -> Calendar:
    """The calendar of a region with other rest days."""
    return Calendar(name="north", first=office.first, last=office.last, week=(0, 1, 2, 3), hours=office.hours)


def as_toml(table: Mapping[str, Any]) -> str:
    """The text of a table; entries that are `None` are left out, since TOML has no word for them."""
    return tomli_w.dumps(_without_none(table))


def _without_none(part: Any) -> Any:
    if is_table(part):
        return {key: _without_none(entry) for key, entry in part.items() if entry is not None}
    if is_list(part):
        return [_without_none(entry) for entry in part]
    return part
