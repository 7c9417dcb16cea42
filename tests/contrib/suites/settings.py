"""The settings of a portal with everything Django's admin needs; its database as the environment says."""

from __future__ import annotations

import json
import os

SECRET_KEY = "for tests alone"  # nothing is signed with it
DATABASES = {"default": json.loads(os.environ["PORTAL_DATABASE"])}
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "caseflow.contrib.django",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
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
            ]
        },
    }
]
ROOT_URLCONF = "tests.contrib.suites.urls"
STATIC_URL = "static/"
USE_TZ = True
ALLOWED_HOSTS = ["*"]
CASEFLOW = {
    "POLICY": "wuhu",
    "ROLES": {"督办": "supervisor", "城管局": ("handler", "城管局"), "": "citizen"},
    "NOTIFIERS": "caseflow.delivery.notifiers.simple.LogNotifier",
    "DIRECTORY": "tests.contrib.suites.people.Nobody",
}
