"""Cases in a database server, through SQLAlchemy: extras ``postgres`` and ``mariadb``."""

from caseflow.stores.sql.store import SqlStore

__all__ = ["SqlStore"]
