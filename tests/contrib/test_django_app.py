"""The Django app: migrations, checks, settings, the sweep, and test cases of a portal's."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations.exceptions import IrreversibleError
from django.test import TestCase, TransactionTestCase
from django.test.utils import override_settings
from django.utils.translation import override

from caseflow import Actor, Desk, Happened, ManualClock, Refusal, Refused, StoreError, load_policy
from caseflow.contrib.django import DjangoStore, desk, relay
from caseflow.contrib.django import checks as our_checks
from caseflow.contrib.django.config import keep_settings, roles
from caseflow.contrib.django.connections import DjangoConnections
from caseflow.contrib.django.testing import CaseflowTransactionTestCase
from caseflow.core.model.case import Case
from caseflow.ports import PolicyRights, Seen
from caseflow.ports.records import Delivery, Person
from caseflow.stores.sql.schema import STEPS, table_names
from caseflow.stores.sqlalchemy import SqlStore
from tests.contracts.databases import DATABASES, mariadb, postgres
from tests.contrib.portal.databases import ALIASES, pointed, portal

BOSS = Actor("s-1", role="importer")
CLOCK = ManualClock("2025-03-03T09:30:00+08:00")
POLICY = load_policy("wuhu")
NOT_A_POLICY = 7


@pytest.fixture(params=DATABASES)
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The alias of a database without tables, and its URL."""
    kind = request.param
    if kind == "sqlite":
        url = f"sqlite+pysqlite:///{tmp_path}/bare.db"
        with pointed(ALIASES[kind], url) as alias:
            yield alias, url
        return
    with {"postgresql": postgres, "mariadb": mariadb}[kind]() as url, pointed(ALIASES[kind], url) as alias:
        yield alias, url


@pytest.fixture
def using(tmp_path: Path) -> Iterator[str]:
    """The default alias with our tables, the desk of the settings made anew."""
    desk.cache_clear()
    with portal("sqlite", tmp_path) as (alias, _):
        yield alias
    desk.cache_clear()


def said(command: str, *args: str, **options: Any) -> str:
    out = io.StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


# -- migrations --------------------------------------------------------------------------------------------


class NoMigrations:
    """What test suites give for ``MIGRATION_MODULES`` to have none of any app."""

    def __contains__(self, app: object) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


@pytest.mark.parametrize("modules", [NoMigrations(), {"caseflow": None}], ids=["all", "ours"])
def test_tables_are_made_where_migrations_are_switched_off(bare: tuple[str, str], modules: object) -> None:
    """Once and again; where a router keeps the app away, as where migrations are on, it makes none."""
    alias, url = bare
    with override_settings(MIGRATION_MODULES=modules):
        with override_settings(DATABASE_ROUTERS=["tests.contrib.portal.routers.NoCasesAnywhere"]):
            call_command("migrate", database=alias, run_syncdb=True, verbosity=0)
        with pytest.raises(StoreError):
            DjangoStore(alias).next_due()
        for _ in range(2):
            call_command("migrate", database=alias, run_syncdb=True, verbosity=0)
    assert DjangoStore(alias).next_due() is None
    SqlStore(url).close()


def test_migrate_makes_the_tables_that_every_store_knows(bare: tuple[str, str]) -> None:
    """After it both stores open the database; it may run twice."""
    alias, url = bare
    with pytest.raises(StoreError, match=r"manage\.py migrate") as caught:
        DjangoStore(alias).next_due()
    assert caught.value.code == "django-unmigrated"
    for _ in range(2):
        said("migrate", "caseflow", database=alias)
    names = table_names(DjangoConnections(alias).dialect)
    assert set(names) <= set(connections[alias].introspection.table_names())
    assert DjangoStore(alias).next_due() is None
    SqlStore(url).close()


def test_tables_that_were_made_otherwise_are_taken_as_they_are(bare: tuple[str, str]) -> None:
    """``migrate`` after ``caseflow store init`` changes nothing."""
    alias, url = bare
    with override_settings(CASEFLOW={"USING": alias}):
        SqlStore.made(url).close()
        said("migrate", "caseflow", database=alias)
        assert desk().store.pinned(desk().rules.pin) is not None


