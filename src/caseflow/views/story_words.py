"""The words of a story: what each event is called, and the phrases of its details, in English and Chinese."""

from __future__ import annotations

from typing import Any, Literal

Lang = Literal["en", "zh"]

_EVENTS: dict[str, tuple[str, str]] = {
    "submitted": ("submitted", "提交"),
    "adopted": ("taken over", "接收"),
    "acknowledged": ("acknowledged", "立即回复"),
    "routed": ("routed", "分转"),
    "signed-in": ("signed in", "签收"),
    "dispatched": ("dispatched", "派员"),
    "co-handler-added": ("co-handler added", "加派协办"),
    "reported": ("reported", "协办报告"),
    "information-requested": ("information asked", "请市民补充"),
    "information-received": ("information given", "市民补充"),
    "replied": ("replied", "公开答复"),
    "placeholder-replied": ("placeholder", "占位回复"),
    "noted": ("noted", "内部备注"),
    "reply-retracted": ("reply retracted", "撤回答复"),
    "completed": ("completed", "办结告知"),
    "rated": ("rated", "市民评价"),
    "assessed": ("assessed", "主管评价"),
    "rectification-linked": ("rectification due", "关联整改"),
    "rectification-verified": ("rectified", "核实整改"),
    "closed": ("closed", "结案"),
    "reopened": ("reopened", "重开"),
    "withdrawn": ("withdrawn", "撤回"),
    "rejected": ("rejected", "不予受理"),
    "merged": ("merged", "并案"),
    "followed": ("followed", "接收并案"),
    "resumed": ("resumed", "恢复"),
    "returned": ("returned", "退单"),
    "transferred": ("transferred", "转办"),
    "extension-requested": ("extension asked", "申请延期"),
    "extension-granted": ("extension granted", "准予延期"),
    "extension-refused": ("extension refused", "不予延期"),
    "attached": ("attached", "附件"),
    "rules-adopted": ("rules adopted", "改用新规则"),
    "receipt-signed": ("receipt signed", "签收文书"),
    "redacted": ("texts redacted", "删除个人文本"),
    "card-annulled": ("annulled", "撤销"),
}

_PHRASES: dict[str, tuple[str, str]] = {
    "natural": ("{n} natural day{s}", "{n} 个自然日"),
    "working": ("{n} working day{s}", "{n} 个工作日"),
    "elapsed": ("{n} day{s} of running time", "累计 {n} 天"),
    "hours": ("{n} hour{s}", "{n} 小时"),
    "days": ("{n} day{s}", "{n} 天"),
    "granted": ("{span} + {n} granted", "{span} + 延期 {n} 天"),
    "last day": ("last day {day}", "末日 {day}"),
    "due": ("due {at}", "期限 {at}"),
    "no last day": ("without a last day", "无末日"),
    "paused": ("{clock} paused", "{clock}暂停"),
    "runs on": ("{clock} runs on", "{clock}继续"),
    "revived": ("{clock} runs on, paused from {at} until now", "{clock}继续,自 {at} 至此为暂停"),
    "cycle": ("cycle {n}", "第 {n} 周期"),
    "nobody": ("held by nobody", "无承办单位"),
    "true since": ("true since {at}", "实际发生于 {at}"),
    "clamped": ("by a clock that stood at {at}", "记录时钟为 {at}"),
    "by itself": ("by itself", "系统自动"),
    "inherited": ("inherited", "接收前已发生"),
    "skipped": ("{action} not taken: {code}", "未自动{action}:{code}"),
    "redacted": ("redacted: {names}", "已删除:{names}"),
    "reason": ("reason: {text}", "理由:{text}"),
    "card of": ("{label} of {at}", "{at} 的{label}"),
    "because": ("because of: {event}", "起因:{event}"),
    "into": ("into {case}", "并入 {case}"),
    "by": ("by {case}", "{case} 并入本案"),
    "score": ("score {n}", "{n} 分"),
    "automatic": ("by default", "默认评价"),
    "efficiency": ("efficiency {n}", "效率 {n}"),
    "effect": ("effect {n}", "效果 {n}"),
    "bytes": ("{n} bytes", "{n} 字节"),
    "unknown": ("an event this version does not know", "本版本不认识的事件"),
    "states": ("states", "状态"),
    "units": ("units", "承办单位"),
    "acts": ("acts", "经过"),
    "pause": ("pause", "暂停"),
    "annulled": ("annulled", "已撤销"),
    "fired": ("issued", "已发出"),
    "ahead": ("still to come", "尚未到期"),
    "past": ("not owed", "无须发出"),
    "reminder": ("reminder", "提醒"),
    "card": ("card", "牌"),
    "now": ("now", "现在"),
    "comma": (", ", ","),
}


def event_word(name: str, lang: Lang) -> str:
    """What an event of that registered name is called; the name itself where there is no word."""
    pair = _EVENTS.get(name)
    return name.replace("-", " ") if pair is None else pair[lang == "zh"]


def phrase(key: str, lang: Lang, **data: Any) -> str:
    """The phrase with its data; an English count takes its plural."""
    return _PHRASES[key][lang == "zh"].format(**data, s="" if data.get("n") == 1 else "s")
