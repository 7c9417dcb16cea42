"""`CallableNotifier`: hands each message to a function of the portal's own."""

from __future__ import annotations

import logging
from collections.abc import Callable

from caseflow.delivery.checking import checked
from caseflow.delivery.protocols import Delivery
from caseflow.errors import DeliveryFailed

_log = logging.getLogger("caseflow.delivery")


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
        checked(delivery, what=what)
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
