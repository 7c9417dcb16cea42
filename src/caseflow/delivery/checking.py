"""What every notifier looks at before it sends: the id, the address, and lines that must be one line."""

from __future__ import annotations

import re

from caseflow.delivery.protocols import Delivery
from caseflow.errors import DeliveryFailed

_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def checked(delivery: Delivery, *, what: str) -> str:
    """The address, without the blanks around it.

    Args:
        what: the notifier, for the message of the error.

    Raises:
        DeliveryFailed: never to be retried: ``no-address``; ``bad-delivery`` for an id that is none, an
            address or a subject that holds a line break or another control character.
    """
    if not _ID.fullmatch(delivery.id):
        raise DeliveryFailed("bad-delivery", retry=False, what=what, found="id")
    address = delivery.address.strip()
    if not address:
        raise DeliveryFailed("no-address", retry=False, what=what, found=delivery.id)
    for name, text in (("address", address), ("subject", delivery.subject)):
        if not is_one_line(text):
            raise DeliveryFailed("bad-delivery", retry=False, what=what, found=name)
    return address


def is_one_line(text: str) -> bool:
    """Whether no control character and no line or paragraph separator is in the text."""
    return not any(ord(sign) < 32 or 127 <= ord(sign) < 160 or sign in "\u2028\u2029" for sign in text)
