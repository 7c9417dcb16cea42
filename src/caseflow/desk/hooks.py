"""Who is called when something is recorded: before it is, to prevent it, or after it is, to follow it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from caseflow import forks
from caseflow.core.model.case import Case
from caseflow.core.model.events import EVENTS, Event
from caseflow.core.value import Value
from caseflow.desk.instrumentation import Watch
from caseflow.errors import BadInput, HookFailed, KeyReused, Stale
from caseflow.ports import Append, Store
from caseflow.ports.observations import HookError

When = Literal["before", "after"]


class Happened(Value):
    """One event, as a hook gets it.

    Attributes:
        event: what happened.
        case: the case after the whole command or sweep, which may have brought more events than this.
        version: the case's version after this event.
    """

    event: Event
    case: Case
    version: int


Hook = Callable[[Happened], object]


class _Subscription(Value):
    kinds: tuple[type[Event], ...]
    function: Hook
    when: When


_lock = threading.Lock()


def _renew_lock() -> None:
    global _lock
    _lock = threading.Lock()


forks.in_child(_renew_lock)


class _Waiting(threading.local):
    """The calls that a thread still owes, in the order of what was recorded."""

    def __init__(self) -> None:
        self.calls: deque[tuple[Hook, Happened, Watch]] = deque()
        self.is_telling = False


class Hooks:
    """The functions that are called for events of certain kinds, in the order they came.

    A desk has its own, unless it is given those of the desk that it replaces.
    """

    def __init__(self) -> None:
        self._all: tuple[_Subscription, ...] = ()
        self._waiting = _Waiting()
        self.is_quiet = True

    def subscribe(self, what: type[Event] | str, function: Hook, *, when: When) -> Callable[[], None]:
        """Call the function from now on; what is returned ends it, and doing that twice changes nothing.

        Raises:
            BadInput: no event has that name or class, no such ``when``, or no function.
        """
        if when not in ("before", "after"):
            raise BadInput("bad-option", what="when", found=f"{when!a}, expected before or after")
        if not callable(function):
            raise BadInput("bad-option", what="function", found=f"{type(function).__name__} is no function")
        subscription = _Subscription(_kinds(what), function, when)
        with _lock:
            self._set((*self._all, subscription))

        def leave() -> None:
            with _lock:
                self._set(tuple(one for one in self._all if one is not subscription))

        return leave

    def _set(self, subscriptions: tuple[_Subscription, ...]) -> None:
        self._all = subscriptions
        self.is_quiet = not subscriptions

    # -- calling -----------------------------------------------------------------------------------------

    def before(self, entries: Sequence[Append]) -> None:
        """Ask those who may prevent it; the first error is the end of it.

        Raises:
            HookFailed: a hook raised `Stale` or `KeyReused`, which would pass for the command's own.
            Exception: whatever else a hook raised, `Refused` above all.
        """
        for hook, happened in self._calls("before", entries):
            try:
                hook(happened)
            except (Stale, KeyReused) as error:
                raise HookFailed(_name(hook), found=error.code) from error

    def is_let_through(self, entry: Append, watch: Watch) -> bool:
        """Whether a case may be swept: nobody who is asked before raises an error, which the watch notes."""
        for hook, happened in self._calls("before", (entry,)):
            try:
                hook(happened)
            except Exception as error:
                _note(watch, hook, "before", happened, error)
                return False
        return True

    def after(self, store: Store, entries: Sequence[Append], watch: Watch) -> None:
        """Tell those who follow, once it is committed; what one of them raises is noted and stops nobody.

        What a hook brings about by commands of its own is told when everybody heard of what it heard of.
        """
        calls = tuple((hook, happened, watch) for hook, happened in self._calls("after", entries))
        if not calls:
            return

        def tell() -> None:
            waiting = self._waiting
            waiting.calls.extend(calls)
            if waiting.is_telling:
                return  # a hook gave this command: what it heard of comes first, to everybody
            waiting.is_telling = True
            try:
                while waiting.calls:
                    _tell(*waiting.calls.popleft())
            finally:
                waiting.calls.clear()
                waiting.is_telling = False

        defer: Callable[[Callable[[], object]], None] | None = getattr(store, "after_commit", None)
        if defer is None:
            tell()
        else:
            defer(tell)

    def _calls(self, when: When, entries: Sequence[Append]) -> Iterable[tuple[Hook, Happened]]:
        """By case, by event, by subscription; each in its order."""
        due = [one for one in self._all if one.when == when]
        if not due:
            return
        for entry in entries:
            for version, event in enumerate(entry.events, entry.expected + 1):
                happened = Happened(event, entry.case, version)
                yield from ((one.function, happened) for one in due if isinstance(event, one.kinds))


def _tell(hook: Hook, happened: Happened, watch: Watch) -> None:
    try:
        hook(happened)
    except Exception as error:
        _note(watch, hook, "after", happened, error)


def _note(watch: Watch, hook: Hook, when: When, happened: Happened, error: Exception) -> None:
    watch.tell(
        HookError(
            hook=_name(hook),
            when=when,
            case_id=happened.case.id,
            version=happened.version,
            event=happened.event.name,
            error=error,
        )
    )


def _kinds(what: object) -> tuple[type[Event], ...]:
    if isinstance(what, str) and what in EVENTS:
        return (EVENTS[what],)
    if isinstance(what, type) and issubclass(what, Event):
        return (what,)
    shown = ascii(what) if isinstance(what, str) else f"{what!r}"
    raise BadInput("bad-option", what="subscribe", found=f"no event is called {shown[:80]}")


def _name(hook: Hook) -> str:
    name = getattr(hook, "__qualname__", None)
    return name if isinstance(name, str) else type(hook).__qualname__
