"""``caseflow simulate``: a scenario's year, what if it were otherwise, and a scenario fitted to a log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import tomli_w

from caseflow import MemoryStore, load_policy
from caseflow.cli.options import (
    BOM,
    FILE,
    Exit,
    Lang,
    bom_option,
    columns,
    echo,
    json_option,
    labelled,
    lang_option,
    print_json,
    progress_bar,
    say,
    spare_inputs,
    usage,
    word,
)
from caseflow.i18n import bracketed
from caseflow.interchange import load_mapping, replay
from caseflow.ports import Query

if TYPE_CHECKING:  # needs the extra `sim`, which only this command needs
    from caseflow.simulation.compare import Measured
    from caseflow.simulation.scenario import Scenario

_SHARES = ("on_time", "busy")
_COUNTS = ("cases", "cards", "unanswered")


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
@click.option("--fit", "fit_logs", multiple=True, type=FILE, metavar="LOG",
              help="Make the scenario --out from a real log instead.")  # fmt: skip
@click.option("--mapping", type=FILE, help="With --fit: what the columns mean.")
@click.option("--policy", default=None, metavar="NAME|FILE", help="With --fit; by default wuhu.")
@click.option("--calendar", default="", help="With --fit: CN or a table file.")
@click.option("--timezone", default=None, help="With --fit: the zone of times without an offset.")
@click.option("--encoding", default=None, help="With --fit; by default as the mapping says, else UTF-8.")
@bom_option
@json_option
@lang_option
def simulate(
    scenario: str | None,
    out: Path | None,
    against: str | None,
    changes: tuple[str, ...],
    svg: Path | None,
    fit_logs: tuple[Path, ...],
    mapping: Path | None,
    policy: str | None,
    calendar: str,
    timezone: str | None,
    encoding: str | None,
    bom: bool,
    lang: Lang,
    **run: Any,
) -> int:
    """Simulate a scenario's year: a shipped one (city) or a TOML file.

    The same seed gives the same log. With --against or --what-if both scenarios meet the same arrivals and
    the same luck, over --runs seeds.
    """
    spare_inputs((*fit_logs, mapping, scenario, against), (out, svg), lang)
    reading: dict[str, Any] = {
        "mapping": mapping,
        "policy": policy,
        "calendar": calendar,
        "timezone": timezone,
    }
    if fit_logs:
        if scenario or out is None or against or changes or svg or bom:
            raise usage("fit-needs-out", lang)
        return _fit(fit_logs, out, lang, encoding=encoding, **reading)
    if scenario is None:
        raise usage("scenario-or-fit", lang)
    for name, value in reading.items():
        if value:
            raise usage("goes-with-fit", lang, option=f"--{name}")
    if against and changes:
        raise usage("not-together", lang, one="--against", other="--what-if")
    if bom and out is None:
        raise usage("bom-needs-file", lang, options="--out")
    return _compare(scenario, against, changes, out, svg, bom=bom, lang=lang, **run)


def _compare(
    scenario: str, against: str | None, changes: tuple[str, ...], out: Path | None, svg: Path | None, *,
    cases: int | None, seed: int | None, runs: int, units: bool, bom: bool, as_json: bool, lang: Lang,
) -> int:  # fmt: skip
    """Simulate a scenario, or two over the same arrivals, and show what was measured."""
    simulation = _simulation(lang)
    one = simulation.load_scenario(scenario)
    other = simulation.load_scenario(against) if against else None
    if changes:
        other = import_module("caseflow.simulation.what_if").changed(one, changes)
    with progress_bar("simulate") as progress:
        first = _first_run(simulation, one, out, cases=cases, seed=seed, bom=bom) if out else None
        measures = import_module("caseflow.simulation.compare").measured(
            one, other, cases=cases, seed=seed, runs=runs, first=first, progress=progress
        )
    names = (one.name or scenario, ", ".join(changes) or (other.name if other else "") or against or "")
    visible = tuple(item for item in measures if units or not item.key.startswith("busy."))
    begin, count = one.seed if seed is None else seed, cases or one.cases
    seeds = f"{begin}" if runs == 1 else f"{begin}-{begin + runs - 1}"
    head = word("simulated", lang, cases=count, days=one.days, start=one.start.isoformat(), seeds=seeds)
    if svg is not None:
        svg.write_text(_drawing(visible, one, names, head, lang), encoding="utf-8")
    if as_json:
        print_json(_document(measures, count, begin, runs))
    else:
        for line in (head, *table_lines(visible, names, labels(one, visible, lang), lang)):
            echo(line)
    return Exit.OK


def _first_run(
    simulation: Any, one: Scenario, out: Path, *, cases: int | None, seed: int | None, bom: bool
) -> Any:
    """The first run, with its log in a file."""
    with out.open("w", encoding="utf-8", newline="") as file:
        file.write(BOM if bom else "")
        return simulation.simulate(one, cases=cases, seed=seed, out=file)


def _simulation(lang: Lang) -> Any:
    try:
        return import_module("caseflow.simulation")
    except ModuleNotFoundError as error:
        if error.name != "simpy":
            raise
        raise usage("extra-missing", lang, package="simpy", extra="sim") from error


def _fit(
    logs: tuple[Path, ...], out: Path, lang: Lang, *,
    mapping: Path | None, policy: str | None, calendar: str, timezone: str | None,
    encoding: str | None,
) -> int:  # fmt: skip
    _simulation(lang)
    fitting = import_module("caseflow.simulation.fit")
    parts = import_module("caseflow.simulation.scenario")
    rules = load_policy(policy or "wuhu")
    table = import_module("caseflow.simulation.scenario_file").calendar_of(calendar, Path())
    with progress_bar("fit") as progress:
        store = MemoryStore()
        summary = replay(
            logs, policy=rules, store=store, mapping=load_mapping(mapping) if mapping else None,
            timezone=timezone, encoding=encoding, progress=progress,
        )  # fmt: skip
    cases = fitting.seen(store.find(Query(limit=summary.cases)), end_us=summary.as_of_us or 0)
    fitted = fitting.fitted(cases, rules=rules, policy=policy or "wuhu", calendar=calendar, table=table)
    replied = sum(case.replied is not None for case in cases)
    head = (
        f"# Fitted to {len(cases)} cases, {replied} of them with a reply. `wait` is in office hours of a\n"
        "# 40-hour week that runs as the replies came; officers and their work cannot be seen in a log.\n"
    )
    out.write_text(head + tomli_w.dumps(parts.document(fitted)), encoding="utf-8")
    say("fitted", lang, path=out, cases=len(cases), replied=replied)
    return Exit.OK


def labels(one: Scenario, measures: Sequence[Measured], lang: Lang) -> dict[str, str]:
    """What each measure is called, by key; a card's level as its policy calls it."""
    rules = one.rules
    several = rules is not None and len(rules.clocks) > 1
    names: dict[str, str] = {}
    for item in measures:
        kind, _, name = item.key.partition(".")
        if kind == "cards" and rules is not None:
            clock, _, level = name.partition(".")
            rung = next(rung for rung in rules.clocks[clock].rungs if rung.level == level)
            label = rung.labels.get(lang, level)
            names[item.key] = (
                labelled(rules.clocks[clock].labels.get(lang, clock), label, lang) if several else label
            )
        elif kind == "reply":
            names[item.key] = word("reply-quantile", lang, percent=name.removeprefix("p"))
        elif kind == "busy" and name:
            names[item.key] = word("busy-unit", lang, unit=name)
        else:
            names[item.key] = word(f"simulated-{kind}", lang)
    return names


