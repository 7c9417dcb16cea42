"""`DjangoMailNotifier`: each message as an e-mail by the portal's own mail settings."""

from __future__ import annotations

from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from caseflow.delivery.notifiers.email import literal, mail_failure, mailbox, sendable
from caseflow.delivery.notifiers.simple import checked_address, is_one_line
from caseflow.errors import DeliveryFailed
from caseflow.ports.records import Delivery

_NAME = "django.core.mail"


class DjangoMailNotifier:
    """Sends through Django's ``EMAIL_BACKEND``, one connection of it for each message.

    So ``manage.py test`` keeps messages in ``django.core.mail.outbox``, and a backend of a mail service takes
    them as every other mail of the portal. The ``Message-ID`` is made of the delivery's id; the header
    ``X-Delivery`` has the id as it is. What has HTML goes out as both. How long a server may take is
    ``EMAIL_TIMEOUT``, which Django leaves open: set it.

    Args:
        sender: ``wenzheng@example.gov.cn`` or ``市民心声 <wenzheng@example.gov.cn>``; by default
            ``DEFAULT_FROM_EMAIL``.
        backend: the dotted name of another backend than the portal's.
    """

    def __init__(self, *, sender: str = "", backend: str | None = None) -> None:
        self._sender = sender
        self._backend = backend

    def __repr__(self) -> str:
        return f"DjangoMailNotifier({self._backend or settings.EMAIL_BACKEND})"

    def send(self, delivery: Delivery) -> None:
        """Hand the message to the backend.

        Raises:
            DeliveryFailed: as of `EmailNotifier`: never to be retried where the address is none, its part
                before the ``@`` is not ASCII, or the server refused for good; else to be retried.
        """
        message = self._message(delivery)
        try:
            message.connection = get_connection(self._backend, fail_silently=False)
            message.send()
        except Exception as error:  # a backend of a mail service raises what it likes
            raise mail_failure(error, what=_NAME) from error

    def _message(self, delivery: Delivery) -> Any:
        address, sender = checked_address(delivery, what=_NAME), self._sender or settings.DEFAULT_FROM_EMAIL
        user, domain = mailbox(address, what=_NAME)
        if not user.isascii():  # Django itself speaks no SMTPUTF8
            raise DeliveryFailed("bad-delivery", retry=False, what=_NAME, found="address")
        name = delivery.person.name
        message = EmailMultiAlternatives(
            literal(delivery.subject),
            sendable(delivery.text),
            sender,
            [formataddr((literal(name) if is_one_line(name) else "", f"{user}@{domain}"))],
            headers={
                "Message-ID": f"<{delivery.id}@{parseaddr(sender)[1].rpartition('@')[2]}>",
                "X-Delivery": delivery.id,
                "Auto-Submitted": "auto-generated",
                "Content-Language": {"zh": "zh-CN"}.get(delivery.lang, delivery.lang),
            },
        )
        if delivery.html:
            message.attach_alternative(sendable(delivery.html), "text/html")
        return message
