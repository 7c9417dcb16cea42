"""The desk: the one door to the cases of a store, for commands, sweeps, takeovers, migrations, questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, Unpack

from caseflow.clock import SystemClock
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.model.events import Event
from caseflow.core.notices import Document
from caseflow.core.policy import Policy
from caseflow.desk.adopter import Adopter, Adoption, Known, LegacyCase
from caseflow.desk.batch import Batch, Result, batched
from caseflow.desk.call_checks import (
    checked_actor,
    checked_count,
    checked_folder,
    checked_function,
    checked_list,
    checked_name,
    checked_register,
)
from caseflow.desk.case_file import CaseText, case_texts, issued, number_of_case, numbers_of_cases
from caseflow.desk.case_list import CaseCounts, CountTerms, ListTerms, Page, page_of
from caseflow.desk.command_handler import CommandHandler
from caseflow.desk.hand_over import HandOver, hand_over
from caseflow.desk.health_check import health_of
from caseflow.desk.hooks import Hook, Hooks, When
from caseflow.desk.instrumentation import Watch
from caseflow.desk.migrator import Migration, Migrator, Selection
from caseflow.desk.quarantine import quarantined
from caseflow.desk.reader import AsyncReader, Reader, query_now
from caseflow.desk.sweeper import Sweep, Sweeper
from caseflow.desk.thread_pool import THREADS, CallPool, Threaded, in_thread
from caseflow.desk.typed_actions import TypedActions
from caseflow.errors import BadInput, StoreError
from caseflow.i18n import Lang
from caseflow.policies.registry import compiled
from caseflow.ports import Authorizer, Clock, Observer, Quarantined, Store, UnitRegister
from caseflow.views.available_actions import Allowed, allowed
from caseflow.views.board_rows import Board, BoardPeriod
from caseflow.views.explain import Explanation, explain
from caseflow.views.forecast import Forecast, forecast
from caseflow.views.health import HealthDocument, HealthLimits
from caseflow.views.letter import letter
from caseflow.views.public import PublicCase, public_view


class Desk(TypedActions):
    """Takes commands, keeps what they lead to, and tells what is due. Safe to share between threads.

    Args:
        policies: the rules for new cases, or these compiled; or a list of them, of which the first is for
            cases that name none. Older cases keep the rules they pinned.
        store: where cases are kept.
        clock: tells the time; the system's by default.
        authorizer: replaces the policy's table of roles: who may what, on which cases, and who backdates.
        tells: whether people are told: notices and documents are written with the events. Without, nothing
            is ever told of what this desk records; for the past, brought in from a log.
        observer: is told what was done, refused and swept.
        hooks: those of a desk that this one replaces; by default it has its own, without any.
        units: the units there are: a case is given to no other, and to a renamed one by its present name.
            By default a unit of any name is taken.

    Boundary:
        The clock is read once for each command, before anything else, and that instant is kept through
        every retry.
    """

    def __init__(
        self,
        policies: Policy | CompiledPolicy | Sequence[Policy | CompiledPolicy],
        store: Store,
        *,
        clock: Clock | None = None,
        authorizer: Authorizer | None = None,
        tells: bool = True,
        observer: Observer | None = None,
        hooks: Hooks | None = None,
        units: UnitRegister | None = None,
    ) -> None:
        if units is not None and not callable(getattr(units, "unit", None)):
            raise BadInput("bad-option", what="units", found=f"{units!r:.80}, which is no UnitRegister")
        if authorizer is not None and not callable(getattr(authorizer, "refuses", None)):
            raise BadInput(
                "bad-option", what="authorizer", found=f"{authorizer!r:.80}, which is no Authorizer"
            )
        watch = Watch(observer)
        self._hooks = Hooks() if hooks is None else hooks
        handler = CommandHandler(
            _offered(policies),
            store,
            clock if clock is not None else SystemClock(),
            authorizer=authorizer,
            tells=tells,
            watch=watch,
            hooks=self._hooks,
            units=units,
        )
        self._set_up(handler)

    def _set_up(self, handler: CommandHandler) -> None:
        self._handler = handler
        self._sweeper = Sweeper(handler)
        self._adopter = Adopter(handler)
        self._migrator = Migrator(handler)

    def joined(self, connection: Any) -> Self:
        """A desk like this one inside the transaction of the portal's own connection.

        What it records is committed and rolled back with the portal's rows. It shares everything but the
        connection: compiled rules, what is known to be kept in the store, clock, authorizer, observer and
        hooks, those among them that are subscribed later. Making one asks the database nothing but, once for
        each connection that the driver opened, whether its session keeps texts as they are; so a portal may
        make one for each request.

        Args:
            connection: of SQLAlchemy, to the database of this desk's store: ``connection``,
                ``session.connection()``, or what ``run_sync`` of an async engine hands over (psycopg,
                asyncpg).

        Raises:
            StoreError: ``store-not-joinable`` where the store is none of SQLAlchemy's; what
                `caseflow.stores.sqlalchemy.SqlStore.joined` refuses.
        """
        within: Callable[[Any], Store] | None = getattr(self.store, "within", None)
        if within is None:
            raise StoreError("store-not-joinable", found=type(self.store).__name__)
        desk = copy(self)
        vars(desk).pop("aio", None)
        desk._set_up(self._handler.on(within(connection)))
        return desk

    @property
    def rules(self) -> CompiledPolicy:
        """The rules for new cases that name no policy."""
        return self._handler.rules

    @property
    def policies(self) -> Mapping[str, CompiledPolicy]:
        """The rules for new cases by the names of their policies, in the order in which they were given."""
        return MappingProxyType(self._handler.offered)

    @property
    def store(self) -> Store:
        """Where cases are kept."""
        return self._handler.store

    @property
    def clock(self) -> Any:
        """What tells the time; as it was given, so that a test can set it."""
        return self._handler.clock

    @cached_property
    def aio(self) -> AsyncDesk:
        """The desk with its methods as coroutines: ``await desk.aio.reply(...)``.

        One pool of threads a desk, opened by the first call; `AsyncDesk` chooses how many.
        """
        return AsyncDesk(self)

    @property
    def units(self) -> UnitRegister | None:
        """The register of units; without one a unit of any name is taken."""
        return self._handler.units

    # -- commands ------------------------------------------------------------------------------------------

    def sweep(
        self,
        *,
        limit: int | None = None,
        until: datetime | str | int | None = None,
        shared: bool = False,
    ) -> Sweep:
        """Fire every rung that is due: the same cards, whenever and by however many it is called.

        Args:
            limit: look at no more than so many cases.
            until: fire only what is due at or before this instant; never later than now.
            shared: take what is due in small batches in an order of chance, so that any number of workers
                at once seldom meet at the same ones. Nobody holds anything: where they meet, the second finds
                it done, and what a dead one left is due as before.
        """
        return self._sweeper.sweep(limit=limit, until=until, shared=shared)

    def adopt(
        self, case_id: str, *, by: Actor, reason: str, key: str | None = None, **known: Unpack[Known]
    ) -> Case:
        """Take over a case of another system, with its true start and state.

        Rungs that it reached before are recorded as inherited and told to nobody; those to come fire as
        usual. The same case again, in the same words, changes nothing.

        Args:
            case_id: the id it keeps.
            by: who takes it over; a role that may take every action and record facts late.
            reason: why; kept apart as a text.
            key: an idempotency key of this actor.
            known: what is known of it, as `caseflow.LegacyCase` describes; ``state`` and ``submitted_at``
                are needed.

        Returns:
            The case as it stands: after the adoption, or after what happened to it since.

        Raises:
            Refused: the rules do not allow it, an instant or clock does not fit, or a case of that id is
                there with another past; nothing was recorded.
            BadInput: something that is no instant.
            KeyReused: the key belongs to another command.
        """
        return self._adopter.adopt(LegacyCase(case_id=case_id, **known), by=by, reason=reason, key=key)

    def adopt_all(
        self,
        cases: Callable[[], Iterable[LegacyCase]],
        *,
        by: Actor,
        reason: str,
        dry_run: bool = False,
        progress: Callable[[int], object] = lambda _: None,
    ) -> Adoption:
        """Take over many cases: all of them, or none when one is wrong.

        They are gone through twice, first to judge and then to write, in batches of one transaction each; a
        run that was broken off is finished by the same call.

        Args:
            cases: gives the cases anew each time it is called.
            by, reason: as in `adopt`.
            dry_run: judge only.
            progress: told after each batch how many cases were written or passed over.
        """
        return self._adopter.adopt_all(cases, by=by, reason=reason, dry_run=dry_run, progress=progress)

    def batch(self, work: Callable[[Batch], Result], *, reads: Iterable[str] = ()) -> Result:
        """Take many commands in one append: all of them, or none when one is refused.

        Args:
            work: takes its commands by what it is given, which has the methods of a desk that take one
                (``submit``, ``link``, ``act``...); each sees what those before it did. Lists and the desk
                itself see nothing of it until all is recorded. It is called anew, five times at most, when
                another writer changed one of the cases meanwhile, so that it should change nothing else.
            reads: ids of cases that it will meet: read some hundred at once, which is faster.

        Returns:
            What the work returns.

        Raises:
            BadInput: a command under an idempotency ``key``; cases of a batch are known by their ids.
            Stale: other writers were faster five times.
            Exception: whatever the work raises; nothing was recorded.
        """
        checked_function("work", work)
        ids = [checked_name("reads", case_id) for case_id in checked_list("reads", reads)]
        return batched(self._handler, work, ids)

    def migrate_all(
        self,
        *,
        by: Actor,
        reason: str,
        retroactive: bool | None = None,
        unit: str | None = None,
        state: str | None = None,
        kind: str | None = None,
        policy_hash: str | None = None,
        dry_run: bool = False,
        progress: Callable[[int], object] = lambda _: None,
    ) -> Migration:
        """Bring every open case, or those of a selection, under the desk's own policy, as `migrate` does one.

        They are gone through in the order of their ids, in batches of one transaction each; a run that was
        broken off goes on by the same call. One that cannot be brought under the new rules stays as it is and
        is listed.

        Args:
            by: who does it.
            reason: why.
            retroactive: as in `migrate`.
            unit, state, kind: only cases that this unit holds, in this state, of this kind.
            policy_hash: only cases that are under these rules.
            dry_run: write nothing; the result is the impact that it would have.
            progress: told after each batch how many cases were looked at.

        Returns:
            What it came to for all of them, cards by unit and level included.
        """
        return self._migrator.migrate(
            Selection(unit=self._handler.unit_asked(unit), state=state, kind=kind, policy_hash=policy_hash),
            by=by,
            reason=reason,
            retroactive=retroactive is not False,
            dry_run=dry_run,
            progress=progress,
        )

    def hand_over(
        self,
        unit: str,
        *,
        by: Actor,
        reason: str,
        to: str | None = None,
        dry_run: bool = False,
        progress: Callable[[int], object] = lambda _: None,
    ) -> HandOver:
        """Hand on the open cases of a unit that was renamed or dissolved, all of them by this one call.

        Each case that it holds is transferred, and with each that it helps with the other unit helps as well,
        by the rules of that case. A case whose rules do not let it go stays and is listed. A run that was
        broken off goes on by the same call, and a second one finds nothing left.

        Args:
            unit: its name; of a unit that the register knows, its cases under all the names that it had.
            by: who hands them on; a role that may take ``transfer`` and ``add_co_handler``.
            reason: why; kept apart as a text of each case.
            to: who gets them. By default what the register says: the unit under its present name, or the
                successor of one that is no more.
            dry_run: judge only.
            progress: told after each case how many were looked at.

        Raises:
            BadInput: it is not known who gets them, or the unit that should is not there.
        """
        return hand_over(self._handler, unit, to=to, by=by, reason=reason, dry_run=dry_run, progress=progress)

    def health(self, limits: HealthLimits | None = None) -> HealthDocument:
        """How sweeps, relays and calendars stand, held to limits: a few questions by index.

        Args:
            limits: by default a quarter of an hour for either lag, and no others.

        Raises:
            StoreError: the store cannot be asked.
        """
        if limits is not None and not isinstance(limits, HealthLimits):
            raise BadInput("bad-option", what="limits", found=f"{limits!r:.80}, which is no HealthLimits")
        return health_of(self._handler).held_to(limits or HealthLimits())

    def rules_of(self, case: str | Case) -> CompiledPolicy:
        """The rules that the case, or the case of that id, pinned.

        Raises:
            UnknownCase: no such case.
        """
        return self._handler.rules_of(case if isinstance(case, Case) else self._handler.known(case))

    def subscribe(
        self, what: type[Event] | str, function: Hook, *, when: When = "after"
    ) -> Callable[[], None]:
        """Call a function of this process for every event of a kind, whoever on this desk brings it about.

        Args:
            what: an event's class or registered name, such as ``CardIssued`` or ``"card-issued"``;
                ``RungEvent`` for reminders and cards, ``Event`` for all.
            function: gets a `Happened`; what it returns is not looked at.
            when: ``before``: after the decision, before anything is recorded; any error stops the command,
                with nothing recorded, and reaches whoever gave it; raise `Refused` to say why. A sweep
                leaves that case out and goes on. Called once more when another writer was faster, so that
                it should change nothing itself. ``after``: once it is committed, with a joined store after
                the portal's commit; an error is logged and stops nobody. Never called for a repeat under an
                idempotency key.

        Returns:
            A function that ends the subscription.

        Hooks are called in the order of events, for each in the order of subscription. Those after the
        commit are lost with the process; what must be told stands in the policy's notices.

        Raises:
            BadInput: there is no such event, or no such ``when``.
        """
        return self._hooks.subscribe(what, function, when=when)

    def quarantined(self, *, progress: Callable[[int], object] = lambda _: None) -> Iterator[Quarantined]:
        """Everything in the store that is set aside now, found by reading all of it and changing nothing.

        Cases, events, texts, notices, documents and policies that cannot be read, and cases that the next
        sweep could not decide; what the database would not take is learnt by the sweep that tries.

        Args:
            progress: told after each case how many were read.

        Returns:
            In the order of cases by id; policies first.
        """
        return quarantined(self._handler, progress=progress)

    # -- questions: nothing here changes a case -------------------------------------------------------------

    def get(self, case_id: str) -> Case:
        """The case as it is stored; what is due but not swept yet is not in it.

        Raises:
            UnknownCase: no such case.
        """
        return self._handler.known(case_id)

    def history(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first.

        Raises:
            UnknownCase: no such case.
        """
        self._handler.known(case_id)
        return self.store.events(case_id)

    def texts(self, case_id: str) -> tuple[CaseText, ...]:
        """The personal texts of the case, in the order they came: each with its act, and whom it is for.

        One that was redacted stands in its place with ``is_redacted`` true, without text.

        Raises:
            UnknownCase: no such case.
        """
        case, store = self._handler.known(case_id), self.store
        return case_texts(self._handler.rules_of(case), case, store.events(case_id), store.texts(case_id))

    def documents(self, case_id: str) -> tuple[Document, ...]:
        """The numbered documents of the case, in the order they were issued; void ones (作废) among them.

        The case's own number is none of them: see `number`.

        Raises:
            UnknownCase: no such case.
        """
        self._handler.known(case_id)
        return issued(case_id, self.store.documents(case_id))

    def number(self, case_id: str, *, lang: Lang = "zh") -> str:
        """The number of the case as it is written, such as ``民声〔2025〕第3号``.

        Empty where its rules number no cases (``case_series``), and for one that was taken over, brought in
        from a log, or submitted under other rules.

        Raises:
            UnknownCase: no such case.
        """
        rules, store = self._handler.rules_of(self._handler.known(case_id)), self.store
        return number_of_case(rules, case_id, lambda: store.documents(case_id), lang=lang)

    def numbers(self, cases: Iterable[Case], *, lang: Lang = "zh") -> dict[str, str]:
        """The numbers, as `number` writes them, of cases at hand, by id; those without one are left out.

        One question to the store for all of them, none where their rules number no cases: for lists.
        """
        handler = self._handler
        return numbers_of_cases(handler.store, handler.rules_of, cases, lang=lang)

    def get_by_number(self, year: int, number: int) -> Case:
        """The case that has this number of that year, in the series of the desk's own rules.

        Raises:
            UnknownCase: none has.
        """
        return self.get(self._handler.id_of_number(year, number))

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
        case = self._handler.known(case_id)
        numbered = next((one for one in self.store.documents(case_id) if one.draft.id == document), None)
        if numbered is None:
            raise BadInput("unknown-document", case=case_id, found=document)
        texts = self.store.texts(case_id)
        return letter(self._handler.rules_of(case), case, numbered, texts=texts, lang=lang, folder=folder)

    def explain(self, case_id: str, *, clock: str) -> tuple[Explanation, ...]:
        """Why each deadline of a clock is what it is, day by day: every instance, oldest first.

        Raises:
            UnknownCase: no such case.
            BadInput: the case has no such clock.
        """
        case = self._handler.known(case_id)
        handler = self._handler
        return explain(handler.rules_of(case), case, clock, handler.rules_of_hash)

    def public(self, case_id: str) -> PublicCase:
        """The case as anyone may see it: an allow-list without texts, people and notes.

        Raises:
            UnknownCase: no such case.
        """
        case = self._handler.known(case_id)
        return public_view(self._handler.rules_of(case), case)

    def forecast(self, case_id: str) -> tuple[Forecast, ...]:
        """What happens, and when, if nobody acts: in the order of time.

        Raises:
            UnknownCase: no such case.
        """
        case = self._handler.known(case_id)
        return forecast(self._handler.rules_of(case), case)

    def allowed(self, case_id: str, *, by: Actor) -> tuple[Allowed, ...]:
        """Every action of the policy, in its order: its fields, or the refusal with its remedy.

        Raises:
            UnknownCase: no such case.
        """
        case, by = self._handler.known(case_id), self._handler.actor(checked_actor(by))
        return allowed(self._handler.rules_of(case), case, by, self.clock.now_us(), self._handler.authorizer)

    def cases(
        self,
        *,
        by: Actor | None = None,
        limit: int = 50,
        cursor: str = "",
        **terms: Unpack[ListTerms],
    ) -> Page:
        """Cases page by page, those that every term holds for.

        Args:
            by: only what this actor may read, as `seen_by` has it.
            limit: at most so many, 1 to 1000.
            cursor: where the last page ended, of the same order.
            terms: ``unit``: only those this unit holds or helps with; without ``helping``, which is true by
                default, those alone that it holds. ``state``, ``kind``, ``region``: only those in this
                state, of this kind, of this region. ``policy``: only those under a policy of this name, in
                whichever version. ``level``: only those whose highest standing card is of
                this level. ``since``, ``until``: only those submitted at or after the one, before the other:
                an instant, or a date for its beginning in the office. ``overdue``: only those with a running
                clock past its deadline, swept or not. ``text``: only those whose title holds each of its
                words, or parts of words, of two characters at least; the store must keep an index of them
                (``caseflow store titles``).
                ``order``: ``due``: what is due next comes first, what has nothing due last; ``worst``: the
                longest overdue first, then the next to be, those alone whose deadline runs; ``newest``: the
                last submitted first. By default ``due``; what is overdue comes worst first, what a text is
                looked for in newest first, and in no other order.

        Raises:
            BadInput: a term of another type, an order that does not go with the rest, a word of one
                character (``short-word``), a text where the store keeps no index of titles
                (``titles-not-searched``), a cursor that is none or of another order.
        """
        if by is not None:
            return self.seen_by(by).cases(limit=limit, cursor=cursor, **terms)
        query = query_now(self._handler, terms, text=terms.get("text", ""), order=terms.get("order"))
        return page_of(self.store, query, limit=limit, cursor=cursor, aside=self._handler.watch.tell)

    def counts(self, **terms: Unpack[CountTerms]) -> CaseCounts:
        """How many cases there are by state, unit and level of card, as a dashboard shows them.

        Args:
            terms: which are counted, as in `cases`.

        Raises:
            BadInput: a term of another type.
        """
        return CaseCounts(self.store.counts(query_now(self._handler, terms)))

    def board(
        self,
        name: str,
        *,
        period: BoardPeriod | str,
        by: Sequence[str] = ("unit",),
        least: int | None = None,
        tables: str | Path | None = None,
        places: UnitRegister | None = None,
    ) -> Board:
        """A board of a period: the figures of units, or what else `by` names, with ranks where it ranks.

        It needs the extra ``analytics``.

        Args:
            name: ``overview``, ``satisfied``, ``unsatisfied``, ``on-time``, ``speed``, ``faults``,
                ``growth``.
            period: days of the office: ``2025``, ``2025-Q1``, ``2025-03``, ``2025-W10``, ``2025-03-03``, or
                the first and the last day with ``..`` between them.
            by: of what there is a row each: ``unit``, ``kind``, ``channel``, ``region``, ``policy``,
                ``level``, ``province``, ``month``, ``quarter``, ``year``; none for one row of all.
            least: the smallest denominator that is ranked; 10 when left out.
            tables: a folder of analytic tables, brought up to date first (``caseflow analytics export``); by
                default every event is folded anew.
            places: which units are of which level and province; by default the desk's own register.

        Raises:
            BadInput: ``bad-option``, ``bad-period``.
        """
        source = import_module("caseflow.analytics.board_source")  # of an extra, and of a higher floor
        result: Board = source.store_board(
            self.store,
            checked_name("name", name),
            period=period if isinstance(period, BoardPeriod) else checked_name("period", period),
            by=[checked_name("by", one) for one in checked_list("by", by)],
            least=None if least is None else checked_count("least", least),
            tables=None if tables is None else checked_folder("tables", tables),
            units=self.units if places is None else checked_register("places", places),
        )
        return result

    def seen_by(self, actor: Actor) -> Reader:
        """The same questions as this actor may ask them: denied by default, as far as their role ``reads``.

        A portal's pages ask these, and no others; a page of one case opens its file first (`Reader.open`).
        """
        return Reader(self._handler, self._handler.actor(checked_actor(actor)))


