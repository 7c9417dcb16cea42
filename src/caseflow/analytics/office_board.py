"""The year of the boards of offices (领导留言板) from the tables, as `caseflow.offices` counts it."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir

from caseflow.analytics.boards import table_of
from caseflow.offices.office_figures import SATISFIED, BoardYear, holders_between
from caseflow.offices.office_register import Level, OfficeRegister
from caseflow.views.rates import Rate


def office_year(backend: Any, offices: OfficeRegister, year: int) -> BoardYear:
    """The figures of a year: who took part, which leaders replied, how many messages were answered.

    As `caseflow.offices.office_figures.coverage` has them of cases one by one; a message was open in the year
    unless it had ended before it.

    Args:
        backend: of Ibis, with the tables under their names.
    """
    begin, end, last = date(year, 1, 1), date(year + 1, 1, 1), date(year, 12, 31)
    replies = table_of("replies")
    replies = replies.filter(
        ~replies.is_placeholder & replies.stands & (replies.day >= begin) & (replies.day < end)
    )
    known, terms = _offices(offices), _terms(offices)
    of_offices = replies.inner_join(known, replies.unit == known.office)
    held = of_offices.left_join(
        terms,
        [
            of_offices.office == terms.of_office,
            of_offices.day >= terms.since,
            of_offices.day < terms.until,
        ],
    )
    counted = backend.to_pyarrow(
        of_offices.aggregate(provinces=of_offices.province.nunique()).cross_join(
            held.aggregate(unheld=held.count(where=held.holder.isnull()))
        )
    ).to_pylist()[0]
    by_level = backend.to_pyarrow(held.group_by("level").aggregate(leaders=held.holder.nunique())).to_pylist()
    leaders = {row["level"]: row["leaders"] for row in by_level}
    messages = _messages(backend, replies, begin, end)
    provinces = [one.name for one in offices.jurisdictions.values() if one.level == Level.PROVINCE]
    holders = holders_between(offices, begin, end)
    return BoardYear(
        year,
        provinces=Rate(counted["provinces"], len(provinces), of="provinces"),
        mechanisms=Rate(
            sum(offices.mechanism(name, last) is not None for name in provinces),
            len(provinces),
            of="provinces",
        ),
        leaders={
            level: Rate(leaders.get(level, 0), len(holders[level]), of=f"leaders in office, {level}")
            for level in Level
        },
        unheld=counted["unheld"],
        replied=Rate(messages["replied"], messages["open"], of="messages open in the year"),
        rated=Rate(messages["rated"], messages["replied"], of="messages replied to"),
        satisfied=Rate(messages["satisfied"], messages["rated"], of="messages rated"),
    )


def _messages(backend: Any, replies: ir.Table, begin: date, end: date) -> dict[str, int]:
    """Of the messages sent before the end of the year: how many were open, replied, rated, satisfied."""
    cases = table_of("cases")
    cases = cases.filter(cases.is_present & (cases.submitted_day < end))
    answered = replies.group_by("case_id").aggregate(replies=replies.count())
    answered = answered.rename(answered_id="case_id")
    cases = cases.left_join(answered, cases.case_id == answered.answered_id)
    replied = cases.answered_id.notnull()
    figures = cases.aggregate(
        open=cases.count(where=replied | cases.ended_day.isnull() | (cases.ended_day >= begin)),
        replied=cases.count(where=replied),
        rated=cases.count(where=replied & cases.is_rated),
        satisfied=cases.count(where=replied & (cases.score >= SATISFIED)),
    )
    counts: dict[str, int] = backend.to_pyarrow(figures).to_pylist()[0]
    return counts


def _offices(offices: OfficeRegister) -> ir.Table:
    rows = [
        (office.name, str(offices.level(office.name)), offices.province(office.jurisdiction))
        for office in offices.offices()
    ]
    schema = {"office": "string", "level": "string", "province": "string"}
    return ibis.memtable(rows, schema=ibis.schema(schema))


def _terms(offices: OfficeRegister) -> ir.Table:
    rows = [
        (office.name, term.holder, term.since, term.until or date.max)
        for office in offices.offices()
        for term in office.terms
    ]
    schema = {"of_office": "string", "holder": "string", "since": "date", "until": "date"}
    return ibis.memtable(rows, schema=ibis.schema(schema))
