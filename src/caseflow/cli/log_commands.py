"""``caseflow replay``, ``adopt`` and ``demo``: logs and tables of other systems, by the rules of a policy."""

from __future__ import annotations

import gzip
import json
from importlib import resources
from pathlib import Path
from typing import Any

import click

from caseflow import (
    Actor,
    BadInput,
    Card,
    Case,
    Desk,
    ManualClock,
    SqliteStore,
    StoreError,
    SystemClock,
    load_policy,
)
from caseflow.cli.options import (
    BOM,
    FILE,
    Exit,
    Lang,
    add_bom,
    bom_option,
    columns,
    echo,
    json_option,
    labelled,
    lang_option,
    open_store,
    print_json,
    progress_bar,
    say,
    spare_inputs,
    store_option,
    usage,
    word,
)
from caseflow.i18n import mark
from caseflow.interchange import load_mapping, write_cards
from caseflow.interchange import replay as replayed
from caseflow.interchange.log_mapping import ASIDE, LogMapping, load_legacy_mapping
from caseflow.interchange.takeover import Takeover, take_over
from caseflow.policies.parse import is_table
from caseflow.ports import Clock, Query, Store

MOST_LISTED = 100
"""Wrong rows that are printed; the rest is counted."""
LEVELS = ("yellow", "red", "urge")
"""The rungs that the demo counts."""


@click.command()
@click.argument("logs", nargs=-1, required=True, type=FILE, metavar="LOG...")
@click.option("--policy", "policy_name", required=True, metavar="NAME|FILE")
@click.option("--mapping", "mapping_path", type=FILE, help="What the columns mean.")
@click.option("--as-of", default=None, help="Stop here (ISO 8601 with an offset); by default the last event.")
@click.option("--store", "store_url", default=None, help="Keep the cases; by default in memory only.")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path, allow_dash=True), help="Counts; - for stdout."
)
@click.option("--cards", "cards_path", type=FILE, help="Every card as CSV.")
@click.option("--reminders", "reminders_path", type=FILE, help="Every reminder as CSV.")
@click.option("--timezone", default=None, help="The zone of times without an offset.")
@click.option("--encoding", default=None, help="Of the files; by default as the mapping says, else UTF-8.")
@click.option("--on-error", type=click.Choice(["stop", "skip"]), default="stop", show_default=True)
@click.option("--rejects", type=FILE, help="Rows skipped or set aside, each with its reason.")
@bom_option
@lang_option
def replay(
    logs: tuple[Path, ...],
    policy_name: str,
    mapping_path: Path | None,
    store_url: str | None,
    json_path: Path | None,
    cards_path: Path | None,
    reminders_path: Path | None,
    rejects: Path | None,
    bom: bool,
    lang: Lang,
    **reading: Any,
) -> int:
    """Replay logs (CSV, CSV.gz; one event a row: case_id,action,at) and count what came of them.

    Exit code 1 means that rows were skipped.
    """
    tables = [path for path in (cards_path, reminders_path, rejects) if path is not None]
    if bom and not tables:
        raise usage("bom-needs-file", lang, options="--cards, --reminders, --rejects")
    spare_inputs((*logs, mapping_path, policy_name, store_url), (*tables, json_path), lang)
    policy = load_policy(policy_name)
    mapping = load_mapping(mapping_path) if mapping_path else LogMapping()
    if rejects is not None and reading["on_error"] != "skip" and mapping.identical != ASIDE:
        raise usage("rejects-need-skip", lang)
    with progress_bar("replay") as progress:
        summary = replayed(
            logs, policy=policy, store=open_store(store_url), mapping=mapping, rejects=rejects,
            progress=progress, **reading,
        )  # fmt: skip
    for listed, path in ((summary.issued, cards_path), (summary.reminded, reminders_path)):
        if path is not None:
            write_cards(listed, path)
    for path in tables if bom else ():
        add_bom(path)
    _print_summary(summary.document(), json_path)
    return Exit.FOUND if summary.rejected else Exit.OK


