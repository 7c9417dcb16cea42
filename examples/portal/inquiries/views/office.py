"""For those who handle cases: the desk, worst first; the coordinator's intake with its near-duplicates."""

from datetime import timedelta
from typing import Any, get_args

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from caseflow import Actor
from caseflow.contrib.django import desk
from caseflow.contrib.django.config import language
from caseflow.ports.records import Order
from caseflow.views.documents import counts_document
from inquiries.access import for_actors
from inquiries.forms import ReasonForm, RouteForm
from inquiries.models import Appeal
from inquiries.pages import document_of, kinds, rows

LIST = 20
LOOKED_AT = timedelta(days=30)
"""How far back a duplicate is looked for."""


@for_actors("handler", "lead_official", "coordinator", "supervisor", "moderator")
def desk_page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The actor's cases: the longest overdue first, or as they choose."""
    terms: dict[str, Any] = {
        name: request.GET[name] for name in ("state", "kind", "level") if request.GET.get(name)
    }
    order = request.GET.get("order", "worst")
    terms["order"] = order if order in get_args(Order) else "worst"
    reader = desk().seen_by(actor)
    page = reader.cases(limit=LIST, cursor=request.GET.get("cursor", ""), **terms)
    counts = reader.counts()
    counted = counts_document(
        desk().rules, states=counts.by("state"), units=counts.by("unit"), levels=counts.by("level"),
        lang=language(),
    )  # fmt: skip
    shown = {
        "rows": rows(actor, page), "cursor": page.cursor, "counts": counted, "terms": terms, "kinds": kinds(),
        "overdue": reader.counts(overdue=True).total,
    }  # fmt: skip
    return render(request, "inquiries/desk.html", shown)


@for_actors("coordinator")
def intake(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What waits for a unit, each beside what says nearly the same."""
    page = desk().seen_by(actor).cases(state="submitted", limit=LIST, cursor=request.GET.get("cursor", ""))
    listed = rows(actor, page)
    alike = _near(actor)
    for row in listed:
        row["near"] = [one for one in alike.get(row["case"].id, ()) if one["case"].id != row["case"].id]
        row["form"] = RouteForm(auto_id=f"{row['case'].id}-%s")
    return render(request, "inquiries/intake.html", {"rows": listed, "cursor": page.cursor})


def _near(actor: Actor) -> dict[str, list[dict[str, Any]]]:
    """Open cases of late by those that say nearly the same, the eldest first, since that is the primary."""
    # Its libraries take a second or two to load, which no other page should wait for.
    from caseflow.analytics.occurrences import occurrences
    from caseflow.analytics.repeated_texts import near_duplicates

    since = desk().clock.now_us() - LOOKED_AT // timedelta(microseconds=1)
    texts = {
        one.id: one.text
        for one in occurrences(
            desk().store,
            counts=lambda case: case.is_open and not case.has_reply and case.submitted_us >= since,
        )
    }
    alike: dict[str, list[dict[str, Any]]] = {}
    for group in near_duplicates(texts):
        cases = sorted((desk().get(case_id) for case_id in group), key=lambda case: case.submitted_us)
        alike |= dict.fromkeys(group, rows(actor, cases))
    return alike


@require_POST
@for_actors("handler", "lead_official", "coordinator")
def invite(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Issue a one-time link by which the citizen may rate; it is shown this once."""
    invitation = desk().invite(case_id, by=actor)
    link = request.build_absolute_uri(reverse("rate", args=[invitation.token]))
    shown = {"case": document_of(invitation.case), "link": link, "until": invitation.until}
    return render(request, "inquiries/invited.html", shown)


@for_actors("handler", "lead_official")
def appeal(request: HttpRequest, actor: Actor, case_id: str, level: str) -> HttpResponse:
    """Appeal against a standing card: the history says it, and the supervising office's list."""
    case = document_of(desk().seen_by(actor).get(case_id))
    card = next((one for one in case.cards if one.level.key == level and one.stands), None)
    if card is None:
        raise Http404
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        shown = {"form": form, "case": case, "card": card}
        return render(request, "inquiries/appeal.html", shown, status=422 if form.is_bound else 200)
    answers = form.cleaned_data
    fields = {"level": level, "reason": answers["reason"]}
    try:
        with transaction.atomic():
            desk().act(case_id, "appeal_card", by=actor, fields=fields, key=answers["key"])
            Appeal.objects.create(
                case_id=case_id, clock=card.clock.key, subject=card.subject, cycle=card.cycle, level=level,
                unit=card.unit,
            )  # fmt: skip
    except IntegrityError:
        messages.info(request, _("An appeal against this card waits for a decision already."))
    else:
        messages.success(request, _("The appeal was handed in."))
    return redirect("case", case_id)
