"""A numbered document as a page to print on A4, such as the urging notice (催办通知单); text templates."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence, Set
from datetime import date
from functools import cache
from pathlib import Path
from string import Template
from typing import Protocol

from caseflow.core.bounds import TEMPLATE
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case, Receipt
from caseflow.core.notices import Document, whole
from caseflow.core.time.instants import SECOND, moment
from caseflow.core.time.span import length_of
from caseflow.core.value import Value
from caseflow.errors import BadInput
from caseflow.i18n import FALLBACK, Lang, text
from caseflow.views.labels import PolicyLabels, clock_time, last_day

WORDS = frozenset(
    {"kind", "number", "issuer", "office", "addressee", "case", "title", "submitted", "clock", "level",
     "days", "deadline", "effective", "issued", "signed", "void"}
)  # fmt: skip
"""What a page may speak of."""


class KeptText(Protocol):
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
    return text("letters.number", lang, series=draft.series, year=draft.year, number=document.number)


def day_of(us: int, zone: str, lang: Lang) -> str:
    """A day as an office dates its letters: ``2025年4月2日``; in English ``2025-04-02``.

    Source: GB/T 9704-2012 (党政机关公文格式), Arabic figures without leading zeros.
    """
    return _day(moment(us, zone).date(), lang)


def _day(day: date, lang: Lang) -> str:
    return text("letters.day", lang, date=day.isoformat(), year=day.year, month=day.month, day=day.day)


def _to_the_minute(us: int, zone: str) -> str:
    return clock_time(us - us % (60 * SECOND), zone)


def title_of(case: Case, texts: Sequence[KeptText], lang: Lang) -> str:
    """The newest title that is kept; a note in its place when it was erased, or was never given."""
    titles = [kept.text for kept in texts if kept.field == "title" and kept.text]
    if titles:
        return titles[-1]
    redacted = (name for redaction in case.facts.redactions for name in redaction.fields)
    is_erased = any(name.partition("@")[0] == "title" for name in redacted)
    return text("letters.erased" if is_erased else "letters.untitled", lang)


def letter(
    rules: CompiledPolicy,
    case: Case,
    document: Document,
    *,
    texts: Sequence[KeptText] = (),
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
    body = document.draft.body
    words = _document_words(rules, document, lang) | _case_words(rules, case, document, lang)
    words["title"] = title_of(case, texts, lang)
    key = str(body.get("template") or "")
    return _page(key if TEMPLATE.fullmatch(key) else "document", lang, folder, as_html(words))


def _document_words(rules: CompiledPolicy, document: Document, lang: Lang) -> dict[str, str]:
    """What the document itself says, however its case went on."""
    body, labels = document.draft.body, PolicyLabels(rules, lang)
    zone, clock, level = rules.policy.timezone, str(body.get("clock", "")), str(body.get("level", ""))
    kind = str(body.get("kind", ""))
    rule = rules.policy.documents.get(kind)
    return {
        "kind": rule.labels.get(lang, kind) if rule else kind,
        "number": number_of(document, lang),
        "issuer": labels.role(str(body.get("issuer", ""))),
        "office": labels.office(),
        "addressee": str(body.get("unit", "")) or "—",
        "clock": labels.clock(clock, str(body.get("subject", ""))),
        "level": labels.level(clock, level),
        "days": _period(labels, clock, level),
        "effective": _to_the_minute(whole(body, "effective_us"), zone),
        "issued": day_of(whole(body, "issued_us"), zone, lang),
        "void": text("letters.void", lang) if document.is_void else "",
    }


def _case_words(rules: CompiledPolicy, case: Case, document: Document, lang: Lang) -> dict[str, str]:
    """What the page says of the case as it stands now."""
    body, zone = document.draft.body, rules.policy.timezone
    key = (str(body.get("clock", "")), body.get("subject", ""), body.get("cycle", 1))
    run = next((run for run in case.clocks if run.key == key), None)
    deadline = run.deadline_us if run else None
    receipts = (receipt for receipt in case.facts.receipts if receipt.document == document.draft.id)
    receipt = next(receipts, None)
    return {
        "case": case.id,
        "submitted": day_of(case.submitted_us, zone, lang),
        "deadline": "—" if deadline is None else _day(last_day(deadline, zone), lang),
        "signed": _signed(receipt, zone, lang) if receipt else "",
    }


def _signed(receipt: Receipt, zone: str, lang: Lang) -> str:
    return text("letters.signed", lang, at=_to_the_minute(receipt.at_us, zone), unit=receipt.unit)


def _period(labels: PolicyLabels, clock: str, level: str) -> str:
    rung, rule = labels.rung(clock, level), labels.rules.policy.clocks.get(clock)
    if rung is None or rule is None:
        return "—"
    unit, amount = length_of(rung)
    if not unit or isinstance(amount, str):  # the case itself says it
        return "—"
    return text(f"letters.{rule.counting if unit == 'days' else unit}", labels.lang, n=amount)


def _page(key: str, lang: Lang, folder: Path | None, words: dict[str, str]) -> str:
    own = folder / f"{key}.{lang}.html" if folder else None
    if own is not None and own.is_file():
        page = own.read_text(encoding="utf-8")
        return checked_template(page, WORDS, what=str(own)).substitute(words)
    return checked_template(_shipped(key, lang), WORDS, what=f"{key}.{lang}.html").substitute(words)


@cache
def _shipped(key: str, lang: str) -> str:
    """A whole page: the frame of the language, the sheet that all share, and what this letter says."""
    from importlib import resources  # a good part of the time of importing caseflow

    pages = resources.files("caseflow.views.letters")
    lang = lang if pages.joinpath(f"frame.{lang}.html").is_file() else FALLBACK
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
        checked_template(page.read_text(encoding="utf-8"), WORDS, what=str(page))


def checked_template(text: str, known: Set[str], *, what: str) -> Template:
    """The template of a text with places such as ``$unit`` or ``${unit}``; ``$$`` is a dollar sign.

    Raises:
        BadInput: a place that nothing fills, or a dollar sign alone.
    """
    template = Template(text)
    if not template.is_valid():
        raise BadInput("bad-template", what=what, found="$")
    unknown = sorted(set(template.get_identifiers()) - known)
    if unknown:
        raise BadInput("template-unknown-word", what=what, found=unknown[0], known=", ".join(sorted(known)))
    return template


def as_html(words: Mapping[str, str]) -> dict[str, str]:
    """The words with every character escaped that means something in HTML; line breaks become ``<br>``."""
    return {name: html.escape(word).replace("\n", "<br>") for name, word in words.items()}


def paragraphs(text: str, lang: str) -> str:
    """A plain text as a small HTML document: a paragraph for each block of lines."""
    blocks = [block for block in text.split("\n\n") if block.strip()]
    body = "\n".join(f"<p>{html.escape(block.strip()).replace(chr(10), '<br>')}</p>" for block in blocks)
    head = f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8"></head>'
    return f"{head}<body>\n{body}\n</body></html>\n"


class Message(Value):
    """What is said: one line, and a text."""

    subject: Template
    text: Template


def sections(raw: str, known: Set[str], *, what: str) -> dict[str, Message]:
    """The messages of a file: ``# key``, the subject on the next line, and the text below it.

    Raises:
        BadInput: a section without a subject, or a template that cannot be filled.
    """
    messages: dict[str, Message] = {}
    for part in ("\n" + raw.replace("\r\n", "\n")).split("\n# ")[1:]:
        key, _, rest = part.partition("\n")
        subject, _, text = rest.strip("\n").partition("\n")
        place = f"{what}: {key.strip()}"
        if not key.strip() or not subject.strip():
            raise BadInput("bad-template", what=place, found="''")
        messages[key.strip()] = Message(
            checked_template(subject.strip(), known, what=place),
            checked_template(text.strip() + "\n", known, what=place),
        )
    return messages
