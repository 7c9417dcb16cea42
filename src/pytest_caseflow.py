"""The pytest plugin: fixtures for cases in simulated time. It imports caseflow when one is asked for."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pytest

if TYPE_CHECKING:
    from caseflow import Desk, ManualClock
    from caseflow.testing import Timeline

SETTINGS = ("policy", "calendar", "start", "lang", "store")
"""What the marker takes; all but the store can stand in the ini file as ``caseflow_policy`` and so on."""

_INI = {
    "policy": "the policy of caseflow's fixtures: a shipped one's name, or a file relative to the rootdir",
    "calendar": "how caseflow's timelines count working days: CN, or a table file relative to the rootdir",
    "start": "where the clock of caseflow's fixtures stands, such as 2025-01-20T09:00:00+08:00",
    "lang": "the language of caseflow's stories and errors: en or zh",
}
_USED: pytest.StashKey[Timeline] = pytest.StashKey()

if "caseflow.testing" not in sys.modules:
    pytest.register_assert_rewrite("caseflow.testing")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The ini options."""
    for name, text in _INI.items():
        parser.addini(f"caseflow_{name}", text, default="")


def pytest_configure(config: pytest.Config) -> None:
    """The marker."""
    config.addinivalue_line(
        "markers",
        "caseflow(*, policy, calendar, start, lang, store): what the fixtures timeline, desk and manual_clock"
        " begin with; policy may be a list; store is 'memory', 'sqlite' or a function that opens one",
    )


@pytest.fixture
def timeline(request: pytest.FixtureRequest) -> Iterator[Timeline]:
    """A simulated timeline (`caseflow.testing.Timeline`), as marker and ini options say.

    When the test fails, its report shows the story.
    """
    timeline = _made(request)
    request.node.stash[_USED] = timeline
    yield timeline
    timeline.store.close()


@pytest.fixture
def desk(timeline: Timeline) -> Desk:
    """The desk of the test's timeline."""
    return timeline.desk


@pytest.fixture
def manual_clock(timeline: Timeline) -> ManualClock:
    """The clock of the test's timeline; moved by hand it sweeps nothing."""
    return timeline.clock


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the story to the report of a test that failed, unless the error shows it already."""
    report = yield
    used = item.stash.get(_USED, None)
    if report.failed and report.when == "call" and used is not None:
        story = _story_beside(used, report)
        if story:
            report.sections.append(("caseflow story", story))
    return report


def _story_beside(timeline: Timeline, report: pytest.TestReport) -> str:
    """The story, unless the report shows it; where it cannot be told, why not. It raises nothing."""
    try:
        story, shown = str(timeline.story()), str(report.longrepr)
    except Exception as error:
        return f"cannot be told: {_shown(error)}"
    return story if any(line not in shown for line in story.splitlines()) else ""


def _shown(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # its own text cannot be made
        return type(error).__name__


def _made(request: pytest.FixtureRequest) -> Timeline:
    from caseflow.errors import CaseflowError
    from caseflow.testing import Timeline

    settings = _settings(request)
    where = "; ".join(f"{name} of {place}" for name, (_, place) in settings.items())
    arguments: dict[str, Any] = {name: setting for name, (setting, _) in settings.items()}
    arguments["store"] = _store(request, *settings["store"]) if "store" in settings else None
    try:
        return Timeline(arguments.pop("policy", "wuhu"), **arguments)
    except (CaseflowError, TypeError, ValueError) as error:
        message = f"{where}: {error}"
    return _wrong(message)  # outside, so that the report shows this alone


def _settings(request: pytest.FixtureRequest) -> dict[str, tuple[Any, str]]:
    """Each setting and where it stands: the closest marker that gives it, else the ini file."""
    settings: dict[str, tuple[Any, str]] = {}
    config = request.config
    for name in _INI:
        if setting := config.getini(f"caseflow_{name}"):
            settings[name] = (setting, f"the ini option caseflow_{name}")
    for marker in reversed(list(request.node.iter_markers("caseflow"))):
        unknown = sorted(set(marker.kwargs) - set(SETTINGS))
        if marker.args or unknown:
            _wrong(f"the marker caseflow takes {', '.join(SETTINGS)} by name; got {marker}")
        settings |= {name: (setting, "the marker caseflow") for name, setting in marker.kwargs.items()}
    for name in ("policy", "calendar"):
        setting, place = settings.get(name, (None, ""))
        if isinstance(setting, str | Path):
            settings[name] = (_in_rootdir(config, setting), place)
        elif isinstance(setting, list | tuple):
            several = cast("Sequence[Any]", setting)
            settings[name] = ([_below(config, one) for one in several], place)
    return settings


def _below(config: pytest.Config, setting: Any) -> Any:
    return _in_rootdir(config, setting) if isinstance(setting, str | Path) else setting


def _in_rootdir(config: pytest.Config, setting: str | Path) -> str | Path:
    """The file of that path below the rootdir; a bare name that is no file there stays a name."""
    path = config.rootpath / setting
    is_name = isinstance(setting, str) and not path.is_file() and Path(setting).suffix == ""
    return setting if is_name else path


def _store(request: pytest.FixtureRequest, setting: Any, place: str) -> Any:
    """What `Timeline` takes for a store: nothing, or a function that opens one."""
    from caseflow import SqliteStore

    if setting in (None, "memory"):
        return None
    if setting == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return lambda: SqliteStore(folder / "cases.db", synchronous="off")
    if not callable(setting):
        _wrong(f"store of {place} is 'memory', 'sqlite' or a function that opens one; got {setting!r}")
    return setting


def _wrong(message: str) -> NoReturn:
    pytest.fail(f"caseflow: {message}", pytrace=False)
