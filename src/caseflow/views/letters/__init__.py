"""The shipped pages of numbered documents, one for each kind and language."""
