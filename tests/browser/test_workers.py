"""The portal's worker is killed again and again; Ctrl-C ends all of it."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import running

pytestmark = pytest.mark.browser

CASES, KILLS = 250, 6
LATEST = 150
"""Seconds until all is told: a killed relay's notices are free after their lease, a minute."""
LATE = """
from datetime import timedelta
from caseflow import Actor, Desk, ManualClock
from caseflow.contrib.django import desk
from caseflow.core.time.instants import moment
past = moment(desk().clock.now_us(), "UTC") - timedelta(days=17)
late = Desk([rules.policy for rules in desk().policies.values()], desk().store, clock=ManualClock(past))
for number in range({cases}):
    late.submit(title=f"n{{number}}", to="城管局", by=Actor("c-1", role="citizen"), case_id=f"n{{number}}")
"""
OUTCOME = """
import json
from collections import Counter
from caseflow.contrib.django import desk
from inquiries.models import Message
cases = [desk().get(f"n{{number}}") for number in range({cases})]
mail = Message.objects.filter(subject__contains="红牌督办").values_list("case_id", "user__username")
print(json.dumps({{
    "cards": dict(Counter(" ".join(card.level for card in case.escalations) for case in cases)),
    "letters": dict(Counter(Counter(mail).values())),
    "readers": dict(Counter(user for _, user in mail)),
    "left": len(desk().store.notices(status="pending", limit=1000)),
    "dead": len(desk().store.notices(status="dead", limit=1000)),
}}))
"""


def outcome(site: Any) -> dict[str, Any]:
    """What became of the cases: cards by case, letters by how often each came to one person."""
    counted: dict[str, Any] = json.loads(site.python(OUTCOME.format(cases=CASES)))
    return counted


def kill_worker(site: Any, chance: random.Random) -> None:
    """Kill -9 what works now; another one is begun by the portal."""
    until = time.monotonic() + 30
    while not (workers := site.workers()) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(chance.uniform(1.0, 4.0))
    os.kill(workers[0], signal.SIGKILL)
    while workers[0] in site.workers():
        time.sleep(0.05)


def test_cards_and_notices_are_each_once_though_the_worker_is_killed(tmp_path: Path) -> None:
    """Every late case has its reminder, yellow and red card once, and each of its people one letter of it."""
    chance = random.Random(11)
    with running(tmp_path, "--people-only") as site:
        site.python(LATE.format(cases=CASES))
        left = list[int]()
        for _ in range(KILLS):
            kill_worker(site, chance)
            left.append(outcome(site)["left"])
        assert any(left), "no kill came while there was something to tell"
        until = time.monotonic() + LATEST
        while (shown := outcome(site))["left"] and time.monotonic() < until:
            time.sleep(2)
    assert shown["cards"] == {"reminder yellow red": CASES}
    assert shown["letters"] == {"1": 3 * CASES}
    assert shown["readers"] == {"wang": CASES, "li": CASES, "sun": CASES}
    assert (shown["left"], shown["dead"]) == (0, 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_ends_site_and_worker(tmp_path: Path, number: signal.Signals) -> None:
    """Nothing is left, nothing complains, and the exit code is 0."""
    with running(tmp_path, "--people-only") as site:
        (worker,) = site.workers()
        site.process.send_signal(number)
        assert site.process.wait(30) == 0, site.log
        assert not Path(f"/proc/{worker}").exists()
    assert "Traceback" not in site.log
