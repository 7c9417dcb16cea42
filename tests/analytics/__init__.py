"""Recurring problems: what exceeds its past, what repeats, and what a person makes of it."""
