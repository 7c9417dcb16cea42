"""What may happen to a case: policies made ready, preconditions, effects, and the decision."""
