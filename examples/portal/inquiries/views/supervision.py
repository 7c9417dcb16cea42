"""For the supervising office: cards, urging notices, appeals."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from caseflow import Actor
from caseflow.contrib.django import desk
from caseflow.contrib.django.config import language
from caseflow.core.time.instants import moment
from caseflow.views.letter import number_of
from inquiries.access import for_actors
from inquiries.forms import ReasonForm
from inquiries.models import Appeal
from inquiries.pages import document_of, labels, rows

LIST = 20
CLOCK = "reply"
"""The clock whose ladder the cards of this page are of."""
SERIES = "催办"


@for_actors("supervisor")
def cards(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Cases by their highest standing card, the most severe level first."""
    levels = [rung.level for rung in desk().rules.policy.clocks[CLOCK].rungs if rung.kind == "breach"][::-1]
    chosen = request.GET.get("level", "")
    level = chosen if chosen in levels else levels[0]
    reader = desk().seen_by(actor)
    counts = reader.counts().by("level")
    page = reader.cases(level=level, order="newest", limit=LIST, cursor=request.GET.get("cursor", ""))
    tabs = [
        {"level": one, "label": labels().level(CLOCK, one), "cases": counts.get(one, 0)} for one in levels
    ]
    shown = {"tabs": tabs, "level": level, "rows": rows(actor, page), "cursor": page.cursor}
    return render(request, "inquiries/cards.html", shown)


@for_actors("supervisor")
def notices(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The register of urging notices of a year: number, unit, signed for or not, void or not."""
    year = moment(desk().clock.now_us(), desk().rules.policy.timezone).year
    issued = desk().store.issued(SERIES, year)
    cases = {one.draft.case_id: desk().get(one.draft.case_id) for one in issued}
    titles = desk().seen_by(actor).titles(cases.values())
    listed = [
        {
            "document": one,
            "number": number_of(one, language()),
            "case": document_of(cases[one.draft.case_id]),
            "title": titles.get(one.draft.case_id, ""),
            "receipt": _receipt(cases[one.draft.case_id], one.draft.id),
        }
        for one in reversed(issued)
    ]
    return render(request, "inquiries/notices.html", {"notices": listed, "year": year})


def _receipt(case: Any, document: str) -> Any:
    return next((one for one in case.facts.receipts if one.document == document), None)


@for_actors("supervisor")
def appeals(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The appeals that wait, the eldest first."""
    waiting = list(Appeal.objects.filter(is_decided=False))
    cases = {one.case_id: desk().get(one.case_id) for one in waiting}
    titles = desk().seen_by(actor).titles(cases.values())
    listed = [
        {
            "appeal": one,
            "title": titles.get(one.case_id, ""),
            "card": labels().level(one.clock, one.level),
            "reason": _reason(actor, one),
        }
        for one in waiting
    ]
    return render(request, "inquiries/appeals.html", {"appeals": listed})


def _reason(actor: Actor, appeal: Appeal) -> str:
    """What the unit said: of its last appeal in the case."""
    texts = desk().seen_by(actor).texts(appeal.case_id)
    return next((text.text for text in reversed(texts) if text.action == "appeal_card"), "")


@for_actors("supervisor")
def decide(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Uphold the appeal, which annuls the card for good, or dismiss it; either needs a reason."""
    appeal = get_object_or_404(Appeal, pk=pk, is_decided=False)
    form = ReasonForm(request.POST or None)
    card = labels().level(appeal.clock, appeal.level)
    if not form.is_valid():
        shown = {"form": form, "appeal": appeal, "card": card, "reason": _reason(actor, appeal)}
        return render(request, "inquiries/decide.html", shown, status=422 if form.is_bound else 200)
    reason, key = form.cleaned_data["reason"], form.cleaned_data["key"]
    is_upheld = request.POST.get("decision") == "uphold"
    with transaction.atomic():
        if is_upheld:
            desk().annul_card(
                appeal.case_id, clock=appeal.clock, level=appeal.level, subject=appeal.subject or None,
                cycle=appeal.cycle, reason=reason, by=actor, key=key,
            )  # fmt: skip
        else:
            fields = {"level": appeal.level, "reason": reason}
            desk().act(appeal.case_id, "dismiss_appeal", by=actor, fields=fields, key=key)
        Appeal.objects.filter(pk=pk).update(is_decided=True)
    done = _("The card is annulled.") if is_upheld else _("The appeal was dismissed.")
    messages.success(request, done)
    return redirect("appeals")
