"""外网公开反馈: proposed, looked through, approved by somebody else, shown to anyone, taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import msgspec
import pytest
from fastapi import FastAPI, Request
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from caseflow import Actor, BadInput, Desk, ManualClock, MemoryStore, Policy, Refused, load_policy
from caseflow.contrib.fastapi import include_cases
from caseflow.contrib.flask import case_blueprint
from caseflow.contrib.http_api import PUBLICATION_ROUTES, ApiAnswer, ApiRequest, CaseApi, PublicFeed
from caseflow.contrib.openapi import openapi
from caseflow.desk.publications import Publications, preview
from caseflow.ports import Store
from caseflow.views.atom import AtomEntry, atom
from caseflow.views.document_schemas import document_schema
from tests.journeys.people import BOSS, CITIZEN, MONDAY, OFFICER, SUPERVISOR

HERE = Path(__file__).parent
MODERATOR, OTHER = Actor("m-1", role="moderator"), Actor("m-2", role="moderator")
TEXTS = {"title": "路灯不亮", "body": "我家门口的路灯不亮。", "text": "已修复。"}
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def rules() -> Policy:
    return load_policy(HERE / "publishing.toml")


@pytest.fixture
def desk(store: Store, rules: Policy) -> Desk:
    return Desk(policies=rules, store=store, clock=ManualClock(MONDAY))


def answered(desk: Desk, case_id: str = "c1", body: str = "我家门口的路灯不亮,电话13800138000。") -> None:
    desk.submit(title="路灯不亮", body=body, to="城管局", by=CITIZEN, case_id=case_id)
    desk.reply(case_id, text="已修复,联系人13900139000。", by=OFFICER)


def published(desk: Desk, case_id: str = "c1", **texts: str) -> None:
    desk.act(case_id, "propose_publication", by=MODERATOR, fields={**TEXTS, **texts})
    desk.act(case_id, "publish", by=OTHER, fields={**TEXTS, **texts})


def shown(publications: Publications) -> list[str]:
    return [one.case.id for one in publications.page()]


def test_from_preview_to_feed(desk: Desk) -> None:
    """What is to be hidden is shown by rule and place; what is approved is what anyone reads, and no more."""
    answered(desk)
    publications = Publications(desk)
    body = next(one for one in preview(desk.texts("c1")) if one.text.field == "body")
    assert [(one.rule, body.text.text[one.start : one.end]) for one in body.places] == [
        ("mobile", "13800138000")
    ]
    assert body.hidden == "我家门口的路灯不亮,电话***********。"
    desk.act("c1", "propose_publication", by=MODERATOR, fields=TEXTS | {"body": body.hidden})
    assert publications.get("c1") is None and not shown(publications)
    desk.act("c1", "publish", by=OTHER, fields=TEXTS | {"body": body.hidden})
    publication = publications.get("c1")
    assert publication is not None and dict(publication.texts) == TEXTS | {"body": body.hidden}
    assert publication.published_at.isoformat() == MONDAY
    assert shown(publications) == ["c1"]


def test_two_pairs_of_eyes(desk: Desk) -> None:
    """Whoever proposed it does not approve it; nor does somebody whose role may not."""
    answered(desk)
    desk.act("c1", "propose_publication", by=MODERATOR, fields=TEXTS)
    for actor, code in ((MODERATOR, "by-the-same"), (OFFICER, "role-may-not"), (CITIZEN, "role-may-not")):
        with pytest.raises(Refused) as refused:
            desk.act("c1", "publish", by=actor, fields=TEXTS)
        assert refused.value.code == code
    assert Publications(desk).get("c1") is None


def test_personal_data_is_refused(desk: Desk) -> None:
    """A text that shows what the policy keeps out is refused by rule and place; the text is not repeated."""
    answered(desk)
    with pytest.raises(Refused) as refused:
        published(desk, body="证号11010519491231002X,电话13800138000")
    refusal = refused.value.refusal
    assert refusal.code == "text-shows-personal-data"
    assert refusal.found == "body[2:20]=citizen-id, body[23:34]=mobile"
    assert refusal.rule == "fields.body"
    assert "13800138000" not in refused.value.text("zh") and "13800138000" not in repr(refusal)
    published(desk, body="请拨打0553-3812345")  # a landline this policy lets pass


@pytest.mark.parametrize("how", ["unpublish", "retract", "erase", "withdraw"])
def test_what_takes_it_back(desk: Desk, how: str) -> None:
    """From that act on nobody reads it, whatever the index saw; its text is the office's alone."""
    answered(desk)
    published(desk)
    publications = Publications(desk)
    assert shown(publications) == ["c1"]
    match how:
        case "unpublish":
            desk.act("c1", "unpublish", by=MODERATOR, fields={"reason": "来信人要求"})
        case "retract":
            desk.retract_reply("c1", reason="答复有误", by=BOSS)
        case "erase":
            desk.redact("c1", fields=["body"], basis="个人信息保护法第四十七条", reason="申请", by=SUPERVISOR)
        case _:
            desk.withdraw("c1", by=CITIZEN)
    assert publications.get("c1") is None and not shown(publications) and not shown(Publications(desk))
    if how != "erase":
        assert "publish" not in {text.action for text in desk.seen_by(CITIZEN).texts("c1")}
    if how in ("unpublish", "erase"):
        published(desk, body="路灯不亮。")
        assert shown(publications) == ["c1"]


