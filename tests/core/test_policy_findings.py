"""What a usable policy gets wrong: each finding has a policy that shows it, and a mended twin."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from string import Formatter

import attrs
import pytest

from caseflow import Actor, Case, Desk, ManualClock, MemoryStore, Policy, i18n, load_policy
from caseflow.policies.lint.findings import findings
from caseflow.policies.lint.severity import Finding
from caseflow.policies.load import shipped
from tests.core.policy_files import written

TINY = """
format = 1
name = "tiny"
[limits]
extension_days = 9
[roles]
citizen = { scope = "own" }
officer = { scope = "unit" }
office = {}
[states]
asked = { stage = "inquiry" }
waiting = { stage = "handling" }
closed = { stage = "ended", final = true }
[actions]
submit = { moves = { start = "asked" }, roles = ["citizen"] }
route = { moves = { asked = "=" }, roles = ["office"] }
take_charge = { moves = { asked = "=" }, roles = ["officer"], guards = ["unit_holds"] }
request_information = { moves = { asked = "waiting" }, roles = ["office"] }
receive_information = { moves = { waiting = "asked" }, roles = ["citizen"] }
reply = { moves = { open = "closed" }, roles = ["office"] }
reopen = { moves = { closed = "asked" }, roles = ["citizen"], guards = ["reopens_left"] }
request_extension = { moves = { open = "=" }, roles = ["officer"], guards = ["before_breach"] }
grant_extension = { moves = { open = "=" }, roles = ["office"], guards = ["extensions_left"] }
[clocks.reply]
start = ["submit", "reopen"]
stop = ["reply"]
rungs = [
  { level = "yellow", days = 5, recipients = ["officer", "office"] },
  { level = "red", days = 15, recipients = ["office"], document = "督办单" },
]
"""
OFFICE = '{ level = "late", days = 3, recipients = ["office"]%s }'

EXPIRE = '[actions.expire]\nmoves = { open = "closed" }\nroles = ["office"]\n'


def extra(keys: str, rungs: str = OFFICE % "") -> str:
    """A second clock beside the first."""
    start = "" if "start" in keys else 'start = ["submit"]\n'
    stop = "" if "stop" in keys else 'stop = ["reply"]\n'
    return f"[clocks.extra]\n{start}{stop}{keys}\nrungs = [{rungs}]\n"


def instead(level: str, days: int, keys: str) -> str:
    """Another ladder for the first clock."""
    return f'[clocks.reply]\nrungs = [{{ level = "{level}", days = {days}{keys} }}]\n'


ON_HOLD = '[states.hold]\nstage = "handling"\n'
KINDS = "[kinds]\ncomplaint = {}\n"
UNTIL_SUMMER = "[calendars.X]\nfile = 'days.toml'\n"
HOURS = UNTIL_SUMMER + "hours = ['09:00-17:00']\n"
MARK = '[actions.mark]\nmoves = { open = "=" }\nroles = ["office"]\n'
NOTE = '[actions.note]\nmoves = { open = "=" }\nroles = ["office"]\nwithin = { of = "mark", days = 3 }\n'
URGE = MARK + 'updates = ["urgency"]\n'
PRAISE = KINDS + "praise = {}\n"
THIRD = f'[clocks.third]\nstart = ["end:extra"]\nstop = ["reply"]\nrungs = [{OFFICE % ""}]\n'
TERM = '{ level = "late", days = "field:term", recipients = ["office"] }'
SOON = ', { level = "soon", of = "late", days = -1, kind = "warning", recipients = ["office"] }'
PUT = ON_HOLD + '[actions.put]\nmoves = { asked = "hold" }\nroles = ["office"]\n'
FROM_HOLD = '[actions.take]\nmoves = { hold = "%s" }\nroles = ["office"]\n'
HELD = '[actions.reply]\nguards = ["unit_holds"]\n'
ON_BASE = 'extends = "base"\nname = "mine"\n' + ON_HOLD
ON_BASE += '[actions.hold]\nmoves = { handling = "hold" }\nroles = ["coordinator"]\n'


def fields(action: str, **types: str) -> str:
    """Fields of an action's own."""
    return f"[actions.{action}.fields]\n" + "".join(f'{k} = {{ type = "{v}" }}\n' for k, v in types.items())


def early(level: str, days: int) -> str:
    """Two rungs, of which that one ends the case."""
    second = OFFICE.replace("late", "later").replace("3", "4")
    first, last = (
        (OFFICE % "", second % ', then = "expire"')
        if days == 4
        else (OFFICE % ', then = "expire"', second % "")
    )
    return f"{first}, {last}"