def _print_summary(document: dict[str, Any], json_path: Path | None) -> None:
    """The counts as text, or as JSON to a file or to standard output."""
    if json_path is not None and str(json_path) != "-":
        json_path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    elif json_path is not None:
        print_json(document)
    else:
        for key, value in document.items():
            echo(f"{key}: {_plain(value)}")


def _plain(value: object) -> str:
    """A value of the summary as people read it; ``-`` for none."""
    if is_table(value):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    return "-" if value is None else str(value)


@click.command()
@click.argument("table", type=FILE, metavar="TABLE.csv")
@click.option("--mapping", "mapping_path", required=True, type=FILE, help="What the columns mean.")
@store_option
@click.option("--policy", "policy_name", default="wuhu", show_default=True, metavar="NAME|FILE")
@click.option("--dry-run", is_flag=True, help="Judge every row and write nothing.")
@click.option("--reason", default=None, help="Why; by default that they come from this table.")
@click.option("--by", default="importer", show_default=True, help="The id of whoever takes them over.")
@click.option("--role", default="importer", show_default=True, help="One that may do everything, backdated.")
@click.option("--as-of", default=None, help="The instant of the takeover (ISO 8601); by default now.")
@click.option("--timezone", default=None, help="The zone of times without an offset.")
@click.option("--encoding", default=None, help="Of the files; by default as the mapping says, else UTF-8.")
@json_option
@lang_option
def adopt(
    table: Path,
    mapping_path: Path,
    store_url: str,
    policy_name: str,
    dry_run: bool,
    reason: str | None,
    by: str,
    role: str,
    as_of: str | None,
    as_json: bool,
    lang: Lang,
    **reading: Any,
) -> int:
    """Take over the cases of another system's table (CSV, CSV.gz; one row a case).

    Each keeps its true start and state. What was due before is recorded as inherited and told to nobody; what
    comes after fires as usual. When a row is wrong all wrong rows are listed and nothing is written: exit
    code 1. Run again it changes nothing.
    """
    policy, mapping, clock = load_policy(policy_name), load_legacy_mapping(mapping_path), _clock(as_of)
    store = _rehearsal(store_url) if dry_run else open_store(store_url)
    result = take_over(
        Desk(policy, store, clock=clock), table, mapping, by=Actor(by, role=role), dry_run=dry_run,
        reason=reason or word("taken-over-from", lang, table=table.name), **reading,
    )  # fmt: skip
    for error in (*result.identical[:MOST_LISTED], *result.wrong[:MOST_LISTED]):
        echo(f"caseflow: {error.text(lang)}", err=True)
    if as_json:
        print_json(_takeover_document(result, dry_run=dry_run))
    else:
        for line in _takeover_lines(result, lang, dry_run=dry_run):
            echo(line)
    return Exit.FOUND if result.wrong else Exit.OK


def _clock(as_of: str | None) -> Clock:
    """The clock of a takeover.

    Raises:
        BadInput: it stands in the future.
    """
    clock = ManualClock(as_of) if as_of else SystemClock()
    if clock.now_us() > SystemClock().now_us():
        raise BadInput("as-of-future", what="--as-of", found=as_of)
    return clock


def _rehearsal(store_url: str) -> Store:
    """The store, or one in memory where there is none yet: a dry run makes neither file nor tables."""
    path = store_url.removeprefix("sqlite:///")
    is_there = path == store_url or Path(path).exists()
    try:
        return open_store(store_url if is_there else "memory:", must_exist=is_there)
    except StoreError as error:
        if error.code != "store-missing":
            raise
        return open_store("memory:")


def _takeover_document(result: Takeover, *, dry_run: bool) -> dict[str, object]:
    done = result.adoption
    return {
        "written": not (dry_run or result.wrong), "adopted": done.adopted, "ended": done.ended,
        "unchanged": done.unchanged, "skipped": result.skipped, "identical": len(result.identical),
        "wrong": len(result.wrong), "inherited": dict(done.inherited), "running": dict(done.running),
        "untaken": done.untaken,
    }  # fmt: skip


