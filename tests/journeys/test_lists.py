"""Lists and counts for readers: which cases, in which order, and none that is not theirs."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from caseflow import Actor, BadInput, Desk, ManualClock, MemoryStore, Policy, SqliteStore, load_policy
from caseflow.cli import run as run_line
from caseflow.core.engine.rights import PARTIES, audience_of_text, sees
from caseflow.core.model.events import UNKNOWN_ORIGIN, Submitted
from caseflow.desk.reader import Reader
from caseflow.policies.load import shipped
from caseflow.policies.registry import compiled
from caseflow.ports import Store
from caseflow.testing.strategies import timelines
from caseflow.testing.strategies.timeline_script import Script
from tests.journeys.test_reading_rights import READERS

CITIZEN, NEIGHBOUR = Actor("c-1", role="citizen"), Actor("c-2", role="citizen")
OFFICER, PLUMBER = (Actor("o", role="handler", unit=unit) for unit in ("城管局", "水务局"))
COORDINATOR = Actor("k", role="coordinator")


@pytest.fixture
def desk() -> Desk:
    """Four cases, a day apart, of which the first two have a card and the last is answered."""
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    for name, title, unit, kind, region, by in (
        ("a", "工地噪音扰民", "城管局", "complaint", "镜湖区", CITIZEN),
        ("b", "水管漏水", "水务局", "need", "镜湖区", NEIGHBOUR),
        ("c", "夜间噪音", "城管局", "complaint", "弋江区", NEIGHBOUR),
        ("d", "噪音何时停", "城管局", "consultation", "弋江区", CITIZEN),
    ):
        desk.submit(title=title, to=unit, kind=kind, region=region, by=by, case_id=name)
        desk.clock.advance(days=1)
    desk.reply("d", text="今晚停工", by=OFFICER)
    desk.clock.advance(days=2, hours=20)
    desk.sweep()
    return desk


LISTS: dict[str, dict[str, Any]] = {
    "cabd": {}, "ab": {"level": "yellow"}, "cd": {"level": ""}, "ca": {"kind": "complaint"},
    "dc": {"region": "弋江区", "order": "newest"}, "dcba": {"order": "newest"}, "abc": {"order": "worst"},
    "ab ": {"overdue": True}, "dca": {"text": "噪音"}, "a": {"text": "噪音 工地"}, "": {"text": "工地漏水"},
    "cb": {"since": "2025-03-04", "until": date(2025, 3, 6)},
    "cd ": {"since": datetime(2025, 3, 5, 1, 30, tzinfo=UTC)}, "cab": {"until": "2025-03-05T09:30:01+08:00"},
    "b": {"unit": "水务局", "overdue": True, "order": "worst"},
}  # fmt: skip
"""The ids in their order -> the terms that list them, with a blank more where two list the same."""


def test_terms_say_which_and_in_which_order(desk: Desk) -> None:
    """Each alone and together; dates are days of the office, from the first on and before the other."""
    for ids, terms in LISTS.items():
        assert names(desk.cases(**terms)) == [*ids.strip()], terms


@pytest.mark.parametrize("order", ["due", "worst", "newest"])
def test_every_order_goes_on_by_its_cursor(desk: Desk, order: Any) -> None:
    """Page by page the same list; the cursor of another order is refused."""
    whole, cursor, seen = names(desk.cases(order=order)), "", list[str]()
    while True:
        page = desk.cases(order=order, limit=1, cursor=cursor)
        seen, cursor = seen + names(page), page.cursor
        if not cursor:
            break
        with pytest.raises(BadInput, match="cursor"):
            desk.cases(order="newest" if order == "due" else "due", cursor=cursor)
    assert seen == whole


@pytest.mark.parametrize(
    ("terms", "code"),
    [({"text": "水"}, "short-word"), ({"text": "漏水 a"}, "short-word"), ({"text": "漏" * 201}, "bad-option"),
     ({"text": 7}, "bad-option"), ({"order": "oldest"}, "bad-option"), ({"kind": 7}, "bad-option"),
     ({"order": "due", "overdue": True}, "not-beside"), ({"order": "worst", "text": "漏水"}, "not-beside"),
     ({"since": "yesterday"}, "bad-instant"), ({"since": "2025-13-03"}, "bad-instant"),
     ({"until": datetime(2025, 3, 3)}, "naive-instant")],  # that is what is refused
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(desk: Desk, terms: dict[str, Any], code: str) -> None:
    """A word of one character, an order that does not go with the rest, a day that there is not."""
    with pytest.raises(BadInput) as refused:
        desk.cases(**terms)
    assert refused.value.code == code


@pytest.mark.parametrize("by", [None, OFFICER])
def test_a_term_that_there_is_none_of_lists_nobodys_cases(desk: Desk, by: Actor | None) -> None:
    """Who asks for the cases of one citizen by a term that does not exist is told, and gets no other's."""
    wrong: dict[str, Any] = {"citizen": "c-1"}
    with pytest.raises(TypeError, match="no list has the term 'citizen'"):
        desk.cases(by=by, **wrong)
    with pytest.raises(TypeError, match="no list has the term 'citizen'"):
        (desk if by is None else desk.seen_by(by)).counts(**wrong)


