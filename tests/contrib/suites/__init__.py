"""A portal with Django's admin, and its test suites, which run in processes of their own."""
