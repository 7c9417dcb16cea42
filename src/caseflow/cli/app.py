"""The command group, and what every command has in common: errors on one line, a language, exit codes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from caseflow import __version__
from caseflow.cli import (
    adopt,
    audit,
    calendar,
    cases,
    deadline,
    demo,
    document,
    exits,
    explain,
    export,
    policy,
    relay,
    replay,
    simulate,
    store,
    testing,
)
from caseflow.cli.options import chosen, lang_given
from caseflow.cli.words import lang_of_locale, word
from caseflow.errors import CaseflowError


class _Telling(click.Group):
    """A group that tells caseflow's errors in the language the command was asked to speak."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CaseflowError as error:
            print(f"caseflow: {error.text(chosen(lang_given(ctx)))}", file=sys.stderr)
            ctx.exit(exits.code_of(error))


@click.group(cls=_Telling, context_settings={"help_option_names": ["-h", "--help"]}, epilog=exits.HELP)
@click.version_option(__version__, prog_name="caseflow")
def cli() -> None:
    """The life of a citizen's inquiry in a government portal, with deadlines that escalate."""


for _command in (
    demo.demo,
    replay.replay,
    adopt.adopt,
    simulate.simulate,
    deadline.deadline,
    policy.policy,
    cases.show,
    explain.explain,
    cases.forecast,
    cases.cases,
    cases.sweep,
    calendar.calendar,
    store.store,
    export.export,
    export.import_,
    audit.audit,
    relay.relay,
    document.document,
    testing.testing,
):
    cli.add_command(_command)


def run_app(arguments: Sequence[str] | None = None) -> int:
    """Run the group; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Chinese still gets the rest
    given = sys.argv[1:] if arguments is None else arguments
    if any(not one.isprintable() and _is_no_text(one) for one in given):
        print("caseflow: an argument is no text in this locale's encoding", file=sys.stderr)
        return exits.USAGE
    try:
        code = cli.main(args=arguments, prog_name="caseflow", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else exits.OK
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print(f"caseflow: {word('interrupted', lang_of_locale())}", file=sys.stderr)
        return exits.INTERRUPTED
    except SystemExit:  # click leaves so when whoever read its output is gone
        return exits.PIPE_CLOSED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.PIPE_CLOSED
    except OSError as error:
        print(f"caseflow: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return exits.BAD_INPUT


def _is_no_text(argument: str) -> bool:
    """Whether the shell gave bytes that the locale cannot read."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return True
    return False
