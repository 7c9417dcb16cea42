"""The contract finds every notifier that is broken on purpose, and by the promise that it breaks."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from tests.delivery import broken_notifiers as broken


class Failures:
    """Which tests of which class failed."""

    def __init__(self) -> None:
        self.failed: dict[str, set[str]] = defaultdict(set)
        self.passed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome."""
        _, kind, test = report.nodeid.split("::")
        if report.failed:
            self.failed[kind].add(test.partition("[")[0].removeprefix("test_"))
        self.passed += report.when == "call" and report.passed


@pytest.mark.soak
def test_each_broken_notifier_is_caught_by_exactly_the_promises_it_breaks() -> None:
    """On each of them the named tests fail and no other; on the sound one, none."""
    failures = Failures()
    options = ["-o", "python_files=broken_notifiers.py", "-o", "python_classes=Broken?*", "-p",
             "no:cacheprovider", "-q", "-p", "no:xdist"]  # fmt: skip
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        pytest.main([str(Path(broken.__file__)), *options], plugins=[failures])
    assert len(broken.CAUGHT) >= 29
    failed = {kind.__name__: failures.failed[f"Broken{kind.__name__}"] for kind in broken.CAUGHT}
    assert failed == {kind.__name__: set(promises) for kind, promises in broken.CAUGHT.items()}
    assert failures.passed > 500  # what is not broken goes on to hold


def test_the_notifier_of_the_documentation_keeps_every_promise(tmp_path: Path) -> None:
    """What `write-a-notifier.md` shows, class and test, runs as a stranger would run it, and holds."""
    page = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-notifier.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    test = tmp_path / "test_sms_notifier.py"
    test.write_text("\n\n".join(blocks), encoding="utf-8")
    failures = Failures()
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        code = pytest.main(
            [str(test), "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(tmp_path)],
            plugins=[failures],
        )
    assert (code, dict(failures.failed)) == (0, {})
    assert failures.passed > 30
