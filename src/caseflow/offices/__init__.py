"""Boards of an office (领导留言板): messages to an office, whoever holds it, and what the figures of a year are."""
