"""The walks of docs/explanation/design.md: which files four everyday works enter, and in which order."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import caseflow
from caseflow import Actor, Desk, ManualClock, SqliteStore, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "design.md"
SOURCE = Path(caseflow.__file__).parent
CITIZEN = Actor("c-17", role="citizen")
OFFICER = Actor("o-4", role="handler", unit="城管局")

Work = Callable[[], Any]

MOST = {
    "A note": 15,  # aim: 14
    "A submission": 21,  # aim: 19
    "A sweep that issues a card": 15,
    "From TOML to rules": 8,  # aim: 7
}
"""Heading of the walk -> how many files it may enter; a walk that has become shorter lowers it."""


def entered(work: Work) -> list[str]:
    """The files of the package in which the work calls a function, in the order of the first call."""
    files: dict[str, None] = {}

    def note(frame: FrameType, event: str, argument: object) -> None:
        path = frame.f_code.co_filename
        if event == "call" and path.startswith(f"{SOURCE}/"):
            files.setdefault(Path(path).relative_to(SOURCE).as_posix())

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return list(files)


def walked(page: str) -> dict[str, list[str]]:
    """Heading -> the files that the page lists below it, a line each."""
    walks = re.findall(r"^### (.+)\n(?:(?!#).*\n)*?```text\n((?:.+\n)+)```", page, re.MULTILINE)
    return {heading: [line.split()[0] for line in lines.splitlines()] for heading, lines in walks}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = ManualClock("2025-03-03T09:30:00+08:00")
    desk = Desk(load_policy("wuhu"), SqliteStore(tmp_path / "cases.db"), clock=clock)
    yield desk
    desk.store.close()


def submit(desk: Desk) -> str:
    case = desk.submit(title="路灯不亮", body="三天了", kind="complaint", to="城管局", by=CITIZEN)
    return case.id


def note_of(desk: Desk) -> Work:
    """A note, after one that made everything warm."""
    case_id = submit(desk)
    desk.note(case_id, text="已派人", by=OFFICER)
    return lambda: desk.note(case_id, text="已到现场", by=OFFICER)


def submission_of(desk: Desk) -> Work:
    """A submission, after one that made everything warm."""
    submit(desk)
    return lambda: submit(desk)


def sweep_of(desk: Desk) -> Work:
    """A sweep that finds one card due, with its notices, after a sweep that found another."""
    submit(desk)
    desk.clock.advance(days=6)
    assert [card.level for card in desk.sweep().cards] == ["yellow"]
    case_id = submit(desk)
    desk.clock.advance(days=4)
    desk.sweep()
    desk.clock.advance(days=2)
    already = len(desk.store.notices(case_id=case_id))

    def sweep() -> None:
        swept = desk.sweep()
        sys.setprofile(None)  # what follows is no part of the work
        assert [card.case_id for card in swept.cards] == [case_id]
        assert len(desk.store.notices(case_id=case_id)) > already

    return sweep


def rules_of(desk: Desk) -> Work:
    """A policy file to compiled rules, after it was done once."""
    file = SOURCE / "policies" / "wuhu.toml"
    CompiledPolicy(load_policy(file))
    return lambda: CompiledPolicy(load_policy(file))


WORKS: dict[str, Callable[[Desk], Work]] = {
    "A note": note_of,
    "A submission": submission_of,
    "A sweep that issues a card": sweep_of,
    "From TOML to rules": rules_of,
}


def test_every_walk_is_described() -> None:
    """The page describes these walks and no others."""
    assert list(walked(PAGE.read_text(encoding="utf-8"))) == list(WORKS)


@pytest.mark.parametrize("heading", WORKS)
def test_a_walk_is_as_the_page_describes_it(desk: Desk, heading: str) -> None:
    """The page lists exactly the files that the work enters, in order, and no more than they may be."""
    files = entered(WORKS[heading](desk))
    assert walked(PAGE.read_text(encoding="utf-8")).get(heading) == files, "\n".join(files)
    assert len(files) <= MOST[heading]
