"""A portal on each framework with two doors: the HTTP API of cases, and a view that does one bare INSERT.

Servers are given these functions; the database stands in ``DOORS``, a URL as `SqlStore` takes it.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import unquote

from fastapi import Depends, FastAPI, Request
from flask import Flask
from flask import request as flask_request
from sqlalchemy import Engine, create_engine, text

from caseflow import Actor, Desk, load_policy
from caseflow.contrib.fastapi import include_cases
from caseflow.contrib.flask import case_blueprint
from caseflow.stores.database_urls import parsed
from caseflow.stores.sqlalchemy import SqlStore

INSERT = "INSERT INTO bare (body) VALUES (:body)"
TABLE = "CREATE TABLE bare (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body TEXT NOT NULL)"
POLICY = "wuhu"


def fastapi_app() -> Any:
    """For uvicorn."""
    app, (engine, store) = FastAPI(), _opened()

    def actor_of(request: Request) -> Actor | None:
        return actor(request.headers.get("x-user", ""))

    async def posted(request: Request) -> bytes:
        return await request.body()

    @app.post("/api/bare")
    def bare(body: bytes = Depends(posted)) -> dict[str, str]:
        return insert(engine, body)

    include_cases(app, Desk(load_policy(POLICY), store), actor_of=actor_of, prefix="/api")
    return app


def flask_app() -> Any:
    """For gunicorn."""
    app, (engine, store) = Flask(__name__), _opened()

    @app.post("/api/bare")
    def bare() -> dict[str, str]:
        return insert(engine, flask_request.get_data())

    desk = Desk(load_policy(POLICY), store)
    blueprint = case_blueprint(desk, actor_of=lambda: actor(flask_request.headers.get("X-User", "")))
    app.register_blueprint(blueprint, url_prefix="/api")
    return app


def django_app() -> Any:
    """For gunicorn."""
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    url = parsed(os.environ["DOORS"])
    settings.configure(
        DATABASES={"default": {
            "ENGINE": "django.db.backends.postgresql", "NAME": url.database, "USER": url.username,
            "PASSWORD": url.password or "", "HOST": url.host, "PORT": url.port, "CONN_MAX_AGE": None,
            "OPTIONS": {"options": url.query["options"]},
        }},
        INSTALLED_APPS=["caseflow.contrib.django"], CASEFLOW={"POLICY": POLICY}, ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["127.0.0.1"], USE_TZ=True,
    )  # fmt: skip
    django.setup()
    from django.db import connection
    from django.http import HttpRequest, JsonResponse
    from django.urls import include, path

    from caseflow.contrib.django.api import case_urls

    def bare(request: HttpRequest) -> JsonResponse:
        body = json.loads(request.body)["fields"]["text"]
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bare (body) VALUES (%s)", (body,))
        return JsonResponse({"body": body})

    cases = case_urls(actor_of=lambda request: actor(request.META.get("HTTP_X_USER", "")))
    globals()["urlpatterns"] = [path("api/bare", bare), path("api/", include(cases))]
    return get_wsgi_application()


def actor(header: str) -> Actor | None:
    """Who is signed in: "role id unit", quoted."""
    role, _, rest = unquote(header).partition(" ")
    name, _, unit = rest.partition(" ")
    return Actor(name, role=role, unit=unit) if name else None


def insert(engine: Engine, body: bytes) -> dict[str, str]:
    """One row of what was posted, committed."""
    posted = json.loads(body)["fields"]["text"]
    with engine.begin() as connection:
        connection.execute(text(INSERT), {"body": posted})
    return {"body": posted}


def _opened() -> tuple[Engine, SqlStore]:
    """The portal's own engine, and the store on it."""
    engine = create_engine(parsed(os.environ["DOORS"]), pool_size=8)
    return engine, SqlStore(engine)
