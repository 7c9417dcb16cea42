"""One store over SQL: tables, statements and their order, for any kind of connections and three dialects."""