def texts(item: Measured, lang: Lang) -> tuple[str, str, str]:
    """The number, the other number, and the difference (or the mean's place) with its interval."""
    other = "" if item.other is None else _number(item.key, item.other)
    middle = "" if item.difference is None else _signed(item.key, item.difference)
    if item.low is None or item.high is None:
        return _number(item.key, item.one), other, middle
    write = _number if item.other is None else _signed
    span = word("from-to", lang, low=write(item.key, item.low), high=write(item.key, item.high))
    return _number(item.key, item.one), other, f"{middle}{bracketed(span, lang)}" if middle else span


def _number(key: str, value: float) -> str:
    kind = key.partition(".")[0]
    if kind in _SHARES:
        return f"{value:.1%}"
    if kind in _COUNTS:
        return f"{value:.0f}" if value == round(value) else f"{value:.1f}"
    return f"{value:.2f}"


def _signed(key: str, value: float) -> str:
    kind = key.partition(".")[0]
    if kind in _SHARES:
        return f"{value * 100:+.1f}"
    return f"{value:+.1f}" if kind in _COUNTS else f"{value:+.2f}"


def table_lines(
    measures: Sequence[Measured], names: tuple[str, str], known: dict[str, str], lang: Lang
) -> Iterator[str]:
    """The table: a measure a line, with the other scenario's number and the difference if there is one."""
    has_interval = any(item.low is not None for item in measures)
    heads = ["", word("as-it-is", lang) if names[1] else names[0]]
    if names[1]:
        heads += [word("so", lang), word("difference", lang)]
    elif has_interval:
        heads.append(word("interval", lang))
    rows = [heads]
    for item in measures:
        one, other, last = texts(item, lang)
        cells = [known[item.key], one]
        if names[1]:
            cells += [other, last]
        elif has_interval:
            cells.append(last)
        rows.append(cells)
    yield from columns(rows)
    if names[1]:
        yield word("so-is", lang, change=names[1])


def _drawing(
    measures: tuple[Measured, ...], one: Scenario, names: tuple[str, str], head: str, lang: Lang
) -> str:
    drawing = import_module("caseflow.simulation.chart")
    known = labels(one, measures, lang)
    words = drawing.ChartText(
        title=word("what-if", lang, change=names[1]) if names[1] else names[0],
        subtitle=head,
        one=names[0] if not names[1] else word("as-it-is", lang),
        other=names[1],
        difference=word("difference" if names[1] else "interval", lang),
        names=known,
        numbers={item.key: texts(item, lang) for item in measures if item.key in known},
    )
    page: str = drawing.drawn(measures, words)
    return page


def _document(measures: tuple[Measured, ...], cases: int, seed: int, runs: int) -> dict[str, Any]:
    numbers = {
        item.key: {
            "mean": item.one, "other": item.other, "difference": item.difference,
            "low": item.low, "high": item.high,
        }
        for item in measures
    }  # fmt: skip
    return {"cases": cases, "seed": seed, "runs": runs, "interval": "95% t, paired", "measures": numbers}
