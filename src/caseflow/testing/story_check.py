"""A story compared with the one a test expects, and the first difference marked."""

from __future__ import annotations

import re
import textwrap
from itertools import zip_longest

_COLUMN = re.compile(r"\s{2,}")


def cells(line: str) -> tuple[str, ...]:
    """A line's columns: what two or more blanks hold apart."""
    return tuple(_COLUMN.split(line.strip()))


def expected_lines(text: str) -> list[str]:
    """The lines of an expected story, without margin and blank lines."""
    return [line.rstrip() for line in textwrap.dedent(text).splitlines() if line.strip()]


def first_difference(expected: list[str], actual: list[str]) -> int | None:
    """The index of the first line whose columns differ; `None` when all agree, however far apart they are."""
    for index, (left, right) in enumerate(zip_longest(expected, actual)):
        if left is None or right is None or cells(left) != cells(right):
            return index
    return None


def marked(expected: list[str], actual: list[str], index: int) -> str:
    """The actual story, with the expected line above the one that differs first."""
    lines = [f"  {line}" for line in actual[:index]]
    if index < len(expected):
        lines.append(f"- {expected[index]}")
    if index < len(actual):
        lines.append(f"+ {actual[index]}")
    return "\n".join([*lines, *(f"  {line}" for line in actual[index + 1 :])])
