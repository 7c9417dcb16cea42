"""The HTTP API of cases in a FastAPI application, with its part of the OpenAPI description."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from caseflow.contrib.http_api import ApiRequest, CaseApi, PublicFeed, Route, routes_of
from caseflow.contrib.openapi import openapi
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.commands import Actor
from caseflow.desk import Desk
from caseflow.i18n import Lang
from caseflow.views.health import HealthLimits


def include_cases(
    app: FastAPI,
    desk: Desk | Callable[..., Desk],
    *,
    actor_of: Callable[..., Any],
    prefix: str = "",
    lang: Lang = "zh",
    health: HealthLimits | None = None,
    feed: PublicFeed | None = None,
) -> None:
    """Hang the API of a desk's cases into an application.

    ``app.openapi()`` and ``/docs`` describe it to the field with the rest of the portal, and ``GET
    /openapi.json`` below the prefix by itself; where the desk is a dependency, the latter alone.

    A command runs in a thread of Starlette's pool, so that the event loop goes on meanwhile.

    Args:
        app: the portal's application.
        desk: the portal's desk, or a dependency that gives the desk of a request, as with a joined store.
        actor_of: a dependency that gives the `Actor` who is signed in, or ``None`` for nobody.
        prefix: what stands before ``/cases`` in every path.
        lang: the language of answers where a request asks for none.
        health: beyond which limits ``/health`` answers 503; see `Desk.health`.
        feed: what is published, below ``/published``; nothing by default.
    """
    router = APIRouter(prefix=prefix)

    def this_desk() -> Desk:
        assert isinstance(desk, Desk)
        return desk

    desk_of = this_desk if isinstance(desk, Desk) else desk
    for route in routes_of(feed):
        endpoint = _endpoint(route, desk_of, actor_of, partial(CaseApi, lang=lang, health=health, feed=feed))
        router.add_api_route(
            route.path, endpoint, methods=[route.method], include_in_schema=False, name=route.name
        )
    describe = partial(openapi, prefix=prefix, lang=lang, feed=feed)
    described = _description(desk_of, describe)
    router.add_api_route("/openapi.json", described, include_in_schema=False, name="caseflow-openapi")
    app.include_router(router)
    if isinstance(desk, Desk):
        _describe(app, desk, describe)


def _endpoint(
    route: Route,
    desk_of: Callable[..., Desk],
    actor_of: Callable[..., Any],
    api: Callable[[Desk], CaseApi],
) -> Callable[..., Coroutine[Any, Any, Response]]:
    async def endpoint(request: Request, desk: Desk, actor: Any) -> Response:
        signed_in = actor if isinstance(actor, Actor) else None
        headers = {key.lower(): value for key, value in request.headers.items()}
        body = await request.body()
        asked_for = ApiRequest(
            signed_in, dict(request.path_params), dict(request.query_params), headers, body
        )
        answer = await run_in_threadpool(api(desk).answer, route, asked_for)
        return Response(answer.body, answer.status, dict(answer.headers), media_type=answer.media_type)

    endpoint.__annotations__ = {
        "request": Request,
        "desk": Annotated[Any, Depends(desk_of)],
        "actor": Annotated[Any, Depends(actor_of)],
    }
    return endpoint


def _description(
    desk_of: Callable[..., Desk], describe: Callable[[Iterable[CompiledPolicy]], dict[str, Any]]
) -> Callable[..., JSONResponse]:
    def described(desk: Desk) -> JSONResponse:
        return JSONResponse(describe(desk.policies.values()))

    described.__annotations__ = {"desk": Annotated[Any, Depends(desk_of)]}
    return described


def _describe(
    app: FastAPI, desk: Desk, describe: Callable[[Iterable[CompiledPolicy]], dict[str, Any]]
) -> None:
    """Add the API to what the application says of itself, the way FastAPI's documentation gives for it."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        document = plain()
        ours = describe(desk.policies.values())
        document.setdefault("paths", {}).update(ours["paths"])
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(ours["components"]["schemas"])
        return document

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's own way to extend it
