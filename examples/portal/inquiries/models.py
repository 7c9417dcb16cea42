"""What the portal keeps of its own; a case knows of it what its events say, and no more."""

from django.conf import settings
from django.db import models


class Attachment(models.Model):
    """A file that somebody attached; the case has its digest, so that another file would show."""

    case_id = models.CharField(max_length=200, db_index=True)
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    media_type = models.CharField(max_length=100)
    is_internal = models.BooleanField(default=False)
    """Whether the office keeps it to itself, as the policy's `attach` does what the office attaches."""
    content = models.FileField()

    class Meta:
        """Once a case, however often it is sent."""

        constraints = [models.UniqueConstraint(fields=["case_id", "sha256"], name="attached_once")]

    def __str__(self) -> str:
        return str(self.name)


class Appeal(models.Model):
    """A unit's appeal against a card, until the supervising office has decided."""

    case_id = models.CharField(max_length=200)
    clock = models.CharField(max_length=100)
    subject = models.CharField(max_length=200, blank=True)
    cycle = models.PositiveIntegerField()
    level = models.CharField(max_length=100)
    unit = models.CharField(max_length=200)
    since = models.DateTimeField(auto_now_add=True)
    is_decided = models.BooleanField(default=False)

    class Meta:
        """One appeal against a card at a time."""

        ordering = ["since"]
        constraints = [
            models.UniqueConstraint(
                fields=["case_id", "clock", "subject", "cycle", "level"],
                condition=models.Q(is_decided=False),
                name="appealed_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.level}"


class Message(models.Model):
    """A notice in somebody's inbox. Its id is the delivery's, so that one sent twice arrives once."""

    delivery_id = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="inbox")
    case_id = models.CharField(max_length=200)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    at = models.DateTimeField(auto_now_add=True)
    is_read = models.BooleanField(default=False)

    class Meta:
        """The newest first."""

        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return str(self.subject)
