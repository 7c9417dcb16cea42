"""``caseflow store``, ``export`` and ``import``: stores as wholes: made, migrated, copied, written, read."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

import click

from caseflow import Desk, load_policy
from caseflow.cli.options import (
    BOM,
    Exit,
    Screen,
    aside_line,
    echo,
    json_option,
    labelled,
    lang_option,
    open_desk,
    open_store,
    print_json,
    progress_bar,
    say,
    say_aside,
    store_option,
    usage,
    word,
)
from caseflow.core.time.instants import zone_info
from caseflow.i18n import Lang, mark, text
from caseflow.interchange import commands_csv, csv_tables, importer, jsonl, xes
from caseflow.interchange.jsonl import Written
from caseflow.interchange.pagination import Exported
from caseflow.stores.copy import copy_cases
from caseflow.stores.locations import location_of, shown
from caseflow.views.health import HealthLimits

KINDS = ("jsonl", "csv", "replay", "xes")
OPTION_KINDS = {
    "since": ("jsonl", "csv", "replay"),
    "with_texts": ("replay",),
    "without_texts": ("jsonl",),
    "bom": ("csv", "replay"),
    "raw": ("replay",),
}
"""Option of the export -> the formats it goes with."""


@click.group()
def store() -> None:
    """Make a store, look at it, bring it to today's schema."""


@store.command()
@store_option
@lang_option
def init(store_url: str, lang: Lang) -> None:
    """Make the store; one that is there already stays as it is."""
    is_new = location_of(store_url).make()
    echo(labelled(shown(store_url), word("store-made" if is_new else "store-there", lang), lang))


@store.command()
@store_option
@json_option
@lang_option
def status(store_url: str, as_json: bool, lang: Lang) -> int:
    """Tell the store's schema and how much it holds; exit code 1 when it needs another version."""
    place = location_of(store_url).status()
    if as_json:
        print_json(
            {"schema": place.schema, "known": place.known, "current": place.is_current,
             "cases": place.cases, "events": place.events, "notices": dict(place.notices)}
        )  # fmt: skip
    else:
        older, newer = place.schema < place.known, place.schema > place.known
        key = "schema-older" if older else "schema-newer" if newer else "schema-current"
        echo(labelled(shown(store_url), word(key, lang, schema=place.schema, known=place.known), lang))
        numbers = (f"{word(name, lang)} {count}" for name, count in place.notices)
        notices = mark("comma", lang).join(numbers) or "0"
        say("store-holds", lang, cases=place.cases, events=place.events, notices=notices)
    return Exit.OK if place.is_current else Exit.FOUND


@store.command()
@store_option
@click.option("--policy", "policy_name", default="wuhu", help="Whose calendars; the rules for new cases.")
@click.option("--sweep-lag", type=float, default=900, show_default=True, help="Seconds that are well yet.")
@click.option("--relay-lag", type=float, default=900, show_default=True, help="Seconds that are well yet.")
@click.option("--dead-letters", type=click.IntRange(0), help="So many are well yet.")
@click.option("--quarantined", type=click.IntRange(0), help="So many due cases set aside are well yet.")
@click.option("--waiting", type=click.IntRange(0), help="So many cases waiting for a calendar are well yet.")
@click.option("--calendar-days", type=click.IntRange(0), help="Each calendar reaches at least so far.")
@json_option
@lang_option
def health(store_url: str, policy_name: str, as_json: bool, lang: Lang, **limits: Any) -> int:
    """Tell how far sweeps and relays are behind, and what else needs somebody; exit code 1 beyond a limit.

    A few questions by index, for a monitor to ask every minute.
    """
    desk = Desk(load_policy(policy_name), open_store(store_url, must_exist=True))
    document = desk.health(HealthLimits(**limits))
    if as_json:
        print_json(document.to_dict())
    else:
        for name in ("sweep_lag", "relay_lag", "dead_letters", "quarantined", "waiting"):
            mark = "!" if name in document.beyond else " "
            value = getattr(document, name)
            key = f"health-{name.replace('_', '-')}"
            echo(f"{mark} {word(key, lang)}: {f'{value:.0f}' if isinstance(value, float) else value}")
        for one in document.calendars:
            is_near = limits["calendar_days"] is not None and one.days_left < limits["calendar_days"]
            line = word("health-calendar", lang, name=one.name, last=one.last_day, n=one.days_left)
            echo(f"{'!' if is_near else ' '} {line}")
    return Exit.OK if document.is_healthy else Exit.FOUND


@store.command()
@store_option
@lang_option
def migrate(store_url: str, lang: Lang) -> None:
    """Bring the store to today's schema: safe to run twice, and by several at once."""
    done = location_of(store_url).migrate()
    if not done:
        echo(labelled(shown(store_url), word("nothing-to-migrate", lang), lang))
    for schema in done:
        echo(labelled(shown(store_url), word("migrated-to", lang, schema=schema), lang))


@store.command()
@store_option
@click.option("--off", is_flag=True, help="Keep no index any more, and erase it.")
@lang_option
def titles(store_url: str, off: bool, lang: Lang) -> None:
    """Make titles searchable: keep an index of them from now on, those that are there among them.

    Safe to run again, and while others write.
    """
    seen = 0

    def note(cases: int) -> None:
        nonlocal seen
        seen = cases

    with closing(location_of(store_url).open(must_exist=True)) as place:
        place.search_titles(on=not off, progress=note)
    say("titles-erased" if off else "titles-searched", lang, count=seen)


