"""Names for Django's admin, permissions and content types: the tables are the library's own, and no models.

So Django's tools see no table of ours that they could change, dump or drop.
"""

from __future__ import annotations

from django.db import models
from django.utils.functional import lazy

from caseflow.contrib.django.config import word

_word = lazy(word, str)


class NoRows(models.Manager[models.Model]):
    """Asks no database: what there is is read through the desk, as far as somebody may see it."""

    use_in_migrations = True

    def get_queryset(self) -> models.QuerySet[models.Model]:
        """Nothing."""
        return super().get_queryset().none()


class _Name(models.Model):
    id: models.CharField[str, str] = models.CharField(primary_key=True, max_length=200)

    objects = NoRows()

    class Meta:
        abstract = True
        managed = False
        base_manager_name = "objects"
        default_permissions: tuple[str, ...] = ("view",)

    def __str__(self) -> str:
        return str(self.pk)


class StoredCase(_Name):
    """A case; who has the permission to view them sees of each what their role lets them."""

    class Meta(_Name.Meta):  # noqa: D106  # Django asks for it
        verbose_name = _word("case")
        verbose_name_plural = _word("cases")


class DeadLetter(_Name):
    """A notice that was given up; who may change it may have it sent again."""

    class Meta(_Name.Meta):  # noqa: D106  # Django asks for it
        default_permissions = ("view", "change")
        verbose_name = _word("dead-letter")
        verbose_name_plural = _word("dead-letters")


class SetAside(_Name):
    """Something that batches set aside, because it cannot be read, decided or told."""

    class Meta(_Name.Meta):  # noqa: D106  # Django asks for it
        verbose_name = _word("set-aside")
        verbose_name_plural = _word("set-aside")
