"""``caseflow relay`` and ``caseflow document`` as a stranger meets them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from caseflow import SqliteStore, i18n
from caseflow.cli.app import run_app
from caseflow.cli.exit_codes import Exit
from caseflow.delivery.messages import Messages
from caseflow.ports.records import Delivery
from tests.delivery.people import desk_on
from tests.journeys.people import OFFICER, submitted

CONFIG = """
[channels.email]
use = "log"
[[people]]
id = "z-2"
roles = ["duty_officer", "handler", "lead_official"]
units = ["城管局"]
addresses = { email = "duty@cg.example" }
[[people]]
id = "s-1"
role = "supervisor"
addresses = { email = "s@gov.example" }
"""


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a store of one case that owes an urging notice and a reply, and a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    desk = desk_on(SqliteStore("cases.db"), "2025-02-24T09:30:00+08:00")
    submitted(desk)
    desk.clock.set("2025-04-02T10:00:00+08:00")
    desk.sweep()
    desk.reply("c1", text="好了", by=OFFICER)
    desk.store.close()
    Path("relay.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


STORE = ("--store", "sqlite:///cases.db")


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run_app([*arguments, "--lang", "en"])
    caught = capsys.readouterr()
    return code, caught.out, caught.err


def test_what_is_owed_is_told_and_counted(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once, with its numbers; the citizen, whom nobody lists, is a dead letter that can be sent again."""
    code, out, _ = called(capsys, "relay", *STORE, "--config", "relay.toml", "--once", "--json")
    counts = json.loads(out)
    assert (code, counts) == (Exit.OK, {
        "claimed": 11, "sent": 2, "retried": 0, "dead": 1, "cancelled": 2, "collapsed": 6, "quarantined": 0,
    })  # fmt: skip
    code, out, _ = called(capsys, "relay", "dead", *STORE, "--json")
    (dead,) = json.loads(out)
    assert (code, dead["role"], dead["error"]) == (Exit.FOUND, "citizen", "no-recipient")
    people = CONFIG + '[[people]]\nid = "c-17"\nrole = "citizen"\naddresses = { email = "c@x.example" }\n'
    Path("relay.toml").write_text(people, encoding="utf-8")
    assert called(capsys, "relay", "resend", dead["id"], *STORE)[:2] == (Exit.OK, "ready again: 1\n")
    code, out, _ = called(capsys, "relay", *STORE, "--config", "relay.toml", "--once")
    assert out == (
        "claimed 1: 1 sent, 0 to be tried again, 0 dead, 0 not owed any more, 0 told with another,"
        " 0 set aside\n"
    )
    assert called(capsys, "relay", "dead", *STORE)[:2] == (Exit.OK, "no dead letters\n")
    code, out, _ = called(capsys, "relay", "dropped", *STORE, "--json")
    dropped = {(row["topic"], row["role"]): row["error"] for row in json.loads(out)}
    assert (code, dropped) == (Exit.OK, {
        ("submitted", "duty_officer"): "answered", ("reminder", "handler"): "clock-ended",
    })  # fmt: skip


def test_documents_are_listed_and_printed(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list names the id; the page goes to a file or to the output."""
    code, out, _ = called(capsys, "document", "list", "c1", *STORE)
    number, unit, day, name = out.strip().split("  ")
    assert (code, number, unit, day) == (Exit.OK, "催办 (2025) No. 1", "城管局", "2025-04-02")
    assert (
        called(capsys, "document", "show", "c1", name, *STORE, "--out", "page.html")[1] == "wrote page.html\n"
    )
    assert "Receipt" in Path("page.html").read_text(encoding="utf-8")
    assert called(capsys, "document", "show", "c1", name, *STORE)[1].startswith("<!doctype html>")


SENT: list[Delivery] = []
"""What `keep` was told to send."""


def keep(delivery: Delivery) -> None:
    """A notifier of this file, named in the configuration below."""
    SENT.append(delivery)


def test_a_language_that_was_added_reaches_people(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Messages are the portal's own, words its catalogue's, and what both lack is English; pages as well."""
    texts = {
        "notices": {"salute": "Bonjour {person},\n\n"},
        "letters": {"number": "{series} {year} n° {number}"},
    }
    i18n.load_catalogue("fr", texts)
    Path("pages").mkdir()
    own = "# replied\nUne réponse\n${salute}Votre demande $case a une réponse.\n"
    Path("pages/messages.fr.txt").write_text(own, encoding="utf-8")
    person = 'role = "citizen"\nlang = "fr"\nname = "M. Li"\naddresses = { email = "c@x.example" }'
    config = CONFIG.replace('use = "log"', f'use = "{__name__}:keep"')
    config = f'[relay]\nmessages = "pages"\n{config}\n[[people]]\nid = "c-17"\n{person}\n'
    Path("relay.toml").write_text(config, encoding="utf-8")
    SENT.clear()
    try:
        called(capsys, "relay", *STORE, "--config", "relay.toml", "--once")
        (answer,) = [delivery for delivery in SENT if delivery.person.id == "c-17"]
        assert (answer.subject, answer.lang) == ("Une réponse", "fr")
        assert answer.text == "Bonjour M. Li,\n\nVotre demande c1 a une réponse.\n"
        assert Messages("pages").of("rejected", "fr").subject.template == "Not taken on: $title"
        name = called(capsys, "document", "list", "c1", *STORE)[1].split()[-1]
        assert run_app(["document", "show", "c1", name, *STORE, "--lang", "fr"]) == Exit.OK
        page = capsys.readouterr().out
        assert "2025 n° 1" in page and "Receipt" in page
    finally:
        i18n.reset()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("relay",), "--store and --config are needed"),
        (("relay", *STORE, "--config", "missing.toml", "--once"), "missing.toml"),
        (("relay", *STORE, "--config", "cases.db", "--once"), "cases.db"),
        (("relay", "--store", "sqlite:///none.db", "--config", "relay.toml", "--once"), "none.db"),
        (("relay", "resend", *STORE), "give ids, or --all"),
        (("document", "show", "c1", "d-0", *STORE), "no numbered document d-0"),
        (("document", "list", "nobody", *STORE), "nobody"),
    ],
)
def test_what_is_wrong_is_told_on_one_line(
    at: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    """A missing file, a store that is none, an id of nothing: a sentence and an exit code, no traceback."""
    code, _, err = called(capsys, *arguments)
    assert code not in (Exit.OK, Exit.FOUND)
    assert says in err
    assert "Traceback" not in err


def test_an_id_that_is_no_dead_letter_is_told(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Resending what is not dead changes nothing, and says so."""
    code, out, err = called(capsys, "relay", "resend", "n-0", *STORE)
    assert (code, out, err) == (Exit.FOUND, "ready again: 0\n", "n-0: is no dead letter\n")


def test_a_relay_ends_on_sigterm_with_its_work_done(at: Path) -> None:
    """The signal comes while it waits: it ends with exit code 0 and says what it did."""
    command = [
        sys.executable,
        "-m",
        "caseflow.cli",
        "relay",
        *STORE,
        "--config",
        "relay.toml",
        "--lang",
        "en",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONUTF8": "1"}) as process:
        store, until = SqliteStore("cases.db"), time.monotonic() + 30
        while store.notices(status="pending") and time.monotonic() < until:
            time.sleep(0.1)
        store.close()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == Exit.OK
    assert out.decode().startswith("claimed 11: 2 sent")
