"""What an `Observer` is told: a frozen record for each thing done, of counts and codes, never of texts."""

from __future__ import annotations

from caseflow.core.value import Value
from caseflow.ports.records import Quarantined


class CommandDone(Value):
    """A command was taken.

    Attributes:
        action: its name.
        role: of whoever acted.
        state: the case's state after it.
        version: the case's version after it; for a repeat under an idempotency key that of the first time.
        seconds: from the door to the return, hooks included.
    """

    case_id: str
    action: str
    role: str
    state: str
    version: int
    seconds: float


class CommandRefused(Value):
    """The rules, the authorizer or a hook did not allow a command.

    Attributes:
        action: its name; empty when the policy has no such action, because it may then be any text.
        code: of the refusal.
        state: the case's at that moment; empty for one that is not there.
    """

    case_id: str
    action: str
    role: str
    code: str
    state: str
    seconds: float


class CommandFailed(Value):
    """A command ended with another error: a lost race, a store that cannot be used, a hook's own error.

    Attributes:
        code: the error's, or the name of its class when it has none.
    """

    action: str
    role: str
    code: str
    seconds: float


class CommandConflict(Value):
    """Another writer was faster: the command is decided anew on what that one left."""

    case_id: str
    action: str


class SweepDone(Value):
    """A sweep ended.

    Attributes:
        cards, reminders: how many were issued.
        conflicts, quarantined: how many cases were left for the next sweep; see `Sweep`.
        waiting: how many cases wait for a calendar that reaches further.
        lag: seconds from the earliest instant that was due to this sweep; 0 when nothing was due.
        more: whether more is due than its limit let through.
        seconds: how long it took, hooks included.
    """

    cards: int
    reminders: int
    conflicts: int
    quarantined: int
    waiting: int
    lag: float
    more: bool
    seconds: float


class HookError(Value):
    """A hook failed: after the commit, which stands; or before it, in a sweep, which leaves that case out.

    Attributes:
        hook: the function's name.
        event: the registered name of the event it was called for.
        error: what it raised. Its message may hold anything; a log of ours names its class alone.
    """

    hook: str
    when: str
    case_id: str
    version: int
    event: str
    error: Exception


class RelayRound(Value):
    """A relay claimed some notices and settled them.

    Attributes:
        claimed: how many it had; the others say what became of them.
        retried: those that are pending again.
        dead: those given up.
        quarantined: those that could not be read, or whose case, texts or policy could not; put off.
        seconds: from the claim to the settlement.
    """

    claimed: int
    sent: int
    retried: int
    dead: int
    cancelled: int
    collapsed: int
    quarantined: int
    seconds: float


Seen = (
    CommandDone | CommandRefused | CommandFailed | CommandConflict | SweepDone | HookError | RelayRound
    | Quarantined
)  # fmt: skip
"""Everything an observer may be told."""
