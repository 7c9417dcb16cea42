"""What a portal sends to a page: documents that keep their schema, in labels, and problems with a status."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator, FormatChecker

from caseflow import (
    Actor,
    BadInput,
    CaseflowError,
    Desk,
    KeyReused,
    ManualClock,
    MemoryStore,
    Refusal,
    Refused,
    Stale,
    StoreBusy,
    StoreError,
    UnknownCase,
    i18n,
    load_policy,
)
from caseflow.desk.publications import preview
from caseflow.policies.load import shipped
from caseflow.testing.strategies import cases
from caseflow.views import documents as d
from caseflow.views import publication_documents as p
from caseflow.views.action_forms import actions_document, form_schema
from caseflow.views.document_schemas import DOCUMENTS, document_schema, schema_components
from caseflow.views.explanation_documents import explanation_document, explanations_document
from caseflow.views.problem import problem, problem_of, status_of
from caseflow.views.story import told

CITIZEN, OFFICER = Actor("c-1", role="citizen"), Actor("o-1", role="handler", unit="城管局")
POLICIES = ["wuhu", "cn-12345", "itil-8x5", "us-foia"]


def is_valid(name: str, document: d.JsonDocument) -> bool:
    """Whether the document as JSON is what its schema says."""
    plain = json.loads(json.dumps(document.to_dict(), ensure_ascii=False))
    Draft202012Validator(document_schema(name), format_checker=FormatChecker()).validate(plain)
    return True


def a_desk(policy: str = "wuhu") -> Desk:
    """A case that was replied to late, in an office whose clock has microseconds."""
    desk = Desk(load_policy(policy), MemoryStore(), clock=ManualClock("2025-02-24T09:30:12.345678+08:00"))
    desk.submit(title="路灯不亮", to="城管局", by=CITIZEN, case_id="c-1")
    desk.clock.set("2025-04-02T10:00:03.000123+08:00")
    desk.sweep()
    return desk


def every_document(desk: Desk, case_id: str, lang: str) -> Iterator[tuple[str, d.JsonDocument]]:
    """All that can be sent of one case, by its name."""
    rules, case = desk.rules_of(case_id), desk.get(case_id)
    yield "case", d.case_document(rules, case, desk.clock.now_us(), lang=lang)
    yield "page", d.page_document([d.case_document(rules, case, 0, lang=lang)], "")
    counts = desk.counts()
    states, units, levels = (counts.by("state"), counts.by("unit"), counts.by("level"))
    yield "counts", d.counts_document(rules, states=states, units=units, levels=levels, lang=lang)
    yield "public-case", d.public_document(rules, desk.public(case_id), lang=lang)
    yield "forecast", d.forecast_document(rules, desk.forecast(case_id), lang=lang)
    yield "story", d.story_document(rules, told(rules, case_id, desk.history(case_id), lang=lang))
    texts = (
        d.text_document(rules, version=text.version, field=text.field, content=text.text)
        for text in desk.texts(case_id)
    )
    yield "texts", d.texts_document(texts)
    previews = (
        p.preview_document(
            d.text_document(rules, version=one.text.version, field=one.text.field, content=one.text.text),
            one.hidden,
            one.places,
            lang=lang,
        )
        for one in preview(desk.texts(case_id))
    )
    yield "previews", p.PreviewsDocument(texts=tuple(previews))
    publication = p.publication_document(rules, case, case.submitted_at, [("title", "灯")], lang=lang)
    yield "publication", publication
    yield "publications", p.PublicationsDocument(publications=(publication,), cursor="7")
    yield "health", desk.health()
    for clock in dict.fromkeys(run.clock for run in case.clocks):
        parts = desk.explain(case_id, clock=clock)
        yield (
            "explanations",
            explanations_document(explanation_document(rules, part, lang=lang) for part in parts),
        )
    for by in (CITIZEN, OFFICER, Actor("s-1", role="supervisor")):
        allowed = desk.allowed(case_id, by=by)
        yield "actions", actions_document(rules, allowed, case_id=case_id, lang=lang)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_document_is_what_its_schema_says(lang: str) -> None:
    """Schema and document come from one class, so a page can be made from the one and filled by the other."""
    names = {name for name, document in every_document(a_desk(), "c-1", lang) if is_valid(name, document)}
    assert names == set(DOCUMENTS) - {"problem"}


@pytest.mark.parametrize("policy", POLICIES)
def test_documents_of_any_life_keep_their_schema(policy: str) -> None:
    """Whatever a case has lived through, its document can be written and read, in both languages."""
    rules = Desk(load_policy(policy), MemoryStore()).rules

    @given(cases(policy))
    @settings(max_examples=15)
    def keep(case: Any) -> None:
        for lang in ("en", "zh"):
            assert is_valid("case", d.case_document(rules, case, case.last_us, lang=lang))

    keep()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_that_people_read_has_parts_of_a_second(lang: str) -> None:
    """An instant is told in whole seconds, and never as later than it was."""
    desk = a_desk()
    for _, document in every_document(desk, "c-1", lang):
        assert not re.search(r"\d:\d\d\.\d", json.dumps(document.to_dict()))
    document = d.case_document(desk.rules, desk.get("c-1"), 0)
    assert document.submitted_at.isoformat() == "2025-02-24T09:30:12+08:00"


def test_a_deadline_by_days_names_its_last_day() -> None:
    """Five days from 24 February end with 1 March; from that midnight on the case is late."""
    desk = a_desk()
    case, rules = desk.get("c-1"), desk.rules
    assert case.deadline_us is not None
    document = d.case_document(rules, case, case.deadline_us)
    assert (str(document.last_day), document.is_overdue) == ("2025-03-01", True)
    assert not d.case_document(rules, case, case.deadline_us - 1).is_overdue
    yellow = document.clocks[0].rungs[1]
    assert (yellow.level.label, str(yellow.last_day), yellow.fired) == ("yellow card", "2025-03-01", True)


def test_a_deadline_in_running_time_names_no_day() -> None:
    """Eight office hours end within a day, which only the instant tells."""
    policy = load_policy("itil-8x5")
    desk = Desk(policy, MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+00:00"))
    roles = [role for role in policy.actions["submit"].roles if role != "importer"]
    case = desk.submit(title="x", by=Actor("c-1", role=roles[0]))
    document = d.case_document(desk.rules, case, 0)
    assert document.deadline is not None
    assert document.last_day is None


def test_labels_stand_beside_keys_in_the_language_of_the_reader() -> None:
    """A program goes by the key, which is the same in every language; people read the label."""
    desk = a_desk()
    documents = {
        lang: d.case_document(desk.rules, desk.get("c-1"), 0, lang=lang).to_dict() for lang in ("en", "zh")
    }
    assert [documents[lang]["state"]["key"] for lang in ("en", "zh")] == ["routed", "routed"]
    assert documents["zh"]["state"]["label"] == "已分转"
    assert documents["zh"]["cards"][0]["level"] == {"key": "yellow", "label": "黄牌警示"}


def test_chinese_refusals_speak_no_english() -> None:
    """No key of the policy stands in what a Chinese reader is told of an action that is not allowed."""
    desk = a_desk()
    for by in (CITIZEN, OFFICER, Actor("s-1", role="supervisor")):
        for one in actions_document(desk.rules, desk.allowed("c-1", by=by), lang="zh").actions:
            detail = one.problem.detail if one.problem else ""
            assert not re.search("[a-z]{3}", detail), detail


# -- forms ---------------------------------------------------------------------------------------------------

VALUES: tuple[Any, ...] = (
    "", "x", "x" * 501, "x" * 100_001, "a\x00b", "城管局", "2025-05-30", "2025-02-30", "a" * 64, "A" * 64,
    True, 0, 1, 5, 6, -1, 3.5, ("a",), (), ("",), ("x" * 501,), tuple("abc") * 40,
)  # fmt: skip
TYPED = """
extends = "wuhu"
name = "typed"
[actions.survey]
moves = { open = "=" }
roles = ["citizen"]
[actions.survey.fields]
words = { type = "text" }
name = { type = "string" }
office = { type = "unit" }
number = { type = "int", min = 1, max = 5 }
free = { type = "int" }
yes = { type = "bool" }
day = { type = "date" }
hash = { type = "sha256" }
list = { type = "names" }
choice = { type = "string", choices = ["x", "y"] }
"""


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    path = tmp_path_factory.mktemp("typed") / "typed.toml"
    path.write_text(TYPED, encoding="utf-8")
    return Desk(load_policy(path), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))


@pytest.mark.parametrize(
    "field", ["words", "name", "office", "number", "free", "yes", "day", "hash", "list", "choice"]
)
def test_the_schema_of_a_form_admits_what_the_desk_takes(typed: Desk, field: str) -> None:
    """Every value that the desk takes is valid; what is not valid, the desk refuses for its form."""
    case = typed.submit(title="x", by=CITIZEN)
    checker = Draft202012Validator(form_schema(typed.rules, "survey"), format_checker=FormatChecker())
    for value in VALUES:
        plain = list(value) if isinstance(value, tuple) else value
        admitted = checker.is_valid({field: plain})
        try:
            typed.act(case.id, "survey", by=CITIZEN, fields={field: value})
        except (Refused, BadInput) as error:
            taken = False
            assert status_of(error) in (400, 422), error.code
        else:
            taken = True
            assert admitted, value
        if not admitted:
            assert not taken


def test_a_form_names_what_must_be_given(typed: Desk) -> None:
    """The reason that an action asks for is required, and its label is the title."""
    schema = form_schema(typed.rules, "submit", lang="zh")
    assert (schema["title"], schema["properties"]["title"]["title"]) == ("提交", "标题")
    case = typed.submit(title="x", to="城管局", by=CITIZEN)
    every = {
        one.action.key: one
        for one in actions_document(typed.rules, typed.allowed(case.id, by=OFFICER)).actions
    }
    assert every["send_back"].schema["required"] == ["reason"]
    assert [field.name for field in every["send_back"].fields if field.required] == ["reason"]


@pytest.mark.parametrize("policy", shipped())
def test_every_form_is_labelled_in_chinese(policy: str) -> None:
    """No shipped policy shows a Chinese reader the key of a field or of an action."""
    rules = Desk(load_policy(policy), MemoryStore()).rules
    for action in rules.policy.actions:
        schema = form_schema(rules, action, lang="zh")
        titles = [schema["title"], *(part["title"] for part in schema["properties"].values())]
        assert [title for title in titles if not re.search("[\u4e00-\u9fff]", title)] == []


# -- problems ------------------------------------------------------------------------------------------------


def test_every_problem_has_its_status() -> None:
    """Who may not, what was sent, and what does not go as the case stands are told apart by the status."""
    statuses: dict[int, set[str]] = {403: set(), 409: set(), 422: set()}
    for key in i18n.keys("refusals"):
        code = key.partition(".")[2]
        statuses[problem_of(Refusal(code=code, action="note")).status].add(code)
    assert {"role-may-not", "not-your-case", "not-your-unit"} <= statuses[403]
    assert {"field-missing", "text-without-word"} <= statuses[422]
    assert {"not-in-state", "no-reply", "too-late", "case-exists"} <= statuses[409]
    assert not {code for code in statuses[409] if code.startswith(("field", "text", "may-not", "not-your"))}


ERRORS: list[tuple[CaseflowError, int]] = [
    (BadInput("bad-instant", what="at", found="x"), 400),
    (UnknownCase("c-9"), 404),
    (Stale("c-1", expected=3, found=4), 409),
    (KeyReused("k", actor="c-1"), 422),
    (StoreBusy("store-busy"), 503),
    (StoreError("store-failed", found="password=secret"), 500),
    (CaseflowError("hook-failed", what="portal.hooks.secret", found="x"), 500),
]


@pytest.mark.parametrize(("error", "status"), ERRORS, ids=lambda part: getattr(part, "code", None))
def test_an_error_becomes_a_problem_that_tells_nothing_of_the_machine(
    error: CaseflowError, status: int
) -> None:
    """The status fits, the code stays, and what a store or a hook said is for the log alone."""
    document = problem(error, lang="zh")
    assert is_valid("problem", document)
    assert (document.status, document.code) == (status, error.code)
    assert "secret" not in json.dumps(document.to_dict())
    assert (document.retry_after is not None) == isinstance(error, StoreBusy | Stale)


def test_a_refusal_becomes_a_problem_with_its_remedies() -> None:
    """A program finds the actions that would help by key, people by label."""
    desk = a_desk()
    with pytest.raises(Refused) as refused:
        desk.receive_information("c-1", text="x", by=CITIZEN)
    document = problem(refused.value, desk.rules, lang="zh")
    assert is_valid("problem", document)
    assert (document.status, document.instance, document.action and document.action.label) == (
        409,
        "c-1",
        "市民补充",
    )
    assert [one.key for one in document.missing] == ["request_information"]
    assert "请市民补充" in document.detail


def test_all_schemas_can_stand_in_one_openapi_document() -> None:
    """Each part is there once, by its class name, and every reference leads to one of them."""
    components = schema_components()
    text = json.dumps(components)
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) <= set(components)
    assert {kind.__name__ for kind in DOCUMENTS.values()} <= set(components)
    assert msgspec.json.decode(text)
