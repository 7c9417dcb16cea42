"""A walk of random steps: a store and a model of plain dicts take the same ones and answer alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from itertools import count, cycle
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from caseflow.core import notices as o
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.events import Event
from caseflow.errors import KeyReused, Stale
from caseflow.ports import Append, KeyClaim, Query, Store, Text, is_redacted_by
from caseflow.serialization.codec import chained, encode
from caseflow.testing.contract.case_factory import BY, claim_of, stopped, submitted, then

LAST = 1 << 62
"""Sorts after every instant."""


class DictModel:
    """Cases, events, texts, keys, notices and documents by id, in the order they came."""

    def __init__(self) -> None:
        self.cases: dict[str, Case] = {}
        self.events: dict[str, tuple[Event, ...]] = {}
        self.texts: dict[str, tuple[Text, ...]] = {}
        self.keys: dict[tuple[str, str], KeyClaim] = {}
        self.feed: list[tuple[str, int]] = []
        self.notices: dict[str, o.Posted] = {}
        self.ends: dict[str, int] = {}
        self.documents: dict[str, o.Document] = {}

    def takes(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> bool:
        """Whether a store must take the append; then it is taken here too."""
        names = [entry.case.id for entry in appends]
        if any(self.version(entry.case.id) != entry.expected for entry in appends):
            return False
        if len(set(names)) < len(names) or (claim and (claim.actor, claim.key) in self.keys):
            return False
        if claim:
            self.keys[claim.actor, claim.key] = claim
        for entry in appends:
            self._take(entry)
        return True

    def version(self, case_id: str) -> int:
        """The case's version; 0 for none."""
        return self.cases[case_id].version if case_id in self.cases else 0

    def _take(self, entry: Append) -> None:
        name = entry.case.id
        self.cases[name] = entry.case
        self.events[name] = (*self.events.get(name, ()), *entry.events)
        self.feed += [(name, entry.expected + place) for place, _ in enumerate(entry.events, 1)]
        before = self.texts.get(name, ())
        kept = [text for text in before if not is_redacted_by(entry.redacts, text.field, text.version)]
        self.texts[name] = (*kept, *entry.texts)
        for cancelled in entry.cancels:
            post = self.notices.get(cancelled)
            if post and post.status in (o.PENDING, o.LEASED, o.DEAD):
                self.notices[cancelled] = post.replace(
                    status=o.CANCELLED, next_try_us=None, error=o.TAKEN_BACK
                )
        for void in entry.voids:
            known = self.documents.get(void.id)
            if known and not known.is_void:
                self.documents[void.id] = known.replace(voided_us=void.at_us, void_reason=void.reason)
        for notice in entry.notices:
            self.notices.setdefault(notice.id, o.Posted(0, notice, next_try_us=notice.at_us))
        for draft in entry.documents:
            taken = [d for d in self.documents.values() if (d.draft.series, d.draft.year) == _series(draft)]
            self.documents.setdefault(draft.id, o.Document(draft, len(taken) + 1))

    def due(self, before: int) -> list[tuple[int, str]]:
        """What is due at or before the instant."""
        dues = [(case.next_due_us, name) for name, case in self.cases.items()]
        return sorted((due, name) for due, name in dues if due is not None and due <= before)

    def claim(self, now_us: int, *, limit: int, lease_us: int, token: str) -> list[o.Held]:
        """What a relay is handed now."""
        order = {name: place for place, name in enumerate(self.notices)}
        ready = [
            (post.next_try_us, order[name], name)
            for name, post in self.notices.items()
            if post.next_try_us is not None and post.next_try_us <= now_us
        ]
        names = [name for *_, name in sorted(ready)[:limit]]
        for name in names:
            post = self.notices[name]
            self.ends[name] = now_us + lease_us
            told_us = now_us if post.status == o.LEASED and post.told_us is None else post.told_us
            self.notices[name] = post.replace(
                status=o.LEASED,
                attempts=post.attempts + 1,
                next_try_us=now_us + lease_us,
                token=token,
                told_us=told_us,
            )
        posts = [self.notices[name] for name in names]
        return [
            o.Held(
                post.notice,
                token,
                post.attempts,
                self._corrected(post.notice.corrects, now_us),
                post.reached,
            )
            for post in posts
        ]

    def _corrected(self, name: str, now_us: int) -> str:
        post = self.notices.get(name)
        if post is None:
            return ""
        if post.status == o.CANCELLED and post.token and self.ends[name] > now_us:
            return o.LEASED
        is_unsure = post.status in (o.CANCELLED, o.DEAD) and (post.token or post.told_us is not None)
        return o.UNSURE if is_unsure else post.status

    def settles(self, outcome: o.Outcome) -> bool:
        """Whether the outcome counts; then it is taken here too."""
        post = self.notices.get(outcome.id)
        if post is None or not outcome.token or post.token != outcome.token:
            return False
        if post.status == o.CANCELLED and outcome.status != o.SENT:
            self.notices[outcome.id] = post.replace(token="", told_us=outcome.told_us or post.told_us)
            return False
        is_retry = outcome.status == o.RETRY
        self.notices[outcome.id] = post.replace(
            status=o.PENDING if is_retry else outcome.status,
            next_try_us=outcome.at_us if is_retry else None,
            attempts=post.attempts - outcome.untried,
            told_us=outcome.at_us if outcome.status == o.SENT else outcome.told_us or post.told_us,
            token="", error=outcome.error, into=outcome.into, reached=outcome.reached,
        )  # fmt: skip
        return True

    def requeues(self, name: str, now_us: int) -> bool:
        """Whether the notice was dead; then it is pending again."""
        post = self.notices.get(name)
        if post is None or post.status != o.DEAD:
            return False
        self.notices[name] = post.replace(status=o.PENDING, attempts=0, next_try_us=now_us)
        return True


