"""The command line: ``caseflow``, and its exit codes. It needs the extra ``cli``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from caseflow.cli.exit_codes import Exit
from caseflow.i18n import locale_language, text


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code, one of `Exit`."""
    try:
        from caseflow.cli.app import run_app
    except ModuleNotFoundError as error:
        if error.name not in ("click", "rich", "tomli_w"):
            raise
        missing = text("usage.extra-missing", locale_language(), package=error.name, extra="cli")
        print(f"caseflow: {missing}", file=sys.stderr)
        return Exit.USAGE
    except KeyboardInterrupt:  # while the modules were still being read
        print(f"caseflow: {text('cli.interrupted', locale_language())}", file=sys.stderr)
        return Exit.INTERRUPTED
    return run_app(arguments)
