"""Checkpoints: what was signed and kept elsewhere finds what hashes alone cannot."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from caseflow import BadInput, Desk, MemoryStore, SqliteStore, StoreError, load_policy
from caseflow.audit.checkpoint import (
    Checkpoint,
    make_key,
    read_checkpoint,
    read_private_key,
    read_public_key,
    write_checkpoint,
)
from caseflow.audit.verify import verify
from caseflow.core.model.evolve import replay
from caseflow.core.notices import sent
from caseflow.serialization.codec import chained, pack
from caseflow.stores.copy import copy_cases
from tests.audit.lived import COORDINATOR, OFFICER, SUPERVISOR, live

NOW = 1_742_000_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    store = SqliteStore(tmp_path / "cases.db", synchronous="off")
    live(store)
    return store


@pytest.fixture
def signed(store: SqliteStore, tmp_path: Path) -> Checkpoint:
    public = make_key(tmp_path / "key")
    write_checkpoint(store, read_private_key(tmp_path / "key"), tmp_path / "first.cp", now_us=NOW)
    return read_checkpoint(tmp_path / "first.cp", read_public_key(public))


def codes(store: SqliteStore, checkpoint: Checkpoint) -> list[str]:
    report = verify(store, checkpoint=checkpoint)
    assert report.checked == 3
    return [fault.code for fault in report.faults]


def test_what_goes_on_is_sound(store: SqliteStore, signed: Checkpoint) -> None:
    """Later events, new cases and a redaction leave an earlier checkpoint valid."""
    desk = Desk(load_policy("wuhu"), store, clock=live(MemoryStore()).clock)
    desk.note("a2", text="跟进", by=OFFICER)
    desk.redact("a1", fields=("title",), basis="依申请", reason="本人申请", by=SUPERVISOR)
    desk.submit(title="新件", by=COORDINATOR, case_id="a9")
    assert codes(store, signed) == []
    assert signed.made_at == "2025-03-15T00:53:20+00:00"


def test_a_moved_store_is_sound(store: SqliteStore, signed: Checkpoint, tmp_path: Path) -> None:
    """The same cases copied into another store fit the checkpoint."""
    with closing(SqliteStore(tmp_path / "other.db")) as other:
        copy_cases(store, other)
        assert codes(other, signed) == []


def _rewritten(store: SqliteStore, case_id: str, change: Callable[[bytes], bytes]) -> None:
    """Change a history and compute every hash, head and snapshot anew, as an insider could."""
    links = chained(case_id, [change(link.body) for link in store.links(case_id)])
    with store._connections.held() as connection:
        for link in links:
            connection.execute(
                "UPDATE caseflow_events SET body=?, hash=? WHERE case_id=? AND version=?",
                (link.body, link.hash, case_id, link.version),
            )
        connection.execute("UPDATE caseflow_cases SET head=? WHERE id=?", (links[-1].hash, case_id))


def test_a_whole_rewrite_is_found(store: SqliteStore, signed: Checkpoint) -> None:
    """A history rewritten with all hashes right is sound by itself, and not what was signed."""
    _rewritten(store, "a2", lambda body: body.replace(b'"level":"yellow"', b'"level":"yelloh"'))
    faults = verify(store, checkpoint=signed).faults
    assert (faults[0].case_id, faults[0].code) == ("a2", "audit-rewritten")


def test_a_harmless_looking_rewrite_needs_the_checkpoint(store: SqliteStore, signed: Checkpoint) -> None:
    """An actor's id changed everywhere: without the checkpoint sound, with it found. That is its purpose."""
    _rewritten(store, "a2", lambda body: body.replace(b"c-1", b"c-7"))
    with store._connections.held() as connection:
        connection.execute("UPDATE caseflow_cases SET citizen='c-7' WHERE id='a2'")
        row = connection.execute("SELECT snapshot FROM caseflow_cases WHERE id='a2'").fetchone()[0]
        connection.execute(
            "UPDATE caseflow_cases SET snapshot=? WHERE id='a2'", (row.replace(b"c-1", b"c-7"),)
        )
    assert verify(store).is_sound
    assert codes(store, signed) == ["audit-rewritten"]


def test_a_case_that_is_gone_is_found(store: SqliteStore, signed: Checkpoint) -> None:
    """The last case deleted with all its rows leaves no trace in the store; the checkpoint names it."""
    with store._connections.held() as connection:
        connection.execute("DELETE FROM caseflow_cases WHERE id = 'a2'")
        for table in ("events", "texts", "keys", "notices", "documents"):
            connection.execute(f"DELETE FROM caseflow_{table} WHERE case_id = 'a2'")
    assert verify(store).is_sound
    assert codes(store, signed) == ["audit-case-gone"]


def test_what_was_written_with_an_event_is_signed_too(store: SqliteStore, signed: Checkpoint) -> None:
    """Notices deleted, and numbers of documents exchanged, look sound by themselves; the checkpoint tells."""
    with store._connections.held() as connection:
        connection.execute("DELETE FROM caseflow_notices WHERE case_id = 'a2' AND version = 3")
        for case_id, number in (("a0", 9), ("a2", 1), ("a0", 3)):
            connection.execute(
                "UPDATE caseflow_documents SET number = ? WHERE case_id = ?", (number, case_id)
            )
    assert verify(store).is_sound
    assert codes(store, signed) == ["audit-told-rewritten"] * 2
    assert verify(store, checkpoint=signed, histories_only=True).is_sound


