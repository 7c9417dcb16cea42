"""A portal on Flask: cases under /api, described at /api/openapi.json.

Who is signed in stands in a header here. Run: flask --app examples/flask_portal run, with
CASES=sqlite:///cases.db or another store, and ask:

    curl -H "X-User: handler%20o-4%20%E5%9F%8E%E7%AE%A1%E5%B1%80" localhost:5000/api/cases
"""

from __future__ import annotations

import os
from urllib.parse import unquote

from flask import Flask, request

from caseflow import Actor, Desk, load_policy
from caseflow.contrib.flask import case_blueprint
from caseflow.stores.locations import open_store

app = Flask(__name__)
desk = Desk(load_policy("wuhu"), open_store(os.environ.get("CASES", "sqlite:///cases.db")))


def signed_in() -> Actor | None:
    """The portal's own session in a real one; here the header "role id unit"."""
    role, _, rest = unquote(request.headers.get("X-User", "")).partition(" ")
    name, _, unit = rest.partition(" ")
    return Actor(name, role=role, unit=unit) if name else None


app.register_blueprint(case_blueprint(desk, actor_of=signed_in), url_prefix="/api")
