"""A campaign: messages are merged, scored, selected, answered; everyone learns what became of theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from caseflow import Actor, BadInput, Case, Desk, ManualClock, Refused, Stale, UnknownCase, load_policy
from caseflow.campaigns.agreement import Scores, agreement, ranked, scores_of
from caseflow.campaigns.intake import (
    CitizenMessage,
    Collected,
    act_on_proposals,
    collect,
    counted_apart,
    draw_up,
    figures,
    merge_in,
    set_aside,
)
from caseflow.campaigns.proposal_bundle import read_bundle, write_bundle
from caseflow.core.model.evolve import replay
from caseflow.core.time.instants import micros
from caseflow.desk.batch import Batch
from caseflow.ports import Store
from caseflow.stores.memory import MemoryStore

ORGANISER, SCREENER = Actor("org-1", role="organiser"), Actor("scr-1", role="screener")
DRAFTER, SCORERS = Actor("dra-1", role="drafter"), [Actor(f"sco-{n}", role="scorer") for n in (1, 2)]
MESSAGES = [CitizenMessage(f"m{n}", "web", f"建议{n}", "正文", citizen=f"c-{n}") for n in range(6)]


@pytest.fixture
def desk(store: Store) -> Desk:
    policies = [load_policy(name) for name in ("campaign", "proposal", "message")]
    desk = Desk(policies, store, clock=ManualClock("2026-01-05T09:00:00+08:00"))
    window = {
        "opens": micros("2026-01-10T00:00:00+08:00"), "closes": "2026-02-20", "channels": ["web", "phone"]
    }  # fmt: skip
    desk.submit(title="献一策", by=ORGANISER, case_id="camp", policy="campaign", own_fields=window)
    return desk


@pytest.fixture
def collected(desk: Desk) -> Desk:
    """Six messages, of which the first three and the next two say the same."""
    desk.clock.set("2026-01-12T09:00:00+08:00")
    desk.sweep()
    collect(desk, "camp", MESSAGES, by=ORGANISER)
    draw_up(desk, "camp", {"p0": "办事少跑路", "p1": "多建网点"}, by=SCREENER)
    merge_in(desk, {"p0": ["m0", "m1", "m2"], "p1": ["m3", "m4"]}, by=SCREENER)
    return desk


def states(desk: Desk, *ids: str) -> list[str]:
    return [desk.get(case_id).state for case_id in ids]


def refused(do: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        do()
    return caught.value.code


def scored(desk: Desk) -> None:
    desk.clock.set("2026-02-21T09:00:00+08:00")
    desk.sweep()
    desk.act("camp", "begin_scoring", by=ORGANISER)
    act_on_proposals(desk, ["p0", "p1"], "begin_scoring", by=SCREENER)
    for scorer, points in zip(SCORERS, ({"p0": 5, "p1": 2}, {"p0": 4, "p1": 2}), strict=True):
        for proposal, value in points.items():
            desk.act(proposal, "score", by=scorer, fields={"points": value})


@pytest.mark.parametrize(
    ("at", "state", "taken"),
    [
        ("2026-01-09T23:59:59+08:00", "announced", False),
        ("2026-01-10T00:00:01+08:00", "collecting", True),
        ("2026-02-20T23:59:59+08:00", "collecting", True),
        ("2026-02-21T00:00:00+08:00", "screening", False),
    ],
)
def test_messages_are_taken_within_the_window(desk: Desk, at: str, state: str, taken: bool) -> None:
    desk.clock.set(at)
    desk.sweep()
    assert states(desk, "camp") == [state]
    if taken:
        assert collect(desk, "camp", MESSAGES, by=ORGANISER).taken == 6
    else:
        assert refused(lambda: collect(desk, "camp", MESSAGES, by=ORGANISER)) == "not-in-state"
        with pytest.raises(UnknownCase):
            desk.get("m0")


def test_a_broken_off_intake_goes_on(desk: Desk) -> None:
    desk.clock.set("2026-01-12T09:00:00+08:00")
    desk.sweep()
    collect(desk, "camp", MESSAGES[:2], by=ORGANISER)
    assert collect(desk, "camp", MESSAGES, by=ORGANISER) == Collected(4, ("m0", "m1"))
    with pytest.raises(BadInput):
        collect(desk, "camp", [CitizenMessage("m9", "fax", "建议")], by=ORGANISER)
    assert refused(lambda: desk.submit(title="建议", by=ORGANISER, policy="message")) == "field-missing"


def test_a_proposal_keeps_where_it_comes_from(collected: Desk) -> None:
    desk = collected
    assert states(desk, "m0", "m3", "m5") == ["merged_in", "merged_in", "received"]
    assert [link.case for link in desk.get("p0").facts.links] == ["m0", "m1", "m2"]
    assert [link.case for link in desk.public("p0").links] == ["m0", "m1", "m2"]
    assert [(link.case, link.type) for link in desk.public("m4").links] == [("p1", "part-of")]
    assert refused(lambda: desk.link("m0", "p1", as_="part-of", by=SCREENER)) == "not-in-state"
    desk.unlink("m2", "p0", as_="part-of", by=SCREENER, reason="另一回事")
    assert states(desk, "m2") == ["received"]
    for case_id in ("p0", "m0", "m2"):
        assert replay(case_id, desk.history(case_id)) == desk.get(case_id)


def test_scorers_see_neither_each_other_nor_who_wrote(collected: Desk) -> None:
    desk = collected
    scored(desk)
    assert refused(lambda: desk.act("p0", "score", by=SCORERS[0], fields={"points": 1})) == "by-the-same"
    seen = desk.seen_by(SCORERS[1])
    assert refused(lambda: seen.story("p0")) == refused(lambda: seen.history("p0")) == "may-not-read"
    assert [text.text for text in seen.texts("p0")] == ["办事少跑路"]
    with pytest.raises(UnknownCase):  # to whom messages are nobody's business
        seen.texts("m0")
    both = Actor("sco-1", role="organiser")
    assert refused(lambda: desk.act("p0", "select", by=both)) == "by-the-same"


def test_agreement_is_fleiss_kappa(collected: Desk) -> None:
    pytest.importorskip("statsmodels")
    scored(collected)
    scores = scores_of(collected, ["p0", "p1"])
    assert scores == (Scores("p0", (5, 4)), Scores("p1", (2, 2)))
    assert [one.proposal for one in ranked(scores)] == ["p0", "p1"]
    # By hand: P = (0 + 1) / 2; Pe = (1/4)^2 + (1/4)^2 + (2/4)^2 = 3/8; (1/2 - 3/8) / (1 - 3/8) = 1/5.
    result = agreement(scores)
    assert result.kappa == pytest.approx(0.2) and (result.proposals, result.raters) == (2, 2)
    assert agreement([Scores("a", (3, 3)), Scores("b", (3, 3))]).kappa is None
    for wrong in ([], [Scores("a", (3,))], [Scores("a", (3, 3)), Scores("b", (3, 3, 4))]):
        with pytest.raises(BadInput):
            agreement(wrong)


def test_fleiss_own_example() -> None:
    """Fleiss 1971, as it is told everywhere: 10 subjects, 14 raters, 5 kinds, kappa 0.210."""
    pytest.importorskip("statsmodels")
    table = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    scores = [
        Scores(str(n), tuple(kind for kind, count in enumerate(row, 1) for _ in range(count)))
        for n, row in enumerate(table)
    ]
    assert agreement(scores).kappa == pytest.approx(0.210, abs=5e-4)


def test_what_becomes_of_a_proposal_becomes_of_its_messages(collected: Desk, tmp_path: Path) -> None:
    desk = collected
    set_aside(desk, {"m5": "off_topic"}, by=SCREENER)
    scored(desk)
    act_on_proposals(desk, ["p0"], "select", by=ORGANISER)
    act_on_proposals(desk, ["p1"], "decline", by=ORGANISER, fields=lambda _: {"reason": "名额已满"})
    assert states(desk, "m0", "m1", "m2", "m3", "m4", "m5") == [
        *["selected"] * 3,
        *["not_selected"] * 2,
        "set_aside",
    ]

    file = tmp_path / "bundle.jsonl"
    with pytest.raises(BadInput):
        write_bundle(desk, ["p0", "p1"], file)
    bundle = write_bundle(desk, ["p0"], file)
    assert (bundle.proposals, bundle.messages) == (1, 3)
    (entry,) = read_bundle(file, bundle.sha256)
    assert (entry.summary, entry.messages) == ("办事少跑路", ("m0", "m1", "m2"))
    assert "c-" not in json.dumps(json.loads(file.read_text(encoding="utf-8")))  # no citizen
    with pytest.raises(BadInput):
        read_bundle(file, "0" * 64)

    desk.act("camp", "finish_selection", by=ORGANISER, fields={"selected": 1})
    handed = {"bundle": bundle.sha256, "proposals": 1, "messages": 3, "answer_by": "2026-03-20"}
    desk.act("camp", "hand_over", by=ORGANISER, fields=handed)
    desk.act("p0", "hand_over", by=ORGANISER, fields={"bundle": bundle.sha256})
    desk.act("p0", "adopt_passage", by=DRAFTER, fields={"document": "报告", "passage": "增加网点。"})
    desk.act("p0", "answer", by=ORGANISER, fields={"text": "已采纳。"})
    desk.act("camp", "answer", by=ORGANISER, fields={"text": "谢谢。"})
    assert states(desk, "m0", "p0", "camp") == ["answered", "answered", "answered"]
    assert desk.public("m0").state == "answered"
    told = [posted.notice for posted in desk.store.notices(limit=1000) if posted.notice.role == "citizen"]
    assert sorted({notice.case_id for notice in told}) == [f"m{n}" for n in range(6)]
    desk.clock.set("2026-07-01T09:00:00+08:00")
    desk.sweep()
    assert states(desk, "camp") == ["closed"] and desk.get("camp").cards == ()


def test_a_promise_to_answer_is_a_term(collected: Desk) -> None:
    desk = collected
    scored(desk)
    desk.act("camp", "finish_selection", by=ORGANISER, fields={"selected": 0})
    handed = {"bundle": "0" * 64, "proposals": 0, "messages": 0, "answer_by": "2026-03-20"}
    desk.act("camp", "hand_over", by=ORGANISER, fields=handed)
    desk.clock.set("2026-03-21T00:00:00+08:00")
    desk.sweep()
    assert [card.level for card in desk.get("camp").cards] == ["yellow"]


def test_counts_of_other_channels_stand_apart(collected: Desk) -> None:
    desk = collected
    for count, day in ((1_900_000, "2026-02-10"), (1_990_000, "2026-02-20")):
        said = {"channel": "合作网站", "count": count, "counted_by": "合作网站", "as_of": day}
        desk.act("camp", "count_apart", by=ORGANISER, fields=said)
    result = figures(desk, "camp", [message.id for message in MESSAGES])
    assert result.received == {"web": 6, "phone": 0}
    assert [(one.channel, one.count, one.as_of) for one in result.apart] == [
        ("合作网站", 1_990_000, "2026-02-20")
    ]
    assert result.apart == counted_apart(desk, "camp")
    assert not hasattr(result, "total")


def test_a_batch_is_recorded_whole_or_not(desk: Desk) -> None:
    """Each command sees those before it; one that is refused takes all of them with it."""

    def work(batch: Batch) -> Case:
        draw(batch, "p8")
        draw(batch, "p9")
        assert batch.has("p9")
        return batch.act("p8", "begin_scoring", by=SCREENER)

    assert desk.batch(work, reads=["p8", "p9"]).state == "scoring"
    assert desk.get("p8").version == 2 and replay("p8", desk.history("p8")) == desk.get("p8")

    def broken(batch: Batch) -> None:
        draw(batch, "p7")
        assert not batch.has("p6")
        batch.act("p9", "score", by=SCORERS[0], fields={"points": 3})

    assert refused(lambda: desk.batch(broken)) == "not-in-state"
    with pytest.raises(UnknownCase):
        desk.get("p7")
    with pytest.raises(BadInput):
        desk.batch(lambda batch: batch.note("p9", text="一", by=SCREENER, key="k"))


def test_a_batch_that_met_another_writer_is_taken_anew(desk: Desk) -> None:
    desk.batch(lambda batch: draw(batch, "p8"))
    tries: list[int] = []

    def work(batch: Batch) -> None:
        tries.append(batch.act("p8", "note", by=SCREENER, fields={"text": "一"}).version)
        if len(tries) == 1:
            desk.note("p8", text="别人先到", by=SCREENER)

    desk.batch(work)
    assert tries == [2, 3] and desk.get("p8").version == 3
    assert [text.text for text in desk.texts("p8")][1:] == ["别人先到", "一"]

    def never(batch: Batch) -> None:
        batch.note("p8", text="一", by=SCREENER)
        desk.note("p8", text="别人总是先到", by=SCREENER)

    with pytest.raises(Stale):
        desk.batch(never)


def test_a_batch_takes_back_what_it_brought(desk: Desk) -> None:
    """A text redacted in the batch that brought it is never written; hooks hear of what was recorded."""
    heard: list[str] = []
    desk.subscribe("acted", lambda happened: heard.append(happened.case.id))

    def work(batch: Batch) -> None:
        draw(batch, "p8")
        batch.note("p8", text="请删", by=SCREENER)
        batch.redact("p8", fields=["text"], basis="个人信息保护法第四十七条", by=ORGANISER, reason="申请")
        batch.act("p8", "begin_scoring", by=SCREENER)
        assert heard == []

    desk.batch(work)
    assert [text.field for text in desk.texts("p8") if not text.is_redacted] == ["title", "reason"]
    assert heard == ["p8"] and replay("p8", desk.history("p8")) == desk.get("p8")


@pytest.mark.soak
def test_a_proposal_of_more_messages_than_one_case_may_change(tmp_path: Path) -> None:
    """What becomes of it becomes of all, however many they are: none is an endless answer to another."""
    desk = Desk(
        [load_policy(name) for name in ("proposal", "message")],
        MemoryStore(),
        clock=ManualClock(micros("2026-01-12T09:00:00+08:00")),
    )
    ids = [f"m{n}" for n in range(10_050)]

    def take(batch: Batch) -> None:
        draw(batch, "p0")
        for case_id in ids:
            fields = {"title": "建议", "channel": "web", "campaign": "camp"}
            batch.act(case_id, "submit", by=ORGANISER, policy="message", fields=fields)
            batch.link(case_id, "p0", as_="part-of", by=SCREENER)

    desk.batch(take)
    desk.withdraw("p0", by=ORGANISER, reason="撤销")
    assert {desk.get(case_id).state for case_id in ids} == {"not_selected"}


def draw(batch: Batch, case_id: str) -> Case:
    return batch.act(
        case_id, "submit", by=SCREENER, policy="proposal", fields={"title": "题", "campaign": "camp"}
    )
