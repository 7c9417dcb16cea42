"""The evidence sheet of a referral (佐证清单): what is held against a unit, explained, as of one day."""

from __future__ import annotations

import html
from datetime import datetime
from functools import partial
from string import Template

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import renamed
from caseflow.core.policy import RETURN
from caseflow.core.time.instants import micros, moment
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.i18n import Lang, text
from caseflow.oversight.evidence import Evidence, EvidenceReader
from caseflow.oversight.referral_file import ReferralFile, referral_file
from caseflow.ports import Quarantined
from caseflow.views.explain import ExplainedRung, Explanation
from caseflow.views.labels import PolicyLabels, last_day, length_text


class SheetRow(Value):
    """One card or return. Instants are ISO 8601 in the office's zone of its case; empty for none.

    Attributes:
        name: ``CASE@VERSION``: the event by which it was recorded, which the audit chain covers.
        what: the label of the card's level, or that the case was given back.
        began_at, last_day: when the count began, and the last day or instant on time.
        length: how long the rule gives, in words; ``rule`` and ``source`` say which it is and whence.
        stands: whether it stood at the sheet's instant: on record, not annulled, accepted.
        annulled_at, cause: of a card that was annulled by then.
        is_set_aside: whether the panel did not accept it by then.
    """

    name: str
    case_id: str
    what: str
    effective_at: str
    clock: str = ""
    began_at: str = ""
    last_day: str = ""
    length: str = ""
    rule: str = ""
    source: str = ""
    stands: bool = True
    annulled_at: str = ""
    cause: str = ""
    is_set_aside: bool = False


class EvidenceSheet(Value):
    """What a referral holds against a unit, as of an instant.

    ``rows`` are in the order in which they were brought; what cannot be read any more is in ``quarantined``.
    """

    referral: str
    unit: str
    conduct: str
    office: str
    at: str
    since: str
    until: str
    rows: tuple[SheetRow, ...]
    quarantined: tuple[Quarantined, ...] = ()


def evidence_sheet(
    desk: Desk, referral: str, *, at: datetime | str | int | None = None, lang: Lang = "zh"
) -> EvidenceSheet:
    """The sheet of a referral: every card with its explanation, each as it stood at the instant.

    Args:
        at: by default when the referral was proposed.
        lang: the language of labels.

    Raises:
        UnknownCase: no such case.
        BadInput: something that is no instant.
    """
    file, rules = referral_file(desk, referral), desk.rules_of(referral)
    at_us = file.submitted_us if at is None else micros(at, what="at")
    reader, labels = EvidenceReader(desk), PolicyLabels(rules, lang)
    rows = (reader.get(name) for name in file.evidence)
    shown = [
        reader.tried(row.case_id, partial(_row, desk, file, row, at_us, lang=lang))
        for row in rows
        if row is not None and row.noticed_us <= at_us
    ]
    return EvidenceSheet(
        referral,
        file.unit,
        labels.named(rules.policy.kinds, file.conduct),
        labels.office(),
        at=_iso(at_us, rules),
        since=file.period[0],
        until=file.period[1],
        rows=tuple(row for row in shown if row is not None),
        quarantined=tuple(reader.aside),
    )


def _row(desk: Desk, file: ReferralFile, row: Evidence, at_us: int, *, lang: Lang) -> SheetRow:
    rules = desk.rules_of(row.case_id)
    labels, gone = PolicyLabels(rules, lang), file.gone.get(row.name)
    is_annulled = row.annulled_us is not None and row.annulled_us <= at_us
    is_set_aside = gone is not None and gone.action == "set_aside" and gone.at_us <= at_us
    sheet = SheetRow(
        row.name,
        row.case_id,
        text("oversight.returned", lang) if row.level == RETURN else labels.level(row.clock, row.level),
        _iso(row.since_us, rules),
        stands=not is_annulled and not is_set_aside,
        annulled_at=_iso(row.annulled_us or 0, rules) if is_annulled else "",
        cause=row.cause if is_annulled else "",
        is_set_aside=is_set_aside,
    )
    return sheet if row.level == RETURN else _explained(desk, sheet, row, lang)


