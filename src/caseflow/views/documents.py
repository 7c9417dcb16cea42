"""Plain JSON documents of a case and of what a desk answers, with labels beside keys, for portals' pages.

Every key of a policy comes with its label in the reader's language. Instants are in the office's zone and
never later than what happened: whole seconds, since people read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Card, Case, CaseLink, Rating
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.events import Fields
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.i18n import Lang, event_text
from caseflow.views.forecast import Forecast
from caseflow.views.labels import PolicyLabels, last_day, stage_label, term_label
from caseflow.views.public import PublicCase, PublicLink
from caseflow.views.story import Story


class JsonDocument(Value, omit_defaults=False):
    """What a portal sends to a page or a program: only texts, numbers, lists and objects inside."""

    def to_dict(self) -> dict[str, Any]:
        """The document as `json.dumps` takes it: dates and instants as ISO 8601 text."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


class Labelled(JsonDocument):
    """A stable key, and what people read for it."""

    key: str
    label: str


class RungDocument(JsonDocument):
    """One rung of a clock: ``due_at`` is the first instant that is late, ``null`` while a pause is open.

    ``last_day`` is the day on which an act is last on time. Not ``certain`` means "not before".
    """

    level: Labelled
    kind: str
    due_at: datetime | None
    last_day: date | None
    certain: bool
    fired: bool


class ClockDocument(JsonDocument):
    """One instance of a clock, with its ladder; ``subject`` is the unit or value it is for, or empty."""

    clock: Labelled
    subject: str
    cycle: int
    status: Labelled
    since: datetime
    until: datetime | None
    rungs: tuple[RungDocument, ...]


class CardDocument(JsonDocument):
    """A card or a reminder: to whom, since when, and whether it stands."""

    clock: Labelled
    level: Labelled
    kind: str
    subject: str
    cycle: int
    unit: str
    effective_at: datetime
    detected_at: datetime
    annulled_at: datetime | None
    stands: bool


class AnswerDocument(JsonDocument):
    """What was said in one field of an evaluation: an axis; each value with its label."""

    field: Labelled
    values: tuple[Labelled, ...]


class RatingDocument(JsonDocument):
    """One rating by the citizen, or asked of them; ``stands`` says which one counts in the present cycle.

    ``by`` is the role of whoever recorded it; ``is_own`` whether the citizen gave it themselves.
    """

    at: datetime
    by: Labelled
    is_own: bool
    cycle: int
    score: int | None
    satisfied: bool | None
    resolved: bool | None
    causes: tuple[Labelled, ...]
    answers: tuple[AnswerDocument, ...]
    stands: bool


class LinkDocument(JsonDocument):
    """Another case that this one is linked to; ``inward`` when the link leads from that one to this."""

    type: Labelled
    case: str
    inward: bool


MOST_LINKS = 100
"""So many links a document names: a proposal may have thousands."""


class CaseDocument(JsonDocument):
    """A case as those who handle it see it, without its texts.

    ``deadline`` is the first instant at which the most urgent running clock is late, ``last_day`` the day on
    which an act is last on time; ``is_overdue`` says whether it has passed. ``helpers`` are the co-handling
    units. ``number`` is the case's as it is written, empty where it has none; ``policy`` that whose rules it
    is under, by its name. ``links`` names the first hundred links, ``link_count`` says how many there are.
    """

    id: str
    number: str
    version: int
    policy: Labelled
    kind: Labelled | None
    state: Labelled
    stage: Labelled
    is_open: bool
    unit: str
    helpers: tuple[str, ...]
    submitted_at: datetime
    deadline: datetime | None
    last_day: date | None
    is_overdue: bool
    next_due: datetime | None
    clocks: tuple[ClockDocument, ...]
    cards: tuple[CardDocument, ...]
    reminders: tuple[CardDocument, ...]
    ratings: tuple[RatingDocument, ...]
    links: tuple[LinkDocument, ...]
    link_count: int


class PageDocument(JsonDocument):
    """Some cases in their order, and the cursor for those after them; empty on the last page.

    ``quarantined`` names what lies among them and cannot be read.
    """

    cases: tuple[CaseDocument, ...]
    cursor: str
    quarantined: tuple[str, ...]


