"""A case moved between any two stores is the same case, audit chain included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.cli import run
from caseflow.core import notices as o
from caseflow.core.model import events as e
from caseflow.ports import KeyClaim
from caseflow.serialization.codec import first_broken
from caseflow.stores.copy import Copied, copy_cases
from caseflow.testing.contract.case_factory import BY, submitted, then
from tests.contracts.databases import emptied

BOSS = Actor("s-1", role="importer")


@contextmanager
def memory(folder: Path) -> Iterator[Any]:
    yield MemoryStore()


@contextmanager
def sqlite(folder: Path) -> Iterator[Any]:
    store = SqliteStore(folder / "cases.db")
    yield store
    store.close()


@contextmanager
def postgresql(folder: Path) -> Iterator[Any]:
    with emptied("postgresql", folder) as store:
        yield store


@contextmanager
def mariadb(folder: Path) -> Iterator[Any]:
    with emptied("mariadb", folder) as store:
        yield store


KINDS = {"memory": memory, "sqlite": sqlite, "postgresql": postgresql, "mariadb": mariadb}
MARKS = {"postgresql": pytest.mark.postgres, "mariadb": pytest.mark.mariadb}
PAIRS = [
    pytest.param(pair, id="-to-".join(pair), marks=[MARKS[kind] for kind in pair if kind in MARKS])
    for pair in permutations(KINDS, 2)
]
Opened = Callable[..., tuple[Any, Any]]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens one store of each kind."""
    with ExitStack() as stack:
        yield lambda pair: tuple(stack.enter_context(KINDS[kind](tmp_path)) for kind in pair)


def fill(store: Any) -> None:
    """Real cases with texts, one of them redacted, keys, notices in every state, and documents."""
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    for number in range(3):
        desk.submit(
            title=f"路灯不亮 {number}", to="城管局", by=BOSS, case_id=f"案-{number}", key=f"k-{number}"
        )
        desk.clock.advance(days=2)
        desk.reply(f"案-{number}", text="已修复 👩‍🔧", by=BOSS, key=f"r-{number}")
    desk.clock.advance(days=60)
    desk.sweep()
    entry = submitted("odd", due=9)
    unknown = e.UnknownEvent(5, BY, unknown="Later", body=b'{"event":"Later","at":5,"by":["d-1","x",""]}')
    notices = tuple(o.Notice(f"n{n}", "odd", 1, "card", body={"字": n}) for n in range(6))
    drafts = tuple(o.Draft(f"d{n}", "催办", 2025, "odd", 1, {"文": n}) for n in range(3))
    store.append([entry.replace(notices=notices, documents=drafts)])
    store.append([then(entry.case, unknown).replace(voids=(o.Void("d1", 7, "误发"),))])
    held = store.claim(10, limit=5, lease_us=50, token="t")
    store.settle([o.sent(held[0], 11), o.dead(held[1], "gone"), o.collapsed(held[2], "n0")])
    store.settle([o.retry(held[3], 99, "later")])
    store.append([then(store.load("案-1")).replace(redacts=("title",), cancels=("n5",))])


def everything(store: Any) -> Any:
    """All that a store can be asked about its cases."""
    found: dict[str, Any] = {"pins": store.pins(), "keys": store.keys(), "heads": store.heads()}
    found["pinned"] = [store.pinned(pin) for pin in store.pins()]
    for head in store.heads():
        kept = store.kept(head.case_id)
        assert first_broken(head.case_id, kept.links) is None
        notices = tuple(row.replace(position=0) for row in kept.notices)
        found[head.case_id] = (kept.replace(notices=notices), store.events(head.case_id))
    found["issued"] = store.issued("催办", 2025)
    found["due"] = (store.due(1 << 62, limit=99), store.next_due(), store.waiting(1 << 62))
    return found


