"""What a store owes of the outbox and the register: notices told once, numbers without gaps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from caseflow.core import notices as o
from caseflow.core.model.case import Case
from caseflow.core.notices import Document, Draft, Notice, Void
from caseflow.errors import KeyReused, Stale, StoreBusy
from caseflow.ports import Append, Store
from caseflow.testing.contract.case_factory import claim_of, submitted, then
from caseflow.testing.contract.query_duties import race


class NoticesContract:
    """The outbox: nobody is forgotten, nobody is told what was taken back."""

    def test_notices_survive_to_the_letter(self, store: Store) -> None:
        """Every field comes back, Chinese and nested JSON too; positions rise in the given order."""
        full = Notice(
            "n-1", "c1", 1, "card", level="yellow", role="lead_official", unit="城管局", channel="短信",
            at_us=1_741_000_000_000_001, corrects="n-0",
            body={"clock": "reply", "days": [3, 5], "more": {"真": True, "x": None, "f": 0.5, "🚧": "é"}},
        )  # fmt: skip
        bare = Notice("n-2", "c1", 1, "replied")
        store.append([submitted("c1").replace(notices=(full, bare))])
        posts = store.notices()
        assert [post.notice for post in posts] == [full, bare]
        assert [(post.status, post.attempts, post.next_try_us) for post in posts] == [
            (o.PENDING, 0, full.at_us), (o.PENDING, 0, 0),
        ]  # fmt: skip
        assert 0 < posts[0].position < posts[1].position

    def test_notices_are_listed_by_case_and_status_and_paged(self, store: Store) -> None:
        """A filter admits only what fits, both what fits both; a page goes on after any position."""
        _post(store, "c1", "a1 a2")
        _post(store, "c2", "b1")
        _settle(store, "a1", o.sent)
        everything = store.notices()
        assert _ids(everything) == ["a1", "a2", "b1"]
        assert _ids(store.notices(case_id="c1")) == ["a1", "a2"]
        assert _ids(store.notices(status=o.PENDING)) == ["a2", "b1"]
        assert _ids(store.notices(case_id="c1", status=o.SENT)) == ["a1"]
        assert store.notices(case_id="none") == store.notices(status=o.DEAD) == ()
        for place, post in enumerate(everything):
            assert store.notices(after=post.position, limit=1) == everything[place + 1 : place + 2]

    def test_a_refused_append_posts_and_cancels_nothing(self, store: Store) -> None:
        """Stale or with a taken key: none of its notices is there, and none that it cancels is cancelled."""
        case = _post(store, "c1", "a1")
        claim = claim_of("c2")
        store.append([submitted("c2")], claim)
        more = then(case).replace(notices=(Notice("a2", "c1", 2, "card"),), cancels=("a1",))
        with pytest.raises(Stale):
            store.append([more.replace(expected=5)])
        with pytest.raises(Stale):
            store.append([more, submitted("c2")])
        with pytest.raises(KeyReused):
            store.append([more], claim)
        assert [(post.notice.id, post.status) for post in store.notices()] == [("a1", o.PENDING)]

    def test_the_same_id_is_the_same_notice(self, store: Store) -> None:
        """A notice whose id is known stays as it is, whatever came with it the second time."""
        case = _post(store, "c1", "a1")
        _settle(store, "a1", o.sent)
        store.append(
            [then(case).replace(notices=(Notice("a1", "c1", 2, "other"), Notice("a2", "c1", 2, "x")))]
        )
        assert [(post.notice.id, post.notice.topic) for post in store.notices()] == [
            ("a1", "card"), ("a2", "x"),
        ]  # fmt: skip
        assert store.notices()[0].status == o.SENT

    def test_ready_is_from_the_instant_on_and_in_order(self, store: Store) -> None:
        """A notice is claimed from its ``at_us`` on, never before, in the order of (next try, position)."""
        case = submitted("c1")
        times = (("late", 30), ("b", 20), ("a", 20), ("first", 10))
        notices = tuple(Notice(name, "c1", 1, "card", at_us=at) for name, at in times)
        store.append([case.replace(notices=notices)])
        assert store.claim(9, limit=9, lease_us=5, token="t0") == ()
        assert _held(store.claim(20, limit=2, lease_us=500, token="t1")) == ["first", "b"]
        assert _held(store.claim(29, limit=9, lease_us=500, token="t2")) == ["a"]
        assert _held(store.claim(30, limit=9, lease_us=500, token="t3")) == ["late"]

    def test_what_waits_is_told_with_since_when(self, store: Store) -> None:
        """What a claim would lease now, the longest waiting first; a lease hides it until it has run out."""
        times = (("late", 30), ("b", 20), ("a", 20), ("first", 10))
        notices = tuple(Notice(name, "c1", 1, "card", at_us=at) for name, at in times)
        store.append([submitted("c1").replace(notices=notices)])
        assert [store.ready(now, limit=9) for now in (9, 10, 30)] == [(), (10,), (10, 20, 20, 30)]
        assert store.ready(30, limit=2) == (10, 20)
        (first,) = store.claim(25, limit=1, lease_us=50, token="t1")
        assert store.ready(74, limit=9) == (20, 20, 30)
        assert store.ready(75, limit=9) == (20, 20, 30, 75)
        store.settle([o.sent(first, 76)])
        assert store.ready(100, limit=9) == (20, 20, 30)

    def test_a_lease_keeps_others_away_until_it_runs_out(self, store: Store) -> None:
        """A claimed notice is nobody else's before the lease's end; from its end on another may claim it."""
        _post(store, "c1", "a1")
        (first,) = store.claim(100, limit=9, lease_us=50, token="t1")
        assert (first.attempt, first.token, first.corrected) == (1, "t1", "")
        (post,) = store.notices()
        assert (post.status, post.token, post.next_try_us, post.attempts) == (o.LEASED, "t1", 150, 1)
        assert store.claim(149, limit=9, lease_us=50, token="t2") == ()
        (second,) = store.claim(150, limit=9, lease_us=50, token="t3")
        assert (second.notice, second.attempt) == (first.notice, 2)

    def test_an_outcome_counts_only_with_the_token_that_holds_it(self, store: Store) -> None:
        """Whoever lost the lease settles nothing; whoever has it does, even a little after its end."""
        _post(store, "c1", "a1")
        (late,) = store.claim(100, limit=1, lease_us=50, token="t1")
        (held,) = store.claim(150, limit=1, lease_us=50, token="t2")
        assert store.settle([o.sent(late, 160)]) == ()
        assert store.settle([o.Outcome("a1", "", o.SENT, 160), o.Outcome("none", "t2", o.SENT, 1)]) == ()
        assert store.notices()[0].status == o.LEASED
        assert store.settle([o.sent(held, 250)]) == ("a1",)
        (post,) = store.notices()
        assert (post.status, post.told_us, post.next_try_us, post.token) == (o.SENT, 250, None, "")

    def test_outcomes_become_what_they_say(self, store: Store) -> None:
        """Retry, dead, cancelled and collapsed are each kept with their instant, error or companion."""
        _post(store, "c1", "retry dead cancel collapse sent")
        held = {item.notice.id: item for item in store.claim(10, limit=9, lease_us=50, token="t")}
        settled = store.settle(
            [
                o.retry(held["retry"], 90, "timeout"),
                o.dead(held["dead"], "refused"),
                o.cancelled(held["cancel"], "left-office"),
                o.collapsed(held["collapse"], "sent"),
                o.sent(held["sent"], 11),
            ]
        )
        assert settled == ("retry", "dead", "cancel", "collapse", "sent")
        assert [(p.status, p.next_try_us, p.told_us, p.error, p.into) for p in store.notices()] == [
            (o.PENDING, 90, None, "timeout", ""), (o.DEAD, None, None, "refused", ""),
            (o.CANCELLED, None, None, "left-office", ""), (o.COLLAPSED, None, None, "", "sent"),
            (o.SENT, None, 11, "", ""),
        ]  # fmt: skip
        assert store.claim(89, limit=9, lease_us=1, token="u") == ()
        assert _held(store.claim(90, limit=9, lease_us=1, token="u")) == ["retry"]

    def test_a_sent_notice_never_goes_back(self, store: Store) -> None:
        """Neither a second outcome, nor a cancel, nor a requeue, nor time makes it anything but sent."""
        case = _post(store, "c1", "a1")
        (held,) = store.claim(10, limit=1, lease_us=5, token="t")
        store.settle([o.sent(held, 11)])
        before = store.notices()
        assert store.settle([o.retry(held, 12, "x"), o.dead(held, "x"), o.sent(held, 99)]) == ()
        assert store.requeue(["a1"], 12) == ()
        store.append([then(case).replace(cancels=("a1",))])
        assert store.notices() == before
        assert store.claim(1 << 60, limit=9, lease_us=1, token="u") == ()

    def test_a_cancelled_notice_is_never_claimed(self, store: Store) -> None:
        """Pending or dead, it is cancelled by the append that says so; unknown ids are passed over."""
        case = _post(store, "c1", "pending dead stays")
        _settle(store, "dead", lambda held, _: o.dead(held, "x"))
        store.append([then(case).replace(cancels=("dead", "none", "pending"))])
        assert [(post.status, post.error) for post in store.notices()] == [
            (o.CANCELLED, o.TAKEN_BACK), (o.CANCELLED, o.TAKEN_BACK), (o.PENDING, ""),
        ]  # fmt: skip
        assert store.requeue(["dead"], 5) == ()
        assert _held(store.claim(1 << 60, limit=9, lease_us=1, token="u")) == ["stays"]

    def test_what_was_sent_while_it_was_cancelled_is_told_as_sent(self, store: Store) -> None:
        """A relay that had it says so with its token, and it is recorded, so that a correction goes out."""
        case = _post(store, "c1", "sent failed")
        held = store.claim(10, limit=9, lease_us=50, token="t")
        store.append([then(case).replace(cancels=("sent", "failed"))])
        assert [post.status for post in store.notices()] == [o.CANCELLED, o.CANCELLED]
        assert store.settle([o.sent(held[0], 20), o.retry(held[1], 20, "x")]) == ("sent",)
        assert [post.status for post in store.notices()] == [o.SENT, o.CANCELLED]
        assert store.claim(1 << 60, limit=9, lease_us=1, token="u") == ()

    def test_a_correction_knows_what_became_of_what_it_corrects(self, store: Store) -> None:
        """Told, never told, still in a relay's hands, or not known: each is handed out with the claim."""
        case = _post(store, "c1", "told never lost dead")
        _settle(store, "told", o.sent)
        _settle(store, "dead", lambda held, _: o.dead(held, "x"))
        _claim_only(store, "lost", lease_us=50)
        again = tuple(Notice(f"not-{name}", "c1", 2, "correction", corrects=name)
                      for name in ("told", "never", "lost", "dead", "none"))  # fmt: skip
        store.append([then(case).replace(cancels=("never", "lost"), notices=again)])
        claims = [store.claim(at, limit=9, lease_us=1, token=f"u{at}") for at in (20, 200)]
        statuses = [{held.notice.corrects: held.corrected for held in claimed} for claimed in claims]
        sure = {"told": o.SENT, "never": o.CANCELLED, "dead": o.DEAD, "none": ""}
        assert statuses == [sure | {"lost": o.LEASED}, sure | {"lost": o.UNSURE}]

    def test_what_may_have_been_told_once_is_never_taken_for_untold(self, store: Store) -> None:
        """A lease ran out without a word, or some were told: whatever came of later attempts, its correction
        hears `UNSURE`.
        """  # fmt: skip
        case = _post(store, "c1", "waits dies in-hand partly")
        first = store.claim(10, limit=4, lease_us=5, token="killed")
        held = store.claim(20, limit=4, lease_us=5, token="t")
        assert _held(first) == _held(held)
        store.settle([o.retry(held[0], 90, "x"), o.dead(held[1], "x"), o.retry(held[3], 90, "x", told_us=21)])
        again = tuple(Notice(f"not-{name}", "c1", 2, "correction", corrects=name)
                      for name in ("waits", "dies", "in-hand", "partly"))  # fmt: skip
        store.append([then(case).replace(cancels=("waits", "in-hand", "partly"), notices=again)])
        store.settle([o.cancelled(held[2], "annulled")])
        statuses = {
            held.notice.corrects: held.corrected for held in store.claim(22, limit=9, lease_us=1, token="u")
        }
        assert statuses == dict.fromkeys(("waits", "dies", "in-hand", "partly"), o.UNSURE)

    def test_some_told_before_a_retry_are_remembered(self, store: Store) -> None:
        """A retry that says that some were told keeps the instant, and the last word of it stays right."""
        _post(store, "c1", "a")
        store.settle([o.retry(store.claim(10, limit=1, lease_us=5, token="t")[0], 20, "x", told_us=11)])
        assert store.notices()[0].told_us == 11
        store.settle([o.sent(store.claim(20, limit=1, lease_us=5, token="u")[0], 21)])
        assert (store.notices()[0].status, store.notices()[0].told_us) == (o.SENT, 21)

    def test_some_told_while_it_was_cancelled_are_remembered(self, store: Store) -> None:
        """A relay that reached some before the cancellation says so, and the correction goes out."""
        case = _post(store, "c1", "a")
        (held,) = store.claim(10, limit=1, lease_us=50, token="t")
        store.append([then(case).replace(cancels=("a",))])
        assert store.settle([o.retry(held, 90, "x", told_us=11)]) == ()
        assert (store.notices()[0].status, store.notices()[0].told_us) == (o.CANCELLED, 11)
        later = Notice("not-a", "c1", 2, "correction", corrects="a")
        store.append([then(then(case).case).replace(notices=(later,))])
        assert store.claim(20, limit=1, lease_us=5, token="u")[0].corrected == o.UNSURE

    def test_what_goes_back_untried_keeps_its_attempts(self, store: Store) -> None:
        """It is ready again from the instant given, was told to nobody, and counts as it did before."""
        _post(store, "c1", "a")
        store.settle([o.retry(store.claim(10, limit=1, lease_us=5, token="t")[0], 20, "x")])
        (held,) = store.claim(20, limit=1, lease_us=5, token="u")
        assert held.attempt == 2
        assert store.settle([o.untried(held, 30, "later")]) == ("a",)
        assert store.claim(29, limit=1, lease_us=5, token="v") == ()
        (row,) = store.notices()
        assert (row.status, row.attempts, row.told_us, row.error) == (o.PENDING, 1, None, "later")
        assert store.claim(30, limit=1, lease_us=5, token="w")[0].attempt == 2

    def test_whom_it_reached_is_handed_out_with_the_next_claim(self, store: Store) -> None:
        """Each delivery that was handed on is known to the next relay, whatever became of the others."""
        _post(store, "c1", "a")
        (held,) = store.claim(10, limit=1, lease_us=5, token="t")
        assert held.reached == ()
        store.settle([o.untried(held, 20, "quiet-hours").replace(told_us=11, reached=("x", "y"))])
        (post,) = store.notices()
        assert (post.reached, post.told_us, post.attempts) == (("x", "y"), 11, 0)
        (held,) = store.claim(20, limit=1, lease_us=5, token="u")
        assert held.reached == ("x", "y")
        store.settle([o.dead(held, "x")])
        store.requeue(["a"], 30)
        assert store.claim(30, limit=1, lease_us=5, token="v")[0].reached == ("x", "y")

    def test_only_the_dead_are_requeued(self, store: Store) -> None:
        """They are ready from now on with their attempts counted anew; the others stay, and are left out."""
        _post(store, "c1", "dead pending")
        _settle(store, "dead", lambda held, _: o.dead(held, "x"))
        assert store.requeue(["pending", "none", "dead"], 70) == ("dead",)
        assert [(post.status, post.attempts) for post in store.notices()] == [(o.PENDING, 0), (o.PENDING, 1)]
        claimed = {item.notice.id: item.attempt for item in store.claim(70, limit=9, lease_us=1, token="u")}
        assert claimed == {"dead": 1, "pending": 2}

    def test_a_requeue_forgets_no_telling(self, store: Store) -> None:
        """That some were told before it was given up is remembered, whatever comes of it now."""
        case = _post(store, "c1", "a")
        held = store.claim(10, limit=1, lease_us=5, token="t")
        store.settle([o.Outcome("a", "t", o.DEAD, None, "x", told_us=11) for _ in held])
        assert store.requeue(["a"], 20) == ("a",)
        assert store.notices()[0].told_us == 11
        later = Notice("not-a", "c1", 2, "correction", corrects="a")
        store.append([then(case).replace(cancels=("a",), notices=(later,))])
        assert [item.corrected for item in store.claim(30, limit=9, lease_us=5, token="u")] == [o.UNSURE]

    def test_the_last_outcome_is_the_one_that_is_told(self, store: Store) -> None:
        """An error is gone once it was sent; two outcomes with one token are one."""
        _post(store, "c1", "a")
        store.settle([o.retry(store.claim(10, limit=1, lease_us=5, token="t")[0], 20, "timeout")])
        assert store.notices()[0].error == "timeout"
        (held,) = store.claim(20, limit=1, lease_us=5, token="u")
        assert store.settle([o.sent(held, 21), o.dead(held, "late"), o.sent(held, 30)]) == ("a",)
        (post,) = store.notices()
        assert (post.status, post.error, post.told_us) == (o.SENT, "", 21)

    def test_racing_claimers_never_hold_the_same(self, store: Store) -> None:
        """Four threads that claim and settle share the notices out: each is held, sent and settled by one."""
        _claimed_by_all(store, [store] * 4)

    def test_claimers_on_two_handles_never_hold_the_same(self, store: Store, another: Store) -> None:
        """The same when they have handles of their own to one place."""
        _claimed_by_all(store, [store, another, another, store])


