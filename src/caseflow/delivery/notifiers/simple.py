"""`LogNotifier` and `CallableNotifier`, and what every notifier looks at before it sends."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import attrs

from caseflow.errors import DeliveryFailed
from caseflow.ports.records import Delivery

_log = logging.getLogger("caseflow.delivery")
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def checked_address(delivery: Delivery, *, what: str) -> str:
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


@attrs.frozen
class LogNotifier:
    """One line in the log ``caseflow.delivery`` for each message: what it was about, never what it said.

    Neither texts nor addresses are in the line; the role, the unit and the id say who was meant.

    Args:
        level: the level of the line; ``logging.INFO`` by default.
    """

    level: int = logging.INFO

    def send(self, delivery: Delivery) -> None:
        """Write the line.

        Raises:
            DeliveryFailed: ``no-address``, as with a notifier that sends.
        """
        checked_address(delivery, what="log")
        notice = delivery.notice
        about = f"case {notice.case_id} version {notice.version}, {notice.topic} {notice.level or '-'}"
        recipient = f"{notice.role or '-'} of {notice.unit or '-'} by {delivery.channel}"
        _log.log(self.level, "%s: %s, to %s", delivery.id, about, recipient)


class CallableNotifier:
    """The shortest way out: a function that takes the delivery.

    What the function raises is told apart: `DeliveryFailed` goes up as it is; `TimeoutError` and
    `ConnectionError` are tried again; so is every other `Exception`, because nobody can know that it is for
    good. The relay's cap on attempts ends what never succeeds.

    Args:
        function: is called in the relay's thread, in several at once if the relay has several. What it
            returns is not looked at.
    """

    def __init__(self, function: Callable[[Delivery], object]) -> None:
        self._function = function

    def __repr__(self) -> str:
        return f"CallableNotifier({_name(self._function)})"

    def send(self, delivery: Delivery) -> None:
        """Call the function.

        Raises:
            DeliveryFailed: the function's own; or with ``retry=True`` and the kind of error, whose message
                is left out of the text and stands in ``__cause__``.
        """
        what = _name(self._function)
        checked_address(delivery, what=what)
        try:
            self._function(delivery)
        except DeliveryFailed:
            raise
        except TimeoutError as error:
            raise DeliveryFailed("delivery-timeout", retry=True, what=what, found="TimeoutError") from error
        except Exception as error:
            _log.error("the notifier function %s failed: %s", what, type(error).__name__)
            raise DeliveryFailed(retry=True, what=what, found=type(error).__name__) from error


def _name(function: Callable[[Delivery], object]) -> str:
    return getattr(function, "__qualname__", type(function).__qualname__)