def test_titles_are_searched_where_the_store_keeps_an_index() -> None:
    """Elsewhere the reader is told how one is begun."""
    with SqliteStore(":memory:") as store:
        desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
        desk.submit(title="工地噪音", by=CITIZEN, case_id="a")
        with pytest.raises(BadInput, match="caseflow store titles") as refused:
            desk.cases(text="噪音")
        assert refused.value.code == "titles-not-searched"
        store.search_titles()
        assert names(desk.cases(text="噪音")) == ["a"]


READS: dict[str, tuple[Actor, str, int]] = {
    "citizen": (CITIZEN, "da", 2), "neighbour": (NEIGHBOUR, "c", 2), "unit": (OFFICER, "dca", 3),
    "other unit": (PLUMBER, "", 1), "office": (COORDINATOR, "dca", 4),
    "robot": (Actor("x", role="robot"), "", 0),
    "no unit": (Actor("o-3", role="handler"), "", 0),
}  # fmt: skip


@pytest.mark.parametrize("who", READS)
def test_a_reader_finds_and_counts_what_is_theirs(desk: Desk, who: str) -> None:
    """By words of titles, in every order, and in the counts: the same cases as in their list."""
    actor, found, count = READS[who]
    seen = desk.seen_by(actor)
    assert names(seen.cases(text="噪音")) == [*found]
    assert seen.counts().total == count == len(seen.cases())
    assert len(seen.cases(order="newest")) == count
    assert seen.counts(unit="水务局").total == sum(case.unit == "水务局" for case in seen.cases())


def test_counts_are_by_state_unit_and_level(desk: Desk) -> None:
    """Every case once in each; in the order of names."""
    counts = desk.counts()
    assert (counts.total, counts.by("level")) == (4, {"": 2, "yellow": 2})
    assert counts.by("unit") == {"城管局": 3, "水务局": 1}
    assert desk.counts(kind="complaint", level="yellow").by("state") == {"routed": 1}
    assert desk.counts(overdue=True, since="2025-03-04").total == 1


NARROW = {"no": 'reads = ""', "own": 'scope = "own"', "unit": 'scope = "unit"'}
"""Name of a policy -> what it lets coordinators have less than the shipped one."""


def narrowed(folder: Path) -> dict[str, Policy]:
    """The shipped policy, under the name ``wide``, and the narrower ones."""
    policies = {"wide": load_policy("wuhu")}
    for name, less in NARROW.items():
        path = folder / f"{name}.toml"
        head = f'extends = "wuhu"\nname = "{name}"\nwithout_unit = ["supervisor"]\n'
        path.write_text(f"{head}[roles.coordinator]\n{less}\n", encoding="utf-8")
        policies[name] = load_policy(path)
    return policies


