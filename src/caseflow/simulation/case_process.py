"""The process of one simulated case: who acts, how long it takes them, and the steps of its life."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simpy import PriorityResource

from caseflow.core.model.case import Case
from caseflow.core.time.instants import DAY, SECOND
from caseflow.simulation.arrivals import HOUR, RandomStreams
from caseflow.simulation.delays import Delay
from caseflow.simulation.fleet import Fleet
from caseflow.simulation.scenario import Scenario

Steps = Generator[Any, Any, bool]
"""A part of a life as SimPy runs it; it returns whether the case goes on."""


def case_id_of(scenario: Scenario, number: int) -> str:
    """Cases are numbered in the order of submission: ``2025-00001``."""
    return f"{scenario.start.year}-{number:05d}"


class CaseProcess:
    """One case from the submission to wherever it ends, the people about it, and its chances.

    Every chance is a named question of the case's random streams, so that other cases and other answers move
    none.
    """

    def __init__(self, fleet: Fleet, number: int) -> None:
        scenario = fleet.scenario
        self.fleet, self.number, self.scenario = fleet, number, scenario
        self.handling, self.roles, self.texts = scenario.handling, scenario.roles, scenario.texts
        self.id = case_id_of(scenario, number)
        self.streams = RandomStreams(fleet.seed, number)
        self.start = fleet.now
        many = scenario.citizens
        self.citizen = f"c-{int(self.streams.roll('citizen') * many) + 1 if many else number:04d}"
        self.title = ""
        self.unit = fleet.units[self.streams.pick("unit", fleet.weights)]

    # -- who acts -----------------------------------------------------------------------------------------

    def by_citizen(self, action: str, **fields: Any) -> Case | None:
        """The citizen who submitted it acts."""
        by = self.fleet.actor(self.citizen, self.roles.citizen)
        return self.fleet.act(self.id, action, by=by, fields=fields)

    def by_unit(self, action: str, unit: str = "", **fields: Any) -> Case | None:
        """An officer of the unit that holds the case acts, or of the named one."""
        name = unit or self.unit.name
        by = self.fleet.actor(f"o-{name}", self.roles.handler, unit=name)
        return self.fleet.act(self.id, action, by=by, fields=fields)

    def by_coordinator(self, action: str, **fields: Any) -> Case | None:
        """The dispatching desk acts."""
        by = self.fleet.actor("d-01", self.roles.coordinator)
        return self.fleet.act(self.id, action, by=by, fields=fields)

    def by_supervisor(self, action: str, **fields: Any) -> Case | None:
        """The supervising office acts."""
        by = self.fleet.actor("s-01", self.roles.supervisor)
        return self.fleet.act(self.id, action, by=by, fields=fields)

    # -- how long it takes ----------------------------------------------------------------------------------

    def worked(self, delay: Delay, question: str, turn: int = 0) -> Any:
        """Wait so many office hours."""
        hours = delay.at(self.streams.roll(question, turn))
        at = None if hours is None else self.fleet.office.after(self.fleet.now, hours)
        return self.fleet.until(at)

    def elapsed(self, delay: Delay, question: str, turn: int = 0) -> Any:
        """Wait so many hours of any day."""
        hours = delay.at(self.streams.roll(question, turn))
        return self.fleet.until(None if hours is None else self.fleet.now + round(hours * HOUR))

    def happens(self, question: str, share: float, turn: int = 0) -> bool:
        """Whether it happens to this case."""
        return self.streams.happens(question, share, turn=turn)

    # -- the steps of its life ----------------------------------------------------------------------------

    def run(self) -> Steps:
        """From the submission to wherever the case ends."""
        self._submit()
        if self.scenario.dispatch is not None and not (yield from self.routed()):
            return False
        return (yield from self.handled())

    def _submit(self) -> None:
        scenario, fields = self.scenario, dict[str, Any]()
        if scenario.kinds:
            weights = {name: kind.weight for name, kind in scenario.kinds.items()}
            fields["kind"] = kind = self.streams.pick("kind", weights)
            titles = scenario.kinds[kind].titles
            if titles:
                self.title = self.streams.pick("title", dict.fromkeys(titles, 1.0))
                fields["title"] = self.title
                fields["body"] = self.texts.body.replace("{title}", self.title)
        if scenario.dispatch is None:
            fields["to"] = self.unit.name
        self.by_citizen("submit", **fields)

    def routed(self) -> Steps:
        """The desk routes the case, rejects it, or merges it into another."""
        dispatch = self.scenario.dispatch
        assert dispatch is not None  # looked at before
        yield self.worked(dispatch.delay, "dispatch")
        if self.happens("rejected", dispatch.rejected):
            self.by_coordinator("reject", code=self.streams.pick("code", dispatch.reject_codes))
            return False
        recent = self.fleet.recent.get(self.title) if self.title else None
        is_near = recent is not None and 0 <= self.start - recent[1] <= dispatch.merge_hours * HOUR
        if recent and is_near and recent[0] != self.id and self.happens("merged", dispatch.merged):
            self.fleet.followers[self.id] = self.resumed
            self.by_coordinator("merge", primary=recent[0])
            return False
        self.fleet.recent[self.title] = (self.id, self.start)
        self.by_coordinator("route", to=self.unit.name)
        if self.happens("returned", self.handling.returned) and len(self.fleet.units) > 1:
            yield self.worked(self.handling.step, "return")
            self.by_unit("send_back", reason=self.texts.returned)
            self.unit = self.fleet.units[self.streams.pick("other unit", self._other_units())]
            yield self.worked(dispatch.delay, "dispatch", 1)
            self.by_coordinator("route", to=self.unit.name)
        return True

    def resumed(self) -> Steps:
        """Its primary was withdrawn: the desk routes the case after all."""
        dispatch = self.scenario.dispatch
        assert dispatch is not None  # merged by it
        yield self.worked(dispatch.delay, "dispatch", 2)
        self.by_coordinator("route", to=self.unit.name)
        return (yield from self.handled())

    def _other_units(self) -> dict[str, float]:
        return {
            name: max(weight, 1e-9) for name, weight in self.fleet.weights.items() if name != self.unit.name
        }

    def handled(self) -> Steps:
        """The unit works on it until there is a reply, and what follows; again after each reopening."""
        turn = 0
        while True:
            ready = self._ready(turn)
            if turn == 0 and not (yield from self._small_steps()):
                return False
            if ready is None:
                return False
            if ready > self.fleet.now:
                yield self.fleet.until(ready)
            yield from self._written(turn)
            if not (yield from self._evaluated(turn)):
                return False
            turn += 1

    def _ready(self, turn: int) -> int | None:
        """When the reply could be written; `None` for never. A unit that heeds its deadlines is quicker."""
        unit, now = self.unit, self.fleet.now
        hours = unit.wait.at(self.streams.roll("wait", turn))
        at = None if hours is None else unit.time.after(now, hours)
        if hours is not None and self.happens("heeds", self.handling.heeds, turn):
            warned = self._warned()
            ends = self.fleet.end if at is None else at
            if warned is not None and warned < ends:
                left = hours - unit.time.between(now, warned)
                return unit.time.after(warned, left * self.handling.hurry)
        return at

    def _warned(self) -> int | None:
        """The instant of the next reminder or card, by the desk's own count; `None` when none is to come."""
        case = self.fleet.desk.store.load(self.id)
        runs = case.clocks if case is not None else ()
        soon = [
            due
            for run in runs
            if run.until_us is None
            for due in run.dues
            if due is not None and due > self.fleet.now * SECOND
        ]
        return min(soon) // SECOND if soon else None

    def _small_steps(self) -> Steps:
        """What may happen before the reply; each step takes its time within the wait."""
        do, step = self.handling, self.handling.step
        if self.happens("acknowledged", do.acknowledged):
            yield self.worked(step, "acknowledge")
            self.by_unit("acknowledge")
        if self.happens("signed in", do.signed_in):
            yield self.worked(step, "sign in")
            self.by_unit("take_charge")
        if self.happens("withdrawn", do.withdrawn):
            yield self.worked(step, "withdraw")
            self._withdraw()
            return False
        if self.happens("dispatched", do.dispatched):
            yield self.worked(step, "visit")
            self.by_unit("dispatch")
        if self.happens("co-handled", do.co_handled) and len(self.fleet.units) > 1:
            helper = self.streams.pick("helper", self._other_units())
            yield self.worked(step, "add helper")
            self.by_coordinator("add_co_handler", co_handler=helper)
            yield self.worked(step, "helper reports")
            self.by_unit("report", helper, text=self.texts.report)
        if self.happens("extended", do.extended):
            yield from self._extended()
        if self.happens("informed", do.informed):
            yield self.worked(step, "request")
            self.by_unit("request_information", text=self.texts.request)
            yield self.elapsed(do.information, "information")
            self.by_citizen("receive_information", text=self.texts.information)
        if self.happens("placeholder", do.placeholder):
            yield self.worked(step, "placeholder")
            self.by_unit("placeholder", text=self.texts.placeholder)
        return True

    def _withdraw(self) -> None:
        """The citizen withdraws; cases that were merged into this one go to the desk again."""
        case = self.by_citizen("withdraw", reason=self.texts.withdrawn)
        self._waits_no_more()
        for follower in case.facts.followers if case is not None else ():
            self.fleet.env.process(self.fleet.followers[follower]())

    def _extended(self) -> Steps:
        """The unit asks for more days, if the deadline has not passed, and gets an answer."""
        yield self.worked(self.handling.step, "extension")
        case = self.fleet.desk.store.load(self.id)
        deadline = case.deadline_us if case is not None else None
        if deadline is None or deadline <= self.fleet.now * SECOND:
            return False
        request = self.by_unit(
            "request_extension", days=self.handling.extension_days, reason=self.texts.extension
        )
        yield self.worked(self.handling.step, "extension answer")
        if request is not None:
            granted = self.happens("granted", self.handling.granted)
            self.by_supervisor("grant_extension" if granted else "refuse_extension")
        return True

    def _written(self, turn: int) -> Steps:
        """An officer writes the reply, as soon as one is free; a few are taken back and given anew."""
        unit = self.unit
        hours = unit.work.at(self.streams.roll("work", turn)) or 0.0
        if unit.desk is None:
            yield self.fleet.until(unit.time.after(self.fleet.now, hours))
        else:
            with self._request() as free:
                yield free
                begun = self.fleet.now
                done = unit.time.after(begun, hours)
                unit.busy += unit.time.between(begun, self.fleet.end if done is None else done)
                yield self.fleet.until(done)
        self._reply(self.texts.again if turn else self.texts.reply)
        if self.happens("retracted", self.handling.retracted, turn):
            yield self.worked(self.handling.correction, "retract", turn)
            lead = self.fleet.actor(f"l-{unit.name}", self.roles.lead, unit=unit.name)
            self.fleet.act(self.id, "retract_reply", by=lead, fields={"reason": self.texts.retracted})
            yield self.worked(self.handling.correction, "correct", turn)
            self._reply(self.texts.corrected)
        return True

    def _request(self) -> Any:
        desk = self.unit.desk
        assert desk is not None  # looked at before
        if not isinstance(desk, PriorityResource):  # whose officers take what is due first
            return desk.request()
        case = self.fleet.desk.store.load(self.id)
        deadline = case.deadline_us if case is not None else None
        far = (self.fleet.end + 366 * 24 * HOUR) * SECOND
        return desk.request(priority=far if deadline is None else deadline)

    def _reply(self, text: str) -> None:
        if self.by_unit("reply", text=text) is not None:
            self.fleet.replied.setdefault(self.number, self.fleet.now - self.start)
            self._waits_no_more()

    def _waits_no_more(self) -> None:
        if self.fleet.recent.get(self.title, ("",))[0] == self.id:
            del self.fleet.recent[self.title]

    def _evaluated(self, turn: int) -> Steps:
        """From the reply to the closing; returns whether the citizen opens the case again."""
        do, score = self.scenario.evaluation, 0
        if self.happens("completed", do.completed, turn):
            yield self.worked(do.completion, "complete", turn)
            self.by_unit("complete")
        if turn == 0 and self.happens("rated", do.rated):
            yield self.elapsed(do.rating, "rate")
            score = self._score()
            self.by_citizen("rate", score=score)
        if self.happens("assessed", do.assessed, turn):
            yield self.worked(self.handling.step, "assess", turn)
            marks = {name: 2 + int(self.streams.roll(name, turn) * 4) for name in ("efficiency", "effect")}
            self.by_supervisor("assess", **marks)
        if turn == 0 and self.happens("rectified", do.rectified):
            yield self.worked(self.handling.step, "rectify")
            self.by_supervisor("link_rectification", rectification=f"zg-{self.id}")
            yield self.worked(do.rectification, "rectification")
            self.by_supervisor("verify_rectification", rectification=f"zg-{self.id}")
        if not self.happens("closed", do.closed, turn):
            return False
        yield self.worked(do.closing, "close", turn)
        self.by_supervisor("close")
        again = do.reopened_unsatisfied if 0 < score <= 2 else do.reopened
        if turn > 1 or not self.happens("reopened", again, turn):
            return False
        yield self.elapsed(do.reopening, "reopen", turn)
        return self.by_citizen("reopen", reason=self.texts.reopened) is not None

    def _score(self) -> int:
        """1 to 5: the longer the reply took, the more citizens rate as for a very late one."""
        do = self.scenario.evaluation
        days = self.fleet.replied.get(self.number, 0) * SECOND / DAY
        late = days / (days + do.patience) if days + do.patience else 0.0
        is_late = bool(do.late_scores) and self.streams.roll("patience") < late
        weights = do.late_scores if is_late else do.scores
        return self.streams.pick("score", {score: weights[score - 1] for score in (5, 4, 3, 2, 1)})
