"""Situations of real laws, lived through under the shipped policies."""
