"""The laws by name, and the error that says which of them was broken, by what."""

from __future__ import annotations

from typing import Literal

from caseflow.core.values import Value, value

Lang = Literal["en", "zh"]

LAWS: dict[str, tuple[str, str]] = {
    "1": ("replay is live", "重放即实况"),
    "2": ("a late sweep is a timely sweep", "迟扫等于准时扫"),
    "3": ("never early, and at its instant it fires", "不早发,到时必发"),
    "4": ("once", "只发一次"),
    "5": (
        "a pause never shortens; storing and sweeping change nothing else",
        "暂停不缩短期限;存取与扫描不改他事",
    ),
    "6": ("a fact is never refused", "事实不被拒绝"),
    "7": ("nothing is lost", "已确认的不丢失"),
    "8": ("refusals are data", "拒绝即数据"),
    "9": ("the public view leaks nothing", "公开视图不泄露"),
    "10": ("races are settled", "竞争有定论"),
    "lifecycle": ("a case moves as the policy says", "案件按政策流转"),
    "clocks": ("clocks run as the policy says", "时钟按政策运行"),
    "holder": ("a card names who held the case then", "牌记当时承办单位"),
    "merge": ("a merged case never escalates, and forgets nothing", "并案不升级,恢复不遗忘"),
    "liveness": ("an end can always be reached", "总能走到终点"),
    "rungs": ("every rung can fire", "每级都可能触发"),
}
"""Key -> what the law says, in English and Chinese. The numbers are those of the laws of the engine; the
others follow from them or from the policy itself."""


def law_text(law: str, lang: Lang = "en") -> str:
    """The law by number and name: ``3, never early, and at its instant it fires``."""
    said = LAWS[law][1 if lang == "zh" else 0]
    return f"{law}, {said}" if law.isdigit() else said


class LawBroken(AssertionError):
    """A law does not hold.

    Attributes:
        law: its key in `LAWS`.
        what: what was found, in one sentence.
        case_id: the case; empty when it is about the policy.
    """

    def __init__(self, law: str, what: str, *, case_id: str = "") -> None:
        super().__init__(f"law {law_text(law)}: {what}")
        self.law = law
        self.what = what
        self.case_id = case_id


def hold(found: object, law: str, what: str, *, case_id: str = "") -> None:
    """Raise `LawBroken` unless what was found is true."""
    if not found:
        raise LawBroken(law, what, case_id=case_id)


@value
class Violation(Value):
    """A law that does not hold, with the shortest life found that shows it.

    Attributes:
        law: its key in `LAWS`.
        what: what was found.
        story: what happened, a dated line for each event; empty when it is about the policy itself.
        snippet: Python that lives through it again and raises the same error.
    """

    law: str
    what: str
    story: str = ""
    snippet: str = ""

    def text(self, lang: Lang = "en") -> str:
        """Law, what was found, and the story."""
        head = f"{'法则' if lang == 'zh' else 'law'} {law_text(self.law, lang)}"
        return "\n".join([head, f"  {self.what}", *(f"    {line}" for line in self.story.splitlines())])
