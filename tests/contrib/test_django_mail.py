"""Django's own mail against a real SMTP server, and kept in memory as a portal's tests have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.core import mail
from django.test.utils import override_settings

from caseflow.contrib.django.mail import DjangoMailNotifier
from caseflow.errors import DeliveryFailed
from caseflow.testing.contract.notifier_contract import NotifierContract, Received, delivery
from tests.contrib import portal as portal  # configures Django for this process
from tests.delivery.receivers import closed_port, silent_port
from tests.delivery.test_email import SENDER, Mailbox, serving

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


@contextmanager
def through(port: int) -> Iterator[DjangoMailNotifier]:
    """A notifier of a portal whose mail goes to that port of this machine."""
    server = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": port, "EMAIL_TIMEOUT": 1}
    with override_settings(DEFAULT_FROM_EMAIL=f"市民心声 <{SENDER}>", **server):
        yield DjangoMailNotifier()


class TestDjangoMailContract(NotifierContract):
    """Django's mail keeps every promise of a notifier."""

    @pytest.fixture
    def mailbox(self) -> Mailbox:
        return Mailbox()

    @pytest.fixture
    def notifier(self, mailbox: Mailbox) -> Iterator[DjangoMailNotifier]:
        with serving(mailbox) as port, through(port) as notifier:
            yield notifier

    @pytest.fixture
    def received(self, mailbox: Mailbox) -> Callable[[], list[Received]]:
        def texts() -> list[Received]:
            bodies = [(message, message.get_body(("plain",))) for message in mailbox.messages]
            return [Received(message["X-Delivery"], body.get_content()) for message, body in bodies if body]

        return texts

    @pytest.fixture
    def refusing(self) -> Iterator[DjangoMailNotifier]:
        with serving(Mailbox(to="550 no such user")) as port, through(port) as notifier:
            yield notifier

    @pytest.fixture
    def silent(self) -> Iterator[DjangoMailNotifier]:
        with silent_port() as port, through(port) as notifier:
            yield notifier

    @pytest.fixture
    def unreachable(self) -> Iterator[DjangoMailNotifier]:
        with closed_port() as port, through(port) as notifier:
            yield notifier

    @pytest.fixture
    def receivers_loggers(self) -> tuple[str, ...]:
        return ("mail", "asyncio")


@pytest.fixture
def outbox() -> Iterator[list[mail.EmailMessage]]:
    """What Django keeps instead of sending it, as in every test of a portal."""
    mail.outbox = []
    with override_settings(EMAIL_BACKEND=LOCMEM):
        yield mail.outbox


def test_a_portals_tests_find_the_message_in_djangos_outbox(outbox: list[mail.EmailMessage]) -> None:
    """With subject, sender, recipient by name, both forms of the text, and headers that machines know."""
    DjangoMailNotifier(sender=f"市民心声 <{SENDER}>").send(
        delivery("li@example.org").replace(html="<p>请答复</p>")
    )
    (message,) = outbox
    assert message.from_email == f"市民心声 <{SENDER}>"
    assert message.to[0].endswith("<li@example.org>")
    assert message.extra_headers["Message-ID"] == "<d-1@portal.test>"
    assert message.extra_headers["Content-Language"] == "zh-CN"
    assert "text/html" in message.message().as_string()


@pytest.mark.parametrize("address", ["a@b@c", "李@example.org", "x <y@z.cn>", "=?utf-8?q?a?=@b.cn"])
def test_what_is_no_address_is_refused_for_good(address: str, outbox: list[mail.EmailMessage]) -> None:
    """Not handed to the backend; nor is one that needs an extension of SMTP which Django does not speak."""
    with pytest.raises(DeliveryFailed) as caught:
        DjangoMailNotifier(sender=SENDER).send(delivery(address))
    assert (caught.value.code, caught.value.retry, outbox) == ("bad-delivery", False, [])


def test_a_backend_that_breaks_is_tried_again() -> None:
    """Whatever a service's backend raises: the message is not lost."""
    with pytest.raises(DeliveryFailed) as caught:
        DjangoMailNotifier(sender=SENDER, backend=f"{__name__}.Broken").send(delivery("li@example.org"))
    assert caught.value.retry


class Broken:
    """A backend that cannot be made."""

    def __init__(self, **_: object) -> None:
        raise KeyError("API_KEY")
