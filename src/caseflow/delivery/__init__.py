"""Ways to tell people: who holds a role, what is said to them, and by which way it goes out."""
