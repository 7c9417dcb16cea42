"""Reading has rights: nobody sees a text, an event or a case that is not for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import Actor, Desk, ManualClock, MemoryStore, Refused, UnknownCase, load_policy
from caseflow.core.engine.rights import for_parties
from caseflow.core.model import events as e
from caseflow.core.model.case import Case, Facts
from caseflow.desk import party_views
from caseflow.desk.reader import Reader
from caseflow.policies.load import shipped
from caseflow.ports import Text
from caseflow.testing.strategies import timelines
from caseflow.testing.strategies.timeline_script import Script
from caseflow.views.documents import case_document, story_document

CITIZEN, STRANGER = Actor("c-1", role="citizen"), Actor("c-2", role="citizen")
OFFICER, NEIGHBOUR = (Actor("o", role="handler", unit=unit) for unit in ("城管局", "水务局"))
COORDINATOR, ROBOT = Actor("k", role="coordinator"), Actor("r", role="robot")
READERS = (CITIZEN, STRANGER, OFFICER, NEIGHBOUR, COORDINATOR, ROBOT, Actor("i", role="importer"))


@pytest.fixture
def desk() -> Desk:
    """A case with a text of every audience, and a reply that was taken back."""
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="TITLE", body="BODY", to="城管局", by=CITIZEN, case_id="a")
    desk.add_co_handler("a", co_handler="园林局", by=COORDINATOR)
    desk.note("a", text="NOTE", by=OFFICER)
    desk.reply("a", text="WRONG", by=OFFICER)
    desk.act("a", "retract_reply", by=Actor("s", role="supervisor"), fields={"reason": "WHY"})
    desk.reply("a", text="REPLY", by=OFFICER, reason="BECAUSE")
    return desk


SEEN = {
    "citizen": (CITIZEN, {"TITLE", "BODY", "REPLY"}),
    "holder": (OFFICER, {"TITLE", "BODY", "NOTE", "WRONG", "WHY", "REPLY", "BECAUSE"}),
    "office": (COORDINATOR, {"TITLE", "BODY", "NOTE", "WRONG", "WHY", "REPLY", "BECAUSE"}),
}


@pytest.mark.parametrize("who", SEEN)
def test_texts_go_to_their_audience(desk: Desk, who: str) -> None:
    """The citizen reads the inquiry and the standing reply; the office reads all; a story tells as much."""
    actor, expected = SEEN[who]
    seen = desk.seen_by(actor)
    assert {text.text for text in seen.texts("a")} == expected
    story = str(seen.story("a", lang="en"))
    assert {word for word in SEEN["office"][1] if word in story} == expected - {"TITLE", "BODY"}
    assert "redacted" not in story


@pytest.mark.parametrize("actor", [STRANGER, NEIGHBOUR, ROBOT, Actor("o", role="handler")], ids=repr)
def test_a_case_of_others_is_no_case(desk: Desk, actor: Actor) -> None:
    """Another citizen, another unit, no unit, an unknown role: as if there were no such case."""
    for question in questions(desk.seen_by(actor), "a"):
        with pytest.raises(UnknownCase):
            question()
    assert len(desk.seen_by(actor).cases()) == 0
    assert desk.seen_by(actor).public("a").state == "answered"


def test_what_the_office_keeps_to_itself_is_refused_with_those_who_may(desk: Desk) -> None:
    """The citizen may not read the events of their own case; the refusal names the roles that may."""
    with pytest.raises(Refused) as refused:
        desk.seen_by(CITIZEN).history("a")
    refusal = refused.value.refusal
    assert (refusal.code, refusal.found, refusal.state) == ("may-not-read", "citizen", "")
    assert "handler" in refusal.missing and "citizen" not in refusal.missing
    assert len(desk.seen_by(OFFICER).history("a")) == desk.get("a").version


def test_a_helping_unit_reads_the_case(desk: Desk) -> None:
    """协办: who helps reads what the lead reads."""
    helper = desk.seen_by(Actor("o", role="handler", unit="园林局"))
    assert {text.text for text in helper.texts("a")} == SEEN["holder"][1]


def test_the_citizen_of_a_merged_case_reads_the_public_reply_of_its_primary(desk: Desk) -> None:
    """What the public is told there, and nothing else of the other citizen's case."""
    desk.clock.advance(hours=1)
    desk.submit(title="AGAIN", to="城管局", by=STRANGER, case_id="b")
    desk.merge("b", primary="a", by=COORDINATOR, reason="同一处")
    seen = desk.seen_by(STRANGER).texts("b")
    assert [(text.case_id, text.text) for text in seen] == [("b", "AGAIN"), ("a", "REPLY")]
    with pytest.raises(UnknownCase):
        desk.seen_by(STRANGER).get("a")
    assert desk.seen_by(CITIZEN).get("a").facts.followers == ()


