"""Timelines for ``unittest``."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from caseflow.core.calendars import Calendar
from caseflow.core.policy import Policy
from caseflow.ports import Store
from caseflow.testing.timeline import Timeline
from caseflow.testing.timeline_world import START
from caseflow.views.story_words import Lang


class TimelineTestCase(unittest.TestCase):
    """A test case whose every test has a new ``self.timeline``; class attributes say how it begins.

    They are the arguments of `caseflow.testing.Timeline`; ``store`` is a function that opens one, or `None`
    for memory.
    """

    policy: ClassVar[str | Path | Policy] = "wuhu"
    start: ClassVar[datetime | str | int] = START
    store: ClassVar[Callable[[], Store] | None] = None
    calendar: ClassVar[Calendar | str | Path | None] = None
    lang: ClassVar[Lang] = "en"

    timeline: Timeline

    def setUp(self) -> None:
        """Begin the test's timeline; its store is closed after the test."""
        super().setUp()
        store = type(self).__dict__.get("store", type(self).store)
        opener = store.__func__ if isinstance(store, staticmethod) else store
        self.timeline = Timeline(
            self.policy, start=self.start, store=opener, calendar=self.calendar, lang=self.lang
        )
        self.addCleanup(lambda: self.timeline.store.close())
