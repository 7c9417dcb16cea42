"""The weeks before today of the made-up city, from the year that caseflow ships, told in fuller words."""

import csv
import gzip
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from importlib import resources

WEEKS = 8
PLACES = (
    "文昌路与滨江路口", "青弋小区东门一带", "老城菜市场后巷", "北门公交站对面", "学府花园三期里面",
    "滨江公园南侧步道", "火车站前广场西角", "工业园区纬二路上", "临河新村几排楼前", "体育馆停车场入口",
    "县学巷整条街上", "凤凰山脚居民点",
)  # fmt: skip
SINCE = ("上周五起", "大约半个月前开始", "从国庆以后一直", "这几天夜里", "搬来以后就", "最近一个多月")
EFFECT = (
    "老人孩子出门都不方便", "周围邻居意见很大", "问过物业没有下文", "夜里休息受到影响",
    "上下班绕路要多走一刻钟", "已经有人摔倒过一次", "打过两次电话无人上门", "雨天以后情况更糟",
)  # fmt: skip
WISH = (
    "盼望派人来现场看一看", "想知道由哪个部门负责", "请告诉我们什么时候能办好", "能否先采取临时措施",
    "希望给个明确说法", "建议会同社区一起处理",
)  # fmt: skip
MATTERS = (
    "我是外地户口，在本市工作三年", "孩子明年九月上小学", "父母退休以后随我居住", "刚换了工作单位",
    "我们一家刚搬到新区", "上个月在窗口问过一次没有问明白",
)  # fmt: skip
ANSWERS = (
    "您好，来信收悉。我们已派人核实，情况属实，现已处理完毕，并安排专人跟踪一个月。感谢您的监督。",
    "您好，经研究，您反映的事项已列入本月计划，办理结果会再告知您。感谢您的理解与支持。",
)
RESPONSIBLE = {
    "路灯不亮": "城管局", "夜间施工扰民": "生态环境局", "小区停车难": "公安局", "垃圾清运不及时": "城管局",
    "井盖破损": "住建局", "公积金提取条件": "人社局", "入学划片咨询": "教育局", "居住证办理材料": "公安局",
    "医保异地结算": "卫健委", "老旧小区加装电梯": "住建局", "独居老人需要助餐": "滨江区政府",
    "自来水水压不足": "水务集团", "建议增设公交站": "交通局", "建议增设非机动车道": "交通局",
    "建议延长图书馆开放时间": "滨江区政府",
}  # fmt: skip
"""The log's titles -> the unit that answers for such."""


def rows(now: datetime) -> Iterator[dict[str, str]]:
    """The log's last weeks, moved by whole weeks so that they end now; of cases that begin in them.

    Args:
        now: an instant in the office's zone.
    """
    packed = resources.files("caseflow.demo").joinpath("year.csv.gz").read_bytes()
    log = list(csv.DictReader(io.StringIO(gzip.decompress(packed).decode())))
    last = datetime.fromisoformat(log[-1]["at"])
    moved = timedelta(weeks=-((last - now) // timedelta(weeks=1)))
    begin = now - timedelta(weeks=WEEKS)
    titles, first_units = dict[str, str](), dict[str, str]()
    for row in log:
        at, case_id = datetime.fromisoformat(row["at"]) + moved, row["case_id"]
        if row["action"] == "submit" and begin <= at:
            titles[case_id] = row["title"]
        if case_id not in titles or at > now or (row["primary"] and row["primary"] not in titles):
            continue
        if row["to"]:
            first_units.setdefault(case_id, row["to"])
        pair = (first_units[case_id], RESPONSIBLE[titles[case_id]]) if case_id in first_units else ("", "")
        yield {**row, **_words(row), **_units(row, *pair), "at": at.isoformat()}


def _units(row: dict[str, str], first: str, proper: str) -> dict[str, str]:
    """The log gives cases to any unit; here to the one that its title is about: they change places."""
    both = {first: proper, proper: first}
    units = {name: both.get(row[name], row[name]) for name in ("unit", "to", "co_handler")}
    return units | ({"actor": f"o-{units['unit']}"} if row["unit"] else {})


def _words(row: dict[str, str]) -> dict[str, str]:
    if row["action"] == "submit":
        return _inquiry(row["case_id"], row["kind"], row["title"])
    if row["action"] == "reply":
        return {"text": ANSWERS[row["case_id"][-1] in "13579"]}
    return {}


def _inquiry(case_id: str, kind: str, title: str) -> dict[str, str]:
    """A title with its place, and a body; chosen by the case's id, so that some cases say nearly the same."""
    place, since, effect, wish, matter = (
        _one_of(parts, f"{case_id} {number}")
        for number, parts in enumerate((PLACES, SINCE, EFFECT, WISH, MATTERS))
    )
    if kind == "consultation":
        return {"title": title, "body": f"{matter}，想咨询{title}，请问要带什么、到哪里办？谢谢。"}
    if kind == "suggestion":
        return {"title": title, "body": f"家住{place}，{title}，{effect}。{wish}，谢谢。"}
    return {"title": f"{place}{title}", "body": f"{place}，{since}{title}，{effect}。{wish}，谢谢。"}


def _one_of(parts: tuple[str, ...], salt: str) -> str:
    return parts[int(sha256(salt.encode()).hexdigest(), 16) % len(parts)]
