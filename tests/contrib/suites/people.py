"""A directory that breaks, so that notices become dead letters."""

from __future__ import annotations

from caseflow.core.model.case import Case
from caseflow.errors import DeliveryFailed
from caseflow.ports.records import Person


class Nobody:
    """Whoever is meant has an address that nothing can be sent to."""

    def holders(self, role: str, *, unit: str, case: Case) -> tuple[Person, ...]:
        """One person for every role."""
        return (Person("p-1", addresses={"email": "  "}),)


class Refusing:
    """A way out that refuses for good."""

    def send(self, delivery: object) -> None:
        """Refuse."""
        raise DeliveryFailed("bad-delivery", retry=False, what="mail", found="address")
