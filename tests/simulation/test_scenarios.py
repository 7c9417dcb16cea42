"""Scenario files: every problem told with its place, in both languages, and what is written is read back."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
import tomli_w

from caseflow.errors import BadInput, ScenarioError
from caseflow.simulation import load_scenario, scenarios
from caseflow.simulation.scenario import document
from caseflow.simulation.what_if import changed
from tests.simulation.cities import SMALL, scenario

PROBLEMS = {
    "speed = 1": "speed: unknown key speed",
    "cases = 0": "cases: the number is too small: 0",
    'policy = "none"': "no shipped policy and no file",
    'calendar = "none.toml"': "calendar: the calendar cannot be read",
    "after = 40000": "days: at most 36525 days can be simulated",
    "format = 2": "format: format 2 is not known",
    "[arrivals]\nmonth = [1, 2]": "arrivals.month: so many numbers stand here: 2, expected 12",
    "[arrivals]\nweekday = [0, 0, 0, 0, 0, 0, 0]": "arrivals.weekday: numbers are 0 or more",
    "[handling]\nreturned = 1.5": "handling.returned: a share is 0 to 1; found 1.5",
    "[handling]\nreturned = true": "handling.returned: wrong type: bool, expected float",
    '[handling]\ntakes = "age"': "handling.takes: not one of the choices: age",
    "[handling]\nwait = { median = -1 }": "handling.wait.median: numbers are 0 or more",
    "[handling]\nwait = { median = 1, spread = 0.5 }": "handling.wait.spread: the spread is 1 or more",
    '[handling]\nwait = { quantiles = { "10" = 5, "50" = 4 } }': "handling.wait.quantiles: quantiles rise",
    '[handling]\nwait = { quantiles = { half = 5 } }': "handling.wait.quantiles: quantiles go by percents",
    '[units.x]\noffice = { hours = ["9-17"] }': "units.x.office.hours: hours are written 08:30-12:00",
    '[units.x]\noffice = { days = ["monday"] }': "units.x.office.days: weekdays are mon",
    "[units.x]\noffice = { hours = [] }": "units.x.office: this office never works",
    "[units.x]\nofficers = -1": "units.x.officers: the number is too small",
    "[units.x.office.week]\nmon = [1]": "units.x.office.week: weekdays are mon",
    "[kinds.gossip]": "kinds.gossip: the policy has no kind gossip",
    '[roles]\nlead = "boss"': "roles.lead: no role is called boss",
    "[dispatch]\nrejected = 0.1": "dispatch.reject_codes: the key is missing",
    "[dispatch]\nreject_codes = { dull = 1 }": "dispatch.reject_codes.dull: the policy has no reason dull",
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), PROBLEMS.items(), ids=PROBLEMS.values())
def test_a_problem_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    """File, key path and what was found stand in the error, in English and in Chinese."""
    begin = SMALL.replace("format = 1\n", "") if text.startswith("format") else SMALL
    if text.startswith("policy"):
        begin = begin.replace('policy = "wuhu"\n', "")
    head, _, rest = begin.partition("[office]")
    whole = f"{head}{text}\n[office]{rest}" if not text.startswith("[") else f"{begin}{text}\n"
    with pytest.raises(ScenarioError) as raised:
        scenario(tmp_path, whole)
    assert message in str(raised.value)
    assert raised.value.text("zh").startswith("情景文件有 ")
    assert raised.value.problems[0].text("zh") != raised.value.problems[0].text("en")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """An unknown key and three wrong numbers are four problems of one error."""
    wrong = "[handling]\nspeed = 1\nreturned = 2\nhurry = -1\n[evaluation]\nrated = 7\n"
    with pytest.raises(ScenarioError) as raised:
        scenario(tmp_path, SMALL + wrong)
    assert [problem.path for problem in raised.value.problems] == [
        "handling.speed", "handling.hurry", "handling.returned", "evaluation.rated",
    ]  # fmt: skip


def test_an_action_that_the_policy_lacks_is_told(tmp_path: Path) -> None:
    """A share above 0 needs its action in the policy; 0 does not."""
    (tmp_path / "mine.toml").write_text('extends = "wuhu"\nremove = ["actions.rate"]\n', encoding="utf-8")
    text = SMALL.replace('"wuhu"', '"mine.toml"')
    assert scenario(tmp_path, text).rules is not None
    with pytest.raises(ScenarioError, match=r"evaluation\.rated: the policy has no action rate"):
        scenario(tmp_path, text + "[evaluation]\nrated = 0.1\n")


def test_a_file_that_is_not_there_is_told() -> None:
    """The message names the shipped scenarios."""
    with pytest.raises(ScenarioError, match="shipped are: city"):
        load_scenario("nowhere.toml")


@pytest.mark.parametrize("name", scenarios())
def test_a_written_scenario_is_the_scenario(tmp_path: Path, name: str) -> None:
    """Every shipped scenario loads, and its document as TOML is read back as the same."""
    loaded = load_scenario(name)
    (tmp_path / "again.toml").write_text(tomli_w.dumps(document(loaded)), encoding="utf-8")
    assert load_scenario(tmp_path / "again.toml") == loaded


CHANGES = {
    "units.公安局.officers": "is no change", "units.公安局.officers=-2": "is no change",
    "units.公安局.officers=many": "is no change", "units.公安局.office.days=mon": "is no change",
    "handling.wait.quantiles=3": "is no change", "": "is no change",
    "units.x.officers=+2": "x is unknown there; known are .*公安局",
    "reply.orange=3 days": "orange is unknown there; known are reminder, yellow, red, urge",
    "rules.name=x": "rules is unknown there; known are .*handling",
    "units.公安局.officer=1": "officer is unknown there; known are .*officers",
    "policy=nope": "would change nothing once the scenario is read; use --against",
    "calendar=CN": "use --against", "seed=5": "use --seed", "cases=10": "use --cases",
}  # fmt: skip
"""What is refused, and what the refusal says."""


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_nothing_is_refused(change: str) -> None:
    """A change that names no rung and no number or text of the scenario is none; what is known is named."""
    with pytest.raises(BadInput, match=CHANGES[change]):
        changed(load_scenario("city"), [change])


def test_a_change_that_cannot_be_is_told() -> None:
    """The changed scenario and the changed policy are checked as any other."""
    with pytest.raises(ScenarioError, match=r"handling\.heeds: a share is 0 to 1"):
        changed(load_scenario("city"), ["handling.heeds=3"])
    with pytest.raises(ScenarioError, match="rungs rise in time"):
        changed(load_scenario("city"), ["reply.yellow=20 days"])
    with pytest.raises(ScenarioError, match="it does not go with counting natural"):
        changed(load_scenario("city"), ["reply.yellow=20 hours"])


def test_changes_change_what_they_name() -> None:
    """A rung moves and takes the reminder before it away; numbers are set or added to, for one or for all."""
    city = load_scenario("city")
    larger = changed(city, ["reply.yellow=3 days", "units.*.officers=+2", "handling.takes=deadline"])
    assert larger.rules is not None
    assert [(rung.level, rung.days) for rung in larger.rules.clocks["reply"].rungs] == [
        ("yellow", 3), ("red", 15), ("urge", 30),
    ]  # fmt: skip
    assert {
        name: unit.officers - city.units[name].officers for name, unit in larger.units.items()
    } == dict.fromkeys(city.units, 2)
    assert larger.handling == attrs.evolve(city.handling, takes="deadline")
