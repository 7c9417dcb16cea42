"""The package's door: its names are there for people, for type checkers and for a star; none comes early."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import caseflow
import caseflow.testing

DOORS = (caseflow, caseflow.testing)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_a_name_comes_from_where_type_checkers_look_for_it(door: ModuleType) -> None:
    """The table of homes and the imports that only type checkers read say the same, and all of `__all__`."""
    tree = ast.parse(Path(str(door.__file__)).read_text(encoding="utf-8"))
    read = {one.name: node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
            for one in node.names if (node.module or "").startswith("caseflow.")}  # fmt: skip
    assert set(read) == set(door.__all__)
    for name, module in read.items():
        assert getattr(door, name) is getattr(import_module(str(module)), name)
        assert f"{door.__name__}.{door._HOME_OF[name]}" == module


def test_a_star_takes_every_public_name() -> None:
    """``from caseflow import *`` gives all of ``__all__``, and ``dir`` shows it."""
    names: dict[str, object] = {}
    exec("from caseflow import *", names)
    assert set(caseflow.__all__) == set(names) - {"__builtins__"}
    assert set(caseflow.__all__) <= set(dir(caseflow))


def test_a_name_that_is_none_is_told() -> None:
    """An attribute that the package lacks is an `AttributeError` with its name, as of any module."""
    with pytest.raises(AttributeError, match="module 'caseflow' has no attribute 'Desc'"):
        getattr(caseflow, "Desc")  # noqa: B009  # mypy would refuse the attribute itself


def test_the_door_loads_no_store_that_nobody_asked_for() -> None:
    """A program that takes its desk from the door has loaded neither SQLite nor a store."""
    code = (
        "import sys; from caseflow import Actor, Desk, load_policy; "
        "print([name for name in sys.modules if name.startswith(('caseflow.stores', 'sqlite3'))])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
