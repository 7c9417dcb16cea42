"""What a store owes to a desk whose commands come twice at once: one is taken, all are told the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from caseflow.clock import ManualClock
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.desk import Desk
from caseflow.errors import Refused, StoreBusy
from caseflow.policies.load import load_policy
from caseflow.ports import Store
from caseflow.serialization.codec import encode
from caseflow.testing.contract.query_duties import race

_CITIZEN = Actor("c-9", role="citizen")
_COORDINATOR = Actor("d-1", role="coordinator")
_OFFICER = Actor("o-1", role="handler", unit="城管局")

_SERIES, _NOW = "民声", "2025-03-03T09:30:00+08:00"

Take = Callable[[Desk, str], Case]

_ONCE: Mapping[str, Take] = {
    "route": lambda desk, key: desk.route("c1", to="城管局", by=_COORDINATOR, key=key),
    "take_charge": lambda desk, key: desk.take_charge("c1", by=_OFFICER, key=key),
    "reply": lambda desk, key: desk.reply("c1", text="已修复", by=_OFFICER, key=key),
    "rate": lambda desk, key: desk.rate("c1", score=5, by=_CITIZEN, key=key),
    "close": lambda desk, key: desk.close("c1", by=_COORDINATOR, key=key),
    "reopen": lambda desk, key: desk.reopen("c1", by=_CITIZEN, reason="又坏了", key=key),
}
"""A life, each step by whoever may take it: most would be refused, and none may count, the second time."""
_SECRET = "a secret of the contract for stores"


class RepeatContract:
    """Of commands under one key that come at once one is taken; the others are told what it came to."""

    def test_a_double_click_is_never_refused(self, store: Store) -> None:
        """Threads give each command of a life at once: all get one case, and all but one are told so."""
        _live([store] * 5)

    def test_handles_answer_a_double_click_alike(self, store: Store, another: Store) -> None:
        """The same where each comes in at another door of the store's place."""
        _live([store, another, store, another])

    def test_a_form_sent_twice_is_one_case_whatever_ids_it_proposes(self, store: Store) -> None:
        """The first id stays, and the first number; nothing of the others is there."""
        desk = _desk(store)
        cases = list[Case]()

        def submit(case_id: str) -> None:
            cases.append(_taken(lambda: desk.submit(title="路灯", by=_CITIZEN, key="form", case_id=case_id)))

        ids = [f"form-{place}" for place in range(5)]
        race([lambda case_id=case_id: submit(case_id) for case_id in ids])  # type: ignore[misc]  # bound at once
        assert len({case.id for case in cases}) == 1
        assert sorted(case.is_repeat for case in cases) == [False, *[True] * 4]
        assert [head.case_id for head in store.heads()] == [cases[0].id]
        assert [text.text for text in store.texts(cases[0].id)] == ["路灯"]
        assert [one.number for one in store.issued(_SERIES, 2025)] == [1]
        again = desk.submit(title="路灯", by=_CITIZEN, key="form", case_id="yet-another")
        assert (again, again.is_repeat) == (cases[0], True)

    def test_a_token_is_good_for_one_rating_however_many_bring_it(self, store: Store) -> None:
        """Of ratings by one token, all at once and each in other words, one counts."""
        _redeem([store] * 5)

    def test_handles_take_a_token_once(self, store: Store, another: Store) -> None:
        """The same where each comes in at another door of the store's place."""
        _redeem([store, another, store, another])


def _desk(store: Store) -> Desk:
    return Desk(attrs.evolve(load_policy("wuhu"), case_series=_SERIES), store, clock=ManualClock(_NOW))


def _live(handles: Sequence[Store]) -> None:
    """Every command of the life by each handle at once, under one key."""
    desks = [_desk(handle) for handle in handles]
    desks[0].submit(title="路灯不亮", by=_CITIZEN, case_id="c1")
    for name, take in _ONCE.items():
        cases = list[Case]()

        def click(desk: Desk, take: Take = take, name: str = name, cases: list[Case] = cases) -> None:
            cases.append(_taken(lambda: take(desk, name)))

        race([lambda desk=desk: click(desk) for desk in desks])  # type: ignore[misc]  # bound at once
        assert len(cases) == len(desks)
        assert all(case == cases[0] for case in cases), name
        assert sum(not case.is_repeat for case in cases) == 1, name
    assert len(handles[0].events("c1")) == 1 + len(_ONCE)


def _redeem(handles: Sequence[Store]) -> None:
    """One token by each handle at once, each with another score."""
    desks = [_desk(handle) for handle in handles]
    desks[0].submit(title="路灯不亮", by=_CITIZEN, to="城管局", case_id="c1")
    desks[0].reply("c1", text="已修复", by=_OFFICER)
    token = desks[0].invite("c1", by=_OFFICER, token=_SECRET).token
    refusals = list[str]()

    def rate(desk: Desk, score: int) -> None:
        try:
            _taken(lambda: desk.rate_by_token(token, score=score))
        except Refused as error:
            refusals.append(error.refusal.code)

    race([lambda desk=desk, score=score: rate(desk, score) for score, desk in enumerate(desks, 1)])  # type: ignore[misc]  # bound at once
    assert refusals == ["token-used"] * (len(desks) - 1)
    (rating,) = desks[0].get("c1").facts.ratings
    assert desks[0].rate_by_token(token, score=rating.score).is_repeat
    assert not any(_SECRET.encode() in encode(event) for event in handles[0].events("c1"))


def _taken(command: Callable[[], Any]) -> Case:
    """The command's case; a store may be busy, which is no answer."""
    while True:
        try:
            case: Case = command()
        except StoreBusy:
            continue
        return case
