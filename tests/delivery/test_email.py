"""E-mail against a real SMTP server: what arrives, what is refused, what is tried again."""

from __future__ import annotations

import contextlib
import email
import email.policy
import socket
import ssl
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from caseflow import BadInput, ManualClock
from caseflow.delivery.notifiers.email import EmailNotifier
from caseflow.errors import DeliveryFailed
from caseflow.testing.contract.notifier_contract import NotifierContract, Received, delivery
from tests.delivery.receivers import closed_port, silent_port

SENDER = "wenzheng@portal.test"
PASSWORD = "geheim-9Xq"
TLS = ssl.create_default_context()  # reads the system's authorities, which takes a while


class Mailbox:
    """Keeps what comes; answers every recipient and every message as told."""

    def __init__(self, *, to: str = "250 OK", data: str = "250 OK", sender: str = "250 OK") -> None:
        self.envelopes: list[Envelope] = []
        self._answers = {"to": to, "data": data, "sender": sender}

    async def handle_MAIL(  # noqa: N802  # the server's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._answers["sender"]

    async def handle_RCPT(  # noqa: N802  # the server's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self._answers["to"]

    async def handle_DATA(  # noqa: N802  # the server's name for it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self._answers["data"].startswith("250"):
            self.envelopes.append(envelope)
        return self._answers["data"]

    @property
    def messages(self) -> list[EmailMessage]:
        contents = [envelope.content for envelope in self.envelopes]
        return [email.message_from_bytes(text, policy=email.policy.default)
                for text in contents if isinstance(text, bytes)]  # fmt: skip


@contextlib.contextmanager
def serving(mailbox: Mailbox, **options: Any) -> Iterator[int]:
    """The port of an SMTP server in front of the mailbox."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, ready_timeout=20, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def through(port: int, **options: Any) -> EmailNotifier:
    arguments: dict[str, Any] = {"security": "none", "sender": SENDER, "tls": TLS} | options
    return EmailNotifier("127.0.0.1", port=port, **arguments)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def port(mailbox: Mailbox) -> Iterator[int]:
    with serving(mailbox) as number:
        yield number


class TestEmailContract(NotifierContract):
    """E-mail keeps every promise of a notifier."""

    @pytest.fixture
    def notifier(self, port: int) -> EmailNotifier:
        return through(port)

    @pytest.fixture
    def received(self, mailbox: Mailbox) -> Callable[[], list[Received]]:
        def told() -> list[Received]:
            return [Received(message["X-Delivery"], _text(message)) for message in mailbox.messages]

        return told

    @pytest.fixture
    def refusing(self) -> Iterator[EmailNotifier]:
        with serving(Mailbox(to="550 no such user someone@example.org")) as number:
            yield through(number)

    @pytest.fixture
    def silent(self) -> Iterator[EmailNotifier]:
        with silent_port() as number:
            yield through(number, timeout=0.2)

    @pytest.fixture
    def unreachable(self) -> Iterator[EmailNotifier]:
        with closed_port() as number:
            yield through(number)

    @pytest.fixture
    def secrets(self) -> tuple[str, ...]:
        return (PASSWORD,)

    @pytest.fixture
    def receivers_loggers(self) -> tuple[str, ...]:
        return ("mail", "asyncio")


def test_the_headers_say_who_when_and_which(mailbox: Mailbox, port: int) -> None:
    """Chinese subject and names, the date of the clock, the id in the Message-ID, marked as automatic."""
    clock = ManualClock("2025-03-03T09:30:00+08:00")
    notifier = through(port, sender_name="问政办公室", reply_to="office@portal.test", clock=clock)
    notifier.send(delivery("li@example.org", subject="黄牌警示:路灯不亮" * 12, text="x"))
    (message,) = mailbox.messages
    assert message["Subject"] == "黄牌警示:路灯不亮" * 12
    assert str(message["From"]) == f"问政办公室 <{SENDER}>"
    assert str(message["To"]) == "李明 <li@example.org>"
    assert message["Reply-To"] == "office@portal.test"
    assert message["Message-ID"] == "<d-1@portal.test>"
    assert message["Date"] == "Mon, 03 Mar 2025 01:30:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "zh-CN"
    (envelope,) = mailbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, ["li@example.org"])
    assert isinstance(envelope.content, bytes)
    assert envelope.content.isascii()  # so that it passes every server


def test_html_goes_beside_the_text(mailbox: Mailbox, port: int) -> None:
    """A message with HTML arrives as both, the text first; one without is text alone."""
    through(port).send(delivery("li@example.org", text="文").replace(html="<p>文</p>"))
    through(port).send(delivery("li@example.org", text="文"))
    both, plain = mailbox.messages
    assert [part.get_content_type() for part in both.iter_parts()] == ["text/plain", "text/html"]
    assert plain.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    ("answers", "retry"),
    [({"to": "550 no"}, False), ({"to": "450 later"}, True), ({"to": "421 going"}, True),
     ({"data": "554 no"}, False), ({"data": "452 full"}, True), ({"sender": "553 no"}, False),
     ({"sender": "451 later"}, True)],
)  # fmt: skip
def test_the_servers_number_decides(answers: dict[str, str], retry: bool) -> None:
    """5xx for the sender, the recipient or the message is for good; 4xx is for later."""
    mailbox = Mailbox(**answers)
    with serving(mailbox) as port, pytest.raises(DeliveryFailed) as caught:
        through(port).send(delivery("li@example.org"))
    assert (caught.value.retry, mailbox.envelopes) == (retry, [])


@pytest.mark.parametrize(
    "address",
    ["nobody", "a b@example.org", "a@b@c", "@example.org", "a@", "a@example.org, b@example.org",
     "Li <li@example.org>", "a@example.org>", "<a@example.org", "a@[", "a@example.org;b"],
)  # fmt: skip
def test_what_is_not_one_address_is_refused(mailbox: Mailbox, port: int, address: str) -> None:
    """A list, a name with an address, or nothing of the kind: refused for good, the server not asked."""
    with pytest.raises(DeliveryFailed) as caught:
        through(port).send(delivery(address))
    assert (caught.value.code, caught.value.retry) == ("bad-delivery", False)
    assert mailbox.envelopes == []


@pytest.mark.parametrize("word", ["=?utf-8?q?a=0D=0ABcc:_other@example.org?=", "=?UTF-8?B?5Lit?= 文", "=?x"])
def test_an_encoded_word_in_a_text_stays_a_text(mailbox: Mailbox, port: int, word: str) -> None:
    """In subject and name it is not decoded, by the library or by a reader, and adds no header."""
    message = delivery("li@example.org")
    through(port).send(message.replace(subject=word, person=message.person.replace(name=word)))
    (came,) = mailbox.messages
    assert came["Bcc"] is None
    assert str(came["Subject"]).replace("\u2060", "") == word
    assert came["To"].addresses[0].display_name.replace("\u2060", "") == word


def test_an_encoded_word_is_no_address(mailbox: Mailbox, port: int) -> None:
    """It would be another one for whoever decodes it."""
    with pytest.raises(DeliveryFailed, match="address"):
        through(port).send(delivery("=?utf-8?q?li=0D=0A?=@example.org"))
    assert mailbox.envelopes == []


def test_a_name_with_line_breaks_is_left_out(mailbox: Mailbox, port: int) -> None:
    """A spoiled name adds no header and stops no message; quotes and commas in one are kept."""
    message = delivery("li@example.org")
    for name in ("李\r\nBcc: other@example.org", '李, "小" <x@y.z>'):
        through(port).send(message.replace(person=message.person.replace(name=name)))
    spoiled, odd = mailbox.messages
    assert (str(spoiled["To"]), spoiled["Bcc"]) == ("li@example.org", None)
    assert odd["To"].addresses[0].display_name == '李, "小" <x@y.z>'
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [["li@example.org"]] * 2


def test_an_address_beyond_ascii_needs_a_server_that_takes_it(mailbox: Mailbox) -> None:
    """With SMTPUTF8 it arrives; a server without it will never take it."""
    address = "李@例子.测试"
    with serving(mailbox, enable_SMTPUTF8=True) as port:
        through(port).send(delivery(address))
    assert mailbox.envelopes[0].rcpt_tos == [address]
    with serving(Mailbox(), enable_SMTPUTF8=False) as port, pytest.raises(DeliveryFailed) as caught:
        through(port).send(delivery(address))
    assert not caught.value.retry


# -- encryption and login ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server with a certificate for 127.0.0.1, and of a client that trusts it."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    return server, client


Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


def _check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    right = LoginPassword(b"portal", PASSWORD.encode())
    return AuthResult(success=data == right, handled=False)


def test_starttls_and_login(mailbox: Mailbox, contexts: Contexts) -> None:
    """The talk is encrypted before the password is said, and the message arrives."""
    options = {"tls_context": contexts[0], "authenticator": _check, "auth_required": True}
    with serving(mailbox, require_starttls=True, **options) as port:
        notifier = through(port, security="starttls", user="portal", password=PASSWORD, tls=contexts[1])
        notifier.send(delivery("li@example.org"))
        assert PASSWORD not in repr(notifier)
    assert len(mailbox.envelopes) == 1


def test_a_wrong_password_is_retried(mailbox: Mailbox, contexts: Contexts) -> None:
    """A login that fails is a fault of the way: the message waits until somebody mends it."""
    options = {"tls_context": contexts[0], "authenticator": _check, "auth_required": True}
    with serving(mailbox, **options) as port:
        notifier = through(port, security="starttls", user="portal", password="wrong-7", tls=contexts[1])
        with pytest.raises(DeliveryFailed) as caught:
            notifier.send(delivery("li@example.org"))
    assert (caught.value.retry, mailbox.envelopes) == (True, [])
    assert "wrong-7" not in caught.value.text()


def test_a_server_without_starttls_gets_nothing(mailbox: Mailbox, port: int) -> None:
    """What should be encrypted is never sent in the clear, not even to a server that cannot."""
    with pytest.raises(DeliveryFailed) as caught:
        through(port, security="starttls").send(delivery("li@example.org"))
    assert (caught.value.retry, mailbox.envelopes) == (True, [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_unknown_certificate_gets_nothing(mailbox: Mailbox, contexts: Contexts, security: str) -> None:
    """A server that cannot prove its name is told nothing."""
    options = {"ssl_context" if security == "tls" else "tls_context": contexts[0]}
    if security == "tls":
        with _over_tls(mailbox, contexts[0]) as port, pytest.raises(DeliveryFailed) as caught:
            through(port, security=security).send(delivery("li@example.org"))
    else:
        with serving(mailbox, **options) as port, pytest.raises(DeliveryFailed) as caught:
            through(port, security=security).send(delivery("li@example.org"))
    assert (caught.value.retry, mailbox.envelopes) == (True, [])


def test_tls_from_the_first_byte(mailbox: Mailbox, contexts: Contexts) -> None:
    """With ``tls`` the connection is encrypted before anything is said."""
    with _over_tls(mailbox, contexts[0]) as port:
        through(port, security="tls", tls=contexts[1]).send(delivery("li@example.org"))
    assert len(mailbox.envelopes) == 1


@contextlib.contextmanager
def _over_tls(mailbox: Mailbox, context: ssl.SSLContext) -> Iterator[int]:
    """A server in TLS from the first byte; its own check that it is up would need the authority."""

    class Untested(Controller):
        def _trigger_server(self) -> None:
            with socket.create_connection((self.hostname, self.port), 20):
                pass

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    controller = Untested(mailbox, hostname="127.0.0.1", port=port, ssl_context=context, ready_timeout=20)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.mark.parametrize(
    "options",
    [{"sender": "nobody"}, {"sender": "a@b.c\r\nBcc: x@y.z"}, {"sender_name": "a\nb"}, {"reply_to": "x"},
     {"security": "ssl"}, {"timeout": 0}, {"user": "u", "password": "p"}],
)  # fmt: skip
def test_what_can_never_work_is_refused_at_once(options: dict[str, Any]) -> None:
    """An address that is none, an unknown kind of security, a password in the clear."""
    with pytest.raises(BadInput):
        through(25, **options)


def test_each_security_has_its_port() -> None:
    """587 for starttls, 465 for tls, 25 for none."""
    notifiers = [
        EmailNotifier("h", sender=SENDER, security=security, tls=TLS)
        for security in ("starttls", "tls", "none")
    ]
    assert [repr(notifier) for notifier in notifiers] == [
        "EmailNotifier(h:587, starttls)", "EmailNotifier(h:465, tls)", "EmailNotifier(h:25, none)",
    ]  # fmt: skip


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())