def test_an_erased_text_stays_in_its_place_for_its_audience(desk: Desk) -> None:
    """The citizen sees that the body was erased, and nothing of an erased note."""
    desk.redact("a", fields=["body", "text@3"], basis="法", reason="r", by=Actor("s", role="supervisor"))
    seen = [(text.field, text.is_redacted) for text in desk.seen_by(CITIZEN).texts("a")]
    assert seen == [("title", False), ("body", True), ("text", False)]


OWN = """
extends = "wuhu"
name = "own"
[roles.press]
reads = "public"
[actions.visit]
moves = { open = "=" }
roles = ["handler"]
fields.finding = { type = "text", audience = "parties" }
fields.remark = { type = "text" }
[actions.publish]
moves = { open = "=" }
roles = ["handler"]
audience = "public"
fields.text = { type = "text", audience = "public" }
"""


def test_a_policy_says_whom_its_own_texts_are_for(tmp_path: Path) -> None:
    """A text and an action of the policy's own are internal unless it says otherwise."""
    (tmp_path / "own.toml").write_text(OWN, encoding="utf-8")
    desk = Desk(
        load_policy(tmp_path / "own.toml"), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00")
    )
    desk.submit(title="TITLE", to="城管局", by=CITIZEN, case_id="a")
    desk.act("a", "visit", by=OFFICER, fields={"finding": "FINDING", "remark": "REMARK"})
    desk.act("a", "publish", by=OFFICER, fields={"text": "PUBLISHED"})
    assert {text.text for text in desk.seen_by(CITIZEN).texts("a")} == {"TITLE", "FINDING", "PUBLISHED"}
    press = desk.seen_by(Actor("p", role="press"))
    assert [text.text for text in press.texts("a")] == ["PUBLISHED"]
    with pytest.raises(Refused):
        press.get("a")
    story = str(desk.seen_by(CITIZEN).story("a", lang="en"))
    assert "publish" in story and "visit" not in story
    acts = {label for _, label in desk.seen_by(CITIZEN).lifeline("a", lang="en").acts}
    assert "publish" in " ".join(acts) and "visit" not in " ".join(acts)


def test_a_list_goes_by_the_rules_of_each_case(tmp_path: Path) -> None:
    """A case whose own rules do not let the role read it is in no list of theirs, whatever others allow."""
    closed = 'extends = "wuhu"\nname = "closed"\n[roles.handler]\nreads = ""\n'
    (tmp_path / "closed.toml").write_text(closed, encoding="utf-8")
    store, clock = MemoryStore(), ManualClock("2025-03-03T09:30:00+08:00")
    for policy, case_id in ((load_policy(tmp_path / "closed.toml"), "old"), (load_policy("wuhu"), "new")):
        desk = Desk(policy, store, clock=clock)
        desk.submit(title="TITLE", to="城管局", by=CITIZEN, case_id=case_id)
    assert [case.id for case in desk.seen_by(OFFICER).cases()] == ["new"]
    with pytest.raises(UnknownCase):
        desk.seen_by(OFFICER).get("old")


def test_a_list_read_again_shows_a_case_as_it_is_by_now(desk: Desk) -> None:
    """What was made of a case for its citizen is used again while it stays the same, and no longer."""
    seen = desk.seen_by(CITIZEN)
    (before,), (again,) = seen.cases(), seen.cases()
    assert before is again and before == for_parties(desk.get("a"))
    desk.transfer("a", to="水务局", by=COORDINATOR)
    (after,) = seen.cases()
    assert after == for_parties(desk.get("a")) != before


def test_no_more_than_so_many_views_of_cases_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is forgotten, and of whichever case of that id: each is shown as it is."""
    monkeypatch.setattr(party_views, "KEPT_VIEWS", 2)
    views = party_views.PartyViews()
    cases = [Case(case_id, facts=Facts(returns=n)) for n, case_id in enumerate("abacbca")]
    for _ in range(2):
        assert views.of(cases) == [for_parties(case) for case in cases]
        assert len(views) <= 2


@pytest.mark.parametrize("policy", shipped())
def test_every_shipped_policy_says_who_reads(policy: str) -> None:
    """A citizen's role reads as a party, and no program that only brings cases in reads any."""
    roles = load_policy(policy).roles
    assert {role.reads for role in roles.values() if role.scope == "own"} <= {"parties"}
    assert {role.reads for role in roles.values() if role.everything} == {""}
    assert all(role.reads for role in roles.values() if not role.everything)


