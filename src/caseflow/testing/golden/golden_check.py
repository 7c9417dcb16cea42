"""Golden histories replayed against today's code and policies, and every past card that would change told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import ndiff
from itertools import zip_longest
from pathlib import Path
from typing import Any

from caseflow.core.engine.actions import command_of
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.policy import Policy
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.errors import BadInput
from caseflow.i18n import Lang, golden_text
from caseflow.policies.load import load_policy, shipped
from caseflow.policies.parse import is_list, is_table
from caseflow.ports import Text
from caseflow.testing.golden.golden_history import (
    GoldenHistory,
    history_of,
    pin_of_event,
    read_golden,
    rules_by_pin,
    story_of_history,
    write_golden,
)
from caseflow.testing.golden.redecide import NowRefused, redecided

Policies = Mapping[str, Policy | str | Path]
"""Today's policies by name: themselves, or where they are."""


class Change(Value):
    """One thing about a recorded case that is not as it was.

    Attributes:
        case_id: the case.
        what: ``card``, ``case`` or ``refused``.
        name: the card, the key path in the case, or the action.
        before, after: what it was and is; empty for nothing.
    """

    case_id: str
    what: str
    name: str
    before: str
    after: str

    def text(self, lang: Lang = "en") -> str:
        """The change in one line."""
        key = self.what if self.before and self.after else f"{self.what} {'gone' if self.before else 'new'}"
        return golden_text(key, lang, case=self.case_id, name=self.name, before=self.before, after=self.after)


class Compared(Value):
    """A history held against one thing, and what is not as it was.

    Attributes:
        against: ``fold`` (its events folded), ``recorded`` (its commands decided again under the policies of
            their time) or ``today`` (under today's).
        policy: the name of today's policy.
        changes: in the order of the cases; cards first.
        stories: ``(case id, lines)`` of every case with changes; a line begins with a space, ``-`` or ``+``.
        history: the history as it would be recorded.
        refused: acts that would be refused.
    """

    against: str
    policy: str
    changes: tuple[Change, ...]
    stories: tuple[tuple[str, tuple[str, ...]], ...]
    history: GoldenHistory
    refused: tuple[NowRefused, ...] = ()

    def text(self, lang: Lang = "en") -> str:
        """Every change, and beneath it the story as it was and is; empty when there is none."""
        if not self.changes:
            return ""
        lines = [golden_text(self.against, lang, policy=self.policy)]
        lines += [f"  {change.text(lang)}" for change in self.changes]
        for case_id, story in self.stories:
            lines.append(f"  {golden_text('story', lang, case=case_id)}")
            lines += [f"    {line}" for line in story]
        return "\n".join(lines)


def check_golden(path: str | Path, *, policies: Policies | None = None) -> None:
    """Assert that a golden history is still true.

    Folding its events gives the recorded case; deciding its commands again gives the same cards at the same
    instants, under the policies of their time and under today's of the same name.

    Args:
        path: the file.
        policies: today's policies by name, or where they are; shipped ones are known.

    Raises:
        AssertionError: says which card of which case changed from what to what, with the story.
        BadInput: the file is not a golden file.
        PolicyError: one of today's policies cannot be used.
    """
    texts = [text for one in compared(read_golden(path), policies=policies) if (text := one.text())]
    if texts:
        raise AssertionError("\n".join([str(path), *texts]))


def accept_golden(path: str | Path, *, policies: Policies | None = None) -> bool:
    """Rewrite a golden file as it would be recorded today; whether it changed.

    Raises:
        BadInput: an act of the history is refused today; the file is left as it is.
    """
    path = Path(path)
    last = compared(read_golden(path), policies=policies)[-1]
    if last.refused:
        refused = last.refused[0]
        raise BadInput("golden-refused", what=str(path), found=f"{refused.case_id}: {refused.refusal.text()}")
    before = path.read_bytes()
    write_golden(path, last.history)
    return path.read_bytes() != before


def compared(history: GoldenHistory, *, policies: Policies | None = None) -> tuple[Compared, ...]:
    """The history held against the fold, the policies of its time, and today's where they are known.

    Raises:
        PolicyError: one of today's policies cannot be used.
    """
    folded = history_of(history.events, history.policies, about=history.about, texts=history.texts)
    today = _todays(history, policies or {})
    comparisons = [
        _compared("fold", history, folded, is_deep=True),
        _decided_again("recorded", folded, {}),
    ]
    return (*comparisons, _decided_again("today", folded, today)) if today else tuple(comparisons)


def _todays(history: GoldenHistory, policies: Policies) -> dict[str, Policy]:
    """Pin -> today's policy of that name, for pins that no later one of the same name follows in a case."""
    names = {pin: str(document["policy"]["name"]) for pin, document in history.policies.items()}
    superseded: set[str] = set()
    for case_id in history.ids():
        pins = [pin for event in history.of(case_id) if (pin := pin_of_event(event))]
        for turn, pin in enumerate(pins):
            later = [other for other in pins[turn + 1 :] if names.get(other) == names.get(pin)]
            superseded |= {pin} if any(other != pin for other in later) else set()
    policies_by_pin: dict[str, Policy] = {}
    for pin, name in names.items():
        source = policies.get(name, name if name in shipped() else None)
        if source is not None and pin not in superseded:
            policies_by_pin[pin] = source if isinstance(source, Policy) else load_policy(source)
    return policies_by_pin


