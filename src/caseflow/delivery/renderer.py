"""From a notice to messages: what each place of a template says, and the channel that reaches a person."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from caseflow.core.engine.actions import ACTIONS
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model import events as e
from caseflow.core.model.case import Card, Case
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.notices import CORRECTION, OF_RUNGS, Document, Notice, whole
from caseflow.core.value import Value
from caseflow.i18n import Lang, languages, mark, text
from caseflow.ports import Text
from caseflow.ports.protocols import Notifier
from caseflow.ports.records import Delivery, Person
from caseflow.views.labels import PolicyLabels, clock_time
from caseflow.views.letter import Message, number_of, paragraphs, title_of


class CaseContext(Value):
    """What a message may speak of: the case as it stands when the message goes out."""

    rules: CompiledPolicy
    case: Case
    texts: tuple[Text, ...]
    documents: tuple[Document, ...]
    now_us: int


class Recipient(Value):
    """A person who is told, and the case of theirs for which they are: its own, or one that follows it."""

    person: Person
    case: Case
    texts: tuple[Text, ...]


class TemplateContext(Mapping[str, str]):
    """What stands in each place of a message to a person, looked up when the message asks for it."""

    def __init__(self, context: CaseContext, notice: Notice, lang: Lang, recipient: Recipient) -> None:
        self.case, self.rules, self.now_us = context.case, context.rules, context.now_us
        self.texts, self.documents = context.texts, context.documents
        self.notice = notice
        self.lang: Lang = lang
        self.recipient, self.person = recipient, recipient.person.name
        self.labels = PolicyLabels(context.rules, lang)
        self.clock = str(notice.body.get("clock", ""))

    def __getitem__(self, name: str) -> str:
        return _WORDS[name](self)

    def __iter__(self) -> Iterator[str]:
        return iter(_WORDS)

    def __len__(self) -> int:
        return len(_WORDS)

    def time(self, us: int) -> str:
        """An instant in the office's zone."""
        return self.labels.time(us)


def _since(of: TemplateContext) -> str:
    """When the card took effect; of other notices, when it happened."""
    notice = of.notice
    is_of_card = notice.topic in OF_RUNGS or notice.topic == CORRECTION
    return of.time(whole(notice.body, "issued_us", notice.at_us) if is_of_card else notice.at_us)


def _unit(of: TemplateContext) -> str:
    """The unit that is spoken of; the office itself where there is none."""
    notice = of.notice
    return str(notice.body.get("unit") or notice.unit or of.case.unit) or of.labels.office()


_WORDS: dict[str, Callable[[TemplateContext], str]] = {
    "action": lambda of: _action(of.labels, of.notice),
    "also": lambda of: _also(of.labels, of.case, of.notice),
    "at": lambda of: of.time(of.notice.at_us),
    "case": lambda of: of.recipient.case.id,
    "clock": lambda of: of.labels.clock(of.clock, str(of.notice.body.get("subject", ""))),
    "days": lambda of: str(of.notice.body.get("days", "")),
    "deadline": lambda of: _deadline(of),
    "due": lambda of: _due(of),
    "level": lambda of: of.labels.level(of.clock, of.notice.level),
    "number": lambda of: _number(of.documents, str(of.notice.body.get("document", "")), of.lang),
    "office": lambda of: of.labels.office(),
    "person": lambda of: of.person,
    "reason": lambda of: of.labels.named(of.rules.policy.reasons, str(of.notice.body.get("code", ""))),
    "role": lambda of: of.labels.role(of.notice.role),
    "salute": lambda of: text("notices.salute", of.lang, person=of.person) if of.person else "",
    "since": _since,
    "state": lambda of: of.labels.state(of.case.state),
    "text": lambda of: _text(of),
    "title": lambda of: title_of(of.recipient.case, of.recipient.texts, of.lang),
    "unit": _unit,
}
WORDS = frozenset(_WORDS)
"""What a message may speak of."""


def one_line(text: str) -> str:
    """The text on one line, as a subject must be, without what does not print."""
    line = " ".join(text.split())
    return (line if line.isprintable() else "".join(sign for sign in line if sign.isprintable()))[:200]


def _action(labels: PolicyLabels, notice: Notice) -> str:
    """The label of the rule's action; of the event where the policy has no action for it."""
    return labels.action(str(notice.body.get("action") or _ACTION_OF.get(notice.topic, notice.topic)))


_ACTION_OF = {spec.event.name: name for name, spec in ACTIONS.items()}
"""Registered name -> the built-in action that makes the event."""


def _text(of: TemplateContext) -> str:
    """What the act says; where that is not kept, a note, if it is certain that there was something."""
    version = of.notice.version
    for kept in of.texts:
        if kept.version == version and kept.field == "text":
            return kept.text
    is_reply = of.notice.topic in (e.Replied.name, e.PlaceholderReplied.name)
    for redaction in of.case.facts.redactions:
        if f"text@{version}" in redaction.fields or (is_reply and "text" in redaction.fields):
            return text("letters.erased", of.lang)
    return text("letters.elsewhere", of.lang) if is_reply else ""


def _number(documents: Sequence[Document], document_id: str, lang: Lang) -> str:
    return next((number_of(document, lang) for document in documents if document.draft.id == document_id), "")


def _deadline(of: TemplateContext) -> str:
    due = _deadline_us(of)
    return text("notices.unknown", of.lang) if due is None else of.time(due)


