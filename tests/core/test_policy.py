"""A policy file is checked as a whole when it is loaded, and every problem has a place and a code."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import PolicyError, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.policy import Policy
from caseflow.policies.parse import policy_from_document
from tests.core.policy_files import RUNG, clock, over_wuhu, problems, written


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ('remove = ["actions.submit"]', "no-start", "actions.submit.moves"),
        ('remove = ["states.nowhere"]', "unknown-key", "remove"),
        ('remove = "states.routed"', "wrong-type", "remove"),
        ('remove = ["states.routed"]', "unknown-state", "actions.route.moves.submitted"),
        (
            'remove = ["states.closed", "states.withdrawn", "states.rejected", "states.merged"]',
            "no-end",
            "states",
        ),
    ],
)
def test_a_removal_that_breaks_the_policy_is_told(tmp_path: Path, text: str, code: str, path: str) -> None:
    """What other tables still need cannot be taken away, nor what is not there."""
    assert (code, path) in {(p.code, p.path) for p in problems(over_wuhu(tmp_path, text))}


@pytest.mark.parametrize("action", ["rate", "route", "attach", "transfer", "merge"])
def test_a_timed_action_needs_no_fields(tmp_path: Path, action: str) -> None:
    """The system gives no fields, so a rung's ``then`` cannot name an action that requires some."""
    found = problems(over_wuhu(tmp_path, clock("", RUNG.format("a", f'days = 5\nthen = "{action}"'))))
    assert [problem.path for problem in found] == ["clocks.c.rungs[0].then"]


def test_one_error_lists_every_problem(tmp_path: Path) -> None:
    """Faults of every kind, in keys, names, ways and ladders, come in one error, a line for each."""
    text = (
        'colour = 1\ntimezone = "Mars"\n[states.lost]\nstage = "handling"\n'
        '[actions.reply]\nguards = ["luck"]\n'
        + clock('start = ["submti"]', RUNG.format("a", "days = 5"), RUNG.format("b", "days = 3"))
    )
    file = over_wuhu(tmp_path, text)
    found = problems(file)
    expected = {
        "unknown-key", "unknown-zone", "unreachable-state", "unknown-guard", "unknown-clock-target",
        "rungs-out-of-order",
    }  # fmt: skip
    assert expected <= {problem.code for problem in found}
    lines = PolicyError(found).text("en").splitlines()
    assert len(lines) == len(found) + 1
    assert lines[0] == f"the policy has {len(found)} problems:"
    assert PolicyError(found[:1]).text("en").startswith("the policy has 1 problem:\n")
    assert all(str(file) in line and p.path in line for line, p in zip(lines[1:], found, strict=True))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'name = "x"\nname = "y"', "bad-toml"),
        (b"[states]\n[states]", "bad-toml"),
        (b"name = ", "bad-toml"),
        ('name = "网络"'.encode("gb18030"), "not-utf8"),
        (b"a = " + b"[" * 100_000 + b"]" * 100_000, "too-deep"),
        (b"a = " + b"[" * 40 + b"]" * 40, "too-deep"),
        (".".join("a" * 40).encode() + b" = 1", "too-deep"),
        (b"#" * 1_000_001, "too-large"),
        (b"", "missing-key"),
    ],
)
def test_a_file_that_is_no_policy_is_refused(tmp_path: Path, raw: bytes, code: str) -> None:
    """Not TOML, not UTF-8, nested too deeply, too large, empty: one problem that names the file."""
    file = written(tmp_path, raw)
    (problem,) = problems(file)
    assert (problem.file, problem.code) == (str(file), code)


def test_wrong_encoding_names_line_and_byte(tmp_path: Path) -> None:
    """A policy in GB18030 is told by line and byte."""
    (problem,) = problems(written(tmp_path, 'format = 1\nname = "芜湖"'.encode("gb18030")))
    assert problem.found == "line 2, byte 9"


def test_a_directory_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    """A directory is no file; a name that is nothing is an unknown policy."""
    assert [p.code for p in problems(tmp_path)] == ["not-a-file"]
    assert [p.code for p in problems(tmp_path / "none.toml")] == ["unknown-policy"]


@pytest.mark.parametrize("base", ["mine.toml", "./mine.toml", "../{folder}/mine.toml"])
def test_a_policy_that_extends_itself_is_refused(tmp_path: Path, base: str) -> None:
    """A circle of ``extends`` ends in an error, however the path is spelt."""
    file = written(tmp_path, f'extends = "{base.format(folder=tmp_path.name)}"')
    assert problems(file)[0].path == "extends"


def test_a_fault_below_names_the_file_below(tmp_path: Path) -> None:
    """A problem of the file that is extended is reported for that file."""
    base = written(tmp_path, "name = ", "base.toml")
    top = written(tmp_path, 'extends = "base.toml"\nname = "mine"')
    assert [(p.file, p.code) for p in problems(top)] == [(str(base), "bad-toml")]


