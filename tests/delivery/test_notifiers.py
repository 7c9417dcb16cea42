"""The notifiers without a server of their own: the log, a callable, and the services of Apprise."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from caseflow import BadInput
from caseflow.delivery.notifiers.apprise import AppriseNotifier
from caseflow.delivery.notifiers.simple import CallableNotifier, LogNotifier
from caseflow.errors import DeliveryFailed
from caseflow.ports.records import Delivery
from caseflow.testing.contract.notifier_contract import SUBJECT, TEXT, NotifierContract, Received, delivery
from tests.delivery.receivers import WebServer, closed_port

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # by what Apprise's plugins import
KEY = "0f1e2d3c-aaaa-bbbb-cccc-0123456789ab"


class TestCallableContract(NotifierContract):
    """A function keeps every promise of a notifier."""

    @pytest.fixture
    def taken(self) -> list[Delivery]:
        return []

    @pytest.fixture
    def notifier(self, taken: list[Delivery]) -> CallableNotifier:
        return CallableNotifier(taken.append)

    @pytest.fixture
    def received(self, taken: list[Delivery]) -> Callable[[], list[Received]]:
        return lambda: [Received(one.id, one.text) for one in taken]

    @pytest.fixture
    def refusing(self) -> CallableNotifier:
        def refuse(delivery: Delivery) -> None:
            raise DeliveryFailed(retry=False, what="x", found="gone")

        return CallableNotifier(refuse)

    @pytest.fixture
    def silent(self) -> CallableNotifier:
        return CallableNotifier(_raising(TimeoutError(TEXT)))

    @pytest.fixture
    def unreachable(self) -> CallableNotifier:
        return CallableNotifier(_raising(ConnectionError(TEXT)))


def test_a_functions_error_is_a_failure_with_its_cause() -> None:
    """Any error of the function is to be retried; its words are left out and stand in the cause."""
    with pytest.raises(DeliveryFailed) as caught:
        CallableNotifier(_raising(KeyError("秘密"))).send(delivery("a"))
    assert caught.value.retry
    assert caught.value.text().endswith("could not be told: KeyError")
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit()])
def test_a_stop_is_no_failure(stop: BaseException) -> None:
    """Who stops the process stops it."""
    with pytest.raises(type(stop)):
        CallableNotifier(_raising(stop)).send(delivery("a"))


def test_the_log_says_what_it_is_about_and_not_what_it_says(caplog: pytest.LogCaptureFixture) -> None:
    """One line with the id, the case, the topic and the role; no text, name or address."""
    with caplog.at_level(logging.INFO):
        LogNotifier().send(delivery("li@example.org"))
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        ("caseflow.delivery", "INFO",
         "d-1: case c-1 version 3, card yellow, to lead_official of 城管局 by any"),
    ]  # fmt: skip


@pytest.mark.parametrize(("address", "code"), [("", "no-address"), ("a\nb", "bad-delivery")])
def test_the_log_refuses_what_could_not_be_sent(
    caplog: pytest.LogCaptureFixture, address: str, code: str
) -> None:
    """A missing or spoiled address shows with the log already, not first with the real notifier."""
    with caplog.at_level(logging.INFO), pytest.raises(DeliveryFailed) as caught:
        LogNotifier().send(delivery(address))
    assert (caught.value.code, caught.value.retry, caplog.records) == (code, False, [])


# -- Apprise -------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer(200).running() as running:
        yield running


class TestAppriseContract(NotifierContract):
    """A service of Apprise keeps every promise of a notifier."""

    @pytest.fixture
    def notifier(self, server: WebServer) -> AppriseNotifier:
        return AppriseNotifier(f"json://user:{KEY}@127.0.0.1:{server.port}/hook")

    @pytest.fixture
    def received(self, server: WebServer) -> Callable[[], list[Received]]:
        def told() -> list[Received]:
            texts = [json.loads(post.body)["message"].replace("\u2060", "") for post in server.posts]
            return [Received(text.rpartition("消息编号：")[2], text) for text in texts]

        return told

    @pytest.fixture
    def unreachable(self) -> Iterator[AppriseNotifier]:
        with closed_port() as port:
            yield AppriseNotifier(f"json://user:{KEY}@127.0.0.1:{port}/hook")

    @pytest.fixture
    def secrets(self) -> tuple[str, ...]:
        return (KEY,)


@pytest.mark.parametrize(
    ("scheme", "plugin", "answer"),
    [("wecombot", "wecombot:NotifyWeComBot", {"errcode": 0}),
     ("dingtalk", "dingtalk:NotifyDingTalk", {"errcode": 0}),
     ("feishu", "feishu:NotifyFeishu", {"code": 0})],
)  # fmt: skip
def test_chinas_chat_services_get_the_message(
    server: WebServer, monkeypatch: pytest.MonkeyPatch, scheme: str, plugin: str, answer: dict[str, int]
) -> None:
    """WeCom, DingTalk and Feishu get text, subject and the message's number by their own protocols."""
    import importlib

    module, _, name = plugin.partition(":")
    service = getattr(importlib.import_module(f"apprise.plugins.{module}"), name)
    _lead_to(service, f"http://127.0.0.1:{server.port}/", monkeypatch)
    key = KEY.replace("-", "") if scheme == "dingtalk" else KEY
    AppriseNotifier(schemes=[scheme]).send(delivery(f"{scheme}://{key}"))
    (post,) = server.posts
    payload = json.dumps(json.loads(post.body), ensure_ascii=False)
    assert TEXT in payload
    assert SUBJECT in payload
    assert "消息编号：d-1" in payload


