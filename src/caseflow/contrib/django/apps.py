"""The Django app: migrations that make the tables, checks, commands."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.models.signals import post_migrate

from caseflow.contrib.django.checks import check_schema, check_settings
from caseflow.contrib.django.config import alias, desk, keep_settings
from caseflow.contrib.django.connections import DjangoConnections
from caseflow.contrib.django.operations import SchemaStep
from caseflow.stores.sql import schema


class CaseflowConfig(AppConfig):
    """``caseflow.contrib.django`` in ``INSTALLED_APPS``; its label, for ``migrate``, is ``caseflow``."""

    name = "caseflow.contrib.django"
    label = "caseflow"
    verbose_name = "caseflow"

    def ready(self) -> None:
        """Keep the portal's settings, register the checks; after `migrate` pin, or make tables without it."""
        keep_settings()
        checks.register(check_settings)
        checks.register(check_schema, checks.Tags.database)
        post_migrate.connect(_make_without_migrations, sender=self, dispatch_uid="caseflow.make")
        post_migrate.connect(_pin_policies, sender=self, dispatch_uid="caseflow.pin")


def _make_without_migrations(*, using: str, **_: Any) -> None:
    """Make the tables where the settings switch migrations off, as test suites do."""
    is_off = CaseflowConfig.label in MigrationLoader(None, ignore_no_migrations=True).unmigrated_apps
    if is_off:
        with connections[using].schema_editor() as editor:
            SchemaStep(schema.newest()).database_forwards(CaseflowConfig.label, editor, None, None)


def _pin_policies(*, using: str, **_: Any) -> None:
    """Keep the portal's policies now, so that no command needs to, whose transaction may be rolled back."""
    try:
        portals_desk, using_ours = desk(), alias()
    except ImproperlyConfigured:
        return  # check_settings says so
    if using == using_ours and schema.schema_of(DjangoConnections(using)) == schema.newest():
        for rules in portals_desk.policies.values():
            portals_desk.store.pin(rules.pin, rules.document)
