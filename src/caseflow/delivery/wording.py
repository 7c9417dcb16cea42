"""What a message says about a case: the words for its places, looked up when it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from caseflow.core.actions import ACTIONS
from caseflow.core.case import Card, Case
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.notices import CORRECTION, OF_RUNGS
from caseflow.outbox import Document, Notice
from caseflow.ports import Text
from caseflow.views.letter import number_of, title_of
from caseflow.views.naming import Naming
from caseflow.views.story_words import Lang
from caseflow.views.times import clock_time

_SALUTE = {"zh": "{0}：\n", "en": "Dear {0},\n\n"}
_ALSO = {
    ("zh", False): "此前各级：{0}。", ("en", False): " Earlier levels: {0}.",
    ("zh", True): "同时撤销：{0}。", ("en", True): " Annulled with it: {0}.",
}  # fmt: skip
_CARD = {"zh": "{0}（{1}）", "en": "{0} ({1})"}
_BETWEEN = {"zh": "、", "en": ", "}
_UNKNOWN = {"zh": "—", "en": "-"}


@value
class Known(Value):
    """What is known of a case at the moment of telling."""

    rules: Rules
    case: Case
    texts: tuple[Text, ...]
    documents: tuple[Document, ...]


class Words(Mapping[str, str]):
    """Every word for a message to a person, each looked up when the message asks for it."""

    def __init__(self, known: Known, notice: Notice, lang: Lang, person: str) -> None:
        self.known = known
        self.notice = notice
        self.lang: Lang = lang
        self.person = person
        self.say = Naming(known.rules, lang)
        self.clock = str(notice.body.get("clock", ""))

    def __getitem__(self, name: str) -> str:
        return _WORDS[name](self)

    def __iter__(self) -> Iterator[str]:
        return iter(_WORDS)

    def __len__(self) -> int:
        return len(_WORDS)

    def time(self, us: int) -> str:
        """An instant in the office's zone."""
        return clock_time(us, self.known.rules.policy.timezone)


def _since(of: Words) -> str:
    """When the card took effect; of other notices, when it happened."""
    notice = of.notice
    is_of_card = notice.topic in OF_RUNGS or notice.topic == CORRECTION
    return of.time(int(notice.body.get("issued_us", notice.at_us)) if is_of_card else notice.at_us)


def _unit(of: Words) -> str:
    notice = of.notice
    return str(notice.body.get("unit") or notice.unit or of.known.case.unit) or _UNKNOWN[of.lang]


_WORDS: dict[str, Callable[[Words], str]] = {
    "action": lambda of: _action(of.say, of.notice),
    "also": lambda of: _also(of.say, of.known.case, of.notice),
    "at": lambda of: of.time(of.notice.at_us),
    "case": lambda of: of.known.case.id,
    "clock": lambda of: of.say.clock(of.clock, str(of.notice.body.get("subject", ""))),
    "days": lambda of: str(of.notice.body.get("days", "")),
    "deadline": lambda of: _deadline(of) or _UNKNOWN[of.lang],
    "level": lambda of: of.say.level(of.clock, of.notice.level),
    "number": lambda of: _number(of.known.documents, str(of.notice.body.get("document", "")), of.lang),
    "office": lambda of: of.known.rules.policy.labels.get(of.lang, of.known.rules.policy.name),
    "person": lambda of: of.person,
    "reason": lambda of: of.say.named(of.known.rules.policy.reasons, str(of.notice.body.get("code", ""))),
    "role": lambda of: _role(of.known.rules, of.notice.role, of.lang),
    "salute": lambda of: _SALUTE[of.lang].format(of.person) if of.person else "",
    "since": _since,
    "state": lambda of: of.say.state(of.known.case.state),
    "text": lambda of: _text(of.known.texts, of.notice.version),
    "title": lambda of: title_of(of.known.texts, of.lang),
    "unit": _unit,
}
WORDS = frozenset(_WORDS)
"""What a message may speak of."""


def one_line(text: str) -> str:
    """The text on one line, as a subject must be, without what does not print."""
    line = " ".join(text.split())
    return (line if line.isprintable() else "".join(sign for sign in line if sign.isprintable()))[:200]


def _role(rules: Rules, name: str, lang: Lang) -> str:
    role = rules.policy.roles.get(name)
    return role.labels.get(lang, name) if role else name


def _action(say: Naming, notice: Notice) -> str:
    """The label of the rule's action; of the event where the policy has no action for it."""
    asked = notice.body.get("action") or _ACTION_OF.get(notice.topic, notice.topic)
    return say.action(str(asked))


_ACTION_OF = {spec.event.name: name for name, spec in ACTIONS.items()}
"""Registered name -> the built-in action that makes the event."""


def _text(texts: Sequence[Text], version: int) -> str:
    return next((text.text for text in texts if text.version == version and text.field == "text"), "")


def _number(documents: Sequence[Document], asked: str, lang: Lang) -> str:
    return next((number_of(found, lang) for found in documents if found.draft.id == asked), "")


def _deadline(of: Words) -> str:
    """The first late instant of the clock that is spoken of, else of the case."""
    case = of.known.case
    run = case.latest(of.clock, str(of.notice.body.get("subject", ""))) if of.clock else None
    due = run.deadline_us if run is not None else case.deadline_us
    return "" if due is None else of.time(due)


def instance(notice: Notice) -> tuple[str, str, int]:
    """The clock instance that a notice of a rung is about."""
    body = notice.body
    return str(body.get("clock", "")), str(body.get("subject", "")), int(body.get("cycle", 1))


def others(case: Case, notice: Notice) -> tuple[Card, ...]:
    """The other cards that a notice of a rung stands for: earlier ones, or those annulled with its own."""
    mine = [card for card in case.rungs if (card.clock, card.subject, card.cycle) == instance(notice)]
    if notice.topic == CORRECTION:
        return tuple(c for c in mine if c.annulled_us == notice.at_us and c.level != notice.level)
    return tuple(c for c in mine if c.stands and c.effective_us < notice.at_us and c.level != notice.level)


def _also(say: Naming, case: Case, notice: Notice) -> str:
    if notice.topic not in OF_RUNGS and notice.topic != CORRECTION:
        return ""
    named = [
        _CARD[say.lang].format(
            say.level(card.clock, card.level), clock_time(card.effective_us, case.origin.zone)
        )
        for card in others(case, notice)
    ]
    lang = say.lang
    return _ALSO[lang, notice.topic == CORRECTION].format(_BETWEEN[lang].join(named)) if named else ""
