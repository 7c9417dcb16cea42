"""``{% load portal_tags %}``: words, figures and forms in the portal's templates."""

from typing import Any

from django import template
from django.forms import BoundField
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from caseflow.contrib.django.config import language
from caseflow.core.notices import Document
from caseflow.core.policy import Stage
from caseflow.desk.publications import Preview
from caseflow.views.labels import PolicyLabels, stage_label
from caseflow.views.letter import number_of
from caseflow.views.rates import Rate
from inquiries.demo_people import SHOWN

register = template.Library()


@register.filter
def percent(share: Rate) -> int | None:
    """``{{ share|percent }}``: in whole percents, rounded half up; nothing where it is a share of nothing."""
    if not share.denominator:
        return None
    return (200 * share.numerator + share.denominator) // (2 * share.denominator)


@register.filter
def action(words: PolicyLabels, name: str) -> str:
    """``{{ words|action:name }}``: what people call an action."""
    return words.action(name)


@register.filter
def field(words: PolicyLabels, name: str) -> str:
    """``{{ words|field:name }}``: what people call a field."""
    return words.field(name)


@register.filter
def document_number(document: Document) -> str:
    """``{{ document|document_number }}``: as it is written, ``催办〔2026〕第1号``."""
    return number_of(document, language())


@register.filter
def described(bound: BoundField) -> SafeString:
    """The widget of a field, tied to its help and its errors; groups are tied by their fieldset."""
    if bound.use_fieldset:
        return bound.as_widget()
    ids = [f"{bound.auto_id}_help"] if bound.help_text else []
    ids += [f"{bound.auto_id}_wrong"] if bound.errors else []
    attributes: dict[str, str | bool] = {"aria-describedby": " ".join(ids)} if ids else {}
    if bound.errors:
        attributes["aria-invalid"] = "true"
    return bound.as_widget(attrs=attributes)


@register.filter
def marked(preview: Preview) -> SafeString:
    """The text with the places marked that the rules hide."""
    text, parts, end = preview.text.text, list[tuple[str, str]](), 0
    for place in sorted(preview.places, key=lambda one: one.start):
        parts.append((text[end : place.start], text[place.start : place.end]))
        end = max(end, place.end)
    return format_html_join("", "{}<mark>{}</mark>", parts) + format_html_join("", "{}", [(text[end:],)])


@register.simple_tag(takes_context=True)
def page_url(context: dict[str, Any], cursor: str) -> str:
    """The address of the next page, with the filters of this one."""
    query = context["request"].GET.copy()
    query["cursor"] = cursor
    return f"?{query.urlencode()}"


@register.simple_tag
def demo_accounts() -> tuple[tuple[str, str], ...]:
    """The accounts of the example, for its page to sign in."""
    return SHOWN


STAGES = (Stage.INQUIRY, Stage.HANDLING, Stage.EVALUATION, Stage.RECTIFICATION)


@register.simple_tag
def four_stages() -> list[tuple[str, str]]:
    """The four stages (四步), with their labels."""
    return [(str(stage), stage_label(stage, language())) for stage in STAGES]
