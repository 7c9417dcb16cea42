"""Nothing is told that does not hold: each notice against its case at the moment of telling."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import Actor, Desk, MemoryStore, Refused
from caseflow.core.engine.rights import retracted
from caseflow.core.model import events as e
from caseflow.core.notices import CANCELLED, COLLAPSED, OF_RUNGS, REMINDER, SENT, TAKEN_BACK, Notice, Posted
from caseflow.core.time.instants import DAY, HOUR, moment
from caseflow.errors import DeliveryFailed
from caseflow.ports.records import Delivery
from tests.delivery.people import Kept, desk_on, relay_of
from tests.journeys.people import BOSS, CITIZEN, COORDINATOR, OFFICER, SUPERVISOR, submitted

OTHER = Actor("c-18", role="citizen")


@pytest.fixture
def desk() -> Desk:
    return desk_on(MemoryStore())


def told(desk: Desk) -> list[str]:
    """What is told now, ``what > person``, and ``what: reason`` of all that was dropped by now."""
    kept = Kept()
    relay_of(desk, kept).until_empty()
    dropped = desk.store.notices(status=CANCELLED)
    return kept.said() + [f"{row.notice.level or row.notice.topic}: {row.error}" for row in dropped]


# -- situations --------------------------------------------------------------------------------------------


def _reply(desk: Desk) -> None:
    desk.reply("c1", text="已修复", by=OFFICER)


def _complete(desk: Desk) -> None:
    _reply(desk)
    desk.complete("c1", text="办结", by=OFFICER)


def _retract(desk: Desk) -> None:
    desk.clock.advance(hours=1)
    desk.retract_reply("c1", reason="有误", by=BOSS)


def _reopen(desk: Desk) -> None:
    desk.clock.advance(hours=1)
    desk.reopen("c1", reason="误操作", by=COORDINATOR)


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        ((lambda d: d.acknowledge("c1", text="已收到", by=OFFICER)), (lambda d: d.withdraw("c1", by=CITIZEN)),
         ["acknowledged: ended"]),
        ((lambda d: d.request_information("c1", text="哪条路?", by=OFFICER)),
         (lambda d: d.receive_information("c1", text="中山路", by=CITIZEN)),
         ["information-requested: answered"]),
        ((lambda d: d.send_back("c1", reason="非本局", by=OFFICER)),
         (lambda d: d.route("c1", to="水务局", by=COORDINATOR)),
         ["routed > duty_officer@水务局", "returned: routed"]),
        ((lambda d: d.add_co_handler("c1", co_handler="水务局", by=BOSS)), _reply,
         ["replied > c-17", "co-handler-added: answered"]),
        ((lambda d: d.transfer("c1", to="水务局", by=COORDINATOR)),
         (lambda d: d.transfer("c1", to="城管局", by=COORDINATOR)),
         ["transferred > duty_officer@城管局", "transferred: moved-on"]),
        ((lambda d: d.request_extension("c1", days=5, reason="等配件", by=OFFICER)),
         (lambda d: d.refuse_extension("c1", by=SUPERVISOR)),
         ["extension-refused > handler@城管局", "extension-requested: answered"]),
        ((lambda d: (d.request_extension("c1", days=5, reason="等配件", by=OFFICER),
                     d.grant_extension("c1", by=SUPERVISOR))), _reply,
         ["replied > c-17", "extension-requested: answered", "extension-granted: clock-ended",
          "extension-granted: clock-ended"]),
        ((lambda d: d.reject("c1", code="unclear", by=COORDINATOR)), _reopen,
         ["reopened > duty_officer@城管局", "rejected: reopened"]),
        (_reply, _retract, ["replied: taken-back", "reply-retracted: never-told"]),
        (_complete, _retract,
         ["completed: retracted", "replied: taken-back", "reply-retracted: never-told"]),
        ((lambda d: d.withdraw("c1", by=CITIZEN)), (lambda d: None), []),
    ],
)  # fmt: skip
def test_what_does_not_hold_any_more_is_dropped_with_its_reason(
    desk: Desk, first: Callable[[Desk], object], then: Callable[[Desk], object], expected: list[str]
) -> None:
    """The relay was down from the first act until after the second; what is left holds."""
    submitted(desk)
    told(desk)
    first(desk)
    desk.clock.advance(hours=1)
    then(desk)
    assert sorted(told(desk)) == sorted(expected)


def test_a_retraction_goes_to_those_who_were_told_of_the_reply(desk: Desk) -> None:
    """The citizen has the reply; that it was taken back is told, and says nothing of a next one."""
    submitted(desk)
    _reply(desk)
    told(desk)
    _retract(desk)
    kept = Kept()
    relay_of(desk, kept).until_empty()
    assert kept.said() == ["reply-retracted > c-17"]
    assert "不再有效" in kept.got[0].text


def test_a_second_reply_is_told_and_the_first_is_not(desk: Desk) -> None:
    """Taken back and given anew before anybody was told: one message, with the words that stand."""
    submitted(desk)
    told(desk)
    _reply(desk)
    _retract(desk)
    desk.reply("c1", text="三日内修复", by=OFFICER)
    assert told(desk) == ["replied > c-17", "replied: taken-back", "reply-retracted: never-told"]


def test_a_merged_case_is_no_task_and_a_resumed_one_was_not_merged(desk: Desk) -> None:
    """Its unit has nothing to do; and if it goes on by itself, that it was merged is told to nobody."""
    submitted(desk, "c1")
    submitted(desk, "c2")
    desk.merge("c2", primary="c1", by=COORDINATOR)
    assert told(desk) == ["submitted > duty_officer@城管局", "merged > c-17", "submitted: ended"]
    submitted(desk, "c3")
    told(desk)
    desk.merge("c3", primary="c1", by=COORDINATOR)
    desk.clock.advance(hours=1)
    desk.withdraw("c1", by=CITIZEN)
    assert told(desk) == ["resumed > duty_officer@城管局"] * 2 + ["submitted: ended", "merged: reopened"]


def test_a_reminder_is_for_the_unit_that_can_still_act(desk: Desk) -> None:
    """After a transfer the new unit hears of the deadline with the case; a card stays with the old one."""
    submitted(desk)
    told(desk)
    desk.clock.set("2025-03-07T08:00:00+08:00")
    desk.sweep()
    desk.transfer("c1", to="水务局", by=COORDINATOR)
    assert told(desk) == ["transferred > duty_officer@水务局", "reminder: moved-on"]


def test_a_deadline_that_moved_reminds_again(desk: Desk) -> None:
    """The first reminder waits when the extension moves it: it is dropped, and told when it is due anew."""
    submitted(desk)
    told(desk)
    desk.clock.set("2025-03-07T08:00:00+08:00")
    desk.sweep()
    desk.request_extension("c1", days=5, reason="等配件", by=OFFICER)
    desk.grant_extension("c1", by=SUPERVISOR)
    assert told(desk) == [
        "extension-granted > c-17", "extension-granted > handler@城管局", "reminder: deadline-moved",
        "extension-requested: answered",
    ]  # fmt: skip
    desk.clock.set("2025-03-12T08:00:00+08:00")
    desk.sweep()
    kept = Kept()
    relay_of(desk, kept).until_empty()
    assert kept.said() == ["reminder > handler@城管局"]
    assert "期限为 2025-03-14 00:00 前。" in kept.got[0].text


@pytest.mark.parametrize(
    ("at", "act", "sentence"),
    [
        ("2025-03-04T08:00:00+08:00", None, "期限为 2025-03-09 00:00 前。"),
        ("2025-03-09T00:00:00+08:00", None, "期限为 2025-03-09 00:00 前，现已逾期。"),
    ],
)
def test_what_is_told_late_is_told_in_present_words(
    desk: Desk, at: str, act: Callable[[Desk], object] | None, sentence: str
) -> None:
    """A case that came days ago: its deadline is to come, or is over by the very instant."""
    submitted(desk)
    desk.clock.set(at)
    kept = Kept()
    relay_of(desk, kept).until_empty()
    assert sentence in kept.got[-1].text


def test_citizens_whose_cases_follow_are_told_what_the_primary_is_told(desk: Desk) -> None:
    """Through any number of mergers, each of their own case; one who asked twice hears it once."""
    for name, by in (("c1", CITIZEN), ("c2", OTHER), ("c3", Actor("c-19", role="citizen")), ("c4", OTHER)):
        desk.submit(title=f"井盖 {name}", to="城管局", by=by, case_id=name)
        desk.clock.advance(minutes=1)
    desk.merge("c3", primary="c2", by=COORDINATOR)
    desk.merge("c2", primary="c1", by=COORDINATOR)
    desk.merge("c4", primary="c1", by=COORDINATOR)
    told(desk)
    _reply(desk)
    kept, taken_back = Kept(), Kept()
    relay_of(desk, kept).until_empty()
    assert kept.said() == ["replied > c-17", "replied > c-18", "replied > c-19"]
    assert ["c1" in kept.got[0].text, "c2" in kept.got[1].text, "c3" in kept.got[2].text] == [True] * 3
    assert all("已修复" in delivery.text for delivery in kept.got)
    desk.clock.advance(hours=1)
    _retract(desk)
    relay_of(desk, taken_back).until_empty()
    assert [line.partition(" > ")[2] for line in taken_back.said()] == ["c-17", "c-18", "c-19"]


def test_a_reply_of_a_case_that_cannot_be_read_stops_no_other_citizen(desk: Desk) -> None:
    """One follower is out of reach for now: the others are told once, and that one later."""
    for name, by in (("c1", CITIZEN), ("c2", OTHER)):
        desk.submit(title="井盖", to="城管局", by=by, case_id=name)
        desk.clock.advance(minutes=1)
    desk.merge("c2", primary="c1", by=COORDINATOR)
    told(desk)
    _reply(desk)

    def no_other(delivery: Delivery) -> None:
        if delivery.person.id == "c-18":
            raise DeliveryFailed(retry=True, what="x", found="x")

    first, second = Kept(no_other), Kept()
    relay_of(desk, first).until_empty()
    desk.clock.advance(minutes=1)
    relay_of(desk, second).until_empty()  # another relay, which remembers nothing
    assert (first.said(), second.said()) == (["replied > c-17"], ["replied > c-18"])


# -- whatever happens --------------------------------------------------------------------------------------

ACTS = (
    "wait", "sweep", "acknowledge", "ask", "inform", "reply", "late reply", "retract", "complete", "close",
    "reopen", "reject", "withdraw", "transfer", "send back", "route", "help", "extend", "grant", "merge",
    "resume", "relay", "relay", "fail",
)  # fmt: skip
LIVES = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 20)), min_size=4, max_size=24)


class Life:
    """Two cases, and a relay that is often down: what was told when, and whether it held then."""

    def __init__(self) -> None:
        self.desk = desk_on(MemoryStore())
        self.wrong: list[str] = []
        self.got: list[Delivery] = []
        for name, by in (("c1", CITIZEN), ("c2", OTHER)):
            self.desk.submit(title="井盖", to="城管局", by=by, case_id=name)
            self.desk.clock.advance(minutes=1)

    def take(self, act: str, number: int) -> None:
        self.desk.clock.advance(minutes=1 + number)
        try:
            self._take(act, number, ("c1", "c2")[number % 2])
        except Refused:
            return

    def _take(self, act: str, number: int, name: str) -> None:
        desk, now = self.desk, self.desk.clock.now_us()
        unit = desk.get(name).unit
        officer, boss = Actor("o", role="handler", unit=unit), Actor("l", role="lead_official", unit=unit)
        citizen = (CITIZEN, OTHER)[number % 2]
        match act:
            case "wait":
                desk.clock.set(now + number * DAY // 2)
            case "sweep":
                desk.sweep()
            case "acknowledge":
                desk.acknowledge(name, text="已收到", by=officer)
            case "ask":
                desk.request_information(name, text="哪里?", by=officer)
            case "inform":
                desk.receive_information(name, text="这里", by=citizen)
            case "reply":
                desk.reply(name, text="好了", by=COORDINATOR)
            case "late reply":
                since = moment(max(now - number * HOUR, desk.get(name).submitted_us))
                desk.reply(name, text="好了", effective_at=since, reason="电话", by=COORDINATOR)
            case "retract":
                desk.retract_reply(name, reason="有误", by=SUPERVISOR)
            case "complete":
                desk.complete(name, text="办结", by=COORDINATOR)
            case "close":
                desk.close(name, by=COORDINATOR)
            case "reopen":
                desk.reopen(name, reason="未解决", by=citizen)
            case "reject":
                desk.reject(name, code="unclear", by=COORDINATOR)
            case "withdraw":
                desk.withdraw(name, by=citizen)
            case "transfer":
                desk.transfer(name, to=("水务局", "城管局")[number // 2 % 2], by=COORDINATOR)
            case "send back":
                desk.send_back(name, reason="非本局", by=officer)
            case "route":
                desk.route(name, to=("水务局", "城管局")[number // 2 % 2], by=COORDINATOR)
            case "help":
                desk.add_co_handler(name, co_handler="园林局", by=boss)
            case "extend":
                desk.request_extension(name, days=5, reason="等配件", by=officer)
            case "grant":
                desk.grant_extension(name, by=SUPERVISOR)
            case "merge":
                desk.merge("c2", primary="c1", by=COORDINATOR)
            case "resume":
                desk.act("c2", "resume", by=COORDINATOR)
            case _:
                self.relay(failing=act == "fail")

    def relay(self, *, failing: bool = False) -> None:
        """Rounds until nothing is ready; each message is judged at the moment in which it goes out."""

        def judge(delivery: Delivery) -> None:
            if failing and len(self.got) % 2:
                raise DeliveryFailed(retry=True, what="x", found="x")
            if not self.holds(delivery.notice):
                self.wrong.append(f"{delivery.notice.topic} {delivery.notice.level} was told")
            if " - " in delivery.text or "—" in delivery.text:
                self.wrong.append(f"{delivery.notice.topic} says nothing: {delivery.text}")
            if delivery.notice.role == "citizen":
                self._judge_citizen(delivery)
            self.got.append(delivery)

        before = self._dropped()
        relay_of(self.desk, Kept(judge), attempts=50).until_empty()
        for row in self._dropped():
            if row in before or row.error in (TAKEN_BACK, "never-told", "annulled"):
                continue
            if not row.error or self.holds(row.notice):
                self.wrong.append(f"{row.notice.topic} {row.notice.level} was dropped: {row.error!r}")

    def _dropped(self) -> tuple[Posted, ...]:
        return self.desk.store.notices(status=CANCELLED)

    def _judge_citizen(self, delivery: Delivery) -> None:
        """A citizen hears of their own case, or of the one that theirs follows."""
        case = self.desk.get(delivery.notice.case_id)
        follows = self.desk.get("c2").facts.primary == case.id
        if delivery.person.id not in {case.citizen, *(["c-18"] if follows else [])}:
            self.wrong.append(f"{delivery.person.id} was told of {case.id}")

    def holds(self, notice: Notice) -> bool:
        """By the history alone: whether nothing that came since has undone what the notice tells."""
        case, events = self.desk.get(notice.case_id), self.desk.history(notice.case_id)
        own, since = events[notice.version - 1], events[notice.version :]
        if notice.body.get("unassigned") and case.unit:
            return False
        if notice.topic in OF_RUNGS:
            return notice.topic != REMINDER or self._can_still_act(notice)
        if notice.unit and notice.unit not in (case.unit, *case.facts.co_handlers):
            return False
        gone, is_office = retracted(case, events), notice.role != "citizen"
        replies = [
            at for at, event in enumerate(events, 1) if isinstance(event, e.Replied) and at not in gone
        ]
        at_us = own.since_us
        match own:
            case e.Replied():
                return notice.version not in gone
            case e.Completed():
                return not any(
                    isinstance(event, e.Reopened | e.ReplyRetracted) and event.since_us >= at_us
                    for event in since
                )
            case e.Rejected() | e.Withdrawn() | e.Closed():
                return not any(isinstance(event, e.Reopened) for event in since)
            case e.Merged():
                return not any(isinstance(event, e.Resumed) for event in since)
            case e.InformationRequested():
                late = any(isinstance(event, e.InformationReceived) for event in since)
                answered = any(events[at - 1].since_us >= at_us for at in replies)
                return case.is_open and not late and not answered
            case e.ExtensionRequested():
                ends = e.ExtensionGranted | e.ExtensionRefused | e.Reopened
                return case.running("reply") is not None and not any(isinstance(one, ends) for one in since)
            case e.ExtensionGranted():
                return case.running("reply") is not None and not any(
                    isinstance(one, e.Reopened) for one in since
                )
            case e.Acknowledged():
                return case.is_open
            case e.ReplyRetracted():
                return True
            case _:
                begun = case.facts.reopenings[-1] if case.facts.reopenings else 0
                times = [events[at - 1].since_us for at in replies if events[at - 1].since_us >= begun]
                is_late = bool(times) and (max(times) >= at_us or case.deadline_us is None)
                is_sought = not isinstance(own, e.Returned) or not case.unit
                return case.is_open and is_sought and not (is_office and is_late)

    def _can_still_act(self, notice: Notice) -> bool:
        case = self.desk.get(notice.case_id)
        run = case.running("reply")
        if run is None or run.cycle != notice.body["cycle"]:
            return False
        due = run.dues[[level for level, _ in run.ladder].index(notice.level)]
        is_holder = not notice.unit or notice.unit in (case.unit, *case.facts.co_handlers)
        return is_holder and (due is None or due == notice.at_us)


@pytest.mark.soak
@settings(max_examples=150, derandomize=True, database=None, deadline=None)
@given(LIVES)
def test_at_the_moment_of_telling_each_notice_holds(acts: list[tuple[str, int]]) -> None:
    """Whatever happened while the relay was down: what is told holds, and what is dropped does not."""
    life = Life()
    for act, number in acts:
        life.take(act, number)
    life.desk.sweep()
    for _ in range(4):
        life.desk.clock.advance(hours=2)
        life.relay()
    assert life.wrong == []
    _once(life.got)
    _retractions(life)


def _once(got: list[Delivery]) -> None:
    """Nobody hears of one event twice, in one role or in two; who failed is not among them."""
    heard = [(d.person.id, d.notice.case_id, d.notice.version, d.notice.topic) for d in got]
    assert len(heard) == len(set(heard))


def _retractions(life: Life) -> None:
    """That a reply was taken back is told to those who had it, and to them alone."""
    rows = {row.notice.id: row for row in life.desk.store.notices()}
    for row in rows.values():
        if row.notice.topic == "reply-retracted" and row.notice.corrects:
            was_told = rows[row.notice.corrects].status in (SENT, COLLAPSED) or bool(
                rows[row.notice.corrects].reached
            )
            assert (row.status == SENT) == was_told, (row, rows[row.notice.corrects])