def test_a_later_one_replaces_it(desk: Desk) -> None:
    """The citizen reads the newest publication alone; the office reads both."""
    answered(desk)
    published(desk, text="第一稿")
    published(desk, text="第二稿")
    assert [one.texts[-1][1] for one in Publications(desk).page()] == ["第二稿"]
    texts = [one.text for one in desk.seen_by(CITIZEN).texts("c1") if one.action == "publish"]
    assert "第二稿" in texts and "第一稿" not in texts
    assert "第一稿" in [one.text for one in desk.texts("c1")]


def test_pages(desk: Desk) -> None:
    """The newest first, each once, whatever was published or taken back in between."""
    publications = Publications(desk)
    for number in range(7):
        answered(desk, f"c{number}")
        published(desk, f"c{number}")
    first = publications.page(limit=3)
    assert [one.case.id for one in first] == ["c6", "c5", "c4"]
    desk.act("c3", "unpublish", by=MODERATOR, fields={"reason": "错"})
    published(desk, "c2", text="新稿")
    rest = publications.page(limit=3, cursor=first.cursor)
    assert [one.case.id for one in rest] == ["c1", "c0"] and not rest.cursor
    assert shown(publications) == ["c2", "c6", "c5", "c4", "c1", "c0"]
    for wrong in ({"cursor": "x"}, {"cursor": "-1"}, {"limit": 0}, {"limit": 1001}, {"limit": True}):
        with pytest.raises(BadInput):
            publications.page(**wrong)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12), st.data())
def test_the_index_follows(rules: Policy, acts: list[tuple[str, bool]], data: st.DataObject) -> None:
    """An index that looked at any moments shows what one shows that looks now for the first time."""
    desk = Desk(policies=rules, store=MemoryStore(), clock=ManualClock(MONDAY))
    publications, order = Publications(desk), list[str]()
    for case_id in "abc":
        answered(desk, case_id)
    for case_id, is_shown in acts:
        order = [one for one in order if one != case_id]
        if is_shown:
            published(desk, case_id)
            order.insert(0, case_id)
        else:
            desk.act(case_id, "unpublish", by=MODERATOR, fields={"reason": "错"})
        if data.draw(st.booleans()):
            assert shown(publications) == order
    assert shown(publications) == shown(Publications(desk)) == order


# -- over HTTP ---------------------------------------------------------------------------------------------


def feed_of(desk: Desk) -> PublicFeed:
    return PublicFeed(
        Publications(desk), title="市民心声", author="市政务公开办公室", address="https://p.example/api"
    )


def get(api: CaseApi, name: str, **request: Any) -> ApiAnswer:
    route = next(one for one in PUBLICATION_ROUTES if one.name == name)
    return api.answer(route, ApiRequest(request.pop("actor", None), **request))


