"""The JSON documents of why deadlines are what they are: every instance of a clock, explained."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import msgspec

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.i18n import Lang
from caseflow.views.documents import JsonDocument, Labelled, word_of
from caseflow.views.explain import Explanation
from caseflow.views.labels import PolicyLabels, length_text, term_label


class ExplainedRungDocument(JsonDocument):
    """A rung explained: how long it gives in words, its first late instant, and where the law says so."""

    level: Labelled
    length: str
    extended_by: int
    late_at: datetime | None
    last_day: date | None
    certain: bool
    fired: bool
    appealed: bool
    rule: str
    source: str


class ExplainedDayDocument(JsonDocument):
    """One local day of a count: the count at its end, and why it counts or does not."""

    date: date
    count: int
    why: Labelled
    note: str


class ExplainedStretchDocument(JsonDocument):
    """A piece of running time; ``ran`` is how long the clock had run at its end, as ISO 8601 duration."""

    begin: datetime
    end: datetime | None
    ran: str
    why: Labelled


class ExplanationDocument(JsonDocument):
    """Why the deadlines of one instance of a clock are what they are."""

    clock: Labelled
    subject: str
    cycle: int
    status: Labelled
    counting: Labelled
    calendar: str
    timezone: str
    since: datetime
    until: datetime | None
    pauses: tuple[tuple[datetime, datetime | None], ...]
    rungs: tuple[ExplainedRungDocument, ...]
    days: tuple[ExplainedDayDocument, ...]
    stretches: tuple[ExplainedStretchDocument, ...]
    rule: str
    source: str


class ExplanationsDocument(JsonDocument):
    """Every instance of a clock explained, oldest first."""

    explanations: tuple[ExplanationDocument, ...]


def explanations_document(parts: Iterable[ExplanationDocument]) -> ExplanationsDocument:
    """The instances of a clock together."""
    return ExplanationsDocument(tuple(parts))


def explanation_document(
    rules: CompiledPolicy, part: Explanation, *, lang: Lang = "en"
) -> ExplanationDocument:
    """One instance of a clock explained, in words."""
    labels, by_days = PolicyLabels(rules, lang), bool(part.days)
    return ExplanationDocument(
        clock=Labelled(key=part.clock, label=labels.clock(part.clock)),
        subject=part.subject,
        cycle=part.cycle,
        status=word_of(part.status, lang),
        counting=word_of(part.counting, lang),
        calendar=part.calendar,
        timezone=part.zone,
        since=part.since.replace(microsecond=0),
        until=part.until and part.until.replace(microsecond=0),
        pauses=tuple((a.replace(microsecond=0), b and b.replace(microsecond=0)) for a, b in part.pauses),
        rungs=tuple(
            ExplainedRungDocument(
                level=Labelled(key=rung.level, label=labels.level(part.clock, rung.level)),
                length=length_text(
                    rung.length,
                    rung.unit,
                    part.counting,
                    lang,
                    base=rung.of and labels.level(part.clock, rung.of),
                ),
                extended_by=rung.extended_by,
                late_at=rung.late_at and rung.late_at.replace(microsecond=0),
                last_day=_day_before(rung.late_at) if by_days and rung.certain else None,
                certain=rung.certain,
                fired=rung.fired,
                appealed=rung.appealed,
                rule=rung.rule,
                source=rung.source,
            )
            for rung in part.rungs
        ),
        days=tuple(
            ExplainedDayDocument(
                date=day.date, count=day.count, why=word_of(day.why, lang), note=term_label(day.note, lang)
            )
            for day in part.days
        ),
        stretches=tuple(
            ExplainedStretchDocument(
                begin=piece.begin.replace(microsecond=0),
                end=piece.end and piece.end.replace(microsecond=0),
                ran=msgspec.to_builtins(piece.ran),
                why=word_of(piece.why, lang),
            )
            for piece in part.stretches
        ),
        rule=part.rule,
        source=part.source,
    )


def _day_before(late_at: datetime | None) -> date | None:
    return None if late_at is None else (late_at - timedelta(microseconds=1)).date()
