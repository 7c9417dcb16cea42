"""The command line: ``caseflow``. It needs the extra ``cli``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from caseflow.cli import exits


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code of `caseflow.cli.exits`."""
    try:
        from caseflow.cli.app import run_app
    except ModuleNotFoundError as error:
        if error.name not in ("click", "rich", "tomli_w"):
            raise
        missing = f"caseflow: the package {error.name} is missing; install caseflow with its extra `cli`"
        print(missing, file=sys.stderr)
        return exits.USAGE
    return run_app(arguments)
