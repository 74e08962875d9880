"""People: their keys, signing in, and who is on the list."""