TWINS: dict[str, tuple[str, str, str]] = {
    "when-kind-unknown": (
        "clocks.extra.when.kind",
        KINDS + extra('when = { kind = ["complant"] }'),
        KINDS + extra('when = { kind = ["complaint"] }'),
    ),
    "clock-never-starts": (
        "clocks.extra.start",
        extra('start = ["route"]\nsubject = "co_handler"'),
        extra('start = ["route"]\nsubject = "unit"'),
    ),
    "clock-never-stops": (
        "clocks.extra.stop",
        extra('stop = ["reopen"]'),
        extra('stop = ["reopen"]', OFFICE % ', then = "expire"') + EXPIRE,
    ),
    "rung-after-end": (
        "clocks.extra.rungs[1]",
        extra("", OFFICE % ', then = "expire"' + ', { level = "later", days = 4, recipients = ["office"] }')
        + EXPIRE,
        extra("", OFFICE % "" + ', { level = "later", days = 4, recipients = ["office"], then = "expire" }')
        + EXPIRE,
    ),
    "state-out-of-reach": (
        "states.hold",
        ON_HOLD + '[actions.put]\nmoves = { asked = "hold" }\n[actions.take]\nmoves = { hold = "closed" }\n',
        ON_HOLD + '[actions.put]\nmoves = { asked = "hold" }\nroles = ["office"]\n'
        '[actions.take]\nmoves = { hold = "closed" }\nroles = ["office"]\n',
    ),
    "case-without-clock": (
        "clocks",
        KINDS + '[clocks.reply.when]\nkind = ["complaint"]\n',
        KINDS + '[clocks.reply.when]\nkind = ["complaint"]\n' + extra(""),
    ),
    "state-without-clock": (
        "states.waiting",
        '[clocks.reply]\nstart = ["submit", "reopen", "receive_information"]\n'
        'stop = ["reply", "request_information"]\n',
        '[clocks.reply]\nstart = ["submit", "reopen", "receive_information"]\n'
        'stop = ["reply", "request_information"]\n'
        + extra('start = ["request_information"]\nstop = ["receive_information", "reply"]'),
    ),
    "pause-never-ends": (
        "clocks.extra.pause",
        extra('pause = ["request_information"]'),
        extra('pause = ["request_information"]\nresume = ["receive_information"]'),
    ),
    "endless-pause": (
        "clocks.extra.pause",
        extra('pause = ["state:waiting"]'),
        extra('pause = ["state:waiting"]')
        + ON_HOLD
        + '[actions.receive_information]\nmoves = { waiting = "hold" }\n',
    ),
    "endless-retraction": (
        "clocks.reply.revive",
        '[actions.retract_reply]\nmoves = { closed = "asked" }\nroles = ["office"]\n'
        '[clocks.reply]\nrevive = ["retract_reply"]\n',
        '[actions.retract_reply]\nmoves = { closed = "asked" }\nroles = ["office"]\n'
        '[clocks.reply]\nstart = ["submit"]\nrevive = []\n',
    ),
    "endless-restart": (
        "clocks.reply.start",
        "[actions.reopen]\nguards = []\n",
        "[limits]\nreopens = 9\n",
    ),
    "extension-outlives-rung": (
        "limits.extension_days",
        "[limits]\nextensions = 2\nextension_days = 5\n",
        "[limits]\nextensions = 3\nextension_days = 3\n",
    ),
    "extension-uncapped": (
        "actions.grant_extension.guards",
        '[actions.grant_extension]\nguards = ["extension_pending"]\n',
        '[actions.grant_extension]\nguards = ["extension_pending", "extensions_left"]\n',
    ),
    "extension-after-breach": (
        "actions.request_extension.guards",
        "[actions.request_extension]\nguards = []\n",
        '[actions.request_extension]\nguards = ["before_breach", "extensions_left"]\n',
    ),
    "notice-to-nobody": (
        "clocks.reply.rungs[0].recipients",
        instead("yellow", 5, ""),
        instead("yellow", 5, ', recipients = ["citizen"]'),
    ),
    "notice-to-program": (
        "clocks.reply.rungs[0].recipients",
        "[roles.robot]\neverything = true\n" + instead("yellow", 5, ', recipients = ["robot"]'),
        "[roles.robot]\neverything = true\n" + instead("yellow", 5, ', recipients = ["robot", "office"]'),
    ),
    "notice-without-unit": (
        "clocks.reply.rungs[0].recipients",
        instead("yellow", 5, ', recipients = ["officer"]'),
        instead("yellow", 5, ', recipients = ["officer"]') + "[clocks.reply]\nsubject = 'unit'\n",
    ),
    "document-without-office": (
        "clocks.reply.rungs[0].document",
        instead("urge", 5, ', recipients = ["citizen", "officer"], document = "催办通知单"'),
        instead("urge", 5, ', recipients = ["officer", "office"], document = "催办通知单"'),
    ),
    "horizon-too-near": (
        "calendars.X",
        UNTIL_SUMMER + extra("counting = 'working'\ncalendar = 'X'", OFFICE.replace("3", "11") % ""),
        UNTIL_SUMMER + extra("counting = 'working'\ncalendar = 'X'", OFFICE.replace("3", "10") % ""),
    ),
    "role-idle": (
        "roles.guest",
        "[roles.guest]\n",
        '[roles.guest]\n[actions.reply]\nroles = ["office", "guest"]\n',
    ),
    "action-for-nobody": (
        "actions.note.roles",
        '[actions.note]\nmoves = { open = "=" }\n',
        '[actions.note]\nmoves = { open = "=" }\n[roles.robot]\neverything = true\n',
    ),
    "role-never-acts": (
        "actions.submit.roles",
        '[actions.submit]\nroles = ["citizen", "officer"]\n',
        '[actions.submit]\nroles = ["citizen", "office"]\n',
    ),
    "start-never-comes": (
        "clocks.extra.start[2]",
        extra('start = ["submit", "reopen", "route"]'),
        extra('start = ["submit", "reopen"]\nrestart = ["route"]'),
    ),
    "end-never-comes": (
        "clocks.third.start[0]",
        extra("", early("late", 3)) + EXPIRE + THIRD,
        extra("", early("later", 4)) + EXPIRE + THIRD,
    ),
    "end-of-other-cases": (
        "clocks.third.start[0]",
        KINDS
        + "praise = {}\n"
        + extra('when = { kind = ["complaint"] }')
        + THIRD
        + 'when = { kind = ["praise"] }\n',
        KINDS + "praise = {}\n" + extra('when = { kind = ["complaint"] }') + THIRD,
    ),
    "runs-on-after-end": (
        "clocks.extra.rungs[0].then",
        extra("", OFFICE % ', then = "mark"') + MARK,
        extra('stop = ["reply", "mark"]', OFFICE % ', then = "mark"') + MARK,
    ),
    "warning-not-before": (
        "clocks.extra.rungs[0]",
        UNTIL_SUMMER
        + extra(
            'roll = "next-working-day"\ncalendar = "X"',
            '{ level = "soon", days = 2, kind = "warning", recipients = ["office"] }, ' + OFFICE % "",
        ),
        UNTIL_SUMMER + extra('roll = "next-working-day"\ncalendar = "X"', OFFICE % "" + SOON),
    ),
    "unit-clock-after-hand-over": (
        "clocks.extra.cancel",
        extra('start = ["route"]\nsubject = "unit"'),
        extra('start = ["route"]\ncancel = ["route"]\nsubject = "unit"'),
    ),
    "extension-for-nobody": (
        "clocks.extra.extension",
        extra('extension = { days = 3, by = ["officer"] }'),
        extra('extension = { days = 3, by = ["office"] }'),
    ),
    "cut-off-outside-hours": (
        "clocks.extra.cut_off",
        HOURS + extra('counting = "working"\ncalendar = "X"\ncut_off = "20:00"'),
        HOURS + extra('counting = "working"\ncalendar = "X"\ncut_off = "16:00"'),
    ),
    "field-not-there": (
        "clocks.extra.rungs[0].days",
        extra("", TERM),
        extra("", TERM) + fields("submit", term="int"),
    ),
    "field-of-wrong-type": (
        "clocks.extra.rungs[0].days",
        extra("", TERM) + fields("submit", term="string"),
        extra("", TERM) + fields("submit", term="int"),
    ),
    "when-field-unknown": (
        "clocks.extra.when.district",
        extra('when = { district = ["east"] }'),
        extra('when = { district = ["east"] }') + fields("submit", district="string"),
    ),
    "when-value-impossible": (
        "clocks.extra.when.elderly",
        extra('when = { elderly = ["yes"] }') + fields("submit", elderly="bool"),
        extra("when = { elderly = [true] }") + fields("submit", elderly="bool"),
    ),
    "hangs-on-nothing": (
        "clocks.extra.rungs[1].of",
        extra("", TERM + SOON),
        extra("", TERM + SOON) + fields("submit", term="int"),
    ),
    "update-unasked": (
        "actions.mark.updates[0]",
        URGE + fields("mark", urgency="string"),
        MARK
        + 'updates = ["urgency"]\n'
        + fields("mark", urgency="string")
        + extra('when = { urgency = ["high"] }'),
    ),
    "update-without-field": (
        "actions.mark.updates[0]",
        URGE,
        URGE + fields("mark", urgency="string"),
    ),
    "no-way-to-an-answer": (
        "states.hold",
        PUT + FROM_HOLD % "closed" + HELD,
        PUT + FROM_HOLD % "asked" + HELD,
    ),
    "no-way-to-a-unit": ("states.hold", PUT + FROM_HOLD % "closed", PUT + FROM_HOLD % "asked"),
    "no-way-to-the-end": (
        "states.hold",
        PUT + FROM_HOLD % "closed" + 'guards = ["unit_holds"]\n' + HELD,
        PUT + FROM_HOLD % "asked" + HELD,
    ),
    "information-refused": (
        "states.asked",
        '[actions.go_on]\nmoves = { waiting = "asked" }\nroles = ["office"]\n',
        '[actions.go_on]\nmoves = { waiting = "asked" }\nroles = ["office"]\n'
        '[actions.receive_information]\nmoves = { asked = "=" }\nguards = ["information_awaited"]\n',
    ),
    "within-never": (
        "actions.note.within.of",
        NOTE + '[actions.mark]\nmoves = { open = "=" }\n',
        NOTE + MARK,
    ),
    "calendar-without-migrate": (
        "actions.migrate",
        UNTIL_SUMMER + extra("counting = 'working'\ncalendar = 'X'"),
        UNTIL_SUMMER
        + extra("counting = 'working'\ncalendar = 'X'")
        + '[actions.migrate]\nmoves = { open = "=" }\nroles = ["office"]\nreason = true\n',
    ),
    "state-lacks-actions": (
        "states.hold",
        ON_BASE,
        ON_BASE.replace('stage = "handling"', 'stage = "handling"\nkeeps = "stage"'),
    ),
}
"""Code -> the key path it names, a change that brings it about, and the same change mended."""
A_MONDAY = date(2025, 6, 16)
SUMMER = 'name = "X"\nfirst = 2025-01-01\nlast = 2025-06-30\n'
IMPORTER = Actor("i-1", role="importer")


