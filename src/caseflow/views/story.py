"""What happened to a case, told in dated lines that people read and tests compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.core.commands import SYSTEM
from caseflow.core.evolve import evolve
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.views.story_details import Telling, details
from caseflow.views.story_words import Lang, event_word, phrase
from caseflow.views.widths import padded, shortened, width

WHAT_COLUMNS = 18
"""The least width of the column that says what happened, so that short stories look alike."""
LONGEST_TEXT = 60
"""Columns that a text may take before it is shortened."""


class Said(Protocol):
    """A personal text beside the events: the case's version after its event, its field, and itself."""

    @property
    def version(self) -> int:
        """The case's version after the event."""

    @property
    def field(self) -> str:
        """The name of the action's field."""

    @property
    def text(self) -> str:
        """The text."""


@value
class StoryLine(Value):
    """One event told.

    Attributes:
        at_us: when it was recorded, or for a card and a reminder when it took effect; epoch microseconds.
        case_id, version: whose event it is, and which.
        event: the event's registered name.
        when: the instant in the office's zone, ``2025-01-26 00:00``; seconds only when they are not zero.
        what: what happened, in words.
        detail: the rest, in words, its parts separated by commas; may be empty.
    """

    at_us: int
    case_id: str
    version: int
    event: str
    when: str
    what: str
    detail: str


@value
class Story(Value):
    """Dated lines, in the order of time; one case's own lines stand in the order of their record.

    ``str()`` aligns them in columns, wide characters counted as two; with several cases a column names the
    case.
    """

    lines: tuple[StoryLine, ...] = ()

    def __str__(self) -> str:
        return "\n".join(columns(self._cells()))

    def _cells(self) -> Iterator[tuple[str, ...]]:
        several = len({line.case_id for line in self.lines}) > 1
        for line in self.lines:
            case = (line.case_id,) if several else ()
            yield (line.when, *case, line.what, line.detail)


def columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Rows of cells as aligned text, two spaces between the columns; the last but one has a least width."""
    rows = list(rows)
    if not rows:
        return []
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    widths[-1] = max(widths[-1], WHAT_COLUMNS)
    return ["  ".join((*map(padded, row[:-1], widths), row[-1])).rstrip() for row in rows]


def told(
    rules: Rules | Callable[[str], Rules],
    case_id: str,
    events: Sequence[e.Event],
    texts: Iterable[Said] | None = None,
    *,
    lang: Lang = "en",
) -> Story:
    """The story of one case, from its events alone.

    Args:
        rules: the rules that name clocks and levels; or a function from a pin to its rules, for a case that
            has adopted others on its way.
        case_id: the case.
        events: every event, oldest first.
        texts: its personal texts; `None` leaves them out, and one that an event has the hash of but which
            is not among them is told as redacted.
        lang: ``en`` or ``zh``.
    """
    said: dict[int, dict[str, str]] | None = None
    if texts is not None:
        said = {}
        for text in texts:
            if text.text:  # one that was redacted is empty
                said.setdefault(text.version, {})[text.field] = _one_line(text.text)
    known = (lambda pin: rules) if isinstance(rules, Rules) else rules
    lines, case = [], Case(case_id)
    for event in events:
        before, case = case, evolve(case, event)
        theirs = {} if said is None else said.get(case.version, {})
        lines.append(
            _line(Telling(known(case.origin.pin), lang, before, case, event, theirs), said is not None)
        )
    return Story(tuple(lines))


def _one_line(text: str) -> str:
    clean = "".join(character if character.isprintable() else " " for character in text)
    return shortened(" ".join(clean.split()), LONGEST_TEXT)


def _line(telling: Telling, has_texts: bool) -> StoryLine:
    event, case, lang = telling.event, telling.case, telling.lang
    parts = list(details(telling))
    if event.by.role == SYSTEM.role and not isinstance(event, e.RungEvent | e.CardAnnulled):
        parts.append(telling.say("by itself"))
    if event.effective_us is not None:
        parts.append(telling.say("true since", at=telling.time(event.effective_us)))
    if event.clamped_us is not None:
        parts.append(telling.say("clamped", at=telling.time(event.clamped_us)))
    lost = [name for name, _ in event.texts if name not in telling.said]
    if lost and has_texts:
        parts.append(telling.say("redacted", names=phrase("comma", lang).join(lost)))
    return StoryLine(
        event.at_us,
        case.id,
        case.version,
        event.name,
        telling.time(event.at_us),
        _what(telling),
        phrase("comma", lang).join(part for part in parts if part),
    )


def _what(telling: Telling) -> str:
    match telling.event:
        case e.RungEvent() as rung:
            return telling.level(rung.clock, rung.level)
        case e.Acted() as acted:
            return telling.action(acted.action)
        case e.UnknownEvent() as strange:
            return strange.unknown
        case event:
            return event_word(event.name, telling.lang)


def together(stories: Iterable[Story], *, order: Mapping[tuple[str, int], int] | None = None) -> Story:
    """The stories of several cases as one, in the order of time.

    Within a case no line overtakes another, even where a fact recorded late brought a card of an earlier
    instant. What happened at the same instant stands in the order of the stories, or in the given one.

    Args:
        stories: one of each case.
        order: ``(case id, version)`` to the place of that event among all.
    """
    keyed = []
    for place, story in enumerate(stories):
        reached = 0
        for line in story.lines:
            reached = max(reached, line.at_us)
            at = place if order is None else order[line.case_id, line.version]
            keyed.append(((reached, at, line.version), line))
    return Story(tuple(line for _, line in sorted(keyed, key=lambda found: found[0])))
