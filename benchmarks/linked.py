"""A command on two linked cases, recorded in one append, against one on a single case; on PostgreSQL.

Both are asked of one desk in turn, on cases that are there: a note, and a link that neither case has. Each
round has cases of its own. Beside the link stands an action that makes a linked case learn, and act.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

from benchmarks import servers
from benchmarks.life import START, WORKPLACE
from benchmarks.report import Row
from benchmarks.timing import interleaved, seconds
from caseflow import Actor, Desk, ManualClock, load_policy
from caseflow.stores.sqlalchemy import SqlStore

CLERK = Actor("clerk-1", role="clerk")
POLICY = """
name = "linked"
[roles.clerk]
[states.waiting]
stage = "handling"
[states.done]
stage = "evaluation"
[states.over]
stage = "ended"
final = true
[actions.submit]
moves = { start = "waiting" }
roles = ["clerk"]
[actions.note]
moves = { open = "=" }
roles = ["clerk"]
[actions.finish]
moves = { waiting = "done" }
roles = ["clerk"]
[actions.finish_too]
moves = { waiting = "done" }
[actions.link]
moves = { open = "=" }
roles = ["clerk"]
[actions.close]
moves = { open = "over" }
roles = ["clerk"]
[links.beside]
to = ["linked"]
from = ["linked"]
[links.after]
to = ["linked"]
from = ["linked"]
when_linked.done = { then = "finish_too" }
[clocks.reply]
start = ["submit"]
stop = ["close"]
rungs = [{ level = "yellow", days = 5 }]
"""
_runs = count()


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Microseconds a command; the score is how many single ones a linked one costs."""
    if servers.missing(servers.POSTGRES, "linked"):
        return ()
    cases, rounds = (20, 5) if quick else (100, 9)
    path = WORKPLACE / "linked.toml"
    path.write_text(POLICY, encoding="utf-8")
    with servers.postgres() as url:
        desk = Desk(load_policy(Path(path)), SqlStore.made(url), clock=ManualClock(START))
        taken = interleaved(
            {
                "single": lambda: _round(desk, cases, _note),
                "linked": lambda: _round(desk, cases, _link),
                "finish": lambda: _round(desk, cases, _finish),
                "both finish": lambda: _round(desk, cases, _finish, is_linked=True),
            },
            rounds=rounds,
        )
        desk.store.close()
    return (
        _row("a link of two cases, PostgreSQL", taken["linked"], taken["single"], must=1.6),
        _row("an action that finishes a linked case, too", taken["both finish"], taken["finish"]),
    )


def _row(work: str, ours: float, single: float, must: float | None = None) -> Row:
    return Row(
        work=work, unit="us", ours=ours * 1e6, peer=single * 1e6, against="one command on one case, same run",
        score=ours / single, sense="{:.2f}x of a single one", at_least=False, must=must,
        note="two cases, and an event or more of each, in one append",
    )  # fmt: skip


def _round(
    desk: Desk, cases: int, command: Callable[[Desk, str, str], object], *, is_linked: bool = False
) -> float:
    """Seconds for each command."""
    run = next(_runs)
    pairs = [(f"case-{run}-{number}-a", f"case-{run}-{number}-b") for number in range(cases)]
    for pair in pairs:
        for case_id in pair:
            desk.submit(title="x", by=CLERK, case_id=case_id)
        if is_linked:
            desk.link(pair[1], pair[0], as_="after", by=CLERK)
    return seconds(lambda: [command(desk, *pair) for pair in pairs]) / cases


def _note(desk: Desk, first: str, other: str) -> None:
    desk.act(first, "note", by=CLERK)


def _link(desk: Desk, first: str, other: str) -> None:
    desk.link(first, other, as_="beside", by=CLERK)


def _finish(desk: Desk, first: str, other: str) -> None:
    desk.act(first, "finish", by=CLERK)
