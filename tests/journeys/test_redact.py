"""Personal texts are erased on request: text and salt go, everything that was decided on them stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caseflow import Desk, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.core.model.evolve import replay
from caseflow.ports import Store
from caseflow.serialization.codec import first_broken, pack, unpack
from tests.journeys.people import (
    CITIZEN,
    COORDINATOR,
    IMPORTER,
    MONDAY,
    OFFICER,
    SUPERVISOR,
    refused,
    submitted,
)

LAW = "个人信息保护法第四十七条"
TEXTS = [
    (1, "title", "路灯不亮"),
    (1, "body", "电话 13900000000"),
    (2, "text", "已派人"),
    (3, "text", "修好"),
]


@pytest.fixture(params=["memory", "sqlite", "wal"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore()
    if request.param != "memory":
        made = SqliteStore(tmp_path / "cases.db", journal="wal" if request.param == "wal" else "truncate")
    yield made
    made.close()


@pytest.fixture
def desk(store: Store) -> Desk:
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock(MONDAY))
    submitted(desk, body="电话 13900000000")
    desk.note("c1", text="已派人", by=OFFICER)
    desk.reply("c1", text="修好", by=OFFICER)
    return desk


def listed(desk: Desk) -> list[tuple[int, str, str]]:
    return [
        (text.version, text.field, "-" if text.is_redacted else text.text)
        for text in desk.texts("c1")
        if text.field != "reason"
    ]


def test_a_redacted_text_is_listed_as_redacted(desk: Desk) -> None:
    """It stands in its place, told apart from a text that never was; the others are what they were."""
    assert listed(desk) == TEXTS
    case = desk.redact("c1", fields=["body"], basis=LAW, reason="本人申请", by=SUPERVISOR)
    assert listed(desk) == [TEXTS[0], (1, "body", "-"), *TEXTS[2:]]
    (body,) = (text for text in desk.texts("c1") if text.is_redacted)
    assert body.text == ""
    assert not [text for text in desk.store.texts("c1") if text.field == "body"]
    (erased,) = case.facts.redactions
    assert (erased.version, erased.fields, erased.basis) == (4, ("body",), LAW)


def test_one_version_or_all(desk: Desk) -> None:
    """``text@2`` takes the text of that version alone, ``text`` every one that is left."""
    desk.redact("c1", fields=("text@2",), basis=LAW, reason="r", by=SUPERVISOR)
    assert listed(desk) == [*TEXTS[:2], (2, "text", "-"), TEXTS[3]]
    desk.redact("c1", fields=("text", "title"), basis=LAW, reason="r", by=SUPERVISOR)
    assert [text for *_, text in listed(desk)] == ["-", "电话 13900000000", "-", "-"]


def test_the_reason_of_an_erasure_is_not_erased_by_it(desk: Desk) -> None:
    """A redaction takes what was there before it; its own reason can go by a later one."""
    desk.reopen(desk.close("c1", by=COORDINATOR).id, reason="又灭了", by=CITIZEN)
    desk.redact("c1", fields=["reason"], basis=LAW, reason="本人申请", by=SUPERVISOR)
    assert [text.text for text in desk.texts("c1") if text.field == "reason"] == ["", "本人申请"]


def test_history_chain_and_snapshot_hold_after_it(desk: Desk) -> None:
    """Replay, snapshot, audit chain and every event before it are what they were."""
    before, links = desk.history("c1"), desk.store.links("c1")
    case = desk.redact("c1", fields=["title", "body", "text"], basis=LAW, reason="r", by=SUPERVISOR)
    assert desk.history("c1")[:3] == before
    assert desk.store.links("c1")[:3] == links
    assert first_broken("c1", desk.store.links("c1")) is None
    assert replay("c1", desk.history("c1")) == case == desk.get("c1") == unpack(pack(case))
    assert dict(desk.history("c1")[0].texts).keys() == {"title", "body"}


def test_it_is_possible_after_the_end(desk: Desk) -> None:
    """A closed case keeps its state, and loses the text."""
    desk.close("c1", by=COORDINATOR)
    case = desk.redact("c1", fields=["title"], basis=LAW, reason="r", by=SUPERVISOR)
    assert (case.state, listed(desk)[0]) == ("closed", (1, "title", "-"))


def test_deadlines_and_cards_do_not_move(desk: Desk) -> None:
    """An erasure stops, starts and issues nothing."""
    before = desk.get("c1")
    after = desk.redact("c1", fields=["title"], basis=LAW, reason="r", by=SUPERVISOR)
    assert (after.clocks, after.escalations, after.state) == (before.clocks, before.escalations, before.state)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (("titel",), "nothing-to-redact"), (("title@2",), "nothing-to-redact"), ((), "field-not-names"),
        ("title", "field-not-names"), (("title", ""), "field-not-names"), (("a\nb",), "field-not-printable"),
        (("title", 7), "field-not-names"),
    ],
)  # fmt: skip
def test_what_would_erase_nothing_is_refused(desk: Desk, fields: object, code: str) -> None:
    """A mistyped name, an empty list or a bare text is told, and erases nothing."""
    told = refused(desk, "c1", "redact", SUPERVISOR, fields=fields, basis=LAW, reason="r")
    assert told.code == code
    assert listed(desk) == TEXTS
    if code == "nothing-to-redact":
        assert "title@1" in told.missing


def test_it_cannot_be_erased_twice(desk: Desk) -> None:
    """What is gone is told so, with what is left."""
    desk.redact("c1", fields=["body"], basis=LAW, reason="r", by=SUPERVISOR)
    told = refused(desk, "c1", "redact", SUPERVISOR, fields=("body",), basis=LAW, reason="r")
    assert (told.code, told.missing) == ("nothing-to-redact", ("title@1", "text@2", "text@3", "reason@4"))


def test_it_needs_role_basis_and_reason(desk: Desk) -> None:
    """A supervisor, a legal basis and a reason: without any of them it is refused."""
    given: dict[str, Any] = {"fields": ("title",), "basis": LAW, "reason": "r"}
    for who in (CITIZEN, OFFICER, COORDINATOR):
        assert refused(desk, "c1", "redact", who, **given).code == "role-may-not"
    for name in ("basis", "reason"):
        left: dict[str, Any] = {key: part for key, part in given.items() if key != name}
        assert refused(desk, "c1", "redact", SUPERVISOR, **left).missing == (name,)
    desk.redact("c1", fields=["title"], basis=LAW, reason="r", by=IMPORTER)


def test_the_file_holds_no_byte_of_it(tmp_path: Path) -> None:
    """After the redaction neither a short nor a very long text is anywhere in the store's files."""
    for journal in ("truncate", "delete", "wal"):
        folder = tmp_path / journal
        folder.mkdir()
        desk = Desk(
            load_policy("wuhu"), SqliteStore(folder / "cases.db", journal=journal), clock=ManualClock(MONDAY)
        )
        secrets = ["门牌一百零八", "很长的话" * 20_000]
        for number in range(40):
            desk.submit(title="路灯不亮", by=CITIZEN, case_id=f"c{number}")
        for secret in secrets:
            desk.note("c7", text=secret, by=IMPORTER)
        desk.redact("c7", fields=["text"], basis=LAW, reason="r", by=SUPERVISOR)
        for file in folder.iterdir():
            found = file.read_bytes()
            assert "路灯不亮".encode() in found or file.suffix != ".db"
            assert not any(secret[:6].encode() in found for secret in secrets), file
        desk.store.close()