@store.command()
@click.option("--from", "source_url", required=True, help="The store to copy; it stays as it is.")
@click.option("--to", "target_url", required=True, help="Where to; made when it is missing.")
@lang_option
def copy(source_url: str, target_url: str, lang: Lang) -> int:
    """Copy every case with all that goes with it into another store; run again it goes on.

    Nothing should write to either store meanwhile. What cannot be copied is named, and the rest goes on; exit
    code 1 then.
    """
    with (
        closing(location_of(source_url).open(must_exist=True)) as source,
        closing(location_of(target_url).open(must_exist=False)) as target,
    ):
        done = copy_cases(source, target)
    say("copied", lang, cases=done.cases, keys=done.keys, unchanged=done.unchanged)
    return say_aside(done.quarantined, lang)


@store.command()
@store_option
@json_option
@lang_option
def quarantine(store_url: str, as_json: bool, lang: Lang) -> int:
    """List what cannot be read, decided or told, by name; exit code 1 when there is any.

    The whole store is read, and nothing is changed. Batches pass by what is listed and serve all the rest;
    once it is put right they take it up by themselves.
    """
    desk = open_desk(store_url)
    with closing(desk.store), progress_bar("quarantine") as progress:
        ones = desk.quarantined(progress=(lambda count: progress(count, 0)) if progress else lambda _: None)
        if as_json:
            documents = [one.to_dict() for one in ones]
            print_json(documents)
            return Exit.FOUND if documents else Exit.OK
        count = 0
        for one in ones:
            echo(aside_line(one, lang))
            count += 1
    say("quarantine", lang, count=count)
    return Exit.FOUND if count else Exit.OK


@click.command()
@store_option
@click.option("--format", "kind", type=click.Choice(KINDS), default="jsonl", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="A new file; else standard output."
)
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="Of times in csv and xes.")
@click.option("--since", type=click.IntRange(0), default=0, help="Only what came after this position.")
@click.option("--without-texts", is_flag=True, help="jsonl: leave the personal texts out.")
@click.option("--with-texts", is_flag=True, help="replay: with the personal texts.")
@click.option("--bom", is_flag=True, help="csv, replay: begin with the mark that spreadsheets know UTF-8 by.")
@click.option("--raw", is_flag=True, help="replay: no apostrophe before what looks like a formula.")
@lang_option
def export(store_url: str, kind: str, out: Path | None, timezone: str, lang: Lang, **options: Any) -> int:
    """Write the event log in one of four formats.

    What cannot be read is named, and the rest is written; exit code 1 then.

    jsonl holds everything, to be imported again; csv a row an event, for tables; replay is a CSV with a row a
    command, for caseflow replay; xes is for process mining. Personal texts are in jsonl unless they are left
    out, and in replay when they are asked for.
    """
    for name, kinds in OPTION_KINDS.items():
        if options[name] and kind not in kinds:
            either = text("usage.or", lang).join(kinds)
            raise usage("goes-with-format", lang, option=f"--{name.replace('_', '-')}", kinds=either)
    zone_info(timezone)
    with (
        closing(location_of(store_url).open(must_exist=True)) as source,
        _target(out, options["bom"]) as file,
    ):
        line, done = _write(source, file, kind, timezone, options, lang=lang)
    echo(line, err=out is None)
    if done.newer:
        echo(word("export-newer", lang, count=done.newer, position=done.position), err=out is None)
    return say_aside(done.quarantined, lang, err=out is None)


def _write(
    source: Any, file: TextIO, kind: str, zone: str, options: dict[str, Any], *, lang: Lang
) -> tuple[str, Written | Exported]:
    """Write the export; returns what to say of it, and what was written."""
    since = options["since"]
    match kind:
        case "jsonl":
            whole = jsonl.write(source, file, with_texts=not options["without_texts"], since=since)
            counts = {"cases": whole.cases, "keys": whole.keys, "position": whole.position}
            return word("exported-store", lang, **counts), whole
        case "csv":
            done = csv_tables.write_csv(source, file, zone=zone, since=since)
            return word("exported-events", lang, count=done.count), done
        case "replay":
            texts, guarded = options["with_texts"], not options["raw"]
            done = commands_csv.write_commands(source, file, with_texts=texts, since=since, guarded=guarded)
            return word("exported-commands", lang, count=done.count), done
        case _:
            done = xes.write_xes(source, file, zone=zone)
            return word("exported-cases", lang, count=done.count), done


@contextmanager
def _target(out: Path | None, bom: bool) -> Generator[TextIO]:
    """The new file, or standard output, as UTF-8 whatever the locale."""
    if out is None:
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", newline="\n")
        sys.stdout.write(BOM if bom else "")
        yield cast(TextIO, Screen(sys.stdout)) if sys.stdout.isatty() else sys.stdout
        return
    file = out.open("x", encoding="utf-8", newline="\n")
    try:
        with file:
            file.write(BOM if bom else "")
            yield file
    except BaseException:
        out.unlink()  # a file that is not whole is none
        raise


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@store_option
@json_option
@lang_option
def import_(file: Path, store_url: str, as_json: bool, lang: Lang) -> None:
    """Take over the cases of an export in jsonl.

    The whole file is checked before anything is written: each history and text must fit its hash. Run
    again after a break it goes on. A store that is missing is made.
    """
    checked = importer.check(file)
    with closing(location_of(store_url).open(must_exist=False)) as target, progress_bar("import") as progress:
        done = importer.read(
            file, target, checked=checked,
            progress=(lambda count: progress(count, 0)) if progress else lambda _: None,
        )  # fmt: skip
    if as_json:
        counts = done.to_dict()
        print_json({name: count for name, count in counts.items() if name != "policies"})
        return
    say("imported", lang, cases=done.cases, events=done.events, keys=done.keys, unchanged=done.unchanged)
