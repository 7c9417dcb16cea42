"""``{% load caseflow_tags %}``: a case's state, deadline and timeline in the portal's own templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from caseflow.contrib.django.config import actor_of, desk, language, word
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.time.instants import micros
from caseflow.errors import Refused, UnknownCase
from caseflow.views.documents import CaseDocument, case_document
from caseflow.views.labels import clock_time
from caseflow.views.timeline_svg import drawing

register = template.Library()


@register.filter
def state_label(case: Case | CaseDocument) -> str:
    """``{{ case|state_label }}``: what people call the state the case is in."""
    return _document(case).state.label


@register.filter
def case_time(at: datetime | None) -> str:
    """``{{ card.effective_at|case_time }}``: an instant of a case, in its office's zone; a dash for none."""
    return "-" if at is None else clock_time(micros(at), getattr(at.tzinfo, "key", "UTC"))


@register.simple_tag
def not_before(at: datetime) -> str:
    """``{% not_before at %}``: of an instant that the calendar does not reach."""
    return word("not-before", at=case_time(at))


@register.simple_tag
def case_deadline(case: Case | CaseDocument) -> SafeString:
    """``{% case_deadline case %}``: the last day of the most urgent clock, and whether it has passed.

    A ``span`` of the class ``caseflow-deadline``, with ``caseflow-overdue`` beside it where it has.
    """
    shown = _document(case)
    if shown.deadline is None:
        return format_html('<span class="caseflow-deadline">{}</span>', word("not-running"))
    day = shown.last_day.isoformat() if shown.last_day else case_time(shown.deadline)
    mark = " caseflow-overdue" if shown.is_overdue else ""
    more = format_html(" <strong>{}</strong>", word("overdue")) if shown.is_overdue else ""
    return format_html('<span class="caseflow-deadline{}"><time>{}</time>{}</span>', mark, day, more)


@register.simple_tag(takes_context=True)
def case_timeline(context: dict[str, Any], case: Case | CaseDocument | str, by: Actor | None = None) -> str:
    """``{% case_timeline case %}``: the case's life as an SVG picture, as far as the reader may see it.

    Empty where they may not see the case.

    Args:
        context: of the template; its ``request`` says who is signed in.
        case: the case, or its id.
        by: who reads, in place of `actor_of`.
    """
    actor = by or (actor_of(context["request"]) if "request" in context else None)
    if actor is None:
        return ""
    case_id = case if isinstance(case, str) else case.id
    try:
        life = desk().seen_by(actor).lifeline(case_id, lang=language())
    except (UnknownCase, Refused):
        return ""
    return mark_safe(drawing(life, lang=language()))  # every word of it is escaped there


def _document(case: Case | CaseDocument) -> CaseDocument:
    if isinstance(case, CaseDocument):
        return case
    return case_document(desk().rules_of(case), case, desk().clock.now_us(), lang=language())
