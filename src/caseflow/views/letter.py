"""A numbered document as a page: the urging notice (催办通知单) and its kind, to read and to print on A4."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Protocol

from caseflow.core.case import Case
from caseflow.core.instants import moment
from caseflow.core.rules import Rules
from caseflow.errors import BadInput
from caseflow.outbox import Document
from caseflow.views.naming import Naming
from caseflow.views.story_words import Lang
from caseflow.views.templates import as_html, checked
from caseflow.views.times import clock_time, last_day

WORDS = frozenset(
    {"kind", "number", "issuer", "office", "addressee", "case", "title", "submitted", "clock", "level",
     "days", "deadline", "effective", "issued", "signed", "void"}
)  # fmt: skip
"""What a page may speak of."""

_SIGNED = {"zh": "已于 {0} 由 {1} 签收", "en": "signed for on {0} for {1}"}
_VOID = {"zh": "作废", "en": "VOID"}
_NUMBER = {"zh": "{0}〔{1}〕第{2}号", "en": "{0} ({1}) No. {2}"}
_ERASED = {"zh": "（已依法删除）", "en": "(erased by law)"}
_PERIOD = {"zh": "{0}{1}", "en": "{0} {1}"}
_COUNTS = {
    ("zh", "natural"): "个自然日", ("zh", "working"): "个工作日",
    ("zh", "elapsed"): "天", ("zh", "hours"): "小时",
    ("en", "natural"): "natural days", ("en", "working"): "working days", ("en", "elapsed"): "days",
    ("en", "hours"): "hours",
}  # fmt: skip


class Kept(Protocol):
    """A personal text as a store keeps it: see `caseflow.ports.Text`."""

    @property
    def field(self) -> str:
        """Which it is."""
        ...

    @property
    def text(self) -> str:
        """What it says; empty when it was erased."""
        ...


def number_of(document: Document, lang: Lang = "zh") -> str:
    """The number as it is written: ``催办〔2025〕第3号``."""
    draft = document.draft
    return _NUMBER[lang].format(draft.series, draft.year, document.number)


def day_of(us: int, zone: str, lang: Lang) -> str:
    """A day as an office dates its letters: ``2025年4月2日``; in English ``2025-04-02``.

    Source: GB/T 9704-2012 (党政机关公文格式), Arabic figures without leading zeros.
    """
    return _day(moment(us, zone).date(), lang)


def _day(day: date, lang: Lang) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if lang == "zh" else day.isoformat()


def title_of(texts: Sequence[Kept], lang: Lang) -> str:
    """The newest title that is kept; a note in its place when it was erased."""
    titles = [text.text for text in texts if text.field == "title" and text.text]
    return titles[-1] if titles else _ERASED[lang]


def letter(
    rules: Rules,
    case: Case,
    document: Document,
    *,
    texts: Sequence[Kept] = (),
    lang: Lang = "zh",
    folder: Path | None = None,
) -> str:
    """The document as an HTML page that prints on one A4 sheet, with its receipt strip (签收回执) below.

    Args:
        texts: the texts of the case, for its title.
        folder: the portal's own pages; ``urging.zh.html`` there takes the place of the shipped one.

    Raises:
        BadInput: a page of the portal's own that cannot be filled.
    """
    body, say = document.draft.body, Naming(rules, lang)
    zone, clock = rules.policy.timezone, str(body.get("clock", ""))
    key = (clock, body.get("subject", ""), body.get("cycle", 1))
    run = next((run for run in case.clocks if run.key == key), None)
    deadline = run.deadline_us if run else None
    receipt = next((found for found in case.facts.receipts if found.document == document.draft.id), None)
    rule = rules.policy.documents.get(str(body.get("kind")))
    words = {
        "kind": rule.labels.get(lang, str(body.get("kind"))) if rule else str(body.get("kind", "")),
        "number": number_of(document, lang),
        "issuer": _role(rules, str(body.get("issuer", "")), lang),
        "office": rules.policy.labels.get(lang, rules.policy.name),
        "addressee": str(body.get("unit", "")) or "—",
        "case": case.id,
        "title": title_of(texts, lang),
        "submitted": day_of(case.submitted_us, zone, lang),
        "clock": say.clock(clock, str(body.get("subject", ""))),
        "level": say.level(clock, str(body.get("level", ""))),
        "days": _period(say, clock, str(body.get("level", "")), lang),
        "deadline": "—" if deadline is None else _day(last_day(deadline, zone), lang),
        "effective": clock_time(int(body.get("effective_us", 0)), zone),
        "issued": day_of(int(body.get("issued_us", 0)), zone, lang),
        "signed": _SIGNED[lang].format(clock_time(receipt.at_us, zone), receipt.unit) if receipt else "",
        "void": _VOID[lang] if document.is_void else "",
    }
    return _page(str(body.get("template") or "document"), lang, folder, as_html(words))


def _role(rules: Rules, name: str, lang: Lang) -> str:
    role = rules.policy.roles.get(name)
    return role.labels.get(lang, name) if role else name


def _period(say: Naming, clock: str, level: str, lang: Lang) -> str:
    rung, rule = say.rung(clock, level), say.rules.policy.clocks.get(clock)
    if rung is None or rule is None:
        return "—"
    count = _COUNTS[lang, "hours" if rung.hours else rule.counting]
    return _PERIOD[lang].format(rung.days or rung.hours, count)


def _page(key: str, lang: Lang, folder: Path | None, words: dict[str, str]) -> str:
    own = folder / f"{key}.{lang}.html" if folder else None
    if own is not None and own.is_file():
        text = own.read_text(encoding="utf-8")
        return checked(text, WORDS, what=str(own)).substitute(words)
    return checked(_shipped(key, lang), WORDS, what=f"{key}.{lang}.html").substitute(words)


@cache
def _shipped(key: str, lang: str) -> str:
    """A whole page: the frame of the language, the sheet that all share, and what this letter says."""
    pages = resources.files("caseflow.views.letters")
    letter = pages.joinpath(f"{key}.{lang}.html")
    if not letter.is_file():
        letter = pages.joinpath(f"document.{lang}.html")
    page = pages.joinpath(f"frame.{lang}.html").read_text(encoding="utf-8")
    for place, part in (("sheet", pages.joinpath("sheet.css")), ("letter", letter)):
        page = page.replace(f"<!-- {place} -->\n", part.read_text(encoding="utf-8"))
    return page


def check_folder(folder: Path) -> None:
    """Try every page of a portal's folder.

    Raises:
        BadInput: a page with a place that nothing fills.
    """
    if not folder.is_dir():
        raise BadInput("no-template-folder", what="templates", found=str(folder))
    for page in sorted(folder.glob("*.html")):
        checked(page.read_text(encoding="utf-8"), WORDS, what=str(page))
