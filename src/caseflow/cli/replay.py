"""``caseflow replay``: a log of another system through the rules of a policy."""

from __future__ import annotations

import json
from pathlib import Path

import click

from caseflow.cli import exits
from caseflow.cli.options import lang_option, open_store, print_json, spare_inputs
from caseflow.cli.progress import progress_bar
from caseflow.config import load_policy
from caseflow.logs import load_mapping, write_cards
from caseflow.logs import replay as replayed


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LOG...")
@click.option("--policy", "policy_name", required=True, metavar="NAME|FILE")
@click.option("--mapping", "mapping_path", type=click.Path(path_type=Path), help="What the columns mean.")
@click.option("--as-of", default=None, help="Stop here (ISO 8601 with an offset); by default the last event.")
@click.option("--store", "store_url", default=None, help="Keep the cases; by default in memory only.")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path, allow_dash=True), help="Counts; - for stdout."
)
@click.option("--cards", "cards_path", type=click.Path(path_type=Path), help="Every card as CSV.")
@click.option("--timezone", default=None, help="The zone of times without an offset.")
@click.option("--encoding", default="utf-8", show_default=True)
@click.option("--on-error", type=click.Choice(["stop", "skip"]), default="stop", show_default=True)
@click.option("--rejects", type=click.Path(path_type=Path), help="Skipped rows, each with its reason.")
@lang_option
def replay(
    logs: tuple[Path, ...],
    policy_name: str,
    mapping_path: Path | None,
    as_of: str | None,
    store_url: str | None,
    json_path: Path | None,
    cards_path: Path | None,
    timezone: str | None,
    encoding: str,
    on_error: str,
    rejects: Path | None,
    lang: str | None,
) -> int:
    """Replay logs (CSV, CSV.gz; one event a row: case_id,action,at) and count what came of them.

    Exit code 1 means that rows were skipped.
    """
    if rejects is not None and on_error != "skip":
        raise click.UsageError("--rejects goes with --on-error skip")
    read = (*logs, mapping_path, Path(policy_name))
    spare_inputs(read, (cards_path, rejects, json_path))
    policy = load_policy(policy_name)
    mapping = load_mapping(mapping_path) if mapping_path else None
    with progress_bar("replay") as progress:
        summary = replayed(
            logs,
            policy=policy,
            store=open_store(store_url),
            mapping=mapping,
            as_of=as_of,
            timezone=timezone,
            encoding=encoding,
            on_error=on_error,
            rejects=rejects,
            progress=progress,
        )
    document = summary.document()
    if cards_path is not None:
        write_cards(summary.issued, cards_path)
    if json_path is not None and str(json_path) != "-":
        json_path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    elif json_path is not None:
        print_json(document)
    else:
        for key, found in document.items():
            click.echo(f"{key}: {_plain(found)}")
    return exits.FOUND if summary.rejected else exits.OK


def _plain(found: object) -> str:
    """A value of the summary as people read it; ``-`` for none."""
    if isinstance(found, dict):
        return ", ".join(f"{name} {count}" for name, count in found.items())
    return "-" if found is None else str(found)