def _series(draft: o.Draft) -> tuple[str, int]:
    return draft.series, draft.year


_WALKS = count()
_CASES = st.sampled_from(("a", "案", "B"))
_NAMES = st.sampled_from(("n1", "n2", "n3", "n4"))
_WHEN = st.integers(0, 60)
_WORDS = st.sampled_from(("路灯不亮", "", "🚧 \"'\\", "a\r\nb", "长" * 5_000))


class _OutOfTime(BaseException):
    """Ends a walk between two calls; no `Exception`, or it would be taken for a finding and shortened."""


class WalkTime:
    """The time that walks have, and the call of the store that they are in.

    Args:
        seconds: from the first walk on.
        walks: how many there will be.
    """

    def __init__(self, seconds: float, walks: int) -> None:
        self._walks, self._seconds = walks, seconds
        self._walk = self._call = 0
        self._begun = self._entered = time.monotonic()
        self._calling = "nothing yet"

    @property
    def left(self) -> float:
        """Seconds that are left; below zero when there are none."""
        return self._begun + self._seconds - time.monotonic()

    def begin_walk(self) -> None:
        """Another walk."""
        if not self._walk:
            self._begun = time.monotonic()
        self._walk, self._call = self._walk + 1, 0

    def enter(self, name: str, args: tuple[Any, ...], terms: dict[str, Any]) -> None:
        """The walk calls the store.

        Raises:
            _OutOfTime: no time is left.
        """
        if self.left < 0:
            raise _OutOfTime
        self._call += 1
        self._entered = time.monotonic()
        self._calling = f"{name}{args!r:.160} {terms or ''!r:.120}"

    def where(self) -> str:
        """The walk, the call of the store, and for how long it has been in it."""
        inside = time.monotonic() - self._entered
        return (
            f"out of time after {self._seconds:g} seconds, in walk {self._walk} of {self._walks}, "
            f"{inside:.1f} seconds in call {self._call}: {self._calling}"
        )


class _Turns:
    """A store whose calls go to its handles in turn, each noted by the watch before it is made."""

    def __init__(self, watch: WalkTime, handles: Sequence[Store]) -> None:
        self._watch, self._handles = watch, cycle(handles)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(next(self._handles), name)

        def call(*args: Any, **terms: Any) -> Any:
            self._watch.enter(name, args, terms)
            return method(*args, **terms)

        return call


