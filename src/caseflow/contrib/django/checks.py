"""What ``manage.py check`` says: settings that cannot be used, tables of another schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from caseflow.contrib.django.config import alias, language, relay, roles, tells
from caseflow.contrib.django.connections import DjangoConnections
from caseflow.errors import StoreError
from caseflow.stores.sql import schema

Messages = list[checks.CheckMessage]


def check_settings(app_configs: Any, **_: Any) -> Messages:
    """``caseflow.E001``: no desk can be made of ``settings.CASEFLOW``, or no relay or roles it names."""
    try:
        roles()
        if tells():
            relay()
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="caseflow.E001")]
    return []


def check_schema(app_configs: Any, databases: Sequence[str] | None = None, **_: Any) -> Messages:
    """``caseflow.W001``, ``W002``, ``E002``: the tables are missing, older, or newer than this version.

    Missing and older ones are warnings: errors would keep ``migrate`` from putting it right. Only the
    database that the settings name is looked at, and only when the check asks for it.
    """  # fmt: skip
    try:
        using = alias()
    except ImproperlyConfigured:
        return []  # check_settings says so
    if using not in (databases or ()):
        return []
    connections = DjangoConnections(using)
    try:
        version = schema.schema_of(connections)
    except StoreError as error:
        return [checks.Error(error.text(language()), id="caseflow.E003")]
    return _messages(version, connections.name)


def _messages(version: int, name: str) -> Messages:
    known = schema.newest()
    if version > known:
        newer = StoreError("store-newer", path=name, found=version, known=known)
        return [checks.Error(newer.text(language()), id="caseflow.E002")]
    if version < known:
        unmigrated = StoreError("django-unmigrated", path=name, found=version, known=known)
        code = "caseflow.W002" if version else "caseflow.W001"
        return [checks.Warning(unmigrated.text(language()), id=code)]
    return []
