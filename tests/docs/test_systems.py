"""Each system that is listed has its example, which prints what it promises, and a page that quotes it."""

from __future__ import annotations

import ast
import json
import sys
import tomllib
from pathlib import Path

import pytest

from caseflow.cli import run
from caseflow.cli.systems_commands import example_file, known_systems

ROOT = Path(__file__).resolve().parents[2]
SYSTEMS = known_systems()


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_runs_and_prints_what_it_promises(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The lines after "It prints:" in the example are what ``caseflow systems run`` prints."""
    text = example_file(SYSTEMS[name]["example"]).read_text(encoding="utf-8")
    promised = (ast.get_docstring(ast.parse(text)) or "").partition("It prints:")[2]
    assert run(["systems", "run", name]) == 0
    printed = capfd.readouterr().out
    assert [line.strip() for line in printed.splitlines()] == [
        line.strip() for line in promised.split("\n")[1:]
    ]


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_has_a_page_that_quotes_it_in_both_languages(name: str) -> None:
    """The page says what the system shows and how to run it, and stands in the list of systems."""
    row = SYSTEMS[name]
    page = (ROOT / row["page"]).read_text(encoding="utf-8")
    assert all(row["shows"][lang] in page for lang in ("zh", "en"))
    assert f"caseflow systems run {name}" in page and f"examples/{row['example']}" in page
    listed = (ROOT / "docs/how-to/run-a-whole-system.md").read_text(encoding="utf-8")
    assert f"| `{name}` | {row['labels']['zh']} | " in listed and Path(row["page"]).name in listed


def test_the_examples_of_systems_come_along() -> None:
    """What ``caseflow systems run`` runs is in the wheel, and the policies that it reads."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    forced = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    files = {row["example"] for row in SYSTEMS.values()} | {"policies/systems", "policies/zones"}
    names = {f"examples/{name}": f"caseflow/examples/{name}" for name in files}
    assert names.items() <= forced.items()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_systems_are_listed(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["systems", "--lang", lang]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed and row["labels"][lang] in printed for name, row in SYSTEMS.items())
    assert run(["systems", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == SYSTEMS


@pytest.mark.parametrize(("options", "arguments"), [([], []), (["--full"], ["--full"])])
def test_an_example_is_told_to_run_at_its_own_scale(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    arguments: list[str],
) -> None:
    """``--full`` goes to the example; whatever it makes of its arguments, the command's own are as before."""
    file, before = tmp_path / "example.py", list(sys.argv)
    file.write_text("import sys\nprint(sys.argv[1:])\n", encoding="utf-8")
    monkeypatch.setattr("caseflow.cli.systems_commands.example_file", lambda _: file)
    assert run(["systems", "run", "wuhu", *options]) == 0
    assert capsys.readouterr().out == f"{arguments}\n"
    assert sys.argv == before


def test_a_system_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["systems", "run", "atlantis", "--lang", "en"]) == 3
    assert "no system is called atlantis" in capsys.readouterr().err
