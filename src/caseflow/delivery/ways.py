"""From a notice and the people it is for to messages, each by the channel that reaches its person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from caseflow.delivery.messages import Messages
from caseflow.delivery.protocols import Delivery, Notifier, Person
from caseflow.delivery.wording import Known, Words, one_line
from caseflow.outbox import Notice
from caseflow.views.story_words import Lang
from caseflow.views.templates import paragraphs


class Ways:
    """The ways out, and what is said on them.

    Args:
        notifiers: channel -> notifier; or one for every channel.
    """

    def __init__(self, notifiers: Notifier | Mapping[str, Notifier], messages: Messages) -> None:
        self._notifiers = notifiers
        self._messages = messages

    def notifier(self, channel: str) -> Notifier:
        """The notifier of a channel that `deliveries` chose."""
        found = self._notifiers
        return found[channel] if isinstance(found, Mapping) else found

    def deliveries(self, known: Known, notice: Notice, people: Iterable[Person]) -> list[Delivery]:
        """A message for each person who can be reached, in their order; each person once."""
        found: dict[str, Delivery] = {}
        for person in people:
            channel = self._channel(person, notice.channel)
            if channel and person.id not in found:
                found[person.id] = self._delivery(known, notice, person, channel)
        return list(found.values())

    def _channel(self, person: Person, asked: str) -> str:
        """The channel asked for, or the first of the person's that a notifier serves; empty for none."""
        served = self._notifiers
        for channel in (asked,) if asked else tuple(person.addresses):
            if person.addresses.get(channel) and (not isinstance(served, Mapping) or channel in served):
                return channel
        return ""

    def _delivery(self, known: Known, notice: Notice, person: Person, channel: str) -> Delivery:
        lang: Lang = "en" if person.lang == "en" else "zh"
        said = Words(known, notice, lang, person.name)
        message = self._messages.of(str(notice.body.get("template", notice.topic)), lang)
        text = message.text.substitute(said)
        subject = one_line(message.subject.substitute(said))
        own = hashlib.sha256(f"{person.id}\0{channel}".encode()).hexdigest()[:12]
        return Delivery(
            f"{notice.id}-{own}", notice, person, channel, person.addresses[channel],
            subject, text, paragraphs(text, lang), lang,
        )  # fmt: skip