def _decided_again(against: str, history: GoldenHistory, replaced: Mapping[str, Policy]) -> Compared:
    known, todays = rules_by_pin(history), {pin: CompiledPolicy(policy) for pin, policy in replaced.items()}
    used: dict[str, Mapping[str, Any]] = {}

    def rules_of(pin: str) -> CompiledPolicy:
        rules = todays[pin] if pin in todays else known(pin)
        used[rules.pin] = rules.document  # a policy read by another version may have another pin
        return rules

    again = redecided(history.events, rules_of)
    texts = {} if again.refused else _texts(history, again.events)
    decided = history_of(again.events, used, about=history.about, texts=texts)
    name = ", ".join(sorted({policy.name for policy in replaced.values()}))
    return _compared(against, history, decided, policy=name, refused=again.refused, is_deep=not replaced)


def _texts(history: GoldenHistory, events: tuple[tuple[str, Any], ...]) -> dict[str, tuple[Text, ...]]:
    """The texts at the versions that their events have now."""
    moved_texts: dict[str, tuple[Text, ...]] = {}
    for case_id, texts in history.texts.items():
        then = [version for version, event in enumerate(history.of(case_id), 1) if _has_texts(event)]
        own = [event for other, event in events if other == case_id]
        now = [version for version, event in enumerate(own, 1) if _has_texts(event)]
        moved = dict(zip(then, now, strict=True))
        moved_texts[case_id] = tuple(text.replace(version=moved[text.version]) for text in texts)
    return moved_texts


def _has_texts(event: Any) -> bool:
    return any(mark for _, mark in event.texts)


def _compared(
    against: str,
    before: GoldenHistory,
    after: GoldenHistory,
    *,
    policy: str = "",
    refused: tuple[NowRefused, ...] = (),
    is_deep: bool,
) -> Compared:
    changes: list[Change] = []
    for case_id in before.ids():
        cards = list(_cards(case_id, before, after))
        changes += cards
        if is_deep and not cards:
            changes += _parts(case_id, "", before.cases[case_id], after.cases.get(case_id, {}))
    changes += [_refused(one) for one in refused]
    changed = dict.fromkeys(change.case_id for change in changes)
    stories = tuple((case_id, lines) for case_id in changed if (lines := _story(before, after, case_id)))
    return Compared(
        against=against,
        policy=policy,
        changes=tuple(changes),
        stories=stories,
        history=after,
        refused=refused,
    )


def _cards(case_id: str, before: GoldenHistory, after: GoldenHistory) -> Iterator[Change]:
    """Cards and reminders that are not as they were; the n-th of a rung is compared with the n-th."""
    was, now = (_by_rung(history.cards.get(case_id, [])) for history in (before, after))
    for name in dict.fromkeys((*was, *now)):
        for old, new in zip_longest(was.get(name, ()), now.get(name, ()), fillvalue=""):
            if old != new:
                yield Change(case_id, "card", name, old, new)


def _by_rung(cards: list[dict[str, Any]]) -> dict[str, list[str]]:
    rungs: dict[str, list[str]] = {}
    for card in cards:
        subject = f" {card['subject']}" if card.get("subject") else ""
        name = f"{card['level']} ({card['clock']}{subject}, cycle {card['cycle']})"
        line = f"{card['effective_at']} {card['unit'] or '-'}"
        if "annulled_at" in card:
            line += f", annulled {card['annulled_at']} ({card['annulled_because']})"
        rungs.setdefault(name, []).append(line)
    return rungs


def _parts(case_id: str, path: str, before: Any, after: Any) -> Iterator[Change]:
    """The differing parts of two cases, by key path; a pin may change with the version that reads it."""
    if path == "origin.policy_hash":
        return
    if is_table(before) and is_table(after):
        for key in dict.fromkeys((*before, *after)):
            yield from _parts(case_id, f"{path}.{key}".strip("."), before.get(key, ""), after.get(key, ""))
    elif is_list(before) and is_list(after) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _parts(case_id, f"{path}[{index}]", old, new)
    elif before != after:
        yield Change(case_id, "case", path, str(before), str(after))


def _refused(refused: NowRefused) -> Change:
    command = command_of(refused.event)
    action = command.action if command else refused.event.name
    return Change(
        refused.case_id, "refused", action, moment(refused.event.at_us).isoformat(), refused.refusal.text()
    )


def _story(before: GoldenHistory, after: GoldenHistory, case_id: str) -> tuple[str, ...]:
    """The story as it was and is, line by line; empty when it reads the same."""
    if case_id not in after.ids():
        return ()
    was, now = (str(story_of_history(history, case_id)).splitlines() for history in (before, after))
    return tuple(line for line in ndiff(was, now) if not line.startswith("?")) if was != now else ()
