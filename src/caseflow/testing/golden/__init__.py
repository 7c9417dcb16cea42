"""Golden histories: kept, replayed, compared."""
