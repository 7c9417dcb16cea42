"""The OpenAPI 3.1 description of the HTTP API, with the exact fields of every action of a desk's policies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from caseflow.contrib.http_api import JSON, QUERIES, PublicFeed, Route, routes_of
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.i18n import Lang
from caseflow.views.action_forms import form_schema
from caseflow.views.atom import MEDIA_TYPE as ATOM
from caseflow.views.document_schemas import DOCUMENTS, schema_components
from caseflow.views.labels import PolicyLabels
from caseflow.views.problem import MEDIA_TYPE

_HEADERS = (
    {"name": "Accept-Language", "in": "header", "schema": {"type": "string"}},
    {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200}},
    {"name": "If-Match", "in": "header", "schema": {"type": "string", "pattern": '^"[0-9]+"$'}},
)


def openapi(
    rules: CompiledPolicy | Iterable[CompiledPolicy],
    *,
    title: str = "caseflow",
    prefix: str = "",
    lang: Lang = "en",
    feed: PublicFeed | None = None,
) -> dict[str, Any]:
    """The description of the API under a desk's policies; an action has a path of its own, with its form.

    Args:
        rules: those of new cases; of several (``desk.policies.values()``) the first is for cases
            that name none. A case under older rules may know other actions; ``list_actions`` tells.
        prefix: what stands before ``/cases`` in every path.
        lang: the language of labels.
        feed: what is published, where the portal publishes.
    """
    paths: dict[str, dict[str, Any]] = {}
    several = (rules,) if isinstance(rules, CompiledPolicy) else tuple(rules)
    for route in routes_of(feed):
        for path, operation in _operations(route, several, lang):
            paths.setdefault(prefix + path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": several[0].policy.version},
        "paths": paths,
        "components": {"schemas": schema_components()},
    }


def _operations(
    route: Route, several: Sequence[CompiledPolicy], lang: Lang
) -> list[tuple[str, dict[str, Any]]]:
    if route.name == "submit":
        bodies = [_submission(rules, lang, is_first=rules is several[0]) for rules in several]
        return [(route.path, _operation(route, body=bodies[0] if len(bodies) == 1 else {"oneOf": bodies}))]
    if route.name != "act":
        return [(route.path, _operation(route))]
    by_action = dict[str, list[CompiledPolicy]]()
    for rules in several:
        for action in rules.policy.actions:
            if action != "submit":
                by_action.setdefault(action, []).append(rules)
    return [
        (
            route.path.replace("{action}", action),
            _operation(
                route, name=action, summary=PolicyLabels(those[0], lang).action(action),
                body=_of_any([_body(rules, action, lang) for rules in those]),
            ),
        )
        for action, those in by_action.items()
    ]  # fmt: skip


def _submission(rules: CompiledPolicy, lang: Lang, *, is_first: bool) -> dict[str, Any]:
    """The body of a submission under a policy, which all but the first must name."""
    body, name = _body(rules, "submit", lang), rules.policy.name
    body["properties"]["policy"] = {"enum": [name, None]} if is_first else {"const": name}
    if not is_first:
        body["required"] = [*body.get("required", ()), "policy"]
    return body


def _of_any(bodies: list[dict[str, Any]]) -> dict[str, Any]:
    """The body of an action that several policies may have, each with fields of its own."""
    different = [body for n, body in enumerate(bodies) if body not in bodies[:n]]
    return different[0] if len(different) == 1 else {"anyOf": different}


def _operation(
    route: Route, *, name: str = "", summary: str = "", body: dict[str, Any] | None = None
) -> dict[str, Any]:
    problem = {"description": "a problem", "content": {MEDIA_TYPE: {"schema": _ref("problem")}}}
    success = "201" if route.name == "submit" else "200"
    content: dict[str, Any] = {JSON: {"schema": _ref(route.document)}} if route.document else {ATOM: {}}
    answer: dict[str, Any] = {"description": route.document or "Atom (RFC 4287)", "content": content}
    answers: dict[str, Any] = {success: answer, "default": problem}
    if route.name == "get_health":
        answers["503"] = {**answer, "description": "beyond the portal's limits"}
    operation: dict[str, Any] = {
        "operationId": name or route.name,
        "parameters": [*_parameters(route), *(_HEADERS if body else _HEADERS[:1])],
        "responses": answers,
    }
    if summary:
        operation["summary"] = summary
    if body is not None:
        operation["responses"]["204"] = {"description": "done; this actor may not read the case"}
        operation["requestBody"] = {"content": {JSON: {"schema": body}}}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{") and part != "{action}"]
    path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    query = QUERIES.get(route.name, {})
    return [*path, *({"name": name, "in": "query", "schema": {"type": kind}} for name, kind in query.items())]


def _body(rules: CompiledPolicy, action: str, lang: Lang) -> dict[str, Any]:
    form = form_schema(rules, action, lang=lang)
    del form["$schema"]
    required = {"required": ["fields"]} if form["required"] else {}
    return {
        "type": "object",
        "properties": {"fields": form, "effective_at": {"type": ["string", "null"], "format": "date-time"}},
        "additionalProperties": False,
        **required,
    }


def _ref(document: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{DOCUMENTS[document].__name__}"}