class StoreMachine(RuleBasedStateMachine):
    """One walk. Names begin with the walk's number, so that walks may follow each other on one store."""

    make_handles: Callable[[], Sequence[Store]]
    watch: WalkTime

    def __init__(self) -> None:
        super().__init__()
        self.watch.begin_walk()
        self.store: Any = _Turns(self.watch, self.make_handles())
        self.model = DictModel()
        self.walk = f"w{next(_WALKS):06}-"
        self.held: list[o.Held] = []
        self.position = _last(lambda after: [row.position for row in self.store.feed(after)])
        self.posted = _last(lambda after: [row.position for row in self.store.notices(after=after)])
        self.tokens = count()

    # -- steps ------------------------------------------------------------------------------------------

    def append(self, *appends: Append, claim: KeyClaim | None = None) -> None:
        """The store takes it if and only if the dict does."""
        if self.model.takes(appends, claim):
            self.store.append(appends, claim)
            return
        refused = False
        try:
            self.store.append(appends, claim)
        except (Stale, KeyReused):
            refused = True
        assert refused, "the store took an append that it owed to refuse"

    def case(self, name: str) -> Case | None:
        """The case of that name in this walk."""
        return self.model.cases.get(self.walk + name)

    @initialize(due=_WHEN)
    def begin(self, due: int) -> None:
        """There is a case that owes two notices to begin with."""
        self.submit("a", due, "路灯不亮", True)
        for name in ("n1", "n2"):
            self.post("a", name, "", 0, "")

    @rule(name=_CASES, due=st.none() | _WHEN, text=_WORDS, certain=st.booleans())
    def submit(self, name: str, due: int | None, text: str, certain: bool) -> None:
        """A new case, or a second one of the same id, which is refused."""
        first = submitted(self.walk + name, due=due, unit="城管局", certain=certain)
        self.append(first.replace(texts=(Text(1, "title", "s", text),)))

    @rule(name=_CASES, other=_CASES, behind=st.integers(0, 1), text=_WORDS)
    def note(self, name: str, other: str, behind: int, text: str) -> None:
        """A note on one case or two; one version behind it is refused, and neither has it."""
        entries: list[Append] = []
        for place, one in enumerate(dict.fromkeys((name, other))):
            case = self.case(one)
            if case is not None:
                texts = (Text(case.version + 1, "text", "s", text),)
                entries.append(then(case, texts=texts).replace(expected=case.version - behind * place))
        if entries:
            self.append(*entries)

    @rule(name=_CASES, key=st.sampled_from("kl"))
    def take_a_key(self, name: str, key: str) -> None:
        """A note under an idempotency key; a taken key refuses it whole."""
        case = self.case(name)
        if case is not None:
            version = case.version + 1
            self.append(then(case), claim=claim_of(case.id, actor=self.walk, key=key, version=version))

    @rule(name=_CASES)
    def stop(self, name: str) -> None:
        """The case's clock ends; it is due no more."""
        case = self.case(name)
        if case is not None and case.clocks and case.clocks[0].until_us is None:
            self.append(stopped(case))

    @rule(name=_CASES, field=st.sampled_from(("title", "text", "text@2", "none")))
    def redact(self, name: str, field: str) -> None:
        """Texts go."""
        case = self.case(name)
        if case is not None:
            gone = e.Redacted(case.last_us + 1, BY, fields=(field,))
            self.append(then(case, gone).replace(redacts=(field,)))

    @rule(name=_CASES, notice=_NAMES, corrects=st.just("") | _NAMES, at=_WHEN, cancel=st.just("") | _NAMES)
    def post(self, name: str, notice: str, corrects: str, at: int, cancel: str) -> None:
        """Somebody must be told, and somebody no longer."""
        case = self.case(name)
        if case is not None:
            of = self.walk + corrects if corrects else ""
            owed = o.Notice(
                self.walk + notice, case.id, case.version + 1, "card", at_us=at, corrects=of, body={"x": at}
            )
            cancels = (self.walk + cancel,) if cancel else ()
            self.append(then(case).replace(notices=(owed,), cancels=cancels))

    @rule(
        name=_CASES,
        document=_NAMES,
        year=st.integers(2025, 2026),
        void=st.just("") | _NAMES,
        behind=st.booleans(),
    )
    def issue(self, name: str, document: str, year: int, void: str, behind: bool) -> None:
        """A document is numbered, another voided; in a refused append neither is."""
        case = self.case(name)
        if case is not None:
            draft = o.Draft(
                self.walk + document, self.walk, year, case.id, case.version + 1, body={"y": year}
            )
            voids = (o.Void(self.walk + void, 7, "r"),) if void else ()
            entry = then(case).replace(documents=(draft,), voids=voids)
            self.append(entry.replace(expected=case.version - behind))

    @rule(now=_WHEN, limit=st.integers(1, 3), lease=st.integers(1, 30))
    def claim(self, now: int, limit: int, lease: int) -> None:
        """A relay takes what is ready."""
        token = f"{self.walk}{next(self.tokens)}"
        claimed = self.store.claim(now, limit=limit, lease_us=lease, token=token)
        assert list(claimed) == self.model.claim(now, limit=limit, lease_us=lease, token=token)
        self.held += claimed

    @precondition(lambda self: bool(self.held))
    @rule(which=st.integers(0, 9), kind=st.sampled_from((o.SENT, o.RETRY, o.DEAD, o.CANCELLED)), at=_WHEN)
    def settle(self, which: int, kind: str, at: int) -> None:
        """A relay says what became of something it has, or had."""
        held = self.held[-1 - which % len(self.held)]
        outcome = o.Outcome(held.notice.id, held.token, kind, at, "code")
        expected = (held.notice.id,) if self.model.settles(outcome) else ()
        assert self.store.settle([outcome]) == expected

    @rule(now=_WHEN)
    def requeue(self, now: int) -> None:
        """Someone wants everything sent again; only what is dead is."""
        names = [f"{self.walk}n{number}" for number in (2, 1, 3, 4)]
        expected = tuple(name for name in names if self.model.requeues(name, now))
        assert self.store.requeue(names, now) == expected

    # -- what must hold after each ----------------------------------------------------------------------

    @invariant()
    def cases_agree(self) -> None:
        """Cases, histories, texts, chains and keys."""
        store, model = self.store, self.model
        for name, case in model.cases.items():
            assert store.load(name) == case
            assert store.events(name) == model.events[name]
            assert store.texts(name) == model.texts[name]
            assert store.links(name) == chained(name, [encode(event) for event in model.events[name]])
        for key in "kl":
            assert store.recall(self.walk, key) == model.keys.get((self.walk, key))

    @invariant()
    def lists_agree(self) -> None:
        """What is due, waits, is found, and the feed."""
        store, model = self.store, self.model
        for before in sorted({60, *(at + step for at, _ in model.due(60) for step in (-1, 0))}):
            ours = [(at, name) for at, name in self._due(before) if name.startswith(self.walk)]
            assert ours == model.due(before)
        ordered = sorted(
            (LAST if c.next_due_us is None else c.next_due_us, n) for n, c in model.cases.items()
        )
        ids = [case.id for case in store.find(Query(limit=10_000)) if case.id.startswith(self.walk)]
        assert ids == [name for _, name in ordered]
        feed = store.feed(self.position, limit=1000)
        assert [(entry.case_id, entry.version) for entry in feed] == model.feed
        assert [entry.event for entry in feed] == [model.events[name][at - 1] for name, at in model.feed]
        heads = {head.case_id: head for head in store.heads(self.walk)}
        assert {name: heads[name].version for name in model.cases} == {
            name: case.version for name, case in model.cases.items()
        }

    def _due(self, before: int) -> list[tuple[int, str]]:
        dues: list[tuple[int, str]] = []
        while page := self.store.due(before, limit=2, after=dues[-1] if dues else None):
            dues += page
        return dues

    @invariant()
    def outbox_and_register_agree(self) -> None:
        """Notices in their order with what became of them; documents with their numbers."""
        posts = [post.replace(position=0) for post in self.store.notices(after=self.posted)]
        assert posts == list(self.model.notices.values())
        documents = list(self.model.documents.values())
        for name in self.model.cases:
            assert list(self.store.documents(name)) == [d for d in documents if d.draft.case_id == name]
        for year in (2025, 2026):
            numbered = [document for document in documents if document.draft.year == year]
            assert list(self.store.issued(self.walk, year)) == numbered

    def teardown(self) -> None:
        """Nothing of this walk is due or ready for the next one on the same store."""
        for name, case in self.model.cases.items():
            running = bool(case.clocks) and case.clocks[0].until_us is None
            ids = tuple(post for post, row in self.model.notices.items() if row.notice.case_id == name)
            entry = stopped(case) if running else then(case)
            self.store.append([entry.replace(cancels=ids)])


