"""The shipped messages, one file for each language: ``# key``, the subject, and the text."""
