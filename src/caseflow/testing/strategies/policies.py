"""Small valid policies, put together from what portals do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from hypothesis import strategies as st

from caseflow.core.calendars import Calendar
from caseflow.core.instants import zone_info
from caseflow.core.policy import Policy
from caseflow.core.policy_check import check
from caseflow.core.policy_document import Notes, policy_from
from caseflow.errors import PolicyError
from caseflow.testing.strategies import features
from caseflow.testing.strategies.calendars import calendars
from caseflow.testing.strategies.given import check_among, check_count
from caseflow.testing.strategies.toml import as_toml

ZONES = ("Asia/Shanghai", "UTC", "Europe/Amsterdam", "America/St_Johns", "Pacific/Apia")
"""Zones that are drawn: China's, none, one with summer time, one at half hours, one that skipped a day."""
COUNTINGS = ("natural", "elapsed", "working")
"""Ways of counting, plainest first."""
LONGEST = 30
"""Days of the longest rung."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SmallPolicy(Policy):
    """A drawn policy: a policy in every way, that prints itself as the TOML it could have come from."""

    table: dict[str, Any] = attrs.field(factory=dict, metadata={"document": False})

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
    reopening, co-handling units, an action of its own with typed fields, timed closing, a clock for some
    kinds only, roles that may backdate.

    Shrinks to no feature, one clock, one rung of one natural day, and the first zone.

    Args:
        zones: IANA names to choose from.
        countings: of ``natural``, ``elapsed`` and ``working``.
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
    check_count(max_features, what="max_features", least=0, most=len(features.FEATURES))
    chosen = st.lists(
        st.sampled_from(features.FEATURES), max_size=max_features, unique_by=lambda feature: feature.__name__
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
        st.sampled_from(list(countings)),
        rungs,
        st.integers(0, max_rungs - 1),
        st.booleans(),
        st.booleans(),
    )


def _clock(counting: str, lengths: list[int], warnings: int, rolls: bool, hours: bool) -> dict[str, Any]:
    unit = "hours" if hours and counting == "elapsed" else "days"
    warned = min(warnings, len(lengths) - 1)
    rungs: list[dict[str, Any]] = [
        {"level": f"level{index + 1}", unit: length, **({"kind": "warning"} if index < warned else {})}
        for index, length in enumerate(lengths)
    ]
    rolled = {"roll": "next-working-day"} if rolls and counting != "elapsed" else {}
    dated = {"calendar": "office"} if counting == "working" or rolled else {}
    return {"start": ["submit"], "stop": ["close"], "counting": counting, **rolled, **dated, "rungs": rungs}


def _policy(
    zone: str,
    chosen: Sequence[Callable[[dict[str, Any]], None]],
    clocks: Sequence[dict[str, Any]],
    office: Calendar,
) -> Policy:
    table = features.plain()
    table["timezone"] = zone
    table["clocks"] = {f"clock{index + 1}": dict(clock) for index, clock in enumerate(clocks)}
    for feature in features.FEATURES:  # in one order, whatever the order of the draw
        if feature in chosen:
            feature(table)
    dated = any(clock.get("calendar") for clock in clocks)
    if dated:
        table["calendars"] = {"office": {"file": "office.toml"}}
    notes = Notes("drawn policy")
    policy = policy_from(table, notes)
    if policy is not None:
        check(policy, notes)
    if policy is None or notes.problems:
        raise PolicyError(notes.problems)
    parts = {field.name: getattr(policy, field.name) for field in attrs.fields(Policy)}
    parts["tables"] = {"office": office} if dated else {}
    return SmallPolicy(**parts, table=table)