def _last(positions: Callable[[int], Sequence[int]]) -> int:
    """The last position there is; 0 for none."""
    last = 0
    while page := positions(last):
        last = page[-1]
    return last


def walk_beside_a_dict(
    make_store: Callable[[], Store],
    *,
    another: Callable[[], Store] | None = None,
    examples: int = 15,
    steps: int = 25,
    shorten: bool = True,
    seconds: float = 300,
) -> None:
    """Walk stores beside a dict; raises `AssertionError` with the shortest walk on which they part.

    Args:
        make_store: gives the store for each walk; it may be the same one every time.
        another: gives a second handle to the place of that store; then the two take turns, call by call.
        examples: how many walks; the same ones each time.
        steps: the most steps of one walk.
        shorten: whether to look for the shortest walk, which takes a while.
        seconds: the time that all of it may take. When it is over, the walk ends even if the store does not
            answer, and the error says in which walk and in which call of the store it was. A walk that parts
            and cannot be shortened in that time is told as it is.
    """

    def handles() -> list[Store]:
        return [make_store(), another()] if another else [make_store()]

    watch = WalkTime(seconds, examples)
    _settings = settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=examples,
        stateful_step_count=steps,
        phases=[Phase.generate],
        suppress_health_check=list(map(HealthCheck, HealthCheck)),  # a server takes its time
    )
    machine = type("StoreMachine", (StoreMachine,), {"make_handles": staticmethod(handles), "watch": watch})
    parted = _walked(machine, _settings, watch)
    if parted is None:
        return
    if isinstance(parted, _OutOfTime):
        raise AssertionError(watch.where())
    again = settings(_settings, phases=[Phase.generate, Phase.shrink])
    shorter = _walked(machine, again, watch) if shorten else None
    raise parted if shorter is None or isinstance(shorter, _OutOfTime) else shorter


