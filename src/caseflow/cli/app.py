"""The command group, and what every command has in common: errors on one line, a language, exit codes."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from caseflow import CaseflowError, StoreError, __version__
from caseflow.cli.audit_commands import audit
from caseflow.cli.board_commands import analytics, board
from caseflow.cli.case_commands import annul, calendar, cases, counts, forecast, show, sweep
from caseflow.cli.coverage_command import coverage
from caseflow.cli.deadline_commands import deadline, explain
from caseflow.cli.exit_codes import Exit
from caseflow.cli.golden_commands import testing
from caseflow.cli.governance_command import governance
from caseflow.cli.help_page import speak
from caseflow.cli.log_commands import adopt, demo, replay
from caseflow.cli.notice_commands import document, relay
from caseflow.cli.options import Portal, lang_of, word
from caseflow.cli.policy_commands import policy
from caseflow.cli.recurring_command import recurring
from caseflow.cli.referral_commands import referral
from caseflow.cli.report_command import report
from caseflow.cli.simulate_command import simulate
from caseflow.cli.store_commands import export, import_, store
from caseflow.cli.systems_commands import systems
from caseflow.cli.unit_commands import units
from caseflow.cli.zone_commands import zone
from caseflow.i18n import FALLBACK, CatalogueError, Lang, keys, load_catalogue, mark, text, visible

HELP = """\b
Exit codes: 0 done; 1 problems found or rows skipped; 2 wrong usage;
3 bad input; 4 deadline past the calendar's horizon; 5 store cannot be
used; 6 the audit found a store that is not as it was recorded;
130 Ctrl-C (what was committed stands); 141 pipe closed."""


class _Group(click.Group):
    """A group that tells caseflow's errors in the language the command was asked to speak."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CaseflowError as error:
            _tell(error.text(lang_of(ctx)))
            ctx.exit(Exit.STORE if isinstance(error, StoreError) else Exit.BAD_INPUT)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]}, epilog=HELP)
@click.version_option(__version__, prog_name="caseflow")
def cli() -> None:
    """The life of a citizen's inquiry in a government portal, with deadlines that escalate."""


for _command in (
    demo, replay, adopt, simulate, deadline, policy, show, annul, explain, forecast, cases, counts, sweep,
    calendar, recurring, analytics, board, store, export, import_, audit, relay, document, testing, units,
    referral, systems, zone, governance, report, coverage,
):  # fmt: skip
    cli.add_command(_command)


def run_app(arguments: Sequence[str] | None = None, *, portal: Portal | None = None) -> int:
    """Run the group; returns the exit code.

    Args:
        arguments: those of the process without any.
        portal: whose store, desk and relay the commands take where they are not told another.
    """
    _soften_streams()
    if wrong := _load_catalogues():
        _tell(wrong)
        return Exit.BAD_INPUT
    written = sys.argv[1:] if arguments is None else list(arguments)
    lang = lang_of(None, ("--lang", portal.lang, *written) if portal else written)
    if any(map(_is_no_text, written)):
        _tell(text("usage.no-text", lang))
        return Exit.USAGE
    speak(cli, lang)
    try:
        code = cli.main(
            args=written, prog_name="manage.py caseflow" if portal else "caseflow", standalone_mode=False,
            obj=portal, default_map=_with_store(cli, portal.url) if portal else None,
        )  # fmt: skip
        sys.stdout.flush()
    except _ENDINGS as error:
        code = _ending(error, lang)
    _let_go_of_streams()
    return code if isinstance(code, int) else Exit.OK


def _with_store(group: click.Group, url: str) -> dict[str, Any]:
    """What click takes for options that are left out: the store, of every command that needs one."""
    defaults: dict[str, Any] = {}
    for name, command in group.commands.items():
        own = _with_store(command, url) if isinstance(command, click.Group) else {}
        if command is relay or any(
            option.name == "store_url" and option.required for option in command.params
        ):
            own["store_url"] = url
        defaults[name] = own
    return defaults


_ENDINGS = (
    click.exceptions.Exit, click.ClickException, click.Abort, KeyboardInterrupt, SystemExit, OSError,
)  # fmt: skip
"""What a command may end by without a fault of the program."""


