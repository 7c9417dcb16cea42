"""The fixed words of the field: stages, handling steps, and labels in two languages."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import attrs

from caseflow.core.values import Value, value


class Stage(StrEnum):
    """The four stages of an inquiry, and its end."""

    INQUIRY = "inquiry"
    """网络问事 / 问计"""
    HANDLING = "handling"
    """办理"""
    EVALUATION = "evaluation"
    """评价"""
    RECTIFICATION = "rectification"
    """整改"""
    ENDED = "ended"
    """已结束: closed, withdrawn, rejected or merged"""


class HandlingStep(StrEnum):
    """四步曲: the four steps inside handling; recorded, not required."""

    ACKNOWLEDGE = "acknowledge"
    """立即回复"""
    PROCESS = "process"
    """按程序办理"""
    DISPATCH = "dispatch"
    """及时派员"""
    COMPLETION_NOTICE = "completion_notice"
    """办结告知"""


@attrs.frozen
class Labels:
    """What people read for a stable key."""

    zh: str = ""
    en: str = ""

    def get(self, lang: Literal["en", "zh"], key: str) -> str:
        """The label in that language; the other one, or the key, where it is missing."""
        mine, other = (self.zh, self.en) if lang == "zh" else (self.en, self.zh)
        return mine or other or key


@value
class Place(Value):
    """Where a case stands: its state, the stage the state belongs to, and whether it is an end."""

    state: str
    stage: str
    final: bool = False


NOWHERE = Place("", Stage.INQUIRY)
"""Before the submission."""
