"""The pytest plugin, seen from suites that use it, misuse it, or do not use it."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]

STREET_LIGHT = '''
import pytest

@pytest.mark.caseflow(policy="wuhu", start="2025-01-20T09:00:00+08:00")   # a Monday
def test_street_light(timeline):                      # fixture of the pytest plugin
    case = timeline.submit("路灯不亮", to="城管局")
    timeline.advance(working_days=3)                  # Thursday 2025-01-23; calendar from the marker or ini, default CN
    assert timeline.to_next_deadline().level == "reminder"
    assert timeline.to_next_deadline().level == "yellow"
    timeline.reply(case, "已修复")
    assert timeline.cards(case) == ("yellow",)
    timeline.assert_story("""
        2025-01-20 09:00  submitted           城管局
        2025-01-24 00:00  reminder            reply, 3 natural days
        2025-01-26 00:00  yellow card         reply, 5 natural days, last day 2025-01-25
        2025-01-26 00:00  replied             已修复
    """)
'''  # noqa: E501  # a portal's test as it stands in the documentation


QUICK = ("-p", "no:hypothesispytest", "-p", "no:sybil", "-p", "no:cacheprovider")
"""Without other plugins, which take longer to load than the tests to run."""


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest(*QUICK, *options)


def test_a_portals_test_reads_like_this(pytester: pytest.Pytester) -> None:
    """The test of the documentation passes word for word."""
    pytester.makepyfile(STREET_LIGHT)
    run(pytester, "--strict-markers", "-W", "error").assert_outcomes(passed=1)


def test_desk_clock_and_timeline_are_one_world(pytester: pytest.Pytester) -> None:
    """The three fixtures of a test share store and time; the next test begins anew."""
    pytester.makepyfile(
        """
        import pytest
        from caseflow import Actor

        @pytest.mark.parametrize("again", [1, 2])
        def test_world(desk, manual_clock, timeline, again):
            assert manual_clock.now().isoformat() == "2025-03-03T01:00:00+00:00"
            desk.submit(title="x", by=Actor("c", role="citizen"), case_id="c1")
            manual_clock.advance(days=6)
            assert timeline.cards("c1") == ()
            desk.sweep()
            assert timeline.cards("c1") == ("yellow",)
        """
    )
    run(pytester).assert_outcomes(passed=2)


def test_the_ini_file_says_what_markers_do_not(pytester: pytest.Pytester) -> None:
    """Ini options hold for all tests, a class's marker for its own, and the closest marker wins."""
    pytester.mkdir("rules")
    (pytester.path / "rules" / "own.toml").write_text('extends = "wuhu"\nname = "own"\n', encoding="utf-8")
    (pytester.path / "rules" / "mondays.toml").write_text(
        'name = "mondays"\nfirst = 2025-01-01\nlast = 2026-12-31\nweek = ["mon"]\n', encoding="utf-8"
    )
    pytester.makeini(
        "[pytest]\ncaseflow_policy = rules/own.toml\ncaseflow_calendar = rules/mondays.toml\n"
        "caseflow_start = 2025-01-20T09:00:00+08:00\ncaseflow_lang = zh\n"
    )
    pytester.makepyfile(
        """
        import pytest

        def test_ini(timeline):
            assert (timeline.policy.name, timeline.lang) == ("own", "zh")
            timeline.advance(working_days=1)
            assert f"{timeline.now:%Y-%m-%d %H}" == "2025-01-27 09"

        @pytest.mark.caseflow(policy="wuhu", start="2025-05-01 08:00")
        class TestMarked:
            def test_class(self, timeline):
                assert (timeline.policy.name, timeline.now.month) == ("wuhu", 5)

            @pytest.mark.caseflow(policy="rules/own.toml", calendar="CN", lang="en", store="sqlite")
            def test_closest(self, timeline, tmp_path):
                assert (timeline.policy.name, timeline.now.month, timeline.lang) == ("own", 5, "en")
                assert timeline.calendar.name == "CN"
                timeline.submit("x")
                timeline.crash()
                assert (tmp_path / "cases.db").exists()
        """
    )
    run(pytester).assert_outcomes(passed=3)


def opened_by_a_function() -> str:
    return """
        import pytest
        from caseflow import MemoryStore
        opened = []

        def store():
            opened.append(MemoryStore())
            return opened[-1]

        @pytest.mark.caseflow(store=store)
        def test_store(timeline):
            timeline.crash()
            assert opened == [opened[0], timeline.store]
        """


def test_a_store_may_be_opened_by_a_function(pytester: pytest.Pytester) -> None:
    """The marker takes a function; a crash calls it again."""
    pytester.makepyfile(opened_by_a_function())
    run(pytester).assert_outcomes(passed=1)


