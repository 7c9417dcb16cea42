"""Real logs: excesses beside a plain count, and repeated texts beside every pair and people's own titles.

Numbers alone are printed, with -s; no text of these logs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy import stats
from scipy.cluster.hierarchy import DisjointSet

from caseflow.analytics import Occurrence, excesses, near_duplicates
from caseflow.analytics.repeated_texts import SHORTEST, plain_text
from caseflow.core.time.instants import micros
from tests.journeys.test_real_logs import needs_data, rows

pytestmark = pytest.mark.soak

BOSTON = "America/New_York"
STORM_WEEK = date(2011, 9, 4)
"""The day after the week in which Tropical Storm Irene came to Boston, on 28 August 2011."""

Pair = tuple[str, str]


def boston() -> list[Occurrence]:
    zone = ZoneInfo(BOSTON)
    return [
        Occurrence(
            row["case_id"], row["type"], row["neighborhood"],
            micros(datetime.fromisoformat(row["opened_at"]).replace(tzinfo=zone)),
        )
        for row in rows("boston311_2011h2.csv.gz")
    ]  # fmt: skip


@needs_data
@pytest.mark.parametrize(("days", "until"), [(7, STORM_WEEK), (14, date(2012, 1, 1)), (7, date(2011, 11, 6))])
def test_boston_is_counted_as_a_plain_count_has_it(days: int, until: date) -> None:
    """Cases, expectation and p, by type and neighbourhood, counted anew from the file's own text."""
    search = excesses(boston(), until=until, days=days, zone=BOSTON)
    table = [(row["case_id"], row["type"], row["neighborhood"], date.fromisoformat(row["opened_at"][:10]))
             for row in rows("boston311_2011h2.csv.gz")]  # fmt: skip
    first = min(day for *_, day in table) + timedelta(days=1)
    ids, past = defaultdict[Pair, list[str]](list), Counter[Pair]()
    seen = Counter[str]()
    starts = [until - timedelta(days=days * (turn + 1)) for turn in range(1 + search.windows)]
    assert starts[-1] >= first > starts[-1] - timedelta(days=days)
    for case_id, kind, place, day in table:
        for name in (f"k{kind}", f"p{place}"):
            seen[name] = min(seen.get(name, 10**9), day.toordinal())
        if starts[0] <= day < until:
            ids[kind, place].append(case_id)
        elif starts[-1] <= day < starts[0]:
            past[kind, place] += 1
    for one in search.excesses:
        cell = one.kind, one.place
        known = max(seen[f"k{one.kind}"], seen[f"p{one.place}"])
        windows = sum(start.toordinal() + days > known for start in starts[1:])
        assert (one.cases, one.windows) == (tuple(sorted(ids[cell])), windows)
        assert one.expected == pytest.approx(past[cell] / windows)
        assert one.p == pytest.approx(
            float(stats.betabinom.sf(one.count - 1, one.count + past[cell], one.shape, windows * one.shape)
                  if np.isfinite(one.shape)
                  else stats.binom.sf(one.count - 1, one.count + past[cell], 1 / (windows + 1)))
        )  # fmt: skip
    print(
        f"Boston, {days} days until {until}: {search.looked_at} looked at against {search.windows} windows, "
        f"{len(search.excesses)} excesses, {len(search.too_new)} too new"
    )


@needs_data
def test_a_storm_is_found_in_boston() -> None:
    """In the week of the storm trees fell everywhere; of twelve quiet weeks hardly one has an excess."""
    log = boston()
    storm = excesses(log, until=STORM_WEEK, days=7, zone=BOSTON).excesses
    assert len([one for one in storm if one.kind == "Tree Emergencies"]) >= 12
    assert storm[0].kind == "Tree Emergencies"
    quiet = [
        len(excesses(log, until=date(2011, 9, 18) + timedelta(weeks=week), days=7, zone=BOSTON).excesses)
        for week in range(12)
    ]
    print(f"excesses in the storm's week: {len(storm)}; in twelve weeks after it: {quiet}")
    assert sum(quiet) < len(storm)


def messages(file: str) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Texts, titles and labels by case."""
    table = list(rows(file))
    label = {row["case_id"]: row.get("category_level1", "") for row in table}
    return (
        {row["case_id"]: row["text"] for row in table},
        {row["case_id"]: row["title"] for row in table},
        label,
    )


def every_pair(texts: Mapping[str, str], similar: float) -> set[Pair]:
    """The pairs of a group, by an index of n-grams that compares all that have one in common."""
    index, connected = defaultdict[str, list[str]](list), DisjointSet(sorted(texts))
    grams: dict[str, set[str]] = {}
    for one in sorted(texts):
        plain = plain_text(texts[one])
        grams[one] = {plain[place : place + 3] for place in range(len(plain) - 2)}
        if len(plain) < SHORTEST:
            continue
        shared = Counter(other for gram in grams[one] for other in index[gram])
        for other, both in shared.items():
            if both >= similar * (len(grams[one]) + len(grams[other]) - both):
                connected.merge(one, other)
        for gram in grams[one]:
            index[gram].append(one)
    return pairs_of(connected.subsets())


def pairs_of(groups: Iterable[Iterable[str]]) -> set[Pair]:
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def told(name: str, ours: set[Pair], truth: set[Pair]) -> tuple[float, float]:
    """Precision and recall, printed."""
    hits = len(ours & truth)
    precision, recall = hits / max(len(ours), 1), hits / max(len(truth), 1)
    print(f"{name}: {len(ours)} pairs, {len(truth)} true, precision {precision:.3f}, recall {recall:.3f}")
    return precision, recall


@needs_data
@pytest.mark.parametrize("file", [
    pytest.param("tipdm_messages_votes.csv.gz", marks=pytest.mark.soak), "tipdm_labelled_sample.csv.gz",
])  # fmt: skip
def test_groups_of_messages_are_those_of_every_pair(file: str) -> None:
    """The sketches miss no more than one pair in fifty of those that a comparison of all finds."""
    texts, _, _ = messages(file)
    for similar in (0.3, 0.5, 0.7):
        ours, truth = pairs_of(near_duplicates(texts, similar=similar)), every_pair(texts, similar)
        told(f"{file} at {similar}", ours, truth)
        assert ours <= truth
        assert len(truth - ours) <= len(truth) / 50


@needs_data
def test_messages_under_one_title_are_mostly_in_one_group() -> None:
    """Titles are no part of what is compared: pairs that people called the same are a truth of their own.

    It is a lower bound of the truth: the same matter under another title counts as a false alarm here.
    """
    texts, titles, _ = messages("tipdm_messages_votes.csv.gz")
    named = defaultdict[str, list[str]](list)
    for case_id, title in titles.items():
        named[plain_text(title)].append(case_id)
    groups = near_duplicates(texts)
    _, recall = told("the same title, another's text", pairs_of(groups), pairs_of(named.values()))
    assert recall >= 0.8


@needs_data
def test_no_group_of_the_labelled_sample_mixes_categories() -> None:
    """The sample's labels are seven categories and no topics, which can refute a group and confirm none."""
    texts, _, label = messages("tipdm_labelled_sample.csv.gz")
    for similar in (0.2, 0.3, 0.5):
        groups = near_duplicates(texts, similar=similar)
        pure = sum(len({label[one] for one in group}) == 1 for group in groups)
        print(f"labelled sample at {similar}: {len(groups)} groups, {pure} of one category")
        assert pure == len(groups)
