"""`LogNotifier`: writes down that somebody would have been told, for a first try and for test systems."""

from __future__ import annotations

import logging

import attrs

from caseflow.delivery.checking import checked
from caseflow.delivery.protocols import Delivery

_log = logging.getLogger("caseflow.delivery")


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
        checked(delivery, what="log")
        notice = delivery.notice
        _log.log(
            self.level,
            "%s: case %s version %d, %s %s, to %s of %s by %s",
            delivery.id, notice.case_id, notice.version, notice.topic, notice.level or "-",
            notice.role or "-", notice.unit or "-", delivery.channel,
        )  # fmt: skip
