"""Who is told what: the notices of a policy, compiled into tables by event and by rung."""

from __future__ import annotations

from collections.abc import Iterable, Set

from caseflow.core import events as e
from caseflow.core.actions import ACTIONS
from caseflow.core.policy import DocumentRule, NoticeRule, Policy, Rung
from caseflow.core.values import Value, value

EVENT, RUNG = "event:", "rung:"
"""How an occasion begins that is no action's name."""
_UNTOLD = frozenset({"card-issued", "reminded", "card-annulled"})
"""Events that no occasion names: rungs have their own, and a correction goes to whoever was told."""


@value
class Telling(Value):
    """One notice owed: to whom, by which channel (empty for the recipient's own), with which text."""

    role: str
    channel: str
    template: str
    is_of_unit: bool
    """Whether the role is held in a unit."""


@value
class Kind(Value):
    """A kind of numbered document, as a rung issues it."""

    name: str
    series: str
    issuer: str
    template: str


Tells = tuple[Telling, ...]
Levels = Set[tuple[str, str]]


class Tellings:
    """The notices of a policy.

    Attributes:
        of_events: registered name -> who is told; an action of the policy's own as ``acted:NAME``.
        of_rungs: (clock, level) -> who is told.
        documents: (clock, level) -> the document that the rung issues.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.of_events: dict[str, Tells] = {}
        self.of_rungs: dict[tuple[str, str], Tells] = {}
        self.documents: dict[tuple[str, str], Kind] = {}
        for clock, rule in policy.clocks.items():
            for rung in rule.rungs:
                key = (clock, rung.level)
                self.of_rungs[key] = self._of_rung(rung, clock)
                if rung.document:
                    self.documents[key] = self._kind(rung)
        for key_of_event in dict.fromkeys(self._keys()):
            self.of_events[key_of_event] = self._told(_BY_EVENT, (key_of_event,), ())

    def of(self, event: e.Event) -> Tells:
        """Who is told of an event that is no rung's; nobody as a rule."""
        if type(event) is e.Acted:
            return self.of_events.get(f"acted:{event.action}", ())
        return self.of_events.get(event.name, ())

    def _keys(self) -> Iterable[str]:
        for rule in self._policy.notices.values():
            for occasion in rule.on:
                if not occasion.startswith(RUNG):
                    yield _event_key(occasion)

    def _of_rung(self, rung: Rung, clock: str) -> Tells:
        topic = "document" if rung.document else "card" if rung.kind == "breach" else "reminder"
        default = [self._telling(role, "", topic) for role in rung.recipients]
        return self._told(_BY_RUNG, (f"{RUNG}{rung.level}", f"{RUNG}{clock}/{rung.level}"), default)

    def _told(self, by_rung: bool, occasions: tuple[str, ...], default: Iterable[Telling]) -> Tells:
        """What the rules say of an occasion; a role that they name is told as they say."""
        found = {(telling.role, telling.channel): telling for telling in default}
        for name, rule in self._policy.notices.items():
            if any((on if by_rung else _event_key(on)) in occasions for on in rule.on):
                for role in rule.to:
                    found.pop((role, ""), None)
                    for channel in rule.channels or ("",):
                        found[role, channel] = self._telling(role, channel, _template(name, rule))
        return tuple(found.values())

    def _telling(self, role: str, channel: str, template: str) -> Telling:
        return Telling(role, channel, template, self._policy.roles[role].scope == "unit")

    def _kind(self, rung: Rung) -> Kind:
        rule = self._policy.documents.get(rung.document, DocumentRule())
        over_all = (role for role in rung.recipients if self._policy.roles[role].scope == "any")
        return Kind(
            rung.document,
            rule.series or rung.document,
            rule.issuer or next(over_all, ""),
            rule.template or "document",
        )


_BY_EVENT, _BY_RUNG = False, True


def _template(name: str, rule: NoticeRule) -> str:
    return rule.template or name


def _event_key(occasion: str) -> str:
    """The registered name of the event that an action becomes."""
    if occasion.startswith(EVENT):
        return occasion.removeprefix(EVENT)
    spec = ACTIONS.get(occasion)
    return spec.event.name if spec else f"acted:{occasion}"


def is_occasion(text: str, policy: Policy, levels: Levels) -> bool:
    """Whether a notice can be told on it: an action, an event, or a rung.

    Args:
        levels: the (clock, level) of every rung.
    """
    if text.startswith(EVENT):
        name = text.removeprefix(EVENT)
        return name in e.EVENTS and name not in _UNTOLD and name != e.Acted.name
    if text.startswith(RUNG):
        clock, _, level = text.removeprefix(RUNG).rpartition("/")
        return any(level == known and clock in ("", name) for name, known in levels)
    return text in policy.actions or text in ACTIONS  # one that the policy leaves out is never taken
