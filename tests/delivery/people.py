"""A directory and a notifier for tests: who is told, and what reached them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from caseflow import Desk, load_policy
from caseflow.clock import ManualClock
from caseflow.core.model.case import Case
from caseflow.delivery.relay import Relay, RetryPolicy
from caseflow.ports import Store
from caseflow.ports.records import Delivery, Person


class EveryoneInOffice:
    """One person for each role and unit, with an address for e-mail; the citizen is the case's own."""

    def holders(self, role: str, *, unit: str, case: Case) -> Sequence[Person]:
        name = case.citizen if role == "citizen" else f"{role}@{unit}" if unit else role
        return (Person(name, f"{name}先生", {"email": f"{name}@office.example"}),)


class Kept:
    """A notifier that keeps what it was given, after asking whether it may.

    Args:
        check: raises what the notifier shall raise.
    """

    def __init__(self, check: Callable[[Delivery], None] = lambda delivery: None) -> None:
        self.got: list[Delivery] = []
        self._check = check

    def send(self, delivery: Delivery) -> None:
        self._check(delivery)
        self.got.append(delivery)

    def said(self) -> list[str]:
        """``what > person`` of each, in the order they went out."""
        return [
            f"{delivery.notice.level or delivery.notice.topic} > {delivery.person.id}"
            for delivery in self.got
        ]


def desk_on(store: Store, now: str = "2025-03-03T09:30:00+08:00") -> Desk:
    return Desk(load_policy("wuhu"), store, clock=ManualClock(now))


def relay_of(desk: Desk, notifier: Kept, **pace: float) -> Relay:
    """A relay at the desk's own time, whose waits chance leaves whole."""
    return Relay(
        desk.store, EveryoneInOffice(), notifier, clock=desk.clock,
        retry_policy=RetryPolicy(**pace), chance=lambda: 0.0,  # type: ignore[arg-type]  # ints where ints are asked
    )  # fmt: skip
