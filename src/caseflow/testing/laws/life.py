"""One life under a policy: commands, waits, sweeps, crashes and races, every law checked after each step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from caseflow.config import load_policy
from caseflow.core.commands import Actor
from caseflow.core.instants import DAY, micros
from caseflow.core.policy import Policy
from caseflow.testing.laws.acting import Acting
from caseflow.testing.laws.asked import Asked
from caseflow.testing.laws.coverage import Coverage
from caseflow.testing.laws.ending import end
from caseflow.testing.laws.engine import Engine
from caseflow.testing.laws.repeats import deliver_again, expect_another_version
from caseflow.testing.laws.steps import Step, when
from caseflow.testing.laws.sweeping import sweep_once
from caseflow.testing.laws.twins import Under
from caseflow.testing.laws.world import World


class Life(World):
    """Lives through one sequence of steps, and raises `LawBroken` at the first law that does not hold.

    Beside the engine under proof runs a second one that takes the same commands and is never swept, and a
    model that works everything out from the policy's own words.

    Args:
        policy: a shipped name, a file or a policy.
        start: the first instant: an aware datetime, its ISO text, or epoch microseconds.
        engine: what is proved.
    """

    def __init__(
        self,
        policy: Policy | str | Path,
        *,
        start: str | int = "2025-03-03T09:30:00+08:00",
        engine: Engine | None = None,
        coverage: Coverage | None = None,
        under: Under | None = None,
    ) -> None:
        if under is None:
            under = Under(policy if isinstance(policy, Policy) else load_policy(policy))
        super().__init__(
            under,
            start=micros(start, what="start"),
            engine=Engine() if engine is None else engine,
            coverage=Coverage(under.rules[0].policy) if coverage is None else coverage,
        )
        self.steps: list[Step] = []
        self._latest = self.clock.now

    def wait(self, *, to: str | int) -> None:
        """Let the clock stand at that instant; an earlier one is a clock that went back."""
        self._told("wait", to=when(micros(to)))
        self.clock.now = micros(to, what="to")
        self._latest = max(self._latest, self.clock.now)

    def sweep(self, *, rival: str = "") -> None:
        """Sweep; with ``rival`` (``load`` or ``append``) another sweeper is faster at that moment."""
        self._told("sweep", rival=rival)
        sweep_once(self, rival=rival)

    def act(
        self,
        case_id: str,
        action: str,
        *,
        by: Actor,
        fields: Mapping[str, Any] | None = None,
        since: str | int | None = None,
        desk: int = 0,
        rival: str = "",
        crash: str = "",
        refused: str = "",
    ) -> str:
        """Take an action; returns the code of its refusal, empty when it was accepted.

        Args:
            case_id, action, by, fields: as for `caseflow.Desk.act`.
            since: as ``effective_at``.
            desk: 1 for the desk whose policy has every rung a day (or an hour) later, to adopt its rules.
            rival: somebody is faster: ``sweep`` sweeps and ``same`` takes the same action between load and
                append; ``busy`` wins four times, ``always`` five.
            crash: the process dies ``before`` or ``after`` the append; it is started anew and asks again.
            refused: the code with which it must be refused.
        """
        key, terms = f"k{len(self.steps)}", {"by": by, "fields": dict(fields or {})}
        how = {"desk": desk, "rival": rival, "crash": crash, "refused": refused}
        said = when(micros(since)) if since is not None else None
        self._told("act", case_id, action, **terms, since=said, **how)
        if since is not None:
            terms["effective_at"] = micros(since)
        self.people.add(by.id)
        asked = Asked(case_id=case_id, action=action, terms=terms, desk=desk)
        return Acting(self, asked, key=key, rival=rival, crash=crash).run(refused=refused)

    def again(self, number: int, *, changed: bool = False) -> None:
        """Deliver a command a second time under its key; with ``changed`` another command under it."""
        if not self.done:
            return
        self._told("again", number, changed=changed)
        deliver_again(self, self.done[number % len(self.done)], changed=changed)

    def expecting(self, case_id: str, action: str, *, by: Actor, fields: Mapping[str, Any]) -> None:
        """Ask with a version that is not the case's: it raises, and nothing is recorded."""
        self._told("expecting", case_id, action, by=by, fields=dict(fields))
        expect_another_version(self, case_id, action, by=by, fields=fields)

    def finish(self, *, days: int = 400) -> None:
        """Let so many days pass, compare with the engine that was never swept, and meet an unknown event."""
        self._told("finish")
        end(self, at=self._latest + days * DAY)

    def take(self, step: Step) -> None:
        """Live one step that another life has told of."""
        getattr(self, step.method)(*step.args, **step.terms)

    def _told(self, method: str, *args: Any, **terms: Any) -> None:
        self.steps.append(Step(method, args, terms))