WRONG = {
    "an unknown policy": ('policy="wuhan"', "policy of the marker caseflow: the policy has 1 problem:"),
    "a policy file that is not there": ('policy="rules/no.toml"', "rules/no.toml"),
    "an unknown setting": ('polity="wuhu"', "takes policy, calendar, start, lang, store by name; got Mark"),
    "a positional setting": ('"wuhu"', "takes policy, calendar, start, lang, store by name; got Mark"),
    "no instant": ('start="monday"', "start of the marker caseflow: start: monday is not an instant"),
    "a calendar that is not there": (
        'calendar="no.toml"',
        "calendar of the marker caseflow: ",
    ),
    "no store": ('store="postgres"', "store of the marker caseflow is 'memory', 'sqlite' or a function"),
    "no language": ('lang="tlh"', "lang of the marker caseflow: lang: tlh"),
    "no policy at all": ("policy=7", "policy of the marker caseflow"),
}


def test_a_wrong_marker_is_a_clear_error(pytester: pytest.Pytester) -> None:
    """The test errs with the setting, where it stands and what is wrong, without a traceback."""
    tests = [
        f"@pytest.mark.caseflow({arguments})\ndef test_{number}(timeline):\n    pass\n"
        for number, (arguments, _) in enumerate(WRONG.values())
    ]
    pytester.makepyfile("\n".join(["import pytest", *tests]))
    result = run(pytester)
    result.assert_outcomes(errors=len(WRONG))
    parts = re.split(r"_ ERROR at setup of test_\d+ _+\n", result.stdout.str())[1:]
    for (_, message), shown in zip(WRONG.values(), parts, strict=True):
        assert shown.startswith("caseflow: ") and message in shown, shown
        assert "Traceback" not in shown and "pytest_caseflow.py" not in shown


def test_a_wrong_ini_option_is_a_clear_error(pytester: pytest.Pytester) -> None:
    """The error names the option, and a suite without the fixtures does not meet it."""
    pytester.makeini("[pytest]\ncaseflow_policy = wuhan\n")
    pytester.makepyfile(test_a="def test_a(timeline): pass", test_b="def test_b(): pass")
    result = run(pytester)
    result.assert_outcomes(errors=1, passed=1)
    assert "policy of the ini option caseflow_policy: " in result.stdout.str()


def test_a_failing_test_shows_its_story(pytester: pytest.Pytester) -> None:
    """The report gets a section with the story; once is enough where the error shows it already."""
    pytester.makepyfile(
        """
        def test_plain(timeline):
            timeline.submit("x", to="城管局")
            assert timeline.to_next_deadline().level == "yellow"

        def test_story(timeline):
            timeline.submit("x", to="城管局")
            timeline.assert_story("2025-03-03 09:00  nothing")

        def test_without():
            assert False
        """
    )
    result = run(pytester)
    result.assert_outcomes(failed=3)
    shown = result.stdout.str()
    assert shown.count("caseflow story") == 1
    result.stdout.fnmatch_lines([
        "*- caseflow story -*",
        "2025-03-03 09:00  submitted           城管局",
        "2025-03-07 00:00  reminder            reply, 3 natural days",
    ])  # fmt: skip


def test_a_story_that_cannot_be_told_is_no_end_of_the_session(pytester: pytest.Pytester) -> None:
    """A test fails whose store is closed, gone or broken, or whose error has no text; the next one runs."""
    pytester.makepyfile(
        """
        import pytest

        class Mute(Exception):
            def __str__(self):
                raise RuntimeError("no words")

        @pytest.mark.caseflow(store="sqlite")
        def test_closed(timeline):
            timeline.submit("x", to="城管局")
            timeline.store.close()
            assert timeline.desk.cases()

        def test_broken(timeline):
            timeline.submit("x", to="城管局")
            timeline.story = lambda: str(Mute())
            raise Mute

        def test_after_it(timeline):
            pass
        """
    )
    result = run(pytester, "-p", "no:randomly")
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["*caseflow story*", "cannot be told: *"])
    assert "INTERNALERROR" not in result.stdout.str()


def test_the_plugin_may_be_named_once_more(pytester: pytest.Pytester) -> None:
    """In a conftest or by ``-p``, for suites that also run where plugins are not found by themselves."""
    pytester.makeconftest('pytest_plugins = ["pytest_caseflow"]')
    pytester.makepyfile("def test_it(timeline): pass")
    for options in ((), ("-p", "pytest_caseflow")):
        done = pytester.runpytest_subprocess(*QUICK, *options)
        done.assert_outcomes(passed=1)


