"""Commands: asking a unit for something, sending it while it is worth sending, and what became of it."""
