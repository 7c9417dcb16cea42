"""What a case is: commands, events, the case and its clocks, and how events make it."""
