"""良治报告: each characteristic by its share, against the period before; what cannot be measured says why."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from caseflow import Actor, BadInput, Case, Desk, ManualClock, MemoryStore, Refused, SqliteStore, load_policy
from caseflow.cli import run
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model import events as e
from caseflow.core.time.instants import micros
from caseflow.errors import BadRecord
from caseflow.oversight import GovernanceMeasure, GovernanceReport, governance_report
from caseflow.oversight.governance import MEASURES, Trend, trend
from caseflow.views.rates import Rate, wilson_bounds
from tests.journeys.people import CITIZEN, COORDINATOR, OFFICER, SUPERVISOR, submitted

HERE = Path(__file__).parent
DAY_US = 86_400_000_000
TEXTS = {"title": "路灯不亮", "text": "已修复。"}


def desk_of(policy: str = "publishing.toml", now: str = "2025-03-03T09:30:00+08:00") -> Desk:
    rules = load_policy(HERE / policy) if policy.endswith(".toml") else load_policy(policy)
    return Desk([rules, load_policy("rectification")], MemoryStore(), clock=ManualClock(now))


def report_of(desk: Desk, **terms: str) -> GovernanceReport:
    return governance_report(desk, **{"since": "2025-03-01", "until": "2025-04-01", **terms})


def measure(report: GovernanceReport, name: str) -> GovernanceMeasure:
    return next(one for one in report.measures if one.name == name)


def numbers(desk: Desk, name: str, **terms: str) -> tuple[int, int, int]:
    """Numerator, denominator, and how many wait."""
    one = measure(report_of(desk, **terms), name)
    return one.share.numerator, one.share.denominator, one.pending


def test_an_inquiry_is_decided_by_its_reply_or_its_card() -> None:
    """On time, late, never replied to; what was withdrawn in time or merged is in neither number."""
    desk = desk_of()
    for name in ("on-time", "late", "never", "withdrawn", "primary", "merged"):
        submitted(desk, name)
    desk.merge("merged", primary="primary", by=COORDINATOR)
    desk.withdraw("withdrawn", by=CITIZEN)
    for name in ("on-time", "primary"):
        desk.reply(name, text="已修复", by=OFFICER)
    desk.clock.set("2025-03-09T00:00:00+08:00")
    desk.reply("late", text="已修复", by=OFFICER)  # the first instant that is late
    assert numbers(desk, "on-time") == (0, 0, 4)
    desk.clock.set("2025-04-02T09:30:00+08:00")  # thirty days after the submission, to the instant
    desk.sweep()
    assert numbers(desk, "on-time") == (2, 4, 0)
    assert report_of(desk).cases == 5


def test_the_period_is_of_the_offices_days() -> None:
    """What came at its first instant is in it; at its end, no more."""
    desk = desk_of(now="2025-02-28T23:59:59.999999+08:00")
    submitted(desk, "before")
    for at in ("2025-03-01T00:00:00+08:00", "2025-03-31T23:59:59.999999+08:00", "2025-04-01T00:00:00+08:00"):
        desk.clock.set(at)
        submitted(desk, at)
    desk.clock.set("2025-06-01T00:00:00+08:00")
    desk.sweep()
    one = measure(report_of(desk), "on-time")
    assert (one.share.denominator, one.before.denominator) == (2, 1)
    assert [
        month.denominator for month in measure(report_of(desk, until="2025-05-01"), "on-time").months
    ] == [
        2,
        1,
    ]


def test_ratings_count_within_thirty_days_and_by_the_citizen() -> None:
    """One that comes later is no part of it, and the verdict is a measure of its own."""
    desk = desk_of()
    for name in ("rated", "late", "silent"):
        submitted(desk, name)
        desk.reply(name, text="已修复", by=OFFICER)
    desk.rate("rated", score=5, by=CITIZEN)
    desk.clock.advance(days=31)
    desk.rate("late", score=2, by=CITIZEN)
    assert numbers(desk, "rated") == (1, 3, 0)
    assert numbers(desk, "satisfied", until="2025-05-01") == (1, 2, 0)


def test_a_dissatisfied_citizen_may_be_satisfied_in_the_end() -> None:
    """By a changed rating or after the case was opened again, within ninety days."""
    desk = desk_of()
    for name in ("changed", "reopened", "never"):
        submitted(desk, name)
        desk.reply(name, text="已修复", by=OFFICER)
        desk.rate(name, score=1, by=CITIZEN)
    desk.rate("changed", score=4, by=CITIZEN)
    desk.close("reopened", by=COORDINATOR)
    desk.reopen("reopened", reason="又不亮了", by=CITIZEN)
    desk.reply("reopened", text="已更换", by=COORDINATOR)
    desk.rate("reopened", score=5, by=CITIZEN)
    assert numbers(desk, "reconciled") == (0, 0, 3)
    desk.clock.advance(days=90)
    assert numbers(desk, "reconciled") == (2, 3, 0)
    assert numbers(desk, "settled-at-once") == (3, 4, 0)


def test_what_was_published_must_stand() -> None:
    desk = desk_of()
    moderators = Actor("m-1", role="moderator"), Actor("m-2", role="moderator")
    for name in ("published", "taken-back", "kept"):
        submitted(desk, name)
        desk.reply(name, text="已修复", by=OFFICER)
    for name in ("published", "taken-back"):
        desk.act(name, "propose_publication", by=moderators[0], fields=TEXTS)
        desk.act(name, "publish", by=moderators[1], fields=TEXTS)
    desk.act("taken-back", "unpublish", by=moderators[0], fields={"reason": "有误"})
    desk.clock.advance(days=30)
    assert numbers(desk, "published") == (1, 3, 0)


def test_cards_documents_and_rectifications() -> None:
    """Annulled cards, urging notices that were signed for, rectifications that were verified."""
    desk = desk_of()
    submitted(desk)
    desk.reply(submitted(desk, "c2").id, text="已修复", by=OFFICER)
    desk.link_rectification("c2", rectification="zg-1", by=SUPERVISOR)
    desk.verify_rectification("c2", rectification="zg-1", by=SUPERVISOR)
    desk.clock.set("2025-04-03T00:00:00+08:00")
    desk.sweep()
    assert [card.level for card in desk.get("c1").cards] == ["yellow", "red", "urge"]
    (notice,) = desk.documents("c1")
    desk.sign_receipt("c1", document=notice.draft.id, by=OFFICER)
    desk.annul_card("c1", clock="reply", level="yellow", reason="系统故障", by=SUPERVISOR)
    desk.clock.set("2025-12-01T00:00:00+08:00")
    assert numbers(desk, "cards-stand") == (1, 2, 0)
    assert numbers(desk, "signed", until="2025-05-01") == (1, 1, 0)
    assert numbers(desk, "put-right") == (1, 1, 0)


def test_a_card_that_is_annulled_later_stood_its_ninety_days() -> None:
    """Up to the instant at which they end it counts as annulled; a month is looked at as every other."""
    desk = desk_of()
    for name in ("in-time", "later"):
        submitted(desk, name)
    desk.clock.set("2025-03-20T00:00:00+08:00")
    desk.sweep()
    assert numbers(desk, "cards-stand") == (0, 0, 4)
    desk.clock.set("2025-06-07T00:00:00+08:00")  # ninety days after the yellow cards
    for name, seconds in (("in-time", 0), ("later", 1)):
        desk.clock.advance(seconds=seconds)
        desk.annul_card(name, clock="reply", level="yellow", reason="系统故障", by=SUPERVISOR)
    desk.clock.set("2025-12-01T00:00:00+08:00")
    assert numbers(desk, "cards-stand") == (3, 4, 0)


def test_cases_whose_rules_cannot_be_read_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them; the others count."""
    desk = desk_of()
    for name in ("a", "b"):
        submitted(desk, name)
    broken, known = desk.get("a").origin.policy_hash, Desk.rules_of
    submitted(Desk(load_policy("wuhu"), desk.store, clock=desk.clock), "c")

    def rules_of(self: Desk, case: Case) -> CompiledPolicy:
        if case.origin.policy_hash == broken:
            raise BadRecord("bad-policy", found=broken)
        return known(self, case)

    monkeypatch.setattr(Desk, "rules_of", rules_of)
    report = report_of(desk)
    assert [one.name for one in report.quarantined] == ["a", "b"]
    assert report.cases == 1


