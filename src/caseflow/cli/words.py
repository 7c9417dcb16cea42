"""What the command line says in Chinese and English."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Literal

Lang = Literal["en", "zh"]

_WORDS: dict[str, tuple[str, str]] = {
    "exported cases": ("{} cases written", "已写出 {} 件案件"),
    "exported events": ("{} events written", "已写出 {} 个事件"),
    "exported store": (
        "{} cases and {} keys written; go on with --since {}",
        "已写出 {} 件案件、{} 个幂等键;下次用 --since {} 继续",
    ),
    "exported commands": ("{} commands written", "已写出 {} 条命令"),
    "imported": (
        "{} cases with {} events and {} keys taken over; {} cases were there",
        "已接收 {} 件案件({} 个事件)、{} 个幂等键;原已存在 {} 件",
    ),
    "audit sound": ("{} cases, {} events: as recorded", "{} 件案件,{} 个事件:与记录一致"),
    "audit broken": (
        "{} cases, {} events: not as recorded; faults: {}",
        "{} 件案件,{} 个事件:与记录不符,{} 处",
    ),
    "audit more": ("and {} more", "另有 {} 处"),
    "audit checked": (
        "{} cases compared with the checkpoint of {}",
        "已与 {1} 的存证核对 {0} 件案件",
    ),
    "keys made": (
        "private key: {} (keep it away from the store)\npublic key: {}",
        "私钥:{}(勿与库同放)\n公钥:{}",
    ),
    "checkpoint made": (
        "{}: {} cases, {} events, signed; keep it away from the store",
        "{}:{} 件案件,{} 个事件,已签名;勿与库同放",
    ),
    "case": ("case", "案件"),
    "state": ("state", "状态"),
    "stage": ("stage", "阶段"),
    "unit": ("unit", "承办单位"),
    "nobody": ("nobody", "无"),
    "submitted": ("submitted", "提交"),
    "version": ("version", "版本"),
    "next": ("next due", "下一期限"),
    "never": ("nothing", "无"),
    "clocks": ("clocks", "时钟"),
    "cards": ("cards", "牌"),
    "reminders": ("reminders", "提醒"),
    "annulled": ("annulled", "已撤销"),
    "running": ("running", "运行中"),
    "paused": ("paused", "暂停"),
    "stopped": ("stopped", "已停止"),
    "cancelled": ("cancelled", "已取消"),
    "held": ("held by its primary", "随主案件"),
    "since": ("since", "自"),
    "until": ("until", "至"),
    "cycle": ("cycle", "周期"),
    "late from": ("late from", "逾期自"),
    "not before": ("unknown, not before", "未知,不早于"),
    "no breach": ("never late while the pause is open", "暂停期间不逾期"),
    "day": ("day", "日期"),
    "count": ("count", "计数"),
    "why": ("why", "说明"),
    "start": ("start day, not counted", "起始日,不计"),
    "counts": ("counts", "计入"),
    "runs": ("runs", "计时"),
    "used-up": ("runs; its end is the last instant on time", "计时;此刻为按时的最后一刻"),
    "inquiry": ("inquiry", "问事"),
    "handling": ("handling", "办理"),
    "evaluation": ("evaluation", "评价"),
    "rectification": ("rectification", "整改"),
    "ended": ("ended", "已结束"),
    "natural": ("natural days", "自然日"),
    "working": ("working days", "工作日"),
    "elapsed": ("elapsed time", "运行时长"),
    "becomes": ("becomes {}", "转为{}"),
    "interrupted": ("interrupted; what was committed stands", "已中断;已提交的内容有效"),
    "rest": ("rest day", "休息日,不计"),
    "no-such-day": ("no such day in this zone", "该时区无此日"),
    "rolled": ("last day, but a rest day: rolls on", "期限末日为休息日,顺延"),
    "last": ("last day", "期限末日"),
    "weekend": ("weekend", "周末"),
    "past-horizon": ("past the calendar's horizon", "超出日历范围"),
    "source": ("source", "依据"),
    "rule": ("rule", "规则"),
    "calendar": ("calendar", "日历"),
    "extended": ("extended by {} days", "延期 {} 天"),
    "fired": ("issued", "已发出"),
    "nothing to come": ("nothing more happens by itself", "此后无自动事项"),
    "no cases": ("no cases", "没有案件"),
    "more": ("more: --cursor {}", "更多:--cursor {}"),
    "swept": (
        "{} cards, {} reminders, {} conflicts, {} waiting for a calendar",
        "发出 {} 张牌、{} 次提醒,{} 个冲突,{} 个等待日历",
    ),
    "more due": ("more is due", "还有到期"),
    "refused": ("refused, unknown events: {}", "含未知事件而拒绝:{}"),
    "testing missing": (
        "caseflow: the package hypothesis is missing; install caseflow with its extra `testing`",
        "caseflow:缺少软件包 hypothesis;请安装 caseflow 的附加项 `testing`",
    ),
    "clean": ("no problems", "没有问题"),
    "findings": ("no problems, findings: {}", "没有问题,发现 {} 处可疑"),
    "shown by": ("shown by: {}", "见:{}"),
    "remedy": ("remedy: {}", "办法:{}"),
    "store made": ("made", "已建立"),
    "store there": ("is there already", "已存在"),
    "schema current": ("schema {0}, current", "结构版本 {0},为当前版本"),
    "schema older": (
        "schema {0}, older than {1}: run caseflow store migrate",
        "结构版本 {0},低于 {1}:请运行 caseflow store migrate",
    ),
    "schema newer": ("schema {0}, newer than {1}: upgrade caseflow", "结构版本 {0},高于 {1}:请升级 caseflow"),
    "store holds": ("cases {0}, events {1}, notices: {2}", "案件 {0},事件 {1},通知:{2}"),
    "pending": ("pending", "待发"),
    "leased": ("leased", "发送中"),
    "sent": ("sent", "已发"),
    "dead": ("dead", "未能送达"),
    "collapsed": ("collapsed", "已合并"),
    "nothing to migrate": ("nothing to do", "无需迁移"),
    "copied": (
        "copied: {0} cases, {1} keys; {2} cases were there",
        "已复制:案件 {0},幂等键 {1};原已存在案件 {2}",
    ),
    "migrated to": ("now of schema {0}", "已迁移到结构版本 {0}"),
    "taken over from": ("taken over from {}", "自 {} 接收"),
    "took over": (
        "taken over: {} cases; {} were there, {} skipped",
        "已接收 {} 件;原已存在 {} 件,略过 {} 行",
    ),
    "would take over": (
        "would take over: {} cases; {} are there, {} skipped; nothing written",
        "将接收 {} 件;已存在 {} 件,略过 {} 行;未写入",
    ),
    "nothing taken over": ("wrong rows: {}; nothing written", "有误的行:{};未写入"),
    "inherited": ("inherited, told to nobody", "接收前已发生,不通知"),
    "running on": ("clocks that run on", "继续运行的时钟"),
    "untaken": (
        "timed actions that were due and not taken: {}; look at these cases",
        "已到期而未自动执行的动作:{};请人工查看这些案件",
    ),
    "calendar written": ("{}: {} deadlines of {}", "{}:{} 项期限,{}"),
    "golden recorded": ("{}: {} cases, {} events", "{}:{} 个案件,{} 个事件"),
    "golden accepted": ("{}: rewritten", "{}:已改写"),
    "golden holds": ("{}: as recorded, under today's {} too", "{}:与记录一致,按现行政策 {} 亦然"),
    "golden holds then": (
        "{}: as recorded; no policy of today was given for it",
        "{}:与记录一致;未给出现行政策",
    ),
    "relay did": (
        "claimed {}: {} sent, {} to be tried again, {} dead, {} not owed any more, {} told with another",
        "领取 {} 条:已送达 {},待重试 {},死信 {},已不需通知 {},并入他条 {}",
    ),
    "no dead letters": ("no dead letters", "没有死信"),
    "resent": ("ready again: {}", "重新待发:{}"),
    "not dead": ("is no dead letter", "不是死信"),
    "void": ("void", "作废"),
    "signed": ("signed for", "已签收"),
    "wrote": ("wrote {}", "已写入 {}"),
    "total": ("in all", "合计"),
    "cases": ("cases", "案件"),
    "replied": ("replied", "已答复"),
    "on time": ("on time, of replied", "其中按时"),
    "demo title": ("A made-up city, 2025: cases by the unit that holds them", "虚构城市 2025 年:按承办单位"),
    "demo files": ("store: {}\nlog:   {}", "数据库:{}\n日志: {}"),
    "demo next": ("look further with:  caseflow cases --store {}", "继续查看:caseflow cases --store {}"),
    "simulated": ("{} cases in {} days from {}, seed {}", "自 {2} 起 {1} 天内 {0} 件,种子 {3}"),
    "simulated on_time": ("on time, of replied or carded", "按时率(已答复或已亮牌)"),
    "reply quantile": ("days to reply, p{}, of replied", "答复天数 p{}(已答复)"),
    "simulated unanswered": ("open without a reply at the end", "期末未答复"),
    "simulated score": ("mean score, of rated", "平均满意度(已评价)"),
    "simulated busy": ("officers' hours worked", "人员工时占用率"),
    "busy unit": ("officers' hours worked, {}", "人员工时占用率,{}"),
    "as it is": ("as it is", "现状"),
    "so": ("what if", "假如"),
    "what if": ("What if {}", "假如 {}"),
    "so is": ("what if: {}", "假如:{}"),
    "difference": ("difference (95 %)", "差(95%)"),
    "interval": ("95 % interval of the mean", "均值的 95% 置信区间"),
    "from to": ("{} to {}", "{} 至 {}"),
    "fitted": ("{}: fitted to {} cases, {} of them with a reply", "{}:据 {} 件拟合,其中 {} 件已答复"),
}


def word(key: str, lang: Lang) -> str:
    """The word in that language; the key itself where there is none."""
    pair = _WORDS.get(key)
    return key if pair is None else pair[1 if lang == "zh" else 0]


def lang_of_locale() -> Lang:
    """Chinese when the locale of messages is, else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        found = os.environ.get(name)
        if found:
            return "zh" if found.lower().startswith("zh") else "en"
    return "en"


def instant(found: datetime | None) -> str:
    """An instant for people: to the second, or to the microsecond where it matters, with its offset."""
    if found is None:
        return "-"
    return found.isoformat(sep=" ", timespec="microseconds" if found.microsecond else "seconds")
