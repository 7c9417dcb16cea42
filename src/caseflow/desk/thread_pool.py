"""Methods as coroutines: each call is made in a thread of a bounded pool, while the event loop goes on."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from caseflow import forks
from caseflow.errors import BadInput, CaseflowError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

P = ParamSpec("P")
Result = TypeVar("Result")
Target = TypeVar("Target")
Target_co = TypeVar("Target_co", covariant=True)

THREADS = 8
"""So many calls are under way at once, by default; the others wait for their turn."""


class CallPool:
    """Threads in which calls are made, opened when the first one is.

    Args:
        threads: at most so many.

    Raises:
        BadInput: it is no whole number of 1 or more.
    """

    def __init__(self, threads: int) -> None:
        if type(threads) is not int or threads < 1:
            raise BadInput("bad-option", what="threads", found=f"{threads!a}, expected 1 or more")
        self._threads = threads
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._is_closed = False
        forks.watch(self)

    async def call(self, function: Callable[P, Result], /, *args: P.args, **options: P.kwargs) -> Result:
        """What the function returns, called in a thread with this task's context variables.

        Boundary:
            A call that waits for a thread when its task is cancelled is never made; one that has begun goes
            on to its end, and its result is dropped.

        Raises:
            CaseflowError: ``aio-closed``.
        """
        import asyncio  # a good part of the time of importing caseflow

        context = contextvars.copy_context()
        work = partial(context.run, partial(function, *args, **options))
        return await asyncio.get_running_loop().run_in_executor(self._opened(), work)

    async def close(self) -> None:
        """Take no more calls, and wait for those that were taken."""
        with self._lock:
            self._is_closed, executor = True, self._executor
        if executor is not None:
            import asyncio

            await asyncio.to_thread(executor.shutdown)

    def _opened(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._is_closed:
                raise CaseflowError("aio-closed")
            if self._executor is None:
                from concurrent.futures import ThreadPoolExecutor

                self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix="caseflow")
            return self._executor

    def before_fork(self) -> None:
        """Keep everybody out."""
        self._lock.acquire()

    def after_fork(self, *, in_child: bool) -> None:
        """Go on; a child, which inherits no thread, opens threads of its own."""
        if in_child:
            self._lock, self._executor = threading.Lock(), None
        else:
            self._lock.release()


class Threaded(Generic[Target_co]):
    """An object of which each method is a coroutine, by `in_thread`.

    Args:
        target: whose methods are called; safe to share between threads.
    """

    def __init__(self, target: Target_co, pool: CallPool) -> None:
        self._target = target
        self._pool = pool

    def _coroutine(self, method: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
        """The target's method of that name, which a class of the portal's own may have made its own."""
        bound, pool = getattr(self._target, method.__name__), self._pool

        @wraps(bound)
        def call(*args: Any, **options: Any) -> Coroutine[Any, Any, Any]:
            return pool.call(bound, *args, **options)

        return call


class in_thread(Generic[Target, P, Result]):  # noqa: N801  # written as a function, at each name
    """A method of another class as a coroutine, with the same arguments and the same words.

    Args:
        method: of the class of the target.
    """

    def __init__(self, method: Callable[Concatenate[Target, P], Result]) -> None:
        self.__wrapped__ = method
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, threaded: None, owner: object = None) -> Self: ...

    @overload
    def __get__(
        self, threaded: Threaded[Target], owner: object = None
    ) -> Callable[P, Coroutine[Any, Any, Result]]: ...

    def __get__(
        self, threaded: Threaded[Target] | None, owner: object = None
    ) -> Self | Callable[P, Coroutine[Any, Any, Result]]:
        if threaded is None:
            return self
        return threaded._coroutine(self.__wrapped__)  # pyright: ignore[reportPrivateUsage]  # one thing in two