class CountDocument(JsonDocument):
    """How many cases there are of a state or level; ``what`` is ``null`` for those without."""

    what: Labelled | None
    cases: int


class UnitCountDocument(JsonDocument):
    """How many cases a unit holds; the unit is empty for those that none holds."""

    unit: str
    cases: int


class CountsDocument(JsonDocument):
    """How many cases there are, by state, by unit, and by the level of their highest standing card.

    ``quarantined`` names policies that cannot be read, whose cases are left out.
    """

    total: int
    states: tuple[CountDocument, ...]
    units: tuple[UnitCountDocument, ...]
    levels: tuple[CountDocument, ...]
    quarantined: tuple[str, ...]


class PublicCardDocument(JsonDocument):
    """A standing card as anyone may see it."""

    level: Labelled
    unit: str
    effective_at: datetime


class PublicCaseDocument(JsonDocument):
    """A case as anyone may see it: an allow-list without texts, people and notes.

    ``number`` is the case's as it is written, empty where it has none. ``links`` and ``link_count`` are as in
    a `CaseDocument`, of the links that anyone may see.
    """

    id: str
    number: str
    policy: Labelled
    kind: Labelled | None
    state: Labelled
    stage: Labelled
    unit: str
    submitted_at: datetime
    replied_at: datetime | None
    score: int | None
    answers: tuple[AnswerDocument, ...]
    cards: tuple[PublicCardDocument, ...]
    links: tuple[LinkDocument, ...]
    link_count: int


class TextDocument(JsonDocument):
    """A personal text: the case's version after its event, its field; ``null`` where it was erased."""

    version: int
    field: Labelled
    text: str | None


class TextsDocument(JsonDocument):
    """Personal texts of a case, in the order they came."""

    texts: tuple[TextDocument, ...]


class StoryLineDocument(JsonDocument):
    """One event in words, as the case's history tells it."""

    version: int
    event: str
    at: datetime
    when: str
    what: str
    detail: str


class StoryDocument(JsonDocument):
    """What happened, in the order of time."""

    lines: tuple[StoryLineDocument, ...]


class ComingDocument(JsonDocument):
    """One thing to come if nobody acts; ``what`` says it in words. Not ``certain`` means "not before"."""

    at: datetime
    what: str
    level: Labelled | None
    clock: Labelled | None
    state: Labelled
    certain: bool


class ForecastDocument(JsonDocument):
    """What happens, and when, if nobody acts, in the order of time."""

    coming: tuple[ComingDocument, ...]


def case_document(
    rules: CompiledPolicy, case: Case, now: int, *, number: str = "", lang: Lang = "en"
) -> CaseDocument:
    """The case in a language.

    Args:
        rules: those the case pins.
        now: the instant by which it is overdue or not, in epoch microseconds.
        number: as `caseflow.Desk.number` writes it.
    """
    labels, zone = PolicyLabels(rules, lang), case.origin.zone
    due = case.deadline_us
    clock = next((run.clock for run in case.clocks if run.is_running and run.deadline_us == due), "")
    return CaseDocument(
        id=case.id,
        number=number,
        version=case.version,
        policy=_policy(labels),
        kind=_kind(labels, case.origin.kind),
        state=_state(labels, case.state),
        stage=_stage(case.stage, lang),
        is_open=case.is_open,
        unit=case.unit,
        helpers=case.facts.co_handlers,
        submitted_at=_second(case.submitted_us, zone),
        deadline=_at(due, zone),
        last_day=_last_day(labels, clock, due, zone),
        is_overdue=due is not None and due <= now,
        next_due=_at(case.next_due_us, zone),
        clocks=tuple(_clock(labels, run, zone) for run in case.clocks),
        cards=tuple(_card(labels, case, card) for card in case.cards),
        reminders=tuple(_card(labels, case, card) for card in case.reminders),
        ratings=tuple(_rating(labels, case, rating, zone) for rating in case.facts.ratings),
        links=_links(labels, case.facts.links),
        link_count=len(case.facts.links),
    )


def texts_document(texts: Iterable[TextDocument]) -> TextsDocument:
    """Texts together."""
    return TextsDocument(tuple(texts))


