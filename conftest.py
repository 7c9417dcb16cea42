"""Every Python block and ``caseflow`` line of the documentation is run, each page in a folder of its own."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import shlex
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

DEMO = "caseflow demo --out demo"
"""What ``make demo`` runs once the environment stands."""


COMMAND = re.compile(
    r"^    (?:\.venv/bin/)?(caseflow .*|make demo)\n((?:    (?!caseflow|\.venv|make).*\n)*)", re.MULTILINE
)
"""A command as a page shows it, and the output it promises on the indented lines below."""


def command_lines(document: Document) -> Iterator[Region]:
    """The commands that work on what the page itself made; ``CASE`` and the like stand for something else."""
    for found in COMMAND.finditer(document.text):
        command = found[1].replace("make demo", DEMO)
        if "CASE" not in command:
            yield Region(*found.span(), (command, found[2]), _run_line)


def _run_line(example: Example) -> None:
    """Run it; ``> FILE`` is obeyed, a comment ``# exit code N`` must hold, and so must the output below."""
    from caseflow.cli import run

    shown, promised = example.parsed
    line, _, left = shown.partition("  # exit code ")
    command, _, target = line.partition(" > ")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = run(shlex.split(command)[1:])
    assert code == int(left or 0), f"{shown} left with {code}"
    if target:
        Path(target.strip()).write_text(printed.getvalue(), encoding="utf-8")
    elif promised:
        assert printed.getvalue() == textwrap.dedent(promised)


def enter(namespace: dict[str, Any]) -> None:
    """Give the page a folder of its own."""
    namespace["_before"] = Path.cwd()
    namespace["_folder"] = tempfile.TemporaryDirectory()
    os.chdir(namespace["_folder"].name)


def leave(namespace: dict[str, Any]) -> None:
    """Go back to where the tests run."""
    desk = namespace.get("desk")
    if desk is not None:
        desk.store.close()
    os.chdir(namespace["_before"])
    namespace["_folder"].cleanup()
    for name in list(logging.Logger.manager.loggerDict):
        if name == "caseflow" or name.startswith("caseflow."):
            logging.getLogger(name).setLevel(logging.NOTSET)  # a page may have said how loud they are


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), command_lines],
    patterns=["README.md", "README.zh-CN.md", "docs/*/*.md", "docs/zh/*/*.md"],
    excludes=["docs/how-to/use-with-django.md"],  # Django's settings are a process's: tests/contrib runs it
    fixtures=["_english"],
    setup=enter,
    teardown=leave,
).pytest()


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are in English unless a test says otherwise."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


SERVERS = {"postgres": "CASEFLOW_TEST_POSTGRES", "mariadb": "CASEFLOW_TEST_MARIADB"}
"""Marker -> the variable that holds the URL of the server which such a test needs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a server whose URL is not set are skipped."""
    for item in items:
        for marker, variable in SERVERS.items():
            if item.get_closest_marker(marker) and not os.environ.get(variable):
                item.add_marker(pytest.mark.skip(reason=f"{variable} is not set"))


def _server_skips(reporter: Any) -> list[pytest.TestReport]:
    """The tests of a server that were skipped, for whatever reason."""
    reports = reporter.stats.get("skipped", ()) if reporter is not None else ()
    return [
        report
        for report in reports
        if isinstance(report, pytest.TestReport) and SERVERS.keys() & report.keywords.keys()
    ]


NOT_SET_UP = 70
"""The exit status of a run in which no test failed, and some did not begin for want of what they need."""


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where every server must be there, a test skipped for want of one fails the run.

    A run in which tests could not be set up, and nothing else went wrong, ends with `NOT_SET_UP`.
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = bool(os.environ.get("CASEFLOW_NO_SKIPPED_SERVERS") and _server_skips(reporter))
    if skipped and not exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    stats = reporter.stats if reporter is not None else {}
    errors = stats.get("error", ())
    is_set_up = not errors or any(getattr(report, "when", "") != "setup" for report in errors)
    if exitstatus == pytest.ExitCode.TESTS_FAILED and not (is_set_up or skipped or stats.get("failed")):
        session.exitstatus = NOT_SET_UP


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says, before the names of what failed, what proofs counted, and how many tests wanted a server."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, text in report.user_properties:
            if name == "counted":
                terminalreporter.write_line(f"counted: {text}")
    skipped = _server_skips(terminalreporter)
    missing = {
        variable: sum(marker in report.keywords for report in skipped) for marker, variable in SERVERS.items()
    }
    told = ", ".join(f"{count} ({variable})" for variable, count in missing.items() if count)
    if told:
        terminalreporter.write_line(f"tests skipped for want of a server, by the URL to set: {told}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With several workers a page stays with one of them: each block builds on the ones before it."""
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it ships no types

    class PagesTogether(LoadScopeScheduling):  # type: ignore[misc]  # for the same reason
        def _split_scope(self, nodeid: str) -> str:
            page, block, _ = nodeid.partition(".md::")
            return page if block else nodeid

    return PagesTogether(config, log)