def test_sqlmigrate_shows_the_statements(bare: tuple[str, str]) -> None:
    """For those who apply DDL by hand; nothing is made, and what is shown is all that it takes."""
    alias, url = bare
    shown = said("sqlmigrate", "caseflow", "0001", database=alias, no_color=True)
    assert not connections[alias].introspection.table_names()
    lines = "\n".join(line for line in shown.splitlines() if not line.startswith("--"))
    for statement in lines.split(";"):
        if statement.strip() not in ("", "BEGIN", "COMMIT"):
            with connections[alias].cursor() as cursor:
                cursor.execute(statement, None)
    SqlStore(url).close()


def test_every_schema_has_its_migration(using: str) -> None:
    """As many migrations as numbered steps, and models that need none."""
    folder = Path(our_checks.__file__).parent / "migrations"
    assert sorted(path.stem for path in folder.glob("0*.py")) == [
        f"{step:04}_schema_{step}" for step in sorted(STEPS)
    ]
    assert "No changes detected" in said("makemigrations", "caseflow", check=True, dry_run=True)


def test_there_is_no_way_back(bare: tuple[str, str]) -> None:
    """``migrate caseflow zero`` would delete every case, and is refused."""
    alias, _ = bare
    said("migrate", "caseflow", database=alias)
    with pytest.raises(IrreversibleError):
        said("migrate", "caseflow", "zero", database=alias)


def test_a_router_keeps_the_tables_out_of_a_database(bare: tuple[str, str]) -> None:
    """Where ``allow_migrate`` says no, nothing is made."""
    alias, _ = bare
    with override_settings(DATABASE_ROUTERS=["tests.contrib.portal.routers.NoCasesAnywhere"]):
        said("migrate", "caseflow", database=alias)
    assert "caseflow_cases" not in connections[alias].introspection.table_names()


def test_migrate_pins_the_portals_policy(bare: tuple[str, str]) -> None:
    """So that no command needs to, whose transaction may be rolled back."""
    alias, url = bare
    with override_settings(CASEFLOW={"USING": alias}):
        said("migrate", "caseflow", database=alias)
        other = SqlStore(url)
        assert other.pinned(desk().rules.pin) is not None
        other.close()


# -- checks ------------------------------------------------------------------------------------------------


def ids(using: str) -> list[str]:
    return [str(found.id) for found in run_checks(databases=[using]) if str(found.id).startswith("caseflow")]


def test_a_database_at_todays_schema_passes_the_check(using: str) -> None:
    """And a check that asks for no database looks at none."""
    assert ids(using) == []
    connections[using].close()
    run_checks()
    assert connections[using].connection is None


@pytest.mark.parametrize(("found", "expected"), [("version + 1", "caseflow.E002"), ("0", "caseflow.W001")])
def test_the_check_tells_of_another_schema(using: str, found: str, expected: str) -> None:
    """A newer one is an error; missing tables are a warning, since an error would stop ``migrate``."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"UPDATE caseflow_store SET version = {found}")
    assert ids(using) == [expected]


def test_the_check_tells_of_an_older_schema(using: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning that names the way out, in the language of the portal."""
    monkeypatch.setitem(STEPS, 9, ())
    (found,) = run_checks(databases=[using], tags=["database"])
    assert (found.id, "manage.py migrate caseflow" in found.msg) == ("caseflow.W002", True)
    with override("zh-hans"):
        (found,) = run_checks(databases=[using], tags=["database"])
    assert "请运行：manage.py migrate" in found.msg


def test_the_check_tells_of_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    """Without a traceback."""
    with pointed("default", f"sqlite+pysqlite:///{tmp_path}/no/such/folder.db"):
        assert ids("default") == ["caseflow.E003"]


# -- settings ----------------------------------------------------------------------------------------------


