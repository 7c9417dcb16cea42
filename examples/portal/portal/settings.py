"""Settings of the portal. SQLite by default; ``PORTAL_DATABASE`` names a PostgreSQL in its place."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

BASE_DIR = Path(__file__).resolve().parent.parent
DATA = BASE_DIR / "inquiries" / "data"
VAR = Path(os.environ.get("PORTAL_FOLDER", BASE_DIR / "var"))
"""What the portal keeps beside its database: attachments, and SQLite's file."""


def database(url: str) -> dict[str, object]:
    """The settings of ``postgresql://user:password@host:port/name``; without one, SQLite's."""
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR / "portal.db",
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},  # a block that reads first may write
        }
    place = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": place.path.lstrip("/"),
        "USER": unquote(place.username or ""), "PASSWORD": unquote(place.password or ""),
        "HOST": place.hostname or "", "PORT": str(place.port or ""),
    }  # fmt: skip


DATABASES = {"default": database(os.environ.get("PORTAL_DATABASE", ""))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MEDIA_ROOT = VAR / "attachments"

SECRET_KEY = os.environ.get("PORTAL_SECRET_KEY", "of this example alone")
ALLOWED_HOSTS = os.environ.get("PORTAL_HOSTS", "localhost,127.0.0.1,testserver").split(",")
DEBUG = False
ROOT_URLCONF = "portal.urls"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "caseflow.contrib.django",
    "inquiries",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "inquiries.middleware.ContentSecurityPolicy",
    "inquiries.middleware.Problems",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "inquiries.context.reader",
            ],
            "builtins": ["django.templatetags.i18n", "caseflow.contrib.django.templatetags.caseflow_tags"],
        },
    }
]
STATIC_URL = "static/"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "inquiries" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

BUREAUS = (
    "城管局", "住建局", "教育局", "公安局", "交通局", "人社局", "卫健委", "生态环境局", "市场监管局",
    "自然资源局", "水务集团", "滨江区政府",
)  # fmt: skip
OFFICES = ("滨江市委书记", "滨江市市长", "滨江区区长", "青弋县县长")
"""Those of ``data/offices.toml``, as groups of people; a test holds the two together."""

CASEFLOW = {
    "POLICY": [str(DATA / "portal.toml"), "leader-board"],
    "UNITS": "inquiries.registers.units",
    "DIRECTORY": "inquiries.people.Staff",
    "NOTIFIERS": {"inbox": "inquiries.people.Inbox"},
    "ROLES": {
        "分转": "coordinator",
        "督办": "supervisor",
        "公开审核": "moderator",
        **{f"{unit}领导": ("lead_official", unit) for unit in (*BUREAUS, *OFFICES)},
        **{unit: ("handler", unit) for unit in (*BUREAUS, *OFFICES)},
        "": "citizen",
    },
}
