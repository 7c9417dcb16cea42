"""The HTTP API of a desk with several policies, asked without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.contrib.http_api import ROUTES, ApiAnswer, ApiRequest, CaseApi
from caseflow.contrib.openapi import openapi

NOON = "2025-03-03T12:00:00+08:00"
VISIT = 1_741_136_400_000_000
CLERK = Actor("k-1", role="coordinator")
INQUIRY = """
extends = "base"
name = "inquiry"
case_series = "民声"
labels = { zh = "问事", en = "inquiries" }
"""
INSPECTION = """
name = "inspection"
[roles.coordinator]
reads = "internal"
scope = "any"
[roles.citizen]
[states]
planned = { stage = "handling" }
done = { stage = "ended", final = true }
[actions.submit]
moves = { start = "planned" }
roles = ["coordinator"]
fields = { visit = { type = "instant", required = true } }
[actions.finish]
moves = { planned = "done" }
roles = ["coordinator"]
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    for name, text in (("inquiry", INQUIRY), ("inspection", INSPECTION)):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    policies = [load_policy(tmp_path / f"{name}.toml") for name in ("inquiry", "inspection")]
    return Desk(policies=policies, store=MemoryStore(), clock=ManualClock(NOON))


def asked(desk: Desk, name: str, *, by: Actor = CLERK, body: Any = None, **path: str) -> ApiAnswer:
    route = next(route for route in ROUTES if route.name == name)
    sent = b"" if body is None else json.dumps(body).encode()
    return CaseApi(desk, lang="en").answer(route, ApiRequest(by, path, body=sent))


def test_each_policy_reads_its_own_fields(desk: Desk) -> None:
    """An instant of the second policy comes as text and is one; the first has no such field."""
    body = {"fields": {"visit": "2025-03-05T09:00:00+08:00"}, "policy": "inspection"}
    answer = asked(desk, "submit", body=body)
    case = json.loads(answer.body)
    assert (answer.status, case["policy"], case["number"]) == (
        201, {"key": "inspection", "label": "inspection"}, "",
    )  # fmt: skip
    (_, visit), = desk.get(case["id"]).origin.fields  # fmt: skip
    assert isinstance(visit, int)
    without = asked(desk, "submit", body={**body, "policy": None})
    assert json.loads(without.body)["code"] == "field-unknown"


def test_an_unknown_policy_is_refused_with_those_there_are(desk: Desk) -> None:
    answer = asked(desk, "submit", body={"fields": {}, "policy": "petitions"})
    problem = json.loads(answer.body)
    assert (answer.status, problem["code"]) == (422, "policy-not-offered")
    assert [one["key"] for one in problem["missing"]] == ["inquiry", "inspection"]


def test_an_action_takes_no_policy(desk: Desk) -> None:
    case = desk.submit(title="路灯不亮", by=CLERK)
    answer = asked(desk, "act", body={"policy": "inquiry"}, case_id=case.id, action="route")
    assert (answer.status, json.loads(answer.body)["code"]) == (400, "bad-json")


def test_numbers_are_in_every_document_of_a_case(desk: Desk) -> None:
    """After the submission, in the case, to anyone, and in lists, where others have none."""
    first = json.loads(asked(desk, "submit", body={"fields": {"title": "路灯不亮"}}).body)
    other = desk.submit(by=CLERK, title="井盖", policy="inspection", own_fields={"visit": VISIT})
    assert first["number"] == "民声 (2025) No. 1"
    for name in ("get_case", "get_public"):
        assert json.loads(asked(desk, name, case_id=first["id"]).body)["number"] == first["number"]
    page = json.loads(asked(desk, "list_cases").body)
    assert {case["id"]: case["number"] for case in page["cases"]} == {
        first["id"]: first["number"], other.id: "",
    }  # fmt: skip


def test_the_description_has_a_form_for_each_policy(desk: Desk) -> None:
    """All but the first must be named; an action that one alone has is described by its form."""
    paths = openapi(desk.policies.values())["paths"]
    first, second = _body(paths["/cases"])["oneOf"]
    assert first["properties"]["policy"] == {"enum": ["inquiry", None]} and "policy" not in first.get(
        "required", ()
    )
    assert second["properties"]["policy"] == {"const": "inspection"} and "policy" in second["required"]
    assert second["properties"]["fields"]["required"] == ["visit"]
    assert "anyOf" not in _body(paths["/cases/{case_id}/actions/finish"])
    assert "properties" in _body(paths["/cases/{case_id}/actions/reply"])


def _body(path: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = path["post"]["requestBody"]["content"]["application/json"]["schema"]
    return schema
