"""A migration for each numbered schema of the relational stores."""
