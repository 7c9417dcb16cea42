"""Stores broken on purpose, each in one way that could pass for working; `test_broken` has them found."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from caseflow import MemoryStore, SqliteStore
from caseflow.core import notices as o
from caseflow.core.model.case import Case
from caseflow.errors import KeyReused, Stale
from caseflow.ports import Append, KeyClaim, Query, Recorded, Text, is_redacted_by
from caseflow.ports.records import Aside, Head, Link
from caseflow.serialization.codec import START, link
from caseflow.testing import StoreContract
from tests.contracts import broken_abilities, broken_answers, broken_writes  # noqa: F401  # they put theirs down
from tests.contracts.handles import BROKEN


class WritesOneByOne(MemoryStore):
    """An append over several cases keeps those before the stale one."""

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        named = [entry.case.id for entry in appends]
        if len(set(named)) < len(named):
            raise Stale(named[0], expected=0)
        for entry in appends:
            super().append([entry], claim if entry is appends[-1] else None)


class HoldsNobody(MemoryStore):
    """What comes without events is not looked at."""

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        super().append([entry for entry in appends if entry.events or entry.has_more], claim)


class TakesTheLastWriter(MemoryStore):
    """The expected version is not compared."""

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        found = [self.load(entry.case.id) for entry in appends]
        super().append(
            [e.replace(expected=c.version if c else 0) for e, c in zip(appends, found, strict=True)], claim
        )


class SharesKeys(MemoryStore):
    """A key belongs to everybody."""

    def recall(self, actor: str, key: str) -> KeyClaim | None:
        return super().recall("", key)

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        super().append(appends, claim and claim.replace(actor=""))


class TakesTheKeyFirst(MemoryStore):
    """The key of a refused append is used up."""

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        try:
            super().append(appends, claim)
        except Stale:
            if claim is not None:
                self._keys[claim.actor, claim.key] = claim
            raise


class CutsTexts(MemoryStore):
    """A column of 65,535 bytes holds the texts."""

    def texts(self, case_id: str) -> tuple[Text, ...]:
        return tuple(
            text.replace(text=text.text.encode()[:65_535].decode(errors="ignore"))
            for text in super().texts(case_id)
        )


class FoldsIds(MemoryStore):
    """Its collation takes upper and lower case for the same."""

    def load(self, case_id: str) -> Case | None:
        names = {name.lower(): name for name in reversed(self._cases)}
        return super().load(names.get(case_id.lower().rstrip(), case_id))


class LosesMicroseconds(MemoryStore):
    """Its column of instants holds milliseconds."""

    def due(self, before: int, **terms: Any) -> tuple[tuple[int, str], ...]:
        return tuple((at - at % 1000, name) for at, name in super().due(before, **terms))


class IsDueEarly(MemoryStore):
    """What is due within the next millisecond is due now."""

    def due(self, before: int, **terms: Any) -> tuple[tuple[int, str], ...]:
        return super().due(before + 1, **terms)


class ForgetsWhatComesBack(MemoryStore):
    """A case that was due at an instant, and again at the same one, is due once."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[str, int | None]] = set()

    def _move_due(self, case_id: str, before: int | None, after: int | None) -> None:
        again = (case_id, after) in self.seen
        self.seen.add((case_id, after))
        super()._move_due(case_id, before, None if again else after)


class ShowsPositionsLate(MemoryStore):
    """Positions are given before the commit and seen after it, as a sequence does it."""

    def __init__(self) -> None:
        super().__init__()
        self.given = 0
        self.visible: dict[int, Recorded] = {}

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        with self._lock:
            super().append(appends, claim)
            mine = range(self.given + 1, len(self._feed) + 1)
            self.given = len(self._feed)
        time.sleep(0.002 if mine and mine[0] % 4 == 1 else 0)  # the way of a long transaction
        for position in mine:
            self.visible[position] = super().feed(position - 1, limit=1)[0]

    def feed(self, after: int = 0, *, limit: int = 1000) -> tuple[Recorded, ...]:
        seen = sorted(position for position in list(self.visible) if position > after)
        return tuple(self.visible[position] for position in seen[:limit])


class ListsTheNeverDueFirst(MemoryStore):
    """Its NULLs sort first."""

    def find(self, query: Query, *, aside: Aside | None = None) -> tuple[Case, ...]:
        found = super().find(query.replace(limit=1 << 30, after=None))
        found = tuple(sorted(found, key=lambda case: (case.next_due_us or -1, case.id)))
        if query.after is not None:
            last = (query.after[0] or -1, query.after[1])
            found = tuple(case for case in found if (case.next_due_us or -1, case.id) > last)
        return found[: query.limit]


