"""What telling asks of its surroundings: who holds a role (`Directory`), and a way out (`Notifier`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from caseflow.core.case import Case
from caseflow.core.values import Value, value
from caseflow.errors import DeliveryFailed
from caseflow.outbox import Notice

__all__ = ["Delivery", "DeliveryFailed", "Directory", "Notifier", "Person"]

_NOWHERE: Mapping[str, str] = {}


@value
class Person(Value):
    """Somebody who is told things, as the portal's directory knows them at the moment of delivery.

    Attributes:
        id: the portal's own id for them; two entries with one id are the same person and are told once.
        name: for the salutation; may be empty.
        addresses: channel -> address, in the order in which the person prefers them: ``{"email":
            "li@example.org", "wecom": "li"}``.
        lang: the language they read, ``zh`` or ``en``.
    """

    id: str
    name: str = ""
    addresses: Mapping[str, str] = _NOWHERE
    lang: str = "zh"


class Directory(Protocol):
    """Knows who holds a role today. The portal plugs in its own.

    An implementer owes: persons in a stable order; an empty result, not an error, when nobody holds the
    role; answers at once, or raises `DeliveryFailed` with ``retry=True`` when its source cannot be asked now.
    """

    def holders(self, role: str, *, unit: str, case: Case) -> Sequence[Person]:
        """Everybody who holds the role for the unit.

        Args:
            role: one of the policy's roles, such as ``duty_officer``; a citizen's asks for whoever asked,
                whose id is ``case.citizen``.
            unit: the unit the role is held in; empty for a role over all units.
            case: the case it is about, as it stands now.
        """
        ...


@value
class Delivery(Value):
    """One message to one person by one channel, ready to go out.

    Attributes:
        id: stable over retries, restarts and relays: a receiver deduplicates by it. ASCII letters, digits
            and hyphens, at most 64 of them.
        notice: what it tells, without personal texts.
        person: to whom.
        channel: the way, such as ``email``; a key of ``person.addresses``.
        address: where to, on that channel.
        subject: one line without line breaks.
        text: the message as plain text.
        html: the same for those who show HTML; empty when there is none. Safe to show as it is.
        lang: the language of the texts, ``zh`` or ``en``.
    """

    id: str
    notice: Notice
    person: Person
    channel: str
    address: str
    subject: str
    text: str
    html: str = ""
    lang: str = "zh"


class Notifier(Protocol):
    """A way to tell people: hands one message on, or says that it could not.

    An implementer owes: returning means that the message was handed on; the same id may come again after a
    crash and is handed on with the same id, so that the receiver can tell; calls may come from several
    threads at once; no text, address or secret in a log.
    """

    def send(self, delivery: Delivery) -> None:
        """Hand the message on.

        Raises:
            DeliveryFailed: it was not handed on. With ``retry=True`` it may be later (a time-out, a busy
                server); with ``retry=False`` never (an address that does not exist).
        """
        ...
