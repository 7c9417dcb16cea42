"""What the portal keeps of a letter; the case keeps the rest."""

from django.db import models


class Letter(models.Model):
    """A letter with the number on the citizen's receipt."""

    receipt = models.CharField(max_length=40, unique=True)
    case_id = models.CharField(max_length=40)
