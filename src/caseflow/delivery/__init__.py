"""Telling people: who holds a role, what is said to them, and by which channel it goes out."""