def tiny(folder: Path, change: str = "") -> Policy:
    written(folder, SUMMER, "days.toml")
    written(folder, TINY, "tiny.toml")
    if change.startswith("extends"):
        return load_policy(written(folder, change))
    heads = {line for line in change.splitlines() if line.startswith("[")}
    tables = [_table(head, change) for head in sorted(heads)]
    return load_policy(written(folder, 'extends = "tiny.toml"\nname = "mine"\n' + "\n".join(tables)))


def _table(head: str, change: str) -> str:
    """All keys that the change gives under one heading; a heading may stand twice in it."""
    keys, inside = [head], False
    for line in change.splitlines():
        inside = line == head if line.startswith("[") else inside
        keys += [line] if inside and not line.startswith("[") else []
    return "\n".join(keys)


def test_a_sound_policy_has_no_findings(tmp_path: Path) -> None:
    """The policy that all others here are changed from has nothing to find, on any day of its calendar."""
    assert findings(tiny(tmp_path), today=A_MONDAY) == ()


@pytest.mark.parametrize("code", TWINS)
def test_a_finding_is_there_and_mended(tmp_path: Path, code: str) -> None:
    """The change brings the code at its key path; the mended change does not."""
    path, wrong, mended = TWINS[code]
    assert (code, path) in {(one.code, one.path) for one in findings(tiny(tmp_path, wrong), today=A_MONDAY)}
    assert code not in {one.code for one in findings(tiny(tmp_path, mended), today=A_MONDAY)}


