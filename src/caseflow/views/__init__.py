"""Folds over cases and events for people: explanations, forecasts, what is allowed, what is public."""