def _ending(error: BaseException, lang: Lang) -> int:
    """Say what ended the command; returns the exit code."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            _show(error, lang)
            return error.exit_code
        case SystemExit():  # click leaves so when whoever read its output is gone
            return Exit.PIPE_CLOSED
        case BrokenPipeError():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return Exit.PIPE_CLOSED
        case OSError():
            place = error.filename and str(error.filename)
            _tell(mark("colon", lang).join(filter(None, (place, _reason(error, lang)))))
            return Exit.BAD_INPUT
        case _:
            _tell(word("interrupted", lang))
            return Exit.INTERRUPTED


def _let_go_of_streams() -> None:
    """What could not be written by now is dropped, so that the interpreter's own end changes no exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _load_catalogues() -> str:
    """Load the ``LANG.toml`` files of the folder that the environment names; returns what is wrong there."""
    folder = os.environ.get("CASEFLOW_LOCALE")
    try:
        for file in sorted(Path(folder).glob("*.toml")) if folder else ():
            load_catalogue(file.stem, file)
    except CatalogueError as error:
        return str(error)
    return ""


def _soften_streams() -> None:
    """A terminal without Chinese still gets the rest; what was closed before the start swallows all."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, io.StringIO())
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _tell(message: str) -> None:
    _print_error(f"caseflow: {message}")


def _print_error(message: str) -> None:
    with suppress(OSError):  # the exit code says it, too
        print(visible(message), file=sys.stderr)


def _is_no_text(argument: str) -> bool:
    """Whether the shell gave bytes that the locale cannot read."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return True
    return False


def _reason(error: OSError, lang: Lang) -> str:
    """What the operating system says; in other languages than English where the catalogue has it."""
    key = f"system.{errno.errorcode.get(error.errno or 0, '')}"
    return text(key, lang) if lang != FALLBACK and key in keys("system") else error.strerror or str(error)


def _show(error: click.ClickException, lang: Lang) -> None:
    """Say that a command was written wrongly: click's own words in English, the catalogue's in others."""
    if lang == FALLBACK or isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        with suppress(OSError):
            error.show()
        return
    if ctx := getattr(error, "ctx", None):
        pieces = " ".join(ctx.command.collect_usage_pieces(ctx))
        for english in ("OPTIONS", "COMMAND", "ARGS"):
            pieces = re.sub(rf"\b{english}\b", text(f"usage.{english}", lang), pieces)
        _print_error(text("usage.head", lang, command=ctx.command_path, pieces=pieces))
        _print_error(f"{text('usage.help', lang, command=ctx.command_path)}\n")
    _print_error(text("usage.error", lang, text=_usage_text(error, lang)))


def _usage_text(error: click.ClickException, lang: Lang) -> str:
    """What is wrong, by the kind of click's error; its own message where it is the catalogue's already."""
    match error:
        case click.MissingParameter(param=click.Parameter() as param):
            key = "missing-argument" if isinstance(param, click.Argument) else "missing-option"
            return text(f"usage.{key}", lang, name=_name(param))
        case click.NoSuchOption():
            meant = error.possibilities
            more = text("usage.did-you-mean", lang, names=mark("list", lang).join(meant)) if meant else ""
            return text("usage.no-such-option", lang, name=error.option_name) + more
        case click.BadOptionUsage():
            key = "takes-no-value" if "does not take" in error.message else "needs-value"
            return text(f"usage.{key}", lang, name=error.option_name)
        case click.BadParameter(param=click.Parameter() as param):
            return _value_text(error.message, param, lang)
        case _:
            pass
    for key, pattern in _PLAIN.items():
        if match := pattern.search(error.message):
            return text(f"usage.{key}", lang, name=match[1], names=match[1])
    return error.message


_PLAIN = {
    "no-such-command": re.compile(r"^No such command '(.+?)'\."),
    "extra": re.compile(r"^Got unexpected extra arguments? \((.+)\)$", re.DOTALL),
}
"""What click says without a class of its own."""


def _value_text(message: str, param: click.Parameter, lang: Lang) -> str:
    """What is wrong with a value, by the type it should have had."""
    name, quoted = _name(param), re.search(r"'(.*?)'|^(\S+) is not", message, re.DOTALL)
    value = next(filter(None, quoted.groups()), "''") if quoted else ""
    match param.type:
        case click.Choice(choices=choices):
            return text(
                "usage.not-a-choice",
                lang,
                name=name,
                value=value,
                choices=mark("list", lang).join(map(str, choices)),
            )
        case click.IntRange() as kind if "range" in message:
            return text("usage.out-of-range", lang, name=name, value=value, range=_range(kind))
        case click.types.IntParamType():
            return text("usage.not-a-number", lang, name=name, value=value)
        case click.Path():
            return text("usage.no-file", lang, name=name, value=value)
        case _:
            return text("usage.bad-value", lang, name=name)


def _range(kind: click.IntRange) -> str:
    """``1..64``; open where there is no bound."""
    return "..".join("" if bound is None else str(bound) for bound in (kind.min, kind.max))


def _name(param: click.Parameter) -> str:
    """How a parameter is written: its option, or its place."""
    return param.human_readable_name if isinstance(param, click.Argument) else param.opts[0]
