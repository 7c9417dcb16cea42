"""The admin, and the portal's API by the roles of the settings."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from caseflow.contrib.django.api import case_urls

urlpatterns = [path("admin/", admin.site.urls), path("api/", include(case_urls()))]
