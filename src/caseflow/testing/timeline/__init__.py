"""Cases in simulated time: the timeline, its clockwork, its faults, its story."""
