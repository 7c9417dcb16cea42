"""Ways to tell people: who holds a role, what is said to them, and by which way it goes out.

Each notifier is a module of its own: ``log``, ``calling``, ``email``, ``webhook``, and ``apprise`` with the
extra of that name.
"""
