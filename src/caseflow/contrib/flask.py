"""The HTTP API of cases as a Flask blueprint."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, jsonify, request

from caseflow.contrib.http_api import ApiRequest, CaseApi, PublicFeed, Route, headers_of, routes_of
from caseflow.contrib.openapi import openapi
from caseflow.core.model.commands import Actor
from caseflow.desk import Desk
from caseflow.i18n import Lang
from caseflow.views.health import HealthLimits


def case_blueprint(
    desk: Desk | Callable[[], Desk],
    *,
    actor_of: Callable[[], Actor | None],
    lang: Lang = "zh",
    health: HealthLimits | None = None,
    feed: PublicFeed | None = None,
    name: str = "caseflow",
) -> Blueprint:
    """The blueprint of a desk's cases; register it under a prefix of the portal's choice.

    ``GET /openapi.json`` below that prefix describes it.

    Args:
        desk: the portal's desk, or what gives the desk of a request, as with a joined store.
        actor_of: who is signed in; ``None`` for nobody. Called within the request.
        lang: the language of answers where a request asks for none.
        health: beyond which limits ``/health`` answers 503; see `Desk.health`.
        feed: what is published, below ``/published``; nothing by default.
        name: the blueprint's name.
    """
    blueprint = Blueprint(name, __name__)
    for route in routes_of(feed):
        rule = route.path.replace("{", "<").replace("}", ">")
        view = _view(desk, route, actor_of, partial(CaseApi, lang=lang, health=health, feed=feed))
        blueprint.add_url_rule(rule, endpoint=route.name, view_func=view, methods=[route.method])

    def describe() -> Response:
        prefix = request.path.removesuffix("/openapi.json")
        return jsonify(openapi(_desk(desk).policies.values(), prefix=prefix, lang=lang, feed=feed))

    blueprint.add_url_rule("/openapi.json", endpoint="openapi", view_func=describe)
    return blueprint


def _view(
    desk: Desk | Callable[[], Desk],
    route: Route,
    actor_of: Callable[[], Actor | None],
    api: Callable[[Desk], CaseApi],
) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        asked_for = ApiRequest(
            actor_of(), path, request.args.to_dict(), headers_of(request.environ), request.get_data()
        )
        answer = api(_desk(desk)).answer(route, asked_for)
        response = Response(answer.body, answer.status, content_type=answer.media_type)
        response.headers.update(answer.headers)
        return response

    return view


def _desk(desk: Desk | Callable[[], Desk]) -> Desk:
    return desk if isinstance(desk, Desk) else desk()