def test_the_plugin_works_under_xdist(pytester: pytest.Pytester) -> None:
    """Tests spread over workers pass, and a failing one brings its story along."""
    pytester.makepyfile(
        STREET_LIGHT + "\n@pytest.mark.parametrize('n', range(6))\ndef test_many(timeline, n):\n"
        "    timeline.submit('x', to='城管局')\n    assert n != 3\n"
    )
    result = pytester.runpytest_subprocess(*QUICK, "-n", "2")
    result.assert_outcomes(passed=6, failed=1)
    result.stdout.fnmatch_lines(["*- caseflow story -*", "2025-03-03 09:00  submitted*"])


def test_a_suite_without_the_fixtures_imports_no_caseflow(pytester: pytest.Pytester) -> None:
    """The plugin itself imports nothing of the library."""
    pytester.makepyfile(
        "import sys\ndef test_it():\n    assert 'pytest_caseflow' in sys.modules\n"
        "    assert not [name for name in sys.modules if name.partition('.')[0] == 'caseflow']\n"
    )
    pytester.runpytest_subprocess(*QUICK).assert_outcomes(passed=1)


def test_plain_unittest_has_the_same_kit(pytester: pytest.Pytester) -> None:
    """`TimelineTestCase` gives each test a timeline, with unittest's own runner and with pytest."""
    path = pytester.makepyfile(
        test_light="""
        import tempfile
        import unittest
        from pathlib import Path

        from caseflow import SqliteStore
        from caseflow.testing import Timeline, TimelineTestCase


        class StreetLight(TimelineTestCase):
            start = "2025-01-20T09:00:00+08:00"

            def test_yellow(self):
                case = self.timeline.submit("路灯不亮", to="城管局")
                self.timeline.advance(days=6)
                self.assertEqual(self.timeline.cards(case), ("yellow",))

            def test_again(self):
                self.assertEqual(self.timeline.submit("x").id, "case-1")


        folder = tempfile.mkdtemp()


        class InAFile(TimelineTestCase):
            store = staticmethod(lambda: SqliteStore(Path(folder) / "cases.db"))

            def test_crash(self):
                case = self.timeline.submit("x")
                self.timeline.crash()
                self.assertEqual(self.timeline.case(case).version, 1)


        class ThreeLines(unittest.TestCase):
            def setUp(self):
                self.timeline = Timeline("wuhu", start="2025-01-20T09:00:00+08:00")

            def test_quiet(self):
                self.timeline.submit("x")
                self.assertEqual(len(self.timeline.run_until_quiet()), 4)


        if __name__ == "__main__":
            unittest.main()
        """
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", path], capture_output=True, encoding="utf-8", check=False
    )
    assert (ran.returncode, "Ran 4 tests" in ran.stderr) == (0, True), ran.stderr
    run(pytester, "-W", "error").assert_outcomes(passed=4)


@pytest.mark.soak
def test_a_project_of_its_own_uses_the_wheel(tmp_path: Path) -> None:
    """Built, installed into a new environment, and used by a suite elsewhere, in parallel and alone."""
    wheels, home, suite = tmp_path / "wheels", tmp_path / "env", tmp_path / "portal"
    pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run(sys.executable, *pip, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(ROOT))
    venv.create(home, with_pip=True)
    python = str(home / "bin" / "python")
    (wheel,) = wheels.glob("caseflow_gov-*.whl")
    constraints = ["--constraint", str(ROOT / "constraints.txt")]
    _run(python, *pip, "install", *constraints, f"{wheel}[cn]", "pytest", "pytest-xdist")
    suite.mkdir()
    (suite / "test_portal.py").write_text(STREET_LIGHT, encoding="utf-8")
    (suite / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n")
    for options in ((), ("-n", "2"), ("-p", "no:cacheprovider", "--assert=plain")):
        assert " 1 passed" in _run(python, "-m", "pytest", *options, cwd=suite)
    assert "timeline" not in _run(python, "-m", "pytest", "--fixtures", "-p", "no:pytest_caseflow", cwd=suite)


def _run(*command: str, cwd: Path | None = None) -> str:
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=cwd, check=False)
    assert ran.returncode == 0 or "no tests" in ran.stdout, ran.stdout + ran.stderr
    return ran.stdout


def test_a_marker_may_name_several_policies(pytester: pytest.Pytester) -> None:
    """The desk and the timeline of the test have each of them."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.caseflow(policy=["wuhu", "rectification"])
        def test_both(timeline, desk):
            assert list(desk.policies) == ["wuhu", "rectification"]
            assert timeline.submit("x", policy="rectification").state == "opened"
        """
    )
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=1)
