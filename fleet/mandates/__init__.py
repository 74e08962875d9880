"""Mandates: drafted by one person, signed by two, obeyed by the unit."""
