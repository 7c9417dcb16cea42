"""The portal's own table."""

from __future__ import annotations

from django.db import models


class Post(models.Model):
    """What a citizen wrote, as the portal keeps it."""

    word = models.CharField(max_length=40, unique=True)
    case_id = models.CharField(max_length=40, default="")
