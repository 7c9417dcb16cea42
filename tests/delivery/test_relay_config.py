"""A relay from a file: what it may say, and what is told of what it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caseflow import MemoryStore
from caseflow.core.model.case import Case
from caseflow.delivery.directory import ListedDirectory
from caseflow.delivery.messages import Messages
from caseflow.delivery.relay import Relay
from caseflow.delivery.relay_config import relay_from
from caseflow.errors import BadInput
from caseflow.ports.records import Delivery
from tests.delivery.people import EveryoneInOffice, Kept, desk_on
from tests.journeys.people import OFFICER, submitted

PEOPLE = [
    {"id": "z-2", "name": "王值班", "roles": ["duty_officer", "handler"], "units": ["城管局"],
     "addresses": {"email": "duty@cg.example"}},
    {"id": "l-1", "role": "lead_official", "unit": "城管局", "addresses": {"email": "lead@cg.example"}},
    {"id": "s-1", "role": "supervisor", "addresses": {"sms": "138"}, "lang": "en"},
    {"id": "c-17", "roles": ["citizen"], "addresses": {"sms": "139"}},
    {"id": "c-18", "roles": ["citizen"], "addresses": {"sms": "137"}},
]  # fmt: skip
DIRECTORY = EveryoneInOffice()
sent: list[Delivery] = []


def keep(delivery: Delivery) -> None:
    sent.append(delivery)


class Gateway(Kept):
    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


def relay(table: dict[str, Any], folder: Path = Path()) -> Relay:
    return relay_from(table, MemoryStore(), folder=folder)


def test_a_table_makes_a_relay_that_tells(tmp_path: Path) -> None:
    """Channels, people and pace from one table: the duty officer and the citizen hear."""
    sent.clear()
    desk = desk_on(MemoryStore())
    submitted(desk)
    table = {
        "relay": {"batch": 5, "jitter": 0.25},
        "channels": {"sms": {"use": f"{__name__}:keep"}, "email": {"use": f"{__name__}:keep"}},
        "people": PEOPLE,
    }
    relay = relay_from(table, desk.store, folder=tmp_path, clock=desk.clock)
    assert (relay.retry_policy.batch, relay.retry_policy.jitter, relay.retry_policy.attempts) == (5, 0.25, 10)
    relay.until_empty()
    desk.reply("c1", text="好了", by=OFFICER)
    relay.until_empty()
    assert [(delivery.address, delivery.person.id) for delivery in sent] == [
        ("duty@cg.example", "z-2"),
        ("139", "c-17"),
    ]


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value ``{ env = ... }`` is the variable's; without the variable the key path says so."""
    monkeypatch.setenv("GATE_KEY", "s3cret")
    table = {
        "channels": {"sms": {"use": f"{__name__}:Gateway", "key": {"env": "GATE_KEY"}}},
        "directory": f"{__name__}:DIRECTORY",
    }
    assert relay(table).directory is DIRECTORY
    monkeypatch.delenv("GATE_KEY")
    with pytest.raises(BadInput) as caught:
        relay(table)
    assert str(caught.value) == "channels.sms.key: the environment has no GATE_KEY"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"chanels": {}}, "chanels"),
        ({"channels": {}}, "channels"),
        ({"channels": {"sms": {}}}, "channels.sms.use"),
        ({"channels": {"sms": {"use": "smoke"}}}, "channels.sms.use"),
        ({"channels": {"sms": {"use": "no_such_module:send"}}}, "channels.sms.use"),
        ({"channels": {"sms": {"use": f"{__name__}:missing"}}}, "channels.sms.use"),
        ({"channels": {"sms": {"use": f"{__name__}:PEOPLE"}}}, "channels.sms.use"),
        ({"channels": {"sms": {"use": "log", "colour": "red"}}}, "channels.sms"),
        ({"channels": {"sms": 3}}, "channels.sms"),
        ({"relay": {"batch": 0}}, "relay.batch"),
        ({"relay": {"batch": "many"}}, "relay.batch"),
        ({"relay": {"jitter": 2}}, "relay.jitter"),
        ({"relay": {"speed": 2}}, "relay.speed"),
        ({"relay": {"messages": 2}}, "relay.messages"),
        ({"relay": {"messages": "nowhere"}}, "templates"),
        ({"people": []}, "people"),
        ({"people": [{"name": "x"}]}, "people[0].id"),
        ({"people": [{"id": "x", "colour": 1}]}, "people[0]"),
        ({"people": [{"id": "x", "addresses": {"sms": 1}}]}, "people[0].addresses"),
        ({"people": [{"id": "x", "roles": "handler"}]}, "people[0].roles"),
        ({"people": [{"id": "x", "lang": "fr"}]}, "people[0].lang"),
        ({"directory": f"{__name__}:PEOPLE"}, "directory"),
    ],
)
def test_what_does_not_fit_is_told_by_key(change: dict[str, Any], what: str) -> None:
    """A wrong key, value, module or number: refused before anything is told, in both languages."""
    table: dict[str, Any] = {"channels": {"sms": {"use": "log"}}, "people": PEOPLE, **change}
    with pytest.raises(BadInput) as caught:
        relay(table)
    assert caught.value.data["what"] == what
    assert "{" not in caught.value.text("en") + caught.value.text("zh")


