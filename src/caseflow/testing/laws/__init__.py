"""The laws of any policy, proved by generated lives: see `caseflow.testing.policy_laws`."""