def test_every_finding_has_its_twins() -> None:
    """No code is without a policy that shows it, and none is shown that has no text."""
    assert set(TWINS) == set(i18n.findings())


@pytest.mark.parametrize("code", i18n.findings())
def test_a_finding_speaks_both_languages(tmp_path: Path, code: str) -> None:
    """Text and remedy fill in every word they name, in English and in Chinese."""
    found = next(one for one in findings(tiny(tmp_path, TWINS[code][1]), today=A_MONDAY) if one.code == code)
    for part in ("problem", "remedy"):
        english, chinese = (i18n.sentence(f"findings.{code}.{part}", lang) for lang in ("en", "zh"))
        assert english.isascii()
        assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese)
        words = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (english, chinese)]
        assert words[0] == words[1] <= set(found.names)
    assert found.text("en") != found.text("zh")


def of(policy: Policy, code: str) -> list[Finding]:
    return [one for one in findings(policy) if one.code == code]


WUHU = {
    ("state-without-clock", "states.answered"),
    ("state-without-clock", "states.evaluation"),
    ("state-without-clock", "states.rectification"),
    ("endless-retraction", "clocks.reply.revive"),
    ("extension-outlives-rung", "limits.extension_days"),
}


def test_wuhu_has_the_findings_that_are_true_of_it() -> None:
    """The shipped policy has these and no others; the tests below show that each is so."""
    assert {(one.code, one.path) for one in findings(load_policy("wuhu"), today=A_MONDAY)} == WUHU


