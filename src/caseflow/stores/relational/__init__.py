"""Cases in relational tables, over whatever brings a DB-API cursor: SQLAlchemy, Django, or your own."""
