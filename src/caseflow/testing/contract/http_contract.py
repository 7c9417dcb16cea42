"""Every promise of the HTTP API, as one suite of tests: a portal runs it against its own doors, over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from caseflow.policies.parse import is_list, is_table
from caseflow.views import documents as d
from caseflow.views.action_forms import ActionsDocument
from caseflow.views.explanation_documents import ExplanationsDocument
from caseflow.views.health import HealthDocument
from caseflow.views.problem import MEDIA_TYPE, ProblemDocument

TITLE, NOTE, REPLY = "路灯不亮", "电缆被挖断", "已修复"
ClientOf = Callable[[str], httpx.Client]


class HttpContract:
    """The promises of the HTTP API of cases under a policy that extends ``base``, one a test.

    A subclass whose name begins with ``Test`` brings

    - ``client_of``: a function that gives an `httpx.Client` with the portal's address and prefix as
      ``base_url``, signed in as ``"citizen"``, ``"neighbour"`` (another citizen), ``"handler"`` (of the unit
      below), ``"coordinator"``, or ``"nobody"``;

    and may override

    - ``unit``: the unit of the handler, 城管局 by default.

    It makes cases of its own and needs none; those that are there stay as they are.
    """

    unit = "城管局"

    @pytest.fixture
    def client_of(self) -> ClientOf:
        """Clients by who is signed in; every subclass overrides this."""
        raise NotImplementedError("bring a fixture `client_of`")

    @pytest.fixture
    def case_id(self, client_of: ClientOf) -> str:
        """A case of the citizen, held by the handler's unit."""
        answer = client_of("citizen").post("cases", json={"fields": {"title": TITLE, "to": self.unit}})
        assert answer.status_code == 201, answer.text
        return msgspec.json.decode(answer.content, type=d.CaseDocument).id

    def test_a_submission_says_where_the_case_is(self, client_of: ClientOf) -> None:
        """201 with the case, its address, and its version as entity tag."""
        citizen = client_of("citizen")
        answer = citizen.post("cases", json={"fields": {"title": TITLE, "to": self.unit}})
        case = msgspec.json.decode(answer.content, type=d.CaseDocument)
        assert (answer.status_code, case.unit, answer.headers["ETag"]) == (
            201,
            self.unit,
            f'"{case.version}"',
        )
        again = citizen.get(str(answer.url.join(answer.headers["Location"])))
        assert (again.status_code, again.json()["id"]) == (200, case.id)

    def test_a_repeat_under_a_key_is_the_first_again(self, client_of: ClientOf) -> None:
        """The same key with the same command makes no second case; with another one it is refused."""
        citizen, key = client_of("citizen"), {"Idempotency-Key": uuid.uuid4().hex}
        first, again = (
            citizen.post("cases", json={"fields": {"title": TITLE}}, headers=key) for _ in range(2)
        )
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json()["id"] == again.json()["id"]
        assert [one.headers.get("Idempotent-Replayed") for one in (first, again)] == [None, "true"]
        other = citizen.post("cases", json={"fields": {"title": NOTE}}, headers=key)
        assert problem_of(other) == (422, "key-reused")

    def test_a_submission_may_name_its_policy(self, client_of: ClientOf, case_id: str) -> None:
        """Under it the case stands, as its document says; another name is refused with those there are."""
        citizen = client_of("citizen")
        policy = citizen.get(f"cases/{case_id}").json()["policy"]["key"]
        body = {"fields": {"title": TITLE}, "policy": policy}
        answer = citizen.post("cases", json=body)
        case = msgspec.json.decode(answer.content, type=d.CaseDocument)
        assert (answer.status_code, case.policy.key) == (201, policy)
        unknown = citizen.post("cases", json={**body, "policy": "no-such-policy"})
        assert problem_of(unknown) == (422, "policy-not-offered")
        assert policy in [one["key"] for one in unknown.json()["missing"]]

    def test_the_number_is_everywhere_the_same(self, client_of: ClientOf, case_id: str) -> None:
        """Where the policy numbers its cases: for the parties, in lists, and as anyone sees the case."""
        citizen = client_of("citizen")
        number = citizen.get(f"cases/{case_id}").json()["number"]
        assert client_of("nobody").get(f"cases/{case_id}/public").json()["number"] == number
        page = citizen.get("cases", params={"order": "newest", "limit": 1000}).json()
        assert [case["number"] for case in page["cases"] if case["id"] == case_id] == [number]

    def test_whoever_is_not_signed_in_is_told_so(self, client_of: ClientOf, case_id: str) -> None:
        """401 for every question and command but the public view and health."""
        nobody = client_of("nobody")
        assert problem_of(nobody.get(f"cases/{case_id}")) == (401, "not-signed-in")
        assert problem_of(nobody.post("cases", json={"fields": {"title": TITLE}})) == (401, "not-signed-in")
        answer = nobody.get(f"cases/{case_id}/public")
        assert msgspec.json.decode(answer.content, type=d.PublicCaseDocument).id == case_id
        assert TITLE not in answer.text

    def test_a_case_of_others_is_no_case(self, client_of: ClientOf, case_id: str) -> None:
        """To another citizen it is as if it were not there, and it is in no list of theirs."""
        neighbour = client_of("neighbour")
        for path in ("", "/texts", "/story", "/forecast", "/actions", "/clocks/reply"):
            assert problem_of(neighbour.get(f"cases/{case_id}{path}")) == (404, "unknown-case")
        assert case_id not in neighbour.get("cases").text

    def test_texts_go_to_their_audience(self, client_of: ClientOf, case_id: str) -> None:
        """The citizen reads the inquiry and the reply; a note is for the office."""
        handler, citizen = client_of("handler"), client_of("citizen")
        assert handler.post(f"cases/{case_id}/actions/note", json={"fields": {"text": NOTE}}).is_success
        assert handler.post(f"cases/{case_id}/actions/reply", json={"fields": {"text": REPLY}}).is_success
        read = {who: texts_of(client, case_id) for who, client in (("c", citizen), ("h", handler))}
        assert read == {"c": [TITLE, REPLY], "h": [TITLE, NOTE, REPLY]}
        stories = [client.get(f"cases/{case_id}/story").text for client in (citizen, handler)]
        assert [NOTE in story for story in stories] == [False, True]

    def test_every_document_is_what_its_class_says(self, client_of: ClientOf, case_id: str) -> None:
        """No field more, none less."""
        handler = client_of("handler")
        for path, kind in (
            ("cases", d.PageDocument), ("counts", d.CountsDocument), (f"cases/{case_id}", d.CaseDocument),
            (f"cases/{case_id}/texts", d.TextsDocument), (f"cases/{case_id}/story", d.StoryDocument),
            (f"cases/{case_id}/forecast", d.ForecastDocument), (f"cases/{case_id}/actions", ActionsDocument),
            (f"cases/{case_id}/clocks/reply", ExplanationsDocument),
        ):  # fmt: skip
            answer = handler.get(path)
            assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (
                200, "application/json",
            ), path  # fmt: skip
            msgspec.json.decode(answer.content, type=kind)

    def test_a_refusal_has_its_status(self, client_of: ClientOf, case_id: str) -> None:
        """403 who may not, 409 not as the case stands, 422 not what the action takes, 404 no case."""
        citizen, handler = client_of("citizen"), client_of("handler")
        act = f"cases/{case_id}/actions"
        assert problem_of(citizen.post(f"{act}/reply", json={"fields": {"text": REPLY}})) == (
            403,
            "role-may-not",
        )
        assert problem_of(citizen.post(f"{act}/rate", json={"fields": {"score": 5}}))[0] == 409
        assert problem_of(handler.post(f"{act}/reply", json={})) == (422, "field-missing")
        assert problem_of(handler.post(f"{act}/dance", json={})) == (422, "unknown-action")
        assert problem_of(citizen.get("cases/no-such-case")) == (404, "unknown-case")

    def test_what_cannot_be_read_is_told_so(self, client_of: ClientOf, case_id: str) -> None:
        """400 with what was wrong: no JSON, another form, a number that is none, a parameter that is none."""
        handler = client_of("handler")
        note = f"cases/{case_id}/actions/note"
        assert problem_of(handler.post(note, content=b"{text")) == (400, "bad-json")
        assert problem_of(handler.post(note, json={"text": NOTE})) == (400, "bad-json")
        assert problem_of(handler.post(note, json={"fields": {"text": {"a": 1}}})) == (400, "bad-json")
        body = {"fields": {"text": NOTE, "reason": "x"}, "effective_at": "yesterday"}
        assert problem_of(handler.post(note, json=body)) == (400, "bad-instant")
        for query in ("limit=many", "overdue=maybe", "cursor=x", "units=x"):
            assert problem_of(handler.get(f"cases?{query}"))[0] == 400, query

    def test_an_expected_version_is_held_to(self, client_of: ClientOf, case_id: str) -> None:
        """``If-Match`` with another version is refused (412), and nothing is recorded."""
        handler = client_of("handler")
        note, body = f"cases/{case_id}/actions/note", {"fields": {"text": NOTE}}
        version = handler.get(f"cases/{case_id}").headers["ETag"]
        assert handler.post(note, json=body, headers={"If-Match": version}).status_code == 200
        stale = handler.post(note, json=body, headers={"If-Match": version})
        assert problem_of(stale) == (412, "stale")
        assert texts_of(handler, case_id) == [TITLE, NOTE]

    def test_the_reader_chooses_the_language(self, client_of: ClientOf, case_id: str) -> None:
        """Labels and problems follow ``Accept-Language``; keys and codes never do."""
        citizen = client_of("citizen")
        labels = [
            citizen.get(f"cases/{case_id}", headers={"Accept-Language": tag}).json()["stage"]
            for tag in ("zh-CN", "en-GB,en;q=0.9")
        ]
        assert labels == [{"key": "handling", "label": "办理"}, {"key": "handling", "label": "handling"}]

    def test_a_list_goes_on_where_it_ended(self, client_of: ClientOf, case_id: str) -> None:
        """Page by page every case of the unit comes once; another unit's list is empty."""
        handler, seen, cursor = client_of("handler"), list[str](), ""
        while True:
            page = handler.get("cases", params={"limit": 2, "cursor": cursor, "unit": self.unit}).json()
            seen += [case["id"] for case in page["cases"]]
            cursor = page["cursor"]
            if not cursor:
                break
        assert case_id in seen
        assert len(seen) == len(set(seen))
        assert handler.get("cases", params={"unit": "水务局"}).json()["cases"] == []

    def test_lists_and_counts_take_the_same_terms(self, client_of: ClientOf, case_id: str) -> None:
        """The newest first, of a unit and a period: as many are counted as are listed; nobody else's are."""
        handler, terms = client_of("handler"), {"unit": self.unit, "since": "2000-01-01", "level": ""}
        page = handler.get("cases", params={**terms, "order": "newest", "limit": 1000}).json()
        listed = [case["submitted_at"] for case in page["cases"]]
        assert listed == sorted(listed, reverse=True)
        assert case_id in [case["id"] for case in page["cases"]]
        counts = handler.get("counts", params=terms).json()
        assert counts["total"] == len(listed)
        assert counts["units"] == [{"unit": self.unit, "cases": len(listed)}]
        assert client_of("neighbour").get("counts", params=terms).json()["total"] == 0
        for query in ("cases?order=oldest", "cases?order=newest&overdue=true", "counts?text=ab"):
            assert problem_of(handler.get(query))[0] == 400, query

    def test_actions_say_what_may_be_done(self, client_of: ClientOf, case_id: str) -> None:
        """Each with its fields; one that is not allowed with its problem."""
        answer = client_of("handler").get(f"cases/{case_id}/actions")
        every = {
            one.action.key: one for one in msgspec.json.decode(answer.content, type=ActionsDocument).actions
        }
        assert every["reply"].is_allowed and every["reply"].schema["required"] == ["text"]
        assert every["route"].problem is not None and every["route"].problem.status == 403

    def test_health_is_told_to_anyone(self, client_of: ClientOf, case_id: str) -> None:
        """A load balancer is not signed in: the status tells, and the document has nothing but counts."""
        answer = client_of("nobody").get("health")
        health = msgspec.json.decode(answer.content, type=HealthDocument)
        assert answer.status_code == (200 if health.is_healthy else 503)
        assert answer.headers["Cache-Control"] == "no-store"
        assert case_id not in answer.text

    def test_the_description_fits_the_policy(self, client_of: ClientOf) -> None:
        """OpenAPI has a path for every action, and every reference in it leads somewhere."""
        document = client_of("handler").get("openapi.json").json()
        path = next(path for path in document["paths"] if path.endswith("/actions/reply"))
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        forms = [one["properties"]["fields"] for one in body.get("anyOf", [body])]
        assert ["text"] in [form["required"] for form in forms]
        for reference in references(document):
            assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of a problem, which says the same as the response."""
    assert answer.headers["Content-Type"].partition(";")[0] == MEDIA_TYPE, answer.text
    document = msgspec.json.decode(answer.content, type=ProblemDocument)
    assert document.status == answer.status_code
    return document.status, document.code


def texts_of(client: httpx.Client, case_id: str) -> list[str | None]:
    """The texts of a case as that client reads them, in their order."""
    answer = client.get(f"cases/{case_id}/texts")
    return [text.text for text in msgspec.json.decode(answer.content, type=d.TextsDocument).texts]


def references(part: Any) -> list[str]:
    """Every reference in a JSON document."""
    if is_table(part):
        own: list[str] = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [one for inner in part.values() for one in references(inner)]
    return [one for inner in part for one in references(inner)] if is_list(part) else []