class AsyncDesk(Threaded[Desk]):
    """A desk whose methods are coroutines: each is called in a thread of a bounded pool; see `Desk.aio`.

    Args:
        desk: the portal's; its store is safe to share between threads.
        threads: so many calls are under way at once, the others wait for their turn. A store's pool should
            have as many connections.

    Boundary:
        Whoever waits may be cancelled, what has begun may not: the command goes on to its end, and may be
        committed though nobody heard of it. Asked again under its idempotency key it returns its first case.
        A command that still waits for a thread is never taken.

    Raises:
        BadInput: ``threads`` is no whole number of 1 or more.
        CaseflowError: of every method, after `aclose` (``aio-closed``).
    """

    def __init__(self, desk: Desk, *, threads: int = THREADS) -> None:
        super().__init__(desk, CallPool(threads))

    async def aclose(self) -> None:
        """Take no more calls, and wait for those that have begun; desk and store stay open."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        """The desk itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.aclose()

    def seen_by(self, actor: Actor) -> AsyncReader:
        """What this actor may see; see `Desk.seen_by`."""
        return AsyncReader(self._target.seen_by(actor), self._pool)

    async def quarantined(
        self, *, progress: Callable[[int], object] = lambda _: None
    ) -> tuple[Quarantined, ...]:
        """Everything in the store that is set aside now, once all was read; see `Desk.quarantined`."""
        return await self._pool.call(lambda: tuple(self._target.quarantined(progress=progress)))

    act = in_thread(Desk.act)
    acknowledge = in_thread(Desk.acknowledge)
    add_co_handler = in_thread(Desk.add_co_handler)
    annul_card = in_thread(Desk.annul_card)
    assess = in_thread(Desk.assess)
    attach = in_thread(Desk.attach)
    close = in_thread(Desk.close)
    complete = in_thread(Desk.complete)
    dispatch = in_thread(Desk.dispatch)
    drop_rectification = in_thread(Desk.drop_rectification)
    grant_extension = in_thread(Desk.grant_extension)
    invite = in_thread(Desk.invite)
    link = in_thread(Desk.link)
    link_rectification = in_thread(Desk.link_rectification)
    hand_over = in_thread(Desk.hand_over)
    merge = in_thread(Desk.merge)
    note = in_thread(Desk.note)
    placeholder = in_thread(Desk.placeholder)
    rate = in_thread(Desk.rate)
    rate_by_token = in_thread(Desk.rate_by_token)
    receive_information = in_thread(Desk.receive_information)
    redact = in_thread(Desk.redact)
    refuse_extension = in_thread(Desk.refuse_extension)
    reject = in_thread(Desk.reject)
    reopen = in_thread(Desk.reopen)
    reply = in_thread(Desk.reply)
    report = in_thread(Desk.report)
    request_extension = in_thread(Desk.request_extension)
    request_information = in_thread(Desk.request_information)
    retract_reply = in_thread(Desk.retract_reply)
    revoke_invitation = in_thread(Desk.revoke_invitation)
    route = in_thread(Desk.route)
    send_back = in_thread(Desk.send_back)
    sign_receipt = in_thread(Desk.sign_receipt)
    submit = in_thread(Desk.submit)
    take_charge = in_thread(Desk.take_charge)
    transfer = in_thread(Desk.transfer)
    unlink = in_thread(Desk.unlink)
    verify_rectification = in_thread(Desk.verify_rectification)
    withdraw = in_thread(Desk.withdraw)
    sweep = in_thread(Desk.sweep)
    adopt = in_thread(Desk.adopt)
    adopt_all = in_thread(Desk.adopt_all)
    batch = in_thread(Desk.batch)
    migrate_all = in_thread(Desk.migrate_all)
    migrate = in_thread(Desk.migrate)
    rules_of = in_thread(Desk.rules_of)
    subscribe = in_thread(Desk.subscribe)
    get = in_thread(Desk.get)
    history = in_thread(Desk.history)
    texts = in_thread(Desk.texts)
    documents = in_thread(Desk.documents)
    number = in_thread(Desk.number)
    numbers = in_thread(Desk.numbers)
    get_by_number = in_thread(Desk.get_by_number)
    document_html = in_thread(Desk.document_html)
    explain = in_thread(Desk.explain)
    public = in_thread(Desk.public)
    forecast = in_thread(Desk.forecast)
    allowed = in_thread(Desk.allowed)
    cases = in_thread(Desk.cases)
    counts = in_thread(Desk.counts)
    health = in_thread(Desk.health)
    board = in_thread(Desk.board)


def _offered(policies: Policy | CompiledPolicy | Sequence[Policy | CompiledPolicy]) -> list[CompiledPolicy]:
    """The policies compiled.

    Raises:
        BadInput: there is none, or two of them have one name.
    """
    several = policies if isinstance(policies, Sequence) else [policies]
    offered = [compiled(one) for one in several]
    names = [rules.policy.name for rules in offered]
    if not names or len(set(names)) < len(names):
        raise BadInput("bad-option", what="policies", found=f"{names!r:.200}")
    return offered
