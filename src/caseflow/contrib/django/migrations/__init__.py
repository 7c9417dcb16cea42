"""A migration for each numbered schema of the SQL store."""
