"""A small portal: a Django app with one model, and the settings of this process.

Importing it configures Django for the process; nothing else in the tests uses Django in theirs.
"""

from __future__ import annotations

import contextlib

import django
from django.conf import settings

with contextlib.suppress(ImportError):  # PyMySQL stands in for mysqlclient, as its own pages say
    import pymysql

    pymysql.install_as_MySQLdb()

if not settings.configured:
    settings.configure(
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "never-made.db"},
            "postgresql": {"ENGINE": "django.db.backends.postgresql", "NAME": "-"},
            "mariadb": {"ENGINE": "django.db.backends.mysql", "NAME": "-"},
        },
        INSTALLED_APPS=["caseflow.contrib.django", "tests.contrib.portal"],
        SECRET_KEY="for tests alone",  # nothing is signed with it
        USE_TZ=True,
        LOGGING_CONFIG=None,
    )
    django.setup()
