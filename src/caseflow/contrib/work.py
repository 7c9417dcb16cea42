"""One piece of a worker's work, whatever engine runs it: sweep, then tell, till all is done or time is up."""

from __future__ import annotations

from collections.abc import Callable

from caseflow.clock import seconds_running
from caseflow.core.value import Value
from caseflow.delivery.relay import Relay
from caseflow.delivery.round import Round
from caseflow.desk import Desk, Sweep

PIECE = 2_000
"""Cases that are swept between two looks at the time."""

HELPERS = 15
"""So many others are called at most."""


class Work(Value, omit_defaults=False):
    """What a piece came to.

    Attributes:
        cards, reminders: how many were issued.
        sent, dead: how many notices were told and given up.
        is_left: whether its time was up before its work was. Never when nothing of what is left can be done,
            so that whoever then begins the next piece comes to an end.
    """

    cards: int = 0
    reminders: int = 0
    sent: int = 0
    dead: int = 0
    is_left: bool = False


def work(
    desk: Desk | None,
    relay: Relay | None = None,
    *,
    seconds: float = 20.0,
    call: Callable[[int], object] | None = None,
) -> Work:
    """Sweep what is due for at most half the time, tell what is ready in the rest.

    Any number of workers at once share both, and none has to know of the others: sweeps draw their cases by
    chance, notices are leased. A worker that is killed holds no case back; its notices are free again after
    their lease.

    Args:
        desk, relay: whose; `None` leaves that half out.
        seconds: after which nothing new is begun. One batch more may come: 2,000 cases, or what a relay sends
            in half a lease.
        call: is told at the beginning how many others have something to do as well, 1 to 15.

    Raises:
        StoreError: the store cannot be used now; what was done is done.
    """
    started = seconds_running()
    if call is not None and (helpers := _helpers(desk, relay)):
        call(helpers)
    cards = reminders = 0
    swept, batch, total = Sweep(), Round(), Round()
    while desk is not None:
        swept = desk.sweep(limit=PIECE, shared=True)
        cards, reminders = cards + len(swept.cards), reminders + len(swept.reminders)
        if not swept.more or seconds_running() - started >= seconds / 2:
            break
    while relay is not None:
        batch = relay.once()
        total = total.plus(batch)
        if not batch.claimed or seconds_running() - started >= seconds:
            break
    return Work(cards, reminders, total.sent, total.dead, swept.more or bool(batch.claimed))


def _helpers(desk: Desk | None, relay: Relay | None) -> int:
    """How many more pieces are due and ready than one worker takes up first."""
    pieces = 0
    if desk is not None:
        due = desk.store.due(desk.clock.now_us(), limit=PIECE * HELPERS + 1)
        pieces = (len(due) - 1) // PIECE
    if relay is not None:
        batch = relay.retry_policy.batch
        ready = relay.store.ready(relay.clock.now_us(), limit=batch * HELPERS + 1)
        pieces = max(pieces, (len(ready) - 1) // batch)
    return min(max(pieces, 0), HELPERS)
