"""外网公开反馈: which publication of a case stands.

A policy that publishes has an action ``publish`` of its own: its texts with the audience ``public`` are what
anyone reads. What takes it back is ``unpublish``, the retraction of a reply and a withdrawal; a later
``publish`` replaces it. A publication of which a text was erased is shown no more, see `Publications`.
"""

from __future__ import annotations

from collections.abc import Iterable

from caseflow.core.model import events as e

PUBLISH, UNPUBLISH = "publish", "unpublish"


def publishes(event: e.Event) -> bool:
    """Whether from this event on the texts that it brings are what is published of its case."""
    return isinstance(event, e.Acted) and event.action == PUBLISH


def takes_back(event: e.Event) -> bool:
    """Whether from this event on nothing of its case is published."""
    if isinstance(event, e.ReplyRetracted | e.Withdrawn):
        return True
    return isinstance(event, e.Acted) and event.action == UNPUBLISH


def published_version(events: Iterable[e.Event]) -> int:
    """The version of the case with the publication that stands; 0 for none."""
    standing = 0
    for version, event in enumerate(events, 1):
        if publishes(event):
            standing = version
        elif takes_back(event):
            standing = 0
    return standing
