"""A made-up city's year: a log made by the scenario ``city``, bundled so that the demo needs no extra."""
