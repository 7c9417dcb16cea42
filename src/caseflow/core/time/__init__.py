"""Instants, calendars and deadlines: the arithmetic of legal time."""
