"""A portal on FastAPI: cases under /api, described at /docs. Whoever is signed in stands in a header here.

Run: uvicorn fastapi_portal:app --app-dir examples, with CASES=sqlite:///cases.db or another store, and ask:

    curl -H "X-User: handler%20o-4%20%E5%9F%8E%E7%AE%A1%E5%B1%80" localhost:8000/api/cases
"""

from __future__ import annotations

import os
from urllib.parse import unquote

from fastapi import FastAPI, Request

from caseflow import Actor, Desk, load_policy
from caseflow.contrib.fastapi import include_cases
from caseflow.stores.locations import open_store

app = FastAPI(title="市民心声")
desk = Desk(load_policy("wuhu"), open_store(os.environ.get("CASES", "sqlite:///cases.db")))


def signed_in(request: Request) -> Actor | None:
    """The portal's own session in a real one; here the header "role id unit"."""
    role, _, rest = unquote(request.headers.get("x-user", "")).partition(" ")
    name, _, unit = rest.partition(" ")
    return Actor(name, role=role, unit=unit) if name else None


include_cases(app, desk, actor_of=signed_in, prefix="/api")
