"""The shared life as an application of the ``eventsourcing`` library: load, act, save for each command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.life import ANSWER, BODY, CITIZEN, STEPS, TITLE, UNIT


class Inquiry(Aggregate):
    """A case with the same facts in its events, and one guard on each move."""

    @event("Submitted")
    def __init__(self, title: str, body: str, kind: str, citizen: str) -> None:
        """A citizen asked."""
        self.title, self.body, self.kind, self.citizen = title, body, kind, citizen
        self.state, self.unit, self.answer, self.score = "submitted", "", "", 0

    def _require(self, *states: str) -> None:
        if self.state not in states:
            raise ValueError(f"is {self.state}")

    @event("Acknowledged")
    def acknowledge(self, by: str) -> None:
        """立即回复."""
        self._require("submitted", "routed", "handling")

    @event("Routed")
    def route(self, unit: str, by: str) -> None:
        """分转."""
        self._require("submitted")
        self.unit, self.state = unit, "routed"

    @event("Dispatched")
    def dispatch(self, by: str) -> None:
        """及时派员."""
        self._require("routed", "handling")
        self.state = "handling"

    @event("Replied")
    def reply(self, text: str, by: str) -> None:
        """公开答复."""
        self._require("submitted", "routed", "handling")
        self.answer, self.state = text, "answered"

    @event("Completed")
    def complete(self, by: str) -> None:
        """办结告知."""
        self._require("answered")
        self.state = "evaluation"

    @event("Rated")
    def rate(self, score: int, by: str) -> None:
        """市民评价."""
        self._require("answered", "evaluation")
        self.score = score

    @event("Closed")
    def close(self, by: str) -> None:
        """结案."""
        self._require("evaluation")
        self.state = "closed"


_GIVEN: dict[str, dict[str, Any]] = {step: {"by": "o-4"} for step in STEPS[1:]} | {
    "route": {"unit": UNIT, "by": "d-1"},
    "rate": {"score": 5, "by": CITIZEN.id},
}


class Portal(Application[UUID]):
    """The application: in memory, or wherever its environment says."""

    def live(self, cases: int, *, texts: bool) -> None:
        """Take so many cases through their whole life, with or without what citizens and officers write."""
        title, body, answer = (TITLE, BODY, ANSWER) if texts else ("", "", "")
        given = {**_GIVEN, "reply": {"text": answer, "by": "o-4"}}
        for _ in range(cases):
            inquiry = Inquiry(title, body, "complaint", CITIZEN.id)
            self.save(inquiry)
            for step in STEPS[1:]:
                found: Any = self.repository.get(inquiry.id)
                getattr(found, step)(**given[step])
                self.save(found)


def portal(env: Mapping[str, str] | None = None) -> Portal:
    """A new application; without an environment its events lie in memory."""
    return Portal(env)
