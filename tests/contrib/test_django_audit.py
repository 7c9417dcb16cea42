"""The audit of a store on Django's connection."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connections

from caseflow.audit.verify import verify
from tests.audit.lived import live
from tests.contracts.databases import DATABASES
from tests.contrib.portal.databases import PortalStore, portal


@pytest.mark.parametrize("kind", DATABASES)
def test_the_portal_audits_its_own_connection(kind: str, tmp_path: Path) -> None:
    """What a desk wrote through Django is sound; a row changed through Django is told."""
    with portal(kind, tmp_path) as (alias, _):
        store = PortalStore(alias)
        live(store)
        assert verify(store).faults == ()
        with connections[alias].cursor() as cursor:
            cursor.execute("UPDATE caseflow_cases SET unit = %s WHERE id = %s", ["水务集团", "a2"])
        (fault,) = verify(store).faults
        assert (fault.case_id, fault.version, fault.code, fault.about) == ("a2", 5, "audit-column", "unit")
