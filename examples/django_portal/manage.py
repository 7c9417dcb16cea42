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
    INSTALLED_APPS=["caseflow.contrib.django", "letters"],
    CASEFLOW={"POLICY": "wuhu"},
    ROOT_URLCONF="letters.views",
    ALLOWED_HOSTS=["localhost", "127.0.0.1", "testserver"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)

if __name__ == "__main__":
    execute_from_command_line()
