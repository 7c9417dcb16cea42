"""What one actor may see: every question of a desk, answered as far as the policy lets their role read."""

from __future__ import annotations

from caseflow.core.engine.rights import INTERNAL, NOTHING, PARTIES, for_parties, level_of, sees
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.model.events import Event
from caseflow.core.notices import Document
from caseflow.desk.case_file import AsyncCaseFile, CaseFile, CaseText
from caseflow.desk.case_list import Page, page_of
from caseflow.desk.command_handler import CommandHandler
from caseflow.desk.thread_pool import Threaded, in_thread
from caseflow.errors import UnknownCase, is_of_the_store
from caseflow.i18n import Lang
from caseflow.ports import Quarantined, Query
from caseflow.views.available_actions import Allowed
from caseflow.views.explain import Explanation
from caseflow.views.forecast import Forecast
from caseflow.views.lifeline import Lifeline
from caseflow.views.public import PublicCase, public_view
from caseflow.views.story import Story


class Reader:
    """The questions of a desk as one actor may ask them; see `Desk.seen_by`.

    A case that is none of the actor's is no case to them (`UnknownCase`), so that nobody learns that it
    exists; a question of one of theirs that their role may not ask is refused (``may-not-read``).
    """

    def __init__(self, handler: CommandHandler, by: Actor) -> None:
        self._handler = handler
        self._by = by

    def open(self, case_id: str) -> CaseFile:
        """The file of a case (案卷), for a page that asks several things: it reads each part once.

        Raises:
            UnknownCase: there is none, or it is none of the actor's.
        """
        case, handler = self._handler.known(case_id), self._handler
        level = level_of(handler.rights(handler.rules_of(case), self._by), case, self._by)
        if level == NOTHING:
            raise UnknownCase(case_id)
        return CaseFile(handler, case, by=self._by, level=level)

    def get(self, case_id: str) -> Case:
        """The case as it is stored; to the parties without what the office keeps to itself."""
        return self.open(case_id).get()

    def cases(
        self,
        *,
        unit: str | None = None,
        state: str | None = None,
        overdue: bool = False,
        helping: bool = True,
        limit: int = 50,
        cursor: str = "",
    ) -> Page:
        """The actor's own cases, their unit's, or all, as their role's scope is; ordered as `Desk.cases`.

        A unit's are those that it holds and, unless ``helping`` is false, those that it helps with.
        Empty where the role may not read cases.
        """
        handler, by, unit = self._handler, self._by, self._handler.unit_asked(unit)
        role, citizen = handler.rights(handler.rules, by), None
        if not sees(role.reads, PARTIES):
            return Page(())
        if role.scope == "own":
            citizen = by.id
        elif role.scope == "unit":
            if not by.unit or unit not in (None, by.unit):
                return Page(())
            unit = by.unit
        now = handler.clock.now_us() if overdue else None
        query = Query(unit=unit, citizen=citizen, state=state, overdue_at=now, helping=helping)
        page = page_of(handler.store, query, limit=limit, cursor=cursor, aside=handler.watch.tell)
        cases, bad = list[Case](), list(page.quarantined)
        for case in page.cases:
            try:
                seen = self.get_of(case)
            except Exception as error:  # its rules cannot be read
                if is_of_the_store(error):
                    raise
                bad.append(Quarantined.of("case", case.id, error))
            else:
                cases += () if seen is None else (seen,)
        return page.replace(cases=tuple(cases), quarantined=tuple(bad))

    def get_of(self, case: Case) -> Case | None:
        """A case at hand, as `get` has it; `None` where its own rules do not let the actor read it."""
        role = self._handler.rights(self._handler.rules_of(case), self._by)
        level = level_of(role, case, self._by)
        if sees(level, INTERNAL):
            return case
        return for_parties(case) if sees(level, PARTIES) else None

    def public(self, case_id: str) -> PublicCase:
        """The case as anyone may see it."""
        case = self._handler.known(case_id)
        return public_view(self._handler.rules_of(case), case)

    def texts(self, case_id: str) -> tuple[CaseText, ...]:
        """The texts that the actor may read; see `CaseFile.texts`."""
        return self.open(case_id).texts()

    def history(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first; for the office alone, since events name who acted."""
        return self.open(case_id).history()

    def documents(self, case_id: str) -> tuple[Document, ...]:
        """The numbered documents of the case, for the office alone."""
        return self.open(case_id).documents()

    def number(self, case_id: str, *, lang: Lang = "zh") -> str:
        """The case's number as it is written; see `Desk.number`."""
        return self.open(case_id).number(lang=lang)

    def get_by_number(self, year: int, number: int) -> Case:
        """The case of a number, as `get` has it; see `Desk.get_by_number`."""
        return self.get(self._handler.id_of_number(year, number))

    def story(self, case_id: str, *, lang: Lang = "zh") -> Story:
        """What happened, in words, as far as it is for the actor."""
        return self.open(case_id).story(lang=lang)

    def lifeline(self, case_id: str, *, lang: Lang = "zh") -> Lifeline:
        """The case's life up to now, as far as it is for the actor; what a picture of it is made from."""
        return self.open(case_id).lifeline(lang=lang)

    def explain(self, case_id: str, *, clock: str) -> tuple[Explanation, ...]:
        """Why each deadline of a clock is what it is; see `Desk.explain`."""
        return self.open(case_id).explain(clock=clock)

    def forecast(self, case_id: str) -> tuple[Forecast, ...]:
        """What happens, and when, if nobody acts; see `Desk.forecast`."""
        return self.open(case_id).forecast()

    def allowed(self, case_id: str) -> tuple[Allowed, ...]:
        """Every action of the policy: its fields, or why this actor may not take it; see `Desk.allowed`."""
        return self.open(case_id).allowed()


class AsyncReader(Threaded[Reader]):
    """A `Reader` whose questions are coroutines; see `Desk.aio`."""

    async def open(self, case_id: str) -> AsyncCaseFile:
        """The file of a case; see `Reader.open`."""
        return AsyncCaseFile(await self._pool.call(self._target.open, case_id), self._pool)

    get = in_thread(Reader.get)
    get_of = in_thread(Reader.get_of)
    cases = in_thread(Reader.cases)
    public = in_thread(Reader.public)
    texts = in_thread(Reader.texts)
    history = in_thread(Reader.history)
    documents = in_thread(Reader.documents)
    number = in_thread(Reader.number)
    get_by_number = in_thread(Reader.get_by_number)
    story = in_thread(Reader.story)
    lifeline = in_thread(Reader.lifeline)
    explain = in_thread(Reader.explain)
    forecast = in_thread(Reader.forecast)
    allowed = in_thread(Reader.allowed)
