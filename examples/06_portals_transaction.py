"""Cases in the portal's own transaction: both are committed, or neither.

Run it with ``python examples/06_portals_transaction.py``; it needs the extra ``sql``. With the URL of a
server it does the same there.

It prints:
    committed: letter scan-1.pdf, case at version 2
    rolled back: letter scan-1.pdf, case at version 2
    told after the commit: acknowledged
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Engine, create_engine, text

from caseflow import Actor, Desk, ManualClock, load_policy
from caseflow.stores.sqlalchemy import SqlStore

CLERK = Actor("d-1", role="coordinator")
CITIZEN = Actor("c-17", role="citizen")


def state(engine: Engine, desk: Desk) -> str:
    """What anybody else sees."""
    with engine.connect() as connection:
        letters = connection.scalars(text("SELECT scan FROM letters ORDER BY scan")).all()
    return f"letter {', '.join(letters)}, case at version {desk.get('c1').version}"


def letter(connection: Connection, scan: str) -> None:
    """A row of the portal's own."""
    connection.execute(text("INSERT INTO letters VALUES (:scan)"), {"scan": scan})


with TemporaryDirectory() as folder:
    url = f"sqlite+pysqlite:///{Path(folder) / 'portal.db'}"
    desk = Desk(load_policy("wuhu"), SqlStore.made(url), clock=ManualClock("2025-03-03T09:30:00+08:00"))
    desk.submit(title="路灯不亮", to="城管局", by=CITIZEN, case_id="c1")
    engine, committed = create_engine(url), list[str]()
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE letters (scan VARCHAR(200))"))
    desk.subscribe("acknowledged", lambda happened: committed.append(happened.event.name))
    with engine.begin() as connection:
        desk.joined(connection).acknowledge("c1", by=CLERK)
        letter(connection, "scan-1.pdf")
    print("committed:", state(engine, desk))
    with engine.connect() as connection:
        letter(connection, "scan-2.pdf")
        desk.joined(connection).note("c1", text="wrong case", by=CLERK)
        connection.rollback()
    print("rolled back:", state(engine, desk))
    print("told after the commit:", ", ".join(committed))
    engine.dispose()
    desk.store.close()
