"""What the desk is asked: one case from every side, and many of them page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from caseflow.core.case import Case
from caseflow.core.commands import Actor
from caseflow.core.events import Event
from caseflow.core.instants import EARLIEST, LATEST
from caseflow.core.values import Value, value
from caseflow.desk.keeping import DeskKeeping
from caseflow.errors import BadInput
from caseflow.outbox import Document
from caseflow.ports import Query, Text
from caseflow.sealing import with_redacted
from caseflow.views.allowed import Allowed, allowed
from caseflow.views.explain import Explanation, explain
from caseflow.views.forecast import Forecast, forecast
from caseflow.views.letter import letter
from caseflow.views.public import PublicCase, public_view
from caseflow.views.story_words import Lang


@value
class Page(Value):
    """Some cases in the order of (next due, id), and the cursor for those after them.

    ``cursor`` is empty on the last page.
    """

    cases: tuple[Case, ...]
    cursor: str = ""

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def __len__(self) -> int:
        return len(self.cases)


class DeskQuestions(DeskKeeping):
    """The part of the desk that answers; nothing here changes a case."""

    def get(self, case_id: str) -> Case:
        """The case as it is stored; what is due but not swept yet is not in it.

        Raises:
            UnknownCase: no such case.
        """
        return self._known(case_id)

    def history(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first.

        Raises:
            UnknownCase: no such case.
        """
        self._known(case_id)
        return self.store.events(case_id)

    def texts(self, case_id: str) -> tuple[Text, ...]:
        """The personal texts of the case: version, field and text, in the order they came.

        One that was redacted stands in its place with ``is_redacted`` true, without text and salt.

        Raises:
            UnknownCase: no such case.
        """
        case, kept = self._known(case_id), self.store.texts(case_id)
        return with_redacted(self.store.events(case_id), kept) if case.facts.redactions else kept

    def documents(self, case_id: str) -> tuple[Document, ...]:
        """The numbered documents of the case, in the order they were issued; void ones (作废) among them.

        Raises:
            UnknownCase: no such case.
        """
        self._known(case_id)
        return self.store.documents(case_id)

    def document_html(
        self, case_id: str, document: str, *, lang: Lang = "zh", folder: Path | None = None
    ) -> str:
        """A numbered document as a page that prints on one sheet of A4, with its receipt strip (签收回执).

        Args:
            document: its id.
            lang: ``zh`` or ``en``.
            folder: the portal's own pages, which take the place of the shipped ones.

        Raises:
            UnknownCase: no such case.
            BadInput: the case has no such document; or a page of the folder cannot be filled.
        """
        case = self._known(case_id)
        found = next((one for one in self.store.documents(case_id) if one.draft.id == document), None)
        if found is None:
            raise BadInput("unknown-document", case=case_id, found=document)
        texts = self.store.texts(case_id)
        return letter(self._rules_of(case), case, found, texts=texts, lang=lang, folder=folder)

    def explain(self, case_id: str, *, clock: str) -> tuple[Explanation, ...]:
        """Why each deadline of a clock is what it is, day by day: every instance, oldest first.

        Raises:
            UnknownCase: no such case.
            BadInput: the case has no such clock.
        """
        case = self._known(case_id)
        return explain(self._rules_of(case), case, clock)

    def public(self, case_id: str) -> PublicCase:
        """The case as anyone may see it: an allow-list without texts, people and notes.

        Raises:
            UnknownCase: no such case.
        """
        case = self._known(case_id)
        return public_view(self._rules_of(case), case)

    def forecast(self, case_id: str) -> tuple[Forecast, ...]:
        """What happens, and when, if nobody acts: in the order of time.

        Raises:
            UnknownCase: no such case.
        """
        case = self._known(case_id)
        return forecast(self._rules_of(case), case)

    def allowed(self, case_id: str, *, by: Actor) -> tuple[Allowed, ...]:
        """Every action of the policy, in its order: its fields, or the refusal with its remedy.

        Raises:
            UnknownCase: no such case.
        """
        case = self._known(case_id)
        return allowed(self._rules_of(case), case, by, self.clock.now_us(), self._authorize)

    def cases(
        self,
        *,
        unit: str | None = None,
        state: str | None = None,
        overdue: bool = False,
        by: Actor | None = None,
        limit: int = 50,
        cursor: str = "",
    ) -> Page:
        """Cases in the order of (next due, id), those with nothing due last.

        Args:
            unit: only those this unit holds.
            state: only those in this state.
            overdue: only those with a running clock past its deadline, swept or not.
            by: only what this actor may see: a citizen their own, a handler their unit's.
            limit: at most so many, 1 to 1000.
            cursor: where the last page ended.
        """
        if not 1 <= limit <= 1000:
            raise BadInput("bad-option", what="limit", found=f"{limit}, expected 1 to 1000")
        scope = "any" if by is None else self.rules.role(by).scope
        citizen = by.id if by is not None and scope == "own" else None
        if by is not None and scope == "unit":
            if not by.unit or unit not in (None, by.unit):
                return Page(())
            unit = by.unit
        now = self.clock.now_us() if overdue else None
        query = Query(unit, citizen, state, now, _cursor(cursor) if cursor else None, limit + 1)
        found = self.store.find(query)
        if len(found) <= limit:
            return Page(found)
        last = found[limit - 1]
        return Page(found[:limit], json.dumps([last.next_due_us, last.id], ensure_ascii=False))


def _cursor(text: str) -> tuple[int | None, str]:
    try:
        due, case_id = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInput("bad-cursor", what="cursor", found=text) from error
    named = type(case_id) is str and case_id.isprintable()
    if not named or not (due is None or (type(due) is int and EARLIEST <= due <= LATEST)):
        raise BadInput("bad-cursor", what="cursor", found=text)
    return due, case_id
