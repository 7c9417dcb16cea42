"""For moderators: what is proposed for publication, and the step by which it becomes public."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from caseflow import Actor, CaseflowError
from caseflow.contrib.django import desk
from caseflow.contrib.django.config import language
from caseflow.core.engine.rights import INTERNAL
from caseflow.desk.case_file import CaseFile, CaseText
from caseflow.desk.publications import preview
from caseflow.views.action_forms import ActionDocument, actions_document
from inquiries.access import for_actors
from inquiries.forms import ActionForm
from inquiries.middleware import problem_page
from inquiries.pages import document_of, labels, rows
from inquiries.published import publications

LOOKED_AT = 200
LIST = 20
PUBLISH, PROPOSE = "publish", "propose_publication"


@for_actors("moderator")
def proposals(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What is answered and not published yet: proposed, or still to be."""
    page = desk().seen_by(actor).cases(order="newest", limit=LOOKED_AT)
    waiting = [case for case in page if case.has_reply and publications().get(case.id) is None][:LIST]
    listed = rows(actor, waiting)
    for row, case in zip(listed, waiting, strict=True):
        row["is_proposed"] = _is_proposed(actor, case.id)
    listed.sort(key=lambda row: not row["is_proposed"])
    return render(request, "inquiries/proposals.html", {"rows": listed})


def _is_proposed(actor: Actor, case_id: str) -> bool:
    return any(text.action == PROPOSE for text in desk().seen_by(actor).texts(case_id))


@for_actors("handler", "coordinator", "moderator")
def prepare(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Propose or publish: the texts with what the rules hide hidden, to be read and changed by a person."""
    file = desk().seen_by(actor).open(case_id)
    document = actions_document(file.rules, file.allowed(), case_id=case_id, lang=language())
    action = _step(document.actions)
    shown_texts = {one.text.field: one for one in preview(_to_publish(file))}
    initial = {name: one.hidden for name, one in shown_texts.items()}
    form = ActionForm(request.POST or None, action=action, initial=initial)
    if not form.is_valid():
        shown = {
            "form": form, "action": action, "case": document_of(file.get()), "words": labels(),
            "previews": shown_texts.values(),
        }  # fmt: skip
        return render(request, "inquiries/prepare.html", shown, status=422 if form.is_bound else 200)
    try:
        key = form.cleaned_data["key"]
        desk().act(case_id, action.action.key, by=actor, fields=form.answers(), key=key)
    except CaseflowError as error:
        return problem_page(request, error)
    messages.success(request, _("Done: %(action)s") % {"action": action.action.label})
    return redirect("case", case_id)


def _to_publish(file: CaseFile) -> list[CaseText]:
    """What was asked and answered, then what was proposed in its place; never what is internal."""
    texts = file.texts()
    outer = [one for one in texts if one.field in _TEXTS.get(one.action, ()) and one.audience != INTERNAL]
    return [*outer, *(one for one in texts if one.action == PROPOSE and one.field != "reason")]


_TEXTS = {"submit": ("title", "body"), "reply": ("text",)}
"""Action -> its texts that may be published."""


def _step(actions: tuple[ActionDocument, ...]) -> ActionDocument:
    """Publication where the actor may publish, else the proposal."""
    possible = {one.action.key: one for one in actions if one.is_allowed}
    action = possible.get(PUBLISH) or possible.get(PROPOSE)
    if action is None:
        raise Http404
    return action
