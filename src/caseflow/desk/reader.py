"""What one actor may see: every question of a desk, answered as far as the policy lets their role read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Unpack

from caseflow.core.engine.rights import INTERNAL, NOTHING, PARTIES, in_scope, level_of, sees
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.model.events import Event
from caseflow.core.notices import Document
from caseflow.core.policy import SCOPES, Role
from caseflow.desk.call_checks import checked_cases
from caseflow.desk.case_file import AsyncCaseFile, CaseFile, CaseText
from caseflow.desk.case_list import CaseCounts, CountTerms, ListTerms, Page, cursor_of, page_of, query_of
from caseflow.desk.command_handler import CommandHandler
from caseflow.desk.thread_pool import Threaded, in_thread
from caseflow.errors import UnknownCase, is_of_the_store
from caseflow.i18n import Lang
from caseflow.ports import CaseCount, Quarantined, Query, Text
from caseflow.ports.records import Order
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
        case = self._handler.known(case_id)
        level = level_of(self._role_for(case), case, self._by)
        if level == NOTHING:
            raise UnknownCase(case_id)
        return CaseFile(self._handler, case, by=self._by, level=level)

    def get(self, case_id: str) -> Case:
        """The case as it is stored; to the parties without what the office keeps to itself."""
        return self.open(case_id).get()

    def cases(self, *, limit: int = 50, cursor: str = "", **terms: Unpack[ListTerms]) -> Page:
        """The actor's own cases, their unit's, or all, as their role's scope is; terms as in `Desk.cases`.

        A unit's are those that it holds and, unless ``helping`` is false, those that it helps with. Where the
        desk has several policies, the widest scope holds by which their role reads cases under one of them,
        and each case goes by its own rules within it. Empty where the role may not read cases. Whoever reads
        a case reads its title, so a text finds nothing that they may not read.
        """
        handler = self._handler
        every = query_now(handler, terms, text=terms.get("text", ""), order=terms.get("order"))
        query = self._within(self._scope(), every)
        if query is None:
            return Page(())
        cases, bad = list[Case](), list[Quarantined]()
        while True:
            page = page_of(handler.store, query, limit=limit, cursor=cursor, aside=handler.watch.tell)
            cases += self._read(page, bad)
            cursor = page.cursor
            if cases or not cursor or not query.words:
                break
        if cursor and query.words:
            cursor = cursor_of(query, cases[-1])  # one they may not find stands in no cursor either
        return Page(tuple(cases), cursor, tuple(bad))

    def _read(self, page: Page, bad: list[Quarantined]) -> list[Case]:
        """The cases of a page, each as the actor may read it; what is set aside is added to the list."""
        bad += page.quarantined
        seen, roles = list[Case](), dict[str, Role]()
        for pin, group in groupby(page.cases, _PIN):
            cases = tuple(group)
            try:
                if pin not in roles:
                    roles[pin] = self._role_for(cases[0])
            except Exception as error:  # its rules cannot be read
                if is_of_the_store(error):
                    raise
                bad += [Quarantined.of("case", case.id, error) for case in cases]
            else:
                seen += self._as_seen(cases, roles[pin])
        return seen

    def counts(self, **terms: Unpack[CountTerms]) -> CaseCounts:
        """How many of the cases that the actor may read there are, by state, unit and level of card.

        They are those of `cases`, all pages together.
        """
        scope = self._scope()
        query = self._within(scope, query_now(self._handler, terms))
        if query is None:
            return CaseCounts(())
        store = self._handler.store
        counted, bad = list[CaseCount](), dict[str, Quarantined]()
        narrower = dict[str, set[str]]()
        for row in store.counts(query):
            try:
                role = self._handler.rights(self._handler.rules_of_hash(row.policy_hash), self._by)
            except Exception as error:  # its rules cannot be read
                if is_of_the_store(error):
                    raise
                bad[row.policy_hash] = Quarantined.of("policy", row.policy_hash, error)
                continue
            if not sees(role.reads, PARTIES):
                continue
            if role.scope in (scope, "any"):
                counted.append(row)
            else:
                narrower.setdefault(role.scope, set()).add(row.policy_hash)
        for its_scope, pins in narrower.items():
            within = self._within(its_scope, query)
            rows = () if within is None else store.counts(within)
            counted += [row for row in rows if row.policy_hash in pins]
        return CaseCounts(tuple(counted), tuple(bad.values()))

    def _scope(self) -> str:
        """The widest by which the actor's role reads cases under a policy of the desk; empty for none."""
        handler = self._handler
        roles = [handler.rights(rules, self._by) for rules in handler.offered.values()]
        return max((role.scope for role in roles if sees(role.reads, PARTIES)), key=SCOPES.index, default="")

    def _within(self, scope: str, query: Query) -> Query | None:
        """The query of those of its cases that are in the actor's scope; `None` when there can be none."""
        by = self._by
        match scope:
            case "any":
                return query
            case "unit":
                return query.replace(unit=by.unit) if by.unit and query.unit in (None, by.unit) else None
            case "own":
                return query.replace(citizen=by.id)
            case _:
                return None

    def get_of(self, case: Case) -> Case | None:
        """A case at hand, as `get` has it; `None` where its own rules do not let the actor read it."""
        return next(iter(self._as_seen((case,), self._role_for(case))), None)

    def titles(self, cases: Iterable[Case]) -> dict[str, str]:
        """The titles of a page's cases by id, in its order; those erased, or not for the actor, are left out.

        Asks once where the store reads many cases' texts at a time.
        """
        ids = list[str]()
        for _, group in groupby(checked_cases(cases), _PIN):
            within = tuple(group)
            ids += [case.id for case in self._readable(within, self._role_for(within[0]))]
        store = self._handler.store
        many = getattr(store, "texts_many", None)
        if many is not None:
            kept = many(ids, aside=self._handler.watch.tell)
        else:
            kept = {case_id: store.texts(case_id) for case_id in ids}
        titles = {case_id: text.text for case_id in ids for text in kept.get(case_id, ()) if _is_title(text)}
        return {case_id: title for case_id, title in titles.items() if title}

    def _role_for(self, case: Case) -> Role:
        """The actor's rights under the rules of the case."""
        return self._handler.rights(self._handler.rules_of(case), self._by)

    def _readable(self, cases: Sequence[Case], role: Role) -> Sequence[Case]:
        """Those of the cases that the actor may read under the role, as they are stored."""
        return in_scope(role, cases, self._by) if sees(role.reads, PARTIES) else ()

    def _as_seen(self, cases: Sequence[Case], role: Role) -> Sequence[Case]:
        """Those of the cases that the actor may read under the role, as far as they may."""
        readable = self._readable(cases, role)
        return readable if sees(role.reads, INTERNAL) else self._handler.party_views.of(readable)

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


_PIN = attrgetter("origin.policy_hash")
"""The rules that a case stands under; on a page those of many cases are the same, and read once."""


def _is_title(text: Text) -> bool:
    """Whether it came with the submission, or with the takeover that stands for it."""
    return text.version == 1 and text.field == "title"


def query_now(
    handler: CommandHandler, terms: CountTerms, *, text: str = "", order: Order | None = None
) -> Query:
    """The query of a list as of now: a unit by its present name, dates in the office of new cases' rules."""
    now, zone = handler.clock.now_us(), handler.rules.policy.timezone
    query = query_of(terms, text=text, order=order, now_us=now, zone=zone)
    return query.replace(unit=handler.unit_asked(query.unit))


class AsyncReader(Threaded[Reader]):
    """A `Reader` whose questions are coroutines; see `Desk.aio`."""

    async def open(self, case_id: str) -> AsyncCaseFile:
        """The file of a case; see `Reader.open`."""
        return AsyncCaseFile(await self._pool.call(self._target.open, case_id), self._pool)

    get = in_thread(Reader.get)
    get_of = in_thread(Reader.get_of)
    titles = in_thread(Reader.titles)
    cases = in_thread(Reader.cases)
    counts = in_thread(Reader.counts)
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
