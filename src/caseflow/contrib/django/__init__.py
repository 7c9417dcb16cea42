"""Cases in a Django portal's own database and transactions: extra ``django``.

Put ``caseflow.contrib.django`` into ``INSTALLED_APPS``; ``manage.py migrate`` makes the tables.
"""

from caseflow.contrib.django.config import actor_of, desk, relay
from caseflow.contrib.django.django_store import DjangoStore

__all__ = ["DjangoStore", "actor_of", "desk", "relay"]