def page_document(
    cases: Iterable[CaseDocument], cursor: str, *, quarantined: Iterable[str] = ()
) -> PageDocument:
    """A page of a list."""
    return PageDocument(cases=tuple(cases), cursor=cursor, quarantined=tuple(quarantined))


def counts_document(
    rules: CompiledPolicy,
    *,
    states: Mapping[str, int],
    units: Mapping[str, int],
    levels: Mapping[str, int],
    quarantined: Iterable[str] = (),
    lang: Lang = "en",
) -> CountsDocument:
    """Counts of cases in a language, with the labels of these rules."""
    labels = PolicyLabels(rules, lang)
    return CountsDocument(
        total=sum(states.values()),
        states=tuple(CountDocument(_state(labels, state), cases) for state, cases in states.items()),
        units=tuple(UnitCountDocument(unit, cases) for unit, cases in units.items()),
        levels=tuple(
            CountDocument(Labelled(key=level, label=_level_of_any(labels, level)) if level else None, cases)
            for level, cases in levels.items()
        ),
        quarantined=tuple(quarantined),
    )


def public_document(
    rules: CompiledPolicy, case: PublicCase, *, number: str = "", lang: Lang = "en"
) -> PublicCaseDocument:
    """The public's view of a case in a language; its number as `caseflow.Desk.number` writes it."""
    labels = PolicyLabels(rules, lang)
    return PublicCaseDocument(
        id=case.id,
        number=number,
        policy=_policy(labels),
        kind=_kind(labels, case.kind),
        state=_state(labels, case.state),
        stage=_stage(case.stage, lang),
        unit=case.unit,
        submitted_at=case.submitted_at.replace(microsecond=0),
        replied_at=case.replied_at and case.replied_at.replace(microsecond=0),
        score=case.score,
        answers=_answers(labels, case.axes),
        cards=tuple(
            PublicCardDocument(
                level=Labelled(key=card.level, label=_level_of_any(labels, card.level)),
                unit=card.unit,
                effective_at=card.effective_at.replace(microsecond=0),
            )
            for card in case.cards
        ),
        links=_links(labels, case.links),
        link_count=len(case.links),
    )


def text_document(
    rules: CompiledPolicy, *, version: int, field: str, content: str | None, lang: Lang = "en"
) -> TextDocument:
    """A personal text of a case; ``content`` is ``None`` where it was erased."""
    label = PolicyLabels(rules, lang).field(field)
    return TextDocument(version=version, field=Labelled(key=field, label=label), text=content)


def story_document(rules: CompiledPolicy, story: Story) -> StoryDocument:
    """A story, in the language it was told in."""
    zone = rules.policy.timezone
    return StoryDocument(
        lines=tuple(
            StoryLineDocument(
                version=line.version,
                event=line.event,
                at=_second(line.at_us, zone),
                when=line.when,
                what=line.what,
                detail=line.detail,
            )
            for line in story.lines
        )
    )


def forecast_document(
    rules: CompiledPolicy, coming: Iterable[Forecast], *, lang: Lang = "en"
) -> ForecastDocument:
    """What is to come, in words."""
    labels = PolicyLabels(rules, lang)
    return ForecastDocument(coming=tuple(_coming(labels, item) for item in coming))


def _policy(labels: PolicyLabels) -> Labelled:
    return Labelled(key=labels.rules.policy.name, label=labels.office())


def _kind(labels: PolicyLabels, kind: str) -> Labelled | None:
    return Labelled(key=kind, label=labels.named(labels.rules.policy.kinds, kind)) if kind else None


def _state(labels: PolicyLabels, state: str) -> Labelled:
    return Labelled(key=state, label=labels.state(state))


def _stage(stage: str, lang: Lang) -> Labelled:
    return Labelled(key=str(stage), label=stage_label(stage, lang))


def word_of(key: str, lang: Lang) -> Labelled:
    """A status, a counting or a reason, with its label."""
    return Labelled(key=key, label=term_label(key, lang))


def _second(us: int, zone: str) -> datetime:
    return moment(us, zone).replace(microsecond=0)


def _at(us: int | None, zone: str) -> datetime | None:
    return None if us is None else _second(us, zone)


