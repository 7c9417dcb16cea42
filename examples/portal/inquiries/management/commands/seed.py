"""``manage.py seed``: people, and the made-up city's last weeks, once; what is there stays."""

import csv
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from caseflow import Actor, Case, Desk, ManualClock
from caseflow.contrib.django import desk
from caseflow.core.time.instants import moment
from caseflow.interchange import replay
from inquiries.demo_city import rows
from inquiries.demo_people import make_people

ZONE = "Asia/Shanghai"
PUBLISHED = 14
CITIZEN_CASES = (
    (
        "文昌路与滨江路口路灯不亮",
        "文昌路与滨江路口，上周五起路灯不亮，夜里休息受到影响。盼望派人来现场看一看，谢谢。",
        1,
    ),
    ("社区图书角能否延长开放", "下班以后图书角已经关门，建议延长到晚上九点。", 4),
    ("小区门口井盖破损", "青弋小区东门的井盖破了一角，我的电话是13800138000，已经有人摔倒过一次。", 3),
    ("占道经营影响通行", "学校门口每天早上有人占道经营，孩子过马路很危险。", 10),
)
"""Title, body and how many days ago."""
NEIGHBOUR = ("路灯坏了", "文昌路与滨江路口，上周五起路灯不亮，夜里休息受到影响。请派人来现场看一看，谢谢。")
"""What somebody else asked two days ago: nearly the first of these."""
REPLY = "您好，井盖已于今天上午更换，现场已恢复通行。给您带来不便，敬请谅解。"


class Command(BaseCommand):
    """Fill an empty portal."""

    help = "People and cases of a made-up city, once."

    def add_arguments(self, parser: CommandParser) -> None:
        """No city, for tests that make their own."""
        parser.add_argument("--people-only", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """People first; then cases, if there are none."""
        people = make_people()
        portals_desk = desk()
        if options["people_only"] or len(portals_desk.cases(limit=1)):
            return
        now = moment(portals_desk.clock.now_us(), ZONE).replace(second=0, microsecond=0)
        self.stdout.write("seeding the city's last weeks ...")
        _replay(now)
        past = Desk(
            [rules.policy for rules in portals_desk.policies.values()], portals_desk.store,
            clock=ManualClock(now), units=portals_desk.units, tells=False,
        )  # fmt: skip
        ids = {name: str(user.pk) for name, user in people.items()}
        _publish(past, ids)
        _citizens_cases(past, ids, now)
        _leaders_messages(past, ids, now)
        _forgotten(now)
        self.stdout.write(f"seeded: {portals_desk.counts().total} cases")


def _replay(now: datetime) -> None:
    log = list(rows(now))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, log[0])
            writer.writeheader()
            writer.writerows(log)
        replay([path], policy=desk().rules.policy, store=desk().store, as_of=now)


def _publish(past: Desk, ids: dict[str, str]) -> None:
    """Some answers, each proposed by one and published by another."""
    coordinator, moderator = Actor(ids["zhao"], role="coordinator"), Actor(ids["zhou"], role="moderator")
    answered = [case for case in past.cases(order="newest", limit=500) if case.rating and case.has_reply]
    for number, case in enumerate(answered[:PUBLISHED]):
        texts = _answered(past, case)
        past.act(case.id, "propose_publication", by=coordinator, fields=texts)
        if number > 1:  # two wait for the moderator
            past.act(case.id, "publish", by=moderator, fields=texts)


def _answered(past: Desk, case: Case) -> dict[str, str]:
    texts = {text.field: text.text for text in past.texts(case.id) if text.action in ("submit", "reply")}
    return {name: texts[name] for name in ("title", "body", "text")}


def _citizens_cases(past: Desk, ids: dict[str, str], now: datetime) -> None:
    """Of the citizen to sign in as: one that waits, one asked about, one answered, one that is late."""
    citizen, coordinator = Actor(ids["chen"], role="citizen"), Actor(ids["zhao"], role="coordinator")
    handler = Actor(ids["wang"], role="handler", unit="城管局")
    for number, (title, body, days) in sorted(enumerate(CITIZEN_CASES), key=lambda one: -one[1][2]):
        past.clock.set(now - timedelta(days=days))
        case = past.submit(
            title=title, body=body, kind="suggestion" if number == 1 else "complaint", channel="web",
            by=citizen, case_id=f"chen-{number}",
        )  # fmt: skip
        if number:
            past.route(case.id, to="城管局", by=coordinator)
    past.clock.set(now - timedelta(days=2))
    title, body = NEIGHBOUR
    past.submit(
        title=title, body=body, kind="complaint", by=Actor("c-90", role="citizen"), case_id="neighbour"
    )
    past.clock.set(now - timedelta(hours=20))
    past.request_information("chen-1", text="请问您说的是哪一个社区的图书角？", by=handler)
    past.take_charge("chen-2", by=handler)
    past.reply("chen-2", text=REPLY, by=handler)
    past.clock.set(now)


def _leaders_messages(past: Desk, ids: dict[str, str], now: datetime) -> None:
    """Messages to the mayor's office, of which two are answered."""
    handler = Actor(ids["mayor"], role="handler", unit="滨江市市长")
    titles = ("盼望早日开通跨江公交", "老工业区改造的几点想法", "感谢信：办事大厅周末开门")
    for number, title in enumerate(titles):
        past.clock.set(now - timedelta(days=9 - 3 * number))
        past.submit(
            title=title, body=f"{title}，请领导关注。", to="滨江市市长", policy="leader-board",
            by=Actor(f"c-9{number}", role="citizen"), case_id=f"leader-{number}",
        )  # fmt: skip
        if number != 1:
            past.clock.advance(days=2)
            past.reply(f"leader-{number}", text="来信已阅，已请有关部门研究，结果将在此公布。", by=handler)
    past.clock.set(now)


def _forgotten(now: datetime) -> None:
    """One that nobody answered for a month; the worker's first sweep issues all that is due of it."""
    telling = Desk(
        [rules.policy for rules in desk().policies.values()], desk().store,
        clock=ManualClock(now - timedelta(days=32)), units=desk().units,
    )  # fmt: skip
    title, body = (
        "消防通道被杂物占用",
        "老城菜市场后巷的消防通道堆满杂物，消防车进不来，非常危险，请尽快处理。",
    )
    citizen = Actor("c-91", role="citizen")
    telling.submit(title=title, body=body, kind="complaint", to="城管局", by=citizen, case_id="forgotten")
