"""What a check of golden histories says in Chinese and English."""

from __future__ import annotations

from caseflow.errors import Lang

_WORDS: dict[str, tuple[str, str]] = {
    "fold": ("the recorded events fold to another case:", "所记录的事件折叠出不同的案件:"),
    "recorded": ("decided again under the policies of their time:", "按当时的政策重新裁定:"),
    "today": ("decided again under today's policy {policy}:", "按现行政策 {policy} 重新裁定:"),
    "card": ("case {case}: {name} was {before}, is {after}", "案件 {case}:{name} 原为 {before},现为 {after}"),
    "card gone": (
        "case {case}: {name} of {before} is not issued any more",
        "案件 {case}:{name}({before})不再发出",
    ),
    "card new": ("case {case}: {name} of {after} is new", "案件 {case}:新增 {name}({after})"),
    "case": ("case {case}: {name} was {before}, is {after}", "案件 {case}:{name} 原为 {before},现为 {after}"),
    "case gone": ("case {case}: {name} was {before}, is gone", "案件 {case}:{name} 原为 {before},现已没有"),
    "case new": ("case {case}: {name} is new: {after}", "案件 {case}:新增 {name}:{after}"),
    "refused": (
        "case {case}: {name} of {before} is refused: {after}",
        "案件 {case}:{before} 的 {name} 现被拒绝:{after}",
    ),
    "story": ("the story of {case}, as it was (-) and is (+):", "{case} 的经过,原(-)与现(+):"),
}


def say(key: str, lang: Lang, **data: str) -> str:
    """The phrase in that language with its data filled in."""
    return _WORDS[key][1 if lang == "zh" else 0].format_map(data)
