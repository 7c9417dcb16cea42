"""The file of one case (案卷) as one actor may see it: each part is read once, when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.rights import (
    INTERNAL,
    PARTIES,
    PUBLIC,
    act_of,
    audience_of_act,
    audience_of_text,
    for_parties,
    retracted,
    sees,
)
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.model.events import Event
from caseflow.core.notices import Document, case_number_id
from caseflow.core.value import Value
from caseflow.desk.call_checks import checked_cases
from caseflow.desk.command_handler import CommandHandler
from caseflow.desk.thread_pool import Threaded, in_thread
from caseflow.errors import CaseflowError, Refusal, Refused, is_of_the_store
from caseflow.i18n import Lang
from caseflow.ports import Store, Text
from caseflow.serialization.redaction import with_redacted
from caseflow.views.available_actions import Allowed, allowed
from caseflow.views.explain import Explanation, explain
from caseflow.views.forecast import Forecast, forecast
from caseflow.views.letter import number_of
from caseflow.views.lifeline import Lifeline, lifeline
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


def issued(case_id: str, documents: Sequence[Document]) -> tuple[Document, ...]:
    """The documents that rungs issued: all but the one by which the case has its number."""
    return tuple(one for one in documents if one.draft.id != case_number_id(case_id))


def number_of_case(
    rules: CompiledPolicy, case_id: str, documents: Callable[[], Sequence[Document]], *, lang: Lang
) -> str:
    """The case's number as it is written; empty where the rules number none, which asks nothing.

    Args:
        documents: asks for all of the case's.
    """
    if not rules.policy.case_series:
        return ""
    name = case_number_id(case_id)
    return next((number_of(one, lang) for one in documents() if one.draft.id == name), "")


def numbers_of_cases(
    store: Store, rules_of: Callable[[Case], CompiledPolicy], cases: Iterable[Case], *, lang: Lang
) -> dict[str, str]:
    """The numbers by id of those cases that have one, read in one question where the store can.

    Cases whose rules or documents cannot be read have none here.
    """
    numbered = dict[str, CompiledPolicy]()
    for case in checked_cases(cases):
        try:
            rules = rules_of(case)
        except CaseflowError as error:
            if is_of_the_store(error):
                raise
            continue
        if rules.policy.case_series:
            numbered[case.id] = rules
    if not numbered:
        return {}
    read_many = getattr(store, "documents_many", None)
    documents: Mapping[str, Sequence[Document]] = (
        {case_id: store.documents(case_id) for case_id in numbered}
        if read_many is None
        else read_many(tuple(numbered))
    )
    numbers = {
        case_id: number_of_case(rules, case_id, partial(_of, documents, case_id), lang=lang)
        for case_id, rules in numbered.items()
    }
    return {case_id: number for case_id, number in numbers.items() if number}


def _of(documents: Mapping[str, Sequence[Document]], case_id: str) -> Sequence[Document]:
    return documents.get(case_id, ())


class CaseFile:
    """One case at one version: whatever is asked of it, and however often, the store is read four times.

    The case, its events, its texts, its documents; of a merged case the first three of its primary, too.
    Events and texts are those of the case's version, whatever others write meanwhile.

    Args:
        level: how far the actor may read the case.
    """

    def __init__(self, handler: CommandHandler, case: Case, *, by: Actor, level: str) -> None:
        self._handler = handler
        self._case = case
        self._by = by
        self._level = level

    @cached_property
    def rules(self) -> CompiledPolicy:
        """The rules that the case pinned: whose words labels are in."""
        return self._handler.rules_of(self._case)

    def get(self) -> Case:
        """The case as it is stored; to the parties without what the office keeps to itself."""
        self._check(PARTIES, "case")
        return self._case if sees(self._level, INTERNAL) else for_parties(self._case)

    def texts(self) -> tuple[CaseText, ...]:
        """The texts that the actor may read, in the order they came; then its primary's public ones.

        A reply that was taken back is for the office alone. The citizen of a merged case reads what the
        public is told in its primary.
        """
        return (*self._own_texts, *self._texts_of_primary)

    def history(self) -> tuple[Event, ...]:
        """Every event of the case, oldest first; for the office alone, since events name who acted."""
        self._check(INTERNAL, "history")
        return self._events

    def documents(self) -> tuple[Document, ...]:
        """The numbered documents of the case, for the office alone."""
        self._check(INTERNAL, "documents")
        return issued(self._case.id, self._documents)

    def number(self, *, lang: Lang = "zh") -> str:
        """The case's number as it is written, such as ``民声〔2025〕第3号``; see `Desk.number`."""
        self._check(PUBLIC, "number")
        return number_of_case(self.rules, self._case.id, lambda: self._documents, lang=lang)

    def story(self, *, lang: Lang = "zh") -> Story:
        """What happened, in words, as far as it is for the actor."""
        self._check(PARTIES, "story")
        rules, events, level = self.rules, self._events, self._level
        story = told(
            self._handler.rules_of_hash, self._case.id, events, self._own_texts, lang=lang,
            withheld=self._withheld,
        )  # fmt: skip
        shown = {
            version for version, event in enumerate(events, 1) if sees(level, audience_of_act(rules, event))
        }
        return Story(tuple(line for line in story.lines if line.version in shown))

    def lifeline(self, *, lang: Lang = "zh") -> Lifeline:
        """The case's life up to now, as far as it is for the actor; what a picture of it is made from."""
        self._check(PARTIES, "story")
        rules, level = self.rules, self._level
        return lifeline(
            rules, self.get(), self._events, now_us=self._handler.clock.now_us(),
            shown=lambda event: sees(level, audience_of_act(rules, event)), lang=lang,
        )  # fmt: skip

    def explain(self, *, clock: str) -> tuple[Explanation, ...]:
        """Why each deadline of a clock is what it is; see `Desk.explain`."""
        self._check(PARTIES, "explanation")
        return explain(self.rules, self._case, clock, self._handler.rules_of_hash)

    def forecast(self) -> tuple[Forecast, ...]:
        """What happens, and when, if nobody acts; see `Desk.forecast`."""
        self._check(PARTIES, "forecast")
        return forecast(self.rules, self._case)

    def allowed(self) -> tuple[Allowed, ...]:
        """Every action of the policy: its fields, or why this actor may not take it; see `Desk.allowed`."""
        self._check(PARTIES, "actions")
        handler = self._handler
        return allowed(self.rules, self._case, self._by, handler.clock.now_us(), handler.authorizer)

    def _check(self, audience: str, question: str) -> None:
        """Raise where the actor's role may not ask that.

        Raises:
            Refused: ``may-not-read``.
        """
        if sees(self._level, audience):
            return
        roles = tuple(name for name, role in self.rules.policy.roles.items() if sees(role.reads, audience))
        refused = Refusal(
            code="may-not-read", action=question, found=self._by.role, missing=roles,
            rule=f"roles.{self._by.role}.reads",
        )  # fmt: skip
        raise Refused(refused, case_id=self._case.id)

    # -- what is read of the store ---------------------------------------------------------------------------

    @cached_property
    def _events(self) -> tuple[Event, ...]:
        return self._handler.store.events(self._case.id)[: self._case.version]

    @cached_property
    def _documents(self) -> tuple[Document, ...]:
        return self._handler.store.documents(self._case.id)

    @cached_property
    def _own_texts(self) -> tuple[CaseText, ...]:
        self._check(PUBLIC, "texts")
        return self._texts_of(self._case, self._events, self._level)

    @cached_property
    def _texts_of_primary(self) -> tuple[CaseText, ...]:
        store, name = self._handler.store, self._case.facts.primary
        primary = store.load(name) if name else None
        return () if primary is None else self._texts_of(primary, store.events(name), PUBLIC)

    def _texts_of(self, case: Case, events: Sequence[Event], level: str) -> tuple[CaseText, ...]:
        events = events[: case.version]
        kept = [text for text in self._handler.store.texts(case.id) if text.version <= case.version]
        texts = case_texts(self._handler.rules_of(case), case, events, kept)
        return tuple(text for text in texts if sees(level, text.audience))

    @cached_property
    def _withheld(self) -> frozenset[tuple[int, str]]:
        """The version and field of each text that is not for the actor: a story says nothing of it."""
        rules, taken_back = self.rules, retracted(self._case, self._events)
        return frozenset(
            (version, field)
            for version, event in enumerate(self._events, 1)
            for field, _ in event.texts
            if not sees(
                self._level,
                INTERNAL if version in taken_back else audience_of_text(rules, event, field),
            )
        )


class AsyncCaseFile(Threaded[CaseFile]):
    """A `CaseFile` whose questions are coroutines."""

    @property
    def rules(self) -> CompiledPolicy:
        """The rules that the case pinned: whose words labels are in."""
        return self._target.rules

    get = in_thread(CaseFile.get)
    texts = in_thread(CaseFile.texts)
    history = in_thread(CaseFile.history)
    documents = in_thread(CaseFile.documents)
    number = in_thread(CaseFile.number)
    story = in_thread(CaseFile.story)
    lifeline = in_thread(CaseFile.lifeline)
    explain = in_thread(CaseFile.explain)
    forecast = in_thread(CaseFile.forecast)
    allowed = in_thread(CaseFile.allowed)
