"""Policy files for tests: written to a folder, laid over ``wuhu``, and the problems they have."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import PolicyError, load_policy
from caseflow.errors import Problem

RUNG = '[[clocks.c.rungs]]\nlevel = "{}"\n{}\n'


def written(folder: Path, text: str | bytes, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def over_wuhu(folder: Path, text: str) -> Path:
    return written(folder, f'extends = "wuhu"\nname = "mine"\n{text}')


def problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    return caught.value.problems


def clock(keys: str, *rungs: str) -> str:
    return f"[clocks.c]\n{keys}\n" + "".join(rungs or (RUNG.format("yellow", "days = 5"),))


def within(keys: str) -> str:
    return f"[actions.note]\nwithin = {{ {keys} }}\n"
