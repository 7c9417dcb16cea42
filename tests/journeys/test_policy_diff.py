"""What differs between two policies is told key by key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from caseflow import Policy, load_policy
from caseflow.cli import run
from caseflow.policies.load import shipped
from caseflow.policies.policy_diff import PolicyChange, policy_diff


def policy(folder: Path, text: str, name: str = "other") -> Policy:
    file = folder / f"{name}.toml"
    file.write_text(f'extends = "wuhu"\nname = "wuhu"\n{text}', encoding="utf-8")
    return load_policy(file)


@pytest.mark.parametrize(
    ("text", "path", "old", "new"),
    [
        ("limits.returns = 2", "limits.returns", 3, 2),
        (
            '[actions.close]\nroles = ["coordinator"]',
            "actions.close.roles",
            ["coordinator", "supervisor"],
            ["coordinator"],
        ),
        (
            "[calendars.CN]\nprovider = 'chinesecalendar'\n",
            "calendars.CN",
            None,
            {"provider": "chinesecalendar"},
        ),
        ("remove = ['kinds.need']", "kinds.need", {"labels": {"zh": "求助", "en": "need"}}, None),
        ("[roles.visitor]\nreads = 'public'", "roles.visitor", None, {"reads": "public"}),
    ],
)
def test_a_key_that_differs(tmp_path: Path, text: str, path: str, old: object, new: object) -> None:
    """Changed, only in the new one, only in the old one."""
    changes = {change.path: change for change in policy_diff(load_policy("wuhu"), policy(tmp_path, text))}
    assert changes[path].old == old
    assert changes[path].new == new or dict(new or {}).items() <= dict(changes[path].new or {}).items()  # type: ignore[call-overload]


def test_rungs_are_told_by_their_levels(tmp_path: Path) -> None:
    """One that is new in the middle of a ladder makes no other one different."""
    rungs = [("reminder", 3), ("yellow", 5), ("orange", 9), ("red", 12), ("urge", 30)]
    text = "\n".join(f'[[clocks.reply.rungs]]\nlevel = "{level}"\ndays = {days}' for level, days in rungs)
    paths = [one.path for one in policy_diff(load_policy("wuhu"), policy(tmp_path, text))]
    assert "clocks.reply.rungs.orange" in paths and "clocks.reply.rungs.red.days" in paths
    assert not [path for path in paths if path.endswith(("yellow.days", "urge.days"))]


@pytest.mark.parametrize(
    ("path", "is_of_words"),
    [
        ("labels.zh", True),
        ("source", True),
        ("clocks.reply.rungs.red.source", True),
        ("actions.rate.fields.verdict.choice_labels.good.zh", True),
        ("actions.submit.fields.source.type", False),
        ("states.labels.stage", False),
        ("clocks.source.rungs", False),
        ("limits.returns", False),
    ],
)
def test_words_are_told_apart(path: str, is_of_words: bool) -> None:
    """A field, state or clock may be called as a key of words is."""
    assert PolicyChange(path).is_of_words is is_of_words


@pytest.mark.parametrize("name", shipped())
def test_a_policy_differs_from_itself_in_nothing(name: str) -> None:
    """And the difference read backwards is the same with old and new exchanged."""
    one, base = load_policy(name), load_policy("base")
    assert policy_diff(one, one) == ()
    there, back = policy_diff(base, one), policy_diff(one, base)
    assert {(row.path, str(row.old), str(row.new)) for row in there} == {
        (row.path, str(row.new), str(row.old)) for row in back
    }
    assert bool(there) == (one.pin != base.pin)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Words are counted, and told on request; JSON has the same changes."""
    policy(tmp_path, 'labels = { zh = "另一城" }\n[limits]\nreturns = 2')
    file = str(tmp_path / "other.toml")
    assert run(["policy", "diff", "wuhu", file, "--lang", "zh"]) == 0
    assert capsys.readouterr().out == "limits.returns：3 -> 2\n另有标签与出处 1 处（--words 列出）\n"
    assert run(["policy", "diff", "wuhu", file, "--json", "--words"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["path"] for row in rows] == ["labels.zh", "limits.returns"]
    assert run(["policy", "diff", "wuhu", "wuhu", "--lang", "en"]) == 0
    assert capsys.readouterr().out == "they are the same, key by key\n"
