"""Sweeps on `SqliteStore`: over very many open cases with none due, and with very many due at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.life import WORKPLACE
from benchmarks.many_cases import desk_on, make
from benchmarks.report import Row
from benchmarks.timing import interleaved, seconds
from caseflow import Desk
from caseflow.core.model.evolve import replay


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Milliseconds of a sweep with nothing due; cards a second of one that issues."""
    with TemporaryDirectory(dir=WORKPLACE) as name:
        folder = Path(name)
        return (*_idle(folder, quick=quick), *_issuing(folder, quick=quick))


def _idle(folder: Path, *, quick: bool) -> tuple[Row, ...]:
    few, many = (1_000, 50_000) if quick else (10_000, 1_000_000)
    small, large = folder / "few.db", folder / "many.db"
    make(small, few)
    make(large, many)
    desks = {"few": desk_on(small, days=2), "many": desk_on(large, days=2)}
    for desk in desks.values():
        _check(desk)
    found = interleaved({name: _sweeping(desk) for name, desk in desks.items()}, rounds=15)
    for desk in desks.values():
        desk.store.close()
    large.unlink()
    ours, other = found["many"], found["few"]
    return (
        Row(work=f"sweep, {many:,} open, none due", unit="ms", ours=ours * 1e3, score=ours * 1e3,
            sense="{:.3f} ms", at_least=False, must=1),
        Row(work="the same", unit="ms", ours=ours * 1e3, peer=other * 1e3, against=f"{few:,} open cases",
            score=ours / other, sense="{:.2f}x its time", at_least=False, must=2),
    )  # fmt: skip


def _sweeping(desk: Desk, times: int = 50) -> Callable[[], float]:
    """The median time of a sweep."""

    def work() -> float:
        return median(seconds(desk.sweep) for _ in range(times))

    return work


def _check(desk: Desk) -> None:
    """The multiplied cases are true ones: replaying the events of one gives the one that is stored."""
    for case in desk.cases(limit=2):
        assert replay(case.id, desk.history(case.id)) == case, "a multiplied case is not what its events say"


def _issuing(folder: Path, *, quick: bool) -> tuple[Row, ...]:
    few, many = (1_000, 5_000) if quick else (1_000, 100_000)
    small, large = folder / "few-due.db", folder / "many-due.db"
    make(small, few, days=4)
    make(large, many, days=4)
    shots = {
        "few": lambda: _issued(small, few) / few,
        "many": lambda: _issued(large, many) / many,
    }
    found = interleaved(shots, rounds=1 if quick else 2)
    ours, other = found["many"], found["few"]
    return (
        Row(work=f"sweep issuing {many:,} cards", unit="cards/s", ours=1 / ours, score=1 / ours,
            sense="{:,.0f} a second", must=10_000, hoped=15_000),
        Row(work="one of these cards", unit="us", ours=ours * 1e6, peer=other * 1e6,
            against=f"one card of {few:,} due", score=ours / other, sense="{:.2f}x its time",
            at_least=False, must=2, hoped=1.2),
    )  # fmt: skip


def _issued(template: Path, cards: int) -> float:
    """Seconds for a sweep in which each case gets its yellow card; the reminder was fired before."""
    path = template.with_suffix(".copy")
    shutil.copyfile(template, path)
    desk = desk_on(path, days=7)
    swept = []
    taken = seconds(lambda: swept.append(desk.sweep()))
    assert len(swept[0].cards) == cards and not swept[0].reminders, "each case owes exactly one card"
    desk.store.close()
    path.unlink()
    return taken
