"""What a work costs: in seconds, in rounds of several works in turn; and in bytecodes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from types import FrameType
from typing import Any

Work = Callable[[], float]
"""Does one round and returns its value: as a rule seconds for each unit of work."""


def interleaved(works: Mapping[str, Work], *, rounds: int) -> dict[str, float]:
    """The median of each work's rounds, taken in turn: A B C A B C ...

    One round of each comes first and is not counted. Garbage of the last round is collected before the next
    begins; within a round the collector is left as Python sets it.
    """
    values: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            gc.collect()
            value = work()
            if turn:
                values[name].append(value)
    return {name: median(found) for name, found in values.items()}


def seconds(work: Callable[[], object]) -> float:
    """How long the work took, in seconds."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


def counted(work: Callable[[], object]) -> int:
    """The bytecodes that the interpreter takes in all Python frames of the work."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count