CALLS = [
    "@everyone 请看", "\uff20所有人", "<at id=all></at>", "<!channel>", "<@U123>", "<https://evil.example|点此>",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_a_text_calls_nobody_in_a_chat(server: WebServer, call: str) -> None:
    """What a citizen wrote reads the same, and no service finds a call or a tag in it."""
    message = delivery(f"json://127.0.0.1:{server.port}/hook").replace(text=f"标题 {call}\n", subject=call)
    AppriseNotifier(schemes=["json"]).send(message)
    (post,) = server.posts
    said = json.loads(post.body)
    for text in (said["title"], said["message"]):
        assert call not in text
        assert call in text.replace("\u2060", "")


def test_an_address_of_mail_in_a_text_stays_as_it_is(server: WebServer) -> None:
    """It calls nobody, and is there to be copied."""
    message = delivery(f"json://127.0.0.1:{server.port}/hook").replace(text="写信给 li@example.org, 3 < 5")
    AppriseNotifier(schemes=["json"]).send(message)
    assert "写信给 li@example.org, 3 < 5" in json.loads(server.posts[0].body)["message"]


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_service_that_does_not_take_it_is_asked_again(status: int) -> None:
    """Apprise does not say why; so every failure may be tried again, until the relay gives up."""
    with WebServer(status).running() as running, pytest.raises(DeliveryFailed) as caught:
        AppriseNotifier(f"json://127.0.0.1:{running.port}/").send(delivery("a"))
    assert (caught.value.code, caught.value.retry) == ("delivery-refused", True)


def test_the_address_takes_its_place_in_the_url(server: WebServer) -> None:
    """``{address}`` is replaced, and no sign of it makes another path, query or host."""
    notifier = AppriseNotifier(f"json://127.0.0.1:{server.port}/to/{{address}}")
    notifier.send(delivery("a/b?c=d@e"))
    (post,) = server.posts
    assert post.path.startswith("/to/a%2Fb%3F")
    assert unquote(post.path) == "/to/a/b?c=d@e"


@pytest.mark.parametrize("address", ["json://127.0.0.1/", "syslog://", "feishu", "feishu://", "FEISHUx://a"])
def test_an_address_names_only_services_that_were_named(address: str) -> None:
    """Another service, or what Apprise cannot read, is refused for good."""
    with pytest.raises(DeliveryFailed) as caught:
        AppriseNotifier(schemes=["feishu"]).send(delivery(address))
    assert (caught.value.code, caught.value.retry) == ("bad-delivery", False)


@pytest.mark.parametrize(
    ("url", "schemes"), [("", ()), ("json://h/", ("json",)), ("nonsense://" + KEY, ()), ("", "json")]
)
def test_what_can_never_work_is_refused_at_once(url: str, schemes: Any) -> None:
    """Neither or both ways to know where, or a URL that is none; the error does not repeat it."""
    with pytest.raises(BadInput) as caught:
        AppriseNotifier(url, schemes=schemes)
    assert KEY not in caught.value.text("en") + caught.value.text("zh")


def test_its_name_shows_the_service_alone() -> None:
    """Neither the key nor the host of a URL is shown."""
    assert repr(AppriseNotifier(f"feishu://{KEY}")) == "AppriseNotifier(feishu)"
    assert repr(AppriseNotifier(schemes=["b", "A"])) == "AppriseNotifier(a, b)"


def test_others_lines_of_the_same_libraries_go_on(caplog: pytest.LogCaptureFixture) -> None:
    """Only what a notifier's own sending writes is dropped."""
    AppriseNotifier("json://h/")
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("urllib3.connectionpool").debug("of the portal")
    assert re.search("of the portal", caplog.text)


def _lead_to(service: Any, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the plugin post to this machine."""
    import requests

    assert service.notify_url.startswith("https://")
    inner = requests.post
    monkeypatch.setattr(requests, "post", lambda address, *args, **rest: inner(url, *args, **rest))


def _raising(error: BaseException) -> Callable[[Delivery], None]:
    def function(delivery: Delivery) -> None:
        raise error

    return function
