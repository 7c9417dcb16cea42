"""Pages of Django's admin: cases as far as the reader's role lets them, dead letters, what is set aside.

Nothing can be changed there but that a dead letter is sent again. Django's permissions say who may open a
page; what stands on it of a case is what `Desk.seen_by` lets the reader see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst

from caseflow.contrib.django.config import actor_of, desk, language, word
from caseflow.contrib.django.models import DeadLetter, SetAside, StoredCase
from caseflow.core.model.case import Case
from caseflow.core.notices import DEAD, Posted
from caseflow.core.time.instants import moment
from caseflow.desk.reader import Reader
from caseflow.errors import CaseflowError, Refused, UnknownCase
from caseflow.i18n import event_text, mark, text
from caseflow.views import documents as d
from caseflow.views.explanation_documents import explanation_document
from caseflow.views.labels import PolicyLabels

PAGE = 50
_WORDS = (
    "actor-unknown", "after", "ask", "ask-why", "attempts", "cards", "case", "clock", "coming",
    "deadline", "deadlines", "detail", "error", "filter", "fired", "for-whom", "id", "kind", "late-at",
    "length", "none", "notice", "overdue", "resend", "resend-all", "rung", "since", "stage", "state",
    "status", "story", "submitted", "texts", "timeline", "unit", "what", "when",
)  # fmt: skip
"""What the templates say, by its key with underscores."""


if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:  # old releases of Django know the brackets in the stubs alone
    _ModelAdmin = admin.ModelAdmin


class _Page(_ModelAdmin):
    """A page that shows; whoever may view it may open it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def _answer(self, request: HttpRequest, page: str, title: str, **context: Any) -> TemplateResponse:
        words = {key.replace("-", "_"): capfirst(word(key)) for key in _WORDS}
        frame = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": capfirst(title),
            "words": words,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, f"admin/caseflow/{page}.html", {**frame, **context})

    def _url(self, page: str, *args: str) -> str:
        """Where a page of this admin is."""
        return reverse(f"admin:caseflow_{page}", args=args, current_app=self.admin_site.name)

    def _case_url(self, case_id: str) -> str:
        return self._url("storedcase_change", quote(case_id))

    def _refuse_strangers(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


@admin.register(StoredCase)
class StoredCaseAdmin(_Page):
    """Cases: the list of those that the reader's role sees; each with its deadlines, picture and story."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, fifty a page, by unit, state, or whether overdue; a number alone opens its case."""
        self._refuse_strangers(request)
        query = request.GET
        if query.get("id", "").strip():
            return HttpResponseRedirect(self._case_url(query["id"].strip()))
        reader, rows, aside, cursor = _reader(request), list[Any](), list[str](), ""
        if reader is not None:
            page, rows, aside = self._page(request, reader)
            cursor = page.cursor
        following = query.copy()
        following["cursor"] = cursor
        return self._answer(
            request, "cases", word("cases"), rows=rows, has_role=reader is not None, query=query.dict(),
            states=_states(), following=following.urlencode() if cursor else "",
            aside=word("quarantined", names=mark("list", language()).join(aside)) if aside else "",
        )  # fmt: skip

    def _page(self, request: HttpRequest, reader: Reader) -> tuple[Any, list[Any], list[str]]:
        query = request.GET
        try:
            page = reader.cases(
                unit=query.get("unit") or None, state=query.get("state") or None,
                overdue="overdue" in query, limit=PAGE, cursor=query.get("cursor", ""),
            )  # fmt: skip
        except CaseflowError as error:
            raise Http404(error.text(language())) from error
        rows, aside = list[Any](), [one.name for one in page.quarantined]
        numbers = desk().numbers(page, lang=language())
        for case in page:
            try:
                rows.append((_document(case, numbers), self._case_url(case.id)))
            except Exception:  # a zone that there is not: the others are shown
                aside.append(case.id)
        return page, rows, aside

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One case."""
        self._refuse_strangers(request)
        reader, case_id = _reader(request), unquote(object_id)
        if reader is None:
            raise PermissionDenied
        try:
            case = reader.get(case_id)
        except UnknownCase as error:
            raise Http404(error.text(language())) from error
        except Refused as error:
            raise PermissionDenied from error
        lang, rules = language(), desk().rules_of(case)
        return self._answer(
            request, "case", case.id, case=_document(case, desk().numbers([case], lang=lang)),
            texts=[
                d.text_document(rules, version=one.version, field=one.field, content=one.text, lang=lang)
                for one in reader.texts(case_id)
                if not one.is_redacted
            ],
            ladders=[
                explanation_document(rules, part, lang=lang)
                for clock in dict.fromkeys(run.clock for run in case.clocks)
                for part in reader.explain(case_id, clock=clock)
            ],
            story=reader.story(case_id, lang=lang).lines,
            coming=d.forecast_document(rules, reader.forecast(case_id), lang=lang).coming,
        )  # fmt: skip


@admin.register(DeadLetter)
class DeadLetterAdmin(_Page):
    """Notices that were given up: why, and a button that has them sent again."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may have them sent again."""
        user: Any = request.user
        return bool(user.has_perm("caseflow.change_deadletter"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list; a form has the chosen ones, or all of the page, sent again, as the admin's log tells."""
        self._refuse_strangers(request)
        if request.method == "POST":
            if not self.has_change_permission(request):
                raise PermissionDenied
            self._resend(request)
            return HttpResponseRedirect(request.get_full_path())
        after = request.GET.get("after", "0")
        rows = desk().store.notices(status=DEAD, after=int(after) if after.isdecimal() else 0, limit=PAGE)
        return self._answer(
            request, "dead_letters", word("dead-letters"), rows=[self._told(row) for row in rows],
            following=rows[-1].position if len(rows) == PAGE else 0,
            may_resend=self.has_change_permission(request),
        )  # fmt: skip

    def _told(self, row: Posted) -> dict[str, Any]:
        """The row in words; of a case whose rules cannot be read in the words of the portal's own."""
        notice = row.notice
        try:
            rules = desk().rules_of(notice.case_id)
        except CaseflowError:
            rules = desk().rules
        labels = PolicyLabels(rules, language())
        level = labels.level(str(notice.body.get("clock", "")), notice.level)
        return {
            "row": row, "what": level if notice.level else event_text(notice.topic, language()),
            "whom": f"{labels.role(notice.role)} {notice.unit}".strip(),
            "at": moment(notice.at_us, rules.policy.timezone), "case": self._case_url(notice.case_id),
        }  # fmt: skip

    def _resend(self, request: HttpRequest) -> None:
        chosen = tuple(dict.fromkeys(request.POST.getlist("shown" if "all" in request.POST else "id")))
        done = desk().store.requeue(chosen, desk().clock.now_us())
        for name in done:
            self.log_change(request, DeadLetter(id=name), word("resend"))
        if done:
            messages.success(request, word("resent", count=len(done)))
        if len(done) < len(chosen):
            messages.warning(request, word("gone", count=len(chosen) - len(done)))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The list: there is no more of one than its row."""
        return HttpResponseRedirect(self._url("deadletter_changelist"))


@admin.register(SetAside)
class SetAsideAdmin(_Page):
    """What batches set aside, with the reason."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, once somebody asks for it, since it reads the whole store."""
        self._refuse_strangers(request)
        is_asked = "read" in request.GET
        rows = (
            [(text(f"cli.aside-{one.kind}", language()), one) for one in desk().quarantined()]
            if is_asked
            else []
        )
        return self._answer(request, "set_aside", word("set-aside"), rows=rows, is_asked=is_asked)


def _reader(request: HttpRequest) -> Reader | None:
    actor = actor_of(request)
    return desk().seen_by(actor) if actor is not None else None


def _document(case: Case, numbers: Mapping[str, str]) -> d.CaseDocument:
    ours, number = desk(), numbers.get(case.id, "")
    return d.case_document(ours.rules_of(case), case, ours.clock.now_us(), number=number, lang=language())


def _states() -> list[tuple[str, str]]:
    """The states of the portal's policies with their labels, each by the first policy that has it."""
    every = dict[str, str]()
    for rules in desk().policies.values():
        labels = PolicyLabels(rules, language())
        for state in rules.policy.states:
            every.setdefault(state, labels.state(state))
    return list(every.items())
