"""Each example prints what its docstring promises, and the generated pages are up to date."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import attrs
import pytest

import caseflow.ports
import caseflow.testing
from caseflow.campaigns.systems import SYSTEMS
from caseflow.core import policy
from caseflow.policies.load import shipped

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))
OF_SYSTEMS = [ROOT / system.example for system in SYSTEMS]


@pytest.mark.parametrize("example", [*EXAMPLES, *OF_SYSTEMS], ids=lambda path: path.stem)
def test_an_example_prints_what_it_promises(example: Path) -> None:
    """The lines after "It prints:" are the output; an example that is no whole system has sixty at most."""
    text = example.read_text(encoding="utf-8")
    promised = (ast.get_docstring(ast.parse(text)) or "").partition("It prints:")[2]
    run = subprocess.run([sys.executable, "-W", "error", example], capture_output=True, check=True, text=True)
    assert [line.strip() for line in run.stdout.splitlines()] == [
        line.strip() for line in promised.split("\n")[1:]
    ]
    assert example in OF_SYSTEMS or len(text.splitlines()) <= 60


def test_a_system_has_its_policies_and_its_page() -> None:
    """What a list of systems names is there."""
    for system in SYSTEMS:
        assert set(system.policies) <= set(shipped())
        assert f"({system.page.removeprefix('docs/')})" in (ROOT / "docs" / "index.md").read_text(
            encoding="utf-8"
        )


def test_the_reference_is_up_to_date() -> None:
    """`python docs/generate.py` would change nothing."""
    pages = runpy.run_path(str(ROOT / "docs" / "generate.py"))["pages"]()
    for name, text in pages.items():
        assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == text, name


def test_the_reference_has_every_table_of_a_policy() -> None:
    """Each class of the policy language stands in it, and each of its keys has a meaning."""
    tables = runpy.run_path(str(ROOT / "docs" / "generate.py"))["TABLES"]
    named = (thing for thing in vars(policy).values() if isinstance(thing, type) and attrs.has(thing))
    classes = {thing for thing in named if thing.__module__ == policy.__name__}
    assert classes - {policy.Labels} == set(tables.values())
    page = (ROOT / "docs" / "reference" / "policy-keys.md").read_text(encoding="utf-8")
    assert re.findall(r"\| `\w+` \|.*\|  \|$", page, re.MULTILINE) == []


INSTALLS_ANOTHER = re.compile(r"""pip install (?:-\S+ )*['"]?caseflow(?!-gov)""")
"""Words that would fetch what the public index calls caseflow, with any extras and options."""


def test_nothing_says_to_install_another_project() -> None:
    """No page or program tells to install ``caseflow`` from the public index, where it is another's."""
    places = (*ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml")
    folders = (ROOT / folder for folder in ("docs", "examples", "src"))
    files = (
        file for folder in folders for file in folder.rglob("*") if file.suffix in (".md", ".py", ".toml")
    )
    for file in (*places, *files):
        assert not INSTALLS_ANOTHER.search(file.read_text(encoding="utf-8")), file
    assert INSTALLS_ANOTHER.search("pip install -U 'caseflow[cli]'")


@pytest.mark.parametrize("door", [caseflow, caseflow.ports, caseflow.testing], ids=lambda door: door.__name__)
def test_every_public_name_stands_in_the_reference_with_what_it_promises(door: ModuleType) -> None:
    """Each name of a door has its heading, and words below its signature."""
    page = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    chapter = page.partition(f"\n## {door.__name__}\n")[2].partition("\n## ")[0]
    entries = dict(re.findall(r"\n### (\w+)\n((?:(?!\n### ).|\n(?!### ))*)", chapter))
    assert sorted(entries) == sorted(door.__all__)
    words = {
        name: re.sub(r"```py\n.*?```", "", entry, count=1, flags=re.DOTALL) for name, entry in entries.items()
    }
    assert [name for name, text in words.items() if not text.strip()] == []