WRONG = {
    "no dictionary": ("wuhu", "settings.CASEFLOW: it must be a dictionary"),
    "unknown key": ({"POLCY": "wuhu"}, "unknown keys POLCY; known are POLICY, USING, CLOCK, AUTHORIZER, "),
    "unknown policy": ({"POLICY": "wuhan"}, r"(?s)settings.CASEFLOW\['POLICY'\]: .*wuhan"),
    "no such file": ({"POLICY": "no/such.toml"}, r"settings.CASEFLOW\['POLICY'\]"),
    "no module": ({"POLICY": "no.such"}, r"settings.CASEFLOW\['POLICY'\]: No module"),
    "no policies": ({"POLICY": []}, "must be one policy or several with names of their own"),
    "no policy": ({"POLICY": f"{__name__}.NOT_A_POLICY"}, "must be a policy, a name or a path; got 7"),
    "unknown alias": ({"USING": "cases"}, "'cases' is none of DATABASES: default, postgresql, mariadb"),
    "no clock": ({"CLOCK": f"{__name__}.BOSS"}, "must have a method now_us"),
    "no directory": (
        {"NOTIFIERS": {"email": f"{__name__}.Outgoing"}},
        "must have a method holders; got None",
    ),
    "no notifier": ({"DIRECTORY": f"{__name__}.Everyone", "NOTIFIERS": 5}, "must have a method send; got 5"),
    "a policy twice": ({"POLICY": ["wuhu", "wuhu"]}, "must be one policy or several with names of their own"),
    "no hooks": ({"HOOKS": "submitted"}, "must be a list of"),
    "no hook": ({"HOOKS": ["submitted"]}, "each must be"),
    "no event": ({"HOOKS": [("opened", f"{__name__}.heard")]}, "no event is called 'opened'"),
    "no function": ({"HOOKS": [("submitted", f"{__name__}.NOT_A_POLICY")]}, "is no function"),
    "no observer": ({"OBSERVER": 5}, "must have a method observe; got 5"),
    "no register": ({"UNITS": 5}, "must have a method unit; got 5"),
    "no file of units": ({"UNITS": "nowhere.toml"}, "nowhere.toml"),
    "no authorizer": ({"AUTHORIZER": 5}, "must have a method refuses; got 5"),
}


@pytest.mark.parametrize("name", WRONG)
def test_settings_that_cannot_be_used_are_told(name: str) -> None:
    """By the desk, and as ``caseflow.E001`` by the check, with the place and what was found there."""
    given, message = WRONG[name]
    with override_settings(CASEFLOW=given):
        with pytest.raises(ImproperlyConfigured, match=message):
            (relay if "NOTIFIERS" in given else desk)()
        assert [found.id for found in run_checks() if str(found.id).startswith("caseflow")] == [
            "caseflow.E001"
        ]


def test_settings_may_name_things_or_hold_them(using: str, tmp_path: Path) -> None:
    """A policy, a clock and an authorizer by dotted name or as they are; a policy and units by file."""
    file = tmp_path / "city.toml"
    file.write_text('extends = "wuhu"\nname = "city"\n', encoding="utf-8")
    with override_settings(CASEFLOW={"POLICY": str(file), "CLOCK": "caseflow.SystemClock"}):
        assert desk().rules.policy.name == "city"
        assert desk() is desk()
    with override_settings(CASEFLOW={"POLICY": ["rectification", str(file)], "ROLES": {"": "citizen"}}):
        assert (list(desk().policies), roles()) == (["rectification", "city"], {"": ("citizen", "")})
        assert desk().submit(title="t", by=BOSS, policy="city", case_id="c0").state == "submitted"
    with override_settings(CASEFLOW={"POLICY": f"{__name__}.POLICY", "CLOCK": CLOCK}):
        assert (desk().rules.pin, desk().clock) == (POLICY.pin, CLOCK)
        desk().submit(title="t", to="城管局", by=BOSS, case_id="c1")
        with pytest.raises(Refused):
            desk().reply("c1", text="x", by=Actor("x", role="nobody"))
    with override_settings(CASEFLOW={"AUTHORIZER": f"{__name__}.Anyone"}):
        assert desk().reply("c1", text="x", by=Actor("x", role="nobody")).state == "answered"
    register = tmp_path / "units.csv"
    register.write_text("name,former\n城市管理局,城管局\n", encoding="utf-8")
    with override_settings(CASEFLOW={"UNITS": str(register), "CLOCK": CLOCK}):
        assert desk().submit(title="t", to="城管局", by=BOSS, case_id="c2").unit == "城市管理局"


