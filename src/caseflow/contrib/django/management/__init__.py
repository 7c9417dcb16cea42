"""Commands of ``manage.py``: a door above the command line."""
