"""``manage.py caseflow``, and ``flush`` that takes the cases along."""