# -- the listed directory --------------------------------------------------------------------------------


def holders(role: str, unit: str = "", citizen: str = "c-17") -> list[str]:
    directory = ListedDirectory(PEOPLE)
    return [one.id for one in directory.holders(role, unit=unit, case=Case("c1", citizen=citizen))]


def test_who_holds_a_role_is_looked_up_by_unit() -> None:
    """A role is held by those listed with the unit, or with none; a relay picks among citizens."""
    assert holders("handler", "城管局") == ["z-2"]
    assert holders("handler", "水务局") == []
    assert holders("supervisor") == ["s-1"]
    assert holders("citizen") == ["c-17", "c-18"]


# -- texts of the portal's own ---------------------------------------------------------------------------


def test_a_portals_own_texts_take_the_place_of_the_shipped(tmp_path: Path) -> None:
    """One section replaces one key in one language; all others stay; a new key is added."""
    (tmp_path / "messages.zh.txt").write_text(
        "# replied\n回信$case\n$text!\n\n# visited\n上门\n$unit\n", "utf-8"
    )
    own, shipped = Messages(tmp_path), Messages()
    assert own.of("replied", "zh").subject.template == "回信$case"
    assert own.of("visited", "zh").text.template == "$unit\n"
    assert own.of("replied", "en") == shipped.of("replied", "en")
    assert own.of("completed", "zh") == shipped.of("completed", "zh")
    assert own.of("unheard", "zh") == shipped.of("event", "zh")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("# replied\nRe $subjekt\n", "template-unknown-word"),
        ("# replied\n100 $\n", "bad-template"),
        ("# replied\n\n", "bad-template"),
    ],
)
def test_a_text_with_a_place_that_nothing_fills_is_refused(tmp_path: Path, text: str, code: str) -> None:
    """A slip in a template is found when the relay starts, not when somebody should be told."""
    (tmp_path / "messages.en.txt").write_text(text, "utf-8")
    with pytest.raises(BadInput) as caught:
        Messages(tmp_path)
    assert caught.value.code == code


def test_a_portals_own_page_is_tried_when_the_relay_starts(tmp_path: Path) -> None:
    """A page with an unknown place is refused with its name."""
    (tmp_path / "urging.zh.html").write_text("<p>$number $nomber</p>", "utf-8")
    with pytest.raises(BadInput) as caught:
        Messages(tmp_path)
    assert caught.value.data["found"] == "nomber"


def test_both_languages_have_every_message() -> None:
    """The shipped files hold the same keys, and every template of ``wuhu`` has one."""
    from caseflow import load_policy
    from caseflow.core.engine.compiled_policy import CompiledPolicy
    from caseflow.delivery.messages import _shipped

    assert list(_shipped("zh")) == list(_shipped("en"))
    routes = CompiledPolicy(load_policy("wuhu")).routes
    tells = (*routes.of_events.values(), *routes.of_rungs.values())
    assert {one.template for telling in tells for one in telling} <= set(_shipped("zh"))
