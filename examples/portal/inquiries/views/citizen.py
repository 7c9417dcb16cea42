"""For a citizen: ask, follow, and say how it went."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from caseflow import Actor, Refused
from caseflow.contrib.django import desk
from caseflow.contrib.django.config import language
from caseflow.views.action_forms import ActionDocument, actions_document
from caseflow.views.available_actions import Allowed
from inquiries.access import for_actors
from inquiries.files import attach
from inquiries.forms import ActionForm, InquiryForm
from inquiries.middleware import problem_page
from inquiries.models import Message
from inquiries.pages import kinds, rows
from inquiries.registers import offices

LIST = 20


@for_actors("citizen")
def ask(request: HttpRequest, actor: Actor, office: str = "") -> HttpResponse:
    """Submit an inquiry, to the city or to a leader's office; with its file, or neither."""
    if office and offices.office(office) is None:
        raise Http404
    form = InquiryForm(request.POST or None, request.FILES or None, kinds=kinds())
    if not form.is_valid():
        return render(request, "inquiries/ask.html", {"form": form, "office": office}, status=_status(form))
    answers = form.cleaned_data
    with transaction.atomic():
        case = desk().submit(
            title=answers["title"], body=answers["body"], kind=answers["kind"], region=answers["region"],
            channel="web", to=office, policy="leader-board" if office else None, by=actor, key=answers["key"],
        )  # fmt: skip
        if answers["file"]:
            attach(case.id, answers["file"], by=actor, key=f"{answers['key']}-file")
    number = desk().number(case.id, lang=language())
    return render(request, "inquiries/asked.html", {"case": case, "number": number, "office": office})


def _status(form: InquiryForm) -> int:
    return 422 if form.is_bound else 200


@for_actors("citizen")
def mine(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The citizen's own inquiries, the newest first."""
    page = desk().seen_by(actor).cases(order="newest", limit=LIST, cursor=request.GET.get("cursor", ""))
    shown = {"rows": rows(actor, page), "cursor": page.cursor}
    return render(request, "inquiries/mine.html", shown)


@for_actors()
def messages_page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The inbox; what is shown is read."""
    inbox = list(Message.objects.filter(user_id=actor.id)[:50])
    Message.objects.filter(pk__in=[one.pk for one in inbox]).update(is_read=True)
    return render(request, "inquiries/messages.html", {"inbox": inbox})


def rate(request: HttpRequest, token: str) -> HttpResponse:
    """Rate by a one-time token, without an account; what is wrong with a token is told when it is used."""
    form = ActionForm(request.POST or None, action=_rating())
    if not form.is_valid():
        return render(request, "inquiries/rate.html", {"form": form}, status=422 if form.is_bound else 200)
    answers = form.answers()
    score, causes, text = (answers.pop(name, None) for name in ("score", "causes", "text"))
    try:
        desk().rate_by_token(token, score=score, causes=causes, text=text, own_fields=answers)
    except Refused as error:
        return problem_page(request, error)
    messages.success(request, _("Thank you. Your rating was recorded."))
    return redirect("home")


def _rating() -> ActionDocument:
    """The form of a rating as the portal's policy has it; the token is in the address."""
    rules = desk().rules
    fields = {name: rule for name, rule in rules.fields["rate"].items() if rule.type != "secret"}
    (document,) = actions_document(rules, (Allowed("rate", fields),), lang=language()).actions
    return document
