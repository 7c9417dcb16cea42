"""One round of a relay: what it claimed, what it set aside, and what becomes of each notice."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from caseflow.core import notices as o
from caseflow.core.notices import Outcome
from caseflow.core.value import Value
from caseflow.delivery.attempt import Attempt, Digests
from caseflow.delivery.collapse import as_settled, rows_of
from caseflow.ports import Observer, Store
from caseflow.ports.records import Quarantined

_log = logging.getLogger("caseflow.relay")


class Round(Value):
    """What a relay did with the notices it claimed; each is counted once.

    Attributes:
        quarantined: those that could not be read, or whose case, texts or policy could not, put off for ten
            leases; they are no dead letters, and are told once they can be read.
    """

    claimed: int = 0
    sent: int = 0
    retried: int = 0
    dead: int = 0
    cancelled: int = 0
    collapsed: int = 0
    quarantined: int = 0

    def plus(self, other: Round) -> Round:
        """Both together."""
        return Round(**{name: getattr(self, name) + getattr(other, name) for name in Round.__match_args__})


def round_of(claimed: int, outcomes: Sequence[Outcome], *, unread: int, put_off: int) -> Round:
    """The outcomes of a batch; what was left for another time counts as retried.

    Args:
        unread: notices that could not be read, of which there is no outcome.
        put_off: outcomes of notices that were put off since something else could not.
    """

    def count(status: str) -> int:
        return sum(outcome.status == status for outcome in outcomes)

    return Round(
        claimed=claimed + unread,
        quarantined=unread + put_off,
        sent=count(o.SENT),
        retried=count(o.RETRY) + claimed - len(outcomes) - put_off,
        dead=count(o.DEAD),
        cancelled=count(o.CANCELLED),
        collapsed=count(o.COLLAPSED),
    )


class PutAside:
    """What a round sets aside: told to the observer and the log, and counted.

    Attributes:
        count: how many things were set aside.
        put_off: how many notices were put off because of them.
    """

    def __init__(self, observer: Observer | None) -> None:
        self._observer = observer
        self.count = self.put_off = 0

    def note(self, one: Quarantined) -> None:
        """It is set aside."""
        self.count += 1
        _log.error("%s %s is set aside: %s", one.kind, one.name, one.code)
        if self._observer is not None:
            try:
                self._observer.observe(one)
            except Exception as error:
                _log.error("the observer failed on what is set aside: %s", type(error).__name__)


class RoundWork:
    """What a round has done so far, and what goes out at its end.

    Attributes:
        outcomes: what became of each notice, by its id.
        attempts: notices of which a message goes with a digest, by their ids.
    """

    def __init__(self, aside: PutAside) -> None:
        self.aside = aside
        self.outcomes: dict[str, Outcome] = {}
        self.digests = Digests()
        self.attempts: dict[str, Attempt] = {}

    def keep(self, outcomes: Iterable[Outcome]) -> None:
        """The newest word of a notice counts."""
        self.outcomes.update((outcome.id, outcome) for outcome in outcomes)

    def in_digests(self, ids: Iterable[str]) -> dict[str, str]:
        """The keys of messages of these notices that go with a digest, each with the notice's id."""
        attempts = [self.attempts[name] for name in ids if name in self.attempts]
        return {key: attempt.held.notice.id for attempt in attempts for key in attempt.in_digest}


class PostedRows:
    """Every notice of a case as the outbox has it, asked for once, and as this round will leave it."""

    def __init__(self, store: Store, case_id: str, work: RoundWork) -> None:
        self._store, self._case_id, self._work = store, case_id, work
        self._rows: list[o.Posted] | None = None

    def now(self) -> list[o.Posted]:
        """In the order in which they were posted."""
        if self._rows is None:
            self._rows = rows_of(self._store, self._case_id)
        return [as_settled(row, self._work.outcomes) for row in self._rows]
