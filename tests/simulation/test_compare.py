"""What if: differences come from what was changed, and the interval is the one it says."""

from __future__ import annotations

from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from caseflow.simulation import load_scenario
from caseflow.simulation.chart import ChartText, drawn
from caseflow.simulation.compare import Measured, interval, measured, quantile
from caseflow.simulation.what_if import changed
from tests.simulation.cities import SMALL, logged, scenario


def by_key(items: tuple[Measured, ...]) -> dict[str, Measured]:
    return {item.key: item for item in items}


def test_the_same_scenario_differs_in_nothing() -> None:
    """Common random numbers: against itself every difference is 0, with an interval of no length."""
    city = load_scenario("city")
    for item in measured(city, city, cases=120, runs=2):
        assert (item.difference, item.low, item.high) == (0, 0, 0)


def test_units_that_do_not_heed_write_the_same_log_under_any_deadline() -> None:
    """ "3 days instead of 5" changes the cards alone: more yellow ones, and no act of anybody."""
    city = changed(load_scenario("city"), ["handling.heeds=0", "handling.extended=0"])
    other = changed(city, ["reply.yellow=3 days"])
    assert logged(city, cases=200)[1] == logged(other, cases=200)[1]
    measures = by_key(measured(city, other, cases=200, runs=2))
    assert (measures["cards.reply.yellow"].difference or 0) > 0
    assert (measures["on_time"].difference or 0) < 0
    assert measures["cards.reply.red"].difference == measures["reply.p50"].difference == 0


def test_more_officers_shorten_the_queue_and_the_interval_says_so(tmp_path: Path) -> None:
    """Two more officers of an overloaded unit: sooner replies, fewer cards, less work for each."""
    one = scenario(tmp_path, SMALL + "officers = 1\nwork = { median = 2, spread = 1.5 }\n")
    measures = by_key(measured(one, changed(one, ["units.城管局.officers=+2"]), cases=100, runs=5))
    for key in ("cards.reply.yellow", "reply.p90", "busy"):
        high = measures[key].high
        assert high is not None
        assert high < 0
    low = measures["on_time"].low
    assert low is not None
    assert low > 0


def test_a_case_still_within_its_time_is_in_no_rate(tmp_path: Path) -> None:
    """The rate's denominator is what was replied to or carded; open cases in time are in neither number."""
    slow = scenario(tmp_path, SMALL.replace("days = 28", "days = 4") + "wait = { median = 500 }\n")
    measures = by_key(measured(slow, cases=20))
    assert "on_time" not in measures
    assert measures["unanswered"].one == 20


def test_the_interval_covers_the_mean_nineteen_times_in_twenty() -> None:
    """Of 2,000 samples of five, 95 % hold the true mean within 1.5 points; one value has no interval."""
    chance = Random(1)
    held = 0
    for _ in range(2000):
        low, high = interval([chance.gauss(3, 2) for _ in range(5)])
        assert low is not None
        assert high is not None
        held += low <= 3 <= high
    assert held / 2000 == pytest.approx(0.95, abs=0.015)
    assert interval([1.0]) == (None, None)


def test_the_t_point_is_smooth_where_the_table_ends() -> None:
    """At 30 and 31 degrees of freedom the interval of alike samples differs by less than 2 %."""
    halves = []
    for count in (31, 32):
        low, high = interval([float(n % 2) for n in range(count)])
        assert low is not None
        assert high is not None
        halves.append((high - low) * count**0.5)
    assert halves[0] / halves[1] == pytest.approx(1, rel=0.02)


def test_a_quantile_is_a_value_that_was_seen() -> None:
    """The least of the values that so great a share does not exceed."""
    assert [quantile([1, 2, 3, 4], share) for share in (0, 0.25, 0.26, 0.5, 1)] == [1, 1, 2, 2, 4]


def test_a_drawing_shows_every_measure_that_has_a_name() -> None:
    """It is well-formed XML with each label, number and interval, odd characters included."""
    measures = (
        Measured(key="a", one=4, other=6, low=1, high=3),
        Measured(key="b", one=0, other=0),
        Measured(key="hidden", one=1, other=2),
    )
    words = ChartText(
        title="A & B", subtitle="<2>", one="现状", other="so", difference="差", names={"a": "黄牌", "b": "b"},
        numbers={"a": ("4", "6", "+2 (1 至 3)"), "b": ("0", "0", "+0")},
    )  # fmt: skip
    root = ElementTree.fromstring(drawn(measures, words))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"A & B", "<2>", "黄牌", "+2 (1 至 3)", "现状", "so"} <= set(texts)
    alone = drawn((Measured(key="a", one=4, low=1, high=3),), words)
    assert "circle" not in alone
