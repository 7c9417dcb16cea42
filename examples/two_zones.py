"""Two zones that never connect: taken in outside, handled inside, answered and published outside.

The policies stand in ``examples/policies/zones``; a folder stands for the medium that is carried. It prints:
    outer-inner-000001.bundle: 1
    inner: submitted 2025-03-03 09:30
    body: ******,电话***********
    inner-outer-000001.bundle: 3
    outer: answered {'title': '路灯不亮', 'text': '已修复。'}
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from caseflow import Actor, Desk, ManualClock, SqliteStore, load_policy
from caseflow.audit.checkpoint import make_key, read_private_key, read_public_key
from caseflow.desk.publications import Publications, preview
from caseflow.interchange.zones import ZoneLink

POLICIES = Path(__file__).parent / "policies" / "zones"
CITIZEN = Actor("c-17", role="citizen")
DISPATCHER = Actor("d-1", role="coordinator")
OFFICER = Actor("o-4", role="handler", unit="城管局")
FIRST, SECOND = Actor("m-1", role="moderator"), Actor("m-2", role="moderator")

with TemporaryDirectory() as folder:
    medium, clock = Path(folder), ManualClock("2025-03-03T09:30:00+08:00")
    stores = {zone: SqliteStore(medium / f"{zone}.db") for zone in ("outer", "inner")}
    outer = Desk(load_policy(POLICIES / "outer.toml"), stores["outer"], clock=clock)
    inner = Desk(load_policy(POLICIES / "inner.toml"), stores["inner"], clock=clock)
    outer_end = ZoneLink(outer, zone="outer", peer="inner")
    inner_end = ZoneLink(inner, zone="inner", peer="outer")
    for zone in stores:
        make_key(medium / f"{zone}.key")

    case = outer.submit(title="路灯不亮", body="中山路12号,电话13800138000", by=CITIZEN)
    there = outer_end.export(medium, read_private_key(medium / "outer.key"))
    assert there is not None
    print(f"{there.path.name}: {there.items}")
    clock.advance(days=2)
    inner_end.receive(there.path, read_public_key(medium / "outer.key.pub"))
    case = inner.route(case.id, to="城管局", by=DISPATCHER)
    print(f"inner: submitted {case.submitted_at:%Y-%m-%d %H:%M}")
    inner.reply(case.id, text="已修复,联系电话13900139000", by=OFFICER)
    body = next(one for one in preview(inner.texts(case.id)) if one.text.field == "body")
    print(f"body: {body.hidden}")
    fields = {"title": "路灯不亮", "text": "已修复。"}
    inner.act(case.id, "propose_publication", by=FIRST, fields=fields)
    inner.act(case.id, "publish", by=SECOND, fields=fields)

    back = inner_end.export(medium, read_private_key(medium / "inner.key"))
    assert back is not None
    print(f"{back.path.name}: {back.items}")
    outer_end.receive(back.path, read_public_key(medium / "inner.key.pub"))
    (publication,) = Publications(outer).page()
    print(f"outer: {outer.get(case.id).state} {dict(publication.texts)}")
    for store in stores.values():
        store.close()
