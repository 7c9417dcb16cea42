"""A change of rules on `SqliteStore`: ten thousand cases under way, tried and done."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.life import ANSWER, BODY, CITIZEN, COORDINATOR, OFFICER, START, TITLE, UNIT, WORKPLACE
from benchmarks.report import Row
from benchmarks.timing import seconds
from caseflow import Actor, Desk, ManualClock, SqliteStore, load_policy
from caseflow.desk.migrator import Migration

SUPERVISOR = Actor("s-1", role="supervisor")
CHANGED = """extends = "wuhu"
name = "changed"
[clocks.reply]
rungs = [
    { level = "reminder", days = 2, kind = "warning", recipients = ["handler"] },
    { level = "yellow", days = 4, recipients = ["handler", "lead_official"] },
    { level = "red", days = 15, recipients = ["handler", "lead_official", "supervisor"] },
    { level = "urge", days = 30, recipients = ["handler", "supervisor"], document = "催办通知单" },
]
[clocks.completion]
start = ["submit"]
stop = ["complete"]
rungs = [{ level = "overdue", days = 20, recipients = ["handler"] }]
"""
"""Two rungs at another instant, and a clock that was not there."""


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Seconds for the impact on every open case, and for the change itself."""
    cases = 1_000 if quick else 10_000
    with TemporaryDirectory(dir=WORKPLACE) as name:
        folder = Path(name)
        make(folder / "cases.db", cases)
        (folder / "changed.toml").write_text(CHANGED, encoding="utf-8")
        tried = _seconds(folder, cases, dry_run=True)
        done = _seconds(folder, cases, dry_run=False)
    aim = 20 * cases / 10_000
    return (
        Row(work=f"impact of other rules on {cases:,} cases", unit="s", ours=tried, score=tried,
            sense="{:.2f} s", at_least=False, must=aim, hoped=aim / 2,
            note="dry run: every open case loaded and folded from its whole history; nothing written"),
        Row(work=f"{cases:,} cases brought under other rules", unit="s", ours=done, score=done,
            sense="{:.2f} s", at_least=False, must=2 * aim),
    )  # fmt: skip


def make(path: Path, cases: int) -> None:
    """A file of so many open cases, forty days old, each with an ordinary life: about ten events."""
    desk = Desk(load_policy("wuhu"), SqliteStore(path, synchronous="off"), clock=ManualClock(START))
    names = [f"case-{turn:05}" for turn in range(cases)]
    for name in names:
        desk.submit(title=TITLE, body=BODY, kind="complaint", by=CITIZEN, case_id=name)
        desk.acknowledge(name, by=COORDINATOR)
        desk.route(name, to=UNIT, by=COORDINATOR)
    desk.clock.advance(days=1)
    for name in names:
        desk.take_charge(name, by=OFFICER)
        desk.note(name, text="现场查看", by=OFFICER)
    desk.clock.advance(days=6)
    desk.sweep()
    for turn, name in enumerate(names):
        if turn % 3:
            desk.reply(name, text=ANSWER, by=OFFICER)
            desk.note(name, text="已回访", by=OFFICER)
    desk.clock.advance(days=33)
    desk.sweep()
    desk.store.close()


def _seconds(folder: Path, cases: int, *, dry_run: bool) -> float:
    """How long it takes on a copy of the file."""
    path = folder / "copy.db"
    shutil.copyfile(folder / "cases.db", path)
    desk = Desk(load_policy(folder / "changed.toml"), SqliteStore(path), clock=ManualClock(START))
    desk.clock.advance(days=40)
    results: list[Migration] = []
    taken = seconds(lambda: results.append(desk.migrate_all(by=SUPERVISOR, reason="新规则", dry_run=dry_run)))
    assert (results[0].migrated, results[0].refused) == (cases, ()), "every case comes under the rules"
    assert results[0].cards, "cards move"
    desk.store.close()
    path.unlink()
    return taken
