"""``caseflow simulate``: a scenario's year, what if it were otherwise, and a scenario fitted to a log."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import tomli_w

from caseflow.cli import exits
from caseflow.cli.options import chosen, json_option, lang_option, print_json
from caseflow.cli.progress import progress_bar
from caseflow.cli.simulated import labels, table_lines, texts
from caseflow.cli.words import Lang, word
from caseflow.config import load_policy
from caseflow.logs import load_mapping

if TYPE_CHECKING:  # needs the extra `sim`, which only this command needs
    from caseflow.simulation.comparing import Measured
    from caseflow.simulation.scenario import Scenario


@click.command()
@click.argument("scenario", required=False, metavar="[SCENARIO]")
@click.option("--cases", type=click.IntRange(1), help="Submissions; by default as the scenario says.")
@click.option("--seed", type=int, help="Where chance begins; by default as the scenario says.")
@click.option(
    "--runs", type=click.IntRange(1), default=1, show_default=True, help="With seeds from --seed on."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The log of the first run.")
@click.option("--against", metavar="OTHER", help="Another scenario over the same arrivals.")
@click.option("--what-if", "changes", multiple=True, metavar="CHANGE", help="Such as 'reply.yellow=3 days'.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="The table as a drawing.")
@click.option("--units", is_flag=True, help="Tell each unit's work as well.")
@click.option("--fit", "fit_logs", multiple=True, type=click.Path(path_type=Path), metavar="LOG",
              help="Make the scenario --out from a real log instead.")  # fmt: skip
@click.option("--mapping", type=click.Path(path_type=Path), help="With --fit: what the columns mean.")
@click.option("--policy", default=None, metavar="NAME|FILE", help="With --fit; by default wuhu.")
@click.option("--calendar", default="", help="With --fit: CN or a table file.")
@click.option("--timezone", default=None, help="With --fit: the zone of times without an offset.")
@click.option("--encoding", default="utf-8", show_default=True, help="With --fit.")
@json_option
@lang_option
def simulate(
    scenario: str | None,
    cases: int | None,
    seed: int | None,
    runs: int,
    out: Path | None,
    against: str | None,
    changes: tuple[str, ...],
    svg: Path | None,
    units: bool,
    fit_logs: tuple[Path, ...],
    as_json: bool,
    lang: str | None,
    **fitting: Any,
) -> int:
    """Simulate a scenario's year: a shipped one (city) or a TOML file.

    The same seed gives the same log. With --against or --what-if both scenarios meet the same arrivals and
    the same luck, over --runs seeds.
    """
    if fit_logs:
        if scenario or out is None or against or changes or svg:
            raise click.UsageError("--fit goes with --out SCENARIO.toml and no scenario")
        return _fit(fit_logs, out, chosen(lang), **fitting)
    if scenario is None:
        raise click.UsageError("name a scenario, such as city, or --fit a log")
    given = [name for name in ("mapping", "policy", "calendar", "timezone") if fitting[name]]
    if given:
        raise click.UsageError(f"--{given[0]} goes with --fit")
    if against and changes:
        raise click.UsageError("--against and --what-if do not go together")
    simulation = _simulation()
    one = simulation.load_scenario(scenario)
    other = simulation.load_scenario(against) if against else None
    if changes:
        other = import_module("caseflow.simulation.changes").changed(one, changes)
    tongue = chosen(lang)
    with progress_bar("simulate") as progress:
        first = None
        if out is not None:
            with out.open("w", encoding="utf-8", newline="") as file:
                first = simulation.simulate(one, cases=cases, seed=seed, out=file)
        found = import_module("caseflow.simulation.comparing").measured(
            one, other, cases=cases, seed=seed, runs=runs, first=first, progress=progress
        )
    names = (one.name or scenario, ", ".join(changes) or (other.name if other else "") or against or "")
    shown = tuple(item for item in found if units or not item.key.startswith("busy."))
    head = _head(one, cases, seed, runs, tongue)
    if svg is not None:
        svg.write_text(_drawn(shown, one, names, head, tongue), encoding="utf-8")
    if as_json:
        print_json(_document(found, cases or one.cases, one.seed if seed is None else seed, runs))
    else:
        for line in (head, *table_lines(shown, names, labels(one, shown, tongue), tongue)):
            click.echo(line)
    return exits.OK


def _simulation() -> Any:
    try:
        return import_module("caseflow.simulation")
    except ModuleNotFoundError as error:
        if error.name != "simpy":
            raise
        raise click.UsageError(
            "the package simpy is missing; install caseflow with its extra `sim`"
        ) from error


def _fit(
    logs: tuple[Path, ...],
    out: Path,
    lang: Lang,
    *,
    mapping: Path | None,
    policy: str | None,
    calendar: str,
    timezone: str | None,
    encoding: str,
) -> int:
    _simulation()
    fitting = import_module("caseflow.simulation.fitting")
    parts = import_module("caseflow.simulation.scenario")
    rules = load_policy(policy or "wuhu")
    table = import_module("caseflow.simulation.reading").calendar_of(calendar, Path())
    with progress_bar("fit") as progress:
        cases = fitting.seen(
            logs, policy=rules, mapping=load_mapping(mapping) if mapping else None,
            timezone=timezone, encoding=encoding, progress=progress,
        )  # fmt: skip
    made = fitting.fitted(cases, rules=rules, policy=policy or "wuhu", calendar=calendar, table=table)
    replied = sum(case.replied is not None for case in cases)
    head = (
        f"# Fitted to {len(cases)} cases, {replied} of them with a reply. `wait` is in office hours of a\n"
        "# 40-hour week that runs as the replies came; officers and their work cannot be seen in a log.\n"
    )
    out.write_text(head + tomli_w.dumps(parts.document(made)), encoding="utf-8")
    click.echo(word("fitted", lang).format(out, len(cases), replied))
    return exits.OK


def _head(one: Scenario, cases: int | None, seed: int | None, runs: int, lang: Lang) -> str:
    begin = one.seed if seed is None else seed
    seeds = f"{begin}" if runs == 1 else f"{begin}-{begin + runs - 1}"
    return word("simulated", lang).format(cases or one.cases, one.days, one.start.isoformat(), seeds)


def _drawn(found: tuple[Measured, ...], one: Scenario, names: tuple[str, str], head: str, lang: Lang) -> str:
    drawing = import_module("caseflow.simulation.drawing")
    known = labels(one, found, lang)
    words = drawing.Words(
        title=word("what if", lang).format(names[1]) if names[1] else names[0],
        subtitle=head,
        one=names[0] if not names[1] else word("as it is", lang),
        other=names[1],
        difference=word("difference" if names[1] else "interval", lang),
        names=known,
        numbers={item.key: texts(item, lang) for item in found if item.key in known},
    )
    made: str = drawing.drawn(found, words)
    return made


def _document(found: tuple[Measured, ...], cases: int, seed: int, runs: int) -> dict[str, Any]:
    measures = {
        item.key: {
            "mean": item.one, "other": item.other, "difference": item.difference,
            "low": item.low, "high": item.high,
        }
        for item in found
    }  # fmt: skip
    return {"cases": cases, "seed": seed, "runs": runs, "interval": "95% t, paired", "measures": measures}
