"""Bad input gets a clear error and loses nothing; repeats are recognised."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
import pendulum
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseflow import Actor, BadInput, CaseflowError, Desk, ManualClock, Refused, load_policy
from caseflow.ports import Query, Store
from tests.journeys.people import CITIZEN, COORDINATOR, OFFICER, SUPERVISOR, refused, submitted


@pytest.mark.parametrize(
    ("text", "code"),
    [("a\x00b", "text-with-nul"), ("x\ud800", "text-with-surrogate"), ("x" * 100_001, "text-too-long"),
     (7, "field-not-text"), (b"x", "field-not-text"), (["x"], "field-not-text")],
)  # fmt: skip
@pytest.mark.parametrize("field", ["title", "body", "reason"])
def test_a_text_that_cannot_be_kept_is_refused(desk: Desk, field: str, text: object, code: str) -> None:
    """NUL, lone surrogates and too much text are refused, each by name, and no case is made."""
    with pytest.raises(Refused) as caught:
        desk.act("c1", "submit", by=CITIZEN, fields={"title": "t", field: text})
    assert (caught.value.code, caught.value.refusal.rule) == (code, f"fields.{field}")
    assert len(caught.value.text("zh")) < 400
    caught.value.text("en").encode()
    assert desk.store.find(Query()) == ()


def test_the_longest_text_is_kept(desk: Desk) -> None:
    """100,000 characters, Chinese and emoji among them, are stored to the letter."""
    text = "灯🚧" * 50_000
    desk.submit(title=text, by=CITIZEN, case_id="c1")
    assert desk.texts("c1")[0].text == text


@pytest.mark.parametrize("case_id", ["", " c1", "c1 ", "\t", "a\nb", "a\x00b", "\ud800", "x" * 201])
def test_a_case_id_that_cannot_be_used_is_refused(desk: Desk, case_id: str) -> None:
    """Empty, padded, unprintable and overlong ids are told as such."""
    with pytest.raises(Refused) as caught:
        desk.act(case_id, "submit", by=CITIZEN, fields={"title": "t"})
    assert caught.value.code == "bad-case-id"
    caught.value.text("en").encode()


@pytest.mark.parametrize("unit", ["a\nb", "\x00", "\ud800", "x" * 501, 7, ""])
def test_a_unit_that_is_no_name_is_refused(desk: Desk, unit: Any) -> None:
    """A case is routed to a printable name or not at all."""
    submitted(desk, to="")
    code = refused(desk, "c1", "route", COORDINATOR, to=unit).code
    assert code == (
        "field-missing" if unit == "" else "field-not-text" if unit == 7 else "field-not-printable"
    )


@pytest.mark.parametrize(
    "names", [("", "citizen", ""), ("a", "", ""), ("a\nb", "r", ""), ("a", "r", "\x00"), ("x" * 201, "r", ""),
              (None, "r", ""), (7, "r", ""), ("a", "r", None), ("\ud800", "r", "")],
)  # fmt: skip
def test_an_actor_that_is_nobody_is_refused(names: tuple[Any, Any, Any]) -> None:
    """Id and role are printable names; the unit may be empty."""
    who, role, unit = names
    with pytest.raises(BadInput) as caught:
        Actor(who, role=role, unit=unit)
    assert caught.value.code == "bad-name"


class Shown(str):
    """A text of a template engine, which says of itself that it is safe."""

    def __str__(self) -> str:
        return self


class Urgency(StrEnum):
    HIGH = "high"


def test_what_a_portals_libraries_give_is_recorded_plain(store: Store) -> None:
    """Safe texts, enums, instants of pendulum and actors of one's own: kept and found as what they are."""
    start = pendulum.datetime(2025, 3, 3, 9, 30, tz="Asia/Shanghai")
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock(start))
    clerk = Actor(Shown("c-1"), role=Shown("citizen"))
    desk.submit(
        title=Shown("路灯"),
        to=Shown("城管局"),
        urgency=Urgency.HIGH,
        by=clerk,
        case_id=Shown("c1"),
        key=Shown("k"),
    )
    desk.clock.set(start.add(days=6))
    desk.sweep(until=start.add(days=5, hours=20))
    desk.reply("c1", text=Shown("已修"), by=COORDINATOR, effective_at=start.add(days=1), reason=Shown("补记"))
    for event in desk.history(Shown("c1")):
        for part in msgspec.structs.astuple(event):
            assert type(part).__module__.partition(".")[0] in ("builtins", "caseflow")
    assert {type(text.text) for text in desk.texts("c1")} == {str}
    assert [type(part) for part in (desk.get("c1").id, desk.get("c1").unit, desk.get("c1").citizen)] == [
        str
    ] * 3
    assert type(desk.get("c1").origin.urgency) is str
    again = desk.submit(
        title="路灯", to="城管局", urgency="high", by=Actor("c-1", role="citizen"), case_id="c1", key="k"
    )
    assert again.version == 1


@pytest.mark.parametrize(
    "at", ["yesterday", "2025-03-03T10:00:00", datetime(2025, 3, 3), "2025-13-01T00:00:00+08:00"]
)
def test_a_time_that_is_none_is_refused(desk: Desk, at: Any) -> None:
    """An ``effective_at`` that cannot be read, or has no offset, is told before anything happens."""
    submitted(desk)
    with pytest.raises(BadInput) as caught:
        desk.reply("c1", text="x", by=COORDINATOR, effective_at=at, reason="r")
    assert "effective_at" in str(caught.value)
    with pytest.raises(BadInput):
        desk.sweep(until=at)
    assert desk.get("c1").version == 1


