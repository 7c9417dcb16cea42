"""The ways out of a store and back: the event log as JSON Lines, CSV and XES."""
