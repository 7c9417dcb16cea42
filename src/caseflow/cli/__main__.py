"""``python -m caseflow.cli``: the command line without its script."""

from __future__ import annotations

from caseflow.cli import main

main()
