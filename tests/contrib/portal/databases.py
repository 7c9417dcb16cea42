"""Django's aliases pointed at the databases that the tests of `SqlStore` use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections

from caseflow.contrib.django import DjangoStore
from caseflow.stores.database_urls import parsed
from tests.contracts.databases import CaughtUp, WaitsForOthers, emptied
from tests.contrib.portal.models import Post

ALIASES = {"postgresql": "postgresql", "mariadb": "mariadb", "sqlite": "default"}


class PortalStore(WaitsForOthers, DjangoStore):
    """A store for tests that share a server."""


@contextmanager
def portal(kind: str, folder: Path) -> Iterator[tuple[str, CaughtUp]]:
    """The alias of an empty database with our tables and the portal's, and `SqlStore` on the same one."""
    with emptied(kind, folder) as other, pointed(ALIASES[kind], other.url) as alias, _threads_that_close():
        connection = connections[alias]
        if Post._meta.db_table not in connection.introspection.table_names():
            with connection.schema_editor() as editor:
                editor.create_model(Post)
        Post.objects.using(alias).all().delete()
        yield alias, other


@contextmanager
def pointed(alias: str, url: str) -> Iterator[str]:
    """The alias, leading to that database."""
    connection, found = connections[alias], parsed(url)
    connection.close()
    before = dict(connection.settings_dict)
    options = {"options": found.query["options"]} if "options" in found.query else {}
    connection.settings_dict.update(
        NAME=found.database or "", USER=found.username or "", PASSWORD=found.password or "",
        HOST=found.host or "", PORT=found.port or "", OPTIONS=options,
    )  # fmt: skip
    try:
        yield alias
    finally:
        connection.close()
        connection.settings_dict.update(before)


@contextmanager
def _threads_that_close() -> Iterator[None]:
    """A thread that ends closes its connections, as Django does after a request."""
    run = threading.Thread.run

    def run_and_close(thread: threading.Thread) -> None:
        try:
            run(thread)
        finally:
            connections.close_all()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "run", run_and_close)
        yield