def test_settings_may_name_several_policies(using: str) -> None:
    """The first is for cases that name none; roles may be any policy's, and migrate pins each."""
    policies = ["wuhu", "leader-board"]
    with override_settings(CASEFLOW={"POLICY": policies, "CLOCK": CLOCK, "ROLES": {"": "citizen"}}):
        assert list(desk().policies) == policies
        assert roles() == {"": ("citizen", "")}
        call_command("migrate", "caseflow", database=using, verbosity=0)
        assert all(desk().store.pinned(rules.pin) is not None for rules in desk().policies.values())
        case = desk().submit(title="t", to="市长", policy="leader-board", by=Actor("c", role="citizen"))
        assert desk().rules_of(case).policy.name == "leader-board"


def test_settings_that_override_keep_the_rest(using: str, tmp_path: Path) -> None:
    """A test that moves the clock runs under the portal's own policy, not under the shipped one."""
    file = tmp_path / "city.toml"
    file.write_text('extends = "wuhu"\nname = "city"\n', encoding="utf-8")
    with override_settings(CASEFLOW={"POLICY": str(file), "ROLES": {"": "citizen"}}):
        keep_settings()  # as Django does when it begins
        try:
            with override_settings(CASEFLOW={"CLOCK": CLOCK}):
                assert (desk().rules.policy.name, desk().clock, roles()) == (
                    "city",
                    CLOCK,
                    {"": ("citizen", "")},
                )
            with override_settings(CASEFLOW={"POLICY": "wuhu"}):
                assert desk().rules.policy.name == "wuhu"
        finally:
            with override_settings(CASEFLOW={}):
                keep_settings()


class Anyone(PolicyRights):
    """An authorizer that lets everybody do everything."""

    def refuses(self, rules: object, case: object, row: object, command: object, /) -> None:
        """Nothing."""


# -- the sweep ---------------------------------------------------------------------------------------------


def test_the_sweep_fires_what_is_due_and_tells_it(using: str) -> None:
    """In English, in Chinese and as JSON; a second one finds nothing."""
    clock = ManualClock("2025-03-03T09:30:00+08:00")
    with override_settings(CASEFLOW={"CLOCK": clock}):
        for name in ("c1", "c2", "c3"):
            desk().submit(title="路灯不亮", to="城管局", by=BOSS, case_id=name)
        clock.advance(days=6)
        told = said("caseflow", "sweep", "--limit", "1")
        assert told == "1 cards, 1 reminders, 0 conflicts, 0 waiting for a calendar\nmore is due\n"
        found = json.loads(said("caseflow", "sweep", "--json"))
        assert (len(found["cards"]), len(found["reminders"]), found["more"]) == (2, 2, False)
        with override("zh-hans"):
            assert said("caseflow", "sweep").startswith("发出 0 张牌")
        assert [card.level for card in desk().get("c3").cards] == ["yellow"]


def test_workers_share_what_is_due(using: str) -> None:
    """Each takes as many as it is told; together they are everything, and none is met twice."""
    clock = ManualClock("2025-03-03T09:30:00+08:00")
    with override_settings(CASEFLOW={"CLOCK": clock}):
        for number in range(9):
            desk().submit(title="t", to="城管局", by=BOSS, case_id=f"c{number}")
        clock.advance(days=6)
        done = [json.loads(said("caseflow", "sweep", "--shared", "--limit", "3", "--json")) for _ in range(4)]
    assert [len(one["cards"]) for one in done] == [3, 3, 3, 0]


@pytest.mark.parametrize(("option", "value", "code"), [("--limit", "0", 2), ("--until", "tomorrow", 3)])
def test_the_command_line_refuses_what_it_cannot_use(
    using: str, capsys: pytest.CaptureFixture[str], option: str, value: str, code: int
) -> None:
    """With a message instead of a traceback, and the command line's own exit code."""
    with pytest.raises(CommandError) as caught:
        said("caseflow", "sweep", option, value)
    assert caught.value.returncode == code
    assert value in capsys.readouterr().err


