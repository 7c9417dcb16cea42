"""What a store owes of the abilities it offers beside its duties: batches, moves, and rows for the audit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.audit.verify import verify
from caseflow.core import notices as o
from caseflow.core.model.case import Case
from caseflow.ports import NEVER, Append, Store, Text
from caseflow.serialization.codec import pack
from caseflow.stores.copy import copy_cases
from caseflow.testing.contract.case_factory import answers, claim_of, differing, submitted, then
from caseflow.testing.contract.page_duties import MANY, MIXED
from caseflow.testing.contract.shared_duties import CHANGES, IDS, UNITS

CITIZEN, OFFICER = Actor("c-1", role="citizen"), Actor("o-1", role="handler", unit="城管局")
BY_CASE = ("cases", "events", "texts", "notices", "documents")


def offering(store: Store, names: tuple[str, ...]) -> Any:
    """The store, if it has these methods; else the test is skipped and says so."""
    missing = [name for name in names if not hasattr(store, name)]
    if missing:
        pytest.skip(f"this store offers no {', '.join(missing)}")
    return store


class BatchContract:
    """`BatchReader`: what is read at once is what is read one by one."""

    def test_many_cases_are_read_as_each_is_alone(self, store: Store) -> None:
        """Over a thousand ids at once, some unknown, some twice, some that cannot be: each as alone."""
        reader = offering(store, ("load_many", "texts_many", "documents_many"))
        entries = [submitted(f"案-{number}", due=number) for number in range(MANY)]
        store.append(entries)
        ids = [entry.case.id for entry in entries]
        for name in (ids[3], ids[-1]):
            case = store.load(name)
            assert case is not None
            store.append(
                [then(case, texts=_texts(2)).replace(documents=(o.Draft(f"d-{name}", "s", 2025, name, 2),))]
            )
        wanted = [*ids, ids[3], "no such", "half \ud800", "nul\0", "案-1 "]
        assert reader.load_many(wanted) == {entry.case.id: store.load(entry.case.id) for entry in entries}
        assert reader.texts_many(wanted) == {ids[3]: _texts(2), ids[-1]: _texts(2)}
        assert reader.documents_many(wanted) == {name: store.documents(name) for name in (ids[3], ids[-1])}
        assert (reader.load_many([]), reader.texts_many([]), reader.documents_many([])) == ({}, {}, {})


class MoveContract:
    """`Movable`: cases come and go whole."""

    def test_cases_move_in_and_out_whole(self, store: Store) -> None:
        """Copied into the store and out again, every answer is the same: histories, texts, keys, policies,
        states of notices and numbers of documents.
        """  # fmt: skip
        movable = offering(store, ("kept", "keep", "keep_keys", "keys", "pins"))
        source, back = MemoryStore(), MemoryStore()
        for place, change in enumerate(CHANGES):
            change(source)
            if place % 3 == 2:
                copy_cases(source, movable)
        copy_cases(movable, back)
        expected = {
            name: answer for name, answer in answers(source, IDS, units=UNITS).items() if name != "feed"
        }
        for moved in (store, back):
            assert differing(expected, answers(moved, IDS, units=UNITS)) == {}
        assert sorted(movable.pins()) == ["p", "q"]

    def test_keys_are_paged_by_code_point(self, store: Store) -> None:
        """By actor, then key; a page goes on after any of them, many of one actor's included."""
        movable = offering(store, ("keys", "keep_keys"))
        pairs = [(f"a{actor}", f"k{key}") for actor in ("", "B", "b", "ä", "😀", "\uff21") for key in MIXED]
        movable.keep_keys([claim_of("c1", actor=actor, key=key) for actor, key in pairs])
        claims = movable.keys()
        assert [(claim.actor, claim.key) for claim in claims] == sorted(pairs)
        for place in (0, 1, len(MIXED) - 1, len(MIXED), len(pairs) - 1):
            after = (claims[place].actor, claims[place].key)
            assert movable.keys(after, limit=2) == claims[place + 1 : place + 3]
        assert (
            movable.keys(("a", "l"), limit=1) == movable.keys(("aA", "z"), limit=1) == (claims[len(MIXED)],)
        )
        movable.keep_keys([claim_of("c1", actor="z", key=str(number)) for number in range(MANY)])
        assert len(movable.keys(("y", ""), limit=MANY + 1)) == MANY


