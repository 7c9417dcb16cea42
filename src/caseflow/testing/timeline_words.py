"""What a timeline says when an expectation does not hold, in English and Chinese."""

from __future__ import annotations

from typing import Any

from caseflow.views.story_words import Lang

_WORDS: dict[str, tuple[str, str]] = {
    "differs": (
        "the story differs at line {n} (- expected, + actual)",
        "时间线从第 {n} 行起不符(- 预期,+ 实际)",
    ),
    "story": ("the story so far:", "目前的时间线:"),
    "no story": ("(nothing happened yet)", "(尚无事件)"),
    "paste": ("the run as a test of its own:", "可直接粘贴的测试:"),
    "nothing due": ("no deadline lies ahead", "此后没有期限"),
    "waits": (
        "no deadline lies ahead; {n} cases wait for a calendar that reaches further",
        "此后没有确定的期限;{n} 个案件等待更长的日历",
    ),
    "still busy": ("still busy after {n} deadlines", "已触发 {n} 个期限,仍未结束"),
    "stuck": (
        "the deadline at {at} did not fire: a case holds an event this version does not know",
        "{at} 的期限未能触发:案件含有本版本不认识的事件",
    ),
    "outage": (
        "no deadline fires during an outage; leave it first",
        "停机期间不触发期限;请先结束停机",
    ),
    "not refused": ("expected to be refused with {code}, but nothing was", "预期被拒绝({code}),但未被拒绝"),
    "refused otherwise": (
        "expected to be refused with {code}, but got {found}: {text}",
        "预期被拒绝({code}),实际为 {found}:{text}",
    ),
    "not fresh": (
        "The run began on a store that held cases already; they are missing here.",
        "运行开始时存储中已有案件;此处未包含。",
    ),
    "any code": ("any code", "任意代码"),
    "twice changed": (
        "the same command under the same key, delivered twice, changed case {case}",
        "同一幂等键的命令重复送达,却改变了案件 {case}",
    ),
    "twice differs": (
        "{action} was delivered twice under one key, with different outcomes: {first}; then {second}",
        "{action} 以同一幂等键送达两次,结果不同:先 {first};后 {second}",
    ),
    "crash lost": ("after the crash case {case} is not what it was", "重启后案件 {case} 与此前不同"),
}


def said(key: str, lang: Lang, **data: Any) -> str:
    """The sentence in that language, with its data."""
    return _WORDS[key][lang == "zh"].format(**data)
