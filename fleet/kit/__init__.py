"""Kit: who has it, whether it may go out, what it needs, and what is left of it."""
