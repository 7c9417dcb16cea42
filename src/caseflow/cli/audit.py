"""``caseflow audit``: hold a store against its own events, sign its heads, verify against what was signed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import click

from caseflow.audit.faults import AuditReport
from caseflow.audit.verifying import SHOWN, verify
from caseflow.cli import exits
from caseflow.cli.options import chosen, json_option, lang_option, print_json, store_option
from caseflow.cli.progress import progress_bar
from caseflow.cli.words import Lang, word
from caseflow.clock import SystemClock
from caseflow.errors import BadInput
from caseflow.stores.urls import place_of

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def audit() -> None:
    """Find out whether a store still says what it said."""


@audit.command(name="verify")
@store_option
@click.option("--checkpoint", type=_FILE, help="A checkpoint that was kept elsewhere.")
@click.option("--public-key", type=_FILE, help="The public key it was signed under.")
@click.option("--histories-only", is_flag=True, help="Of the checkpoint, compare the events alone.")
@click.option("--most", type=click.IntRange(1), default=SHOWN, show_default=True, help="Faults to name.")
@json_option
@lang_option
def verify_(
    store_url: str,
    checkpoint: Path | None,
    public_key: Path | None,
    histories_only: bool,
    most: int,
    as_json: bool,
    lang: str | None,
) -> int:
    """Read every row; name each case and version that is not as it was recorded.

    Exit code 6 when anything is found. Others may write to the store meanwhile; nothing is changed.
    --histories-only is for a store that was filled from a log of events, without notices and documents.
    """
    if (checkpoint is None) != (public_key is None):
        raise click.UsageError("--checkpoint and --public-key go together")
    known = None
    if checkpoint is not None and public_key is not None:
        signing, checkpoints = _signed()
        try:
            known = checkpoints.read_checkpoint(checkpoint, signing.read_public_key(public_key))
        except BadInput as error:
            if error.code != "audit-bad-signature":
                raise
            click.echo(error.text(chosen(lang)), err=True)
            return exits.NOT_AS_RECORDED
    place = place_of(store_url)
    with closing(place.open(must_exist=True)) as store, progress_bar("audit") as bar:
        total = place.status().cases if bar else 0
        report = verify(
            store, checkpoint=known, histories_only=histories_only, most=most,
            progress=(lambda done: bar(done, total)) if bar else lambda _: None,
        )  # fmt: skip
    _tell(report, as_json=as_json, lang=chosen(lang))
    return exits.OK if report.is_sound else exits.NOT_AS_RECORDED


@audit.command()
@click.option("--out", type=_FILE, required=True, help="The private key's file; the public one gets .pub.")
@lang_option
def keygen(out: Path, lang: str | None) -> None:
    """Make the key pair that signs checkpoints. Keep the private key away from the store."""
    signing, _ = _signed()
    click.echo(word("keys made", chosen(lang)).format(out, signing.make_key(out)))


@audit.command()
@store_option
@click.option("--key", "key_file", type=_FILE, required=True, help="The private key.")
@click.option("--out", type=_FILE, required=True, help="The new file; keep it away from the store.")
@lang_option
def checkpoint(store_url: str, key_file: Path, out: Path, lang: str | None) -> None:
    """Sign the heads of all cases as they stand now."""
    signing, checkpoints = _signed()
    key = signing.read_private_key(key_file)
    with closing(place_of(store_url).open(must_exist=True)) as store:
        made = checkpoints.write_checkpoint(store, key, out, now_us=SystemClock().now_us())
    click.echo(word("checkpoint made", chosen(lang)).format(out, made.cases, made.events))


def _signed() -> tuple[Any, Any]:
    """The modules that sign and verify; they need the extra ``audit``."""
    try:
        from caseflow.audit import checkpoint as checkpoints
        from caseflow.audit import signing
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "cryptography":
            raise
        raise click.UsageError("cryptography is missing; install caseflow with its extra `audit`") from error
    return signing, checkpoints


def _tell(report: AuditReport, *, as_json: bool, lang: Lang) -> None:
    if as_json:
        found = attrs.asdict(report)  # type: ignore[arg-type]  # `value` makes attrs classes
        print_json({**found, "sound": report.is_sound})
        return
    for fault in report.faults:
        click.echo(fault.text(lang))
    if report.more:
        click.echo(word("audit more", lang).format(report.more))
    if report.checked is not None:
        click.echo(word("audit checked", lang).format(report.checked, report.made_at))
    end = "audit sound" if report.is_sound else "audit broken"
    click.echo(word(end, lang).format(report.cases, report.events, len(report.faults) + report.more))
