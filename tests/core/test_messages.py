"""Every code has a text in two languages, and every text gets what it speaks of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from caseflow.errors import BadInput, CaseflowError, Problem, Refusal
from caseflow.messages import codes, text_of

SOURCE = Path(__file__).resolve().parents[2] / "src" / "caseflow"
ERRORS = {"BadInput", "StoreError", "StoreBusy", "LogError", "CaseflowError", "__init__"}
Site = tuple[str, str, set[str]]
"""Where a code is raised, the code, and the names its text may use."""


class Echo(dict[str, str]):
    """Fills every placeholder with its own name."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


def texts(code: str) -> tuple[str, str]:
    """English and Chinese with ``<name>`` where something is filled in."""
    return text_of(code, "en", Echoed()), text_of(code, "zh", Echoed())


class Echoed(dict[str, str]):
    """Data that has every name the messages ask for."""

    def __init__(self) -> None:
        super().__init__({name: f"<{name}>" for name in PLACEHOLDERS})


def functions(tree: ast.AST) -> Iterator[ast.AST]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
