"""One claimed notice on its way: which messages were handed on, which failed, and which are to wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from caseflow.core import notices as o
from caseflow.core.notices import Held, Outcome
from caseflow.delivery.renderer import DIGEST, digest_of
from caseflow.errors import DeliveryFailed
from caseflow.ports.records import Delivery, printable

QUIET_HOURS = "quiet-hours"
"""The code of a notice that waits for the end of somebody's quiet hours."""


def key_of(delivery: Delivery) -> str:
    """What tells the messages of a notice apart, and is the same for other notices: person and channel."""
    return delivery.id.rpartition("-")[2]


class Attempt:
    """What became of a notice's messages so far.

    Args:
        held: the notice.
        reached: the keys of messages known to be handed on before.
        error: the code of what kept somebody from being named.
    """

    def __init__(self, held: Held, reached: Iterable[str], error: str = "") -> None:
        self.held = held
        self.reached = {*held.reached, *reached}
        self._before = len(self.reached)
        self._error, self._again = error, bool(error)
        self._waits: list[tuple[int, str]] = []
        self.in_digest: set[str] = set()
        """The keys of messages that go with a digest at the end of the round."""

    def ended(self, delivery: Delivery, failed: DeliveryFailed | None) -> None:
        """It was handed on, or was not."""
        self.in_digest.discard(key_of(delivery))
        if failed is None:
            self.reached.add(key_of(delivery))
        else:
            self._error, self._again = printable(str(failed.code))[:200], self._again or failed.retry

    def waits(self, until_us: int, code: str) -> None:
        """One of its messages may not go out before that instant."""
        self._waits.append((until_us, code))

    @property
    def tries_again(self) -> bool:
        """Whether something failed that may be done later."""
        return self._again

    @property
    def error(self) -> str:
        """The code of the last failure; empty for none."""
        return self._error

    def outcome(self, now_us: int, retry: Outcome | None) -> Outcome:
        """What becomes of the notice.

        Args:
            retry: the outcome if it is to be tried again; `None` if it was tried often enough.
        """
        keys = tuple(sorted(self.reached))
        told_us = now_us if len(self.reached) > self._before else None
        if self._again and retry is not None:
            return retry.replace(reached=keys, told_us=told_us)
        waits = min(self._waits, default=None)
        if self.in_digest:
            waits = (now_us, DIGEST)
        if waits is not None:
            return o.untried(self.held, *waits).replace(reached=keys, told_us=told_us)
        if self.reached:
            return o.sent(self.held, now_us).replace(reached=keys, error=self._error)
        return o.dead(self.held, self._error)


class Digests:
    """The messages of a round that go out together, one digest for each person and channel."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, str, str], list[tuple[Attempt, Delivery]]] = {}

    def add(self, attempt: Attempt, delivery: Delivery) -> None:
        """It goes with the others for the same person."""
        attempt.in_digest.add(key_of(delivery))
        key = (delivery.person.id, delivery.channel, delivery.address)
        self._parts.setdefault(key, []).append((attempt, delivery))

    def __iter__(self) -> Iterator[tuple[Delivery, list[tuple[Attempt, Delivery]]]]:
        """Each digest, and the messages in it with their attempts."""
        for parts in self._parts.values():
            yield digest_of([delivery for _, delivery in parts]), parts

    @property
    def attempts(self) -> list[Attempt]:
        """Those of which a message goes with a digest, each once."""
        return list(dict.fromkeys(attempt for parts in self._parts.values() for attempt, _ in parts))
