"""``caseflow policy``: show, compare, lint, prove, draw policies; bring the cases of a store under one."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import groupby
from typing import Any

import click
import tomli_w

from caseflow import Actor, BadInput, Desk, Policy, PolicyError, SystemClock, load_policy
from caseflow.cli.options import (
    Exit,
    columns,
    echo,
    json_option,
    labelled,
    lang_option,
    open_store,
    print_json,
    print_utf8,
    progress_bar,
    say,
    store_option,
    word,
)
from caseflow.core.time.instants import moment, zone_info
from caseflow.desk.migrator import CardImpact, ImpactRow, Migration
from caseflow.errors import Problem
from caseflow.i18n import Lang, languages, text
from caseflow.policies.lint.findings import findings
from caseflow.policies.lint.severity import Finding
from caseflow.policies.load import shipped
from caseflow.policies.parse import is_list, is_table
from caseflow.policies.policy_diff import policy_diff
from caseflow.views.mermaid import diagram as drawn
from caseflow.views.policy_terms import policy_terms

AT_LEAST_ONE = click.IntRange(min=1)
MOST_PLACES = 4
"""Further places of one kind of finding that are printed."""
MOST_LISTED = 100
"""Cases that stay under their rules and are printed; the rest is counted."""


@click.group()
def policy() -> None:
    """Show, compare, check, prove and draw policies, and change the rules of cases under way."""


@policy.command("list")
@json_option
@lang_option
def list_policies(as_json: bool, lang: Lang) -> None:
    """List the shipped policies: name, version, what they are for; in JSON also the law they follow.

    One that cannot be used here, for want of a calendar's package, is listed with what it lacks.
    """
    rows = [_listed(name, lang) for name in shipped()]
    if as_json:
        print_json(rows)
        return
    name, version = (max(len(row[key]) for row in rows) for key in ("name", "version"))
    for row in rows:
        echo(f"{row['name']:{name}}  {row['version']:{version}}  {row['label'] or row['problem']}")


def _listed(name: str, lang: Lang) -> dict[str, str]:
    row = dict.fromkeys(("name", "version", "label", "source", "problem"), "") | {"name": name}
    try:
        rules = load_policy(name)
    except PolicyError as error:
        return row | {"problem": error.problems[0].text(lang)}
    return row | {"version": rules.version, "label": rules.labels.get(lang, ""), "source": rules.source}


@policy.command()
@click.argument("name", metavar="NAME|FILE")
@click.option("--terms", is_flag=True, help="Tell its terms and limits in words instead.")
@json_option
@lang_option
def show(name: str, terms: bool, as_json: bool, lang: Lang) -> None:
    """Print the whole policy as TOML, every default included; with --json as JSON, its calendars too."""
    rules = load_policy(name)
    if as_json:
        print_json(rules.document())
    elif terms:
        print_utf8(policy_terms(rules, lang=lang))
    else:
        print_utf8(tomli_w.dumps(_without_none(rules.document()["policy"])))


def _without_none(table: Any) -> Any:
    """The table without keys that have no value: TOML has no word for that."""
    if is_table(table):
        return {key: _without_none(part) for key, part in table.items() if part is not None}
    if is_list(table):
        return [_without_none(part) for part in table]
    return table


@policy.command()
@click.argument("name", metavar="NAME|FILE")
@lang_option
def diagram(name: str, lang: Lang) -> None:
    """Draw the lifecycle as a Mermaid diagram, states grouped by stage."""
    print_utf8(drawn(load_policy(name), lang=lang))


@policy.command()
@click.argument("name", metavar="NAME|FILE")
@click.option("--today", default=None, help="Calendars must reach deadlines from this day (2025-03-03) on.")
@click.option("--strict", is_flag=True, help="Leave with 1 for findings as well as for problems.")
@json_option
@lang_option
def lint(name: str, today: str | None, strict: bool, as_json: bool, lang: Lang) -> int:
    """Check a policy: problems make it unusable; findings are deadlines that are hardly meant.

    Findings are told with the actions that show them: rungs that never fire, states where no clock runs or
    from which no answer comes, delays without end, fields that are not there, warnings that come too late,
    notices nobody gets, calendars that end too soon. What fails a citizen comes first, then what makes a card
    wrong; findings of one kind are told once, with their number and first places. JSON has them all.
    """
    day = None if today is None else _day(today)
    try:
        checked = load_policy(name)
    except PolicyError as error:
        _print_lint(name, error.problems, (), as_json=as_json, lang=lang)
        return Exit.FOUND
    rows = findings(checked, today=_today(checked) if day is None else day)
    _print_lint(name, (), rows, as_json=as_json, lang=lang)
    return Exit.FOUND if rows and strict else Exit.OK


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise BadInput("bad-date", what="--today", found=written) from error


def _today(checked: Policy) -> date:
    return SystemClock().now().astimezone(zone_info(checked.timezone)).date()


def _print_lint(
    name: str, problems: Sequence[Problem], rows: Sequence[Finding], *, as_json: bool, lang: Lang
) -> None:
    if as_json:
        print_json({"policy": name, "problems": [_problem_document(problem) for problem in problems],
                    "findings": [_finding_document(row) for row in rows]})  # fmt: skip
        return
    for problem in problems:
        echo(problem.text(lang))
    for _, group in groupby(rows, key=lambda row: row.code):
        row, *others = group
        echo(labelled(f"{name}: {row.path}", f"{row.text(lang)} [{row.code}]", lang))
        if others:
            places = ", ".join(dict.fromkeys(other.path for other in others[:MOST_PLACES]))
            places += ", ..." if len(others) > MOST_PLACES else ""
            echo(f"    {word('likewise', lang, n=len(others), places=places)}")
        if row.shown(lang):
            echo(f"    {word('shown-by', lang, way=row.shown(lang))}")
        echo(f"    {word('remedy', lang, text=row.remedy(lang))}")
    if rows:
        echo(labelled(name, word("findings", lang, count=len(rows)), lang))
    elif not problems:
        echo(labelled(name, word("clean", lang), lang))


def _problem_document(problem: Problem) -> dict[str, Any]:
    texts = {lang: problem.text(lang) for lang in languages()}
    return {"code": problem.code, "file": problem.file, "path": problem.path, "found": problem.found, **texts}


def _finding_document(row: Finding) -> dict[str, Any]:
    """The finding as JSON-able data, with its texts in every language."""
    return {
        "code": row.code, "touches": row.touches, "path": row.path, "what": row.names,
        "way": list(row.way), "loop": list(row.loop),
        **{lang: {"text": row.text(lang), "remedy": row.remedy(lang)} for lang in languages()},
    }  # fmt: skip


@policy.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--words", is_flag=True, help="Tell labels and sources as well.")
@json_option
@lang_option
def diff(old: str, new: str, words: bool, as_json: bool, lang: Lang) -> None:
    """Tell what differs between two policies, names or files, key by key.

    Each as it is after all that it extends; rungs go by their levels. A key that one of them lacks is told
    with its whole table.
    """
    changes = policy_diff(load_policy(old), load_policy(new))
    if as_json:
        print_json([change.to_dict() for change in changes if words or not change.is_of_words])
        return
    for change in changes:
        if words or not change.is_of_words:
            echo(labelled(change.path, f"{_value(change.old)} -> {_value(change.new)}", lang))
    hidden = 0 if words else sum(change.is_of_words for change in changes)
    if hidden:
        say("diff-words", lang, count=hidden)
    elif not changes:
        say("diff-none", lang)


def _value(part: Any) -> str:
    """A value as JSON; a dash for none."""
    return "-" if part is None else json.dumps(part, ensure_ascii=False)


@policy.command("test")
@click.argument("name", metavar="NAME|FILE")
@click.option("--examples", type=AT_LEAST_ONE, default=200, show_default=True, help="Lives to live.")
@click.option("--steps", type=AT_LEAST_ONE, default=30, show_default=True, help="Steps of each life.")
@click.option("--seed", type=int, default=0, show_default=True, help="Chooses the lives.")
@click.option(
    "--diagram", "as_diagram", is_flag=True,
    help="When every law holds, draw in Mermaid what was never reached, instead of the table.",
)  # fmt: skip
@lang_option
def prove(name: str, examples: int, steps: int, seed: int, as_diagram: bool, lang: Lang) -> int:
    """Prove a policy: generated lives under it, every law checked after every step.

    Exit code 0: every law holds. 1: a law is broken, and the shortest life found that shows it is told.
    """
    try:
        from caseflow.testing.laws.policy_laws import policy_laws
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        missing = text("usage.extra-missing", lang, package="hypothesis", extra="testing")
        echo(f"caseflow: {missing}", err=True)
        return Exit.USAGE
    with progress_bar(name) as progress, _interrupts() as signals:
        heed = _heeding(signals, progress)
        report = policy_laws(name, examples=examples, steps=steps, seed=seed, progress=heed)
    if as_diagram and report.ok:
        print_utf8(report.coverage.diagram(lang))
        return Exit.OK
    echo(report.text(lang))
    for snippet in dict.fromkeys(violation.snippet for violation in report.violations):
        echo(f"\n{snippet}", nl=False)
    return Exit.OK if report.ok else Exit.FOUND


def _heeding(
    signals: Sequence[int], progress: Callable[[int, int], None] | None
) -> Callable[[int, int], None]:
    """Progress after each life, and the place where an interrupt is heeded."""

    def heed(lives: int, of: int) -> None:
        if signals:
            raise KeyboardInterrupt
        if progress is not None:
            progress(lives, of)

    return heed


@contextmanager
def _interrupts() -> Generator[list[int]]:
    """Note Ctrl-C, for the next life to stop at; a second one stops at once.

    Raised wherever it comes it could be lost, in a callback of the garbage collector, or pass for an error
    of the policy, in the middle of a step.
    """
    signals: list[int] = []

    def note(number: int, frame: object) -> None:
        signals.append(number)
        if len(signals) > 1:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield signals
        if signals:
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)


@policy.command()
@store_option
@click.option("--policy", "policy_name", required=True, metavar="NAME|FILE", help="The rules to come under.")
@click.option("--unit", default=None, help="Only cases this unit holds.")
@click.option("--state", default=None, help="Only cases in this state.")
@click.option("--kind", default=None, help="Only cases of this kind.")
@click.option("--from", "policy_hash", default=None, metavar="HASH", help="Only cases under these rules.")
@click.option("--by", required=True, help="The id of whoever changes the rules.")
@click.option("--role", default="supervisor", show_default=True, help="Theirs, under the rules left.")
@click.option("--reason", required=True, help="Why; it stands in the history of each case.")
@click.option(
    "--not-retroactive", is_flag=True,
    help="Each rung keeps the later of its old and its new instant; nothing becomes due before now.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Write nothing; tell the impact.")
@json_option
@lang_option
def migrate(
    store_url: str,
    policy_name: str,
    by: str,
    role: str,
    not_retroactive: bool,
    as_json: bool,
    lang: Lang,
    **selection: Any,
) -> int:
    """Bring the open cases of a store under a policy, and tell what that does to their cards.

    Batch by batch: Ctrl-C ends it after the batch at hand, and the same call goes on. A case that cannot come
    under the rules stays under its own and is listed: exit code 1. Run again it changes nothing.
    """
    rules = load_policy(policy_name)
    store = open_store(store_url, must_exist=True)
    with progress_bar("migrate") as progress, _interrupts() as signals:
        heed = _heeding(signals, progress)
        done = Desk(rules, store).migrate_all(
            by=Actor(by, role=role), retroactive=not not_retroactive, progress=lambda cases: heed(cases, 0),
            **selection,
        )  # fmt: skip
    if as_json:
        print_json(_migration_document(done, rules, lang))
    else:
        _print_migration(done, rules, lang)
    return Exit.FOUND if done.refused else Exit.OK


def _print_migration(done: Migration, rules: Policy, lang: Lang) -> None:
    counts = {"migrated": done.migrated, "unchanged": done.unchanged, "refused": len(done.refused)}
    say("would-migrate" if done.dry_run else "migrated-cases", lang, **counts)
    if done.cards:
        effects = ("annulled", "issued", "moved")
        heads = [word(key, lang) for key in ("unit", "rung", "rung-kind")]
        rows = [[*heads, *(word(effect, lang) for effect in effects)]]
        rows += [[*_row_names(row, rules, lang), *(str(getattr(row, effect)) for effect in effects)]
                 for row in done.impact]  # fmt: skip
        for line in columns(rows):
            echo(line)
    for one in done.refused[:MOST_LISTED]:
        echo(f"caseflow: {one.case_id}: {one.error.text(lang)}", err=True)


def _row_names(row: ImpactRow, rules: Policy, lang: Lang) -> tuple[str, str, str]:
    """Unit, rung and kind as people read them; a rung that the new rules lack by its key."""
    rungs = (rung for clock in rules.clocks.values() for rung in clock.rungs if rung.level == row.level)
    labels = next((rung.labels.get(lang, row.level) for rung in rungs), row.level)
    return row.unit or word("nobody", lang), labels, word("card" if row.is_breach else "reminder", lang)


def _migration_document(done: Migration, rules: Policy, lang: Lang) -> dict[str, Any]:
    """The result as JSON-able data; instants in the office's zone, reasons in the language asked for."""
    return {
        **done.to_dict(),
        "policy_hash": rules.pin,
        "cards": [_impact_document(card, rules.timezone) for card in done.cards],
        "refused": [
            {"case_id": one.case_id, "code": one.error.code, "reason": one.error.text(lang)}
            for one in done.refused
        ],
    }


def _impact_document(card: CardImpact, zone: str) -> dict[str, Any]:
    instants = {"was": card.was_us, "is": card.is_us}
    plain = {name: value for name, value in card.to_dict().items() if name not in ("was_us", "is_us")}
    return plain | {
        name: None if at is None else moment(at, zone).isoformat() for name, at in instants.items()
    }
