"""What a portal knows of an open case that another system kept, as people write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

import attrs

from caseflow.core.instants import micros
from caseflow.core.lived import Legacy
from caseflow.errors import BadInput

MOST_DAYS = 36_525
"""Days of an extension: a hundred years, which no count exceeds."""
Instant = datetime | str | int
"""An aware datetime, its ISO 8601 text with an offset, or epoch microseconds."""


@attrs.frozen(kw_only=True)
class Granted:
    """An extension that was granted: when, by how many days, to which clock (the policy's first if empty)."""

    at: Instant
    days: int
    clock: str = ""


@attrs.frozen(kw_only=True)
class Paused:
    """A pause ``[since, until)``, open without an end, of a clock or of every clock the policy pauses."""

    since: Instant
    until: Instant | None = None
    clock: str = ""


class Known(TypedDict, total=False):
    """What may be known of a case beside its id; see `LegacyCase`."""

    state: str
    submitted_at: Instant
    unit: str
    unit_since: Instant | None
    state_since: Instant | None
    replied_at: Instant | None
    extensions: Sequence[Granted]
    pauses: Sequence[Paused]
    started: Mapping[str, Instant]
    ended: Mapping[str, Instant]
    kind: str
    channel: str
    region: str
    urgency: str
    citizen: str
    title: str
    body: str


@attrs.frozen(kw_only=True)
class LegacyCase:
    """An open case as another system knew it.

    Attributes:
        case_id: the id it keeps.
        state: where it stands, by the policy's name; one of the open states.
        submitted_at: when it was submitted: its true start.
        unit: who holds it; nobody when empty.
        unit_since: since when; nobody held it before. By default since the submission.
        state_since: since when it is in its state; needed when a clock hangs on it.
        replied_at: when it got its public, substantive reply.
        extensions: granted so far.
        pauses: so far, overlapping ones as their union.
        started: clock -> its true start, where neither submission nor unit nor state tells it.
        ended: clock -> when its aim was reached, where neither reply nor state tells it.
        kind, channel, region, urgency: what clocks' conditions ask for.
        citizen: the id of whoever asked.
        title, body: personal texts, kept apart from the events.
    """

    case_id: str
    state: str
    submitted_at: Instant
    unit: str = ""
    unit_since: Instant | None = None
    state_since: Instant | None = None
    replied_at: Instant | None = None
    extensions: Sequence[Granted] = ()
    pauses: Sequence[Paused] = ()
    started: Mapping[str, Instant] = attrs.field(factory=dict)
    ended: Mapping[str, Instant] = attrs.field(factory=dict)
    kind: str = ""
    channel: str = ""
    region: str = ""
    urgency: str = ""
    citizen: str = ""
    title: str = ""
    body: str = ""

    def past(self) -> Legacy:
        """Its past, with instants as epoch microseconds.

        Raises:
            BadInput: something that is no instant, a naive time, days that are no whole number.
        """
        replied = _instant(self.replied_at, "replied_at")
        return Legacy(
            self.state,
            micros(self.submitted_at, what="submitted_at"),
            self.unit,
            _instant(self.unit_since, "unit_since"),
            _instant(self.state_since, "state_since"),
            () if replied is None else (replied,),
            tuple(
                (grant.clock, micros(grant.at, what="extensions"), _days(grant.days))
                for grant in self.extensions
            ),
            tuple(
                (pause.clock, micros(pause.since, what="pauses"), _instant(pause.until, "pauses"))
                for pause in self.pauses
            ),
            tuple((name, micros(at, what="started")) for name, at in self.started.items()),
            tuple((name, micros(at, what="ended")) for name, at in self.ended.items()),
        )

    def fields(self) -> dict[str, Any]:
        """The fields and texts of its submission that are not empty."""
        names = ("kind", "channel", "region", "urgency", "citizen", "title", "body")
        return {name: found for name in names if (found := getattr(self, name))}


def _instant(found: Instant | None, what: str) -> int | None:
    return None if found is None else micros(found, what=what)


def _days(found: int) -> int:
    if type(found) is not int:
        raise BadInput("bad-int", what="extensions", found=repr(found))
    if found > MOST_DAYS:
        raise BadInput("bad-option", what="extensions", found=f"more than {MOST_DAYS} days")
    return found
