"""The HTTP API of a portal's cases, apart from any framework: what is asked comes in, documents go out.

`caseflow.contrib.fastapi`, `caseflow.contrib.flask` and `caseflow.contrib.django.api` hang it into a portal;
each only carries requests to `CaseApi.answer` and its answers back. Every answer is what `Desk.seen_by`
lets the actor see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.policy import FieldRule
from caseflow.core.time.instants import micros
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.desk.case_file import CaseFile
from caseflow.desk.typed_actions import new_case_id
from caseflow.errors import BadInput, CaseflowError, Stale
from caseflow.i18n import Lang, nearest
from caseflow.views import documents as d
from caseflow.views.action_forms import actions_document
from caseflow.views.health import HealthLimits
from caseflow.views.problem import MEDIA_TYPE, problem
from caseflow.views.public import public_view

JSON = "application/json"
MOST_BYTES = 1_000_000
"""The largest body that is read."""


class Route(Value):
    """One operation: its method, its path below the API's own, and the document it answers with."""

    name: str
    method: str
    path: str
    document: str
    is_for_anyone: bool = False
    """Whether it answers people who are not signed in."""


ROUTES = (
    Route("get_health", "GET", "/health", "health", is_for_anyone=True),
    Route("list_cases", "GET", "/cases", "page"),
    Route("count_cases", "GET", "/counts", "counts"),
    Route("submit", "POST", "/cases", "case"),
    Route("get_case", "GET", "/cases/{case_id}", "case"),
    Route("get_public", "GET", "/cases/{case_id}/public", "public-case", is_for_anyone=True),
    Route("list_texts", "GET", "/cases/{case_id}/texts", "texts"),
    Route("get_story", "GET", "/cases/{case_id}/story", "story"),
    Route("get_forecast", "GET", "/cases/{case_id}/forecast", "forecast"),
    Route("explain", "GET", "/cases/{case_id}/clocks/{clock}", "explanations"),
    Route("list_actions", "GET", "/cases/{case_id}/actions", "actions"),
    Route("act", "POST", "/cases/{case_id}/actions/{action}", "case"),
)
"""What the API answers; paths have no trailing slash."""
_TERMS: Mapping[str, str] = {
    "unit": "string", "helping": "boolean", "state": "string", "kind": "string", "region": "string",
    "level": "string", "since": "string", "until": "string", "overdue": "boolean",
}  # fmt: skip
QUERIES: Mapping[str, Mapping[str, str]] = {
    "list_cases": {**_TERMS, "text": "string", "order": "string", "limit": "integer", "cursor": "string"},
    "count_cases": _TERMS,
}
"""Operation -> its parameters and their types; see `Desk.cases`."""


class ApiRequest(Value):
    """What a framework hands on.

    Attributes:
        actor: who is signed in; ``None`` for nobody.
        path: the parts of the path by name, decoded.
        query: the parameters by name.
        headers: by name in small letters: ``accept-language``, ``idempotency-key``, ``if-match``.
        body: as it came.
    """

    actor: Actor | None
    path: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""


class ApiAnswer(Value):
    """What a framework sends back; ``body`` is empty for 204."""

    status: int
    body: bytes = b""
    media_type: str = JSON
    headers: Mapping[str, str] = {}


class ActionBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an action: its fields by name, and since when it is true where that is before now."""

    fields: dict[str, str | int | bool | list[str] | None] = {}
    effective_at: str | None = None


class CaseApi:
    """Answers requests about the cases of a desk.

    Args:
        desk: the portal's; of a joined store, one for each request.
        lang: the language of answers where a request asks for none.
        health: what ``get_health`` is held to: 503 beyond it; see `Desk.health`.
    """

    def __init__(self, desk: Desk, *, lang: Lang = "zh", health: HealthLimits | None = None) -> None:
        self._desk = desk
        self._lang = lang
        self._limits = health
        self._operations: Mapping[str, Callable[[ApiRequest, Lang], ApiAnswer]] = {
            "get_health": self._get_health,
            "list_cases": self._list_cases,
            "count_cases": self._count_cases,
            "submit": self._submit,
            "get_case": self._get_case,
            "get_public": self._get_public,
            "list_texts": self._list_texts,
            "get_story": self._get_story,
            "get_forecast": self._get_forecast,
            "explain": self._explain,
            "list_actions": self._list_actions,
            "act": self._act,
        }

    def answer(self, route: Route, request: ApiRequest) -> ApiAnswer:
        """The answer to a request: a document, or a problem with its status. It raises no `CaseflowError`."""
        lang = self._language(request)
        try:
            if request.actor is None and not route.is_for_anyone:
                raise CaseflowError("not-signed-in")
            return self._operations[route.name](request, lang)
        except CaseflowError as error:
            return self._problem(error, request, lang)

    def _language(self, request: ApiRequest) -> Lang:
        accepted = request.headers.get("accept-language", "").split(",")[0].partition(";")[0].strip()
        return nearest(accepted) if accepted and accepted != "*" else self._lang

    def _problem(self, error: CaseflowError, request: ApiRequest, lang: Lang) -> ApiAnswer:
        document = problem(error, self._rules(request), lang=lang)
        if isinstance(error, Stale) and "if-match" in request.headers:
            document = document.replace(status=412)
        headers = {} if document.retry_after is None else {"Retry-After": str(document.retry_after)}
        if document.status == 401:
            headers["WWW-Authenticate"] = "Session"
        return ApiAnswer(document.status, msgspec.json.encode(document), MEDIA_TYPE, headers)

    def _rules(self, request: ApiRequest) -> CompiledPolicy:
        """The rules whose labels a problem speaks: of the case, if there is one that can be read."""
        case_id = request.path.get("case_id")
        try:
            return self._desk.rules if case_id is None else self._desk.rules_of(case_id)
        except CaseflowError:
            return self._desk.rules

    # -- questions -----------------------------------------------------------------------------------------

    def _get_health(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        """Whoever sends work to instances reads the status alone; 5xx is as good where the store fails."""
        health, headers = self._desk.health(self._limits), {"Cache-Control": "no-store"}
        return _sent(health, status=200 if health.is_healthy else 503, headers=headers)

    def _list_cases(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        page = self._desk.seen_by(_actor(request)).cases(**_options("list_cases", request))
        cases, aside = list[d.CaseDocument](), [one.name for one in page.quarantined]
        for case in page:
            try:
                cases.append(self._document(case, lang))
            except Exception:  # a zone that there is not: the others are shown
                aside.append(case.id)
        return _sent(d.page_document(cases, page.cursor, quarantined=aside))

    def _count_cases(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        counts = self._desk.seen_by(_actor(request)).counts(**_options("count_cases", request))
        return _sent(
            d.counts_document(
                self._desk.rules, states=counts.by("state"), units=counts.by("unit"),
                levels=counts.by("level"), quarantined=[one.name for one in counts.quarantined], lang=lang,
            )
        )  # fmt: skip

    def _get_case(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        case = self._file(request).get()
        return _sent(self._document(case, lang), headers=_version(case))

    def _get_public(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        case = self._desk.get(request.path["case_id"])
        rules = self._desk.rules_of(case)
        return _sent(d.public_document(rules, public_view(rules, case), lang=lang))

    def _list_texts(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        file = self._file(request)
        documents = (
            d.text_document(
                file.rules,
                version=text.version,
                field=text.field,
                content=None if text.is_redacted else text.text,
                lang=lang,
            )
            for text in file.texts()
        )
        return _sent(d.texts_document(documents))

    def _get_story(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        file = self._file(request)
        return _sent(d.story_document(file.rules, file.story(lang=lang)))

    def _get_forecast(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        file = self._file(request)
        return _sent(d.forecast_document(file.rules, file.forecast(), lang=lang))

    def _explain(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        file = self._file(request)
        parts = file.explain(clock=request.path["clock"])
        return _sent(
            d.explanations_document(d.explanation_document(file.rules, part, lang=lang) for part in parts)
        )

    def _list_actions(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        file, case_id = self._file(request), request.path["case_id"]
        return _sent(actions_document(file.rules, file.allowed(), case_id=case_id, lang=lang))

    def _file(self, request: ApiRequest) -> CaseFile:
        return self._desk.seen_by(_actor(request)).open(request.path["case_id"])

    # -- commands ------------------------------------------------------------------------------------------

    def _submit(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        actor, body, key = _actor(request), _body(request), request.headers.get("idempotency-key")
        fields = self._typed(request, "submit", body)
        case_id = new_case_id(actor, key)
        case = self._desk.act(case_id, "submit", by=actor, fields=fields, **_terms(request, body))
        location = {"Location": f"cases/{quote(case.id, safe='')}"}
        return self._after(case, actor, lang, status=201, headers=location)

    def _act(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        actor, body = _actor(request), _body(request)
        case_id, action = request.path["case_id"], request.path["action"]
        fields = self._typed(request, action, body)
        case = self._desk.act(case_id, action, by=actor, fields=fields, **_terms(request, body))
        return self._after(case, actor, lang)

    def _typed(self, request: ApiRequest, action: str, body: ActionBody) -> dict[str, Any]:
        """The fields as the desk takes them: without those that are null, lists as tuples, instants read.

        The case's own rules are looked up only for what may be an instant: it costs a question to the store.
        """
        fields, present = dict[str, Any](), self._desk.rules.fields.get(action, {})
        for name, value in body.fields.items():
            if isinstance(value, list):
                fields[name] = tuple(value)
            elif isinstance(value, str) and (value[:4].isdigit() or _is_instant(present, name)):
                own = self._rules(request).fields.get(action, {})
                fields[name] = micros(value, what=name) if _is_instant(own, name) else value
            elif value is not None:
                fields[name] = value
        return fields

    def _after(
        self,
        case: Case,
        actor: Actor,
        lang: Lang,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> ApiAnswer:
        """The case after a command, as far as whoever gave it may read it; nothing where they may not."""
        repeated = {"Idempotent-Replayed": "true"} if case.is_repeat else {}
        headers = {**(headers or {}), **_version(case), **repeated}
        seen = self._desk.seen_by(actor).get_of(case)
        if seen is None:
            return ApiAnswer(204 if status == 200 else status, headers=headers)
        return _sent(self._document(seen, lang), status=status, headers=headers)

    def _document(self, case: Case, lang: Lang) -> d.CaseDocument:
        return d.case_document(self._desk.rules_of(case), case, self._desk.clock.now_us(), lang=lang)


def _actor(request: ApiRequest) -> Actor:
    """Who is signed in; `CaseApi.answer` has asked whether anybody is."""
    assert request.actor is not None
    return request.actor


def _options(operation: str, request: ApiRequest) -> dict[str, Any]:
    """The parameters of the query, each as its type; an empty one says nothing.

    Raises:
        BadInput: there is no such parameter, or it has another type.
    """
    kinds = QUERIES[operation]
    for name in request.query:
        if name not in kinds:
            raise BadInput("bad-option", what=name, found=f"no such parameter; there are {', '.join(kinds)}")
    return {name: _parameter(kinds[name], name, text) for name, text in request.query.items() if text != ""}


def _parameter(kind: str, name: str, text: str) -> str | int | bool:
    """A parameter of the query as its type.

    Raises:
        BadInput: it is no number, or neither true nor false.
    """
    match kind:
        case "boolean" if text in ("true", "false"):
            return text == "true"
        case "integer" if re.fullmatch("[0-9]{1,9}", text):
            return int(text)
        case "string":
            return text
        case _:
            raise BadInput("bad-bool" if kind == "boolean" else "bad-int", what=name, found=text[:80])


def _body(request: ApiRequest) -> ActionBody:
    """The body of a command; an empty one says nothing.

    Raises:
        CaseflowError: it is larger than `MOST_BYTES` (``body-too-large``).
        BadInput: it is no JSON, or has another form.
    """
    if len(request.body) > MOST_BYTES:
        raise CaseflowError("body-too-large", found=len(request.body), most=MOST_BYTES)
    if not request.body.strip():
        return ActionBody()
    try:
        return msgspec.json.decode(request.body, type=ActionBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("bad-json", what="body", found=str(error)) from error


def _is_instant(rules: Mapping[str, FieldRule], name: str) -> bool:
    return name in rules and rules[name].type == "instant"


def _terms(request: ApiRequest, body: ActionBody) -> dict[str, Any]:
    """The idempotency key, the version that is expected, and since when it is true.

    Raises:
        BadInput: ``If-Match`` is no version as ``ETag`` gives it.
    """
    terms: dict[str, Any] = {"key": request.headers.get("idempotency-key"), "effective_at": body.effective_at}
    expected = request.headers.get("if-match")
    if expected is not None:
        version = re.fullmatch('"([0-9]{1,9})"', expected.strip())
        if version is None:
            raise BadInput("bad-int", what="If-Match", found=expected[:80])
        terms["expected_version"] = int(version[1])
    return terms


def _version(case: Case) -> dict[str, str]:
    return {"ETag": f'"{case.version}"'}


def _sent(
    document: d.JsonDocument, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> ApiAnswer:
    return ApiAnswer(status, msgspec.json.encode(document), JSON, headers or {})
