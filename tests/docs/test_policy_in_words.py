"""`caseflow policy show --terms` tells every key of a term, in each language, on a terminal of 80 columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from caseflow import load_policy
from caseflow.cli import run
from caseflow.i18n import Lang, languages
from caseflow.policies.load import shipped
from caseflow.views.labels import width
from caseflow.views.policy_terms import policy_terms

POLICY = """
name = "law"
timezone = "Asia/Shanghai"
[calendars.days]
file = "days.toml"
by = "region"
of = { south = "others" }
[calendars.others]
file = "days.toml"
hours = ["09:00-12:00"]
closed = { 2025-03-14 = "moving house" }
[roles]
citizen = { scope = "own" }
officer = {}
[units.roads]
parent = "city"
timezone = "Asia/Urumqi"
[states]
pending = { stage = "handling" }
on_hold = { stage = "handling", keeps = "pending" }
answered = { stage = "evaluation" }
closed = { stage = "ended", final = true }
[actions.submit]
moves = { start = "pending" }
roles = ["citizen"]
required = ["kind"]
[actions.submit.fields]
paper = { type = "bool" }
answer_by = { type = "date", labels = { en = "day of the answer", zh = "答复日" } }
[actions.move_term]
moves = { pending = "=" }
roles = ["officer"]
fields = { answer_by = { type = "date", required = true } }
updates = ["answer_by"]
at_most = 2
within = { months = 1, of = "submit" }
[actions.halt]
moves = { pending = "on_hold" }
roles = ["officer"]
[actions.go_on]
moves = { on_hold = "back" }
roles = ["officer"]
[actions.transfer]
moves = { pending = "=" }
roles = ["officer"]
[actions.reply]
moves = { pending = "answered" }
roles = ["officer"]
guards = ["helpers_reported"]
[actions.close]
moves = { answered = "closed" }
roles = ["officer"]
[clocks.decision]
start = ["submit"]
restart = ["move_term"]
stop = ["reply"]
pause = ["state:on_hold"]
when = { kind = ["plain"], not = { paper = [true] } }
roll = "next-working-day"
first = "next-working-day"
cut_off = "17:00"
paused_day = "touched"
calendar = "days"
extension = { times = 2, months = 1, until = true, by = ["officer"] }
[[clocks.decision.rungs]]
level = "remind"
days = 7
every = 7
times = 2
kind = "warning"
[[clocks.decision.rungs]]
level = "soon"
of = "late"
days = -5
kind = "warning"
[[clocks.decision.rungs]]
level = "late"
months = 1
then = "transfer"
with = { to = "parent" }
[clocks.set]
start = ["end:decision"]
subject = "unit"
since = "submit"
rungs = [{ level = "set_late", at = "field:answer_by" }]
"""
WORDS = """
law 1
time zone Asia/Shanghai

TERMS

decision
  begins       submit
  begins anew  move_term
  met by       reply
  paused by    entering "on_hold"
  only for     kind: plain; not paper: yes
  counted      a rest day at the end moves on; day 1 is a working day; a pause
               takes every day it touches; calendar days; from 17:00 as of the
               next working day
  warning      remind: 7 natural days; again every 7 natural days, 2 times
  warning      soon: 5 natural days before late
  deadline     late: 1 month; then transfer (to: parent)
  extension    2 times; 1 month at most; or to a date; by officer

set
  begins        end of "decision"
  counted from  submit
  one for each  unit that holds the case
  deadline      set_late: the day given as day of the answer

ACTS
submit
  needs    kind
  may say  paper; day of the answer
move_term
  limit    2 times in a cycle
  within   1 month after submit
  needs    day of the answer
  changes  day of the answer
go_on
  leads  back to where the case was
reply
  waits for  every unit asked to help

STATES
on_hold
  accepts as  pending

UNITS
roads
  below      city
  time zone  Asia/Urumqi

CALENDARS
days
  from    days.toml
  others  by region; south: others
others
  from    days.toml
  hours   09:00-12:00
  closed  2025-03-14
"""


@pytest.fixture
def law(tmp_path: Path) -> Path:
    (tmp_path / "days.toml").write_text(
        'name = "days"\nfirst = 2025-01-01\nlast = 2025-12-20\n', encoding="utf-8"
    )
    (tmp_path / "law.toml").write_text(POLICY, encoding="utf-8")
    return tmp_path / "law.toml"


def test_every_key_of_a_term_is_told(law: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the policy says stands there in words; a key at its default has no line."""
    assert run(["policy", "show", str(law), "--terms", "--lang", "en"]) == 0
    assert capsys.readouterr().out == WORDS.lstrip()


def test_programs_get_the_document_that_a_case_pins(law: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--json`` the policy and its calendars, as a store keeps them."""
    assert run(["policy", "show", str(law), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(load_policy(law).document()))


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("name", shipped())
def test_the_words_fit_a_terminal(name: str, lang: Lang) -> None:
    """No line of a shipped policy is wider than 80 columns, a Chinese character taking two."""
    assert [
        line for line in policy_terms(load_policy(name), lang=lang).splitlines() if width(line) > 80
    ] == []