class ListsWhatIsHeldAlone(MemoryStore):
    """It knows nothing of units that help."""

    def find(self, query: Query, *, aside: Aside | None = None) -> tuple[Case, ...]:
        return super().find(query.replace(helping=False))


class HandsOutTwice(MemoryStore):
    """What is leased is handed to others as well."""

    def claim(
        self, now_us: int, *, limit: int, lease_us: int, token: str, aside: Aside | None = None
    ) -> tuple[o.Held, ...]:
        return super().claim(now_us, limit=limit, lease_us=0, token=token)


class NeverTakesBackALease(MemoryStore):
    """A relay that died keeps its notices for ever."""

    def claim(
        self, now_us: int, *, limit: int, lease_us: int, token: str, aside: Aside | None = None
    ) -> tuple[o.Held, ...]:
        return super().claim(now_us, limit=limit, lease_us=1 << 61, token=token)


class SettlesForAnybody(MemoryStore):
    """The token of an outcome is not compared."""

    def settle(self, outcomes: Sequence[o.Outcome]) -> tuple[str, ...]:
        tokens = {post.notice.id: post.token for post in self.notices()}
        return super().settle([found.replace(token=tokens.get(found.id, "")) for found in outcomes])


class SendsAgain(MemoryStore):
    """What was sent may be requeued."""

    def requeue(self, ids: Sequence[str], now_us: int) -> tuple[str, ...]:
        for post in self.notices(status=o.SENT):
            if post.notice.id in ids:
                self._outbox._put(post.replace(status=o.DEAD))
        return super().requeue(ids, now_us)


class PostsBeforeItKnows(MemoryStore):
    """The notices of a refused append go out."""

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        for entry in appends:
            self._outbox.post(entry.notices)
        super().append(appends, claim)


class CancelsInSecret(MemoryStore):
    """A cancel makes it forget who had the notice, and that it was sent."""

    def settle(self, outcomes: Sequence[o.Outcome]) -> tuple[str, ...]:
        gone = {post.notice.id for post in self.notices(status=o.CANCELLED)}
        return super().settle([found for found in outcomes if found.id not in gone])


class ForgetsWhoWasTold(MemoryStore):
    """Some of those a notice is for were told, which it does not write down."""

    def settle(self, outcomes: Sequence[o.Outcome]) -> tuple[str, ...]:
        return super().settle([found.replace(told_us=None) for found in outcomes])


class ForgetsWhomItReached(MemoryStore):
    """Some were told and others wait, and the next relay is not told who."""

    def settle(self, outcomes: Sequence[o.Outcome]) -> tuple[str, ...]:
        return super().settle([found.replace(reached=()) for found in outcomes])


class CountsOnFailure(MemoryStore):
    """A counter beside the transaction gives the numbers, and keeps those of failed appends."""

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        try:
            super().append(appends, claim)
        except (Stale, KeyReused):
            latest = self._register._latest
            for draft in (draft for entry in appends for draft in entry.documents):
                latest[draft.series, draft.year] = latest.get((draft.series, draft.year), 0) + 1
            raise


class UsesVoidNumbersAgain(MemoryStore):
    """The number of a voided document goes to the next one."""

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        super().append(appends, claim)
        for draft in (draft for entry in appends for draft in entry.documents):
            mine = self._register._by_id[draft.id]
            free = [d.number for d in self.issued(draft.series, draft.year) if d.is_void]
            if free and not mine.is_void:
                self._register._by_id[draft.id] = mine.replace(number=free[0])


class KeepsTheSalt(MemoryStore):
    """A redaction blanks the text, and leaves its row with the salt."""

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        with self._lock:
            before = {entry.case.id: self.texts(entry.case.id) for entry in appends}
            super().append([entry.replace(redacts=()) for entry in appends], claim)
            for entry in appends:
                name = entry.case.id
                left = [
                    text.replace(text="")
                    if text in before[name] and is_redacted_by(entry.redacts, text.field, text.version)
                    else text
                    for text in self.texts(name)
                ]
                self._put_texts(name, left)


