"""Schema 1: every table, and the names for Django's admin and permissions, which have none."""

from __future__ import annotations

from typing import Any

from django.db.migrations import CreateModel
from django.db.migrations import Migration as _Migration
from django.db.models import CharField

from caseflow.contrib.django.models import NoRows
from caseflow.contrib.django.operations import SchemaStep


def _name(model: str, one: str, many: str, *permissions: str) -> CreateModel:
    options: dict[str, Any] = {
        "verbose_name": one, "verbose_name_plural": many, "default_permissions": permissions,
        "managed": False, "abstract": False, "base_manager_name": "objects",
    }  # fmt: skip
    key: CharField[str, str] = CharField(max_length=200, primary_key=True, serialize=False)
    return CreateModel(model, [("id", key)], options, managers=[("objects", NoRows())])


class Migration(_Migration):
    """Makes the tables."""

    initial = True
    operations = (
        SchemaStep(1),
        _name("StoredCase", "case", "cases", "view"),
        _name("DeadLetter", "undelivered notice", "undelivered notices", "view", "change"),
        _name("SetAside", "what is set aside", "what is set aside", "view"),
    )
