"""Make the bundled year: ``python -m caseflow.demo.generate``. The same seed gives the same bytes."""

from __future__ import annotations

import csv
import gzip
import io
import random
from datetime import datetime, timedelta, timezone
from operator import itemgetter
from pathlib import Path

SEED = 2025
CASES = 2600
ZONE = timezone(timedelta(hours=8))
COLUMNS = (
    "case_id", "action", "at", "actor", "role", "unit", "title", "body", "text", "kind", "to", "co_handler",
    "score", "efficiency", "effect", "code", "primary", "days", "rectification", "reason",
)  # fmt: skip

UNITS = {
    "城管局": 2.0, "住建局": 4.5, "教育局": 3.0, "公安局": 1.8, "交通局": 3.5, "人社局": 3.2,
    "卫健委": 2.6, "生态环境局": 5.5, "市场监管局": 2.8, "自然资源局": 9.0, "水务集团": 2.2,
    "滨江区政府": 6.5,
}  # fmt: skip
"""Each unit and the median of days it takes to reply."""
SUBJECTS = {
    "complaint": ("路灯不亮", "夜间施工扰民", "小区停车难", "垃圾清运不及时", "井盖破损"),
    "consultation": ("公积金提取条件", "入学划片咨询", "居住证办理材料", "医保异地结算"),
    "need": ("老旧小区加装电梯", "独居老人需要助餐", "自来水水压不足"),
    "suggestion": ("建议增设公交站", "建议增设非机动车道", "建议延长图书馆开放时间"),
}

Rows = list[dict[str, str]]