def _explained(desk: Desk, sheet: SheetRow, row: Evidence, lang: Lang) -> SheetRow:
    """With why the card was due: its clock, from when, how long, by which rule."""
    case = desk.get(row.case_id)
    rules = desk.rules_of(case)
    clock = renamed(case.facts.renamed, row.clock)
    labels, zone = PolicyLabels(rules, lang), rules.policy.timezone
    key = (row.subject, row.cycle)
    run = next((one for one in desk.explain(case.id, clock=clock) if (one.subject, one.cycle) == key), None)
    rung = None if run is None else next((one for one in run.rungs if one.level == row.level), None)
    if run is None or rung is None:  # its clock was given up by a change of rules
        return sheet.replace(clock=labels.clock(row.clock, row.subject))
    return sheet.replace(
        clock=labels.clock(clock, row.subject),
        began_at=run.since.isoformat(),
        last_day=last_day(row.since_us, zone).isoformat(),
        length=_length(labels, run, rung),
        rule=rung.rule,
        source=rung.source or run.source,
    )


def _length(labels: PolicyLabels, run: Explanation, rung: ExplainedRung) -> str:
    base = rung.of and labels.level(run.clock, rung.of)
    return length_text(rung.length, rung.unit, run.counting, labels.lang, base=base)


def _iso(us: int, rules: CompiledPolicy) -> str:
    return moment(us, rules.policy.timezone).isoformat()


_PAGE = Template(
    """<!doctype html>
<html lang="$lang">
<head>
<meta charset="utf-8">
<title>$title</title>
<style>
@page { size: A4; margin: 20mm 18mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 174mm; background: #fff; color: #000;
  font: 11pt/1.5 FangSong, STFangsong, "Noto Serif CJK SC", "Source Han Serif SC", SimSun, serif; }
h1 { font-size: 20pt; text-align: center; margin: 0 0 4mm; }
table { width: 100%; border-collapse: collapse; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { border: .75pt solid #000; padding: 1.5mm 2mm; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
.gone td { color: #777; text-decoration: line-through; }
.gone td:last-child { text-decoration: none; }
</style>
</head>
<body>
<h1>$title</h1>
<p>$head</p>
<table>
<thead><tr>$columns</tr></thead>
<tbody>
$rows
</tbody>
</table>
<p>$foot</p>
</body>
</html>
"""
)


def sheet_html(sheet: EvidenceSheet, *, lang: Lang = "zh") -> str:
    """The sheet as a page that prints on A4, over as many sheets of paper as it needs.

    What did not stand is struck through, with what annulled it beside.
    """
    title = text("oversight.sheet", lang, conduct=sheet.conduct)
    head = text(
        "oversight.head", lang, unit=sheet.unit, referral=sheet.referral, office=sheet.office,
        since=sheet.since or "—", until=sheet.until or "—",
    )  # fmt: skip
    standing = sum(row.stands for row in sheet.rows)
    foot = text("oversight.foot", lang, at=_minute(sheet.at), count=len(sheet.rows), standing=standing)
    columns = ("number", "case", "what", "effective", "why", "standing")
    return _PAGE.substitute(
        lang="zh-CN" if lang == "zh" else lang,
        title=html.escape(title),
        head=html.escape(head),
        foot=html.escape(foot),
        columns="".join(f"<th>{html.escape(text(f'oversight.{name}', lang))}</th>" for name in columns),
        rows="\n".join(_html_row(number, row, lang) for number, row in enumerate(sheet.rows, 1)),
    )


def _html_row(number: int, row: SheetRow, lang: Lang) -> str:
    why = ""
    if row.length:
        why = text(
            "oversight.because", lang, clock=row.clock, began=_minute(row.began_at), length=row.length,
            last=row.last_day, source=row.source,
        )  # fmt: skip
    standing = text("oversight.stands" if row.stands else "oversight.set-aside", lang)
    if row.annulled_at:
        standing = text("oversight.annulled", lang, at=_minute(row.annulled_at), cause=row.cause)
    cells = (str(number), row.name, row.what, _minute(row.effective_at), why, standing)
    mark = "" if row.stands else ' class="gone"'
    return f"<tr{mark}>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"


def _minute(iso: str) -> str:
    """An instant for people: as written, without seconds and offset."""
    return iso[:16].replace("T", " ")
