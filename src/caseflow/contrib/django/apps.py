"""The Django app: migrations that make the tables, checks, commands."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from caseflow.contrib.django.checks import check_schema, check_settings
from caseflow.contrib.django.config import alias, desk
from caseflow.contrib.django.connections import DjangoConnections
from caseflow.stores.sql import schema


class CaseflowConfig(AppConfig):
    """``caseflow.contrib.django`` in ``INSTALLED_APPS``; its label, for ``migrate``, is ``caseflow``."""

    name = "caseflow.contrib.django"
    label = "caseflow"
    verbose_name = "caseflow"

    def ready(self) -> None:
        """Register the checks; pin the policy after `migrate`; have SQLite overwrite what is deleted."""
        checks.register(check_settings)
        checks.register(check_schema, checks.Tags.database)
        post_migrate.connect(_pin_the_policy, sender=self, dispatch_uid="caseflow.pin")
        connection_created.connect(_overwrite_what_is_deleted, dispatch_uid="caseflow.secure_delete")


def _overwrite_what_is_deleted(*, connection: Any, **_: Any) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def _pin_the_policy(*, using: str, **_: Any) -> None:
    """Keep the portal's policy now, so that no command needs to, whose transaction may be rolled back."""
    try:
        portals_desk, using_ours = desk(), alias()
    except ImproperlyConfigured:
        return  # check_settings says so
    if using == using_ours and schema.schema_of(DjangoConnections(using)) == schema.newest():
        portals_desk.store.pin(portals_desk.rules.pin, portals_desk.rules.document)