class AuditContract:
    """`Auditable`: the rows are shown as they lie there, all of them, for the audit stands on them."""

    def test_rows_are_shown_between_any_two_ids(self, store: Store) -> None:
        """After one id, up to and with another, by code point, then by version or position; none is lost."""
        rows = offering(store, ("raw", "keys"))
        names = [f"x{ending}" for ending in MIXED]
        firsts = [_laden(store_id) for name in names for store_id in (name, f"{name}!")]
        store.append(firsts)
        store.append([_further(first.case) for first in firsts[::2]])
        for table in BY_CASE:
            everything = rows.raw(table)
            ids = _ids(table, everything)
            assert ids == sorted(ids), table
            assert {*ids} == {store_id for name in names for store_id in (name, f"{name}!")}
            order = "position" if table in ("notices", "documents") else "version"
            places = [(name, row[order]) for name, row in zip(ids, everything, strict=True)]
            assert places == sorted(places), table
            for after, upto in ((ids[0], None), (ids[3], ids[9]), ("x", "xb"), (ids[4], ids[4]), ("y", None)):
                expected = [row for name, row in zip(ids, everything, strict=True)
                            if after < name and (upto is None or name <= upto)]  # fmt: skip
                assert list(rows.raw(table, after=after, upto=upto)) == expected, (table, after, upto)
            assert list(rows.raw(table, limit=3)) == list(everything[:3])
        store.append([submitted(f"y{number}") for number in range(MANY)])
        assert [len(rows.raw(table, after="y")) for table in ("cases", "events")] == [MANY, MANY]

    def test_rows_say_what_the_store_answers(self, store: Store) -> None:
        """Every column with its plain value: numbers, texts, bytes, `None` where there is nothing."""
        rows = offering(store, ("raw", "keys"))
        for change in CHANGES:
            change(store)
        cases = {row["id"]: row for row in rows.raw("cases")}
        heads = {head.case_id: head for head in store.heads()}
        for name in IDS:
            case, row = store.load(name), cases[name]
            assert case is not None
            due = case.next_due_us
            assert row == {
                "id": name, "version": case.version, "state": case.state, "unit": case.unit,
                "citizen": case.citizen, "next_due": due, "due_order": NEVER if due is None else due,
                "deadline": case.deadline_us, "waits": case.waits_from, "level": case.level,
                "submitted": case.submitted_us, "kind": case.origin.kind, "region": case.origin.region,
                "policy": case.origin.policy, "pin": case.origin.policy_hash,
                "snapshot": pack(case), "head": heads[name].hash,
            }  # fmt: skip
        assert [(row["case_id"], row["version"], row["body"], row["hash"]) for row in rows.raw("events")] == [
            (name, link.version, link.body, link.hash) for name in IDS for link in store.links(name)
        ]
        texts = [(row["case_id"], row["version"], json.loads(row["fields"])) for row in rows.raw("texts")]
        assert texts == [("c1", 1, {"body": ["t", "三天"]})]
        posts = {post.notice.id: post for post in store.notices()}
        assert [row["id"] for row in rows.raw("notices")] == list(posts)
        for row in rows.raw("notices"):
            post = posts[row["id"]]
            assert (row["status"], row["attempts"], row["next_try"], row["told"], row["error"]) == (
                post.status, post.attempts, post.next_try_us, post.told_us, post.error,
            )  # fmt: skip
            assert (row["topic"], row["at_us"], row["corrects"], json.loads(row["body"])) == (
                post.notice.topic, post.notice.at_us, post.notice.corrects, post.notice.body,
            )  # fmt: skip
        columns = ("id", "number", "voided", "void_reason")
        documents = [tuple(row[column] for column in columns) for row in rows.raw("documents")]
        assert documents == [("d1", 1, 9, "annulled"), ("d3", 2, None, "")]
        assert {row["pin"]: json.loads(row["document"]) for row in rows.raw("policies", after="c2")} == {
            "p": {"policy": {"name": "p"}}, "q": {"policy": {"name": "q"}},
        }  # fmt: skip
        assert [dict(row) for row in rows.raw("series")] == [{"series": "催办", "year": 2025, "latest": 2}]
        assert rows.raw("guards") == ()
        kinds: set[type[object]] = {
            type(cell) for table in BY_CASE for row in rows.raw(table) for cell in row.values()
        }
        assert kinds == {int, str, bytes, type(None)}

    def test_what_a_desk_did_is_sound(self, store: Store) -> None:
        """The audit of cases in which all kinds of things happened finds nothing."""
        audited = offering(store, ("raw", "keys"))
        desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
        for number in range(8):
            desk.submit(
                title="路灯", body="三天", to="城管局", by=CITIZEN, case_id=f"c{number}", key=f"k{number}"
            )
        desk.clock.advance(days=6)
        desk.sweep()
        store.settle([o.sent(held, 11) for held in store.claim(1 << 60, limit=9, lease_us=9, token="t")])
        desk.reply("c7", text="已修复", by=OFFICER, key="r")
        report = verify(audited)
        assert (report.faults, report.cases, report.events) == ((), 8, len(store.feed()))


def _texts(version: int) -> tuple[Text, ...]:
    return (Text(version, "text", "s", "再来"),)


def _laden(name: str) -> Append:
    notice, draft = o.Notice(f"n-{name}", name, 1, "card"), o.Draft(f"d-{name}", "s", 2025, name, 1)
    return submitted(name).replace(texts=_texts(1), notices=(notice,), documents=(draft,))


def _further(case: Case) -> Append:
    notice = o.Notice(f"m-{case.id}", case.id, 2, "card")
    return then(case, texts=_texts(2)).replace(notices=(notice,))


def _ids(table: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return [row["id" if table == "cases" else "case_id"] for row in rows]
