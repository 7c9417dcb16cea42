"""Forks among threads: a child inherits every mutex, and one that another thread held is never let go."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import cache
from typing import Protocol
from weakref import WeakSet


class Forked(Protocol):
    """What is told of forks."""

    def before_fork(self) -> None:
        """Wait until no thread is inside, and let none in."""
        ...

    def after_fork(self, *, in_child: bool) -> None:
        """Let threads in again; a child, whose only thread this is, leaves its parent's connections alone."""
        ...


_all: WeakSet[Forked] = WeakSet()
_lock = threading.RLock()  # one fork at a time: two would wait for each other
_held: list[Forked] = []


def watch(one: Forked) -> None:
    """Tell it of every fork from now on, for as long as it lives."""
    _register()
    with _lock:
        _all.add(one)


def in_child(renew: Callable[[], None]) -> None:
    """Have it called in every forked child: to make a lock anew that another thread may have held."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)


@cache
def _register() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)


def _before() -> None:
    _lock.acquire()
    _held[:] = _all
    for one in _held:
        one.before_fork()


def _in_parent() -> None:
    _after(in_child=False)


def _in_child() -> None:
    _after(in_child=True)


def _after(*, in_child: bool) -> None:
    for one in _held:
        one.after_fork(in_child=in_child)
    _held.clear()
    _lock.release()


class Gate:
    """Counts the threads inside; a fork waits until there are none."""

    def __init__(self) -> None:
        self._condition = threading.Condition(threading.Lock())
        self._inside = 0
        self._is_shut = False

    def __enter__(self) -> None:
        """Go in, once no fork is under way."""
        with self._condition:
            while self._is_shut:
                self._condition.wait()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        """Come out."""
        with self._condition:
            self._inside -= 1
            self._condition.notify_all()

    def shut(self) -> None:
        """Let nobody in, and wait until all are out."""
        with self._condition:
            self._is_shut = True
            while self._inside:
                self._condition.wait()

    def after_fork(self, *, in_child: bool) -> Gate:
        """The gate that is open again: a new one in a child."""
        if in_child:
            return Gate()
        with self._condition:
            self._is_shut = False
            self._condition.notify_all()
        return self
