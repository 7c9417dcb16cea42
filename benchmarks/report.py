"""The rows of the report: printed as a table, and written as JSON."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Row:
    """One measured work.

    Attributes:
        work: what was done.
        unit: of ``ours`` and ``peer``.
        against: whom ``peer`` belongs to; empty when the work is measured against a number.
        score: what ``must`` and ``hoped`` speak of; by default ``ours``.
        sense: how to read the score, with ``{}`` for the number.
        at_least: whether a higher score is better.
    """

    work: str
    unit: str
    ours: float
    peer: float | None = None
    against: str = ""
    score: float
    sense: str
    at_least: bool = True
    must: float | None = None
    hoped: float | None = None
    note: str = ""

    def reached(self, aim: float | None) -> bool | None:
        """Whether the score reaches the aim; `None` without one."""
        if aim is None:
            return None
        return self.score >= aim if self.at_least else self.score <= aim

    def document(self) -> dict[str, Any]:
        """The row as JSON keeps it."""
        found = attrs.asdict(self)
        return {**found, "reached_must": self.reached(self.must), "reached_hoped": self.reached(self.hoped)}


def faster(
    work: str,
    ours: float,
    peer: float,
    against: str,
    *,
    must: float | None = None,
    hoped: float | None = None,
) -> Row:
    """A row for seconds a command, ours and the peer's: how many times faster ours is."""
    return Row(
        work=work, unit="us", ours=ours * 1e6, peer=peer * 1e6, against=against,
        score=peer / ours, sense="{:.2f}x faster", must=must, hoped=hoped,
    )  # fmt: skip


def at_most(work: str, count: float, *, must: float, unit: str = "") -> Row:
    """A row for a count that must not pass a limit."""
    return Row(
        work=work, unit=unit, ours=count, score=count, sense="{:,.0f}", at_least=False, must=must,
    )  # fmt: skip


HEADS = ("work", "against", "ours", "peer", "ratio", "must reach", "hoped", "reached")


def load() -> str:
    """How busy the machine is: the mean of the last minute."""
    return f"load {os.getloadavg()[0]:.1f}"


def table(rows: Iterable[Row]) -> str:
    """The rows as text in columns; notes follow below."""
    rows = list(rows)
    lines = [HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    text.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*text, *(f"* {row.work}: {row.note}" for row in rows if row.note)])


def write(path: Path, rows: Sequence[Row], *, quick: bool) -> None:
    """Write the rows and the machine they were measured on as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"quick": quick, "machine": machine(), "rows": [row.document() for row in rows]}
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def machine() -> dict[str, str]:
    """What the numbers depend on."""
    return {
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
        "system": platform.system(),
        "processor": platform.machine(),
    }


def _cells(row: Row) -> tuple[str, ...]:
    peer = "" if row.peer is None else f"{_number(row.peer)} {row.unit}"
    must, hoped = _aim(row, row.must), _aim(row, row.hoped)
    return (
        row.work,
        row.against,
        f"{_number(row.ours)} {row.unit}",
        peer,
        row.sense.format(row.score),
        must,
        hoped,
        _verdict(row),
    )


def _aim(row: Row, aim: float | None) -> str:
    return "" if aim is None else f"{'>=' if row.at_least else '<='} {aim:,g}"


def _verdict(row: Row) -> str:
    must, hoped = row.reached(row.must), row.reached(row.hoped)
    if must is None:
        return ""
    return "hoped" if hoped else "yes" if must else "NO"


def _number(found: float) -> str:
    return f"{found:,.0f}" if found >= 1000 else f"{found:.3g}"