def test_a_notice_may_be_told(store: SqliteStore, signed: Checkpoint) -> None:
    """What becomes of a notice leaves a checkpoint valid."""
    held = store.claim(NOW + 10**15, limit=100, lease_us=1, token="t")
    assert len(store.settle([sent(one, NOW) for one in held])) == len(held) > 9
    assert codes(store, signed) == []


def test_a_tail_cut_off_is_found(store: SqliteStore, signed: Checkpoint) -> None:
    """A case put back to an earlier version, with all its rows, looks sound; the checkpoint tells."""
    case = replay("a2", store.events("a2")[:3])
    with store._connections.held() as connection:
        for table in ("events", "notices", "documents"):
            connection.execute(f"DELETE FROM caseflow_{table} WHERE case_id = 'a2' AND version > 3")
        connection.execute(
            "UPDATE caseflow_cases SET version = 3, state = ?, next_due = ?, due_order = ?, deadline = ?,"
            " waits = ?, level = ?, snapshot = ?, head ="
            " (SELECT hash FROM caseflow_events WHERE case_id = 'a2' AND version = 3) WHERE id = 'a2'",
            (
                case.state, case.next_due_us, case.next_due_us, case.deadline_us, case.waits_from, case.level,
                pack(case),
            ),
        )  # fmt: skip
    assert verify(store).is_sound
    (fault,) = verify(store, checkpoint=signed).faults
    assert (fault.case_id, fault.version, fault.code) == ("a2", 4, "audit-cut-off")


def test_a_checkpoint_changed_while_it_is_read_is_refused(signed: Checkpoint) -> None:
    """What was checked is what is compared: another file put in its place meanwhile is noticed."""
    path = Path(signed.path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-2], lines[-1]]))
    with pytest.raises(BadInput) as refused:
        list(signed.marks())
    assert refused.value.code == "audit-bad-signature"


def test_a_checkpoint_cut_short_is_told(signed: Checkpoint, tmp_path: Path) -> None:
    """A file without its end, an empty one, a folder and a text are each told as no checkpoint."""
    key = read_public_key(tmp_path / "key.pub")
    raw = Path(signed.path).read_bytes()
    for text in (b"", raw[:-20], raw[: len(raw) // 2], b"hello\n", b"[]\n", raw + b"\n", b"\n"):
        (tmp_path / "cut.cp").write_bytes(text)
        with pytest.raises(BadInput) as refused:
            read_checkpoint(tmp_path / "cut.cp", key)
        assert refused.value.code == "audit-bad-checkpoint", text[-20:]
    with pytest.raises(BadInput, match="IsADirectoryError"):
        read_checkpoint(tmp_path, key)


def test_a_checkpoint_that_cannot_be_finished_leaves_nothing(store: SqliteStore, tmp_path: Path) -> None:
    """When the store cannot be read to the end there is no half a checkpoint; no folder is told as such."""
    make_key(tmp_path / "key")
    key = read_private_key(tmp_path / "key")
    with pytest.raises(BadInput, match="No such file"):
        write_checkpoint(store, key, tmp_path / "none" / "cp", now_us=NOW)
    store.close()
    with pytest.raises(StoreError):
        write_checkpoint(store, key, tmp_path / "cp", now_us=NOW)
    assert not (tmp_path / "cp").exists()


def test_a_changed_checkpoint_is_refused(signed: Checkpoint, tmp_path: Path) -> None:
    """Any byte of the file changed, or another key: it is not taken for signed."""
    raw = (tmp_path / "first.cp").read_bytes()
    key = read_public_key(tmp_path / "key.pub")
    for place in range(0, len(raw), 7):
        (tmp_path / "changed.cp").write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        with pytest.raises(BadInput):
            read_checkpoint(tmp_path / "changed.cp", key)
    other = read_public_key(make_key(tmp_path / "other"))
    with pytest.raises(BadInput) as refused:
        read_checkpoint(tmp_path / "first.cp", other)
    assert refused.value.code == "audit-bad-signature"


def test_nothing_is_overwritten(store: SqliteStore, signed: Checkpoint, tmp_path: Path) -> None:
    """Neither a key nor a checkpoint takes the place of one that is there; a key is its owner's alone."""
    key = tmp_path / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    for attempt in (
        lambda: make_key(key),
        lambda: write_checkpoint(store, read_private_key(key), tmp_path / "first.cp", now_us=NOW),
    ):
        with pytest.raises(BadInput) as refused:
            attempt()
        assert refused.value.code == "audit-file-there"


def test_what_is_no_key_is_told(tmp_path: Path) -> None:
    """A missing file, a text and a public key in a private one's place are each told as no such key."""
    make_key(tmp_path / "key")
    (tmp_path / "text").write_text("hello", encoding="utf-8")
    for read, name in (
        (read_private_key, "none"), (read_private_key, "text"), (read_private_key, "key.pub"),
        (read_public_key, "text"), (read_public_key, "key"),
    ):  # fmt: skip
        with pytest.raises(BadInput) as refused:
            read(tmp_path / name)
        assert refused.value.code == "audit-bad-key"


def test_an_audit_without_a_checkpoint_needs_no_library(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what signs and checks signatures asks for the extra."""
    for name in [name for name in sys.modules if name.startswith(("cryptography", "caseflow.audit"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)  # Python marks so what is not there
    from caseflow.audit.verify import verify as verify_anew

    assert verify_anew(store).is_sound
    with pytest.raises(ModuleNotFoundError):
        import caseflow.audit.checkpoint  # noqa: F401  # the import itself is what is tried
