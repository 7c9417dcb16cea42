"""A Django portal in three small files: settings here, its table and views in ``letters/``."""

from pathlib import Path

from django.conf import settings
from django.core.management import execute_from_command_line

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": Path(__file__).with_name("portal.db"),
            "OPTIONS": {"transaction_mode": "IMMEDIATE"},  # a block that reads first may write later
        }
    },
    INSTALLED_APPS=[
        *(
            f"django.contrib.{app}"
            for app in ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")
        ),
        "caseflow.contrib.django",
        "letters",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    CASEFLOW={"POLICY": "wuhu", "ROLES": {"督办": "supervisor", "城管局": ("handler", "城管局")}},
    SECRET_KEY="of this example alone",
    STATIC_URL="static/",
    DEBUG=True,
    ROOT_URLCONF="letters.views",
    ALLOWED_HOSTS=["localhost", "127.0.0.1", "testserver"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)

if __name__ == "__main__":
    execute_from_command_line()
