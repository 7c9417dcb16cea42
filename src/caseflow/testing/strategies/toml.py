"""A policy's table as the TOML text a person would write, for examples that read well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomli_w


def as_toml(table: Mapping[str, Any]) -> str:
    """The text of a table; entries that are `None` are left out, since TOML has no word for them."""
    return tomli_w.dumps(_said(table))


def _said(found: Any) -> Any:
    if isinstance(found, Mapping):
        return {key: _said(part) for key, part in found.items() if part is not None}
    if isinstance(found, list | tuple):
        return [_said(part) for part in found]
    return found
