"""The systems at their own scale: a campaign from its first message to its answers, a year of the boards."""

from __future__ import annotations

import runpy
import tempfile
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.life import WORKPLACE
from benchmarks.report import Row
from caseflow import Desk, ManualClock, MemoryStore, load_policy

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
MESSAGES, PROPOSALS, SELECTED = 316_400, 9_000, 1_500
CASES = 220_000


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Seconds of one core, the system's share among them; a wait for the disk is none of them."""
    return _campaign(20 if quick else 1), _boards(20 if quick else 1)


def _campaign(part: int) -> Row:
    example = runpy.run_path(str(EXAMPLES / "campaign.py"))
    sizes = example["Sizes"](MESSAGES // part, PROPOSALS // part, SELECTED // part, 1_990_000)
    with tempfile.TemporaryDirectory(dir=WORKPLACE) as folder:
        begun = process_time()
        desk = example["run"](Path(folder), sizes, lambda line: None)
        took = process_time() - begun
        desk.store.close()
    return _row(f"campaign of {sizes.messages:,} messages, SQLite", took, part, must=150,
                note=f"{sizes.proposals:,} proposals, {sizes.selected:,} selected")  # fmt: skip


def _boards(part: int) -> Row:
    example = runpy.run_path(str(EXAMPLES / "leader_board.py"))
    offices: Any = example["register"]()
    desk = Desk(load_policy("leader-board"), MemoryStore(), clock=ManualClock(0), units=offices)
    begun = process_time()
    example["live"](desk, offices, CASES // part)
    took = process_time() - begun
    return _row(f"a year of {CASES // part:,} cases on the boards, in memory", took, part, must=60,
                note=f"{len(offices):,} offices, ratings among them")  # fmt: skip


def _row(work: str, took: float, part: int, *, must: float, note: str) -> Row:
    return Row(
        work=work, unit="s", ours=took, score=took * part, sense="{:.0f} s in full",
        at_least=False, must=must, note=note,
    )  # fmt: skip
