"""A made-up city's year of inquiries, bundled as a log, and the program that made it."""
