"""Schema 1: every table."""

from __future__ import annotations

from django.db.migrations import Migration as _Migration

from caseflow.contrib.django.operations import SchemaStep


class Migration(_Migration):
    """Makes the tables."""

    operations = (SchemaStep(1),)
