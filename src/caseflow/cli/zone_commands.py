"""``caseflow zone``: bundles of acts written for a zone that this store never connects to, and taken in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from caseflow import Desk, load_policy
from caseflow.cli.options import (
    FILE,
    Exit,
    Lang,
    json_option,
    lang_option,
    open_store,
    print_json,
    say,
    store_option,
    usage,
)


def _ends(command: Any) -> Any:
    """What both directions need: the store, its policy, and the names of the two zones."""
    options = (
        store_option,
        click.option(
            "--policy", "policy_name", required=True, metavar="NAME|FILE", help="This zone's policy."
        ),
        click.option("--zone", "zone_name", required=True, help="This zone's name."),
        click.option("--peer", required=True, help="The other zone's name, as the policy has it."),
        json_option,
        lang_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def zone() -> None:
    """Exchange acts with a zone that this store never connects to, by signed bundles that are carried."""


@zone.command()
@_ends
@click.option("--key", "key_file", type=FILE, required=True, help="This zone's private key.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False, exists=True), required=True,
    help="The folder for the bundles.",
)  # fmt: skip
@click.option("--again", type=click.IntRange(1), help="Write the bundle of this number anew, and no other.")
def export(
    store_url: str,
    policy_name: str,
    zone_name: str,
    peer: str,
    as_json: bool,
    lang: Lang,
    key_file: Path,
    out: Path,
    again: int | None,
) -> None:
    """Write what the other zone may know and was not sent yet, in numbered bundles."""
    links, signing = _modules(lang)
    key = signing.read_private_key(key_file)
    link = links.ZoneLink(_desk(store_url, policy_name), zone=zone_name, peer=peer)
    every = list[Any]()
    if again is not None:
        every.append(link.export_again(again, out, key))
    else:
        while (sent := link.export(out, key)) is not None:
            every.append(sent)
    if as_json:
        print_json([{"number": one.number, "path": str(one.path), "items": one.items} for one in every])
        return
    for one in every:
        say("zone-sent", lang, number=one.number, path=one.path, count=one.items)
    if not every:
        say("zone-nothing", lang)


@zone.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="BUNDLE...")
@_ends
@click.option("--public-key", "key_file", type=FILE, required=True, help="The other zone's public key.")
@click.pass_context
def import_(
    ctx: click.Context,
    files: tuple[Path, ...],
    store_url: str,
    policy_name: str,
    zone_name: str,
    peer: str,
    as_json: bool,
    lang: Lang,
    key_file: Path,
) -> None:
    """Do what the other zone's bundles say, by the rules of this one, in the order given.

    Exit code 1 when an act was refused; it stands in the ledger. A run that was broken off goes on by the
    same call, and a bundle that was received before changes nothing.
    """
    links, signing = _modules(lang)
    key = signing.read_public_key(key_file)
    link = links.ZoneLink(_desk(store_url, policy_name), zone=zone_name, peer=peer)
    documents, refused = list[dict[str, Any]](), 0
    for file in files:
        received = link.receive(file, key)
        refused += len(received.refused)
        documents.append(received.to_dict())
        if as_json:
            continue
        if received.is_repeat:
            say("zone-repeat", lang, number=received.number)
        else:
            say(
                "zone-received",
                lang,
                number=received.number,
                count=received.done,
                refused=len(received.refused),
            )
        for act in received.refused:
            say("zone-refused", lang, **act.to_dict())
    if as_json:
        print_json(documents)
    ctx.exit(Exit.FOUND if refused else Exit.OK)


def _desk(store_url: str, policy_name: str) -> Desk:
    name: str | Path = Path(policy_name) if policy_name.endswith(".toml") else policy_name
    return Desk(load_policy(name), open_store(store_url, must_exist=True))


def _modules(lang: Lang) -> tuple[Any, Any]:
    """The modules that carry and sign; they need the extra ``audit``."""
    try:
        from caseflow.audit import checkpoint
        from caseflow.interchange import zones
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "cryptography":
            raise
        raise usage("extra-missing", lang, package="cryptography", extra="audit") from error
    return zones, checkpoint
