"""Places to keep cases."""
