"""Which of caseflow's two languages people read here."""

from __future__ import annotations

from typing import Literal

from django.utils.translation import get_language


def language() -> Literal["zh", "en"]:
    """Chinese where Django's active language is Chinese, else English."""
    return "zh" if (get_language() or "").lower().startswith("zh") else "en"