def _post(store: Store, case_id: str, ids: str) -> Case:
    """A new case that owes the notices of these ids, held apart by blanks, ready at once."""
    first = submitted(case_id)
    store.append([first.replace(notices=tuple(Notice(name, case_id, 1, "card") for name in ids.split()))])
    return first.case


def _claim_only(store: Store, name: str, *, lease_us: int = 1) -> o.Held:
    """The notice of that id, claimed at instant 10; what was claimed with it is pending again."""
    held = {item.notice.id: item for item in store.claim(10, limit=99, lease_us=lease_us, token=f"t-{name}")}
    one = held.pop(name)
    store.settle([o.retry(other, 0, "") for other in held.values()])
    return one


def _settle(store: Store, name: str, outcome: Callable[[o.Held, int], o.Outcome]) -> None:
    assert store.settle([outcome(_claim_only(store, name), 11)]) == (name,)


def _ids(posts: tuple[o.Posted, ...]) -> list[str]:
    return [post.notice.id for post in posts]


def _held(claimed: tuple[o.Held, ...]) -> list[str]:
    return [held.notice.id for held in claimed]


def _claimed_by_all(store: Store, handles: list[Store]) -> None:
    names = [f"n{number:03}" for number in range(120)]
    _post(store, "c1", " ".join(names))
    settled: list[str] = []

    def work(handle: Store, name: int) -> None:
        round_ = 0
        while len(settled) < len(names):
            round_ += 1
            held = handle.claim(10, limit=7, lease_us=1_000_000, token=f"t{name}-{round_}")
            assert len(held) <= 7
            settled.extend(handle.settle([o.sent(item, 11) for item in held]))
            if not held and round_ > 2_000:
                return

    works = [partial(work, handle, name) for name, handle in enumerate(handles)]
    race(works)
    assert sorted(settled) == names
    assert {(post.status, post.attempts) for post in store.notices()} == {(o.SENT, 1)}


