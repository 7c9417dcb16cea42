"""A portal on Django in one file: cases under /api, described at /api/openapi.json.

Who is signed in stands in a header here. Run: python examples/django_api.py migrate, then
python examples/django_api.py runserver, with CASES=cases.db, and ask:

    curl -H "X-User: handler%20o-4%20%E5%9F%8E%E7%AE%A1%E5%B1%80" localhost:8000/api/cases
"""

from __future__ import annotations

import os
from urllib.parse import unquote

from django.conf import settings

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ.get("CASES", "cases.db"),
            "OPTIONS": {"transaction_mode": "IMMEDIATE"},
        }
    },
    INSTALLED_APPS=["caseflow.contrib.django"],
    CASEFLOW={"POLICY": "wuhu"},
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    USE_I18N=True,
    USE_TZ=True,
)

import django  # noqa: E402  # Django reads its settings when it is imported
from django.core.management import execute_from_command_line  # noqa: E402  # as above
from django.core.wsgi import get_wsgi_application  # noqa: E402  # as above
from django.http import HttpRequest  # noqa: E402  # as above
from django.urls import include, path  # noqa: E402  # as above

django.setup()

from caseflow import Actor  # noqa: E402  # after Django
from caseflow.contrib.django.api import case_urls  # noqa: E402  # as above


def signed_in(request: HttpRequest) -> Actor | None:
    """The portal's own session in a real one; here the header "role id unit"."""
    role, _, rest = unquote(request.headers.get("X-User", "")).partition(" ")
    name, _, unit = rest.partition(" ")
    return Actor(name, role=role, unit=unit) if name else None


urlpatterns = [path("api/", include(case_urls(actor_of=signed_in)))]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line()
