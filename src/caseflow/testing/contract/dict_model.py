"""A store as plain dicts: what any store must answer, written as simply as it can be said."""

from __future__ import annotations

from collections.abc import Sequence

from caseflow import outbox as o
from caseflow.core.case import Case
from caseflow.core.events import Event
from caseflow.ports import Append, KeyClaim, Text, is_redacted_by

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
        for asked in entry.cancels:
            post = self.notices.get(asked)
            if post and post.status in (o.PENDING, o.LEASED, o.DEAD):
                self.notices[asked] = post.replace(status=o.CANCELLED, next_try_us=None)
        for void in entry.voids:
            found = self.documents.get(void.id)
            if found and not found.is_void:
                self.documents[void.id] = found.replace(voided_us=void.at_us, void_reason=void.reason)
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
            told = now_us if post.status == o.LEASED and post.told_us is None else post.told_us
            self.notices[name] = post.replace(
                status=o.LEASED,
                attempts=post.attempts + 1,
                next_try_us=now_us + lease_us,
                token=token,
                told_us=told,
            )
        posts = [self.notices[name] for name in names]
        return [
            o.Held(post.notice, token, post.attempts, self._corrected(post.notice.corrects, now_us))
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

    def settles(self, found: o.Outcome) -> bool:
        """Whether the outcome counts; then it is taken here too."""
        post = self.notices.get(found.id)
        if post is None or not found.token or post.token != found.token:
            return False
        if post.status == o.CANCELLED and found.status != o.SENT:
            self.notices[found.id] = post.replace(token="", told_us=found.told_us or post.told_us)
            return False
        is_retry = found.status == o.RETRY
        self.notices[found.id] = post.replace(
            status=o.PENDING if is_retry else found.status,
            next_try_us=found.at_us if is_retry else None,
            attempts=post.attempts - found.untried,
            told_us=found.at_us if found.status == o.SENT else found.told_us or post.told_us,
            token="", error=found.error, into=found.into,
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
