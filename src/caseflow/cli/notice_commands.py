"""``caseflow relay`` and ``document``: tell people what is owed to them, and print numbered documents."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from caseflow import BadInput, SystemClock
from caseflow.cli.options import (
    FILE,
    Exit,
    Lang,
    echo,
    instant,
    json_option,
    labelled,
    lang_option,
    open_desk,
    open_store,
    portal,
    print_json,
    print_utf8,
    say,
    spare_inputs,
    store_option,
    usage,
    word,
)
from caseflow.core.notices import CANCELLED, DEAD, Document, Posted, whole
from caseflow.core.time.instants import moment
from caseflow.delivery.relay import Relay
from caseflow.delivery.relay_config import relay_from
from caseflow.delivery.round import Round
from caseflow.policies.parse import toml_table
from caseflow.ports import Store
from caseflow.views.letter import day_of, number_of


@click.group(invoke_without_command=True)
@click.option("--store", "store_url", help="The store whose notices are told.")
@click.option("--config", type=FILE, help="TOML: channels, people and pace.")
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
    lang: Lang,
) -> None:
    """Tell people what is owed to them, until a SIGTERM; what was claimed by then is finished first.

    Exit code 0, also with dead letters: `caseflow relay dead` lists them.
    """
    if ctx.invoked_subcommand is not None:
        return
    sender = _relay(store_url, config, lang)
    with _stop_signals() as stop:
        done = sender.until_empty() if once else sender.run(stop, workers=workers)
    if as_json:
        print_json(_counts(done))
    else:
        say("relay-did", lang, **_counts(done))


def _relay(store_url: str | None, config: Path | None, lang: Lang) -> Relay:
    """The relay that the configuration describes, or else the portal's own."""
    own = portal()
    if config is None and own is not None and store_url == own.url:
        return own.relay()
    if store_url is None or config is None:
        raise usage("relay-needs", lang)
    return relay_from(_read(config), open_store(store_url, must_exist=True), folder=config.parent)


def _counts(done: Round) -> dict[str, int]:
    """The round's numbers by name."""
    names = ("claimed", "sent", "retried", "dead", "cancelled", "collapsed", "quarantined")
    return {name: getattr(done, name) for name in names}


@contextmanager
def _stop_signals() -> Generator[threading.Event]:
    """An event that SIGTERM and the interrupt key set; a second one of these ends the program at once."""
    stop = threading.Event()
    before: dict[int, Any] = {}

    def heed(number: int, frame: object) -> None:
        stop.set()
        signal.signal(number, before[number])

    for sign in (signal.SIGTERM, signal.SIGINT):
        before[sign] = signal.signal(sign, heed)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _read(config: Path) -> dict[str, Any]:
    try:
        return toml_table(config.read_bytes(), what=str(config))
    except BadInput as error:
        raise BadInput("bad-relay-config", what=str(config), found=error.data["found"]) from error
    except OSError as error:
        raise BadInput("bad-relay-config", what=str(config), found=error.strerror or str(error)) from error


@relay.command()
@store_option
@json_option
@lang_option
def dead(store_url: str, as_json: bool, lang: Lang) -> int:
    """List what could not be told, and why; exit code 1 when there is any."""
    rows = _list(store_url, DEAD, "no-dead-letters", as_json=as_json, lang=lang)
    return Exit.FOUND if rows else Exit.OK


@relay.command()
@store_option
@json_option
@lang_option
def dropped(store_url: str, as_json: bool, lang: Lang) -> None:
    """List what was not told since it did not hold any more, and why."""
    _list(store_url, CANCELLED, "nothing-dropped", as_json=as_json, lang=lang)


def _list(store_url: str, status: str, none: str, *, as_json: bool, lang: Lang) -> tuple[Posted, ...]:
    """Print the notices of a status; by the key ``none`` that there are none."""
    rows = tuple(_of_status(open_store(store_url, must_exist=True), status))
    if as_json:
        print_json([_letter_document(row) for row in rows])
    elif not rows:
        say(none, lang)
    else:
        for row in rows:
            echo(_letter_line(row))
    return rows


def _of_status(store: Store, status: str) -> Iterator[Posted]:
    after = 0
    while page := store.notices(status=status, after=after):
        yield from page
        after = page[-1].position


def _letter_line(row: Posted) -> str:
    notice = row.notice
    whom = f"{notice.role} {notice.unit}".strip()
    topic, at = notice.level or notice.topic, instant(moment(notice.at_us))
    return f"{notice.id}  {notice.case_id}  {topic}  {whom}  {at}  {row.error} ({row.attempts})"


def _letter_document(row: Posted) -> dict[str, Any]:
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
def resend(ids: tuple[str, ...], every: bool, store_url: str, lang: Lang) -> int:
    """Make dead letters ready again; exit code 1 when an id is none."""
    if bool(ids) == every:
        raise usage("ids-or-all", lang)
    store = open_store(store_url, must_exist=True)
    wanted = tuple(row.notice.id for row in _of_status(store, DEAD)) if every else tuple(dict.fromkeys(ids))
    done = store.requeue(wanted, SystemClock().now_us())
    say("resent", lang, count=len(done))
    for name in wanted:
        if name not in done:
            echo(labelled(name, word("not-dead", lang), lang), err=True)
    return Exit.OK if len(done) == len(wanted) else Exit.FOUND


@click.group()
def document() -> None:
    """List and print numbered documents, such as urging notices (催办通知单)."""


@document.command("list")
@click.argument("case_id", metavar="CASE")
@store_option
@json_option
@lang_option
def list_(case_id: str, store_url: str, as_json: bool, lang: Lang) -> None:
    """List the documents of a case: number, addressee, day of issue, id, and whether signed for or void."""
    desk = open_desk(store_url)
    case, documents = desk.get(case_id), desk.documents(case_id)
    signed = {receipt.document for receipt in case.facts.receipts}
    if as_json:
        print_json([_document_document(row, is_signed=row.draft.id in signed) for row in documents])
        return
    for row in documents:
        echo(_document_line(row, case.origin.zone, lang, is_signed=row.draft.id in signed))


def _document_document(row: Document, *, is_signed: bool) -> dict[str, Any]:
    draft = row.draft
    return {
        "id": draft.id, "series": draft.series, "year": draft.year, "number": row.number,
        "unit": draft.body.get("unit", ""), "void": row.is_void, "signed": is_signed,
    }  # fmt: skip


def _document_line(row: Document, zone: str, lang: Lang, *, is_signed: bool) -> str:
    body = row.draft.body
    issued = day_of(whole(body, "issued_us"), zone, lang)
    marks = [word(key, lang) for key, holds in (("void", row.is_void), ("signed", is_signed)) if holds]
    return "  ".join([number_of(row, lang), str(body.get("unit", "")), issued, row.draft.id, *marks])


@document.command()
@click.argument("case_id", metavar="CASE")
@click.argument("document_id", metavar="ID")
@store_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file; printed without.")
@click.option("--pages", type=click.Path(path_type=Path, file_okay=False), help="A folder of own pages.")
@lang_option
def show(
    case_id: str, document_id: str, store_url: str, out: Path | None, pages: Path | None, lang: Lang
) -> None:
    """Print a document as an HTML page that fits one sheet of A4, receipt strip included."""
    spare_inputs((store_url,), (out,), lang)
    page = open_desk(store_url).document_html(case_id, document_id, lang=lang, folder=pages)
    if out is None:
        print_utf8(page)
    else:
        out.write_text(page, encoding="utf-8")
        say("wrote", lang, path=out)
