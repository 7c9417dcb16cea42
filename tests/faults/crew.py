"""Processes that work on one store, each told what to do and killed when its time has come.

They are forked from a server process that has imported everything and has neither threads nor connections.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import attrs

from caseflow.core.time.instants import DAY, SECOND, micros

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.faults.workers"])

START = micros("2025-03-03T09:30:00+08:00", what="start")


@attrs.frozen
class FastClock:
    """A clock that all processes of a proof share, on which a second of the machine's is so many days."""

    began_ns: int
    days: float = 10.0

    @classmethod
    def started(cls, days: float) -> FastClock:
        return cls(time.monotonic_ns(), days)

    def now_us(self) -> int:
        return START + int((time.monotonic_ns() - self.began_ns) * self.days * DAY / (SECOND * 1000))


@attrs.frozen
class Task:
    """What a process is told: which store, where its journal lies, which dice it throws, when it ends."""

    url: str
    journal: Path
    clock: FastClock
    seed: str
    known: tuple[str, ...] = ()
    seconds: float = 60.0
    is_writer: bool = False

    def of(self, who: str, *, is_writer: bool) -> Task:
        """The task of one of several: with a journal in this one's folder, and dice of its own."""
        name = f"{self.seed}-{who}"
        return attrs.evolve(self, journal=self.journal / name, seed=name, is_writer=is_writer)


Workers = dict[str, Callable[[Task], None]]
"""Who they are -> what they do."""


class Crew:
    """Processes started together."""

    def __init__(self, work: list[tuple[Callable[[Task], None], Task]]) -> None:
        self.tasks = [task for _, task in work]
        self._words = [b"done" if task.is_writer else b"ready" for task in self.tasks]
        self._processes = [CONTEXT.Process(target=target, args=(task,)) for target, task in work]
        for process in self._processes:
            process.start()

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Until each has opened the store and said so, and those who write have done their first command."""
        until = time.monotonic() + seconds
        for task, word in zip(self.tasks, self._words, strict=True):
            while not (task.journal.exists() and word in task.journal.read_bytes()):
                assert time.monotonic() < until, f"{task.seed} does not start"
                time.sleep(0.001)

    def kill_at_random(self, dice: Random, within: float) -> None:
        """``kill -9`` for each at a moment of its own, from now on within so many seconds."""
        began = time.monotonic()
        for moment, process in sorted(
            ((dice.uniform(0, within), process) for process in self._processes), key=lambda pair: pair[0]
        ):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            process.kill()
        for process in self._processes:
            process.join()
            assert process.exitcode == -9, f"a worker ended by itself: {process.exitcode}"

    def join(self) -> None:
        """Until all have ended by themselves, well."""
        for process in self._processes:
            process.join()
        assert [process.exitcode for process in self._processes] == [0] * len(self._processes)