def _walked(machine: type[StoreMachine], terms: settings, watch: WalkTime) -> BaseException | None:
    """What the walks raised, if anything; run in a thread, which is left alone if it does not come back."""
    raised: list[BaseException] = []

    def walk() -> None:
        try:
            run_state_machine_as_test(machine, settings=terms)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=walk, name="walk beside a dict", daemon=True)
    thread.start()
    while thread.is_alive() and watch.left > -_PATIENCE:
        thread.join(max(watch.left + _PATIENCE, 0.01))
    is_finding = any(isinstance(error, AssertionError | BaseExceptionGroup) for error in raised)
    is_cut = watch.left < 0 and not is_finding
    if thread.is_alive() or (raised and is_cut):  # what is cut in the middle may come up as any error
        return _OutOfTime()
    return raised[0] if raised else None


_PATIENCE = 2.0
"""Seconds in which a walk that still moves sees for itself that its time is over."""


class WalkContract:
    """All of it together, in any order.

    A subclass may set ``walks``, how many each test takes: fewer where every step waits for a server's disk.
    """

    walks = 15

    def test_it_walks_beside_a_dict(self, store: Store) -> None:
        """Whatever is appended, claimed, settled or refused, the store answers as plain dicts would."""
        walk_beside_a_dict(lambda: store, examples=self.walks)

    def test_two_handles_walk_beside_a_dict(self, store: Store, another: Store) -> None:
        """The same when two handles to one place take turns."""
        walk_beside_a_dict(lambda: store, another=lambda: another, examples=max(2, self.walks // 3))
