"""The project's own golden histories, and the tests that replay them."""
