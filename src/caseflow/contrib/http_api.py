"""The HTTP API of a portal's cases, apart from any framework: what is asked comes in, documents go out.

`caseflow.contrib.fastapi`, `caseflow.contrib.flask` and `caseflow.contrib.django.api` hang it into a portal;
each only carries requests to `CaseApi.answer` and its answers back. Every answer is what `Desk.seen_by`
lets the actor see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.policy import FieldRule
from caseflow.core.time.instants import micros, moment
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.desk.case_file import CaseFile
from caseflow.desk.publications import Publication, Publications, preview
from caseflow.desk.typed_actions import new_case_id
from caseflow.errors import BadInput, CaseflowError, Stale, UnknownCase
from caseflow.i18n import Lang, nearest
from caseflow.views import documents as d
from caseflow.views import publication_documents as p
from caseflow.views.action_forms import actions_document
from caseflow.views.atom import MEDIA_TYPE as ATOM
from caseflow.views.atom import AtomEntry, atom
from caseflow.views.explanation_documents import explanation_document, explanations_document
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
PUBLICATION_ROUTES = (
    Route("list_published", "GET", "/published", "publications", is_for_anyone=True),
    Route("get_published", "GET", "/published/{case_id}", "publication", is_for_anyone=True),
    Route("get_feed", "GET", "/published.atom", "", is_for_anyone=True),
    Route("preview", "GET", "/cases/{case_id}/preview", "previews"),
)
"""What it answers besides, where a portal publishes."""
_PAGE: Mapping[str, str] = {"limit": "integer", "cursor": "string"}
_TERMS: Mapping[str, str] = {
    "unit": "string", "helping": "boolean", "state": "string", "kind": "string", "region": "string",
    "policy": "string", "level": "string", "since": "string", "until": "string", "overdue": "boolean",
}  # fmt: skip
QUERIES: Mapping[str, Mapping[str, str]] = {
    "list_cases": {**_TERMS, "text": "string", "order": "string", **_PAGE},
    "count_cases": _TERMS,
    "list_published": _PAGE,
    "get_feed": _PAGE,
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


_READ = {f"HTTP_{name.upper().replace('-', '_')}": name
         for name in ("accept-language", "idempotency-key", "if-match")}  # fmt: skip


def headers_of(environ: Mapping[str, Any]) -> dict[str, str]:
    """What `ApiRequest` has of the headers, from the environ of WSGI; a door need not read all of them."""
    return {name: environ[key] for key, name in _READ.items() if key in environ}


class ActionBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an action: its fields by name, and since when it is true where that is before now."""

    fields: dict[str, str | int | bool | list[str] | None] = {}
    effective_at: str | None = None


class SubmissionBody(ActionBody, forbid_unknown_fields=True):
    """The body of a submission: also the name of the desk's policy under which the case will stand."""

    policy: str | None = None


class PublicFeed(Value):
    """What a portal publishes by: it switches `PUBLICATION_ROUTES` on.

    Attributes:
        publications: those of the portal's store; one a process.
        title: of the Atom feed.
        author: the office that publishes.
        address: of the API as anyone reaches it, without a slash at the end; addresses in the feed begin
            with it, and stay what they are.
    """

    publications: Publications
    title: str
    author: str
    address: str


def routes_of(feed: PublicFeed | None) -> tuple[Route, ...]:
    """The operations of an API that publishes, or does not."""
    return ROUTES if feed is None else ROUTES + PUBLICATION_ROUTES


