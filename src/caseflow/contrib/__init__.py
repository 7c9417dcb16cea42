"""Adapters to frameworks and tools, each a folder or file of its own that imports its library."""
