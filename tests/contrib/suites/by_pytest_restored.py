"""A suite under ``serialized_rollback``, which puts back the rows that migrations made."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import Desk, load_policy
from caseflow.contrib.django import DjangoStore, desk
from tests.contrib.suites.by_pytest import CITIZEN, OFFICER, submit


class TestRestored:
    """``serialized_rollback``: rules that one test kept are kept again by the next."""

    pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

    @pytest.mark.parametrize("turn", [1, 2])
    def test_other_rules_are_kept_again(self, turn: int, tmp_path: Path) -> None:
        """The desk of the process knows the portal's rules, the second desk rules of its own."""
        file = tmp_path / "newer.toml"
        file.write_text('extends = "wuhu"\nname = "newer"\n', encoding="utf-8")
        case_id = submit()
        newer = Desk(load_policy(file), DjangoStore())
        newer.note(case_id, text="y", by=OFFICER)
        other = newer.submit(title="x", to="城管局", by=CITIZEN)
        assert DjangoStore().pinned(newer.rules.pin) is not None
        assert desk().rules_of(other).policy.name == "newer"
