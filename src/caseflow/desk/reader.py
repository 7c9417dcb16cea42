"""What one actor may see: every question of a desk, answered as far as the policy lets their role read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.rights import (
    INTERNAL,
    NOTHING,
    PARTIES,
    PUBLIC,
    act_of,
    audience_of_act,
    audience_of_text,
    for_parties,
    level_of,
    retracted,
    sees,
)
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.model.events import Event
from caseflow.core.notices import Document
from caseflow.core.value import Value
from caseflow.desk.case_list import Page, page_of
from caseflow.desk.command_handler import CommandHandler
from caseflow.errors import Refusal, Refused, UnknownCase, is_of_the_store
from caseflow.i18n import Lang
from caseflow.ports import Quarantined, Query, Text
from caseflow.serialization.redaction import with_redacted
from caseflow.views.available_actions import Allowed, allowed
from caseflow.views.explain import Explanation, explain
from caseflow.views.forecast import Forecast, forecast
from caseflow.views.public import PublicCase, public_view
from caseflow.views.story import Story, told


class CaseText(Value):
    """A personal text of a case.

    Attributes:
        case_id: the case, or its primary for a public text of that.
        version: the case's version after the text's event.
        field: the name of the action's field.
        action: the name of the action by which it came; empty for a takeover.
        audience: whom it is for: ``public``, ``parties`` or ``internal``.
        is_redacted: whether it was erased; the text is empty then.
    """

    case_id: str
    version: int
    field: str
    text: str
    action: str
    audience: str
    is_redacted: bool = False


def case_texts(
    rules: CompiledPolicy, case: Case, events: Sequence[Event], kept: Iterable[Text]
) -> tuple[CaseText, ...]:
    """The texts of a case in the order they came, each with its act and its audience.

    A reply that was taken back is internal.
    """
    taken_back, texts = retracted(case, events), list[CaseText]()
    for text in with_redacted(events, kept):
        event = events[text.version - 1]
        audience = audience_of_text(rules, event, text.field)
        texts.append(
            CaseText(
                case.id,
                text.version,
                text.field,
                text.text,
                action=act_of(event),
                audience=INTERNAL if text.version in taken_back else audience,
                is_redacted=text.is_redacted,
            )
        )
    return tuple(texts)


class Reader:
    """The questions of a desk as one actor may ask them; see `Desk.seen_by`.

    A case that is none of the actor's is no case to them (`UnknownCase`), so that nobody learns that it
    exists; a question of one of theirs that their role may not ask is refused (``may-not-read``).
    """

    def __init__(self, handler: CommandHandler, by: Actor) -> None:
        self._handler = handler
        self._by = by

    def get(self, case_id: str) -> Case:
        """The case as it is stored; to the parties without what the office keeps to itself."""
        case, level = self._seen(case_id, PARTIES, "case")
        return case if sees(level, INTERNAL) else for_parties(case)

    def cases(
        self,
        *,
        unit: str | None = None,
        state: str | None = None,
        overdue: bool = False,
        limit: int = 50,
        cursor: str = "",
    ) -> Page:
        """The actor's own cases, their unit's, or all, as their role's scope is; ordered as `Desk.cases`.

        Empty where the role may not read cases.
        """
        handler, by = self._handler, self._by
        role, citizen = handler.rights(handler.rules, by), None
        if not sees(role.reads, PARTIES):
            return Page(())
        if role.scope == "own":
            citizen = by.id
        elif role.scope == "unit":
            if not by.unit or unit not in (None, by.unit):
                return Page(())
            unit = by.unit
        query = Query(
            unit=unit, citizen=citizen, state=state, overdue_at=handler.clock.now_us() if overdue else None
        )
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
        """The texts that the actor may read, in the order they came; then its primary's public ones.

        A reply that was taken back is for the office alone. The citizen of a merged case reads what the
        public is told in its primary.
        """
        case, level = self._seen(case_id, PUBLIC, "texts")
        texts = self._texts_of(case, level)
        primary = self._handler.store.load(case.facts.primary) if case.facts.primary else None
        return texts if primary is None else (*texts, *self._texts_of(primary, PUBLIC))

    def history(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first; for the office alone, since events name who acted."""
        self._seen(case_id, INTERNAL, "history")
        return self._handler.store.events(case_id)

    def documents(self, case_id: str) -> tuple[Document, ...]:
        """The numbered documents of the case, for the office alone."""
        self._seen(case_id, INTERNAL, "documents")
        return self._handler.store.documents(case_id)

    def story(self, case_id: str, *, lang: Lang = "zh") -> Story:
        """What happened, in words, as far as it is for the actor."""
        case, level = self._seen(case_id, PARTIES, "story")
        rules, events = self._handler.rules_of(case), self._handler.store.events(case_id)
        story = told(
            self._handler.rules_of_hash, case_id, events, self._texts_of(case, level), lang=lang,
            withheld=self._withheld(case, events, level),
        )  # fmt: skip
        shown = {
            version for version, event in enumerate(events, 1) if sees(level, audience_of_act(rules, event))
        }
        return Story(tuple(line for line in story.lines if line.version in shown))

    def explain(self, case_id: str, *, clock: str) -> tuple[Explanation, ...]:
        """Why each deadline of a clock is what it is; see `Desk.explain`."""
        case, _ = self._seen(case_id, PARTIES, "explanation")
        return explain(self._handler.rules_of(case), case, clock, self._handler.rules_of_hash)

    def forecast(self, case_id: str) -> tuple[Forecast, ...]:
        """What happens, and when, if nobody acts; see `Desk.forecast`."""
        case, _ = self._seen(case_id, PARTIES, "forecast")
        return forecast(self._handler.rules_of(case), case)

    def allowed(self, case_id: str) -> tuple[Allowed, ...]:
        """Every action of the policy: its fields, or why this actor may not take it; see `Desk.allowed`."""
        case, _ = self._seen(case_id, PARTIES, "actions")
        handler = self._handler
        return allowed(handler.rules_of(case), case, self._by, handler.clock.now_us(), handler.authorizer)

    def _seen(self, case_id: str, audience: str, question: str) -> tuple[Case, str]:
        """The case, and how far the actor sees it.

        Raises:
            UnknownCase: there is none, or it is none of the actor's.
            Refused: the actor's role may not ask that (``may-not-read``).
        """
        case = self._handler.known(case_id)
        rules = self._handler.rules_of(case)
        level = level_of(self._handler.rights(rules, self._by), case, self._by)
        if level == NOTHING:
            raise UnknownCase(case_id)
        if not sees(level, audience):
            roles = tuple(name for name, role in rules.policy.roles.items() if sees(role.reads, audience))
            refused = Refusal(
                code="may-not-read", action=question, found=self._by.role, missing=roles,
                rule=f"roles.{self._by.role}.reads",
            )  # fmt: skip
            raise Refused(refused, case_id=case_id)
        return case, level

    def _texts_of(self, case: Case, level: str) -> tuple[CaseText, ...]:
        store, rules = self._handler.store, self._handler.rules_of(case)
        texts = case_texts(rules, case, store.events(case.id), store.texts(case.id))
        return tuple(text for text in texts if sees(level, text.audience))

    def _withheld(self, case: Case, events: tuple[Event, ...], level: str) -> frozenset[tuple[int, str]]:
        """The version and field of each text that is not for the actor: a story says nothing of it."""
        rules, taken_back = self._handler.rules_of(case), retracted(case, events)
        return frozenset(
            (version, field)
            for version, event in enumerate(events, 1)
            for field, _ in event.texts
            if not sees(level, INTERNAL if version in taken_back else audience_of_text(rules, event, field))
        )
