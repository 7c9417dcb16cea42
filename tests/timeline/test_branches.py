"""A branch of a store: all that the store holds, and no way back into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.core.notices import Draft, Notice
from caseflow.ports import Append, Query, Store

CITIZEN = Actor("c-17", role="citizen")
POLICY = load_policy("wuhu")
FAR = 1 << 60
DRAFT = Draft("d1", "芜", 2025, "c1", 1)


def filled(store: Store) -> Store:
    """A store with two cases, a key, a text, a notice in a relay's hands, one waiting, and a document."""
    desk = Desk(POLICY, store, clock=ManualClock("2025-01-20T09:00:00+08:00"))
    case = desk.submit(title="路灯不亮", to="城管局", by=CITIZEN, case_id="c1", key="k1")
    desk.submit(title="二", to="城管局", by=CITIZEN, case_id="c2")
    notices = tuple(Notice(f"n{number}", "c1", 1, "submitted", at_us=number) for number in (1, 2))
    store.append((Append(case, case.version, (), notices=notices, documents=(DRAFT,)),))
    store.claim(1, limit=1, lease_us=10, token="t1")
    return store


def content(store: Store) -> tuple[object, ...]:
    """All that can be asked of a store."""
    return (
        store.find(Query()), store.feed(), store.texts("c1"), store.recall("c-17", "k1"),
        store.due(FAR, limit=9), store.next_due(), store.waiting(FAR), store.notices(),
        store.documents("c1"), store.issued("芜", 2025), store.links("c1"), store.heads(),
        store.pinned(POLICY.pin),
    )  # fmt: skip


STORES: dict[str, Callable[[Path], MemoryStore | SqliteStore]] = {
    "memory": lambda folder: MemoryStore(),
    "sqlite": lambda folder: SqliteStore(folder / "cases.db"),
    "sqlite in memory": lambda folder: SqliteStore(":memory:"),
}


@pytest.mark.parametrize("kind", STORES)
def test_a_branch_holds_all_and_gives_nothing_back(tmp_path: Path, kind: str) -> None:
    """Cases, events, texts, keys, notices, documents and chain are the same; changes stay on their side."""
    store = STORES[kind](tmp_path)
    filled(store)
    branch = store.branched()
    before = content(store)
    assert content(branch) == before
    for side, other in ((branch, store), (store, branch)):
        untouched = content(other)
        desk = Desk(POLICY, side, clock=ManualClock("2025-02-20T09:00:00+08:00"))
        desk.sweep()
        after = desk.reply("c1", text="已修复", by=Actor("d", role="coordinator"), key="k2")
        draft = DRAFT.replace(id="d2")
        side.append((Append(after, after.version, (), cancels=("n2",), documents=(draft,)),))
        assert [held.notice.id for held in side.claim(20, limit=9, lease_us=10, token="t2")] == ["n1"]
        ours = [found.number for found in side.documents("c1") if found.draft.series == DRAFT.series]
        assert ours == [1, 2]
        assert content(other) == untouched
    branch.close()
    store.close()


def test_a_file_is_opened_anew(tmp_path: Path) -> None:
    """`reopened` gives a new store with the same content and options; without a file, itself."""
    store = SqliteStore(tmp_path / "cases.db", journal="delete", synchronous="off")
    filled(store)
    before = content(store)
    again = store.reopened()
    assert again is not store
    assert (again.journal, content(again)) == ("delete", before)
    again.close()
    memory = SqliteStore(":memory:")
    assert memory.reopened() is memory
    memory.close()
