"""The rooms: one module for each."""