@pytest.mark.parametrize("pair", PAIRS)
def test_a_moved_case_is_the_same_case(opened: Opened, pair: tuple[str, str]) -> None:
    """Events to the byte, chain, texts, keys, notices with their states, numbers and policies: all equal."""
    source, target = opened(pair)
    fill(source)
    assert copy_cases(source, target) == Copied(cases=4, unchanged=0, keys=6)
    assert everything(target) == everything(source)
    assert len(target.feed()) == len(source.feed())


@pytest.mark.parametrize("pair", PAIRS)
def test_a_copy_goes_on_where_the_source_moved_on(opened: Opened, pair: tuple[str, str]) -> None:
    """Run again it writes nothing; after changes only the case that changed; the target's feed shows them."""
    source, target = opened(pair)
    fill(source)
    copy_cases(source, target)
    assert copy_cases(source, target) == Copied(cases=0, unchanged=4, keys=6)
    before = target.feed()[-1].position
    source.append(
        [then(source.load("案-2")).replace(redacts=("title",))], KeyClaim("a", "new", "d", "案-2", 4, 4)
    )
    assert copy_cases(source, target) == Copied(cases=1, unchanged=3, keys=7)
    assert everything(target) == everything(source)
    assert [entry.case_id for entry in target.feed(before)] == ["案-2"]


@pytest.mark.parametrize("pair", PAIRS)
def test_a_moved_store_goes_on(opened: Opened, pair: tuple[str, str]) -> None:
    """In the target a desk's commands, repeats of keys, claims and new numbers go on where they ended."""
    source, target = opened(pair)
    fill(source)
    copy_cases(source, target)
    desk = Desk(load_policy("wuhu"), target, clock=ManualClock("2025-06-03T09:30:00+08:00"))
    again = desk.reply("案-0", text="已修复 👩‍🔧", by=BOSS, key="r-0")
    assert again.version < target.load("案-0").version or again == target.load("案-0")
    desk.note("案-0", text="后来", by=BOSS)
    assert first_broken("案-0", target.links("案-0")) is None
    assert [held.notice.id for held in target.claim(100, limit=9, lease_us=1, token="u")] == ["n4", "n3"]
    new = submitted("new")
    target.append([new.replace(documents=(o.Draft("d9", "催办", 2025, "new", 1),))])
    assert [document.number for document in target.issued("催办", 2025)] == [1, 2, 3, 4]


@pytest.mark.parametrize("pair", PAIRS)
def test_what_diverged_is_set_aside(opened: Opened, pair: tuple[str, str]) -> None:
    """A case that went on in both stores is named, and nothing of it overwritten; the others are copied."""
    source, target = opened(pair)
    fill(source)
    other = submitted("案-1", unit="别处")
    target.append([other])
    done = copy_cases(source, target)
    assert [(one.name, one.code) for one in done.quarantined] == [("案-1", "store-diverged")]
    assert target.load("案-1") == other.case
    assert [head.case_id for head in target.heads()] == [head.case_id for head in source.heads()]
    assert (done.cases, done.unchanged) == (len(source.heads()) - 1, 0)


def test_a_number_that_is_taken_is_refused(opened: Opened) -> None:
    """Two documents never have one number: the case whose it is elsewhere is named and not copied."""
    source, target = opened(("memory", "sqlite"))
    fill(source)
    target.append([submitted("x").replace(documents=(o.Draft("mine", "催办", 2025, "x", 1),))])
    (one,) = copy_cases(source, target).quarantined
    assert "催办 2025 1" in one.detail
    assert target.load(one.name) is None


def test_a_broken_chain_is_not_copied(opened: Opened) -> None:
    """A history that was tampered with is named by case and version, and not made whole by moving it."""
    source, target = opened(("sqlite", "memory"))
    fill(source)
    with source._connections.held() as connection:
        connection.execute("UPDATE caseflow_events SET body = x'7b7d' WHERE case_id = '案-0' AND version = 1")
    (one,) = copy_cases(source, target).quarantined
    assert (one.name, one.code) == ("案-0", "store-broken-chain")
    assert "from version 1 on" in one.detail
    assert [head.case_id for head in target.heads()] == [
        head.case_id for head in source.heads() if head.case_id != "案-0"
    ]