class DocumentsContract:
    """Documents are numbered by series and year in the append that issues them."""

    def test_documents_are_numbered_from_one_by_series_and_year(self, store: Store) -> None:
        """Each series and each year counts for itself; every field comes back to the letter."""
        drafts = (
            Draft("d1", "催办", 2025, "c1", 1, body={"to": "城管局", "days": [30], "🚧": None}),
            Draft("d2", "催办", 2026, "c1", 1),
            Draft("d3", "催办", 2025, "c1", 1),
            Draft("d4", "督办", 2025, "c1", 1),
        )
        store.append([submitted("c1").replace(documents=drafts)])
        numbers = (1, 1, 2, 1)
        assert store.documents("c1") == tuple(map(Document, drafts, numbers))
        assert store.issued("催办", 2025) == (Document(drafts[0], 1), Document(drafts[2], 2))
        assert store.issued("催办", 2024) == store.documents("none") == ()

    def test_a_series_is_listed_in_pages(self, store: Store) -> None:
        """Numbers rise over all cases; a page goes on after any number."""
        for name in ("b", "a", "c"):
            store.append([submitted(name).replace(documents=(_draft(f"d-{name}", name),))])
        everything = store.issued("催办", 2025)
        assert [(one.number, one.draft.case_id) for one in everything] == [(1, "b"), (2, "a"), (3, "c")]
        assert store.issued("催办", 2025, after=1, limit=1) == everything[1:2]
        assert store.issued("催办", 2025, after=3) == ()

    def test_a_failed_append_uses_up_no_number(self, store: Store) -> None:
        """A stale append that brought a document leaves no document and no gap, and voids nothing."""
        first = submitted("c1")
        store.append([first.replace(documents=(_draft("d1", "c1"),))])
        failing = then(first.case).replace(documents=(_draft("d2", "c1"),), voids=(Void("d1", 5, "x"),))
        with pytest.raises(Stale):
            store.append([failing.replace(expected=9)])
        with pytest.raises(Stale):
            store.append([failing, submitted("c1")])
        assert store.documents("c1") == (Document(_draft("d1", "c1"), 1),)
        store.append([then(first.case).replace(documents=(_draft("d3", "c1"),))])
        assert [document.number for document in store.issued("催办", 2025)] == [1, 2]

    def test_the_same_id_is_the_same_document(self, store: Store) -> None:
        """It keeps its number and its body, and uses up no other."""
        first = submitted("c1")
        store.append([first.replace(documents=(_draft("d1", "c1"), _draft("d1", "c1")))])
        again = (Draft("d1", "催办", 2026, "c1", 2, body={"other": 1}), _draft("d2", "c1"))
        store.append([then(first.case).replace(documents=again)])
        assert store.issued("催办", 2025) == (
            Document(_draft("d1", "c1"), 1), Document(_draft("d2", "c1"), 2),
        )  # fmt: skip
        assert store.issued("催办", 2026) == ()

    def test_a_void_keeps_its_number_for_ever(self, store: Store) -> None:
        """The document is marked with instant and reason, the first of them; its number stays taken."""
        first = submitted("c1")
        second, third = then(first.case), then(then(first.case).case)
        store.append([first.replace(documents=(_draft("d1", "c1"),))])
        store.append([second.replace(voids=(Void("d1", 5, "annulled"), Void("none", 5, "x")))])
        store.append([third.replace(voids=(Void("d1", 9, "again"),), documents=(_draft("d2", "c1"),))])
        assert store.issued("催办", 2025) == (
            Document(_draft("d1", "c1"), 1, 5, "annulled"), Document(_draft("d2", "c1"), 2),
        )  # fmt: skip
        assert [document.is_void for document in store.documents("c1")] == [True, False]

    def test_racing_writers_leave_no_gap(self, store: Store) -> None:
        """Four threads that issue documents of one series are given every number once."""
        _numbered_by_all([store] * 4)

    def test_writers_on_two_handles_leave_no_gap(self, store: Store, another: Store) -> None:
        """The same when they have handles of their own to one place."""
        _numbered_by_all([store, another, store, another])


def _draft(name: str, case_id: str) -> Draft:
    return Draft(name, "催办", 2025, case_id, 1, body={"of": case_id})


def _numbered_by_all(handles: list[Store], each: int = 15) -> None:
    """Every writer also has one append in three refused, which must use up nothing."""

    def work(handle: Store, name: int) -> None:
        for number in range(each):
            case_id = f"c{name}-{number}"
            entry = submitted(case_id).replace(documents=(_draft(f"d-{case_id}", case_id),))
            if number % 3 == 0:
                lost = submitted(f"x-{case_id}").replace(documents=(_draft(f"lost-{case_id}", case_id),))
                with pytest.raises(Stale):
                    _patiently(handle, [lost, then(lost.case).replace(expected=5)])
            _patiently(handle, [entry])

    works = [partial(work, handle, name) for name, handle in enumerate(handles)]
    race(works)
    documents = handles[0].issued("催办", 2025, limit=10_000)
    assert [document.number for document in documents] == list(range(1, each * len(handles) + 1))
    assert len({document.draft.id for document in documents}) == len(documents)


def _patiently(store: Store, appends: list[Append]) -> None:
    while True:
        try:
            store.append(appends)
            return
        except StoreBusy:
            continue
