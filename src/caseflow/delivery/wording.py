"""What a message says about a case: the words for its places, looked up when it is told."""

from __future__ import annotations

from collections.abc import Sequence

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


def words(known: Known, notice: Notice, lang: Lang) -> dict[str, str]:
    """Every word but the person's own: ``person`` and ``salute`` are added for each recipient."""
    rules, case, body = known.rules, known.case, notice.body
    say, zone, clock = Naming(rules, lang), rules.policy.timezone, str(body.get("clock", ""))
    of_rung = notice.topic in OF_RUNGS or notice.topic == CORRECTION
    since = int(body.get("issued_us", notice.at_us)) if of_rung else notice.at_us
    return {
        "action": _action(say, notice),
        "also": _also(say, case, notice),
        "at": clock_time(notice.at_us, zone),
        "case": case.id,
        "clock": say.clock(clock, str(body.get("subject", ""))),
        "days": str(body.get("days", "")),
        "deadline": _deadline(case, notice, zone) or _UNKNOWN[lang],
        "level": say.level(clock, notice.level),
        "number": _number(known.documents, str(body.get("document", "")), lang),
        "office": rules.policy.labels.get(lang, rules.policy.name),
        "reason": say.named(rules.policy.reasons, str(body.get("code", ""))),
        "role": _role(rules, notice.role, lang),
        "since": clock_time(since, zone),
        "state": say.state(case.state),
        "text": _text(known.texts, notice.version),
        "title": title_of(known.texts, lang),
        "unit": str(body.get("unit") or notice.unit or case.unit) or _UNKNOWN[lang],
    }


def salute(name: str, lang: Lang) -> str:
    """How a person is addressed; empty without a name."""
    return _SALUTE[lang].format(name) if name else ""


def one_line(text: str) -> str:
    """The text on one line, as a subject must be, without what does not print."""
    line = " ".join(text.split())
    return "".join(sign for sign in line if sign.isprintable())[:200]


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


def _deadline(case: Case, notice: Notice, zone: str) -> str:
    """The first late instant of the clock that is spoken of, else of the case."""
    body = notice.body
    key = (str(body.get("clock", "")), str(body.get("subject", "")))
    run = case.latest(*key) if key[0] else None
    due = run.deadline_us if run is not None else case.deadline_us
    return "" if due is None else clock_time(due, zone)


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