# -- the law -------------------------------------------------------------------------------------------------


class MarkedStore(MemoryStore):
    """Every text says whose it is, and that it is one, so that it is known wherever it turns up."""

    def texts(self, case_id: str) -> tuple[Text, ...]:
        return tuple(
            text if text.is_redacted else text.replace(text=f"MARK{case_id}V{text.version}F{text.field}E")
            for text in super().texts(case_id)
        )


def questions(reader: Reader, case_id: str) -> Iterator[Callable[[], Any]]:
    """Every question about one case, but for what anyone may ask."""
    yield lambda: reader.get(case_id)
    yield lambda: reader.texts(case_id)
    yield lambda: reader.history(case_id)
    yield lambda: reader.documents(case_id)
    yield lambda: reader.story(case_id)
    yield lambda: reader.lifeline(case_id)
    yield lambda: reader.forecast(case_id)
    yield lambda: reader.allowed(case_id)
    yield lambda: reader.explain(case_id, clock="reply")


PUBLIC = {"Replied": {"text"}, "PlaceholderReplied": {"text"}}
PARTIES = {
    "Submitted": {"title", "body"}, "Acknowledged": {"text"}, "InformationRequested": {"text"},
    "InformationReceived": {"text", "reason"}, "Completed": {"text"}, "Rated": {"text", "reason"},
    "Rejected": {"text", "reason"}, "Reopened": {"reason"}, "Withdrawn": {"reason"},
    "ExtensionGranted": {"reason"},
}  # fmt: skip
"""Event -> the texts that are for the public, and those that are for the citizen as well."""


def marks_for(desk: Desk, actor: Actor) -> set[str]:
    """The texts that the actor may read, counted from the events alone."""
    marks = set[str]()
    cases = {case.id: case for case in desk.cases(limit=1000)}
    for case in cases.values():
        replies = iter(case.facts.replies)
        mine = case.citizen == actor.id if actor.role == "citizen" else actor.role == "coordinator"
        mine = mine or bool(actor.role == "handler" and actor.unit in (case.unit, *case.facts.co_handlers))
        follows = any(one.citizen == actor.id and one.facts.primary == case.id for one in cases.values())
        for version, event in enumerate(desk.history(case.id), 1):
            name = type(event).__name__
            gone = isinstance(event, e.Replied) and next(replies).retracted_us is not None
            for field, _ in event.texts:
                is_public = field in PUBLIC.get(name, ()) and not gone
                is_party = is_public or field in PARTIES.get(name, ())
                if (mine and (is_party or actor.role != "citizen")) or (
                    is_public and follows and actor.role == "citizen"
                ):
                    marks.add(f"MARK{case.id}V{version}F{field}E")
    return marks


@given(timelines("wuhu", cases=3, min_steps=6), st.sampled_from(["c-1", "c-2"]))
@settings(max_examples=40)
def test_nobody_sees_a_text_outside_their_audience(script: Script, citizen: str) -> None:
    """Over generated lives, in every answer and document: each reader sees their texts, and no other."""
    desk = script.run(script.desk(MarkedStore()))
    citizens = {case.citizen for case in desk.cases(limit=1000)} | {citizen}
    everyone = [Actor(name, role="citizen") for name in sorted(citizens) if name]
    for actor in (*everyone, *READERS):
        reader, answers = desk.seen_by(actor), list[str]()
        for case_id in script.case_ids:
            answers.append(repr(reader.public(case_id)))
            for question in questions(reader, case_id):
                try:
                    answer = question()
                except (UnknownCase, Refused) as error:
                    answer = (str(error), error.data)
                answers.append(repr(answer))
        for case in reader.cases():
            document = case_document(desk.rules, case, 0).to_dict()
            story = story_document(desk.rules, reader.story(case.id)).to_dict()
            answers += [json.dumps(document), json.dumps(story, ensure_ascii=False)]
        expected = marks_for(desk, actor)
        kept = [text for case_id in script.case_ids for text in desk.texts(case_id)]
        every = {text.text for text in kept if not text.is_redacted}
        whole = "\n".join(answers)
        assert {mark for mark in every if mark in whole} <= expected
        assert expected & every <= {mark for mark in every if mark in whole}