class CaseApi:
    """Answers requests about the cases of a desk.

    Args:
        desk: the portal's; of a joined store, one for each request.
        lang: the language of answers where a request asks for none.
        health: what ``get_health`` is held to: 503 beyond it; see `Desk.health`.
        feed: what is published, for the operations of `PUBLICATION_ROUTES`; none of them by default.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        lang: Lang = "zh",
        health: HealthLimits | None = None,
        feed: PublicFeed | None = None,
    ) -> None:
        self._feed = feed
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
            "list_published": self._list_published,
            "get_published": self._get_published,
            "get_feed": self._get_feed,
            "preview": self._preview,
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
        numbers = self._desk.numbers(page, lang=lang)
        for case in page:
            try:
                cases.append(self._document(case, lang, number=numbers.get(case.id, "")))
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
        file = self._file(request)
        case = file.get()
        return _sent(self._document(case, lang, number=file.number(lang=lang)), headers=_version(case))

    def _get_public(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        case = self._desk.get(request.path["case_id"])
        rules = self._desk.rules_of(case)
        number = self._number(case, lang)
        return _sent(d.public_document(rules, public_view(rules, case), number=number, lang=lang))

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
            explanations_document(explanation_document(file.rules, part, lang=lang) for part in parts)
        )

    def _list_actions(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        file, case_id = self._file(request), request.path["case_id"]
        return _sent(actions_document(file.rules, file.allowed(), case_id=case_id, lang=lang))

    # -- what is published ---------------------------------------------------------------------------------

    def _list_published(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        page = self._public.publications.page(**_options("list_published", request))
        published = tuple(_publication(one, lang) for one in page)
        return _sent(p.PublicationsDocument(publications=published, cursor=page.cursor))

    def _get_published(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        publication = self._public.publications.get(request.path["case_id"])
        if publication is None:
            raise UnknownCase(request.path["case_id"])
        return _sent(_publication(publication, lang))

    def _get_feed(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        feed = self._public
        page = feed.publications.page(**_options("get_feed", request))
        entries = [_entry(_publication(one, lang), feed.address) for one in page]
        address = f"{feed.address}/published.atom"
        body = atom(
            entries,
            address=address,
            title=feed.title,
            author=feed.author,
            updated_at=max((one.published_at for one in entries), default=moment(self._desk.clock.now_us())),
            next_address=f"{address}?cursor={page.cursor}" if page.cursor else "",
        )
        return ApiAnswer(200, body, ATOM)

    def _preview(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        file = self._file(request)
        texts = list[p.PreviewDocument]()
        for one in preview(file.texts()):
            text = d.text_document(
                file.rules, version=one.text.version, field=one.text.field, content=one.text.text, lang=lang
            )
            texts.append(p.preview_document(text, one.hidden, one.places, lang=lang))
        return _sent(p.PreviewsDocument(texts=tuple(texts)))

    @property
    def _public(self) -> PublicFeed:
        """The feed; its routes are there only where a portal publishes."""
        assert self._feed is not None
        return self._feed

    def _file(self, request: ApiRequest) -> CaseFile:
        return self._desk.seen_by(_actor(request)).open(request.path["case_id"])

    # -- commands ------------------------------------------------------------------------------------------

    def _submit(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        actor, key = _actor(request), request.headers.get("idempotency-key")
        body = _body(request, SubmissionBody)
        rules = self._desk.policies.get(body.policy or "", self._desk.rules)
        fields = _typed(rules, "submit", body)
        case_id = new_case_id(actor, key)
        case = self._desk.act(
            case_id, "submit", by=actor, fields=fields, policy=body.policy, **_terms(request, body)
        )
        location = {"Location": f"cases/{quote(case.id, safe='')}"}
        return self._after(case, actor, lang, status=201, headers=location)

    def _act(self, request: ApiRequest, lang: Lang) -> ApiAnswer:
        actor, body = _actor(request), _body(request, ActionBody)
        case_id, action = request.path["case_id"], request.path["action"]
        fields = self._typed(request, action, body)
        case = self._desk.act(case_id, action, by=actor, fields=fields, **_terms(request, body))
        return self._after(case, actor, lang)

    def _typed(self, request: ApiRequest, action: str, body: ActionBody) -> dict[str, Any]:
        """The fields of an action on a case, by its own rules; see `_typed`.

        They are looked up only for what may be an instant: it costs a question to the store.
        """
        every = [rules.fields.get(action, {}) for rules in self._desk.policies.values()]
        may_be_instant = any(
            isinstance(value, str) and (value[:4].isdigit() or any(_is_instant(one, name) for one in every))
            for name, value in body.fields.items()
        )
        return _typed(self._rules(request) if may_be_instant else self._desk.rules, action, body)

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
        document = self._document(seen, lang, number=self._number(seen, lang))
        return _sent(document, status=status, headers=headers)

    def _number(self, case: Case, lang: Lang) -> str:
        return self._desk.numbers([case], lang=lang).get(case.id, "")

    def _document(self, case: Case, lang: Lang, *, number: str) -> d.CaseDocument:
        rules, now = self._desk.rules_of(case), self._desk.clock.now_us()
        return d.case_document(rules, case, now, number=number, lang=lang)


def _actor(request: ApiRequest) -> Actor:
    """Who is signed in; `CaseApi.answer` has asked whether anybody is."""
    assert request.actor is not None
    return request.actor


def _publication(one: Publication, lang: Lang) -> p.PublicationDocument:
    return p.publication_document(one.rules, one.case, one.published_at, one.texts, lang=lang)


def _entry(one: p.PublicationDocument, address: str) -> AtomEntry:
    """An entry under its ``title``, or what kind of inquiry it is, with each other text below its label."""
    texts = {text.field.key: text for text in one.texts}
    title = texts.pop("title", None)
    return AtomEntry(
        f"{address}/published/{quote(one.id, safe='')}",
        title=title.text if title is not None else one.kind.label if one.kind is not None else one.id,
        content="\n\n".join(f"{text.field.label}\n{text.text}" for text in texts.values()),
        published_at=one.published_at,
    )


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


def _typed(rules: CompiledPolicy, action: str, body: ActionBody) -> dict[str, Any]:
    """The fields as the desk takes them: without those that are null, lists as tuples, instants read."""
    fields, own = dict[str, Any](), rules.fields.get(action, {})
    for name, value in body.fields.items():
        if isinstance(value, list):
            fields[name] = tuple(value)
        elif isinstance(value, str) and _is_instant(own, name):
            fields[name] = micros(value, what=name)
        elif value is not None:
            fields[name] = value
    return fields


_B = TypeVar("_B", bound=ActionBody)


def _body(request: ApiRequest, kind: type[_B]) -> _B:
    """The body of a command; an empty one says nothing.

    Raises:
        CaseflowError: it is larger than `MOST_BYTES` (``body-too-large``).
        BadInput: it is no JSON, or has another form.
    """
    if len(request.body) > MOST_BYTES:
        raise CaseflowError("body-too-large", found=len(request.body), most=MOST_BYTES)
    if not request.body.strip():
        return kind()
    try:
        return msgspec.json.decode(request.body, type=kind)
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