FIELDS = {"reply": {"text": "好"}, "link_rectification": {"rectification": "r-1"}, "submit": {"title": "灯"}}


def gone(desk: Desk, way: tuple[str, ...]) -> Case:
    """The case after the actions of the way, each a minute after the last."""
    for action in way:
        fields = {"reason": "核对", **FIELDS.get(action, {})}
        case = desk.act("c1", action, by=IMPORTER, fields=fields)
        desk.clock.advance(minutes=1)
    return case


def a_desk() -> Desk:
    return Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T23:00:00+08:00"))


@pytest.mark.parametrize("state", ["answered", "evaluation", "rectification"])
def test_the_way_to_a_state_without_clock_can_be_gone(state: str) -> None:
    """The actions named lead there, and nothing runs or is due."""
    (found,) = [one for one in of(load_policy("wuhu"), "state-without-clock") if one.path.endswith(state)]
    case = gone(a_desk(), found.way)
    assert (case.state, case.next_due_us) == (state, None)
    assert not any(run.is_running for run in case.clocks)


def test_the_loop_of_an_endless_delay_can_be_gone_for_ever() -> None:
    """A reply that stands overnight and is taken back in the morning keeps every card away for 60 days."""
    (found,) = of(load_policy("wuhu"), "endless-retraction")
    assert (found.way, found.loop) == (("submit", "reply"), ("retract_reply", "reply"))
    desk = a_desk()
    gone(desk, found.way)
    for _ in range(60):
        desk.clock.advance(hours=2)
        gone(desk, found.loop[:1])
        desk.clock.advance(hours=21, minutes=57)
        desk.sweep()
        case = gone(desk, found.loop[1:])
    assert (case.escalations, desk.clock.now().isoformat()[:10]) == ((), "2025-05-02")


def test_a_notice_without_unit_finds_nobody() -> None:
    """The card of a case that nobody routed names no unit whose officials are told; unless others are."""
    wuhu = load_policy("wuhu")
    assert not of(wuhu, "notice-without-unit")
    found = of(attrs.evolve(wuhu, without_unit=()), "notice-without-unit")
    assert [one.path for one in found] == [f"clocks.reply.rungs[{at}].recipients" for at in (0, 1)]
    desk = a_desk()
    gone(desk, found[1].way)
    desk.clock.advance(days=6)
    assert [(card.level, card.unit) for card in desk.sweep().cards] == [("yellow", "")]


def test_an_extension_can_outlive_the_rungs_named() -> None:
    """With all that the caps allow, the yellow card comes after red and the urging notice would have."""
    desk = a_desk()
    plain = gone(desk, ("submit",)).clocks[0].dues
    desk.act("c1", "route", by=IMPORTER, fields={"to": "城管局"})
    desk.act("c1", "request_extension", by=IMPORTER, fields={"days": 30, "reason": "取样"})
    case = desk.act("c1", "grant_extension", by=IMPORTER)
    yellow, urge = case.clocks[0].dues[1], plain[3]
    assert yellow is not None
    assert urge is not None
    assert yellow > urge


def test_the_receipt_policy_tells_nobody() -> None:
    """The policy of the replayed permit log has one finding: its log knows no people to tell."""
    receipt = load_policy(Path(__file__).parents[2] / "examples" / "policies" / "receipt.toml")
    assert [one.code for one in findings(receipt, today=A_MONDAY)] == ["notice-to-nobody"]


