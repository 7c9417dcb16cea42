"""Work done in a forked process."""

from __future__ import annotations

import os
from collections.abc import Callable


def in_a_child(work: Callable[[], bool]) -> bool:
    """Whether ``work`` is true in a forked process."""
    child = os.fork()
    if not child:
        done = False
        try:
            done = work()
        finally:
            os._exit(0 if done else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
