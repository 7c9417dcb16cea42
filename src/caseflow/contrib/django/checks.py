"""What ``manage.py check`` says: settings that cannot be used, tables of another schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from caseflow.contrib.django.configured import alias, desk, relay, tells
from caseflow.contrib.django.connections import DjangoConnections
from caseflow.contrib.django.language import language
from caseflow.errors import StoreError
from caseflow.stores.relational.schema import found_schema
from caseflow.stores.relational.tables import SCHEMA

Messages = list[checks.CheckMessage]


def check_settings(app_configs: Any, **_: Any) -> Messages:
    """``caseflow.E001``: no desk can be made of ``settings.CASEFLOW``, or no relay where it names one."""
    try:
        desk()
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
        found = found_schema(connections)
    except StoreError as error:
        return [checks.Error(error.text(language()), id="caseflow.E003")]
    return _said(found, connections.name)


def _said(found: int, name: str) -> Messages:
    if found > SCHEMA:
        newer = StoreError("store-newer", path=name, found=found, known=SCHEMA)
        return [checks.Error(newer.text(language()), id="caseflow.E002")]
    if found < SCHEMA:
        unmigrated = StoreError("django-unmigrated", path=name, found=found, known=SCHEMA)
        return [checks.Warning(unmigrated.text(language()), id="caseflow.W002" if found else "caseflow.W001")]
    return []