@cache
def whole_city() -> tuple[Policy, set[tuple[str, str]]]:
    city = load_policy(Path(__file__).parents[1] / "golden" / "city.toml")
    return city, {(one.code, one.path) for one in findings(city)}


@pytest.mark.parametrize("most", [1, 5, 20, 60, 150])
def test_a_graph_that_is_cut_short_invents_nothing(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """However few situations are walked, what is found is found on the whole walk too."""
    city, whole = whole_city()
    monkeypatch.setattr("caseflow.policies.lint.state_space.MOST", most)
    assert {(one.code, one.path) for one in findings(city)} <= whole


def test_findings_come_in_the_same_order_every_time() -> None:
    """Two runs over a policy of several clocks say the same, word for word."""
    rich = load_policy(Path(__file__).parents[1] / "laws" / "policy.toml")
    once = findings(rich)
    assert findings(rich) == once
    assert {one.code for one in once} >= {"endless-pause", "notice-to-nobody"}


def test_an_unreadable_calendar_day_is_told_from_the_day_asked() -> None:
    """A horizon is only looked at from a given day, and the finding says until when starts are certain."""
    rich = load_policy(Path(__file__).parents[1] / "laws" / "policy.toml")
    (found,) = [one for one in findings(rich, today=date(2025, 3, 20)) if one.code == "horizon-too-near"]
    assert (found.path, found.names["latest"], found.names["last"]) == (
        "calendars.office", "2025-03-16", "2025-03-25",
    )  # fmt: skip


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_policy_can_be_linted(name: str) -> None:
    """Whatever keys a policy uses, lint comes to its end, and no clock that runs is said never to start."""
    assert "clock-never-starts" not in {one.code for one in findings(load_policy(name))}


def test_a_clock_may_begin_at_the_end_of_another(tmp_path: Path) -> None:
    """Such a start is one that happens, on the way as ``end:`` and the clock's name."""
    follows = extra('start = ["end:reply"]')
    assert "clocks.extra.start" not in {one.path for one in findings(tiny(tmp_path, follows))}


def test_a_clock_for_each_value_of_a_field_is_looked_at(tmp_path: Path) -> None:
    """It begins with every value, and stops with it."""
    clue = (
        '[actions.%s]\nmoves = { asked = "=" }\nroles = ["office"]\nfields = { clue = { required = true } }\n'
    )
    keys = 'subject = "field:clue"\nstart = ["find"]\nstop = ["verify"]'
    codes = {one.code for one in findings(tiny(tmp_path, clue % "find" + clue % "verify" + extra(keys)))}
    assert not {"clock-never-starts", "clock-never-stops"} & codes


def test_a_restart_without_cap_is_told(tmp_path: Path) -> None:
    """Whoever may end the running cycle and begin a new one puts the deadline off."""
    note = '[actions.note]\nmoves = { open = "=" }\nroles = ["office"]\n'
    found = findings(tiny(tmp_path, note + extra('restart = ["note"]')))
    assert [one.loop for one in found if one.code == "endless-restart"] == [("note",)]


@pytest.mark.parametrize("ends", ["cancel", "stop"])
def test_an_act_that_ends_and_starts_a_clock_leaves_one_running(tmp_path: Path, ends: str) -> None:
    """The effects of one act come one after the other: a clock runs after it, put off for ever."""
    amend = '[actions.amend]\nmoves = { asked = "=" }\nroles = ["office"]\n'
    stop = '"reply", "amend"' if ends == "stop" else '"reply"'
    keys = f'[clocks.reply]\nstart = ["submit", "reopen", "amend"]\nstop = [{stop}]\n'
    keys += 'cancel = ["amend"]\n' if ends == "cancel" else ""
    policy = tiny(tmp_path, amend + keys)
    problems = findings(policy, today=A_MONDAY)
    assert [(one.code, one.loop) for one in problems] == [("endless-restart", ("amend",))]
    desk = Desk(policy, MemoryStore(), clock=ManualClock("2025-03-03T23:00:00+08:00"))
    desk.submit(title="灯", by=Actor("c", role="citizen"), case_id="c1")
    case = desk.act("c1", "amend", by=Actor("o", role="office"))
    assert [(run.cycle, run.is_running) for run in case.clocks] == [(1, False), (2, True)]
