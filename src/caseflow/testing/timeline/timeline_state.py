"""What a timeline moves: one desk, one store, one clock; what was done with it, as a test would say it."""

from __future__ import annotations

import textwrap
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from caseflow.clock import ManualClock
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Card, Case
from caseflow.core.policy import Policy
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import moment
from caseflow.desk import Desk
from caseflow.errors import BadInput
from caseflow.i18n import Lang, languages, timeline_text
from caseflow.ports import Store
from caseflow.stores.memory import MemoryStore
from caseflow.testing.step import Call, python_source
from caseflow.testing.timeline.policy_cache import ReadyPolicy, ready_policy, working_calendar
from caseflow.testing.timeline.stored_story import Story, story_of, told
from caseflow.testing.timeline.timeline_terms import Policies, case_id_of
from caseflow.testing.timeline.wall_clock import instant_of
from caseflow.views.lifeline import Lifeline, lifeline
from caseflow.views.mermaid import gantt
from caseflow.views.timeline_svg import drawing

START = "2025-03-03T09:00:00+08:00"
"""Where a timeline begins unless it is told otherwise: a Monday morning without a holiday near."""


class TimelineState:
    """The parts of a timeline; see `caseflow.testing.Timeline`, which says what each argument means."""

    def __init__(
        self,
        policies: Policies = "wuhu",
        *,
        start: datetime | str | int = START,
        store: Store | Callable[[], Store] | None = None,
        calendar: Calendar | str | Path | None = None,
        lang: Lang = "en",
    ) -> None:
        self.lang = _spoken(lang)
        if isinstance(store, str):
            raise BadInput("no-store", what="store", found=store)
        several = [policies] if isinstance(policies, str | Path | Policy) else policies
        self._ready = tuple(map(ready_policy, several))
        if not self._ready:
            raise BadInput("bad-option", what="policies", found="none")
        self._calendar = None if calendar is None else working_calendar(calendar, self.policy)
        self._is_own_calendar = isinstance(calendar, Calendar)
        self._new_store = store if callable(store) else None
        self.clock = ManualClock(instant_of(start, self.zone, what="start"))
        self.store: Store
        self.desk: Desk
        self._fired: deque[Card] = deque()
        self._is_down = False
        self._is_twice = False
        self._numbers = 0
        self._touched: dict[str, None] = {}
        self._use(self._opened(store))
        opening = _opening(self._ready, self.clock, self.zone, calendar, lang)
        is_fresh = store is None or not self.store.heads(limit=1)
        self._journal = Journal(opening, remark="" if is_fresh else timeline_text("not fresh", lang))

    def _opened(self, store: Store | Callable[[], Store] | None) -> Store:
        if store is None:
            return MemoryStore(pinned={ready.rules.pin: ready.text for ready in self._ready})
        opened = store() if callable(store) else store
        if not (hasattr(opened, "append") and hasattr(opened, "feed")):
            raise BadInput("no-store", what="store", found=type(opened).__name__)
        return opened

    def _use(self, store: Store) -> None:
        """Go on with that store and a desk that remembers nothing."""
        self.store = store
        self.desk = Desk([ready.rules for ready in self._ready], store, clock=self.clock)

    @property
    def rules(self) -> CompiledPolicy:
        """The compiled policy for new cases that name none."""
        return self._ready[0].rules

    @property
    def policy(self) -> Policy:
        """The policy for new cases that name none."""
        return self.rules.policy

    @property
    def zone(self) -> str:
        """The office's time zone."""
        return self.policy.timezone

    @property
    def now(self) -> datetime:
        """The time, in the office's zone."""
        return moment(self.clock.now_us(), self.zone)

    @property
    def calendar(self) -> Calendar:
        """The calendar by which `advance` counts working days."""
        return self._calendar or working_calendar(None, self.policy)

    def story(self, case: Case | str | None = None, *, lang: Lang | None = None) -> Story:
        """What happened to all cases, or to one; in the timeline's language unless told otherwise."""
        ids = None if case is None else (case_id_of(case),)
        return story_of(self.store, case_ids=ids, lang=_spoken(lang or self.lang))

    def svg(self, case: Case | str, *, lang: Lang | None = None) -> str:
        """The case drawn as SVG: states, clocks, pauses, cards, and what is still to come as of now."""
        life, told_in = self._life(case, lang)
        events = self.store.events(life.title)
        story = told(self.desk.rules_of(life.title), life.title, events, lang=told_in)
        return drawing(life, story=str(story), lang=told_in)

    def mermaid(self, case: Case | str, *, lang: Lang | None = None) -> str:
        """The case as a Mermaid Gantt chart."""
        life, told_in = self._life(case, lang)
        return gantt(life, lang=told_in)

    def _life(self, case: Case | str, lang: Lang | None) -> tuple[Lifeline, Lang]:
        case_id, told_in = case_id_of(case), _spoken(lang or self.lang)
        now, stored = self.clock.now_us(), self.desk.get(case_id)
        events = self.store.events(case_id)
        return lifeline(self.desk.rules_of(case_id), stored, events, now_us=now, lang=told_in), told_in

    def as_test(self, name: str = "test_timeline") -> str:
        """Python source of a test that does what was done so far and expects the story that came of it.

        It runs by itself, without pytest, on a memory store. What a branch did is only in it while the
        branch lasts; what was done to `desk` or `store` directly is not.
        """
        return self._journal.source(name, str(self.story()))

    def failure(self, message: str, *, story: str | None = None) -> AssertionError:
        """An error that shows the message, the story, and the run as a test to paste."""
        if story is None:
            story = str(self.story()) or timeline_text("no story", self.lang)
            message = f"{message}\n\n{timeline_text('story', self.lang)}"
        parts = [message, "", textwrap.indent(story, "  "), ""]
        parts += [timeline_text("paste", self.lang), "", textwrap.indent(self.as_test(), "    ")]
        return AssertionError("\n".join(parts).rstrip())


