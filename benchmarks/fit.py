"""How good is a fitted simulation: its reply delays beside real ones that the fit did not see.

    python -m benchmarks.fit

needs the public logs in ``../shared/data`` and prints the tables of ``docs/explanation``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import attrs

from caseflow import MemoryStore, Policy, load_policy
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import SECOND, moment
from caseflow.interchange import load_mapping, replay
from caseflow.policies.calendars import load_calendar
from caseflow.ports import Query
from caseflow.simulation import Scenario, simulate
from caseflow.simulation.arrivals import RandomStreams
from caseflow.simulation.fit import Seen, Survival, distance, fitted, seen

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
PERCENTS = (10, 25, 50, 75, 90, 95, 99)
SIMULATED = 10_000
"""Cases in each simulation."""
AFTER = 3_200
"""Days after the last submission for which it goes on, so that hardly a simulated reply is cut off."""
HELD_OUT = 0.3


@attrs.frozen(kw_only=True)
class Log:
    """A public log and how it is read."""

    name: str
    file: str
    mapping: str
    policy: Policy
    timezone: str | None = None
    calendar: Calendar | None = None

    @property
    def path(self) -> Path:
        """Where it lies."""
        return DATA / self.file

    def cases(self) -> tuple[Seen, ...]:
        """Its cases in the order of submission."""
        mapping = load_mapping(ROOT / "examples" / "mappings" / self.mapping)
        store = MemoryStore()
        summary = replay(
            [self.path], policy=self.policy, store=store, mapping=mapping, timezone=self.timezone
        )
        return seen(store.find(Query(limit=summary.cases)), end_us=summary.as_of_us or 0)


@attrs.frozen(kw_only=True)
class Outcome:
    """A simulation beside the cases that its fit did not see; delays in days.

    ``gap`` is the greatest difference of the two distributions, ``chance`` what two samples of these sizes
    from one and the same distribution stay under in 19 of 20 times.
    """

    split: str
    fitted_on: int
    held_out: int
    real: tuple[float | None, ...]
    simulated: tuple[float | None, ...]
    gap: float
    chance: float


def logs() -> tuple[Log, ...]:
    """The two logs the model is judged by."""
    wuhu = load_policy("wuhu")
    return (
        Log(
            name="tipdm_message_replies", file="tipdm_message_replies.csv.gz",
            mapping="tipdm_message_replies.toml", policy=wuhu, calendar=load_calendar("CN"),
        ),
        Log(
            name="boston311_2011h2, citizens", file="boston311_2011h2.csv.gz",
            mapping="boston311_citizens.toml", policy=attrs.evolve(wuhu, timezone="America/New_York"),
            timezone="America/New_York",
        ),
    )  # fmt: skip


def outcomes(log: Log, cases: Sequence[Seen], *, count: int = SIMULATED) -> Iterator[Outcome]:
    """Fit on part of the log and judge on the rest: split at random, and by the time of submission."""
    cut = sorted(case.submitted for case in cases)[round(len(cases) * (1 - HELD_OUT))]
    for split in ("random", "time"):
        outside = {
            case.case_id
            for number, case in enumerate(cases)
            if (
                case.submitted >= cut
                if split == "time"
                else RandomStreams(1, number).roll("held out") < HELD_OUT
            )
        }
        yield judged(
            log, split,
            [case for case in cases if case.case_id not in outside],
            [case for case in cases if case.case_id in outside],
            count=count,
        )  # fmt: skip


def judged(log: Log, split: str, inside: Sequence[Seen], outside: Sequence[Seen], *, count: int) -> Outcome:
    """Fit, simulate the time of the held-out cases, and compare."""
    scenario = fitted(inside, rules=log.policy, table=log.calendar)
    real = delays((case.submitted, case.replied, case.until) for case in outside)
    survival = simulated(over(scenario, outside), count=count)
    many = len(outside) * count / (len(outside) + count)
    return Outcome(
        split=split,
        fitted_on=len(inside),
        held_out=len(outside),
        real=tuple(real.quantile(percent / 100) for percent in PERCENTS),
        simulated=tuple(survival.quantile(percent / 100) for percent in PERCENTS),
        gap=distance(real, survival),
        chance=1.358 / math.sqrt(many),
    )


def over(scenario: Scenario, cases: Sequence[Seen]) -> Scenario:
    """The scenario moved to the days on which these cases were submitted."""
    zone = scenario.rules.timezone if scenario.rules else "UTC"
    first, last = (moment(case.submitted * SECOND, zone).date() for case in (cases[0], cases[-1]))
    return attrs.evolve(scenario, start=first, days=(last - first + timedelta(days=1)).days, after=AFTER)


def simulated(scenario: Scenario, *, count: int = SIMULATED) -> Survival:
    """The reply delays of a simulation, open cases until its end."""
    run = simulate(scenario, cases=count, seed=1)
    begun = (case.submitted_us // SECOND for case in run.cases)
    return delays(
        (at, None if after is None else at + after, run.end if after is None else at + after)
        for at, after in zip(begun, run.replied, strict=True)
    )


def delays(cases: Iterator[tuple[int, int | None, int]]) -> Survival:
    """Days from (submission, reply or `None`, last sight)."""
    return Survival.of(((until - at) / 86_400, replied is not None) for at, replied, until in cases)


def table(outcome: Outcome) -> str:
    """One outcome as Markdown rows: real, simulated, and their ratio less one."""
    rows = [
        f"| {outcome.split} | real | " + " | ".join(map(_days, outcome.real)) + " | |",
        "| | simulated | "
        + " | ".join(map(_days, outcome.simulated))
        + f" | {outcome.gap:.3f} ({outcome.chance:.3f}) |",
        "| | error | " + " | ".join(map(_error, outcome.real, outcome.simulated)) + " | |",
    ]
    return "\n".join(rows)


def _days(days: float | None) -> str:
    return "open" if days is None else f"{days:.2f}" if days < 100 else f"{days:.0f}"


def _error(real: float | None, drawn: float | None) -> str:
    return "" if real is None or drawn is None else f"{drawn / real - 1:+.0%}"


def main() -> None:
    """Print a table for each log that lies beside the checkout."""
    for log in logs():
        if not log.path.exists():
            print(f"skipped: no log {log.file} beside the checkout")
            continue
        heads = " | ".join(f"p{percent}" for percent in PERCENTS)
        print(f"\n**{log.name}**\n\n| held out | days | {heads} | gap (chance) |")
        print("|---|---|" + "---:|" * (len(PERCENTS) + 1))
        for outcome in outcomes(log, log.cases()):
            print(table(outcome), flush=True)
            print(
                f"\nHeld out by time: fitted on {outcome.fitted_on:,}, judged on {outcome.held_out:,}.\n"
                if outcome.split == "time"
                else "",
                end="",
            )


if __name__ == "__main__":
    main()
