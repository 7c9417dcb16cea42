"""What of a store is set aside, found by reading all of it: the list behind what batches count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from caseflow.core.engine.escalation import escalate
from caseflow.core.model.case import Case
from caseflow.desk.command_handler import BATCH, CommandHandler
from caseflow.errors import BadRecord, UnknownCase, is_of_the_store
from caseflow.ports.records import Kind, Quarantined
from caseflow.serialization.codec import is_unread


def quarantined(
    handler: CommandHandler, *, progress: Callable[[int], object] = lambda _: None
) -> Iterator[Quarantined]:
    """Everything that is set aside now; see `caseflow.desk.Desk.quarantined`."""
    reading = _Reading(handler)
    yield from reading.policies()
    for count, case_id in enumerate(reading.ids(), 1):
        yield from reading.case(case_id)
        progress(count)


def is_undecided(handler: CommandHandler, case_id: str) -> bool:
    """Whether the next sweep would set the case aside, because it cannot be read or decided."""
    return any(_Reading(handler).due(case_id))


class _Reading:
    def __init__(self, handler: CommandHandler) -> None:
        self._handler = handler
        self._store = handler.store
        self._now = handler.clock.now_us()

    def policies(self) -> Iterator[Quarantined]:
        """Documents that are no policies; a store that cannot list them has none to look at."""
        pins: Callable[[], tuple[str, ...]] = getattr(self._store, "pins", tuple)
        for pin in pins():
            yield from self._tried("policy", pin, partial(self._handler.rules_of_hash, pin))

    def ids(self) -> Iterator[str]:
        """Every case by its id; the empty one, which no list begins with, if it is there."""
        after = ""
        if any(self._tried("case", "", partial(self._handler.known, ""), but="unknown-case")):
            yield after
        while page := self._store.heads(after, limit=BATCH):
            yield from (head.case_id for head in page)
            if page[-1].case_id <= after:
                return
            after = page[-1].case_id

    def due(self, case_id: str) -> Iterator[Quarantined]:
        """What keeps a sweep from the case."""
        case: list[Case] = []
        yield from self._tried("case", case_id, lambda: case.append(self._handler.known(case_id)))
        for one in case:
            yield from self._tried("case", case_id, partial(self._decided, one))

    def case(self, case_id: str) -> Iterator[Quarantined]:
        """What is wrong with a case and with what goes with it."""
        yield from self.due(case_id)
        yield from self._events(case_id)
        yield from self._tried("text", case_id, partial(self._store.texts, case_id))
        aside: list[Quarantined] = []
        self._store.notices(case_id=case_id, limit=1 << 31, aside=aside.append)
        yield from aside
        yield from self._tried("document", case_id, partial(self._store.documents, case_id))

    def _decided(self, case: Case) -> None:
        """As the next sweep would, of a case that is due."""
        rules = self._handler.rules_of(case)
        history = partial(self._store.events, case.id)
        escalate(rules, case, self._now, history=history, most=BATCH)

    def _events(self, case_id: str) -> Iterator[Quarantined]:
        for version, event in enumerate(self._store.events(case_id), 1):
            if is_unread(event):
                error = BadRecord("bad-event", found=event.name)
                yield Quarantined.of("event", f"{case_id}@{version}", error)

    @staticmethod
    def _tried(kind: Kind, name: str, read: Callable[[], object], *, but: str = "") -> Iterator[Quarantined]:
        """What hinders the reading of it, if anything does."""
        try:
            read()
        except Exception as error:
            if is_of_the_store(error):
                raise
            if not (isinstance(error, UnknownCase) and but):
                yield Quarantined.of(kind, name, error)
