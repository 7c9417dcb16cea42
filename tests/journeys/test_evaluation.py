"""Both sides evaluate: scales, changes, windows, one-time tokens, what follows dissatisfaction, and rates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import Actor, Case, Desk, ManualClock, MemoryStore, Policy, Refused, load_policy
from caseflow.core.model import events as e
from caseflow.core.model.case import Rating
from caseflow.core.model.evolve import replay
from caseflow.desk.rating_tokens import RatingToken
from caseflow.ports import Store
from caseflow.serialization.codec import encode, pack
from caseflow.views.action_forms import form_schema
from caseflow.views.documents import case_document, public_document
from caseflow.views.rates import (
    assessment_score,
    resolution_rate,
    response_rate,
    satisfaction_rate,
)
from caseflow.views.story import told
from tests.journeys.people import BOSS, CITIZEN, COORDINATOR, MONDAY, OFFICER, SUPERVISOR

FILE = Path(__file__).parents[1] / "golden" / "evaluated.toml"
ZONE = ZoneInfo("Asia/Shanghai")
CALLER = Actor("d-2", role="coordinator")
"""An officer who calls back (回访)."""
OVERLAY = """
extends = "{file}"
[actions.rate]
roles = ["citizen", "coordinator"]
[evaluation.assessment]
timely = {{ weight = 1, required = true, labels = {{ zh = "及时", en = "timely" }} }}
proper = {{ weight = 3, labels = {{ zh = "规范", en = "proper" }} }}
{more}
"""


def policy(folder: Path, more: str = "") -> Policy:
    """The policy of the golden histories, with officers who rate as well and axes for the authority."""
    file = folder / "evaluated.toml"
    file.write_text(OVERLAY.format(file=FILE.as_posix(), more=more), encoding="utf-8")
    return load_policy(file)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return policy(tmp_path_factory.mktemp("policy"))


@pytest.fixture
def desk(rules: Policy, store: Store) -> Desk:
    return Desk(rules, store, clock=ManualClock(MONDAY))


@pytest.fixture
def answered(desk: Desk) -> str:
    """A case with a reply, of Monday 3 March."""
    return _answered(desk)


def _answered(desk: Desk, case_id: str = "c1", **fields: str) -> str:
    by = COORDINATOR if "citizen" in fields or case_id.startswith("anon") else CITIZEN
    desk.submit(title="路灯不亮", to="城管局", by=by, case_id=case_id, **fields)  # type: ignore[arg-type]  # texts
    return desk.reply(case_id, text="已修复", by=OFFICER).id


def rate(desk: Desk, case_id: str, verdict: str, by: Actor = CITIZEN, **fields: object) -> Case:
    return desk.rate(case_id, by=by, own_fields={"satisfaction": verdict, **fields})


def standing(case: Case) -> Rating:
    assert case.rating is not None
    return case.rating


def code(do: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        do()
    refusal = caught.value.refusal
    assert refusal.text("zh") and refusal.text("en")
    return refusal.code


# -- what a rating says -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "score", "satisfied"),
    [("satisfied", 5, True), ("fairly_satisfied", 4, True), ("dissatisfied", 1, False), ("unknown", 0, None)],
)
def test_a_verdict_counts_as_its_scale_says(
    desk: Desk, answered: str, verdict: str, score: int, satisfied: bool | None
) -> None:
    """The event says what it came to, so that nobody need ask the policy later; 不了解 says nothing."""
    case = rate(desk, answered, verdict)
    rating = standing(case)
    assert (rating.score, rating.satisfied, rating.resolved) == (score, satisfied, None)
    assert (rating.by, rating.is_own, rating.fields) == ("citizen", True, (("satisfaction", verdict),))
    assert replay(answered, desk.history(answered)) == case


def test_axes_and_causes_are_asked_and_kept(desk: Desk, answered: str) -> None:
    case = rate(desk, answered, "dissatisfied", resolution="unresolved", causes=["slow", "rude"])
    rating = standing(case) if case.rating else case.facts.ratings[-1]
    assert (rating.resolved, rating.causes) == (False, ("slow", "rude"))


def test_what_no_scale_knows_is_refused(desk: Desk, answered: str) -> None:
    assert code(lambda: rate(desk, answered, "five stars")) == "field-not-a-choice"
    assert code(lambda: rate(desk, answered, "satisfied", causes=["bad luck"])) == "field-not-a-choice"
    assert code(lambda: rate(desk, answered, "satisfied", causes=[])) == "field-not-names"
    assert code(lambda: desk.rate(answered, by=CITIZEN)) == "field-missing"
    assert code(lambda: desk.rate(answered, score=5, by=CITIZEN)) == "field-unknown"


def test_forms_documents_and_story_show_the_labels(desk: Desk, answered: str, rules: Policy) -> None:
    """In both languages: the choices of a form, the answers in documents, and the line of the story."""
    compiled = desk.rules
    schema = form_schema(compiled, "rate", lang="zh")["properties"]
    assert {"const": "unknown", "title": "不了解"} in schema["satisfaction"]["oneOf"]
    assert {"const": "slow", "title": "办理太慢"} in schema["causes"]["items"]["oneOf"]
    case = rate(desk, answered, "fairly_satisfied", causes=["slow"])
    (rating,) = case_document(compiled, case, now=case.last_us, lang="zh").ratings
    assert (rating.by.label, rating.causes[0].label, rating.stands) == ("市民", "办理太慢", True)
    assert [(a.field.label, a.values[0].label) for a in rating.answers] == [("是否满意", "基本满意")]
    public = public_document(compiled, desk.public(answered), lang="en")
    assert (public.score, public.answers[0].values[0].label) == (4, "fairly satisfied")
    assert "slow" not in str(public)
    lines = told(compiled, answered, desk.history(answered), lang="zh").lines
    assert "基本满意" in lines[-1].detail and "办理太慢" in lines[-1].detail


def test_the_public_sees_no_rating_that_is_not_for_it(tmp_path: Path) -> None:
    desk = Desk(policy(tmp_path, "[actions.rate.labels]\n"), MemoryStore(), clock=ManualClock(MONDAY))
    assert desk.public(rate(desk, _answered(desk), "satisfied").id).score == 5
    hidden = tmp_path / "hidden.toml"
    text = f'extends = "{FILE.as_posix()}"\n[actions.rate]\naudience = "parties"\n'
    hidden.write_text(text, encoding="utf-8")
    desk = Desk(load_policy(hidden), MemoryStore(), clock=ManualClock(MONDAY))
    public = desk.public(rate(desk, _answered(desk), "satisfied").id)
    assert (public.score, public.axes) == (None, ())


def test_the_authority_assesses_by_its_own_axes(desk: Desk, answered: str, rules: Policy) -> None:
    """Weighted; an axis that is left out has no weight; the citizen does not see it."""
    assert code(lambda: desk.assess(answered, efficiency=3, effect=3, by=SUPERVISOR)) == "field-unknown"
    case = desk.assess(answered, by=SUPERVISOR, own_fields={"timely": 5, "proper": 3})
    case = desk.assess(answered, by=SUPERVISOR, own_fields={"timely": 4})
    scores = [assessment_score(rules.evaluation, one) for one in case.facts.assessments]
    assert scores == [Fraction(5 + 3 * 3, 4), Fraction(4)]
    assert desk.seen_by(CITIZEN).get(answered).facts.assessments == ()


def test_efficiency_and_effect_count_alike_without_axes() -> None:
    desk = Desk(load_policy(FILE), MemoryStore(), clock=ManualClock(MONDAY))
    case = desk.assess(_answered(desk), efficiency=2, effect=5, by=SUPERVISOR)
    assert assessment_score(load_policy(FILE).evaluation, case.facts.assessments[0]) == Fraction(7, 2)


# -- changes, windows, replies ----------------------------------------------------------------------------


def test_a_changed_rating_leaves_the_old_one(desk: Desk, answered: str) -> None:
    rate(desk, answered, "unknown")
    desk.clock.advance(days=3)
    case = rate(desk, answered, "satisfied")
    assert [rating.satisfied for rating in case.facts.ratings] == [None, True]
    assert standing(case).satisfied is True


def test_what_was_true_last_stands_in_whatever_order_it_is_told(desk: Desk, answered: str) -> None:
    """A call-back of the second day, entered after that of the fourth, changes nothing of it."""
    desk.clock.advance(days=5)
    for day, verdict in (("07", "satisfied"), ("05", "unknown")):
        case = desk.rate(
            answered, by=CALLER, own_fields={"satisfaction": verdict},
            effective_at=f"2025-03-{day}T10:00:00+08:00", reason="电话回访补录",
        )  # fmt: skip
    assert standing(case).satisfied is True and len(case.facts.ratings) == 2


def test_an_officers_rating_is_marked_and_gives_way_to_the_citizens(desk: Desk, answered: str) -> None:
    """回访: what the citizen says themselves is changed by nobody else, until there is another reply."""
    assert not standing(rate(desk, answered, "satisfied", by=CALLER)).is_own
    assert standing(rate(desk, answered, "unknown")).is_own
    assert code(lambda: rate(desk, answered, "satisfied", by=CALLER)) == "rated-by-citizen"
    desk.clock.advance(days=1)
    desk.reply(answered, text="补充答复", by=OFFICER)
    assert standing(rate(desk, answered, "satisfied", by=CALLER)).by == "coordinator"


def test_a_rating_goes_with_the_reply_it_was_of(desk: Desk, answered: str) -> None:
    rate(desk, answered, "satisfied")
    desk.clock.advance(hours=1)
    assert desk.retract_reply(answered, by=BOSS, reason="有误").rating is None
    assert code(lambda: rate(desk, answered, "satisfied")) == "not-in-state"
    desk.clock.advance(hours=1)
    assert desk.reply(answered, text="更正", by=OFFICER).rating is None


def test_where_it_is_rated_once_each_reply_is(tmp_path: Path) -> None:
    """``not_rated`` speaks of the last reply: what was handled again is rated again."""
    file = tmp_path / "once.toml"
    text = f'extends = "{FILE.as_posix()}"\n[actions.rate]\nguards = ["has_reply", "not_rated"]\n'
    file.write_text(text, encoding="utf-8")
    desk = Desk(load_policy(file), MemoryStore(), clock=ManualClock(MONDAY))
    case_id = _answered(desk)
    rate(desk, case_id, "dissatisfied")
    desk.clock.advance(days=1)
    assert desk.reply(case_id, text="已更换", by=OFFICER).state == "answered"
    rate(desk, case_id, "satisfied")
    assert code(lambda: rate(desk, case_id, "unknown")) == "already-rated"


def test_a_rating_goes_with_its_cycle(desk: Desk, answered: str) -> None:
    rate(desk, answered, "satisfied")
    desk.clock.advance(hours=1)
    desk.close(answered, by=COORDINATOR)
    case = desk.reopen(answered, by=CITIZEN, reason="又坏了")
    assert (case.rating, case.facts.ratings[0].cycle) == (None, 1)
    assert satisfaction_rate([case]).denominator == 0


def test_silence_is_a_fact_of_its_own(desk: Desk, answered: str) -> None:
    """The citizen is reminded; the end of the window is recorded; nobody has rated."""
    desk.clock.advance(days=200)
    desk.sweep()
    case = desk.get(answered)
    days = [(card.level, card.effective_at.date()) for card in case.reminders]
    assert days == [("reminder", date(2025, 3, 11)), ("unrated", date(2025, 6, 2))]
    assert (case.rating, case.facts.ratings) == (None, ())
    notices = [row.notice for row in desk.store.notices(case_id=answered)]
    assert [one.level for one in notices if one.role == "citizen" and one.topic == "reminder"] == ["reminder"]
    assert code(lambda: rate(desk, answered, "satisfied")) == "too-late"


DAYS = st.integers(min_value=0, max_value=200 * 86_400)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(replied=st.integers(min_value=0, max_value=86_399), waits=st.lists(DAYS, min_size=1, max_size=3))
def test_a_rating_never_survives_its_window(replied: int, waits: list[int]) -> None:
    """Taken if and only if it comes before the first instant of the day after the 90th, changes too."""
    desk = Desk(load_policy(FILE), MemoryStore(), clock=ManualClock("2025-03-03T00:00:00+08:00"))
    desk.submit(title="路灯", to="城管局", by=CITIZEN, case_id="c1")
    desk.clock.advance(seconds=replied)
    desk.reply("c1", text="已修复", by=OFFICER)
    over = datetime(2025, 3, 4, tzinfo=ZONE) + timedelta(days=90)
    for wait in waits:
        desk.clock.advance(seconds=wait)
        try:
            rate(desk, "c1", "satisfied")
            is_taken = True
        except Refused as error:
            is_taken = error.refusal.code != "too-late"
        assert is_taken == (desk.clock.now() < over)
    desk.sweep()
    unrated = [card for card in desk.get("c1").reminders if card.level == "unrated"]
    assert bool(unrated) == (not desk.get("c1").facts.ratings and desk.clock.now() >= over)


# -- what follows dissatisfaction -------------------------------------------------------------------------


def test_dissatisfied_is_handled_again_on_a_shorter_clock_and_once(desk: Desk, answered: str) -> None:
    """In the same append; the second time the cap refuses it, and the event says so."""
    case = rate(desk, answered, "dissatisfied")
    assert [event.name for event in desk.history(answered)[-2:]] == ["rated", "acted"]
    assert case.state == "handling"
    assert case.running("redo") is not None
    desk.clock.advance(days=4)
    desk.sweep()
    assert [card.level for card in desk.get(answered).cards] == ["red"]
    desk.reply(answered, text="已更换", by=OFFICER)
    case = rate(desk, answered, "dissatisfied")
    rated = desk.history(answered)[-1]
    assert isinstance(rated, e.Rated) and (case.state, rated.skipped) == ("answered", "times-used-up")
    assert replay(answered, desk.history(answered)) == case
    lines = told(desk.rules, answered, desk.history(answered), lang="zh").lines
    assert "退回重办" in lines[-1].detail


def test_nothing_follows_a_rating_that_is_told_late(desk: Desk, answered: str) -> None:
    """It would hang on the order of telling: whoever enters it decides what is to be done."""
    desk.clock.advance(days=3)
    case = desk.rate(
        answered, by=CALLER, own_fields={"satisfaction": "dissatisfied"},
        effective_at="2025-03-04T10:00:00+08:00", reason="补录",
    )  # fmt: skip
    assert (case.state, standing(case).satisfied) == ("answered", False)


# -- one-time tokens --------------------------------------------------------------------------------------


def by_token(desk: Desk, token: RatingToken | str, verdict: str = "satisfied") -> Case:
    text = token if isinstance(token, str) else token.token
    return desk.rate_by_token(text, own_fields={"satisfaction": verdict})


def test_a_token_rates_once(desk: Desk, answered: str) -> None:
    """Without an account; the same again is the same; other words are refused; nothing stored tells it."""
    token = desk.invite(answered, by=OFFICER)
    case = by_token(desk, token)
    assert (standing(case).is_own, standing(case).by) == (True, "citizen")
    again = by_token(desk, token)
    assert (again, again.is_repeat, len(desk.get(answered).facts.ratings)) == (case, True, 1)
    assert code(lambda: by_token(desk, token, "unknown")) == "token-used"
    secret = token.token.partition(".")[0].encode()
    kept = [*(encode(event) for event in desk.history(answered)), pack(desk.get(answered))]
    assert not any(secret in part for part in kept)


def test_a_case_without_a_known_citizen_is_rated_by_token(desk: Desk) -> None:
    """The caller of a hotline has no account: who has the token is the citizen, and nobody else is."""
    case_id = _answered(desk, "anon-1")
    assert desk.get(case_id).citizen == ""
    token = desk.invite(case_id, by=OFFICER)
    assert code(lambda: rate(desk, case_id, "satisfied")) == "not-your-case"
    assert standing(by_token(desk, token)).is_own
    assert code(lambda: rate(desk, case_id, "satisfied", by=CALLER)) == "rated-by-citizen"


@pytest.mark.parametrize("late", [False, True])
def test_a_token_expires_with_its_last_day(desk: Desk, answered: str, late: bool) -> None:
    """Thirty natural days: the day of its issue not counted, the thirtieth to its end."""
    token = desk.invite(answered, by=OFFICER)
    assert token.until == datetime(2025, 4, 3, tzinfo=ZONE)
    desk.clock.set(token.until if late else token.until - timedelta(microseconds=1))
    if late:
        assert code(lambda: by_token(desk, token)) == "token-expired"
    else:
        assert standing(by_token(desk, token)).satisfied


def test_a_new_token_a_revocation_and_a_new_cycle_make_it_void(desk: Desk, answered: str) -> None:
    first = desk.invite(answered, by=OFFICER)
    second = desk.invite(answered, by=OFFICER)
    assert code(lambda: by_token(desk, first)) == "token-unknown"
    desk.revoke_invitation(answered, by=COORDINATOR)
    assert code(lambda: by_token(desk, second)) == "token-unknown"
    third = desk.invite(answered, by=OFFICER)
    desk.close(answered, by=COORDINATOR)
    desk.reopen(answered, by=CITIZEN, reason="又坏了")
    desk.reply(answered, text="再修复", by=OFFICER)
    assert code(lambda: by_token(desk, third)) == "token-expired"


def test_whoever_guesses_learns_nothing(desk: Desk, answered: str) -> None:
    """A wrong token, one of another case, one of no case, a hash, and no token at all: one answer."""
    token = desk.invite(answered, by=OFFICER).token
    other = _answered(desk, "c2")
    desk.invite(other, by=OFFICER)
    secret, _, _ = token.partition(".")
    invited = desk.history(answered)[-1]
    assert isinstance(invited, e.Invited)
    wrong = (
        f"{'x' * 43}.{answered}", f"{secret}.{other}", f"{secret}.c-none", f"{invited.token}.{answered}",
        secret, f".{answered}", "", token.upper(),
    )  # fmt: skip
    answers = set()
    for guess in wrong:
        with pytest.raises(Refused) as caught:
            by_token(desk, guess)
        answers.add((caught.value.refusal, caught.value.case_id, str(caught.value)))
    assert len(answers) == 1


def test_a_token_opens_no_other_door(desk: Desk, answered: str) -> None:
    """It does nothing but rate; a stranger with a wrong one is told what any stranger is told."""
    secret = desk.invite(answered, by=OFFICER).token.partition(".")[0]
    stranger = Actor("c-99", role="citizen")
    known = {"satisfaction": "satisfied", "token": secret}
    assert code(lambda: desk.act(answered, "withdraw", by=stranger)) == "not-your-case"
    wrong = {**known, "token": "y" * 43}
    assert code(lambda: desk.act(answered, "rate", by=stranger, fields=wrong)) == "not-your-case"
    assert code(lambda: desk.act(answered, "rate", by=CITIZEN, fields=wrong)) == "token-unknown"
    short = {**known, "token": "short"}
    assert code(lambda: desk.act(answered, "rate", by=CITIZEN, fields=short)) == "field-not-secret"
    assert standing(desk.act(answered, "rate", by=stranger, fields=known)).is_own


def test_a_token_can_be_issued_again_under_a_key(desk: Desk, answered: str) -> None:
    """Whoever keeps the secret gets the same answer; one that could be guessed is refused."""
    secret = "kept by the portal, and long enough"
    first = desk.invite(answered, by=OFFICER, token=secret, key="k1")
    assert desk.invite(answered, by=OFFICER, token=secret, key="k1") == first
    assert code(lambda: desk.invite(answered, by=OFFICER, token="1234")) == "field-not-secret"


def test_tokens_are_the_policys_to_give(tmp_path: Path) -> None:
    file = tmp_path / "none.toml"
    file.write_text(
        'extends = "cn-12345"\n[actions.rate]\nroles = ["citizen", "hotline"]\n', encoding="utf-8"
    )
    desk = Desk(load_policy(file), MemoryStore(), clock=ManualClock(MONDAY))
    hotline = Actor("h-1", role="hotline")
    desk.submit(title="水压低", kind="need", by=hotline, case_id="c1")
    assert code(lambda: desk.invite("c1", by=hotline)) == "unknown-action"


# -- texts and rates --------------------------------------------------------------------------------------


def test_a_redacted_rating_still_counts(desk: Desk, answered: str) -> None:
    desk.rate(answered, text="我叫王某", by=CITIZEN, own_fields={"satisfaction": "satisfied"})
    basis = "个人信息保护法第四十七条"
    case = desk.redact(answered, fields=["text"], basis=basis, reason="申请", by=SUPERVISOR)
    assert standing(case).satisfied is True
    assert all(text.text != "我叫王某" for text in desk.texts(answered))


def test_rates_name_their_denominators(desk: Desk) -> None:
    """Six cases: one unanswered, one silent, one that does not know, two satisfied, one not."""
    desk.submit(title="未答复", to="城管局", by=CITIZEN, case_id="r0")
    ids = [_answered(desk, f"r{number}") for number in range(1, 6)]
    answers = [("unknown", "resolved"), ("satisfied", "resolved"), ("fairly_satisfied", "unresolved")]
    for case_id, (verdict, resolution) in zip(ids, answers, strict=False):
        rate(desk, case_id, verdict, resolution=resolution)
    rate(desk, ids[3], "dissatisfied")
    cases = [desk.get(case_id) for case_id in ("r0", *ids)]
    shares = [count(cases) for count in (response_rate, resolution_rate, satisfaction_rate)]
    assert [(share.numerator, share.denominator) for share in shares] == [(5, 6), (2, 3), (2, 3)]
    assert len({share.of for share in shares}) == 3
    assert satisfaction_rate([]).value is None and shares[0].value == Fraction(5, 6)
