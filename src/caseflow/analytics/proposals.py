"""Proposals of what to put right: excesses over the past and texts that repeat, each with its cases."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any, Literal

from caseflow.analytics.excess import LEAST_WINDOWS, LEVEL, Baseline, Excess, Period, Search, excesses
from caseflow.analytics.occurrences import Occurrence, occurrences
from caseflow.analytics.repeated_texts import SIMILAR, near_duplicates
from caseflow.core.model.case import Case
from caseflow.core.time.instants import moment, office_days
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.errors import BadRecord, CaseflowError
from caseflow.ports.records import Aside

LEAST_CASES = 3
"""Fewer cases are no recurring problem; this library's default."""
RECTIFICATION = "rectification"
"""The policy of rectifications, whose own cases are no occurrences of a problem."""


class Proposal(Value):
    """What a person may put right, or dismiss.

    Attributes:
        basis: whether more came than the past lets expect, or texts say nearly the same.
        kind, place: of its cases; empty where they differ.
        cases: the ids, sorted.
        groups: those among them whose texts say nearly the same, the largest group first.
        excess: expectation, bound and p; `None` for texts.
    """

    window: Period
    basis: Literal["excess", "texts"]
    kind: str
    place: str
    cases: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...] = ()
    excess: Excess | None = None

    @property
    def id(self) -> str:
        """The id that its rectification has, or has had when it was dismissed: the same for the same window.

        Of an excess it is made of kind, place and window; of texts of the window and the first of the cases.
        """
        what = (self.kind, self.place) if self.basis == "excess" else (self.cases[0],)
        named = json.dumps([self.basis, *what, str(self.window.since), str(self.window.until)])
        return f"recurring-{hashlib.sha256(named.encode()).hexdigest()[:24]}"

    def document(self) -> dict[str, Any]:
        """The proposal for programs."""
        one = self.excess
        numbers = {} if one is None else {
            "expected": one.expected, "bound": one.bound, "p": one.p, "adjusted_p": one.adjusted_p,
            "windows": one.windows,
        }  # fmt: skip
        return {
            "id": self.id, "basis": self.basis, "kind": self.kind, "place": self.place,
            "count": len(self.cases), **numbers, "cases": list(self.cases),
            "groups": [list(group) for group in self.groups],
        }  # fmt: skip


class Proposals(Value):
    """What was looked at, and what is proposed.

    Attributes:
        proposals: excesses first, the least probable before others; then texts, the largest group first.
        search: how the excesses were sought.
        decided: ids of proposals that are left out, since a person opened or dismissed them.
    """

    proposals: tuple[Proposal, ...]
    search: Search
    decided: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """All of it for programs."""
        search = self.search
        return {
            "since": search.window.since.isoformat(), "until": search.window.until.isoformat(),
            "baseline": search.baseline, "windows": search.windows, "looked_at": search.looked_at,
            "level": search.level, "threshold": search.threshold,
            "proposals": [proposal.document() for proposal in self.proposals],
            "too_new": [one.to_dict() for one in search.too_new], "decided": list(self.decided),
        }  # fmt: skip


def propose(
    rows: Iterable[Occurrence],
    *,
    until: date,
    days: int,
    zone: str = "Asia/Shanghai",
    since: date | None = None,
    level: float = LEVEL,
    least_windows: int = LEAST_WINDOWS,
    baseline: Baseline | None = None,
    similar: float = SIMILAR,
    least_cases: int = LEAST_CASES,
) -> Proposals:
    """Propose what to put right from rows of any source; see `excesses` and `near_duplicates`.

    Args:
        similar: the share of n-grams in common from which texts repeat.
        least_cases: of a proposal.
    """
    listed = list(rows)
    search = excesses(
        listed, until=until, days=days, zone=zone, since=since, level=level, least_windows=least_windows,
        baseline=baseline,
    )  # fmt: skip
    first, end = (office_days(zone).midnight(day.toordinal()) for day in (search.window.since, until))
    within = {row.id: row for row in listed if first <= row.at_us < end}
    groups = near_duplicates({row.id: row.text for row in within.values() if row.text}, similar=similar)
    return Proposals(
        (*_of_excesses(search, groups, least_cases), *_of_texts(search, groups, within, least_cases)), search
    )


def _of_excesses(search: Search, groups: Iterable[tuple[str, ...]], least: int) -> Iterable[Proposal]:
    group_of = {case_id: group for group in groups for case_id in group}
    for one in search.excesses:
        if one.count < least:
            continue
        shared = Counter(group_of[case_id] for case_id in one.cases if case_id in group_of)
        repeated = (tuple(sorted(set(group) & set(one.cases))) for group, many in shared.items() if many > 1)
        yield Proposal(
            search.window, "excess", one.kind, one.place, one.cases,
            groups=tuple(sorted(repeated, key=lambda ids: (-len(ids), ids))), excess=one,
        )  # fmt: skip


def _of_texts(
    search: Search, groups: Iterable[tuple[str, ...]], rows: dict[str, Occurrence], least: int
) -> Iterable[Proposal]:
    """The groups that no excess holds whole."""
    for group in groups:
        if len(group) < least or any(
            one.count >= least and set(group) <= set(one.cases) for one in search.excesses
        ):
            continue
        kinds, places = {rows[one].kind for one in group}, {rows[one].place for one in group}
        kind, place = ("" if len(names) > 1 else names.pop() for names in (kinds, places))
        yield Proposal(search.window, "texts", kind, place, group, groups=(group,))


def proposals_of(
    desk: Desk,
    *,
    days: int,
    until: date | None = None,
    kind: str = "kind",
    place: str = "region",
    policies: Collection[str] | None = None,
    with_texts: bool = True,
    zone: str | None = None,
    aside: Aside | None = None,
    **options: Any,
) -> Proposals:
    """Propose what to put right from a desk's own cases, those left out that a person has decided on.

    Args:
        desk: its own clock says today.
        days: the length of the window.
        until: the day after the window's last; by default today, so that the window's days are whole.
        kind, place: the fields of the submission that tell them; ``unit`` is who holds the case.
        policies: names of those whose cases count; by default all but ``rectification``.
        with_texts: whether texts are compared.
        zone: whose days count; by default that of the desk's first policy.
        aside: is told of each case that cannot be read.
        options: of `propose`.
    """
    zone = zone or desk.rules.policy.timezone
    end = until or moment(desk.clock.now_us(), zone).date()
    since_us = office_days(zone).midnight((end - timedelta(days=days)).toordinal()) if with_texts else None
    names: dict[str, str] = {}

    def counts(case: Case) -> bool:
        pin = case.origin.policy_hash
        if pin not in names:
            names[pin] = _policy_name(desk, case)
        return names[pin] != RECTIFICATION if policies is None else names[pin] in policies

    rows = occurrences(
        desk.store, kind=kind, place=place, texts_since_us=since_us, counts=counts, aside=aside
    )  # fmt: skip
    every = propose(rows, until=end, days=days, zone=zone, **options)
    decided = {one.id for one in every.proposals if _is_decided(desk, one.id)}
    left = tuple(one for one in every.proposals if one.id not in decided)
    return every.replace(proposals=left, decided=tuple(sorted(decided)))


def _is_decided(desk: Desk, case_id: str) -> bool:
    """Whether there is a case of that id, be it one that cannot be read."""
    try:
        return desk.store.load(case_id) is not None
    except BadRecord:
        return True


def _policy_name(desk: Desk, case: Case) -> str:
    """The name of the policy that the case pinned; empty where it cannot be read."""
    try:
        return desk.rules_of(case).policy.name
    except CaseflowError:
        return ""