def _deadline_us(of: TemplateContext) -> int | None:
    """The first late instant of the clock that is spoken of, else of the case."""
    run = _run(of)
    return run.deadline_us if run is not None else of.case.deadline_us


def _run(of: TemplateContext) -> ClockRun | None:
    return of.case.latest(of.clock, str(of.notice.body.get("subject", ""))) if of.clock else None


def _due(of: TemplateContext) -> str:
    """A sentence of the deadline as it stands now; nothing of a clock that ended, or has no certain end."""
    run, due = _run(of), _deadline_us(of)
    if run is not None and not run.is_running:
        return ""
    if due is not None:
        return text("notices.due" if of.now_us < due else "notices.overdue", of.lang, at=of.time(due))
    runs = [run] if run is not None else [run for run in of.case.clocks if run.is_running]
    return text("notices.paused", of.lang) if any(run.is_paused for run in runs) else ""


def instance(notice: Notice) -> tuple[str, str, int]:
    """The clock instance that a notice of a rung is about."""
    body = notice.body
    return str(body.get("clock", "")), str(body.get("subject", "")), whole(body, "cycle", 1)


def others(case: Case, notice: Notice) -> tuple[Card, ...]:
    """The other cards that a notice of a rung stands for: earlier ones, or those annulled with its own."""
    key, level, at_us = instance(notice), notice.level, notice.at_us
    cards = [c for c in case.escalations if (c.clock, c.subject, c.cycle) == key and c.level != level]
    if notice.topic == CORRECTION:
        return tuple(card for card in cards if card.annulled_us == at_us)
    return tuple(card for card in cards if card.stands and card.effective_us < at_us)


def _also(labels: PolicyLabels, case: Case, notice: Notice) -> str:
    if notice.topic not in OF_RUNGS and notice.topic != CORRECTION:
        return ""
    lang, zone = labels.lang, case.origin.zone
    named = [
        text(
            "notices.card", lang,
            level=labels.level(card.clock, card.level), at=clock_time(card.effective_us, zone),
        )
        for card in others(case, notice)
    ]  # fmt: skip
    key = "notices.annulled" if notice.topic == CORRECTION else "notices.earlier"
    return text(key, lang, cards=mark("list", lang).join(named)) if named else ""


DIGEST = "digest"
"""How the id of a digest begins, and the code of a notice that waits for one."""


class MessageSource(Protocol):
    """Where messages come from: `caseflow.delivery.messages.Messages`, which knows what they may speak of."""

    def of(self, key: str, lang: str) -> Message:
        """The message of a key in a language."""
        ...


class Channels:
    """The ways out, and the message that goes out by each.

    Args:
        notifiers: channel -> notifier; or one for every channel.
    """

    def __init__(self, notifiers: Notifier | Mapping[str, Notifier], messages: MessageSource) -> None:
        self._notifiers = notifiers
        self._messages = messages

    def notifier(self, channel: str) -> Notifier:
        """The notifier of a channel that `deliveries` chose."""
        served = self._notifiers
        return served[channel] if isinstance(served, Mapping) else served

    def deliveries(
        self, context: CaseContext, notice: Notice, recipients: Iterable[Recipient]
    ) -> list[Delivery]:
        """A message for each who can be reached, in their order; each person once."""
        by_person: dict[str, Delivery] = {}
        for recipient in recipients:
            person = recipient.person
            channel = self._channel(person, notice.channel)
            if channel and person.id not in by_person:
                by_person[person.id] = self._delivery(context, notice, recipient, channel)
        return list(by_person.values())

    def _channel(self, person: Person, wanted: str) -> str:
        """The channel wanted, or the first of the person's that a notifier serves; empty for none."""
        served = self._notifiers
        for channel in (wanted,) if wanted else tuple(person.addresses):
            if person.addresses.get(channel) and (not isinstance(served, Mapping) or channel in served):
                return channel
        return ""

    def _delivery(self, context: CaseContext, notice: Notice, recipient: Recipient, channel: str) -> Delivery:
        person = recipient.person
        lang: Lang = person.lang if person.lang in languages() else "zh"
        words = TemplateContext(context, notice, lang, recipient)
        message = self._messages.of(str(notice.body.get("template", notice.topic)), lang)
        body = message.text.substitute(words)
        return Delivery(
            id=f"{notice.id}-{short_hash(person.id, channel)}",
            notice=notice,
            person=person,
            channel=channel,
            address=person.addresses[channel],
            subject=one_line(message.subject.substitute(words)),
            text=body,
            html=paragraphs(body, lang),
            lang=lang,
        )


def digest_of(parts: Sequence[Delivery]) -> Delivery:
    """One message for the same person by the same channel; its id goes by theirs."""
    first, ids = parts[0], [part.id for part in parts]
    if len(parts) == 1:
        return first
    body = "\n\n".join(
        f"{number}. {part.subject}\n\n{part.text.strip()}" for number, part in enumerate(parts, 1)
    )
    subject = text("notices.digest", first.lang, n=len(parts), subject=first.subject)
    return first.replace(
        id=f"{DIGEST}-{short_hash(*sorted(ids))}",
        subject=one_line(subject),
        text=f"{body}\n",
        html=paragraphs(body, first.lang),
        parts=tuple(parts),
    )


def short_hash(*parts: str) -> str:
    """Twelve hexadecimal digits."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