def _opening(
    several: Sequence[ReadyPolicy],
    clock: ManualClock,
    zone: str,
    calendar: Calendar | str | Path | None,
    lang: Lang,
) -> str:
    """The call that makes such a timeline."""
    named = {"start": moment(clock.now_us(), zone).isoformat()}
    if isinstance(calendar, str | Path):
        named["calendar"] = str(calendar)
    if lang != "en":
        named["lang"] = lang
    arguments = ", ".join(f"{name}={python_source(part)}" for name, part in named.items())
    sources = ", ".join(ready.source for ready in several)
    return f"Timeline({sources if len(several) == 1 else f'[{sources}]'}, {arguments})"


def _spoken(lang: Lang) -> Lang:
    if lang not in languages():
        raise BadInput("bad-lang", what="lang", found=lang, missing=", ".join(languages()))
    return lang


INDENT = "    "


class Journal:
    """The calls made so far, in order, as they would be written.

    Calls are kept as they came and written only when asked for: most runs never are.
    """

    def __init__(self, opening: str, *, remark: str = "") -> None:
        self._opening = opening
        self._remark = remark
        self._entries: list[tuple[int, str, tuple[str, tuple[Any, ...], Mapping[str, Any]] | None]] = []
        """Depth, the line or what a method is called on, and the method with its arguments."""
        self._depth = 0
        self._names = 0

    def call(self, target: str, method: str, args: tuple[Any, ...], named: Mapping[str, Any]) -> int:
        """A command by its method and arguments; returns its place, so that its refusal can be noted."""
        self._entries.append((self._depth, target, (method, args, named)))
        return len(self._entries) - 1

    def refused(self, place: int, code: str) -> None:
        """That command was refused."""
        depth, target, call = self._entries[place]
        self._entries[place] = (depth, f"with timeline.refused({python_source(code)}):", None)
        self._entries.insert(place + 1, (depth + 1, target, call))

    def line(self, text: str) -> None:
        """A statement."""
        self._entries.append((self._depth, text, None))

    def name(self, stem: str) -> str:
        """A name that no other step has."""
        self._names += 1
        return f"{stem}_{self._names}"

    def enter(self, text: str) -> int:
        """A block begins; returns where, for `leave` or `forget`."""
        self._entries.append((self._depth, text, None))
        self._depth += 1
        return len(self._entries) - 1

    def leave(self, begun: int) -> None:
        """The block ended."""
        if len(self._entries) == begun + 1:
            self.line("pass")
        self._depth -= 1

    def forget(self, begun: int) -> None:
        """The block ended and left no trace."""
        self._depth = self._entries[begun][0]
        del self._entries[begun:]

    def source(self, name: str, story: str) -> str:
        """A test function that does the same and expects the same story."""
        body = [f"# {self._remark}"] if self._remark else []
        body.append(f"timeline = {self._opening}")
        for depth, line, call in self._entries:
            body.append(INDENT * depth + (line if call is None else Call(*call).source(line)))
        if self._entries and body[-1].endswith(":"):
            body.append(INDENT * self._depth + "pass")
        body += _expectation(story)
        document = "policy_from_document" in self._opening
        heads = ["import json\n", "from caseflow.policies.parse import policy_from_document"]
        lines = [*(heads if document else ()), "from caseflow.testing import Timeline"]
        if any("datetime.fromisoformat(" in line for line in body):
            lines.insert(0, "from datetime import datetime\n")
        if any("Actor(" in line for line in body):
            lines.insert(len(lines) - 1, "from caseflow import Actor")
        lines += ["", "", f"def {name}():", *(INDENT + line if line else "" for line in body)]
        return "\n".join(lines) + "\n"


def _expectation(story: str) -> list[str]:
    if "\\" in story or '"""' in story:
        return [
            "timeline.assert_story(",
            *(f"{INDENT}{line + chr(10)!r}" for line in story.splitlines()),
            ")",
        ]
    return ['timeline.assert_story("""', *textwrap.indent(story, INDENT).splitlines(), '""")']
