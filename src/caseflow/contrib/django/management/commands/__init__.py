"""``caseflow_sweep``."""
