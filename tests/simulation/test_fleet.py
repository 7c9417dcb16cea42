"""A simulation: the same seed the same log, a log that replays to the same cards, officers that are few."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import subprocess
import sys
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import attrs
import pytest

from caseflow import MemoryStore
from caseflow.demo.generate import log as demo_log
from caseflow.errors import BadInput
from caseflow.interchange import replay
from caseflow.simulation import load_scenario, simulate
from caseflow.simulation.what_if import changed
from tests.simulation.cities import SMALL, logged, scenario

ROOT = Path(__file__).resolve().parents[2]


def rows(log: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(log)))


@pytest.mark.soak
def test_the_same_seed_gives_the_same_bytes_in_any_process() -> None:
    """Twice here and under three hash seeds elsewhere the log is the same; another seed gives another."""
    city = load_scenario("city")
    _, log = logged(city, cases=150, seed=3)
    assert logged(city, cases=150, seed=3)[1] == log
    assert logged(city, cases=150, seed=4)[1] != log
    program = (
        "import hashlib, io\nfrom caseflow.simulation import load_scenario, simulate\n"
        "out = io.StringIO(newline='')\nsimulate(load_scenario('city'), cases=150, seed=3, out=out)\n"
        "print(hashlib.sha256(out.getvalue().encode()).hexdigest())"
    )
    for seed in ("0", "1", "77"):
        environment = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": seed,
            "TZ": "America/New_York",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, check=True, text=True, env=environment
        )
        assert done.stdout.strip() == hashlib.sha256(log.encode()).hexdigest()


def test_the_bundled_year_is_the_scenario_city() -> None:
    """Making the demo's log again gives the bytes that are bundled."""
    bundled = ROOT / "src" / "caseflow" / "demo" / "year.csv.gz"
    assert demo_log() == gzip.decompress(bundled.read_bytes())


@pytest.mark.parametrize(
    "changes", [[], ["reply.yellow=3 days"], ["handling.takes=deadline", "handling.heeds=1"]], ids=str
)
def test_a_replay_of_the_log_gives_the_same_cards(tmp_path: Path, changes: list[str]) -> None:
    """Nothing in the log is refused, and every card of the simulation is the one the replay issues."""
    town = changed(load_scenario("city"), changes)
    run, log = logged(town, cases=500, seed=5)
    path = tmp_path / "log.csv"
    path.write_text(log, encoding="utf-8")
    assert town.rules is not None
    summary = replay([path], policy=town.rules, store=MemoryStore(), as_of=run.end * 1_000_000 - 1)  # type: ignore[arg-type]  # an int is an instant
    simulated = sorted(
        (card.case_id, card.level, card.effective_us, card.unit, card.stands)
        for case in run.cases
        for card in case.cards
    )
    replayed = sorted(
        (card.case_id, card.level, card.effective_us, card.unit, card.stands) for card in summary.issued
    )
    assert len(simulated) > 100
    assert simulated == replayed
    assert (summary.events, summary.rejected) == (run.commands, 0)
    assert run.refused == {}