def test_a_calendar_that_cannot_be_read_is_a_problem_of_the_policy(tmp_path: Path) -> None:
    """A missing table file or an unknown provider is told at the calendar's key."""
    working = clock('counting = "working"\ncalendar = "X"')
    for source, path, code in (
        ('file = "none.toml"', "calendars.X", "calendar-unavailable"),
        ('provider = "nobody"', "calendars.X.provider", "unknown-provider"),
    ):
        found = problems(over_wuhu(tmp_path, f"[calendars.X]\n{source}\n{working}"))
        assert [(p.path, p.code) for p in found] == [(path, code)]


def test_extends_lays_tables_over_and_removes_entries(tmp_path: Path) -> None:
    """What the file says wins key by key, what it does not say stays, what it removes is gone."""
    text = 'remove = ["actions.assess"]\nversion = "2"\n[limits]\nreturns = 1\n'
    text += '[states.routed]\nstage = "inquiry"\n'
    mine, wuhu = load_policy(over_wuhu(tmp_path, text)), load_policy("wuhu")
    assert (mine.name, mine.version, mine.limits.returns, mine.limits.reopens) == ("mine", "2", 1, 2)
    assert mine.states["routed"].stage == "inquiry"
    assert mine.states["routed"].labels == wuhu.states["routed"].labels
    assert set(wuhu.actions) - set(mine.actions) == {"assess"}


def test_every_key_of_wuhu_has_labels_in_both_languages() -> None:
    """Roles, kinds, reasons, states, actions, clocks and rungs are named in Chinese and in English."""
    wuhu = load_policy("wuhu")
    tables = (wuhu.roles, wuhu.kinds, wuhu.reasons, wuhu.states, wuhu.actions, wuhu.clocks)
    labelled = [entry.labels for table in tables for entry in table.values()]
    labelled += [rung.labels for clock in wuhu.clocks.values() for rung in clock.rungs]
    assert all(labels.zh and labels.en for labels in labelled)
    assert wuhu.states["routed"].labels.get("zh", "routed") == "已分转"
    assert wuhu.states["routed"].labels.get("en", "routed") == "routed"


def test_every_rule_of_wuhu_names_its_source() -> None:
    """The policy, each action, the clock and each rung say where they come from."""
    wuhu = load_policy("wuhu")
    rungs = [rung.source for clock in wuhu.clocks.values() for rung in clock.rungs]
    actions = [action.source for action in wuhu.actions.values()]
    assert all([wuhu.source, *actions, *rungs, wuhu.clocks["reply"].source])


def test_the_pin_is_the_content() -> None:
    """Loading twice gives one pin; the pinned document gives the policy and its pin back."""
    once, twice = load_policy("wuhu"), load_policy("wuhu")
    assert once.pin == twice.pin
    again = policy_from_document(once.document())
    assert (again, again.pin) == (once, once.pin)


@pytest.mark.parametrize(
    "edit",
    ['version = "2009"', "[clocks.reply]\ncounting = 'elapsed'", "[limits]\nreturns = 4",
     '[roles.handler]\nscope = "any"', '[states.routed.labels]\nzh = "已转"'],
)  # fmt: skip
def test_every_edit_changes_the_pin(tmp_path: Path, edit: str) -> None:
    """A policy with one key changed has another pin than before."""
    before = load_policy(over_wuhu(tmp_path, "")).pin
    assert load_policy(over_wuhu(tmp_path, edit)).pin != before


def test_a_calendar_is_part_of_the_pin(tmp_path: Path) -> None:
    """The same policy over a table with one day changed has another pin."""
    table = 'name = "X"\nfirst = 2025-01-01\nlast = 2025-12-31\n[holidays]\n2025-05-01 = "劳动节"\n'
    text = '[calendars.X]\nfile = "days.toml"\n' + clock('counting = "working"\ncalendar = "X"')
    pins = set()
    for days in (table, table + '2025-05-02 = "劳动节"\n'):
        written(tmp_path, days, "days.toml")
        pins.add(load_policy(over_wuhu(tmp_path, text)).pin)
    assert len(pins) == 2


def test_a_policy_cannot_be_assigned_to() -> None:
    """Policies are frozen values."""
    with pytest.raises(AttributeError):
        load_policy("wuhu").timezone = "UTC"  # type: ignore[misc]  # the assignment is the point


def test_what_is_named_open_means_every_state_that_is_not_final() -> None:
    """``open`` covers all open states; a named state wins over it."""
    table = CompiledPolicy(load_policy("wuhu")).table
    wuhu: Policy = load_policy("wuhu")
    legal = {state for state, row in table.items() if "reply" in row}
    assert legal == {name for name, state in wuhu.states.items() if not state.final}
    assert table["evaluation"]["reply"].place is None
    moved = table["routed"]["reply"].place
    assert moved is not None
    assert moved.state == "answered"
