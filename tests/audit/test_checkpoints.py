"""Checkpoints: what was signed and kept elsewhere finds what hashes alone cannot."""

from __future__ import annotations

import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from caseflow import BadInput, MemoryStore, SqliteStore
from caseflow.audit.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from caseflow.audit.signing import make_key, read_private_key, read_public_key
from caseflow.audit.verifying import verify
from caseflow.chain import chained
from caseflow.stores.moving import copy_cases
from tests.audit.lived import OFFICER, SUPERVISOR, live

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
    desk = live(MemoryStore())
    desk.store = store
    desk.note("a2", text="跟进", by=OFFICER)
    desk.redact("a1", fields=("title",), basis="依申请", reason="本人申请", by=SUPERVISOR)
    desk.submit(title="新件", by=SUPERVISOR.__class__("d-1", role="dispatcher"), case_id="a9")
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
    with store._file.writing() as connection:
        for link in links:
            connection.execute(
                "UPDATE events SET body=?, hash=? WHERE case_id=? AND version=?",
                (link.body, link.hash, case_id, link.version),
            )
        connection.execute("UPDATE cases SET head=? WHERE id=?", (links[-1].hash, case_id))


def test_a_whole_rewrite_is_found(store: SqliteStore, signed: Checkpoint) -> None:
    """A history rewritten with all hashes right is sound by itself, and not what was signed."""
    _rewritten(store, "a2", lambda body: body.replace(b'"level":"yellow"', b'"level":"yelloh"'))
    found = verify(store, checkpoint=signed).faults
    assert (found[0].case_id, found[0].code) == ("a2", "audit-rewritten")


def test_a_harmless_looking_rewrite_needs_the_checkpoint(store: SqliteStore, signed: Checkpoint) -> None:
    """An actor's id changed everywhere: without the checkpoint sound, with it found. That is its purpose."""
    _rewritten(store, "a2", lambda body: body.replace(b"c-1", b"c-7"))
    with store._file.writing() as connection:
        connection.execute("UPDATE cases SET citizen='c-7' WHERE id='a2'")
        row = connection.execute("SELECT snapshot FROM cases WHERE id='a2'").fetchone()[0]
        connection.execute("UPDATE cases SET snapshot=? WHERE id='a2'", (row.replace(b"c-1", b"c-7"),))
    assert verify(store).is_sound
    assert codes(store, signed) == ["audit-rewritten"]


def test_a_case_that_is_gone_is_found(store: SqliteStore, signed: Checkpoint) -> None:
    """A case deleted with all its rows leaves no trace in the store; the checkpoint names it."""
    with store._file.writing() as connection:
        for table, column in (
            ("cases", "id"),
            ("events", "case_id"),
            ("texts", "case_id"),
            ("keys", "case_id"),
            ("notices", "case_id"),
        ):
            connection.execute(f"DELETE FROM {table} WHERE {column}='a2'")
    assert verify(store).is_sound
    assert codes(store, signed) == ["audit-case-gone"]


def test_a_tail_cut_off_is_found(store: SqliteStore, signed: Checkpoint) -> None:
    """Events cut off the end, with the case's row set back to match, are missed by the checkpoint."""
    before = store.load("a1")
    assert before is not None
    shorter = SqliteStore(":memory:")
    kept = store.kept("a1")
    assert kept is not None
    with store._file.writing() as connection:
        connection.execute("DELETE FROM events WHERE case_id='a1' AND version=?", (before.version,))
        connection.execute("UPDATE cases SET version=version-1 WHERE id='a1'")
    shorter.close()
    assert "audit-cut-off" in codes(store, signed)


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
