"""What is published of the cases of a store: a projection of its own, which follows the store's feed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from datetime import datetime
from threading import Lock

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.publication import published_version, publishes, takes_back
from caseflow.core.engine.rights import PUBLIC
from caseflow.core.model.case import Case
from caseflow.core.personal_data import PERSONAL_DATA_RULES, PersonalData, hidden, personal_data
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.desk.case_file import CaseText, case_texts
from caseflow.desk.desk import Desk
from caseflow.errors import BadInput, is_of_the_store
from caseflow.ports import Quarantined

_BATCH = 1000


class Publication(Value):
    """What anyone may read of a case.

    Attributes:
        rules: those of the case, for labels.
        case: as it stands; no more of it than `Desk.public` shows is for anyone.
        version: the case's version with the act that published it.
        published_at: when that was, in the office's zone.
        texts: as they were approved, by the names of the action's fields.
    """

    rules: CompiledPolicy
    case: Case
    version: int
    published_at: datetime
    texts: tuple[tuple[str, str], ...]


class PublicationPage(Value):
    """Some publications, the newest first, and the cursor for those before them; empty on the last page.

    ``quarantined`` names the cases among them that cannot be read.
    """

    publications: tuple[Publication, ...]
    cursor: str = ""
    quarantined: tuple[Quarantined, ...] = ()

    def __iter__(self) -> Iterator[Publication]:
        return iter(self.publications)


class Preview(Value):
    """A text, what the rules find in it, and how it reads with that hidden; offsets are the same in both."""

    text: CaseText
    places: tuple[PersonalData, ...]
    hidden: str


class Publications:
    """The publications of a desk's store. Safe to share between threads; one a process is enough.

    Which cases have one is kept in memory and follows the feed: the first question reads all of it, each
    later one what came since. What is shown is read from the case itself at that moment, so that what was
    taken back or erased is gone from then on, whatever the feed shows yet.

    Args:
        desk: whose store is read; not one that is joined to a transaction.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = Lock()
        self._seen = 0
        self._order: list[int] = []
        self._cases: dict[int, str] = {}
        self._places: dict[str, int] = {}

    def get(self, case_id: str) -> Publication | None:
        """What is published of a case; `None` where nothing is.

        Raises:
            UnknownCase: no such case.
        """
        return self._publication(self._desk.get(case_id))

    def page(self, *, limit: int = 20, cursor: str = "") -> PublicationPage:
        """The newest publications, or those before the cursor.

        Args:
            limit: at most so many, 1 to 1000.
            cursor: where the last page ended; empty for the newest.

        Raises:
            BadInput: a limit out of bounds, a cursor that is none.
        """
        if type(limit) is not int or not 1 <= limit <= 1000:
            raise BadInput("bad-option", what="limit", found=f"{limit!a}, expected 1 to 1000")
        if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20):
            raise BadInput("bad-cursor", what="cursor", found=cursor[:80])
        shown, bad, last = list[Publication](), list[Quarantined](), 0
        for position, case_id in self._before(int(cursor) if cursor else None):
            if len(shown) == limit:
                return PublicationPage(tuple(shown), str(last), tuple(bad))
            last = position
            try:
                publication = self.get(case_id)
            except Exception as error:
                if is_of_the_store(error):
                    raise
                bad.append(Quarantined.of("case", case_id, error))
            else:
                shown += () if publication is None else (publication,)
        return PublicationPage(tuple(shown), quarantined=tuple(bad))

    def _publication(self, case: Case) -> Publication | None:
        store, rules = self._desk.store, self._desk.rules_of(case)
        events = store.events(case.id)[: case.version]
        version = published_version(events)
        if not version:
            return None
        kept = [text for text in store.texts(case.id) if text.version <= case.version]
        texts = [one for one in case_texts(rules, case, events, kept) if one.version == version]
        if any(one.is_redacted for one in texts):
            return None
        at = moment(events[version - 1].at_us, rules.policy.timezone)
        public = tuple((one.field, one.text) for one in texts if one.audience == PUBLIC)
        return Publication(rules, case, version, at, public)

    def _before(self, position: int | None) -> Iterator[tuple[int, str]]:
        """Position and case of every publication before the position, the newest first."""
        with self._lock:
            self._follow()
            index = len(self._order) if position is None else bisect_left(self._order, position)
        while index:
            index -= 1
            case_id = self._cases.get(self._order[index])
            if case_id is not None:
                yield self._order[index], case_id

    def _follow(self) -> None:
        while page := self._desk.store.feed(self._seen, limit=_BATCH):
            for one in page:
                if publishes(one.event) or takes_back(one.event):
                    before = self._places.pop(one.case_id, None)
                    if before is not None:
                        del self._cases[before]
                if publishes(one.event):
                    self._order.append(one.position)
                    self._cases[one.position] = one.case_id
                    self._places[one.case_id] = one.position
            if page[-1].position <= self._seen:
                return
            self._seen = page[-1].position


def preview(texts: Collection[CaseText], rules: Collection[str] = PERSONAL_DATA_RULES) -> tuple[Preview, ...]:
    """What a moderator looks at before anything is published: texts with the places that are to be hidden.

    A name, or what a text tells of a person, no rule finds; whoever publishes reads the text.

    Args:
        texts: as `Desk.texts` gives them; those that were erased are left out.
        rules: names of `PERSONAL_DATA_RULES`.
    """
    seen = [(text, personal_data(text.text, rules)) for text in texts if not text.is_redacted]
    return tuple(Preview(text, places, hidden(text.text, places)) for text, places in seen)