def _takeover_lines(result: Takeover, lang: Lang, *, dry_run: bool) -> list[str]:
    done = result.adoption
    if result.wrong:
        return [word("nothing-taken-over", lang, count=len(result.wrong))]
    counts = {"adopted": done.adopted, "unchanged": done.unchanged, "skipped": result.skipped}
    lines = [word("would-take-over" if dry_run else "took-over", lang, **counts)]
    for key, numbers in (("inherited", done.inherited), ("running-on", done.running)):
        listed = mark("comma", lang).join(f"{name} {count}" for name, count in numbers.items()) or "0"
        lines.append(labelled(word(key, lang), listed, lang))
    if done.ended:
        lines.append(word("ended-for-record", lang, count=done.ended))
    if result.identical:
        lines.append(word("identical-aside", lang, count=len(result.identical)))
    if done.untaken:
        lines.append(word("untaken", lang, count=done.untaken))
    return lines


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("caseflow-demo"),
    show_default=True,
    help="The folder for the store and the log.",
)
@lang_option
def demo(out: Path, lang: Lang) -> None:
    """Replay a bundled year of a made-up city's inquiries, and show each unit's record."""
    out.mkdir(parents=True, exist_ok=True)
    log, database = out / "log.csv", out / "cases.db"
    raw = gzip.decompress(resources.files("caseflow.demo").joinpath("year.csv.gz").read_bytes())
    marked = BOM.encode() + raw
    _clear(log, database, marked)
    log.write_bytes(marked)
    # The demo can be run again at any time, so it need not outlive a power cut.
    with SqliteStore(database, synchronous="off") as store:
        with progress_bar("demo") as progress:
            replayed([log], policy=load_policy("wuhu"), store=store, progress=progress)
        _print_table(store.find(Query(limit=1_000_000)), lang)
    echo()
    say("demo-files", lang, database=database, log=log)
    say("demo-next", lang, store=f"sqlite:///{database}")


def _clear(log: Path, database: Path, ours: bytes) -> None:
    """Take away the store of an earlier demo: one that stands beside the demo's own log, and no other.

    Raises:
        StoreError: there is a store or a log that the demo did not write.
    """
    is_ours = log.is_file() and log.read_bytes() == ours
    for path in (log, database):
        if path.exists() and not is_ours:
            raise StoreError("store-not-demo", path=path)
    for suffix in ("", "-journal", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _print_table(cases: tuple[Case, ...], lang: Lang) -> None:
    units = sorted({case.unit for case in cases if case.unit})
    heads = [word(key, lang) for key in ("unit", "cases", "replied", "on-time")]
    policy = load_policy("wuhu")
    labels = {rung.level: rung.labels.get(lang, rung.level) for rung in policy.clocks["reply"].rungs}
    rows = [[*heads, *(labels[level] for level in LEVELS)]]
    standing = [card for case in cases for card in case.cards if card.stands and card.unit]
    for unit in units:
        issued = [card for card in standing if card.unit == unit]
        rows.append(_unit_row(unit, [case for case in cases if case.unit == unit], issued))
    rows.append(_unit_row(word("total", lang), [case for case in cases if case.unit], standing))
    say("demo-title", lang)
    echo()
    for line in columns(rows):
        echo(line)


def _unit_row(name: str, cases: list[Case], issued: list[Card]) -> list[str]:
    """A unit's line: the cases it holds, and the cards issued while it held a case."""
    replied = [case for case in cases if case.has_reply]
    on_time = sum(not any(card.stands for card in case.cards) for case in replied)
    share = f"{on_time} ({on_time / len(replied):.0%})" if replied else "-"
    cards = [sum(card.level == level for card in issued) for level in LEVELS]
    return [name, str(len(cases)), str(len(replied)), share, *map(str, cards)]
