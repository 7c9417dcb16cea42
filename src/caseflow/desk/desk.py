"""The desk: the one door to the cases of a store, for commands, sweeps, takeovers, migrations, questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Unpack, overload

from caseflow.clock import SystemClock
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.model.events import Event
from caseflow.core.notices import Document
from caseflow.core.policy import Policy
from caseflow.desk.adopter import Adopter, Adoption, Known, LegacyCase
from caseflow.desk.call_checks import checked_actor
from caseflow.desk.case_list import Page, page_of
from caseflow.desk.command_handler import CommandHandler
from caseflow.desk.health_check import health_of
from caseflow.desk.hooks import Hook, Hooks, When
from caseflow.desk.instrumentation import Watch
from caseflow.desk.migrator import Migration, Migrator, Selection
from caseflow.desk.quarantine import quarantined
from caseflow.desk.reader import CaseText, Reader, case_texts
from caseflow.desk.sweeper import Sweep, Sweeper
from caseflow.desk.typed_actions import Terms, TypedActions
from caseflow.errors import BadInput
from caseflow.i18n import Lang
from caseflow.policies.registry import compiled
from caseflow.ports import Authorizer, Clock, Observer, Quarantined, Query, Store
from caseflow.views.available_actions import Allowed, allowed
from caseflow.views.explain import Explanation, explain
from caseflow.views.forecast import Forecast, forecast
from caseflow.views.health import HealthDocument, HealthLimits
from caseflow.views.letter import letter
from caseflow.views.public import PublicCase, public_view


class Desk(TypedActions):
    """Takes commands, keeps what they lead to, and tells what is due. Safe to share between threads.

    Args:
        policy: the rules for new cases, or these compiled; older cases keep the rules they pinned.
        store: where cases are kept.
        clock: tells the time; the system's by default.
        authorizer: replaces the policy's table of roles: who may what, on which cases, and who backdates.
        tells: whether people are told: notices and documents are written with the events. Without, nothing
            is ever told of what this desk records; for the past, brought in from a log.
        observer: is told what was done, refused and swept.
        hooks: those of a desk that this one replaces; by default it has its own, without any.

    Boundary:
        The clock is read once for each command, before anything else, and that instant is kept through
        every retry.
    """

    def __init__(
        self,
        policy: Policy | CompiledPolicy,
        store: Store,
        *,
        clock: Clock | None = None,
        authorizer: Authorizer | None = None,
        tells: bool = True,
        observer: Observer | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        if authorizer is not None and not callable(getattr(authorizer, "refuses", None)):
            raise BadInput(
                "bad-option", what="authorizer", found=f"{authorizer!r:.80}, which is no Authorizer"
            )
        watch = Watch(observer)
        self._hooks = Hooks() if hooks is None else hooks
        handler = CommandHandler(
            compiled(policy),
            store,
            clock if clock is not None else SystemClock(),
            authorizer=authorizer,
            tells=tells,
            watch=watch,
            hooks=self._hooks,
        )
        super().__init__(handler)
        self._sweeper = Sweeper(handler)
        self._adopter = Adopter(handler)
        self._migrator = Migrator(handler)

    @property
    def rules(self) -> CompiledPolicy:
        """The rules for new cases."""
        return self._handler.rules

    @property
    def store(self) -> Store:
        """Where cases are kept."""
        return self._handler.store

    @property
    def clock(self) -> Any:
        """What tells the time; as it was given, so that a test can set it."""
        return self._handler.clock

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
        """Take over an open case of another system, with its true start and state.

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

    @overload
    def migrate(
        self, case_id: str, *, by: Actor, retroactive: bool | None = None, **terms: Unpack[Terms]
    ) -> Case: ...

    @overload
    def migrate(
        self,
        case_id: None = None,
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
    ) -> Migration: ...

    def migrate(
        self,
        case_id: str | None = None,
        *,
        by: Actor,
        retroactive: bool | None = None,
        unit: str | None = None,
        state: str | None = None,
        kind: str | None = None,
        policy_hash: str | None = None,
        dry_run: bool = False,
        progress: Callable[[int], object] = lambda _: None,
        **terms: Any,
    ) -> Case | Migration:
        """Bring one case, or every open case of a selection, under the desk's own policy and calendars.

        A case's own history is folded under the new rules: clocks that are new begin at their true instants,
        a renamed one (``was``) keeps its cards, cards that no longer hold are annulled, those newly owed
        issued at their own instants. Many cases are gone through in the order of their ids, in batches of one
        transaction each; a run that was broken off goes on by the same call. One that cannot be brought under
        the new rules stays as it is and is listed.

        Args:
            case_id: the one case; by default every open one that the selection admits.
            by: who does it.
            reason: why, when the policy asks for it.
            retroactive: by default everything is counted anew from the beginning. When false, each rung keeps
                the later of its old and its new instant, and nothing becomes due before now that was not.
            unit, state, kind: only cases that this unit holds, in this state, of this kind.
            policy_hash: only cases that are under these rules.
            dry_run: write nothing; the result is the impact that it would have.
            progress: told after each batch how many cases were looked at.

        Returns:
            The case; or what it came to for all of them, cards by unit and level included.

        Raises:
            BadInput: for one case a selection or ``dry_run``; for many what only one command takes.
            Refused: for one case: the actor may not, a running clock would be lost (``clock-lost``), the new
                rules lack the case's state, or an ``effective_at`` is given: it takes effect when recorded.
        """
        selected = {"unit": unit, "state": state, "kind": kind, "policy_hash": policy_hash}
        if case_id is not None:
            if dry_run:
                raise BadInput("not-beside", what="dry_run", found="case_id")
            for name, value in selected.items():
                if value is not None:
                    raise BadInput("not-beside", what=name, found="case_id")
            fields = {} if retroactive is None else {"retroactive": retroactive}
            return self._do(case_id, "migrate", by, terms, **fields)  # type: ignore[arg-type]  # of one case
        reason = str(terms.pop("reason", ""))
        for name in terms:
            raise BadInput("not-beside", what=name, found="many cases")
        return self._migrator.migrate(
            Selection(**selected),
            by=by,
            reason=reason,
            retroactive=retroactive is not False,
            dry_run=dry_run,
            progress=progress,
        )

    def health(self, limits: HealthLimits | None = None) -> HealthDocument:
        """How sweeps, relays and calendars stand, held to limits: a few questions by index.

        Args:
            limits: by default a quarter of an hour for either lag, and no others.

        Raises:
            StoreError: the store cannot be asked.
        """
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

        Raises:
            UnknownCase: no such case.
        """
        self._handler.known(case_id)
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
        case, by = self._handler.known(case_id), checked_actor(by)
        return allowed(self._handler.rules_of(case), case, by, self.clock.now_us(), self._handler.authorizer)

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
        """Cases in the order of (next due, id), those with nothing due last; the longest overdue first.

        Args:
            unit: only those this unit holds.
            state: only those in this state.
            overdue: only those with a running clock past its deadline, swept or not.
            by: only what this actor may read, as `seen_by` has it.
            limit: at most so many, 1 to 1000.
            cursor: where the last page ended.
        """
        if by is not None:
            seen = self.seen_by(by)
            return seen.cases(unit=unit, state=state, overdue=overdue, limit=limit, cursor=cursor)
        now = self.clock.now_us() if overdue else None
        query = Query(unit=unit, state=state, overdue_at=now)
        return page_of(self.store, query, limit=limit, cursor=cursor, aside=self._handler.watch.tell)

    def seen_by(self, actor: Actor) -> Reader:
        """The same questions as this actor may ask them: denied by default, as far as their role ``reads``.

        A portal's pages ask these, and no others.
        """
        return Reader(self._handler, checked_actor(actor))
