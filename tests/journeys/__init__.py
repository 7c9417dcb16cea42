"""Journeys through the public door."""