def test_another_store_is_named_as_ever(using: str, tmp_path: Path) -> None:
    """The portal's is what ``--store`` is where it is left out; its cases are copied away by ``django:``."""
    desk().submit(title="t", to="城管局", by=BOSS, case_id="c1")
    away = f"sqlite:///{tmp_path}/away.db"
    assert "1" in said("caseflow", "store", "copy", "--from", f"django:{using}", "--to", away)
    desk().submit(title="t", to="城管局", by=BOSS, case_id="c2")
    assert "cases 1," in said("caseflow", "store", "status", "--store", away)
    assert "cases 2," in said("caseflow", "store", "status")
    assert "nothing" in said("caseflow", "store", "migrate")
    assert "already" in said("caseflow", "store", "init")


# -- the relay ---------------------------------------------------------------------------------------------


class Everyone:
    """Whoever holds a role is one and the same."""

    def holders(self, role: str, *, unit: str, case: Case) -> tuple[Person, ...]:
        return (Person("p-1", addresses={"email": "p@example.org"}),)


class Outgoing:
    """Keeps what goes out."""

    sent: ClassVar[list[Delivery]] = []

    def send(self, delivery: Delivery) -> None:
        self.sent.append(delivery)


@pytest.fixture
def owed(using: str) -> Iterator[list[Delivery]]:
    """A portal that owes notices of a yellow card; what its relay sends."""
    Outgoing.sent.clear()
    clock = ManualClock("2025-03-03T09:30:00+08:00")
    ways = {"CLOCK": clock, "DIRECTORY": f"{__name__}.Everyone", "NOTIFIERS": f"{__name__}.Outgoing"}
    with override_settings(CASEFLOW=ways):
        desk().submit(title="路灯不亮", to="城管局", by=BOSS, case_id="c1")
        clock.advance(days=6)
        desk().sweep()
        assert len(desk().store.notices()) > 0
        yield Outgoing.sent


def test_the_relay_tells_what_is_owed(owed: list[Delivery]) -> None:
    """Once, and says how many; a second one finds nothing."""
    found = json.loads(said("caseflow", "relay", "--once", "--json"))
    assert found["sent"] == len(owed) > 0
    assert {row.status for row in desk().store.notices()} <= {"sent", "collapsed"}
    assert said("caseflow", "relay", "--once").startswith("claimed 0: 0 sent")
    with override("zh-hans"):
        assert said("caseflow", "relay", "--once").startswith("领取 0 条")


def test_the_relay_runs_until_it_is_told_to_end(owed: list[Delivery]) -> None:
    """SIGTERM ends it after the batch at hand, and its own handler is gone then."""
    before = signal.getsignal(signal.SIGTERM)
    ended = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM))
    ended.start()
    found = json.loads(said("caseflow", "relay", "--json"))
    ended.join()
    assert found["sent"] == len(owed) > 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_relay_without_settings_is_told(using: str) -> None:
    """With the key that is missing, instead of a traceback."""
    with pytest.raises(CommandError, match=r"CASEFLOW\['DIRECTORY'\]"):
        said("caseflow", "relay", "--once")


# -- a portal's own tests ----------------------------------------------------------------------------------


def cases() -> int:
    return len(desk().store.heads())


class Rolled(TestCase):
    """Two tests that would meet in each other's rows."""

    __test__ = False  # run below, on a database that is there then

    def test_one(self) -> None:
        done: list[str] = []
        with self.captureOnCommitCallbacks(execute=True) as callbacks:
            desk().submit(title="t", by=BOSS, case_id="c1")
            DjangoStore().after_commit(lambda: done.append("told"))
            self.assertEqual((cases(), done), (1, []))
        self.assertEqual((len(callbacks), done), (1, ["told"]))

    test_two = test_one


class Committed(TransactionTestCase):
    """The same with commits."""

    __test__ = False

    def test_one(self) -> None:
        done: list[str] = []
        desk().submit(title="t", by=BOSS, case_id="c1")
        DjangoStore().after_commit(lambda: done.append("told"))
        self.assertEqual((cases(), done), (1, ["told"]))

    test_two = test_one


class OurOwn(Committed, CaseflowTransactionTestCase):
    """The same in a portal whose ``flush`` is another app's."""


