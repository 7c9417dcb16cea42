"""The audit: whether a store still says what it said; heads over all cases, signed and kept elsewhere."""
