"""The house has floors: a module imports only from lower floors or from its own folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "caseflow"

FLOORS = {
    "errors": 1, "messages": 1,
    "core": 2,
    "outbox": 2.5,  # values that both the store's protocol and the views speak of
    "ports": 3, "chain": 3, "notices": 3, "observed": 3,
    "codec": 3, "config": 3, "clock": 3, "calendars": 3, "views": 3, "policies": 3,
    "sealing": 3.5,  # texts and their hashes: the desk makes them, the audit and imports check them
    "desk": 4, "stores": 4, "delivery": 4, "audit": 4,
    "testing": 5, "contrib": 5,
    # above the test kit: the command line records and checks histories for people too
    "cli": 6, "logs": 6, "demo": 6, "simulation": 6, "exits": 6,
}  # fmt: skip
"""Top-level module or folder -> floor. The package's own ``__init__`` is the public door above floor 4."""

ONE_FOLDER = (
    {"errors", "messages"},
    {"ports", "chain", "notices", "observed"},  # the store's protocol and the values it speaks of
    {"config", "calendars"},  # what is read from TOML: a policy names its calendars
    {"cli", "logs", "demo", "simulation", "exits"},  # the command line, what it reads and what it makes
)
"""Single files that belong together as a folder would."""

FORBIDDEN_IN_CORE = {
    "asyncio", "io", "logging", "os", "pathlib", "pendulum", "random", "secrets", "shutil", "socket",
    "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "tomllib", "urllib", "uuid",
}  # fmt: skip

HOMES = {
    "transitions": {"core/lifecycle.py"},
    "sqlite3": {"stores/"},
    "sqlalchemy": {"stores/sql/"},
    "django": {"contrib/django/"},
    "cryptography": {"audit/signing.py"},
    "tomllib": {"config.py", "calendars/__init__.py", "cli/", "logs/"},
    "chinese_calendar": {"calendars/chinese.py"},
    "click": {"cli/"},
    "rich": {"cli/"},
    "tomli_w": {"cli/", "testing/"},
    "pendulum": {"cli/"},  # phrases for people; never arithmetic
    "simpy": {"simulation/"},
    "apprise": {"delivery/apprise.py"},
    "opentelemetry": {"contrib/opentelemetry.py"},
    "smtplib": {"delivery/email.py"},
    "http": {"delivery/"},
    "socket": {"delivery/"},
    "hypothesis": {"testing/"},
    "pytest": {"testing/"},
    "time": {"clock.py", "contrib/opentelemetry.py", "cli/", "demo/", "testing/"},
}
"""Library -> the only places that may import it, below the package; a folder ends with a slash."""

MODULES = sorted(SOURCE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The absolute names of every module that the file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            yield from (f"{module}.{a.name}" if module == "caseflow" else module for a in node.names)


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", [path for path in MODULES if name(path) != "__init__.py"], ids=name)
def test_a_module_imports_only_downward(path: Path) -> None:
    """Every import of the package's own goes to a lower floor or stays in the folder."""
    mine = part_of(path)
    for module in imported(path):
        if module.split(".")[0] != "caseflow":
            continue
        theirs = module.split(".")[1] if "." in module else ""
        if theirs not in FLOORS:  # the public door
            assert FLOORS[mine] >= 5, f"{module} is the door above floor 4"
            continue
        together = mine == theirs or any({mine, theirs} <= folder for folder in ONE_FOLDER)
        assert together or FLOORS[theirs] < FLOORS[mine], f"{name(path)} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_library_is_imported_in_its_adapter_alone(path: Path) -> None:
    """Optional libraries, drivers and `transitions` are known to the files that adapt them, nowhere else."""
    for module in imported(path):
        homes = HOMES.get(module.split(".")[0])
        at_home = homes is None or any(name(path).startswith(home) for home in homes)
        assert at_home, f"{name(path)} imports {module}"


@pytest.mark.parametrize("path", sorted((SOURCE / "core").rglob("*.py")), ids=name)
def test_the_core_does_no_input_or_output(path: Path) -> None:
    """The core reads no clock, no file and no chance."""
    tops = {module.split(".")[0] for module in imported(path)}
    assert not tops & FORBIDDEN_IN_CORE
    calls = {node.func.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
    assert not calls & {"open", "print", "input"}


def test_the_core_asks_no_clock_by_another_name() -> None:
    """No ``now()``, ``today()`` or ``utcnow()`` is called anywhere in the core."""
    for path in (SOURCE / "core").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not asked & {"now", "today", "utcnow", "time_ns"}, name(path)


def test_every_module_opens_with_a_sentence() -> None:
    """Each file says in its first line what lives there."""
    silent = [name(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert silent == []


def test_every_part_has_a_floor() -> None:
    """A new folder or file of the package is given its floor here."""
    assert {part_of(path) for path in MODULES} - {"__init__", "__main__"} <= set(FLOORS)