class Restored(Committed):
    """The same with the rows put back that migrations made."""

    serialized_rollback = True


@pytest.mark.parametrize("kind", [Rolled, Committed, OurOwn, Restored])
def test_a_portals_test_cases_leave_no_case(using: str, kind: type[unittest.TestCase]) -> None:
    """Each test begins without the cases of the others, and the tables stay usable."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(kind).run(result)
    assert (result.testsRun, result.errors, result.failures) == (2, [], [])
    assert cases() == 0
    desk().submit(title="t", by=BOSS, case_id="c1")


@pytest.mark.parametrize(("answer", "left"), [("yes", 0), ("no", 1)])
def test_flush_takes_the_cases_along(
    using: str, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    """After a yes none is left, and the rules of the next are known to others; after a no all stay."""
    monkeypatch.setattr("builtins.input", lambda _: answer)
    desk().submit(title="t", by=BOSS, case_id="c1")
    call_command("flush", verbosity=0)
    assert cases() == left
    desk().submit(title="t", by=BOSS, case_id="c2")
    assert DjangoStore().pinned(desk().rules.pin) is not None


# -- hooks and observer ------------------------------------------------------------------------------------

HEARD: list[str] = []


def heard(happened: Happened) -> None:
    HEARD.append(f"{happened.case.id} {happened.event.name}")


def prevented(happened: Happened) -> None:
    raise Refused(Refusal(code="field-missing", action="withdraw", missing=("理由",)))


class Observing:
    """An observer."""

    def observe(self, seen: Seen, /) -> None:
        HEARD.append(type(seen).__name__)


def test_a_hook_stays_when_settings_are_overridden(using: str) -> None:
    """Subscribed once, as an app does in ``ready``: called inside, after, and ended by what it got."""
    HEARD.clear()
    leave = desk().subscribe("submitted", heard)
    desk().submit(title="t", by=BOSS, case_id="c1")
    with override_settings(CASEFLOW={"CLOCK": CLOCK}):
        desk().submit(title="t", by=BOSS, case_id="c2")
    desk().submit(title="t", by=BOSS, case_id="c3")
    with override_settings(CASEFLOW={"CLOCK": CLOCK}):
        leave()
    desk().submit(title="t", by=BOSS, case_id="c4")
    assert HEARD == ["c1 submitted", "c2 submitted", "c3 submitted"]


def test_hooks_and_observer_are_named_in_the_settings(using: str) -> None:
    """By event and function, before and after; other settings keep them unless they name their own."""
    HEARD.clear()
    hooks = [
        ("submitted", f"{__name__}.heard"),
        ("caseflow.core.model.events.Withdrawn", prevented, "before"),
    ]
    with override_settings(CASEFLOW={"HOOKS": hooks, "OBSERVER": f"{__name__}.Observing"}):
        keep_settings()  # as Django does when it begins
        try:
            with override_settings(CASEFLOW={"CLOCK": CLOCK}):
                desk().submit(title="t", by=BOSS, case_id="c1")
                with pytest.raises(Refused, match="理由"):
                    desk().withdraw("c1", by=BOSS)
            assert HEARD == ["c1 submitted", "CommandDone", "CommandRefused"]
            with override_settings(CASEFLOW={"CLOCK": CLOCK, "HOOKS": (), "OBSERVER": None}):
                assert desk().withdraw("c1", by=BOSS).state == "withdrawn"
        finally:
            overridden = override_settings(CASEFLOW={})
            with overridden:
                keep_settings()
    desk().submit(title="t", by=BOSS, case_id="c2")
    assert HEARD == ["c1 submitted", "CommandDone", "CommandRefused"]


def test_work_goes_along_with_notices(using: str) -> None:
    """Django's own store runs it in the atomic block of the append, with Django's cursor."""
    seen: list[object] = []
    store = DjangoStore(using)
    store.with_notices(lambda cursor: seen.append(connections[using].in_atomic_block))
    portals = Desk(POLICY, store, clock=CLOCK)
    portals.submit(title="t", to="城管局", by=BOSS, case_id="w1")
    portals.note("w1", text="t", by=BOSS)
    assert seen == [True]
