"""``caseflow calendar``: a unit's deadlines as an iCalendar file."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import click

from caseflow.cli.options import chosen, lang_option, open_desk, print_utf8, store_option
from caseflow.cli.words import word
from caseflow.contrib.calendar_feed import unit_calendar


@click.command()
@click.option("--unit", required=True, help="The unit that holds the cases.")
@store_option
@click.option(
    "--out", type=click.Path(path_type=Path, allow_dash=True), default="-", help="FILE.ics; - for stdout."
)
@click.option("--name", default="", help="What programs call the calendar; the unit by default.")
@click.option(
    "--alarm-hours", type=click.IntRange(0, 8760), default=24, show_default=True,
    help="Remind so long before; 0 for never.",
)  # fmt: skip
@lang_option
def calendar(unit: str, store_url: str, out: Path, name: str, alarm_hours: int, lang: str | None) -> None:
    """Write the deadlines to come in the cases a unit holds as iCalendar (RFC 5545).

    It holds ids, labels and instants, and no personal text.
    """
    tongue = chosen(lang)
    desk = open_desk(store_url)
    with closing(desk.store):
        alarm = timedelta(hours=alarm_hours) if alarm_hours else None
        text = unit_calendar(desk, unit, name=name, lang=tongue, alarm=alarm)
    if str(out) == "-":
        print_utf8(text)
        return
    out.write_bytes(text.encode())  # as bytes: its lines end with CRLF everywhere
    click.echo(word("calendar written", tongue).format(out, text.count("BEGIN:VEVENT"), unit))
