"""`EmailNotifier`: each message as an e-mail, by the portal's own mail server."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

from caseflow.clock import SystemClock
from caseflow.core.time.instants import moment
from caseflow.delivery.notifiers.simple import checked_address, is_one_line
from caseflow.errors import BadInput, DeliveryFailed
from caseflow.ports import Clock
from caseflow.ports.records import Delivery

Security = Literal["starttls", "tls", "none"]
_PORTS: dict[str, int] = {"starttls": 587, "tls": 465, "none": 25}
_ADDRESS = re.compile(r"([^\s@,;:<>()\[\]\\\"]+)@([^\s@,;:<>()\[\]\\\".]+(?:\.[^\s@,;:<>()\[\]\\\".]+)*)")
"""One address without name, brackets and quotes; signs beyond ASCII are let through."""
_ENCODED = "=?"
"""With what an encoded word begins."""
_BEYOND_ASCII = "SMTPUTF8"
_POLICY = SMTP.clone(cte_type="7bit")
"""Bodies pass every server, those that know no 8-bit mail too."""


class EmailNotifier:
    """Sends by SMTP, one connection for each message.

    The ``Message-ID`` is made of the delivery's id, so the same message sent twice is the same to a
    receiver; the header ``X-Delivery`` has the id as it is, in one line even if it is the longest. What has
    HTML goes out as both.

    Args:
        host: the mail server.
        sender: the address that messages come from, such as ``wenzheng@example.gov.cn``.
        sender_name: the name beside it.
        security: ``starttls`` (port 587) or ``tls`` (port 465), both with the certificate checked; ``none``
            (port 25) is for a server on the same machine or network.
        port: another port.
        user, password: to log in with; refused with ``security="none"``.
        reply_to: where answers go; to the sender without.
        timeout: seconds for each step of the talk with the server.
        tls: how its certificate is checked; the system's authorities by default.
        clock: tells the time for the header ``Date``.

    Raises:
        BadInput: the sender or ``reply_to`` is no address; a password without encryption.
    """

    def __init__(
        self,
        host: str,
        *,
        sender: str,
        sender_name: str = "",
        security: Security = "starttls",
        port: int | None = None,
        user: str = "",
        password: str = "",
        reply_to: str = "",
        timeout: float = 30.0,
        tls: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        if security not in _PORTS:
            raise BadInput("bad-option", what="security", found=f"{security}, expected {', '.join(_PORTS)}")
        if timeout <= 0:
            raise BadInput("bad-option", what="timeout", found=f"{timeout}, expected more than 0")
        if (user or password) and security == "none":
            raise BadInput("bad-option", what="user", found="a password is sent over starttls or tls only")
        self._host = host
        self._port = port if port is not None else _PORTS[security]
        self._security = security
        self._login = (user, password)
        self._sender = _own("sender", sender, sender_name)
        self._reply_to = _own("reply_to", reply_to, "") if reply_to else None
        self._timeout = timeout
        self._tls = tls if tls is not None else ssl.create_default_context()
        self._clock = clock if clock is not None else SystemClock()

    def __repr__(self) -> str:
        return f"EmailNotifier({self._host}:{self._port}, {self._security})"

    def send(self, delivery: Delivery) -> None:
        """Hand the message to the mail server.

        Raises:
            DeliveryFailed: never to be retried when the server refused the address or the message for good
                (5xx), the address is none, or needs a server that takes addresses beyond ASCII; to be
                retried after everything else: a time-out, a lost connection, a busy server (4xx), a
                certificate or login that does not hold, which are faults of the way and not of the message.
        """
        address, message = checked_address(delivery, what=self._host), self.message(delivery)
        try:
            server = self._connected()
            try:
                self._hand_on(server, address, message)
            except BaseException:
                server.close()
                raise
        except (smtplib.SMTPException, OSError) as error:
            raise mail_failure(error, what=self._host, limit=f"{self._timeout:g} s") from error
        _leave(server)

    def message(self, delivery: Delivery) -> EmailMessage:
        """The e-mail, as it is sent.

        Raises:
            DeliveryFailed: ``no-address``, or ``bad-delivery``: the address is not one address, or a header
                would hold a line break.
        """
        address = checked_address(delivery, what=self._host)
        message = EmailMessage(policy=_POLICY)
        message["From"] = self._sender
        message["To"] = self._to(address, delivery.person.name)
        if self._reply_to is not None:
            message["Reply-To"] = self._reply_to
        message["Subject"] = literal(delivery.subject)
        message["Date"] = format_datetime(moment(self._clock.now_us()))
        message["Message-ID"] = f"<{delivery.id}@{self._sender.domain}>"
        message["X-Delivery"] = delivery.id
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(sendable(delivery.text))
        if delivery.html:
            message.add_alternative(sendable(delivery.html), subtype="html")
        message["Content-Language"] = {"zh": "zh-CN"}.get(delivery.lang, delivery.lang)
        for name in ("Subject", "To"):  # as the library reads what it was given
            if not is_one_line(str(message[name])):
                raise DeliveryFailed("bad-delivery", retry=False, what=self._host, found=name)
        return message

    def _to(self, address: str, name: str) -> Address:
        return Address(literal(name) if is_one_line(name) else "", *mailbox(address, what=self._host))

    def _hand_on(self, server: smtplib.SMTP, address: str, message: EmailMessage) -> None:
        """The sender, the recipient, the message; addresses beyond ASCII by the extension for them."""
        sender = self._sender.addr_spec
        if f"{sender}{address}".isascii():
            server.sendmail(sender, address, message.as_bytes())
            return
        server.ehlo_or_helo_if_needed()
        if not server.has_extn("smtputf8"):
            raise smtplib.SMTPNotSupportedError(_BEYOND_ASCII)
        server.sendmail(
            sender, address, message.as_bytes(policy=_POLICY.clone(utf8=True)), ("SMTPUTF8", "BODY=8BITMIME")
        )

    def _connected(self) -> smtplib.SMTP:
        if self._security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout, context=self._tls
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            if self._security == "starttls":
                server.starttls(context=self._tls)
            if any(self._login):
                server.login(*self._login)
        except BaseException:
            server.close()
            raise
        return server


def mail_failure(error: Exception, *, what: str, limit: str = "-") -> DeliveryFailed:
    """What an error on the way to a mail server means, without its words, which may repeat the address.

    Args:
        what: the way, for the message.
        limit: how long was waited, for a time-out.
    """
    match error:
        case TimeoutError():
            return DeliveryFailed("delivery-timeout", retry=True, what=what, found=limit)
        case smtplib.SMTPServerDisconnected():
            return DeliveryFailed("host-unreachable", retry=True, what=what, found=type(error).__name__)
        case smtplib.SMTPException():
            answer, is_passing = _refusal(error)
            return DeliveryFailed("delivery-refused", retry=is_passing, what=what, found=answer)
        case _:
            return DeliveryFailed("host-unreachable", retry=True, what=what, found=type(error).__name__)


def _refusal(error: smtplib.SMTPException) -> tuple[str, bool]:
    """The server's refusal by its number, and whether it may pass."""
    match error:
        case smtplib.SMTPNotSupportedError():
            return type(error).__name__, str(error) != _BEYOND_ASCII
        case smtplib.SMTPRecipientsRefused():
            codes = [code for code, _ in error.recipients.values()]
            return f"{codes[0]}", codes[0] < 500
        case smtplib.SMTPSenderRefused() | smtplib.SMTPDataError():
            return f"{error.smtp_code}", error.smtp_code < 500
        case _:
            return f"{getattr(error, 'smtp_code', type(error).__name__)}", True


def mailbox(address: str, *, what: str) -> tuple[str, str]:
    """The two parts of an address.

    Raises:
        DeliveryFailed: ``bad-delivery``: it is not one address.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or _ENCODED in address:
        raise DeliveryFailed("bad-delivery", retry=False, what=what, found="address")
    return match[1], match[2]


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye; the message is handed on already, whatever comes of that."""
    with suppress(OSError, smtplib.SMTPException):
        server.quit()
    server.close()


def _own(what: str, address: str, name: str) -> Address:
    match = _ADDRESS.fullmatch(address)
    if match is None or not is_one_line(name):
        raise BadInput("bad-option", what=what, found=f"{address!a} is no address")
    return Address(literal(name), match[1], match[2])


def literal(text: str) -> str:
    """The text so that no program takes a part of it for an encoded word (RFC 2047) and decodes it."""
    return text.replace(_ENCODED, "=\u2060?")


def sendable(text: str) -> str:
    """The text with halves of signs, which no encoding can carry, replaced."""
    return text.encode("utf-8", "replace").decode()
