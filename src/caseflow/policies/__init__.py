"""The shipped policies, as TOML."""
