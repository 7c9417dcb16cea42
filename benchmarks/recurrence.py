"""Recurring problems: kinds and places of 50,000 cases against their past, and 20,000 texts grouped."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from time import process_time

import numpy as np

from benchmarks.report import Row
from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.analytics import Occurrence, excesses, near_duplicates, proposals_of
from caseflow.core.time.instants import DAY, SECOND, micros, moment

CASES, TEXTS = 50_000, 20_000
FIRST, DAYS = date(2024, 1, 1), 364
KINDS, PLACES = 100, 25
SIGNS = "".join(chr(0x4E00 + number) for number in range(0, 6000, 3))
"""2,000 characters to make texts of, about as many as people write with."""


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Seconds of one core, each for the whole of the work."""
    part = 20 if quick else 1
    log, texts = occurrences(CASES // part), words(TEXTS // part)
    until = FIRST + timedelta(days=DAYS)
    begun = process_time()
    search = excesses(log, until=until, days=28)
    counted = process_time()
    groups = near_duplicates(texts)
    grouped = process_time()
    near_duplicates(letters(TEXTS // part))
    lettered = process_time()
    desk = desk_of(log)
    opened = process_time()
    proposals_of(desk, days=28, until=until)
    read = process_time() - opened
    return (
        _row(f"recurring problems over {len(log):,} cases", counted - begun, must=5,
             note=f"{search.looked_at:,} kinds and places against {search.windows} windows"),
        _row(f"near-duplicates among {len(texts):,} texts", grouped - counted, must=20,
             note=f"{len(groups):,} groups; texts of 200 characters"),
        _row(f"near-duplicates among {len(texts):,} copies of one letter", lettered - grouped, must=20,
             note="each with a number and a name of its own"),
        _row(f"proposals from a desk with {len(log):,} cases", read, must=5,
             note="read from memory, with the texts of the window"),
    )  # fmt: skip


def _row(work: str, taken: float, *, must: float, note: str) -> Row:
    return Row(
        work=work, unit="s", ours=taken, score=taken, sense="{:.2f} s", at_least=False, must=must, note=note
    )


def occurrences(count: int) -> list[Occurrence]:
    """A year of kinds and places, some of them a hundred times as frequent as others."""
    chance = np.random.default_rng(1)
    weights = chance.lognormal(0, 1.5, KINDS * PLACES)
    cells = chance.choice(KINDS * PLACES, size=count, p=weights / weights.sum())
    begun = micros(f"{FIRST}T00:00:00+08:00")
    instants = begun + chance.integers(0, DAYS * DAY // SECOND, size=count) * SECOND
    return [
        Occurrence(str(number), f"kind-{cell // PLACES}", f"place-{cell % PLACES}", at)
        for number, (cell, at) in enumerate(zip(cells.tolist(), instants.tolist(), strict=True))
    ]


def words(count: int) -> dict[str, str]:
    """Texts of 200 characters, every fifth one of them another with ten changed."""
    chance, texts = Random(1), list[str]()
    for number in range(count):
        if number % 5 == 4:
            signs = list(chance.choice(texts))
            for _ in range(10):
                signs[chance.randrange(200)] = chance.choice(SIGNS)
            texts.append("".join(signs))
        else:
            texts.append("".join(chance.choices(SIGNS, k=200)))
    return {str(number): text for number, text in enumerate(texts)}


def letters(count: int) -> dict[str, str]:
    """One letter that so many send in, each with a number and a name of its own."""
    chance = Random(2)
    letter = "".join(chance.choices(SIGNS, k=200))
    return {str(number): f"{letter}{''.join(chance.choices(SIGNS, k=3))}{number}" for number in range(count)}


def desk_of(log: list[Occurrence]) -> Desk:
    """A desk with those cases, each with a text of its own."""
    clock = ManualClock(moment(min(row.at_us for row in log)))
    desk = Desk(load_policy("base"), MemoryStore(), clock=clock)
    texts, citizen = words(len(log)), Actor("c-1", role="citizen")
    for number, row in enumerate(sorted(log, key=lambda row: row.at_us)):
        clock.set(moment(row.at_us))
        desk.submit(
            title=f"{number}", body=texts[str(number)], by=citizen, kind="complaint", region=row.place
        )
    return desk