def submit_two(desk: Desk, name: str, policy: str | None = None) -> None:
    """A case of each of two units, named by the policy and the unit; a minute passes."""
    for unit in ("城管局", "水务局"):
        desk.submit(title="工地噪音", to=unit, by=CITIZEN, case_id=f"{name}-{unit}", policy=policy)
    assert isinstance(desk.clock, ManualClock)
    desk.clock.advance(minutes=1)


def test_a_case_goes_by_its_own_rules_in_counts_too(tmp_path: Path) -> None:
    """Where those keep it from a role, or give the role less, it is in no count, and no cursor names it."""
    policies = narrowed(tmp_path)
    store, clock = MemoryStore(), ManualClock("2025-03-03T09:30:00+08:00")
    for name, policy in policies.items():
        submit_two(Desk(policy, store, clock=clock), name)
    boss = Desk(policies["wide"], store, clock=clock).seen_by(Actor("c-1", role="coordinator", unit="城管局"))
    ids = ["unit-城管局", "own-水务局", "own-城管局", "wide-水务局", "wide-城管局"]
    assert names(boss.cases(text="噪音")) == ids
    assert (boss.counts().total, boss.counts().by("unit")) == (5, {"城管局": 3, "水务局": 2})
    cursor, pages = "", list[str]()
    while True:
        page = boss.cases(text="噪音", limit=1, cursor=cursor)
        pages, cursor = pages + names(page), page.cursor
        assert "no-" not in str(urlsafe_b64decode(cursor + "=="))
        if not cursor:
            break
    assert pages == ids


@pytest.mark.parametrize(
    ("offered", "seen"),
    [("no own unit wide", "own-城管局 own-水务局 unit-城管局 wide-城管局 wide-水务局"),
     ("wide no", "wide-城管局 wide-水务局"), ("no unit", "unit-城管局"), ("no own", "own-城管局 own-水务局"),
     ("unit own", "own-城管局 unit-城管局"), ("no", "")],
)  # fmt: skip
def test_a_desk_of_several_policies_lists_by_the_widest_rights(
    tmp_path: Path, offered: str, seen: str
) -> None:
    """Whichever policy comes first, each case goes by its own; what is counted is what is listed."""
    policies = narrowed(tmp_path)
    for order in (1, -1):
        offers = offered.split()[::order]
        clock = ManualClock("2025-03-03T09:30:00+08:00")
        desk = Desk([policies[name] for name in offers], MemoryStore(), clock=clock)
        for name in offers:
            submit_two(desk, name, policies[name].name)
        boss = desk.seen_by(Actor("c-1", role="coordinator", unit="城管局"))
        assert sorted(names(boss.cases())) == seen.split()
        assert boss.counts().total == len(seen.split())
        assert boss.counts(unit="水务局").total == seen.count("水务局")


HELPED: dict[str, dict[str, Any]] = {
    "cab": {}, "cba": {"order": "newest"}, "abc": {"order": "worst"}, "ca": {"text": "噪音"},
    "ab": {"overdue": True}, "ca ": {"order": "newest", "kind": "complaint"}, "b": {"helping": False},
    "b ": {"helping": False, "order": "worst"}, "": {"helping": False, "text": "噪音"},
}  # fmt: skip
"""As `LISTS`, of a unit that holds b and helps with a and c."""


def test_a_unit_lists_what_it_helps_with(desk: Desk) -> None:
    """In every order, in counts and by words; without ``helping`` what it holds alone."""
    for case_id in ("a", "c"):
        desk.add_co_handler(case_id, co_handler="水务局", by=COORDINATOR)
    helper = desk.seen_by(PLUMBER)
    for ids, terms in HELPED.items():
        assert names(helper.cases(**terms)) == names(desk.cases(unit="水务局", **terms)) == [*ids.strip()]
        if terms.keys() <= {"overdue", "helping"}:
            counts = helper.counts(**terms), desk.counts(unit="水务局", **terms)
            assert [one.total for one in counts] == [len(ids.strip())] * 2
    assert helper.counts().by("unit") == {"城管局": 2, "水务局": 1}


