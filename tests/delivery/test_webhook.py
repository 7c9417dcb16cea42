"""Webhooks: signed events that the standard libraries read, sent nowhere but where they may go."""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from caseflow import BadInput, MemoryStore
from caseflow.delivery.notifiers.safe_http import is_reachable, resolved, target_of
from caseflow.delivery.notifiers.webhook import LARGEST, WebhookNotifier
from caseflow.delivery.relay_config import relay_from
from caseflow.errors import DeliveryFailed
from caseflow.testing.contract.notifier_contract import NotifierContract, Received, delivery
from tests.delivery.people import desk_on
from tests.delivery.receivers import WebServer, closed_port, dripping_port, silent_port
from tests.journeys.people import CITIZEN

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
HERE = ("127.0.0.0/8",)
TLS = ssl.create_default_context()  # reads the system's authorities, which takes a while


def to(port: int, *secrets: str, timeout: float = 10.0, **options: Any) -> WebhookNotifier:
    """A notifier that posts everything to that port of this machine."""
    place = f"127.0.0.1:{port}"
    return WebhookNotifier(
        {place: secrets or (SECRET,)}, source="urn:portal", url=f"http://{place}/in?x=1", own_networks=HERE,
        timeout=timeout, tls=TLS, **options,
    )  # fmt: skip


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer().running() as running:
        yield running


class TestWebhookContract(NotifierContract):
    """A webhook keeps every promise of a notifier."""

    @pytest.fixture
    def notifier(self, server: WebServer) -> WebhookNotifier:
        return to(server.port)

    @pytest.fixture
    def received(self, server: WebServer) -> Callable[[], list[Received]]:
        def told() -> list[Received]:
            events = [json.loads(post.body) for post in server.posts]
            return [Received(event["id"], event["data"]["text"]) for event in events]

        return told

    @pytest.fixture
    def refusing(self) -> Iterator[WebhookNotifier]:
        with WebServer(410).running() as running:
            yield to(running.port)

    @pytest.fixture
    def silent(self) -> Iterator[WebhookNotifier]:
        with silent_port() as port:
            yield to(port, timeout=0.2)

    @pytest.fixture
    def unreachable(self) -> Iterator[WebhookNotifier]:
        with closed_port() as port:
            yield to(port)

    @pytest.fixture
    def secrets(self) -> tuple[str, ...]:
        return (SECRET, SECRET.removeprefix("whsec_"))


class TestWebhookToTheirOwnAddress(TestWebhookContract):
    """The same when each person's address is a URL of their own."""

    @pytest.fixture
    def notifier(self, server: WebServer) -> WebhookNotifier:
        return WebhookNotifier(
            {f"127.0.0.1:{server.port}": (SECRET,)}, source="urn:portal", own_networks=HERE
        )

    @pytest.fixture
    def address(self, server: WebServer) -> str:
        return f"http://127.0.0.1:{server.port}/hook/4711-token"


# -- what is sent --------------------------------------------------------------------------------------------


def test_standardwebhooks_verifies_it(server: WebServer) -> None:
    """The published library takes the signature, and no other body, id or secret."""
    to(server.port).send(delivery("a"))
    (post,) = server.posts
    headers = {name.lower(): text for name, text in post.headers.items()}
    assert Webhook(SECRET).verify(post.body, headers)["specversion"] == "1.0"
    for body, changed, secret in (
        (post.body + b" ", headers, SECRET),
        (post.body, headers | {"webhook-id": "d-2"}, SECRET),
        (post.body, headers, OLD),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, changed)


def test_while_secrets_rotate_either_verifies(server: WebServer) -> None:
    """With two secrets a receiver that knows one of them, the old or the new, takes it."""
    to(server.port, SECRET, OLD).send(delivery("a"))
    (post,) = server.posts
    headers = {name.lower(): text for name, text in post.headers.items()}
    for secret in (SECRET, OLD):
        Webhook(secret).verify(post.body, headers)


