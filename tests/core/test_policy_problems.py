"""Every fault a policy can have, its code, and the place where it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow.errors import Problem
from tests.core.policy_files import RUNG, clock, over_wuhu, problems, within


@pytest.mark.parametrize(
    ("text", "code", "path", "found"),
    [
        (
            '[actions.reply.moves]\nnowhere = "answered"',
            "unknown-state",
            "actions.reply.moves.nowhere",
            "nowhere",
        ),
        (
            '[actions.reply.moves]\nhandling = "nowhere"',
            "unknown-state",
            "actions.reply.moves.handling",
            "nowhere",
        ),
        ('[actions.submit]\nwith_unit = "nowhere"', "unknown-state", "actions.submit.with_unit", "nowhere"),
        ('[states.lost]\nstage = "handling"', "unreachable-state", "states.lost", "lost"),
        (
            '[states.trap]\nstage = "handling"\n[actions.fall.moves]\nhandling = "trap"\n'
            '[actions.withdraw.moves]\ntrap = "="\n[actions.reply.moves]\ntrap = "="',
            "no-way-to-an-end",
            "states.trap",
            "trap",
        ),
        ('[states.odd]\nstage = "limbo"', "unknown-stage", "states.odd.stage", "limbo"),
        ('[states.open]\nstage = "handling"', "reserved-name", "states.open", "open"),
        ('[actions.route.moves]\nstart = "routed"', "start-not-submit", "actions.route.moves.start", "route"),
        ('[actions.reply]\nroles = ["nobody"]', "unknown-role", "actions.reply.roles", "nobody"),
        ('[actions.reply]\nguards = ["luck"]', "unknown-guard", "actions.reply.guards", "luck"),
        ("[actions.reply.fields.text]", "fields-of-built-in", "actions.reply.fields.text", "text"),
        ("[actions.submit.fields.unit]", "reserved-name", "actions.submit.fields.unit", "unit"),
        ("[actions.submit.fields.zone]", "reserved-name", "actions.submit.fields.zone", "zone"),
        ('[actions.reply]\nrequired = ["colour"]', "unknown-field", "actions.reply.required", "colour"),
        (
            '[states.halted]\nstage = "handling"\n[actions.submit.moves]\nstart = "halted"\n'
            '[actions.resume_work.moves]\nhalted = "back"',
            "back-to-nowhere",
            "actions.resume_work.moves.halted",
            "halted",
        ),
        ('[actions.submit.moves]\nstart = "back"', "unknown-state", "actions.submit.moves.start", "back"),
        (
            '[states.new]\nstage = "handling"\nkeeps = "nowhere"',
            "unknown-state",
            "states.new.keeps",
            "nowhere",
        ),
        ('[states.new]\nstage = "handling"\nkeeps = "new"', "keeps-nothing", "states.new.keeps", "new"),
        ('[states.back]\nstage = "handling"', "reserved-name", "states.back", "back"),
        ('[evaluation.axes.cost]\nscale = "x"', "unknown-scale", "evaluation.axes.cost.scale", "x"),
        ('[evaluation]\nsatisfaction = "cost"', "unknown-axis", "evaluation.satisfaction", "cost"),
        ('[evaluation]\nresolution = "cost"', "unknown-axis", "evaluation.resolution", "cost"),
        ("[evaluation.scales.x]", "scale-without-verdict", "evaluation.scales.x.verdicts", "x"),
        ("[evaluation.axes.text]", "reserved-name", "evaluation.axes.text", "text"),
        ("[evaluation.axes.causes]", "reserved-name", "evaluation.axes.causes", "causes"),
        (
            "[evaluation.scales.x.verdicts.good]\nscore = 6",
            "out-of-bounds",
            "evaluation.scales.x.verdicts.good.score",
            "6, expected 0 to 5",
        ),
        ("[actions.rate]\nroles = []", "token-for-nobody", "evaluation.token_days", "30"),
        (
            '[evaluation.dissatisfied]\nthen = "reopen"',
            "then-needs-fields",
            "evaluation.dissatisfied.then",
            "reopen",
        ),
        (
            '[evaluation.dissatisfied]\nthen = "again"',
            "unknown-then",
            "evaluation.dissatisfied.then",
            "again",
        ),
        (
            '[evaluation.dissatisfied]\nthen = "rate"\nwith = { score = 5 }',
            "then-needs-fields",
            "evaluation.dissatisfied.then",
            "rate",
        ),
        ("[actions.note]\nat_most = 0", "at-most-too-few", "actions.note.at_most", "0"),
        ("[actions.reopen]\nat_most = 1", "at-most-begins-cycle", "actions.reopen.at_most", "reopen"),
        (within('days = 5, of = "nowhere"'), "unknown-within", "actions.note.within.of", "nowhere"),
        (within('days = 5, of = "note"'), "unknown-within", "actions.note.within.of", "note"),
        (within('of = "reply"'), "one-length", "actions.note.within", "none"),
        (within('hours = 5, of = "reply"'), "length-unfit", "actions.note.within", "natural"),
        (
            within('days = 5, of = "reply", counting = "working"'),
            "calendar-needed",
            "actions.note.within.calendar",
            "none",
        ),
        (
            within('days = 5, of = "reply", counting = "working", calendar = "XX"'),
            "unknown-calendar",
            "actions.note.within.calendar",
            "XX",
        ),
        (
            '[actions.visit.fields.x]\ntype = "float"',
            "unknown-field-type",
            "actions.visit.fields.x.type",
            "float",
        ),
        ("[actions.visit.fields.reason]", "reserved-name", "actions.visit.fields.reason", "reason"),
        ('[roles.handler]\nscope = "town"', "unknown-scope", "roles.handler.scope", "town"),
        ('timezone = "Asia/Wuhu"', "unknown-zone", "timezone", "Asia/Wuhu"),
        ("format = 2", "unknown-format", "format", "2"),
        (clock('start = ["submti"]'), "unknown-clock-target", "clocks.c.start", "submti"),
        (clock('stop = ["state:nowhere"]'), "unknown-clock-target", "clocks.c.stop", "state:nowhere"),
        (clock('subject = "citizen"'), "unknown-subject", "clocks.c.subject", "citizen"),
        (clock('counting = "working"\ncalendar = "XX"'), "unknown-calendar", "clocks.c.calendar", "XX"),
        (clock('counting = "working"'), "calendar-needed", "clocks.c.calendar", "none"),
        (clock('counting = "business"'), "bad-term", "clocks.c.counting", "business"),
        (clock('roll = "back"'), "bad-term", "clocks.c.roll", "back"),
        (
            clock('roll = "next-working-day"\ncounting = "elapsed"'),
            "term-needs-days",
            "clocks.c.roll",
            "next-working-day",
        ),
        (
            clock('stop = ["complete", "placeholder"]'),
            "placeholder-completes",
            "clocks.c.stop",
            "complete, placeholder",
        ),
        ("[clocks.c]", "no-rungs", "clocks.c.rungs", ""),
        (
            clock("", RUNG.format("a", "days = 5"), RUNG.format("b", "days = 3")),
            "rungs-out-of-order",
            "clocks.c.rungs[1]",
            "b at 3",
        ),
        (
            clock("", RUNG.format("a", "days = 5"), RUNG.format("b", "days = 5")),
            "rungs-out-of-order",
            "clocks.c.rungs[1]",
            "b at 5",
        ),
        (
            clock("", RUNG.format("a", "days = 5"), RUNG.format("b", 'days = 9\nkind = "warning"')),
            "soft-after-hard",
            "clocks.c.rungs[1]",
            "b",
        ),
        (
            clock("", RUNG.format("a", "days = 5"), RUNG.format("a", "days = 9")),
            "level-twice",
            "clocks.c.rungs[1].level",
            "a",
        ),
        (clock("", RUNG.format("a", "")), "one-length", "clocks.c.rungs[0]", "none"),
        (clock("", RUNG.format("a", "days = -5")), "bad-count", "clocks.c.rungs[0].days", "-5"),
        (clock("", RUNG.format("a", "days = 36526")), "too-long", "clocks.c.rungs[0].days", "36526"),
        (
            clock("", RUNG.format("a", "hours = 5")),
            "length-unfit",
            "clocks.c.rungs[0].hours",
            "natural",
        ),
        (
            clock("", RUNG.format("a", 'days = 5\nkind = "soft"')),
            "unknown-rung-kind",
            "clocks.c.rungs[0].kind",
            "soft",
        ),
        (
            clock("", RUNG.format("a", 'days = 5\nthen = "explode"')),
            "unknown-then",
            "clocks.c.rungs[0].then",
            "explode",
        ),
        (
            clock("", RUNG.format("a", 'days = 5\nrecipients = ["nobody"]')),
            "unknown-role",
            "clocks.c.rungs[0].recipients",
            "nobody",
        ),
        ("[calendars.CN]\nweek = []", "empty-week", "calendars.CN.week", "[]"),
        ("[actions.reply]\nrols = []", "unknown-key", "actions.reply.rols", "rols"),
        ("colour = 1", "unknown-key", "colour", "colour"),
        ("[tables.CN]\nx = 1", "unknown-key", "tables", "tables"),
        ('[actions.reply]\nroles = "handler"', "wrong-type", "actions.reply.roles", "str, expected a list"),
        ("[states]\nrouted = 5", "wrong-type", "states.routed", "int, expected a table"),
        ("[limits]\nreturns = true", "wrong-type", "limits.returns", "bool, expected int"),
        ("[limits]\nreturns = nan", "not-finite", "limits.returns", "nan"),
        ("[limits]\nreturns = inf", "not-finite", "limits.returns", "inf"),
        ("[states.new]\nfinal = true", "missing-key", "states.new.stage", ""),
    ],
)
def test_each_problem_has_its_code_and_place(
    tmp_path: Path, text: str, code: str, path: str, found: str
) -> None:
    """A policy with one fault names file, key path, code and what was found."""
    file = over_wuhu(tmp_path, text)
    assert Problem(str(file), path, code, found) in problems(file)
