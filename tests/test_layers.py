"""The house has floors: a module imports only from lower floors or from its own folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "caseflow"

FLOORS = {
    "forks": 0,
    "i18n": 1, "locale": 1,
    "errors": 2,
    "core": 3,
    "policies": 4, "ports": 4, "views": 4, "clock": 4,
    "serialization": 5, "delivery": 5,
    "stores": 6, "desk": 6, "audit": 6,
    "contrib": 7, "interchange": 7, "testing": 7, "simulation": 7,
    "campaigns": 7, "offices": 7,
    "analytics": 8, "oversight": 8,
    "cli": 9, "demo": 9,
    "management": 10,
}  # fmt: skip
"""Top-level module or folder -> floor. The package's own ``__init__`` is the public door above floor 6; the
commands of ``manage.py`` are a door above the command line, in the folder that Django asks for."""

FORBIDDEN_IN_CORE = {
    "asyncio", "io", "logging", "os", "pathlib", "pendulum", "random", "secrets", "shutil", "socket",
    "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "tomllib", "urllib", "uuid",
}  # fmt: skip

HOMES = {
    "transitions": {"core/engine/machine.py"},
    "sqlite3": {"stores/"},
    "sqlalchemy": {"stores/sqlalchemy.py", "stores/portal_transaction.py", "stores/database_urls.py"},
    "django": {"contrib/django/"},
    "fastapi": {"contrib/fastapi.py"},
    "flask": {"contrib/flask.py"},
    "httpx": {"testing/contract/http_contract.py"},
    "cryptography": {"audit/checkpoint.py"},
    "tomllib": {"i18n.py", "policies/parse.py"},
    "chinese_calendar": {"policies/calendar_sources/chinese_calendar.py"},
    "holidays": {"policies/calendar_sources/holidays_package.py"},
    "dateutil": {"policies/calendar_sources/ical_file.py"},
    "click": {"cli/"},
    "rich": {"cli/"},
    "tomli_w": {"cli/", "testing/"},
    "pendulum": {"cli/"},  # phrases for people; never arithmetic
    "simpy": {"simulation/"},
    "statsmodels": {"campaigns/agreement.py"},
    "scipy": {"analytics/"},
    "ibis": {"analytics/"},
    "duckdb": {"analytics/"},
    "pyarrow": {"analytics/"},
    "numpy": {"analytics/"},
    "datasketch": {"analytics/repeated_texts.py"},
    "apprise": {"delivery/notifiers/apprise.py"},
    "icalendar": {"views/icalendar.py", "policies/calendar_sources/ical_file.py"},
    "opentelemetry": {"contrib/opentelemetry.py"},
    "smtplib": {"delivery/notifiers/email.py"},
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
    if "management" in path.parts:
        return "management"
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
            assert FLOORS[mine] >= 7, f"{module} is the door above floor 6"
            continue
        assert mine == theirs or FLOORS[theirs] < FLOORS[mine], f"{name(path)} imports {module}"


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


def _arrows() -> dict[str, set[str]]:
    """Module -> the modules of the package that it imports, type-checking imports counted."""
    names = {
        name(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in MODULES
    }
    arrows: dict[str, set[str]] = {}
    for module, path in names.items():
        arrows[module] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("caseflow."):
                base = (node.module or "").removeprefix("caseflow.")
                arrows[module] |= {
                    f"{base}.{one.name}" if f"{base}.{one.name}" in names else base for one in node.names
                }
    return arrows


def test_there_is_no_circle() -> None:
    """Following imports never leads back, not even inside a folder or for types alone."""
    arrows, done = _arrows(), set[str]()

    def follow(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join((*way[way.index(module) :], module))
        if module not in done:
            for other in sorted(arrows.get(module, ())):
                if other != module:
                    follow(other, (*way, module))
            done.add(module)

    for module in sorted(arrows):
        follow(module, ())


def test_the_core_has_floors_of_its_own() -> None:
    """Within the core: time and values, policies, units, the model, the engine, what is owed to people."""
    floors = {
        "bounds": 0, "value": 0, "time": 1, "personal_data": 1, "policy_keys": 1, "evaluation_rule": 2,
        "policy": 3, "units": 4, "model": 5, "engine": 6, "notices": 7,
    }  # fmt: skip
    for module, others in _arrows().items():
        if module.startswith("core."):
            mine = module.split(".")[1]
            for other in others:
                if other.startswith("core."):
                    theirs = other.split(".")[1]
                    assert mine == theirs or floors[theirs] < floors[mine], f"{module} imports {other}"