class Year:
    """The rows of the year, made case by case from one seeded source of chance."""

    def __init__(self, seed: int) -> None:
        """Begin with an empty log."""
        self.chance = random.Random(seed)
        self.rows: Rows = []
        self.open: list[tuple[str, datetime, str]] = []

    def add(self, case_id: str, action: str, at: datetime, by: tuple[str, str, str], **fields: str) -> None:
        """Write one row."""
        actor, role, unit = by
        row = {
            "case_id": case_id,
            "action": action,
            "at": at.isoformat(timespec="seconds"),
            "actor": actor,
            "role": role,
        }
        self.rows.append(row | {"unit": unit} | fields)

    def after(self, at: datetime, days: float) -> datetime:
        """A moment so many days later, moved into office hours of a weekday."""
        then = at + timedelta(days=max(days, 0.02))
        if not 8 <= then.hour < 18:
            then = then.replace(hour=8, minute=self.chance.randrange(60)) + timedelta(days=then.hour >= 18)
        while then.weekday() >= 5:
            then += timedelta(days=1)
        return max(then, at + timedelta(minutes=5))

    def case(self, number: int) -> None:
        """One inquiry from its submission to where the year leaves it."""
        chance = self.chance
        start = datetime(2025, 1, 1, tzinfo=ZONE) + timedelta(seconds=chance.randrange(355 * 86_400))
        case_id = f"2025-{number:05d}"
        kind = chance.choices(tuple(SUBJECTS), (45, 30, 15, 10))[0]
        title = chance.choice(SUBJECTS[kind])
        unit = chance.choices(tuple(UNITS), range(14, 2, -1))[0]
        citizen = (f"c-{chance.randrange(1, 1900):04d}", "citizen", "")
        self.add(case_id, "submit", start, citizen, title=title, body=f"{title},请予处理。", kind=kind)
        desk = ("d-01", "dispatcher", "")
        at = self.after(start, chance.uniform(0.05, 0.6))
        ending = chance.random()
        if ending < 0.03:
            self.add(case_id, "reject", at, desk, code=chance.choice(("out_of_scope", "in_court", "unclear")))
            return
        if ending < 0.05 and self._merge(case_id, at, title, start):
            return
        self.add(case_id, "route", at, desk, to=unit)
        self.open.append((case_id, start, title))
        if chance.random() < 0.06:
            unit, at = self._returned(case_id, at, unit)
        self._handled(case_id, at, start, unit, citizen)

    def _merge(self, case_id: str, at: datetime, title: str, start: datetime) -> bool:
        """Merge into an earlier case about the same that is surely still without a reply."""
        earlier = [
            found
            for found in self.open
            if found[2] == title and start - timedelta(hours=8) < found[1] < start
        ]
        if earlier:
            self.add(case_id, "merge", at, ("d-01", "dispatcher", ""), primary=earlier[0][0])
        return bool(earlier)

    def _returned(self, case_id: str, at: datetime, unit: str) -> tuple[str, datetime]:
        """The unit gives the case back, and the dispatcher routes it to another."""
        officer = (f"o-{unit}", "handler", unit)
        at = self.after(at, self.chance.uniform(0.2, 1.0))
        self.add(case_id, "return_to_dispatcher", at, officer, reason="不属于本单位职责")
        other = self.chance.choice([name for name in UNITS if name != unit])
        at = self.after(at, 0.3)
        self.add(case_id, "route", at, ("d-01", "dispatcher", ""), to=other)
        return other, at

    def _handled(
        self, case_id: str, at: datetime, start: datetime, unit: str, citizen: tuple[str, str, str]
    ) -> None:
        chance, officer = self.chance, (f"o-{unit}", "handler", unit)
        office = ("s-01", "supervisor", "")
        if chance.random() < 0.7:
            at = self.after(at, chance.uniform(0.02, 0.5))
            self.add(case_id, "acknowledge", at, officer)
        at = self.after(at, chance.uniform(0.02, 0.5))
        self.add(case_id, "sign_in", at, officer)
        if chance.random() < 0.015:
            self.add(case_id, "withdraw", self.after(at, 0.3), citizen, reason="问题已自行解决")
            return
        at = self._steps(case_id, at, start, officer, office, citizen)
        if chance.random() < 0.012:
            return  # nobody ever replies
        delay = UNITS[unit] * chance.lognormvariate(0, 0.75)
        at = self.after(max(at, start + timedelta(days=delay)), 0.05)
        self.add(case_id, "reply", at, officer, text="您好,您反映的问题已办理,感谢您的监督。")
        if chance.random() < 0.02:
            at = self.after(at, chance.uniform(0.5, 3))
            lead = (f"l-{unit}", "lead_official", unit)
            self.add(case_id, "retract_reply", at, lead, reason="答复内容有误")
            at = self.after(at, chance.uniform(0.5, 4))
            self.add(case_id, "reply", at, officer, text="更正:问题已重新核实并办理。")
        self._evaluated(case_id, at, officer, office, citizen)

    def _steps(
        self,
        case_id: str,
        at: datetime,
        start: datetime,
        officer: tuple[str, str, str],
        office: tuple[str, str, str],
        citizen: tuple[str, str, str],
    ) -> datetime:
        """What may happen between the sign-in and the reply."""
        chance, desk = self.chance, ("d-01", "dispatcher", "")
        if chance.random() < 0.4:
            at = self.after(at, chance.uniform(0.05, 0.8))
            self.add(case_id, "dispatch", at, officer)
        if chance.random() < 0.05:
            helper = chance.choice([name for name in UNITS if name != officer[2]])
            at = self.after(at, 0.1)
            self.add(case_id, "add_co_handler", at, desk, co_handler=helper)
            at = self.after(at, chance.uniform(0.3, 1.5))
            self.add(case_id, "report", at, (f"o-{helper}", "handler", helper), text="协办意见已报。")
        if chance.random() < 0.04 and at < start + timedelta(days=4):
            at = self.after(at, 0.1)
            if at < start.replace(hour=0, minute=0, second=0) + timedelta(days=5):
                self.add(case_id, "request_extension", at, officer, days="5", reason="需要现场勘查")
                at = self.after(at, 0.3)
                answer = "grant_extension" if chance.random() < 0.7 else "refuse_extension"
                self.add(case_id, answer, at, office)
        if chance.random() < 0.06:
            at = self.after(at, 0.1)
            self.add(case_id, "request_information", at, officer, text="请补充具体位置。")
            at += timedelta(hours=chance.randrange(2, 60))
            self.add(case_id, "receive_information", at, citizen, text="位置已补充。")
        if chance.random() < 0.12:
            at = self.after(at, 0.1)
            self.add(case_id, "placeholder", at, officer, text="您的留言已收到。")
        return at

    def _evaluated(
        self,
        case_id: str,
        at: datetime,
        officer: tuple[str, str, str],
        office: tuple[str, str, str],
        citizen: tuple[str, str, str],
    ) -> None:
        """From the reply to the end of the case, which may be opened again."""
        chance = self.chance
        at = self.after(at, chance.uniform(0.05, 2))
        self.add(case_id, "complete", at, officer)
        if chance.random() < 0.6:
            at += timedelta(hours=chance.randrange(1, 90))
            score = chance.choices(("5", "4", "3", "2", "1"), (62, 14, 6, 6, 12))[0]
            self.add(case_id, "rate", at, citizen, score=score)
        if chance.random() < 0.3:
            at = self.after(at, chance.uniform(0.2, 2))
            marks = {"efficiency": str(chance.randrange(2, 6)), "effect": str(chance.randrange(2, 6))}
            self.add(case_id, "assess", at, office, **marks)
        if chance.random() < 0.03:
            name = f"zg-{case_id}"
            at = self.after(at, 0.5)
            self.add(case_id, "link_rectification", at, office, rectification=name)
            at = self.after(at, chance.uniform(10, 40))
            self.add(case_id, "verify_rectification", at, office, rectification=name)
        if chance.random() < 0.85:
            at = self.after(at, chance.uniform(0.5, 5))
            self.add(case_id, "close", at, office)
            if chance.random() < 0.02:
                at = self.after(at, chance.uniform(1, 10))
                self.add(case_id, "reopen", at, citizen, reason="问题再次出现")
                at = self.after(at, chance.uniform(0.5, 8))
                self.add(case_id, "reply", at, officer, text="已再次处理。")


def log(seed: int = SEED, cases: int = CASES) -> bytes:
    """The year as CSV, UTF-8, in the order of time; events after the year are left out."""
    year = Year(seed)
    for number in range(1, cases + 1):
        year.case(number)
    end = datetime(2026, 1, 1, tzinfo=ZONE).isoformat()
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    kept = [row for row in year.rows if row["at"] < end]
    writer.writerows(sorted(kept, key=itemgetter("at")))
    return out.getvalue().encode()


if __name__ == "__main__":
    Path(__file__).with_name("year.csv.gz").write_bytes(gzip.compress(log(), mtime=0))
