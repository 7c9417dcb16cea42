"""The page of one case, for its citizen and for the office alike: the library says who sees what."""

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from caseflow import Actor, CaseflowError
from caseflow.contrib.django import desk
from caseflow.contrib.django.config import language
from caseflow.desk.case_file import CaseFile
from caseflow.views.action_forms import ActionDocument, actions_document
from caseflow.views.explanation_documents import explanation_document
from inquiries.access import for_actors
from inquiries.files import attach as keep
from inquiries.files import attachments_for
from inquiries.forms import ActionForm, FileForm
from inquiries.middleware import problem_page
from inquiries.models import Appeal, Attachment
from inquiries.pages import document_of, labels

OFFICE = ("handler", "lead_official", "coordinator", "supervisor", "moderator")
WITH_PAGES = {
    "attach",
    "invite",
    "appeal_card",
    "dismiss_appeal",
    "propose_publication",
    "publish",
    "sign_receipt",
}
"""Actions that have pages of their own."""
BY_PROGRAMS = {"submit", "migrate", "redact", "link", "unlink", "annul_card"}
"""Actions that this page offers nobody: they begin elsewhere, or are done on the command line."""


@for_actors()
def show(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """All that the actor may know of the case, and what they may do."""
    file = desk().seen_by(actor).open(case_id)
    case, is_office = file.get(), actor.role in OFFICE
    texts = file.texts()
    actions = _actions(file, actor)
    return render(
        request,
        "inquiries/case.html",
        {
            "case": document_of(case),
            "title": next((text.text for text in texts if text.field == "title"), ""),
            "number": file.number(lang=language()),
            "texts": [text for text in texts if text.field not in ("title", "name") and text.text],
            "words": labels(),
            "story": file.story(lang=language()),
            "explanations": _explanations(file),
            "possible": [one for one in actions if one.is_allowed and one.action.key not in WITH_PAGES],
            "impossible": [one for one in actions if not one.is_allowed],
            "own_page": {one.action.key for one in actions if one.is_allowed} & WITH_PAGES,
            "attachments": attachments_for(case_id, actor),
            "file_form": FileForm(),
            "documents": file.documents() if is_office else (),
            "signed": {receipt.document for receipt in case.facts.receipts},
            "appealed": set(
                Appeal.objects.filter(case_id=case_id, is_decided=False).values_list("level", flat=True)
            ),
            "is_office": is_office,
        },
    )


def _actions(file: CaseFile, actor: Actor) -> list[ActionDocument]:
    """The actions that are this role's at all, each with what stands in its way."""
    document = actions_document(file.rules, file.allowed(), case_id=file.get().id, lang=language())
    rules = file.rules.policy.actions
    return [
        one
        for one in document.actions
        if actor.role in rules[one.action.key].roles and one.action.key not in BY_PROGRAMS
    ]


def _explanations(file: CaseFile) -> list[object]:
    clocks = dict.fromkeys(run.clock for run in file.get().clocks)
    parts = (part for clock in clocks for part in file.explain(clock=clock))
    return [explanation_document(file.rules, part, lang=language()) for part in parts]


@for_actors()
def act(request: HttpRequest, actor: Actor, case_id: str, action: str) -> HttpResponse:
    """Take an action: its form is made of what the policy says of it, its problem shown beside it."""
    file = desk().seen_by(actor).open(case_id)
    document = next((one for one in _actions(file, actor) if one.action.key == action), None)
    if document is None:
        raise Http404
    form = ActionForm(request.POST or None, action=document, fixed=request.GET.dict())
    shown = {"form": form, "action": document, "case": document_of(file.get())}
    if not form.is_valid():
        return render(request, "inquiries/act.html", shown, status=422 if form.is_bound else 200)
    try:
        desk().act(case_id, action, by=actor, fields=form.answers(), key=form.cleaned_data["key"])
    except CaseflowError as error:
        return problem_page(request, error)
    messages.success(request, _("Done: %(action)s") % {"action": document.action.label})
    return redirect("case", case_id)


@require_POST
@for_actors()
def attach(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Attach a file."""
    desk().seen_by(actor).open(case_id)
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return redirect("case", case_id)
    keep(case_id, form.cleaned_data["file"], by=actor, key=form.cleaned_data["key"])
    messages.success(request, _("The file was attached."))
    return redirect("case", case_id)


@for_actors()
def download(request: HttpRequest, actor: Actor, case_id: str, sha256: str) -> FileResponse:
    """An attachment, to those who may read it."""
    desk().seen_by(actor).open(case_id)
    kept = get_object_or_404(Attachment, case_id=case_id, sha256=sha256)
    if kept not in attachments_for(case_id, actor):
        raise Http404
    return FileResponse(
        kept.content.open(), as_attachment=True, filename=kept.name, content_type=kept.media_type
    )


@for_actors(*OFFICE)
def document(request: HttpRequest, actor: Actor, case_id: str, document: str) -> HttpResponse:
    """A numbered document as a page to be printed."""
    desk().seen_by(actor).documents(case_id)
    return HttpResponse(desk().document_html(case_id, document, lang=language()))