class RedactsTooMuch(MemoryStore):
    """A redaction takes the texts of its own append too."""

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        with self._lock:
            super().append(appends, claim)
            for entry in appends:
                name = entry.case.id
                left = [
                    text
                    for text in self.texts(name)
                    if not is_redacted_by(entry.redacts, text.field, text.version)
                ]
                self._put_texts(name, left)


class BreaksTheChain(MemoryStore):
    """Each event is hashed for itself; nothing holds them together."""

    def links(self, case_id: str) -> tuple[Link, ...]:
        return tuple(
            part.replace(hash=link(START, case_id, part.version, part.body))
            for part in super().links(case_id)
        )

    def heads(self, after: str = "", *, limit: int = 1000) -> tuple[Head, ...]:
        heads = super().heads(after, limit=limit)
        return tuple(head.replace(hash=self.links(head.case_id)[-1].hash) for head in heads)


class Broken(StoreContract):
    """The contract, run on a store that breaks it, and on a second handle to its place."""

    make: ClassVar[type[Any]]
    caught_by: ClassVar[str] = ""
    """The test that must find it."""

    @pytest.fixture
    def store(self) -> Any:
        return self.make()

    @pytest.fixture
    def another(self, store: Any) -> Any:
        return self.make(store.place)


CAUGHT_BY: dict[type[MemoryStore], str] = {
    WritesOneByOne: "test_an_append_over_several_cases_is_all_or_nothing",
    HoldsNobody: "test_an_entry_without_events_holds_its_case",
    TakesTheLastWriter: "test_a_second_writer_is_refused_without_a_trace",
    SharesKeys: "test_a_key_belongs_to_its_actor",
    TakesTheKeyFirst: "test_a_second_writer_is_refused_without_a_trace",
    CutsTexts: "test_texts_survive_to_the_letter",
    FoldsIds: "test_case_ids_are_kept_to_the_letter",
    LosesMicroseconds: "test_instants_keep_their_microseconds",
    IsDueEarly: "test_nothing_is_due_before_its_instant",
    ForgetsWhatComesBack: "test_due_follows_the_case",
    ShowsPositionsLate: "test_the_feed_skips_nothing_while_writers_race",
    ListsTheNeverDueFirst: "test_find_is_in_keyset_order",
    ListsWhatIsHeldAlone: "test_a_unit_finds_what_it_helps_with",
    HandsOutTwice: "test_a_lease_keeps_others_away_until_it_runs_out",
    NeverTakesBackALease: "test_a_lease_keeps_others_away_until_it_runs_out",
    SettlesForAnybody: "test_an_outcome_counts_only_with_the_token_that_holds_it",
    SendsAgain: "test_a_sent_notice_never_goes_back",
    PostsBeforeItKnows: "test_a_refused_append_posts_and_cancels_nothing",
    CancelsInSecret: "test_what_was_sent_while_it_was_cancelled_is_told_as_sent",
    ForgetsWhoWasTold: "test_some_told_before_a_retry_are_remembered",
    ForgetsWhomItReached: "test_whom_it_reached_is_handed_out_with_the_next_claim",
    CountsOnFailure: "test_a_failed_append_uses_up_no_number",
    UsesVoidNumbersAgain: "test_a_void_keeps_its_number_for_ever",
    KeepsTheSalt: "test_a_redaction_takes_every_version_of_a_field",
    RedactsTooMuch: "test_a_redaction_spares_the_texts_of_its_own_append",
    BreaksTheChain: "test_the_chain_is_the_formula",
}
"""Store -> the test that must find it."""

KINDS: dict[str, type[Broken]] = {}
"""Name of the class -> the contract on a broken store."""


def _put_down(name: str, make: type[Any], caught_by: str) -> None:
    KINDS[f"Broken_{name}"] = type(f"Broken_{name}", (Broken,), {"make": make, "caught_by": caught_by})


for _kind, _test in CAUGHT_BY.items():
    _put_down(_kind.__name__, _kind, _test)
for _name, (_handle, _test) in BROKEN.items():
    _put_down(_name, _handle, _test)


class BrokenOpensTheNewer(Broken):
    """A store that does not look at the schema."""

    make = MemoryStore
    caught_by = "test_a_newer_schema_is_refused"

    @pytest.fixture
    def newer(self, tmp_path: Path) -> Callable[[], object]:
        return lambda: SqliteStore(tmp_path / "new.db").close()


KINDS["BrokenOpensTheNewer"] = BrokenOpensTheNewer
globals().update(KINDS)
