"""A fitted scenario: what went into a log comes out of it, and real logs are met as closely as we say."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from benchmarks.fit import Log, logs, outcomes, simulated

from caseflow import MemoryStore, load_policy
from caseflow.errors import BadInput
from caseflow.interchange import replay
from caseflow.ports import Query
from caseflow.simulation import simulate
from caseflow.simulation.fit import Seen, distance, fitted, seen
from tests.simulation.cities import SMALL, scenario

KNOWN = """
wait = { median = 12, spread = 2.5, never = 0.05 }
[units."住建局"]
weight = 2
wait = { median = 40, spread = 1.6 }
[arrivals]
hour = [0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 4, 3, 2, 2, 2, 1, 1, 1, 1, 1, 1, 0, 0]
weekday = [2, 2, 1, 1, 1, 0.5, 0.5]
"""


def cases_of(log: Path) -> tuple[Seen, ...]:
    """What a log shows of its cases."""
    store = MemoryStore()
    summary = replay([log], policy=load_policy("wuhu"), store=store)
    assert summary.as_of_us is not None
    return seen(store.find(Query(limit=summary.cases)), end_us=summary.as_of_us)


@pytest.mark.soak
def test_a_known_scenario_is_found_again_in_its_own_log(tmp_path: Path) -> None:
    """Arrivals, waits and the share never replied to come back, from a log with open cases in it."""
    known = scenario(tmp_path, SMALL.replace("days = 28", "days = 180") + KNOWN)
    with (tmp_path / "log.csv").open("w", encoding="utf-8", newline="") as file:
        simulate(known, cases=4000, out=file)
    cases = cases_of(tmp_path / "log.csv")
    assert known.rules is not None
    refitted = fitted(cases, rules=known.rules)
    assert not any(unit.officers for unit in refitted.units.values())
    waits = {name: unit.wait for name, unit in refitted.units.items()}
    assert [waits["城管局"].never, waits["住建局"].never] == pytest.approx([0.05, 0], abs=0.02)  # type: ignore[union-attr]  # both have one
    assert waits["城管局"].at(0.475) == pytest.approx(12, rel=0.12)  # type: ignore[union-attr]  # as above
    assert waits["住建局"].at(0.5) == pytest.approx(40, rel=0.12)  # type: ignore[union-attr]  # as above
    assert refitted.units["住建局"].weight / refitted.units["城管局"].weight == pytest.approx(2, rel=0.1)
    mondays, saturdays = refitted.arrivals.weekday[0], refitted.arrivals.weekday[5]
    assert mondays / saturdays == pytest.approx(4, rel=0.25)
    again = attrs.evolve(refitted, start=known.start, days=180)
    assert distance(simulated(again, count=3000), simulated(known, count=3000)) < 0.045


def test_a_log_with_too_few_replies_is_refused(tmp_path: Path) -> None:
    """Five replies are no basis for a distribution."""
    path = tmp_path / "log.csv"
    submit, reply = "c-{0},submit,2025-03-03T09:00:00+08:00,", "c-{0},reply,2025-03-0{0}T10:00:00+08:00,x"
    lines = [row.format(n) for n in range(4, 9) for row in (submit, reply)]
    path.write_text("\n".join(["case_id,action,at,text", *lines, ""]), encoding="utf-8")
    wuhu = load_policy("wuhu")
    with pytest.raises(BadInput, match="5 cases"):
        fitted(cases_of(path), rules=wuhu)


BOUNDS = {
    # log -> split -> greatest gap of the two distributions, greatest error of the median
    "tipdm_message_replies": {"random": (0.06, 0.10), "time": (0.13, 0.45)},
    "boston311_2011h2, citizens": {"random": (0.04, 0.20), "time": (0.12, 0.60)},
}
"""What `docs/explanation/how-good-is-the-simulation.md` says, with a little room for other libraries."""


@pytest.mark.soak
@pytest.mark.parametrize("log", logs(), ids=lambda log: log.name)
def test_held_out_cases_are_met_as_closely_as_we_say(log: Log) -> None:
    """On cases the fit did not see, at random and later ones, the error stays within what the docs tell."""
    if not log.path.exists():
        pytest.skip("shared/data is not beside this checkout")
    for outcome in outcomes(log, log.cases(), count=4000):
        gap, error = BOUNDS[log.name][outcome.split]
        real, simulated_median = outcome.real[2], outcome.simulated[2]
        assert outcome.gap < gap
        assert real is not None
        assert simulated_median is not None
        assert abs(simulated_median / real - 1) < error
