"""A portal with Django's admin, and test suites of it that are run as portals run theirs: in a process of their own."""