def _last_day(labels: PolicyLabels, clock: str, due: int | None, zone: str) -> date | None:
    """The last day on time of a clock that counts by days; running time ends within one."""
    plan = labels.rules.plan.get(clock)
    return last_day(due, zone) if due is not None and plan is not None and plan.is_by_days else None


def _clock(labels: PolicyLabels, run: ClockRun, zone: str) -> ClockDocument:
    is_paused = run.is_running and run.is_paused
    return ClockDocument(
        clock=Labelled(key=run.clock, label=labels.clock(run.clock)),
        subject=run.subject,
        cycle=run.cycle,
        status=word_of("paused" if is_paused else run.status, labels.lang),
        since=_second(run.since_us, zone),
        until=_at(run.until_us, zone),
        rungs=tuple(
            RungDocument(
                level=Labelled(key=rung.level, label=labels.level(run.clock, rung.level)),
                kind="card" if rung.is_breach else "reminder",
                due_at=_at(rung.due_us, zone),
                last_day=_last_day(labels, run.clock, rung.due_us, zone) if rung.is_certain else None,
                certain=rung.is_certain,
                fired=rung.has_fired,
            )
            for rung in run.rungs
        ),
    )


def _card(labels: PolicyLabels, case: Case, card: Card) -> CardDocument:
    clock = case.clock_of(card)[0]
    return CardDocument(
        clock=Labelled(key=clock, label=labels.clock(clock)),
        level=Labelled(key=card.level, label=labels.level(clock, card.level)),
        kind="card" if card.is_breach else "reminder",
        subject=card.subject,
        cycle=card.cycle,
        unit=card.unit,
        effective_at=_second(card.effective_us, card.zone),
        detected_at=_second(card.detected_us, card.zone),
        annulled_at=_at(card.annulled_us, card.zone),
        stands=card.stands,
    )


def _rating(labels: PolicyLabels, case: Case, rating: Rating, zone: str) -> RatingDocument:
    return RatingDocument(
        at=_second(rating.at_us, zone),
        by=Labelled(key=rating.by, label=labels.role(rating.by)),
        is_own=rating.is_own,
        cycle=rating.cycle,
        score=rating.score or None,
        satisfied=rating.satisfied,
        resolved=rating.resolved,
        causes=tuple(
            Labelled(key=cause, label=labels.choice("causes", cause, "rate")) for cause in rating.causes
        ),
        answers=_answers(labels, rating.fields),
        stands=rating is case.rating,
    )


def _links(labels: PolicyLabels, links: Sequence[CaseLink | PublicLink]) -> tuple[LinkDocument, ...]:
    return tuple(
        LinkDocument(
            type=Labelled(key=link.type, label=labels.named(labels.rules.policy.links, link.type)),
            case=link.case,
            inward=link.inward,
        )
        for link in links[:MOST_LINKS]
    )


def _answers(labels: PolicyLabels, fields: Fields) -> tuple[AnswerDocument, ...]:
    """What was said in fields of ``rate``, each value with its label."""
    return tuple(
        AnswerDocument(
            field=Labelled(key=name, label=labels.field(name, "rate")),
            values=tuple(
                Labelled(key=str(value), label=labels.choice(name, str(value), "rate"))
                for value in (answer if isinstance(answer, tuple | list) else (answer,))
            ),
        )
        for name, answer in fields
    )


def _level_of_any(labels: PolicyLabels, level: str) -> str:
    """The label of a level, by the first clock that has it."""
    clocks = (clock for clock in labels.rules.policy.clocks if labels.rung(clock, level))
    return labels.level(next(clocks, ""), level)


def _coming(labels: PolicyLabels, item: Forecast) -> ComingDocument:
    level = Labelled(key=item.level, label=labels.level(item.clock, item.level)) if item.level else None
    clock = Labelled(key=item.clock, label=labels.clock(item.clock, item.subject)) if item.clock else None
    return ComingDocument(
        at=item.at.replace(microsecond=0),
        what=level.label if level else event_text(item.what, labels.lang),
        level=level,
        clock=clock,
        state=_state(labels, item.state),
        certain=item.certain,
    )
