"""The exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of the command line."""

    OK = 0
    FOUND = 1
    """The command ran, and found what it looks for: problems of a policy, rows that were skipped."""
    USAGE = 2
    """The command was written wrongly, or an extra is missing."""
    BAD_INPUT = 3
    """A file, a time, a case or a command that cannot be used; nothing was lost."""
    UNKNOWN_DEADLINE = 4
    """The deadline lies past the calendar's horizon."""
    STORE = 5
    """The store cannot be used: locked, read-only, of a newer schema, another program's."""
    NOT_AS_RECORDED = 6
    """The audit found a store, or a checkpoint, that is not as it was recorded."""
    INTERRUPTED = 130
    """Ctrl-C; what was committed stands."""
    PIPE_CLOSED = 141
    """Whoever read the output stopped reading."""
