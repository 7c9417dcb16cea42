"""Boards of an office (领导留言板): messages to an office, whoever holds it, and a year's figures."""
