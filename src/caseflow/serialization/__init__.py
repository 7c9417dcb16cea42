"""Events and cases as bytes, the hashes that chain them, and personal texts sealed apart."""