def test_cloudevents_reads_it(server: WebServer) -> None:
    """The published library reads the event in structured mode, every attribute where it belongs."""
    to(server.port).send(delivery("a"))
    (post,) = server.posts
    headers = {name.lower(): text for name, text in post.headers.items()}
    event = from_structured_event(HTTPMessage(headers, post.body))
    assert event.get_id() == headers["webhook-id"] == "d-1"
    assert (event.get_source(), event.get_type()) == ("urn:portal", "caseflow.notice.card")
    assert (event.get_subject(), event.get_specversion()) == ("c-1", "1.0")
    assert event.get_time() == datetime(2025, 3, 3, 11, 6, 40, 1, tzinfo=UTC)
    data: Any = event.get_data()
    assert data["to"] == {"id": "p-1", "name": "李明", "address": "a"}
    assert data["notice"]["level"] == "yellow"
    assert data["notice"]["body"] == {"clock": "reply"}
    assert post.path == "/in?x=1"
    assert headers["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("status", "retry"),
    [(200, None), (202, None), (204, None), (299, None), (301, False), (307, False), (400, False),
     (401, True), (403, False), (404, False), (407, True), (408, True), (410, False), (413, False),
     (425, True), (429, True), (500, True), (502, True), (503, True)],
)  # fmt: skip
def test_an_answer_means_taken_later_or_never(status: int, retry: bool | None) -> None:
    """200 to 299 is taken; what speaks of the moment or of our secret is retried; the rest never."""
    with WebServer(status, headers={"Location": "/other"}).running() as running:
        notifier = to(running.port)
        if retry is None:
            notifier.send(delivery("a"))
        else:
            with pytest.raises(DeliveryFailed) as caught:
                notifier.send(delivery("a"))
            assert (caught.value.code, caught.value.retry) == ("delivery-refused", retry)
        assert [post.path for post in running.posts] == ["/in?x=1"]  # a redirect is not followed


def test_a_body_that_is_too_large_is_never_sent(server: WebServer) -> None:
    """A message beyond the cap is refused for good, one below it goes out."""
    to(server.port).send(delivery("a", text="x" * (LARGEST - 2000)))
    with pytest.raises(DeliveryFailed) as caught:
        to(server.port).send(delivery("a", text="x" * LARGEST))
    assert (caught.value.code, caught.value.retry, len(server.posts)) == ("delivery-too-large", False, 1)


# -- time ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "drop"),
    [(b"", b"H"), (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), (b"", b"HTTP/1.1 100 Continue\r\n\r\n")],
    ids=["status line", "headers", "interim answers"],
)
def test_nobody_holds_it_by_dripping(head: bytes, drop: bytes) -> None:
    """A receiver that sends a little now and then is given up when the one time is over."""
    with dripping_port(head, drop, every=0.05) as port:
        started = time.monotonic()
        with pytest.raises(DeliveryFailed) as caught:
            to(port, timeout=0.4).send(delivery("a"))
        assert caught.value.retry
        assert time.monotonic() - started < 3


def test_an_endless_body_is_not_read() -> None:
    """The answer is taken by its head; what follows is left."""
    with dripping_port(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000, every=0.0) as port:
        to(port, timeout=5).send(delivery("a"))


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0" * 70_000])
def test_what_is_no_http_is_retried(answer: bytes) -> None:
    """A receiver that hangs up or talks something else is `DeliveryFailed` with ``retry=True``."""
    with dripping_port(answer, b"", every=0, drops=0) as port:
        with pytest.raises(DeliveryFailed) as caught:
            to(port, timeout=5).send(delivery("a"))
        assert caught.value.retry


# -- where it may go ---------------------------------------------------------------------------------------

FORBIDDEN = (
    "127.0.0.1", "127.255.0.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.127.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "::", "::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::7f00:1", "64:ff9b::7f00:1",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "fc00::1", "fd12:3456::1",
    "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1", "3fff::1", "::ffff:0:7f00:1",
)  # fmt: skip
PUBLIC = ("1.1.1.1", "8.8.8.8", "114.114.114.114", "100.63.255.255", "100.128.0.0", "172.32.0.0", "11.0.0.0",
          "223.255.255.255", "2606:4700::1111", "2400:3200::1", "::ffff:8.8.8.8")  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_address_inside_is_refused(address: str) -> None:
    """Loopback, private, link-local, shared, multicast, reserved, mapped and translated: no way out."""
    assert not is_reachable(address)
    with pytest.raises(DeliveryFailed) as caught:
        _notifier_resolving(address).send(delivery("a"))
    assert (caught.value.code, caught.value.retry) == ("address-forbidden", False)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_reachable(address: str) -> None:
    """What lies just outside the special networks, and mapped public addresses, are let through."""
    assert is_reachable(address)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.ip_addresses())
def test_whatever_python_calls_not_global_is_refused(address: Any) -> None:
    """No address that the standard library knows as private, local, multicast or reserved gets through."""
    if is_reachable(str(address)):
        plain = getattr(address, "ipv4_mapped", None) or address
        assert plain.is_global
        assert not (plain.is_multicast or plain.is_reserved or plain.is_link_local or plain.is_loopback)


@pytest.mark.parametrize(
    "addresses", [("8.8.8.8", "10.0.0.1"), ("10.0.0.1", "8.8.8.8"), ("2606:4700::1", "::1")]
)
def test_one_bad_address_spoils_the_host(addresses: tuple[str, ...]) -> None:
    """Every address of the host is checked, and none tried when one is inside."""
    with pytest.raises(DeliveryFailed) as caught:
        _notifier_resolving(*addresses).send(delivery("a"))
    assert caught.value.code == "address-forbidden"


