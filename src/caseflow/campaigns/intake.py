"""Messages taken in, merged into proposals and set aside, many in one append each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import msgspec

from caseflow.core.model import events as e
from caseflow.core.model.case import Case, CaseLink
from caseflow.core.model.commands import Actor
from caseflow.core.value import Value
from caseflow.desk.batch import Batch
from caseflow.desk.desk import Desk
from caseflow.errors import BadInput, Refusal, Refused

BATCH = 10_000
"""Cases that are changed in one append: the ids of their notices lie scattered, so that each page of that
index is written once for many of them."""
PART_OF = "part-of"
"""The type of link that leads from a message to the proposal it was merged into."""

Item = TypeVar("Item")


class CitizenMessage(Value):
    """What one citizen sent.

    Attributes:
        id: the channel's own; the same again is refused by the case that is there.
        channel: one of the campaign's.
        citizen: their id in the portal; empty when it is not known, and then nobody can be told.
    """

    id: str
    channel: str
    title: str
    body: str = ""
    citizen: str = ""


class Collected(Value):
    """What became of messages that were handed in.

    Attributes:
        taken: how many are cases now.
        known: ids that were there already, whether from this campaign or another case's.
    """

    taken: int
    known: tuple[str, ...]


def collect(
    desk: Desk,
    campaign: str,
    messages: Iterable[CitizenMessage],
    *,
    by: Actor,
    progress: Callable[[int], object] = lambda _: None,
) -> Collected:
    """Take messages in, in batches of one append each, while the campaign collects.

    Whether its window is open is asked anew before each batch. A run that was broken off goes on by the same
    call: what is there already is passed over.

    Args:
        campaign: the id of its case.
        by: who hands them in: an ``organiser`` or ``importer`` of the policy ``message``.
        progress: told after each batch how many messages were looked at.

    Raises:
        Refused: ``not-in-state``: the window is not open, or no longer.
        BadInput: a channel that the campaign did not announce.
    """
    taken, known, done = 0, list[str](), 0
    for part in _parts(messages):
        channels = _open_channels(desk.get(campaign))
        for message in part:
            if message.channel not in channels:
                raise BadInput("bad-option", what="channel", found=f"{message.channel!r:.80}, of {channels}")
        ids = [message.id for message in part]
        there = desk.batch(partial(_take, campaign=campaign, part=part, by=by), reads=ids)
        known += there
        taken, done = taken + len(part) - len(there), done + len(part)
        progress(done)
    return Collected(taken, tuple(known))


def _take(batch: Batch, *, campaign: str, part: Sequence[CitizenMessage], by: Actor) -> list[str]:
    """Submit what is not there; the ids of what is."""
    there: list[str] = []
    for message in part:
        if batch.has(message.id):
            there.append(message.id)
        else:
            batch.act(message.id, "submit", by=by, policy="message", fields=_fields(message, campaign))
    return there


def _open_channels(campaign: Case) -> tuple[str, ...]:
    """The channels of a campaign that collects.

    Raises:
        Refused: it does not.
    """
    if campaign.state != "collecting":
        refusal = Refusal(
            code="not-in-state",
            action="submit",
            state=campaign.state,
            rule="states.collecting",
            missing=("open_collecting",),
        )
        raise Refused(refusal, case_id=campaign.id)
    return _channels_of(campaign)


def _channels_of(campaign: Case) -> tuple[str, ...]:
    channels = dict(campaign.origin.fields)["channels"]
    return channels if isinstance(channels, tuple) else ()


def _fields(message: CitizenMessage, campaign: str) -> dict[str, Any]:
    fields = {"title": message.title, "channel": message.channel, "campaign": campaign}
    more = {"body": message.body, "citizen": message.citizen}
    return fields | {name: value for name, value in more.items() if value}


def draw_up(desk: Desk, campaign: str, proposals: Mapping[str, str], *, by: Actor) -> None:
    """Draw up proposals of a campaign: id -> summary, which anyone may read, and scorers read alone.

    Messages are merged into them by `merge_in`.
    """
    for part in _parts(proposals.items()):

        def submit(batch: Batch, part: Sequence[tuple[str, str]] = tuple(part)) -> None:
            for proposal, summary in part:
                fields = {"summary": summary, "campaign": campaign}
                batch.act(proposal, "submit", by=by, policy="proposal", fields=fields)

        desk.batch(submit, reads=[proposal for proposal, _ in part])


def merge_in(
    desk: Desk,
    merged: Mapping[str, Sequence[str]],
    *,
    by: Actor,
    progress: Callable[[int], object] = lambda _: None,
) -> None:
    """Merge messages into proposals: each message is linked to its one, which keeps where it comes from.

    Args:
        merged: proposal -> its messages, by their ids. Those of one proposal are linked in one append, small
            proposals together.
        progress: told after each batch how many messages were linked.

    Raises:
        Refused: what a link refuses, of the first that is refused; batches before it stand.
    """
    done = 0
    for part in _weighed(merged.items()):

        def link(batch: Batch, part: Sequence[tuple[str, Sequence[str]]] = tuple(part)) -> None:
            for proposal, messages in part:
                for message in messages:
                    batch.link(message, proposal, as_=PART_OF, by=by)

        desk.batch(link, reads=[case_id for proposal, ids in part for case_id in (proposal, *ids)])
        done += sum(len(messages) for _, messages in part)
        progress(done)


def set_aside(desk: Desk, reasons: Mapping[str, str], *, by: Actor) -> None:
    """Leave messages out of every proposal: message -> one of the ``reasons`` of the policy ``message``."""
    for part in _parts(reasons.items()):

        def reject(batch: Batch, part: Sequence[tuple[str, str]] = tuple(part)) -> None:
            for message, code in part:
                batch.reject(message, code=code, by=by)

        desk.batch(reject, reads=[message for message, _ in part])


def act_on_proposals(
    desk: Desk,
    proposals: Iterable[str],
    action: str,
    *,
    by: Actor,
    fields: Callable[[str], Mapping[str, Any]] = lambda _: {},
) -> None:
    """Take the same action on many proposals, with what it means to their messages, some in one append.

    Args:
        fields: proposal -> the action's fields.
    """
    weighed = ((case_id, desk.get(case_id).facts.links) for case_id in proposals)
    for part in _weighed(weighed):

        def act(batch: Batch, part: Sequence[tuple[str, Sequence[CaseLink]]] = tuple(part)) -> None:
            for proposal, _ in part:
                batch.act(proposal, action, by=by, fields=fields(proposal))

        desk.batch(act)


class Figures(Value):
    """How many took part in a campaign, by channel.

    What was counted elsewhere is another measure: nobody knows whether one person wrote by two ways, or what
    was counted. So there is no sum over the two, here or in the campaign's public view.

    Attributes:
        received: channel of the campaign -> messages, each of which is a case.
        apart: channel -> the newest count of another's, by whom and as of which day.
    """

    received: Mapping[str, int]
    apart: tuple[CountedApart, ...]


class CountedApart(Value):
    """What another channel counted by its own rules."""

    channel: str
    count: int
    counted_by: str
    as_of: str


def counted_apart(desk: Desk, campaign: str) -> tuple[CountedApart, ...]:
    """The newest count of each channel that is counted elsewhere, in the order of their first."""
    newest: dict[str, CountedApart] = {}
    for event in desk.history(campaign):
        if isinstance(event, e.Acted) and event.action == "count_apart":
            counted = msgspec.convert(dict(event.fields), CountedApart)
            newest[counted.channel] = counted
    return tuple(newest.values())


def figures(desk: Desk, campaign: str, messages: Iterable[str]) -> Figures:
    """How many messages came by each channel; those counted elsewhere stand apart.

    Args:
        messages: the ids of cases; those of another campaign are left out.
    """
    received = dict.fromkeys(_channels_of(desk.get(campaign)), 0)
    for case_id in messages:
        origin = desk.get(case_id).origin
        if dict(origin.fields).get("campaign") == campaign:
            received[origin.channel] += 1
    return Figures(received, counted_apart(desk, campaign))


def _parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    left = iter(items)
    while part := list(islice(left, BATCH)):
        yield part


def _weighed(
    proposals: Iterable[tuple[str, Sequence[Item]]],
) -> Iterator[list[tuple[str, Sequence[Item]]]]:
    """Proposals together until their messages fill a batch."""
    part, weight = list[tuple[str, Sequence[Item]]](), 0
    for one in proposals:
        part.append(one)
        weight += 1 + len(one[1])
        if weight >= BATCH:
            yield part
            part, weight = [], 0
    if part:
        yield part
