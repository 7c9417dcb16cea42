"""How the classes of a policy write themselves as data: labels, conditions, and keys that may be left out."""

from __future__ import annotations

from typing import Any

import attrs

from caseflow.i18n import Lang


@attrs.frozen
class Labels:
    """What people read for a stable key."""

    zh: str = ""
    en: str = ""

    def get(self, lang: Lang, key: str) -> str:
        """The Chinese label, or the English one for any other language; else the other one, or the key."""
        own, other = (self.zh, self.en) if lang == "zh" else (self.en, self.zh)
        return own or other or key


def table() -> Any:
    """A key that holds a table, empty when left out."""
    return attrs.field(factory=dict[str, Any])


def optional(default: Any, *, key: str = "") -> Any:
    """A key that is left out of the document while it is at its default.

    Args:
        key: its name in a file, where that is no name of Python's.
    """
    metadata = {"optional": default} | ({"key": key} if key else {})
    if default == {}:
        return attrs.field(factory=dict[str, Any], metadata=metadata)
    return attrs.field(default=default, metadata=metadata)


_WRITTEN = object()


def document_of(part: Any) -> Any:
    """A part of a policy as JSON-able data."""
    if isinstance(part, When):
        return part.table()
    if attrs.has(part.__class__):
        document: dict[str, Any] = {}
        for field in attrs.fields(part.__class__):
            value, unless = getattr(part, field.name), field.metadata.get("optional", _WRITTEN)
            if field.metadata.get("document", True) and value != unless:
                document[field.metadata.get("key", field.name)] = document_of(value)
        return document
    match part:
        case {**table}:
            return {key: document_of(value) for key, value in table.items()}
        case [*values]:
            return [document_of(value) for value in values]
        case _:
            return part


@attrs.frozen(kw_only=True)
class Named:
    """A key with labels: a kind of inquiry or a reason code."""

    labels: Labels = Labels()


Scalar = str | int | bool
"""What a field of a submission may be that ``when`` asks about."""


@attrs.frozen
class When:
    """The cases a clock is for.

    In a file it is one table: ``{ kind = ["complaint"], not = { region = ["X"] } }``. A field is one of the
    submission's, own ones included, or ``unit``, the unit that holds the case.
    """

    admits: dict[str, tuple[Scalar, ...]] = table()
    """The values of which that field must have one; a field that was not given is the empty text."""
    excludes: dict[str, tuple[Scalar, ...]] = table()
    """A table of the same form: the values of which each field may have none."""

    def table(self) -> dict[str, Any]:
        """The condition as files have it."""
        admits: dict[str, Any] = {name: list(values) for name, values in self.admits.items()}
        if self.excludes:
            admits["not"] = {name: list(values) for name, values in self.excludes.items()}
        return admits
