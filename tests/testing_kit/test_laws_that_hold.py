"""Lives that once were taken for broken laws, and reports of policies that break one at rest."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from caseflow import Actor, load_policy
from caseflow.cli import run
from caseflow.cli.exit_codes import Exit
from caseflow.testing import Life, policy_laws
from caseflow.testing.laws.liveness import Liveness

HANDLER = Actor("handler-1", role="handler", unit="水务集团")
IMPORTER = Actor("importer-1", role="importer", unit="水务集团")
UNENDING = str(Path(__file__).with_name("unending.toml"))
FIVE = Path(__file__).parents[1] / "laws" / "policy.toml"


def test_another_command_is_not_told_apart_by_a_reason_that_was_redacted() -> None:
    """It counts as the repeat it says it is; with the reason still there it is refused."""
    life = Life("wuhu", start="2025-10-23T16:00:00+00:00")
    life.act("c1", "submit", by=IMPORTER, fields={"to": "水务集团"})
    life.act("c1", "note", by=HANDLER, fields={"reason": "机密 reason"})
    life.again(1, changed=True)
    life.act("c1", "redact", by=IMPORTER, fields={"fields": ("reason",), "basis": "b", "reason": "机密 r"})
    for number in range(3):
        life.again(number, changed=True)


def test_a_redaction_counts_the_same_however_it_was_swept() -> None:
    """The version at which it was made counts cards, which a world without sweeps does not have yet."""
    life = Life("wuhu", start="2025-03-28T15:59:59+00:00")
    life.act("c1", "submit", by=IMPORTER, fields={"to": "城管局"})
    life.act("c1", "note", by=IMPORTER, fields={"text": "机密 text"})
    life.wait(to="2025-04-02T16:00:00.000001+00:00")
    life.sweep()
    life.wait(to="2025-04-01T01:51:00.000001+00:00")
    life.act("c1", "redact", by=IMPORTER, fields={"fields": ("text",), "basis": "b", "reason": "机密 r"})
    life.finish()


def test_lives_are_lived_though_much_is_broken_at_rest() -> None:
    """Dead ends use up no tries: the report's coverage is that of a full run."""
    report = policy_laws(UNENDING, examples=3, steps=10, most=1)
    assert {violation.law for violation in report.violations} >= {"liveness"}
    assert report.lives >= 3
    assert "start.submit" not in report.coverage.table("en")


def test_one_way_to_see_a_dead_end_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    """However many states it is seen from."""
    assert run(["policy", "test", UNENDING, "--examples", "2", "--steps", "5"]) == Exit.FOUND
    told = capsys.readouterr().out
    assert told.count("prove_liveness(policy)") == 1
    assert "laws broken: 1" in told


def test_a_case_that_can_be_merged_away_has_an_end() -> None:
    """Where a state accepts a merge by somebody, no dead end is reported."""
    ways = Liveness(load_policy(UNENDING), start=1_740_967_800_000_000)
    assert set(ways.dead_ends()) == {"checking", "waiting", "stuck"}


@pytest.mark.parametrize(
    "seconds", [1.9, *(pytest.param(later, marks=pytest.mark.soak) for later in (2.3, 2.9))]
)
def test_a_proof_can_be_interrupted(seconds: float) -> None:
    """Ctrl-C ends it with its own exit code and neither a traceback nor a law called broken."""
    command = [sys.executable, "-m", "caseflow.cli", "policy", "test", "wuhu", "--examples", "5000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as proof:
        time.sleep(seconds)
        proof.send_signal(signal.SIGINT)
        out, err = proof.communicate(timeout=60)
    assert (proof.returncode, out) == (Exit.INTERRUPTED, ""), err
    assert "Traceback" not in err


def test_a_fact_before_a_reopening_is_refused_for_good() -> None:
    """No later instant makes it possible, so that the refusal names none."""
    supervisor = Actor("supervisor-1", role="supervisor", unit="城管局")
    life = Life("wuhu", start="2025-03-28T15:59:59+00:00")
    life.act("c1", "submit", by=Actor("citizen-1", role="citizen"))
    life.act("c1", "reject", by=supervisor, fields={"code": "in_court"})
    life.wait(to="2025-03-29T12:59:59+00:00")
    life.act("c1", "reopen", by=supervisor, fields={"reason": "机密 reason"})
    life.act("c1", "migrate", by=IMPORTER, fields={"reason": "机密 late"}, since="2025-03-29T10:33:59+00:00")
    life.finish()


def test_a_fact_follows_one_that_only_the_present_state_accepted() -> None:
    """It is put in its own time, ends the pause of the first there, and moves the present state no more."""
    coordinator = Actor("coordinator-1", role="coordinator", unit="城管局")
    importer = Actor("importer-1", role="importer", unit="城管局")
    life = Life(str(FIVE), start="2025-03-16T08:00:00+00:00")
    life.act("c1", "submit", by=Actor("citizen-1", role="citizen"))
    life.wait(to="2025-03-21T08:00:00+00:00")
    life.act("c1", "reply", by=coordinator)
    life.act("c1", "retract_reply", by=importer, fields={"reason": "机密 late"})
    asked = "2025-03-19T16:00:00+00:00"  # the case was not in hand then: no place for it in its own time
    life.act("c1", "request_information", by=importer, fields={"reason": "机密 late"}, since=asked)
    told = "2025-03-20T16:00:00.000001+00:00"
    life.act("c1", "reply", by=importer, fields={"reason": "机密 late"}, since=told)
    life.finish()
