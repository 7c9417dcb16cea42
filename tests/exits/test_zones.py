"""外网受理 内网办理 外网公开反馈 over stores that never connect: bundles in order, once, whole."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import BadInput, MemoryStore, PolicyError, SqliteStore, UnknownCase, load_policy
from caseflow.audit.checkpoint import make_key, read_private_key
from caseflow.audit.verify import verify
from caseflow.desk.publications import Publications
from caseflow.interchange.zone_bundle import read_bundle, write_bundle
from tests.contracts.databases import CaughtUp, postgres
from tests.exits.zone_pair import (
    CITIZEN,
    DISPATCHER,
    POLICIES,
    SUPERVISOR,
    Zones,
    acts,
    handled,
    submitted,
)


@pytest.fixture
def zones(tmp_path: Path) -> Iterator[Zones]:
    stores = [SqliteStore(tmp_path / f"{zone}.db") for zone in ("outer", "inner")]
    yield Zones(tmp_path, *stores)
    for store in stores:
        store.close()


def journey(zones: Zones) -> None:
    """Taken in outside, handled inside, answered outside; either side was down for a week."""
    submitted(zones, "c1")
    first = zones.send("outer")
    submitted(zones, "c2")
    zones.clock.advance(days=7)  # the inner zone is down
    first += zones.send("outer")
    for path in first:
        assert not zones.receive("inner", path).refused
    case = zones.inner.get("c1")
    assert case.submitted_at.isoformat() == "2025-03-03T09:30:00+08:00" and case.citizen == "c-17"
    zones.inner.sweep()
    assert [card.level for card in zones.inner.get("c1").cards] == ["yellow"]  # the clock ran all the while
    handled(zones, "c1")
    zones.inner.route("c2", to="水务局", by=DISPATCHER)
    back = zones.send("inner")
    zones.clock.advance(days=7)  # the outer zone is down
    zones.inner.close("c1", by=DISPATCHER)
    back += zones.send("inner")
    for path in back:
        assert not zones.receive("outer", path).refused
    assert acts(zones.outer, "c1") == ["submitted", "routed", "replied", "publish", "closed"]
    assert acts(zones.outer, "c2") == ["submitted", "routed"]
    outer = zones.outer.get("c1")
    assert (outer.state, outer.unit) == ("closed", "城管局")
    assert outer.replies[0].at_us == zones.inner.get("c1").replies[0].at_us
    assert [dict(one.texts)["text"] for one in Publications(zones.outer).page()] == ["已修复"]
    assert [text.text for text in zones.outer.seen_by(CITIZEN).texts("c1")][-1] == "已修复"
    assert zones.carry("outer") == zones.carry("inner") == []


def test_the_journey(zones: Zones) -> None:
    """Over two SQLite files; both stores audit sound, and what is internal never left."""
    journey(zones)
    for desk in (zones.outer, zones.inner):
        assert verify(desk.store).is_sound  # type: ignore[arg-type]  # a SQLite store is auditable
    carried = b"".join(path.read_bytes() for path in zones.folder.glob("*.bundle")).decode()
    assert "内部情况" not in carried and "电缆" not in carried and "m-1" not in carried


@pytest.mark.postgres
def test_the_journey_over_postgresql(tmp_path: Path) -> None:
    """The same with either zone in a PostgreSQL schema of its own."""
    with (
        postgres() as outer_url,
        postgres() as inner_url,
        closing(CaughtUp.made(outer_url)) as outer,
        closing(CaughtUp.made(inner_url)) as inner,
    ):
        journey(Zones(tmp_path, outer, inner))


def test_an_intent_may_be_refused(zones: Zones) -> None:
    """The inner zone decides: what it refuses is recorded there, told outside, and stops nobody else."""
    for case_id in ("c1", "c2"):
        submitted(zones, case_id)
    zones.carry("outer")
    handled(zones, "c1")
    zones.inner.close("c1", by=DISPATCHER)
    for case_id in ("c1", "c2"):
        zones.outer.act(case_id, "ask_withdrawal", by=CITIZEN)
    (received,) = zones.carry("outer")
    assert [(one.case, one.action) for one in received.refused] == [("c1", "withdraw")]
    assert (received.done, zones.inner.get("c2").state) == (1, "withdrawn")
    zones.carry("inner")
    assert zones.outer.get("c2").state == "withdrawn"
    (answer,) = [
        event for event in zones.outer.history("c1") if getattr(event, "action", "") == "intent_refused"
    ]
    assert dict(answer.fields)["action"] == "withdraw"  # type: ignore[attr-defined]  # an `Acted`


def test_an_erasure_reaches_the_other_zone(zones: Zones) -> None:
    """What is erased inside is erased outside, its publication taken back; and not sent again."""
    submitted(zones, "c1")
    zones.carry("outer")
    handled(zones, "c1")
    zones.carry("inner")
    zones.inner.redact(
        "c1", fields=["title", "text"], basis="个人信息保护法第四十七条", reason="申请", by=SUPERVISOR
    )
    assert not zones.carry("inner")[0].refused
    assert Publications(zones.outer).get("c1") is None
    assert "路灯不亮" not in [text.text for text in zones.outer.texts("c1")]
    again = zones.links["inner"].export_again(1, zones.folder, zones.keys["inner"])
    assert "已修复" not in again.path.read_text(encoding="utf-8")


# -- order, gaps, repeats -----------------------------------------------------------------------------------


def test_gaps_repeats_and_lost_media(zones: Zones) -> None:
    """A gap is named and nothing done; a repeat changes nothing; a lost file is written anew, to the byte."""
    for number in range(5):
        submitted(zones, f"c{number}")
    paths = zones.send("outer", limit=2)
    assert [path.name for path in paths] == [f"outer-inner-00000{number}.bundle" for number in (1, 2, 3)]
    with pytest.raises(BadInput) as error:
        zones.receive("inner", paths[2])
    assert error.value.code == "zone-gap" and "1..2" in error.value.text("zh")
    assert not len(zones.inner.cases())
    lost = paths[1].read_bytes()
    paths[1].unlink()
    assert zones.links["outer"].export_again(2, zones.folder, zones.keys["outer"]).items == 2
    assert paths[1].read_bytes() == lost
    for path in paths:
        assert not zones.receive("inner", path).is_repeat
    before = zones.inner.store.newer(0)
    for path in reversed(paths):
        assert zones.receive("inner", path).is_repeat
    assert zones.inner.store.newer(0) == before
    with pytest.raises(BadInput) as error:
        zones.links["outer"].export_again(9, zones.folder, zones.keys["outer"])
    assert error.value.code == "zone-no-bundle"


def test_a_sender_set_back_is_noticed(zones: Zones, tmp_path: Path) -> None:
    """A store from an old backup gives out a number again, with other acts: refused, nothing done."""
    submitted(zones, "c1")
    zones.carry("outer")
    other = tmp_path / "backup"
    other.mkdir()
    for key in zones.folder.glob("*.key*"):
        (other / key.name).write_bytes(key.read_bytes())
    restored = Zones(other, MemoryStore(), MemoryStore())
    submitted(restored, "c9")
    (path,) = restored.send("outer")
    with pytest.raises(BadInput) as error:
        zones.receive("inner", path)
    assert error.value.code == "zone-differs"
    with pytest.raises(UnknownCase):
        zones.inner.get("c9")


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Zones:
    """Two zones with one bundle on its way."""
    zones = Zones(tmp_path_factory.mktemp("zones"), MemoryStore(), MemoryStore())
    submitted(zones, "c1")
    zones.send("outer")
    return zones


@given(changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_no_changed_byte_passes(carried: Zones, changes: list[tuple[int, int]]) -> None:
    """Whatever bytes are changed, the bundle is refused as a whole, or says the same when it is read."""
    (path,) = carried.folder.glob("outer-*.bundle")
    body = bytearray(path.read_bytes())
    for place, change in changes:
        body[place % len(body)] ^= change
    target = carried.folder / "changed"
    target.write_bytes(bytes(body))
    try:
        bundle = read_bundle(target, carried.public["outer"])
    except BadInput as error:
        assert error.code == "zone-bad-signature"
    else:
        assert bundle == read_bundle(path, carried.public["outer"])


@given(length=st.integers(0, 2_000))
@settings(max_examples=40, deadline=None)
def test_no_cut_off_bundle_passes(carried: Zones, length: int) -> None:
    """A file that was copied in part is refused."""
    (path,) = carried.folder.glob("outer-*.bundle")
    body = path.read_bytes()
    target = carried.folder / "cut"
    target.write_bytes(body[: min(length, len(body) - 2)])
    with pytest.raises(BadInput) as error:
        read_bundle(target, carried.public["outer"])
    assert error.value.code == "zone-bad-signature"


def test_whose_it_is(zones: Zones) -> None:
    """Signed by another key, for another zone, or with what no policy gives that zone: not done."""
    submitted(zones, "c1")
    (path,) = zones.send("outer")
    bundle = read_bundle(path, zones.public["outer"])
    make_key(zones.folder / "forger.key")
    forger = read_private_key(zones.folder / "forger.key")
    write_bundle(zones.folder / "forged", bundle.header, bundle.items, forger)
    with pytest.raises(BadInput) as error:
        zones.receive("inner", zones.folder / "forged")
    assert error.value.code == "zone-bad-signature"
    header = bundle.header.replace(receiver="archive")
    write_bundle(zones.folder / "astray", header, bundle.items, zones.keys["outer"])
    with pytest.raises(BadInput) as error:
        zones.receive("inner", zones.folder / "astray")
    assert error.value.code == "zone-for-another"
    greedy: tuple[tuple[str, dict[str, str | int]], ...] = (
        ("note", {"text": "x"}), ("close", {}), ("no_such", {}), ("submit", {"title": 5}),
        ("submit", {"odd": 1}),
    )  # fmt: skip
    acts = [
        bundle.items[0].replace(id=f"x@{number}", action=action, fields=fields)
        for number, (action, fields) in enumerate(greedy)
    ]
    write_bundle(zones.folder / "greedy", bundle.header, acts, zones.keys["outer"])
    received = zones.receive("inner", zones.folder / "greedy")
    assert received.done == 0 and len(received.refused) == 5
    assert [case.id for case in zones.inner.cases()] == ["zone:outer"]  # the ledger with what was refused


def test_signed_and_of_another_form(zones: Zones) -> None:
    """What the sender signed and this version cannot read is named by its line."""
    submitted(zones, "c1")
    (path,) = zones.send("outer")
    bundle = read_bundle(path, zones.public["outer"])
    for header, items in (
        (bundle.header.replace(format=2), bundle.items),
        (bundle.header, (bundle.items[0].replace(case="c" * 201),)),
    ):
        write_bundle(path, header, items, zones.keys["outer"])
        with pytest.raises(BadInput) as error:
            zones.receive("inner", path)
        assert error.value.code == "zone-bad-line"


def test_the_allow_list_is_checked(tmp_path: Path) -> None:
    """A policy that would send a text beyond its audience is no policy."""
    file = tmp_path / "leaky.toml"
    file.write_text(
        f'extends = {json.dumps(str(POLICIES / "inner.toml"))}\nname = "leaky"\n'
        '[zones.outer.sends.note]\nfields = { text = "text" }\n'
        '[zones.outer.sends.nothing]\n[zones.outer.sends.rate]\nfields = { colour = "colour" }\n',
        encoding="utf-8",
    )
    with pytest.raises(PolicyError) as error:
        load_policy(file)
    assert {problem.code for problem in error.value.problems} == {
        "zone-may-not-know", "unknown-then", "unknown-field",
    }  # fmt: skip


@given(st.lists(st.sampled_from(("submit", "handle", "send", "down", "crash")), max_size=25))
@settings(max_examples=25, deadline=None)
def test_whenever_it_is_carried(steps: list[str]) -> None:
    """However exchange, work and broken-off imports fall together, the outer zone ends with the same."""
    with tempfile.TemporaryDirectory() as folder:
        zones = Zones(Path(folder), MemoryStore(), MemoryStore())
        waiting: dict[str, list[Path]] = {"outer": [], "inner": []}
        count = 0
        for step in [*steps, "send", "handle", "send"]:
            if step == "submit":
                submitted(zones, f"c{count}")
                count += 1
            elif step == "handle":
                for case in zones.inner.cases(limit=1000).cases:
                    if case.state == "submitted":
                        handled(zones, case.id)
            elif step == "down":
                waiting["outer"] += zones.send("outer", limit=2)
                waiting["inner"] += zones.send("inner", limit=2)
            elif step == "crash":
                waiting["outer"] += zones.send("outer", limit=3)
                for path in waiting["outer"][:1]:
                    _broken_off(zones, path)
            else:
                for zone, peer in (("outer", "inner"), ("inner", "outer")):
                    for path in waiting[zone] + zones.send(zone, limit=3):
                        assert not zones.receive(peer, path).refused
                    waiting[zone] = []
        for number in range(count):
            assert acts(zones.outer, f"c{number}") == ["submitted", "routed", "replied", "publish"]
        assert len(list(Publications(zones.outer).page(limit=1000))) == count


def _broken_off(zones: Zones, path: Path) -> None:
    """Do the first act of a bundle and nothing more, as a process that was killed."""
    bundle = read_bundle(path, zones.public["outer"])
    if bundle.header.number == len(zones.links["inner"]._ledger.received()) + 1:
        zones.links["inner"]._take(bundle.items[0])