def test_a_case_id_is_taken_once(desk: Desk) -> None:
    """A second submission under the same id is refused and changes nothing."""
    case = submitted(desk)
    with pytest.raises(Refused) as caught:
        submitted(desk, title="另一件")
    assert (caught.value.code, desk.get("c1"), len(desk.texts("c1"))) == ("case-exists", case, 1)


def test_a_clock_that_went_back_is_clamped(desk: Desk) -> None:
    """A command before the case's last act takes that act's instant, and its event says so."""
    submitted(desk)
    desk.clock.set("2025-03-04T09:30:00+08:00")
    desk.acknowledge("c1", by=OFFICER)
    desk.clock.set("2025-03-04T09:00:00+08:00")
    desk.reply("c1", text="x", by=OFFICER)
    event = desk.history("c1")[-1]
    assert event.at == desk.history("c1")[-2].at
    assert event.clamped_us == desk.clock.now_us()


def test_a_command_overtaken_by_cards_keeps_its_own_time(desk: Desk) -> None:
    """A reply read at the door before midnight prevents the card another machine issued meanwhile."""
    submitted(desk)
    Desk(desk.rules.policy, desk.store, clock=ManualClock("2025-03-09T00:00:00+08:00")).sweep()
    desk.clock.set("2025-03-08T23:59:59+08:00")
    after = desk.reply("c1", text="x", by=OFFICER)
    event = next(event for event in desk.history("c1") if event.name == "replied")
    assert (event.at, event.clamped_us) == (desk.clock.now().astimezone(UTC), None)
    assert [card.stands for card in after.cards] == [False]


@pytest.mark.parametrize(
    "cursor", ["x", "[]", "{}", "[1]", '["a","b"]', "[1,2]", "[1,2,3]", "null", "[true,1]"]
)
def test_a_cursor_of_another_making_is_refused(desk: Desk, cursor: str) -> None:
    """Only what a page gave is a cursor."""
    with pytest.raises(BadInput) as caught:
        desk.cases(cursor=cursor)
    assert caught.value.code == "bad-cursor"


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_one_to_a_thousand_cases(desk: Desk, limit: int) -> None:
    """Other sizes are refused."""
    with pytest.raises(BadInput):
        desk.cases(limit=limit)


def test_pages_lead_through_all_cases_once(desk: Desk) -> None:
    """Cursor by cursor every case comes once, in order of its next due instant, then id."""
    for number in range(7):
        submitted(desk, f"c{number}")
        desk.clock.advance(hours=12)
    desk.withdraw("c2", by=CITIZEN)
    seen: list[str] = []
    page = desk.cases(limit=2)
    while True:
        seen += [case.id for case in page]
        if not page.cursor:
            break
        page = desk.cases(limit=2, cursor=page.cursor)
    assert seen == ["c0", "c1", "c3", "c4", "c5", "c6", "c2"]


def test_a_limited_sweep_says_that_more_is_due(desk: Desk) -> None:
    """It fires for so many cases, and the next one goes on where it ended; ``until`` never passes now."""
    for number in range(3):
        submitted(desk, f"c{number}")
    desk.clock.advance(days=6)
    assert desk.sweep(until="2025-03-08T00:00:00+08:00").cards == ()
    swept = [desk.sweep(limit=2, until="2099-01-01T00:00:00Z") for _ in range(2)]
    assert [(len(sweep.cards), sweep.more) for sweep in swept] == [(2, True), (1, False)]
    assert desk.sweep(limit=0).more is False


ODD = ("\ud800", "a\x00b", "x" * 100_000, "'; DROP TABLE cases; --")


@pytest.mark.parametrize("name", ODD, ids=["surrogate", "nul", "long", "sql"])
def test_odd_names_are_answered_plainly(desk: Desk, name: str) -> None:
    """An id, key, unit or primary that cannot exist finds nothing or is refused, in our own words."""
    submitted(desk)
    with pytest.raises(CaseflowError):
        desk.get(name)
    with pytest.raises(CaseflowError):
        desk.note(name, text="x", by=OFFICER)
    with pytest.raises(CaseflowError):
        desk.merge("c1", primary=name, by=COORDINATOR)
    assert len(desk.cases(unit=name)) == 0
    assert len(desk.cases(state=name)) == 0
    if not name.isprintable():
        with pytest.raises(CaseflowError):
            desk.note("c1", text="x", by=OFFICER, key=name)
    assert desk.get("c1").version == 1


def test_numbers_beyond_the_store_are_refused(desk: Desk) -> None:
    """A cursor or an instant that no store can hold is bad input, not a driver's error."""
    submitted(desk)
    with pytest.raises(BadInput):
        desk.cases(cursor=f'[{1 << 70},"c1"]')
    for until in (1 << 70, -(1 << 70)):
        with pytest.raises(BadInput):
            desk.sweep(until=until)


@settings(derandomize=True, database=None, max_examples=150, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    st.sampled_from(("submit", "reply", "rate", "route", "attach", "merge", "grant_extension", "close", "x")),
    st.dictionaries(
        st.sampled_from(("text", "to", "score", "primary", "days", "size", "reason", "clock", "")),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3)
        | st.sampled_from(ODD)
        | st.lists(st.integers(), max_size=2),
        max_size=4,
    ),
    st.none() | st.just("k"),
)  # fmt: skip
def test_no_input_gets_past_the_errors(
    desk: Desk, action: str, fields: dict[str, Any], key: str | None
) -> None:
    """Whatever comes as action and fields is accepted or raises one of caseflow's errors, with a text."""
    case_id = "c1" if action != "submit" else "new"
    if desk.store.load("c1") is None:
        submitted(desk)
    for actor in (OFFICER, CITIZEN, SUPERVISOR, COORDINATOR):
        try:
            desk.act(case_id, action, by=actor, fields=fields, key=key)
        except CaseflowError as error:
            for lang in ("en", "zh"):
                assert error.text(lang).encode()
