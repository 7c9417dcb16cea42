"""The HTTP API of cases as Django views; include `case_urls` in the portal's own urls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import URLPattern, path

from caseflow.contrib.django.config import actor_of, desk, language
from caseflow.contrib.http_api import ApiRequest, CaseApi, PublicFeed, Route, headers_of, routes_of
from caseflow.contrib.openapi import openapi
from caseflow.core.model.commands import Actor
from caseflow.views.health import HealthLimits


def case_urls(
    *,
    actor_of: Callable[[HttpRequest], Actor | None] = actor_of,
    health: HealthLimits | None = None,
    feed: PublicFeed | None = None,
) -> list[URLPattern]:
    """The url patterns of the portal's cases, on the desk of ``settings.CASEFLOW``.

    ``openapi.json`` below the same prefix describes them. Django's protection against forged requests holds
    for commands as for any other view.

    Args:
        actor_of: who is signed in, `None` for nobody; by default as ``settings.CASEFLOW["ROLES"]`` says.
        health: beyond which limits ``/health`` answers 503; see `Desk.health`.
        feed: what is published, below ``published``; nothing by default.
    """
    by_path: dict[str, dict[str, Route]] = {}  # read deepest first: Django tries one after the other
    for route in routes_of(feed):
        by_path.setdefault(route.path, {})[route.method] = route
    patterns = [
        path(
            pattern.lstrip("/").replace("{", "<str:").replace("}", ">"),
            _view(routes, actor_of, partial(CaseApi, health=health, feed=feed)),
            name=f"caseflow-{next(iter(routes.values())).name}",
        )
        for pattern, routes in sorted(by_path.items(), key=lambda item: -item[0].count("/"))
    ]
    return [*patterns, path("openapi.json", _describing(feed), name="caseflow-openapi")]


def _view(
    routes: dict[str, Route],
    actor_of: Callable[[HttpRequest], Actor | None],
    api: Callable[..., CaseApi],
) -> Callable[..., HttpResponse]:
    def view(request: HttpRequest, **parts: str) -> HttpResponse:
        route = routes.get(request.method or "")
        if route is None:
            return HttpResponseNotAllowed(list(routes))
        headers = headers_of(request.META)
        asked_for = ApiRequest(actor_of(request), parts, request.GET.dict(), headers, request.body)
        answer = api(desk(), lang=language()).answer(route, asked_for)
        return HttpResponse(
            answer.body, status=answer.status, content_type=answer.media_type, headers=dict(answer.headers)
        )

    return view


def _describing(feed: PublicFeed | None) -> Callable[[HttpRequest], HttpResponse]:
    def describe(request: HttpRequest) -> HttpResponse:
        prefix = request.path.removesuffix("/openapi.json")
        return JsonResponse(openapi(desk().policies.values(), prefix=prefix, lang=language(), feed=feed))

    return describe
