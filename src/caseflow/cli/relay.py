"""``caseflow relay``: tell people what is owed to them, and look after what could not be told."""

from __future__ import annotations

import signal
import threading
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from caseflow.cli import exits
from caseflow.cli.options import chosen, json_option, lang_option, open_store, print_json, store_option
from caseflow.cli.words import instant, word
from caseflow.clock import SystemClock
from caseflow.core.instants import moment
from caseflow.delivery.configured import relay_from
from caseflow.delivery.rounds import Round
from caseflow.errors import BadInput
from caseflow.outbox import DEAD, Posted
from caseflow.ports import Store


@click.group(invoke_without_command=True)
@click.option("--store", "store_url", help="The store whose notices are told.")
@click.option("--config", type=click.Path(path_type=Path), help="TOML: channels, people and pace.")
@click.option("--once", is_flag=True, help="Tell what is ready now, and end.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Threads.")
@json_option
@lang_option
@click.pass_context
def relay(
    ctx: click.Context,
    store_url: str | None,
    config: Path | None,
    once: bool,
    workers: int,
    as_json: bool,
    lang: str | None,
) -> None:
    """Tell people what is owed to them, until a SIGTERM; what was claimed by then is finished first.

    Exit code 0, also with dead letters: `caseflow relay dead` lists them.
    """
    if ctx.invoked_subcommand is not None:
        return
    if store_url is None or config is None:
        raise click.UsageError("--store and --config are needed")
    with closing(open_store(store_url, must_exist=True)) as store:
        teller = relay_from(_read(config), store, folder=config.parent)
        with _stopped() as stop:
            done = teller.until_empty() if once else teller.run(stop, workers=workers)
    if as_json:
        print_json(counts(done))
    else:
        click.echo(word("relay did", chosen(lang)).format(*counts(done).values()))


def counts(done: Round) -> dict[str, int]:
    """The round's numbers by name."""
    names = ("claimed", "sent", "retried", "dead", "cancelled", "collapsed")
    return {name: getattr(done, name) for name in names}


@contextmanager
def _stopped() -> Iterator[threading.Event]:
    """An event that SIGTERM and the interrupt key set; a second one of these ends the program at once."""
    stop = threading.Event()
    before: dict[int, Any] = {}

    def asked(number: int, frame: object) -> None:
        stop.set()
        signal.signal(number, before[number])

    for sign in (signal.SIGTERM, signal.SIGINT):
        before[sign] = signal.signal(sign, asked)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _read(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput("bad-relay-config", what=str(config), found=str(error)) from error
    except OSError as error:
        raise BadInput("bad-relay-config", what=str(config), found=error.strerror or str(error)) from error


@relay.command()
@store_option
@json_option
@lang_option
def dead(store_url: str, as_json: bool, lang: str | None) -> int:
    """List what could not be told, and why; exit code 1 when there is any."""
    with closing(open_store(store_url, must_exist=True)) as store:
        rows = tuple(_dead(store))
    tongue = chosen(lang)
    if as_json:
        print_json([_document(row) for row in rows])
    elif not rows:
        click.echo(word("no dead letters", tongue))
    else:
        for row in rows:
            notice = row.notice
            whom = f"{notice.role} {notice.unit}".strip()
            what = notice.level or notice.topic
            when = instant(moment(notice.at_us))
            click.echo(f"{notice.id}  {notice.case_id}  {what}  {whom}  {when}  {row.error} ({row.attempts})")
    return exits.FOUND if rows else exits.OK


def _dead(store: Store) -> Iterator[Posted]:
    after = 0
    while page := store.notices(status=DEAD, after=after):
        yield from page
        after = page[-1].position


def _document(row: Posted) -> dict[str, Any]:
    notice = row.notice
    return {
        "id": notice.id, "case": notice.case_id, "topic": notice.topic, "level": notice.level,
        "role": notice.role, "unit": notice.unit, "channel": notice.channel, "error": row.error,
        "attempts": row.attempts,
    }  # fmt: skip


@relay.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All dead letters.")
@store_option
@lang_option
def resend(ids: tuple[str, ...], every: bool, store_url: str, lang: str | None) -> int:
    """Make dead letters ready again; exit code 1 when an id is none."""
    if bool(ids) == every:
        raise click.UsageError("give ids, or --all")
    with closing(open_store(store_url, must_exist=True)) as store:
        asked = tuple(row.notice.id for row in _dead(store)) if every else tuple(dict.fromkeys(ids))
        done = store.requeue(asked, SystemClock().now_us())
    tongue = chosen(lang)
    click.echo(word("resent", tongue).format(len(done)))
    for name in asked:
        if name not in done:
            click.echo(f"{name}: {word('not dead', tongue)}", err=True)
    return exits.OK if len(done) == len(asked) else exits.FOUND