def test_the_host_is_resolved_once(server: WebServer) -> None:
    """The address that was checked is the one connected to, whatever the resolver says the next time."""
    hosts: list[str] = []

    def changing(host: str, port: int) -> tuple[str, ...]:
        hosts.append(host)
        return ("127.0.0.1",) if len(hosts) == 1 else ("10.9.9.9",)

    place = f"portal.test:{server.port}"
    notifier = WebhookNotifier(
        {place: (SECRET,)}, source="urn:p", url=f"http://{place}/", own_networks=HERE, resolve=changing
    )
    notifier.send(delivery("a"))
    assert hosts == ["portal.test"]
    assert server.posts[0].headers["Host"] == place


def test_the_next_address_is_tried_when_one_is_dead(server: WebServer) -> None:
    """A host with two addresses, the first without anybody there, is still told."""
    place = f"portal.test:{server.port}"
    notifier = WebhookNotifier(
        {place: (SECRET,)}, source="urn:p", url=f"http://{place}/", own_networks=HERE,
        resolve=lambda host, port: ("127.0.0.2", "127.0.0.1"),
    )  # fmt: skip
    notifier.send(delivery("a"))
    assert len(server.posts) == 1


@pytest.mark.parametrize(
    "url",
    ["https://other.test/", "https://portal.test:444/", "https://portal.test.evil.test/", "https://127.0.0.1/",
     "http://portal.test:443/"],
)  # fmt: skip
def test_a_host_that_is_no_receiver_is_refused(url: str) -> None:
    """Only what stands in ``receivers``, with its port, is resolved at all."""
    notifier = WebhookNotifier({"portal.test": (SECRET,)}, source="urn:p", resolve=_never)
    with pytest.raises(DeliveryFailed) as caught:
        notifier.send(delivery(url))
    assert (caught.value.code, caught.value.retry) == ("host-unknown", False)


@pytest.mark.parametrize(
    "url",
    ["ftp://portal.test/", "file:///etc/passwd", "//portal.test/", "portal.test", "https://u:p@portal.test/",
     "https://portal.test@evil.test/", "https://portal.test\\@evil.test/", "https://portal.test:99999/",
     "https://[::1", "https:///x", "https://问政.test/", "https://portal.test/a b", "gopher://portal.test/"],
)  # fmt: skip
def test_what_is_no_plain_https_url_is_refused(url: str) -> None:
    """Other schemes, users in the URL, tricks with signs: refused for good, before anything is resolved."""
    notifier = WebhookNotifier(
        {"portal.test": (SECRET,), "evil.test": (SECRET,)}, source="urn:p", resolve=_never
    )
    with pytest.raises(DeliveryFailed) as caught:
        notifier.send(delivery(url))
    assert (caught.value.code, caught.value.retry) == ("bad-delivery", False)


def test_plain_http_stays_inside_ones_own_networks() -> None:
    """``http`` to a public address is refused, whoever the receiver is."""
    notifier = WebhookNotifier(
        {"portal.test": (SECRET,)}, source="urn:p", resolve=lambda host, port: ("8.8.8.8",)
    )
    with pytest.raises(DeliveryFailed) as caught:
        notifier.send(delivery("http://portal.test/"))
    assert caught.value.code == "address-forbidden"


def test_a_host_without_address_is_retried() -> None:
    """A name that does not resolve now may later."""

    def unknown(host: str, port: int) -> tuple[str, ...]:
        raise OSError("no such host")

    notifier = WebhookNotifier({"portal.test": (SECRET,)}, source="urn:p", resolve=unknown)
    with pytest.raises(DeliveryFailed) as caught:
        notifier.send(delivery("https://portal.test/"))
    assert (caught.value.code, caught.value.retry) == ("host-unreachable", True)