def test_page_data_and_feed(desk: Desk) -> None:
    """Anyone reads documents that keep their schema, and a feed of Atom; a case without is no case."""
    jsonschema = pytest.importorskip("jsonschema")
    answered(desk)
    answered(desk, "c2")
    published(desk, title="路灯 <b>&\x0b")
    published(desk, "c2")
    api = CaseApi(desk, feed=feed_of(desk))
    one = get(api, "get_published", path={"case_id": "c1"})
    jsonschema.validate(msgspec.json.decode(one.body), document_schema("publication"))
    assert [text["field"]["label"] for text in msgspec.json.decode(one.body)["texts"]] == [
        "标题", "来信内容", "办理结果"
    ]  # fmt: skip
    page = get(api, "list_published", query={"limit": "1"})
    jsonschema.validate(msgspec.json.decode(page.body), document_schema("publications"))
    assert [case["id"] for case in msgspec.json.decode(page.body)["publications"]] == ["c2"]
    feed = get(api, "get_feed", query={"limit": "1"})
    assert (feed.status, feed.media_type) == (200, "application/atom+xml")
    tree = ElementTree.fromstring(feed.body)
    links = {link.get("rel"): link.get("href") for link in tree.findall(f"{ATOM}link")}
    later = get(api, "get_feed", query={"cursor": str(links["next"]).rpartition("=")[2]})
    (entry,) = ElementTree.fromstring(later.body).findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == "路灯 <b>&\ufffd"
    assert entry.findtext(f"{ATOM}id") == "https://p.example/api/published/c1"
    assert entry.findtext(f"{ATOM}content") == "来信内容\n我家门口的路灯不亮。\n\n办理结果\n已修复。"
    assert get(api, "get_published", path={"case_id": "none"}).status == 404
    desk.act("c1", "unpublish", by=MODERATOR, fields={"reason": "错"})
    assert get(api, "get_published", path={"case_id": "c1"}).status == 404
    assert get(api, "list_published", query={"limit": "many"}).status == 400


def test_the_moderators_preview(desk: Desk) -> None:
    """The office sees places and what is left; nobody else may ask."""
    answered(desk)
    api = CaseApi(desk, feed=feed_of(desk))
    answer = get(api, "preview", actor=MODERATOR, path={"case_id": "c1"})
    texts = {one["field"]["key"]: one for one in msgspec.json.decode(answer.body)["texts"]}
    (place,) = texts["body"]["places"]
    assert place["rule"] == {"key": "mobile", "label": "手机号码"}
    assert texts["body"]["hidden"][place["start"] : place["end"]] == "*" * 11
    assert get(api, "preview", path={"case_id": "c1"}).status == 401
    assert get(api, "preview", actor=Actor("c-2", role="citizen"), path={"case_id": "c1"}).status == 404


async def status_of(app: FastAPI, path: str) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal") as client:
        return (await client.get(path)).status_code


def test_the_switch_in_the_frameworks(rules: Policy) -> None:
    """A portal that says what is published has the paths and their description; another has none."""
    for is_on in (True, False):
        desk = Desk(policies=rules, store=MemoryStore(), clock=ManualClock(MONDAY))
        answered(desk)
        published(desk)
        feed = feed_of(desk) if is_on else None
        app = FastAPI()

        def nobody(request: Request) -> None:
            """Nobody is signed in."""

        include_cases(app, desk, actor_of=nobody, prefix="/api", feed=feed)
        flask = Flask("portal")
        flask.register_blueprint(case_blueprint(desk, actor_of=lambda: None, feed=feed), url_prefix="/api")
        for path in ("/api/published", "/api/published/c1", "/api/published.atom"):
            statuses = {asyncio.run(status_of(app, path)), flask.test_client().get(path).status_code}
            assert statuses == {200 if is_on else 404}
        described = set(openapi(desk.rules, feed=feed)["paths"])
        assert {"/published", "/published.atom", "/cases/{case_id}/preview"} & described == (
            {"/published", "/published.atom", "/cases/{case_id}/preview"} if is_on else set()
        )


@pytest.mark.soak
@given(st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_a_feed_is_always_xml(entries: list[tuple[str, str]]) -> None:
    """Whatever the texts hold, a reader of XML reads them."""
    at = ManualClock(MONDAY)
    moment = Desk(load_policy("wuhu"), MemoryStore(), clock=at).submit(title="a", by=CITIZEN).submitted_at
    made = [AtomEntry(f"urn:x:{n}", title, text, moment) for n, (title, text) in enumerate(entries)]
    document = atom(made, address="urn:x", title="t", author="a", updated_at=moment)
    assert len(ElementTree.fromstring(document).findall(f"{ATOM}entry")) == len(entries)
