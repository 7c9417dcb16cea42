"""What strangers came upon: wrong values through every door are told, and undo nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from caseflow import BadInput, Desk, Granted, KeyReused, LegacyCase, MemoryStore, StoreError
from caseflow.cli import run
from caseflow.cli.exit_codes import Exit
from caseflow.delivery.notifiers.simple import CallableNotifier
from caseflow.delivery.relay_config import relay_from
from caseflow.errors import DeliveryFailed
from caseflow.stores.database_urls import parsed
from caseflow.testing.contract.notifier_contract import delivery
from tests.journeys.people import CITIZEN, IMPORTER, submitted


@pytest.mark.parametrize("key", ["k\udcb3", "k\0", "", "长" * 201])
def test_a_key_that_no_store_keeps_is_told(desk: Desk, key: str) -> None:
    """On every action, the submission that makes its id of it included."""
    with pytest.raises(BadInput) as caught:
        desk.submit(title="t", by=CITIZEN, key=key)
    assert (caught.value.code, caught.value.data["what"]) == ("bad-name", "key")


@pytest.mark.parametrize("cursor", ["[" * 100_000, "[1", '{"a":1}', "[1,2,3]"])
def test_a_cursor_out_of_an_address_is_told(desk: Desk, cursor: str) -> None:
    """Whatever somebody writes into the address line."""
    with pytest.raises(BadInput) as caught:
        desk.cases(cursor=cursor)
    assert caught.value.code == "bad-cursor"


def test_a_takeover_that_was_done_before_keeps_its_key(desk: Desk) -> None:
    """The key belongs to that takeover from then on."""
    known: dict[str, Any] = {"state": "routed", "submitted_at": "2025-02-03T09:00:00+08:00", "unit": "城管局"}
    first = desk.adopt("old-1", by=IMPORTER, reason="接收", **known)
    assert desk.adopt("old-1", by=IMPORTER, reason="接收", key="k", **known) == first
    assert desk.adopt("old-1", by=IMPORTER, reason="接收", key="k", **known) == first
    with pytest.raises(KeyReused):
        desk.adopt("old-2", by=IMPORTER, reason="接收", key="k", **known)


def test_an_extension_without_end_is_told() -> None:
    """A hundred years are enough for any."""
    at = "2025-02-03T09:00:00+08:00"
    case = LegacyCase(case_id="c", state="routed", submitted_at=at, extensions=[Granted(at=at, days=2**31)])
    with pytest.raises(BadInput, match="more than 36525 days"):
        case.past()


def test_one_case_that_cannot_be_swept_stops_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rules are gone, or something in it is wrong: it is named, and the others get their cards."""
    for name in ("c1", "c2", "c3"):
        submitted(desk, name)
    rules_of = desk._handler.rules_of

    def broken(case: Any) -> Any:
        if case.id == "c1":
            raise StoreError("unknown-pin", found="x")
        if case.id == "c2":
            raise IndexError
        return rules_of(case)

    monkeypatch.setattr(desk._handler, "rules_of", broken)
    desk.clock.advance(days=7)
    swept = desk.sweep()
    aside = [(one.kind, one.name, one.code) for one in swept.quarantined]
    assert sorted(aside) == [("case", "c1", "unknown-pin"), ("case", "c2", "IndexError")]
    assert [card.case_id for card in swept.cards] == ["c3"]

    def unreachable(case: Any) -> Any:
        raise StoreError("store-unreachable", path="x", found="y")

    monkeypatch.setattr(desk._handler, "rules_of", unreachable)
    with pytest.raises(StoreError, match="y"):
        desk.sweep()


@pytest.mark.parametrize(
    "rest", ["secr@hunter2/pw@127.0.0.1/db", "secr@hunter2@127.0.0.1/db", "secr?hunter2@127.0.0.1/db"]
)
def test_a_password_that_is_not_quoted_is_not_shown(rest: str) -> None:
    """What would be taken for host, database or options is a part of it."""
    with pytest.raises(StoreError) as caught:
        parsed(f"postgresql://u:{rest}")
    assert caught.value.code == "store-url-quoting"
    assert "hunter2" not in caught.value.text("en") + caught.value.text("zh")


RELAYS: dict[str, dict[str, Any]] = {
    "a timeout that is no number": {"use": "email", "host": "h", "sender": "a@b.cn", "timeout": "x"},
    "receivers that are no table": {"use": "webhook", "receivers": ["h"]},
}


@pytest.mark.parametrize("what", RELAYS)
def test_a_wrong_value_of_a_channel_is_told(tmp_path: Path, what: str) -> None:
    """With the channel, and no traceback."""
    table = {"directory": {"people": []}, "channels": {"e": RELAYS[what]}}
    with pytest.raises(BadInput, match=r"channels\.e"):
        relay_from(table, MemoryStore(), folder=tmp_path)


def test_what_a_portals_function_raises_is_logged_by_its_kind(caplog: pytest.LogCaptureFixture) -> None:
    """The text of the error is not: it may hold whatever was to be sent."""

    def notify(found: object) -> None:
        raise TypeError("秘密")

    with pytest.raises(DeliveryFailed):
        CallableNotifier(notify).send(delivery("x"))
    assert "notify failed: TypeError" in caplog.text
    assert "秘密" not in caplog.text


def test_arguments_that_are_no_text_are_told(tmp_path: Path) -> None:
    """Bytes of another encoding than the locale's."""
    given: list[str | bytes] = [sys.executable, "-m", "caseflow.cli", "calendar"]
    given += ["--unit", b"\xb3\xc7", "--store", "sqlite:///c.db"]
    done = subprocess.run(given, capture_output=True, cwd=tmp_path, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (Exit.USAGE, False)
    assert b"no text in this locale" in done.stderr


def test_a_dry_run_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a file nor tables, of either kind of SQLite."""
    monkeypatch.chdir(tmp_path)
    Path("letters.csv").write_text("id,state,at\n1,routed,2025-01-02T09:00:00+08:00\n", encoding="utf-8")
    Path("letters.toml").write_text(
        'case_id = "{id}"\nstate = "{state}"\nsubmitted_at = "at"\n', encoding="utf-8"
    )
    for store in ("sqlite:///a.db", "sqlite+pysqlite:///b.db"):
        run(["adopt", "letters.csv", "--mapping", "letters.toml", "--store", store, "--dry-run"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letters.csv", "letters.toml"]
