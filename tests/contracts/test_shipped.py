"""The contract as others get it: by its public name, with a clear word when its libraries are missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from caseflow.testing import StoreContract

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-store.md"


@pytest.mark.parametrize("missing", ["pytest", "hypothesis"])
def test_a_missing_library_is_named_with_the_way_out(missing: str) -> None:
    """Without it the test kit itself is imported, and the contract says what to install."""
    code = (
        f"import sys; sys.modules['{missing}'] = None\n"
        "import caseflow.testing\n"
        "try:\n    caseflow.testing.StoreContract\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = f"caseflow.testing.StoreContract needs {missing}: pip install 'caseflow-gov[testing]'"
    assert done.stdout.strip() == said


def test_every_test_of_the_contract_states_its_promise() -> None:
    """One sentence each, which is what an implementer reads when it fails."""
    tests = [test for name, test in vars_of(StoreContract).items() if name.startswith("test_")]
    assert len(tests) > 50
    assert all((test.__doc__ or "").strip().endswith(".") for test in tests)


def vars_of(kind: type) -> dict[str, object]:
    found: dict[str, object] = {}
    for base in reversed(kind.__mro__):
        found |= vars(base)
    return found


@pytest.mark.soak
def test_the_how_to_pages_store_passes_the_whole_contract(tmp_path: Path) -> None:
    """The page's two files, taken from the page as they stand there, are run in a folder of their own."""
    page = HOW_TO.read_text(encoding="utf-8")
    for name, fence in (("json_store.py", "```python\n"), ("test_json_store.py", "```py\n")):
        text = page.split(fence, 1)[1].split("```", 1)[0]
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout and " failed" not in done.stdout
