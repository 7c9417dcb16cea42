"""``caseflow audit``: hold a store against its own events, sign its heads, verify against what was signed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from caseflow import BadInput, SystemClock
from caseflow.audit.audit_report import AuditReport
from caseflow.audit.verify import SHOWN, verify
from caseflow.cli.options import (
    Exit,
    Lang,
    echo,
    json_option,
    lang_option,
    print_json,
    progress_bar,
    say,
    store_option,
    usage,
)
from caseflow.stores.locations import location_of

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
    lang: Lang,
) -> int:
    """Read every row; name each case and version that is not as it was recorded.

    Exit code 6 when anything is found. Others may write to the store meanwhile; nothing is changed.
    --histories-only is for a store that was filled from a log of events, without notices and documents.
    """
    try:
        signed = _checkpoint(checkpoint, public_key, lang)
    except BadInput as error:
        if error.code != "audit-bad-signature":
            raise
        echo(error.text(lang), err=True)
        return Exit.NOT_AS_RECORDED
    place = location_of(store_url)
    with closing(place.open(must_exist=True)) as store, progress_bar("audit") as bar:
        total = place.status().cases if bar else 0
        report = verify(
            store, checkpoint=signed, histories_only=histories_only, most=most,
            progress=(lambda done: bar(done, total)) if bar else lambda _: None,
        )  # fmt: skip
    _print(report, as_json=as_json, lang=lang)
    return Exit.OK if report.is_sound else Exit.NOT_AS_RECORDED


def _checkpoint(file: Path | None, public_key: Path | None, lang: Lang) -> Any:
    """The signed checkpoint of those two files; `None` without both.

    Raises:
        click.UsageError: one without the other, or the extra is missing.
        BadInput: a file that cannot be read, or a signature that does not fit.
    """
    if file is None or public_key is None:
        if file is not public_key:
            raise usage("together", lang, one="--checkpoint", other="--public-key")
        return None
    signing, checkpoints = _signature_modules(lang)
    return checkpoints.read_checkpoint(file, signing.read_public_key(public_key))


@audit.command()
@click.option("--out", type=_FILE, required=True, help="The private key's file; the public one gets .pub.")
@lang_option
def keygen(out: Path, lang: Lang) -> None:
    """Make the key pair that signs checkpoints. Keep the private key away from the store."""
    signing, _ = _signature_modules(lang)
    say("keys-made", lang, private=out, public=signing.make_key(out))


@audit.command()
@store_option
@click.option("--key", "key_file", type=_FILE, required=True, help="The private key.")
@click.option("--out", type=_FILE, required=True, help="The new file; keep it away from the store.")
@lang_option
def checkpoint(store_url: str, key_file: Path, out: Path, lang: Lang) -> None:
    """Sign the heads of all cases as they stand now."""
    signing, checkpoints = _signature_modules(lang)
    key = signing.read_private_key(key_file)
    with closing(location_of(store_url).open(must_exist=True)) as store:
        signed = checkpoints.write_checkpoint(store, key, out, now_us=SystemClock().now_us())
    say("checkpoint-made", lang, path=out, cases=signed.cases, events=signed.events)


def _signature_modules(lang: Lang) -> tuple[Any, Any]:
    """The modules that sign and verify; they need the extra ``audit``."""
    try:
        from caseflow.audit import checkpoint as checkpoints
        from caseflow.audit import checkpoint as signing
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "cryptography":
            raise
        raise usage("extra-missing", lang, package="cryptography", extra="audit") from error
    return signing, checkpoints


def _print(report: AuditReport, *, as_json: bool, lang: Lang) -> None:
    if as_json:
        document = report.to_dict()
        print_json({**document, "sound": report.is_sound})
        return
    for fault in report.faults:
        echo(fault.text(lang))
    if report.more:
        say("audit-more", lang, count=report.more)
    if report.checked is not None:
        say("audit-checked", lang, cases=report.checked, at=report.made_at)
    faults = len(report.faults) + report.more
    verdict = "audit-sound" if report.is_sound else "audit-broken"
    say(verdict, lang, cases=report.cases, events=report.events, faults=faults)
