"""What is wrong with a policy that can be used: deadlines that never come, never bind, or tell nobody."""
