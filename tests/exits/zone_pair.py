"""Two zones that never connect: an outer and an inner desk, and a medium that is carried between them."""

from __future__ import annotations

from pathlib import Path

from caseflow import Actor, Desk, ManualClock, load_policy
from caseflow.audit.checkpoint import make_key, read_private_key, read_public_key
from caseflow.interchange.zones import BundleReceipt, Sent, ZoneLink
from caseflow.ports import Store

POLICIES = Path(__file__).resolve().parents[2] / "examples" / "policies" / "zones"
MONDAY = "2025-03-03T09:30:00+08:00"
CITIZEN = Actor("c-17", role="citizen")
DISPATCHER = Actor("d-1", role="coordinator")
OFFICER = Actor("o-4", role="handler", unit="城管局")
FIRST, SECOND = Actor("m-1", role="moderator"), Actor("m-2", role="moderator")
SUPERVISOR = Actor("s-1", role="supervisor")


class Zones:
    """Both zones with their keys; `carry` takes every bundle of a direction across."""

    def __init__(self, folder: Path, outer: Store, inner: Store) -> None:
        self.folder = folder
        self.clock = ManualClock(MONDAY)
        self.outer = Desk(load_policy(POLICIES / "outer.toml"), outer, clock=self.clock)
        self.inner = Desk(load_policy(POLICIES / "inner.toml"), inner, clock=self.clock)
        self.links = {
            "outer": ZoneLink(self.outer, zone="outer", peer="inner"),
            "inner": ZoneLink(self.inner, zone="inner", peer="outer"),
        }
        for zone in self.links:
            if not (folder / f"{zone}.key").exists():
                make_key(folder / f"{zone}.key")
        self.keys = {zone: read_private_key(folder / f"{zone}.key") for zone in self.links}
        self.public = {zone: read_public_key(folder / f"{zone}.key.pub") for zone in self.links}

    def send(self, zone: str, *, limit: int = 5_000) -> list[Path]:
        """Every bundle that is due from a zone."""
        paths = list[Path]()
        while sent := self.export(zone, limit=limit):
            paths.append(sent.path)
        return paths

    def export(self, zone: str, *, limit: int = 5_000) -> Sent | None:
        return self.links[zone].export(self.folder, self.keys[zone], limit=limit)

    def receive(self, zone: str, path: Path) -> BundleReceipt:
        """What a zone makes of a bundle of the other one."""
        peer = "inner" if zone == "outer" else "outer"
        return self.links[zone].receive(path, self.public[peer])

    def carry(self, zone: str) -> list[BundleReceipt]:
        """Everything that is due from a zone, received by the other one."""
        peer = "inner" if zone == "outer" else "outer"
        return [self.receive(peer, path) for path in self.send(zone)]


def submitted(zones: Zones, case_id: str, body: str = "门口的路灯不亮") -> None:
    zones.outer.submit(title="路灯不亮", body=body, by=CITIZEN, case_id=case_id)


def handled(zones: Zones, case_id: str) -> None:
    zones.inner.route(case_id, to="城管局", by=DISPATCHER)
    zones.inner.note(case_id, text="电缆被挖断,内部情况", by=OFFICER)
    zones.inner.reply(case_id, text="已修复", by=OFFICER)
    fields = {"title": "路灯不亮", "text": "已修复"}
    zones.inner.act(case_id, "propose_publication", by=FIRST, fields=fields)
    zones.inner.act(case_id, "publish", by=SECOND, fields=fields)


def acts(desk: Desk, case_id: str) -> list[str]:
    """What happened to a case, by registered names and own actions."""
    return [getattr(event, "action", "") or event.name for event in desk.history(case_id)]