def test_the_environments_proxy_is_not_asked(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would be a way around every check; variables that name one change nothing."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    to(server.port).send(delivery("a"))
    assert len(server.posts) == 1


# -- certificates --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _secure(authority: trustme.CA, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of a server with a certificate for the name, and of a client that knows the authority."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(name).configure_cert(server)
    authority.configure_trust(client)
    return server, client


def _over_tls(port: int, client: ssl.SSLContext) -> WebhookNotifier:
    place = f"portal.test:{port}"
    return WebhookNotifier(
        {place: (SECRET,)}, source="urn:p", url=f"https://{place}/in", own_networks=HERE, tls=client,
        resolve=lambda host, port: ("127.0.0.1",), timeout=5,
    )  # fmt: skip


def test_the_certificate_is_checked_against_the_host(authority: trustme.CA) -> None:
    """The connection goes to the checked address, name and certificate by the host."""
    server, client = _secure(authority, "portal.test")
    names: list[str | None] = []
    server.sni_callback = lambda _, name, __: names.append(name)
    with WebServer().running(server) as running:
        _over_tls(running.port, client).send(delivery("a"))
        assert [post.headers["Host"] for post in running.posts] == [f"portal.test:{running.port}"]
    assert names == ["portal.test"]


@pytest.mark.parametrize(
    ("name", "is_known"), [("other.test", True), ("127.0.0.1", True), ("portal.test", False)]
)
def test_another_certificate_is_refused(authority: trustme.CA, name: str, is_known: bool) -> None:
    """A certificate of another name or of an unknown authority gets no message; it is retried."""
    server, client = _secure(authority, name)
    with WebServer().running(server) as running:
        notifier = _over_tls(running.port, client if is_known else ssl.create_default_context())
        with pytest.raises(DeliveryFailed) as caught:
            notifier.send(delivery("a"))
        assert (caught.value.code, caught.value.retry) == ("host-unreachable", True)
        assert running.posts == []


# -- wrong arguments -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_?", "c2hvcnQ=", base64.b64encode(b"x" * 65).decode()]
)
def test_a_weak_secret_is_refused(secret: str) -> None:
    """A secret is 24 to 64 bytes of base64, and the message of the error does not repeat it."""
    with pytest.raises(BadInput) as caught:
        WebhookNotifier({"portal.test": (secret,)}, source="urn:p")
    assert caught.value.code == "bad-secret"


@pytest.mark.parametrize(
    ("receivers", "options"),
    [({"h": SECRET}, {}), ({"h": ()}, {}), ({"h": (SECRET,)}, {"own_networks": ("10.0.0.1/8",)}),
     ({"h": (SECRET,)}, {"timeout": 0}), ({"h": (SECRET,)}, {"url": "https://i/"}),
     ({"h": (SECRET,)}, {"url": "nonsense"})],
)  # fmt: skip
def test_what_can_never_work_is_refused_at_once(receivers: Any, options: Any) -> None:
    """A single text for a list, no secret, no network, no time, a URL that leads to no receiver."""
    with pytest.raises(BadInput) as caught:
        WebhookNotifier(receivers, source="urn:p", **options)
    assert SECRET not in str(caught.value)


def test_secrets_in_a_configuration_come_from_the_environment(
    server: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deep in the table too: a receiver's secrets, the old one and the new, stand in no file."""
    monkeypatch.setenv("NEW_SECRET", SECRET)
    place, desk = f"127.0.0.1:{server.port}", desk_on(MemoryStore())
    channel = {
        "use": "webhook", "source": "urn:p", "url": f"http://{place}/", "own_networks": list(HERE),
        "receivers": {place: [{"env": "NEW_SECRET"}, OLD]},
    }  # fmt: skip
    people = [{"id": "d", "role": "duty_officer", "unit": "城管局", "addresses": {"gate": "d"}}]
    desk.submit(title="路灯不亮", to="城管局", by=CITIZEN)
    table: dict[str, Any] = {"channels": {"gate": channel}, "people": people}
    relay_from(table, desk.store, folder=tmp_path, clock=desk.clock).until_empty()
    headers = {name.lower(): text for name, text in server.posts[0].headers.items()}
    assert headers["webhook-signature"].count("v1,") == 2
    table["channels"] = {"gate": channel | {"receivers": {place: [{"env": "NO_SUCH"}]}}}
    with pytest.raises(BadInput) as caught:
        relay_from(table, desk.store, folder=tmp_path)
    assert "NO_SUCH" in caught.value.text()


def test_the_system_resolver_gives_every_address_once() -> None:
    """What is resolved are addresses, in order, without repeats."""
    addresses = resolved("localhost", 80)
    assert addresses
    assert len(set(addresses)) == len(addresses)
    assert all(ip_address(address).is_loopback for address in addresses)


def test_a_place_has_its_port_when_it_is_not_the_usual() -> None:
    """Hosts are compared in lower case, IPv6 addresses in brackets, usual ports left out."""
    places = {url: target.place for url in ("https://A.Test/", "https://a.test:443/", "http://a.test:443/",
              "https://[2606:4700::1]:8443/x") if (target := target_of(url)) is not None}  # fmt: skip
    assert list(places.values()) == ["a.test", "a.test", "a.test:443", "[2606:4700::1]:8443"]


def _notifier_resolving(*addresses: str) -> WebhookNotifier:
    return WebhookNotifier(
        {"portal.test": (SECRET,)}, source="urn:p", url="https://portal.test/", timeout=0.5, tls=TLS,
        resolve=lambda host, port: addresses,
    )  # fmt: skip


def _never(host: str, port: int) -> tuple[str, ...]:
    raise AssertionError("it was resolved")
