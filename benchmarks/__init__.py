"""What caseflow costs, measured side by side with others in one run: ``python -m benchmarks``."""
