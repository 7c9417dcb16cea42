"""What caseflow promises, test by test."""