@given(timelines("wuhu", cases=3, min_steps=6))
@settings(max_examples=20)
def test_whatever_happened_counts_are_those_of_the_list(script: Script) -> None:
    """Over generated lives, for the desk and for every reader, helping units among them."""
    desk = script.run(script.desk(MemoryStore()))
    readers: list[Desk | Reader] = [desk, *map(desk.seen_by, READERS)]
    for seen in readers:
        listed = tuple(seen.cases(limit=1000))
        for what in ("state", "unit", "level"):
            counted = Counter[str](getattr(case, what) for case in listed)
            assert seen.counts().by(what) == dict(sorted(counted.items()))
        assert names(seen.cases(order="newest")) == [
            case.id for case in sorted(listed, key=lambda case: (case.submitted_us, case.id), reverse=True)
        ]


@pytest.mark.parametrize("kind", [MemoryStore, lambda: SqliteStore(":memory:")], ids=["memory", "sqlite"])
def test_titles_of_a_page_come_at_once(kind: Callable[[], Store]) -> None:
    """Those of the cases that the actor may read, in the page's order; one that was erased is left out."""
    desk = Desk(load_policy("wuhu"), kind(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    for name, unit, by in (("a", "城管局", CITIZEN), ("b", "水务局", NEIGHBOUR), ("c", "城管局", CITIZEN)):
        desk.submit(title=f"标题{name}", body="内文", to=unit, by=by, case_id=name)
    supervisor = Actor("s", role="supervisor")
    desk.redact("c", fields=["title"], basis="个人信息保护法第四十七条", reason="申请", by=supervisor)
    page = desk.cases(order="newest").cases
    assert desk.seen_by(COORDINATOR).titles(page) == {"b": "标题b", "a": "标题a"}
    assert desk.seen_by(CITIZEN).titles(page) == {"a": "标题a"}
    assert desk.seen_by(PLUMBER).titles(page) == {"b": "标题b"}
    assert desk.seen_by(COORDINATOR).titles(()) == {}


@pytest.mark.parametrize("name", shipped())
def test_whoever_reads_a_case_reads_its_title(name: str) -> None:
    """Lists ask no more of who looks for titles than of who lists cases."""
    event = Submitted(0, CITIZEN, origin=UNKNOWN_ORIGIN)
    assert sees(PARTIES, audience_of_text(compiled(load_policy(name)), event, "title"))


def test_the_command_line_lists_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the same terms, in words or as JSON; titles once their index is begun."""
    store = tmp_path / "cases.db"
    with SqliteStore(store) as place:
        desk = Desk(load_policy("wuhu"), place, clock=ManualClock("2025-03-03T09:30:00+08:00"))
        desk.submit(title="工地噪音", to="城管局", kind="complaint", by=CITIZEN, case_id="a")
        desk.submit(title="水管漏水", to="水务局", kind="need", by=CITIZEN, case_id="b")
        desk.clock.advance(days=6)
        desk.sweep()

    def run(*line: str) -> str:
        code = run_line([*line, "--store", f"sqlite:///{store}", "--lang", "zh"])
        told = capsys.readouterr()
        assert (code, told.err) == (0, ""), told
        return told.out

    assert run("cases", "--kind", "need", "--order", "newest").startswith("b ")
    assert run("store", "titles") == "标题已可检索，已查看 2 件案件\n"
    assert run("cases", "--text", "噪音", "--until", "2025-03-04").startswith("a ")
    assert run("cases", "--level", "red") == "没有案件\n"
    assert run("counts", "--region", "").splitlines() == [
        "按状态", "  已分转  2", "按有效的最高警示", "  黄牌警示  2", "按承办单位",
        "  城管局  1", "  水务局  1", "案件数：2",
    ]  # fmt: skip
    assert json.loads(run("counts", "--json", "--unit", "城管局"))["units"] == [
        {"unit": "城管局", "cases": 1}
    ]
    assert run("store", "titles", "--off") == "标题索引已删除\n"


def names(cases: Any) -> list[str]:
    return [case.id for case in cases]