def test_every_habit_of_the_city_leaves_its_rows() -> None:
    """In the bundled year each action that the scenario speaks of happens."""
    with gzip.open(
        ROOT / "src" / "caseflow" / "demo" / "year.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        seen = {row["action"] for row in csv.DictReader(file)}
    assert seen == {
        "submit", "reject", "merge", "route", "send_back", "acknowledge", "take_charge", "dispatch",
        "add_co_handler", "report", "request_extension", "grant_extension", "refuse_extension",
        "request_information", "receive_information", "placeholder", "withdraw", "reply", "retract_reply",
        "complete", "rate", "assess", "link_rectification", "verify_rectification", "close", "reopen",
    }  # fmt: skip


def test_rows_are_in_the_order_of_time_and_in_the_zone() -> None:
    """Instants rise, carry the office's offset, and none lies past the last day."""
    run, log = logged(load_scenario("city"), cases=200)
    instants = [datetime.fromisoformat(row["at"]) for row in rows(log)]
    assert all(a <= b for a, b in pairwise(instants))
    assert {str(at.utcoffset()) for at in instants} == {"8:00:00"}
    assert instants[-1].timestamp() < run.end


def test_a_lone_officer_writes_one_reply_at_a_time(tmp_path: Path) -> None:
    """With an hour of work each, replies come an office hour apart at least; two officers write two."""
    text = SMALL + "officers = 1\nwork = { median = 1 }\n"
    for officers in (1, 2):
        town = scenario(tmp_path, text.replace("officers = 1", f"officers = {officers}"))
        _, log = logged(town, cases=300)
        replied = [datetime.fromisoformat(row["at"]) for row in rows(log) if row["action"] == "reply"]
        assert all(9 <= at.hour <= 17 and at.weekday() < 5 for at in replied)
        a_day = {day: sum(at.date() == day for at in replied) for day in {at.date() for at in replied}}
        assert max(a_day.values()) == 8 * officers
        pairs = zip(replied, replied[officers:], strict=False)
        assert all((b - a).total_seconds() >= 3600 for a, b in pairs)


def test_utilisation_is_the_share_of_hours_worked(tmp_path: Path) -> None:
    """Too much work fills every hour; 40 replies of an hour fill a quarter of 160."""
    town = scenario(tmp_path, SMALL + "officers = 1\nwork = { median = 1 }\n")
    full = simulate(attrs.evolve(town, start=town.start), cases=2000)
    assert full.utilisation_of_all > 0.97
    quiet = simulate(attrs.evolve(town, after=28), cases=40)
    assert quiet.utilisation["城管局"] * 320 == pytest.approx(40, abs=0.01)


def test_nearest_deadline_first_saves_cards(tmp_path: Path) -> None:
    """With mixed extensions of time the officer who looks at deadlines answers fewer cases late."""
    text = SMALL + "officers = 1\nwork = { median = 3 }\n[handling]\nstep = { median = 1 }\nextended = 0.6\n"
    text += "granted = 1\nextension_days = 20\n"
    late = {}
    for takes in ("arrival", "deadline"):
        town = attrs.evolve(scenario(tmp_path, text + f'takes = "{takes}"\n'), after=30)
        run = simulate(town, cases=90)
        late[takes] = sum(card.level == "yellow" for case in run.cases for card in case.cards)
    assert late["deadline"] < late["arrival"]


def test_a_unit_that_heeds_its_deadlines_replies_sooner(tmp_path: Path) -> None:
    """What was to take ten days from the reminder on takes half of the rest, and no case gets slower."""
    slow = simulate(scenario(tmp_path, SMALL + "[handling]\nwait = { median = 60 }\n"), cases=60)
    heeds = SMALL + "[handling]\nwait = { median = 60 }\nheeds = 1\nhurry = 0.5\n"
    quick = simulate(scenario(tmp_path, heeds), cases=60)
    pairs = [
        (a, b) for a, b in zip(slow.replied, quick.replied, strict=True) if a is not None and b is not None
    ]
    assert len(pairs) > 30
    assert all(b < a for a, b in pairs)


def test_what_never_happens_never_happens(tmp_path: Path) -> None:
    """A tenth of the cases is never replied to, and the others are."""
    town = scenario(tmp_path, SMALL + "wait = { median = 1, never = 0.1 }\n")
    run = simulate(attrs.evolve(town, after=7), cases=2000)
    unanswered = sum(seconds is None for seconds in run.replied)
    assert unanswered == pytest.approx(200, abs=60)


def test_later_replies_are_rated_lower(tmp_path: Path) -> None:
    """With scores for prompt and for late replies the mean score falls as the wait grows."""
    text = SMALL + "wait = { median = 2 }\n[evaluation]\nrated = 1\nscores = [0, 0, 0, 0, 1]\n"
    text += "late_scores = [1, 0, 0, 0, 0]\npatience = 5\n"

    def mean(text: str) -> float:
        cases = simulate(attrs.evolve(scenario(tmp_path, text), after=40), cases=300).cases
        scores = [rating.score for case in cases for rating in case.facts.ratings]
        return sum(scores) / len(scores)

    assert mean(text.replace("median = 2", "median = 40")) < mean(text) - 1


def test_followers_of_a_withdrawn_case_are_handled_after_all(tmp_path: Path) -> None:
    """A case merged into one that is then withdrawn is routed and replied to."""
    text = (
        SMALL
        + """
[dispatch]
delay = { median = 1 }
merged = 0.6
merge_hours = 200
[handling]
step = { median = 20 }
wait = { median = 40 }
withdrawn = 0.8
[kinds.complaint]
titles = ["路灯不亮"]
"""
    )
    run, log = logged(attrs.evolve(scenario(tmp_path, text), after=60), cases=200)
    acts: dict[str, list[str]] = {}
    for row in rows(log):
        acts.setdefault(row["case_id"], []).append(row["action"])
    withdrawn = {row["case_id"] for row in rows(log) if row["action"] == "withdraw"}
    primaries = {row["case_id"]: row["primary"] for row in rows(log) if row["action"] == "merge"}
    resumed = [case_id for case_id, primary in primaries.items() if primary in withdrawn]
    assert len(resumed) > 2
    assert all({"reply", "withdraw"} & set(acts[case_id]) for case_id in resumed)
    assert run.refused == {}


def test_too_few_cases_are_refused() -> None:
    """No case at all is no simulation."""
    with pytest.raises(BadInput, match="0"):
        simulate(load_scenario("city"), cases=0)
