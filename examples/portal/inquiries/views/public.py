"""For everybody: what is published, where an inquiry stands, boards and figures."""

from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from caseflow import Case
from caseflow.contrib.django import desk
from caseflow.contrib.django.config import language
from caseflow.core.time.instants import moment
from caseflow.offices.office_figures import coverage
from caseflow.views.atom import MEDIA_TYPE, AtomEntry, atom
from caseflow.views.documents import public_document
from caseflow.views.publication_documents import PublicationDocument, publication_document
from caseflow.views.rates import response_rate, satisfaction_rate
from inquiries.boards import satisfied_board, unsatisfied_board
from inquiries.forms import FindForm
from inquiries.pages import every_case, labels
from inquiries.published import publications
from inquiries.registers import bureaus, offices

LATEST, PAGE = 3, 10
OF_LATE = timedelta(days=90)
"""What the figures are of: the inquiries of so many days."""


def home(request: HttpRequest) -> HttpResponse:
    """What can be done here, and what was answered lately."""
    cases = _of_bureaus()
    shown = {
        "latest": _published(limit=LATEST)[0],
        "find": FindForm(initial={"year": _today().year}),
        "response": response_rate(cases),
        "satisfaction": satisfaction_rate(cases),
    }
    return render(request, "inquiries/home.html", shown)


def find(request: HttpRequest) -> HttpResponse:
    """From a number to where the inquiry stands."""
    form = FindForm(request.GET or None, initial={"year": _today().year})
    if form.is_valid():
        case = desk().get_by_number(form.cleaned_data["year"], form.cleaned_data["number"])
        return redirect("status", case.id)
    return render(request, "inquiries/find.html", {"form": form})


def status(request: HttpRequest, case_id: str) -> HttpResponse:
    """Where an inquiry stands: what anyone may see of it, without texts and people."""
    public = public_document(desk().rules_of(case_id), desk().public(case_id), lang=language())
    number = desk().number(case_id, lang=language())
    publication = publications().get(case_id)
    return render(
        request,
        "inquiries/status.html",
        {"case": public, "number": number, "is_published": publication is not None},
    )


def answers(request: HttpRequest) -> HttpResponse:
    """What was answered and may be published, the newest first."""
    shown, cursor = _published(limit=PAGE, cursor=request.GET.get("cursor", ""))
    return render(request, "inquiries/answers.html", {"publications": shown, "cursor": cursor})


def answer(request: HttpRequest, case_id: str) -> HttpResponse:
    """One inquiry and its answer, as they were approved."""
    one = publications().get(case_id)
    if one is None:
        raise Http404
    document = publication_document(one.rules, one.case, one.published_at, one.texts, lang=language())
    public = public_document(one.rules, desk().public(case_id), lang=language())
    return render(
        request, "inquiries/answer.html", {"publication": document, "texts": _texts(document), "case": public}
    )


def feed(request: HttpRequest) -> HttpResponse:
    """The same as an Atom feed."""
    page = publications().page()
    entries = [
        AtomEntry(
            request.build_absolute_uri(reverse("answer", args=[one.case.id])),
            texts["title"],
            texts["text"],
            one.published_at,
        )
        for one in page
        for texts in [dict(one.texts)]
    ]
    body = atom(
        entries,
        address=request.build_absolute_uri(),
        title=_("Answers of the city"),
        author=labels().role("supervisor"),
        updated_at=max((entry.published_at for entry in entries), default=moment(desk().clock.now_us())),
    )
    return HttpResponse(body, content_type=MEDIA_TYPE)


def boards(request: HttpRequest) -> HttpResponse:
    """Units by how satisfied their citizens are: the best first, and the worst first."""
    cases = _of_bureaus()
    shown = {
        "satisfied": satisfied_board(cases),
        "unsatisfied": unsatisfied_board(cases),
        "response": response_rate(cases),
        "satisfaction": satisfaction_rate(cases),
    }
    return render(request, "inquiries/boards.html", shown)


def leaders(request: HttpRequest) -> HttpResponse:
    """领导留言板: the offices, who holds each, and the year's figures."""
    today = _today()
    cases = [case for case in every_case() if offices.office(case.unit)]
    listed = [
        {
            "office": office,
            "holder": offices.holder(office.name, today),
            "mechanism": offices.mechanism(office.jurisdiction, today),
            "response": response_rate(case for case in cases if case.unit == office.name),
        }
        for office in offices.offices()
    ]
    return render(
        request, "inquiries/leaders.html", {"offices": listed, "year": coverage(cases, offices, today.year)}
    )


def _of_bureaus() -> list[Case]:
    """The bureaus' cases of late."""
    names = bureaus.names()
    return [case for case in every_case(since=_today() - OF_LATE) if case.unit in names]


def _published(*, limit: int, cursor: str = "") -> tuple[list[dict[str, Any]], str]:
    page = publications().page(limit=limit, cursor=cursor)
    documents = (
        publication_document(one.rules, one.case, one.published_at, one.texts, lang=language())
        for one in page
    )
    return [{"publication": one, "texts": _texts(one)} for one in documents], page.cursor


def _texts(document: PublicationDocument) -> dict[str, str]:
    return {text.field.key: text.text for text in document.texts}


def _today() -> date:
    return moment(desk().clock.now_us(), desk().rules.policy.timezone).date()
