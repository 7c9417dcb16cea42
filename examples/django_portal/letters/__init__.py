"""The letters of a portal."""
