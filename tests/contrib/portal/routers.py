"""A router that keeps cases out of every database."""

from __future__ import annotations

from typing import Any


class NoCasesAnywhere:
    """Lets the app migrate nowhere."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if app_label == "caseflow" else None
