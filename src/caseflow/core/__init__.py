"""The pure core: lifecycle, policy, days, clocks, events, commands, case, decide."""