def test_a_region_that_is_behind() -> None:
    """Behind is whose upper bound lies below the share of all; small regions are compared with none."""
    desk = desk_of()
    for region, many, replied in (("东区", 60, 60), ("西区", 30, 10), ("南区", 29, 0)):
        for number in range(many):
            case = submitted(desk, f"{region}-{number}", region=region)
            if number < replied:
                desk.reply(case.id, text="已修复", by=OFFICER)
    desk.clock.advance(days=31)
    desk.sweep()
    assert wilson_bounds(Rate(10, 30, of="x"))[1] < 70 / 119 < wilson_bounds(Rate(60, 60, of="x"))[1]
    assert numbers(desk, "regions-level") == (1, 2, 0)


def test_what_cannot_be_measured_says_why() -> None:
    """No such act in the rules, nothing of the kind in the period, nothing old enough, too few regions."""
    report = report_of(desk_of("wuhu"))
    assert {one.unmeasured for one in report.measures} == {"nothing", "no-regions"}
    desk = desk_of("wuhu")
    submitted(desk)
    reasons = {one.name: one.unmeasured for one in report_of(desk).measures}
    assert reasons == {
        "rated": "nothing", "cards-stand": "nothing", "published": "no-rules", "on-time": "too-soon",
        "reconciled": "nothing", "regions-level": "no-regions", "satisfied": "nothing",
        "settled-at-once": "nothing", "signed": "nothing", "put-right": "nothing",
    }  # fmt: skip
    for lang, words in (("zh", "无法度量"), ("en", "cannot be measured from this log")):
        for one in report_of(desk).measures:
            assert words[-4:] in one.figures(lang)
            assert one.share.value is None