def test_the_command_line_copies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``store copy`` makes the target, tells what it did, and twice is once."""
    source = SqliteStore(tmp_path / "from.db")
    fill(source)
    urls = ["--from", f"sqlite:///{tmp_path}/from.db", "--to", f"sqlite+pysqlite:///{tmp_path}/to.db"]
    assert run(["store", "copy", *urls]) == 0
    assert capsys.readouterr().out == "copied: 4 cases, 6 keys; 0 cases were there\n"
    assert run(["store", "copy", *urls, "--lang", "zh"]) == 0
    assert capsys.readouterr().out == "已复制：案件 0，幂等键 6；原已存在案件 4\n"
    assert run(["store", "copy", "--from", f"sqlite:///{tmp_path}/none.db", "--to", urls[3]]) == 5
    source.close()


@pytest.fixture(params=[pytest.param(kind, marks=[MARKS[kind]] if kind in MARKS else []) for kind in KINDS])
def one(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A store of each kind."""
    with KINDS[request.param](tmp_path) as store:
        yield store


def test_what_does_not_come_along_stays(one: Any) -> None:
    """A case that comes again without its notices and documents keeps those it has, and its numbers."""
    fill(one)
    before = one.kept("odd")
    one.keep([before.replace(notices=(), documents=())])
    after = one.kept("odd")
    assert [row.notice.id for row in after.notices] == [row.notice.id for row in before.notices]
    assert after.documents == before.documents
    entry = then(one.load("odd")).replace(documents=(o.Draft("d9", "催办", 2025, "odd", 3, {}),))
    one.append([entry])
    assert [found.number for found in one.issued("催办", 2025)] == [1, 2, 3, 4]


def test_what_was_told_from_here_never_goes_back(one: Any) -> None:
    """Another store's older word does not make it ready again; its newer word on others counts."""
    fill(one)
    before = one.kept("odd")
    pending = [row.replace(status=o.PENDING, told_us=None, into="", next_try_us=5) for row in before.notices]
    one.keep([before.replace(notices=tuple(pending))])
    was = {row.notice.id: row.status for row in before.notices}
    now = {row.notice.id: row.status for row in one.notices(case_id="odd")}
    assert {name for name, status in was.items() if status in o.TOLD} == {"n0", "n2"}
    assert all(now[name] == (was[name] if was[name] in o.TOLD else o.PENDING) for name in was)


SEVERAL_QUESTIONS = [pytest.param(kind, marks=[MARKS[kind]] if kind in MARKS else []) for kind in KINDS][1:]
"""All but the store in memory, which reads under its lock."""


@pytest.mark.parametrize("one", SEVERAL_QUESTIONS, indirect=True)
def test_what_is_kept_is_of_one_version(one: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though others write between its questions: read again, and cut off when they never rest."""
    one.append([submitted("c1")])
    links = type(one).links
    busy = [3]

    def meanwhile(self: Any, case_id: str) -> Any:
        found = links(self, case_id)
        if busy[0]:
            busy[0] -= 1
            one.append([then(one.load("c1"))])
        return found

    monkeypatch.setattr(type(one), "links", meanwhile)
    for many, version in ((3, 4), (99, 9)):
        busy[0] = many
        kept = one.kept("c1")
        busy[0] = 0
        assert (kept.case.version, len(kept.links)) == (version, version)


def test_a_position_that_no_feed_has_is_harmless(one: Any) -> None:
    """Before the first and after the last possible one: all of it, and nothing."""
    fill(one)
    assert one.feed(-1, limit=1) == one.feed(0, limit=1)
    assert one.feed(10**30) == ()
    assert len(one.feed()) == len(one.feed(-5))
