"""``caseflow policy test``: proves a policy without Python; says plainly what is wrong or missing."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from caseflow.cli import run
from caseflow.testing.laws import policy_laws

HERE = Path(__file__).parent


class Lacking(ModuleType):
    """A module in an environment without Hypothesis."""

    def __getattr__(self, name: str) -> object:
        raise ModuleNotFoundError("No module named 'hypothesis'", name="hypothesis")


TYPED, DEAD_END = str(HERE / "typed.toml"), str(HERE / "dead_end.toml")


def test_a_sound_policy_leaves_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict, what was explored and the coverage are printed; no bar where there is no terminal."""
    assert run(["policy", "test", TYPED, "--examples", "3", "--steps", "8"]) == 0
    printed = capsys.readouterr()
    assert "every law holds" in printed.out and "actions by state" in printed.out
    assert printed.err == ""


def test_a_broken_policy_leaves_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    """The law, the dated story and the Python that shows it are printed, in the language asked for."""
    assert run(["policy", "test", DEAD_END, "--examples", "1", "--lang", "zh"]) == 1
    printed = capsys.readouterr().out
    assert "总能走到终点" in printed and "prove_liveness(policy)" in printed and "2025-03-03" in printed


def test_the_diagram_takes_the_place_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """``--diagram`` prints Mermaid alone."""
    assert run(["policy", "test", TYPED, "--examples", "1", "--steps", "1", "--diagram"]) == 0
    assert capsys.readouterr().out.startswith("stateDiagram-v2")


@pytest.mark.parametrize(("arguments", "code"), [
    (["no-such-policy"], 3), ([TYPED, "--examples", "0"], 2), ([TYPED, "--steps", "x"], 2), ([], 2),
])  # fmt: skip
def test_wrong_arguments_are_told(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A policy that is none, numbers that are none: one message, and the exit code."""
    assert run(["policy", "test", *arguments]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_without_the_extra_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without Hypothesis the command names the extra to install."""
    monkeypatch.setitem(sys.modules, "caseflow.testing.laws.policy_laws", Lacking(__name__))
    assert run(["policy", "test", TYPED]) == 2
    assert "extra `testing`" in capsys.readouterr().err


def test_ctrl_c_leaves_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted proof leaves like every interrupted command."""

    def interrupted(*args: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(policy_laws, "policy_laws", interrupted)
    assert run(["policy", "test", TYPED]) == 130