@pytest.mark.parametrize(
    ("since", "until", "before"),
    [
        ("2025-01-01", "2026-01-01", "2024-01-01"),
        ("2025-04-01", "2025-07-01", "2025-01-01"),
        ("2025-03-01", "2025-04-01", "2025-02-01"),
        ("2025-03-03", "2025-03-10", "2025-02-24"),
        ("2024-03-31", "2024-05-31", "2024-01-30"),
    ],
)
def test_the_period_before(since: str, until: str, before: str) -> None:
    """As many months where both days are the same of their months, else as many days."""
    assert report_of(desk_of(), since=since, until=until).before == before


def test_no_period_is_refused() -> None:
    for terms in ({"since": "2025-04-01"}, {"since": "yesterday"}):
        with pytest.raises(BadInput):
            report_of(desk_of(), **terms)


@pytest.mark.parametrize("of", [1, 7, 40, 2_000])
def test_trends_are_those_of_statsmodels(of: int) -> None:
    """A trend is told exactly where Newcombe's interval of the difference is without zero."""
    for good in {0, 1, of // 3, of // 2, of - 1, of}:
        for other in {0, of // 4, of}:
            low, high = confint_proportions_2indep(good, of, other, of, method="newcomb", compare="diff")
            expected: Trend = "up" if low > 1e-9 else "down" if high < -1e-9 else "even"
            assert trend(Rate(good, of, of="x"), Rate(other, of, of="x")) == expected


def lived(seed: int) -> Desk:
    """A year in which everything comes about, by chance."""
    chance, desk = Random(seed), desk_of(now="2024-01-01T09:00:00+08:00")
    ids: list[str] = []
    for day in range(0, 730, 2):
        desk.clock.advance(days=2)
        desk.sweep()
        ids.append(submitted(desk, f"c{day}", region=chance.choice(["东区", "西区"])).id)
        for name in chance.sample(ids, min(6, len(ids))):
            act(desk, name, chance)
    desk.clock.advance(days=200)
    desk.sweep()
    return desk


def act(desk: Desk, name: str, chance: Random) -> None:
    """Something that somebody does to a case, if the rules let them."""
    cards = [card for card in desk.get(name).cards if card.stands]
    acts = {
        "reply": lambda: desk.reply(name, text="已修复", by=COORDINATOR),
        "rate": lambda: desk.rate(name, score=chance.randint(1, 5), by=CITIZEN),
        "close": lambda: desk.close(name, by=COORDINATOR),
        "reopen": lambda: desk.reopen(name, reason="又", by=CITIZEN),
        "retract": lambda: desk.retract_reply(name, reason="有误", by=SUPERVISOR),
        "withdraw": lambda: desk.withdraw(name, by=CITIZEN),
        "annul": lambda: desk.annul_card(
            name, clock="reply", level=cards[0].level, reason="误", by=SUPERVISOR
        ),
    }
    kind = chance.choices(list(acts), weights=(6, 5, 3, 2, 1, 0.3, 1))[0]
    if kind != "annul" or cards:
        with suppress(Refused):
            acts[kind]()


def plain(desk: Desk, name: str, edges: list[int]) -> list[tuple[int, int]]:
    """The same between each two edges, told from the events of each case alone, one after the other."""
    ids, end = dict.fromkeys(row.case_id for row in desk.store.feed(limit=100_000)), desk.clock.now_us()
    counted = [
        (at, counts)
        for case_id in ids
        for at, counts in from_events(desk.history(case_id), name)
        if counts is not None and at + MEASURES[name].days * DAY_US <= end
    ]
    return [
        (
            sum(good for at, good in counted if since <= at < until),
            sum(since <= at < until for at, _ in counted),
        )
        for since, until in pairwise(edges)
    ]


def from_events(history: tuple[e.Event, ...], name: str) -> list[tuple[int, bool | None]]:
    """What a case says of one measure."""
    cycles: list[int] = []
    replies: dict[int, list[int]] = {}
    cards: list[tuple[int, e.CardIssued]] = []
    gone: dict[tuple[str, int], int] = {}
    ratings: list[tuple[int, int, bool | None]] = []
    ended = False
    for event in history:
        match event:
            case e.Submitted() | e.Reopened():
                cycles.append(event.since_us)
                ended = False
            case e.Replied():
                replies.setdefault(len(cycles), []).append(event.since_us)
            case e.ReplyRetracted():
                replies.pop(len(cycles), None)
            case e.CardIssued():
                cards.append((event.at_us, event))
            case e.CardAnnulled():
                gone[event.level, event.issued_us] = event.at_us
            case e.Rated():
                ratings.append((event.since_us, len(cycles), event.satisfied))
            case e.Withdrawn():
                ended = True
            case _:
                pass
    if name == "cards-stand":
        wait = 90 * DAY_US
        return [(at, at + wait < gone.get((card.level, at), 2**62)) for at, card in cards]
    if name == "rated":
        return [
            (times[0], any(cycle == one and at <= times[0] + 30 * DAY_US for at, one, _ in ratings))
            for cycle, times in replies.items()
        ]
    if name == "satisfied":
        return [(at, bool(verdict)) for at, verdict in {one: (at, ok) for at, one, ok in ratings}.values()]
    result: list[tuple[int, bool | None]] = []
    for cycle, begun in enumerate(cycles, 1):
        until = cycles[cycle] if cycle < len(cycles) else 2**62
        late = [at for at, card in cards if begun < at <= until and (card.level, at) not in gone]
        first = replies.get(cycle, [2**62])[0]
        if late or first < 2**62:
            result.append((begun, not late or first < min(late)))
        elif not ended and until == 2**62:
            result.append((begun, None))
    return result


@pytest.mark.parametrize("name", ["on-time", "rated", "satisfied", "cards-stand"])
def test_shares_are_those_of_a_plain_count_of_events(name: str, by_chance: Desk) -> None:
    """Of the period, of the one before, and of each month."""
    report = report_of(by_chance, since="2025-01-01", until="2026-01-01")
    one = measure(report, name)
    edges = [micros(f"{day}T00:00:00+08:00") for day in (report.before, *report.months, report.until)]
    shares = plain(by_chance, name, edges)
    assert [(share.numerator, share.denominator) for share in (one.before, *one.months)] == shares
    assert one.share.denominator == sum(of for _, of in shares[1:]) > 20
    assert one.share.numerator == sum(good for good, _ in shares[1:])


@pytest.fixture(scope="module")
def by_chance() -> Desk:
    return lived(8)


def test_the_command_tells_both_languages_and_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines for people; JSON with keys that stay, its labels in the language."""
    url, clock = f"sqlite:///{tmp_path / 'cases.db'}", ManualClock("2025-03-03T09:30:00+08:00")
    with SqliteStore(tmp_path / "cases.db") as store:
        desk = Desk(load_policy("wuhu"), store, clock=clock)
        case: Case = submitted(desk)
        desk.reply(case.id, text="已修复", by=OFFICER)
    arguments = ["governance", "--store", url, "--since", "2025-03-01", "--until", "2025-04-01"]
    assert run([*arguments, "--lang", "zh"]) == 0
    zh = capsys.readouterr().out
    assert "回应\n  未亮牌即答复，占已有结果的诉求\n    1 / 1（100.0%）；上期无可比较\n" in zh
    assert run([*arguments, "--lang", "en"]) == 0
    en = capsys.readouterr().out
    assert "published within 30 days of the reply, of inquiries replied to\n    cannot be measured" in en
    assert run([*arguments, "--json", "--lang", "en"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["characteristics"]) == list(
        dict.fromkeys(one.characteristic for one in MEASURES.values())
    )
    (responsive,) = document["characteristics"]["responsiveness"]["measures"]
    assert responsive["share"] == {"numerator": 1, "denominator": 1, "of": "inquiries decided"}
    assert document["months"] == ["2025-03-01"]
