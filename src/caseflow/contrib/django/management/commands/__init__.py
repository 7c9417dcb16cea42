"""``caseflow_sweep`` and ``caseflow_relay``."""
