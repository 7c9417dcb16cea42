"""What is published: one projection a process, which follows the store."""

from functools import cache

from caseflow.contrib.django import desk
from caseflow.desk.publications import Publications


@cache
def publications() -> Publications:
    """The publications of the portal's cases."""
    return Publications(desk())
