"""How fast a relay works: batches, leases, and when what failed is tried again."""

from __future__ import annotations

from caseflow.core.instants import SECOND
from caseflow.core.values import Value, value


@value
class Pace(Value):
    """The numbers of a relay; seconds where not said otherwise.

    Attributes:
        batch: notices claimed at a time.
        lease: how long a claim holds; a relay that dies frees its notices after it. A relay stops sending
            from a batch when half of it has run.
        attempts: how often a notice is tried before it goes to the dead letters.
        first, longest: the wait after the first failure, doubled with each, up to the longest.
        jitter: the share of a wait that chance may take away, 0 to 1, so that relays do not come at once.
        idle: the wait when nothing is ready.
    """

    batch: int = 100
    lease: int = 60
    attempts: int = 10
    first: int = 10
    longest: int = 3600
    jitter: float = 0.5
    idle: float = 1.0

    def wait_us(self, attempt: int, chance: float) -> int:
        """Microseconds to wait after that attempt, the first being 1.

        Args:
            chance: a number from 0 up to 1.
        """
        whole = min(self.longest, self.first * 2 ** min(attempt - 1, 40))
        return int(whole * (1 - self.jitter * chance) * SECOND)
