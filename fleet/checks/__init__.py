"""Checks: opening a unit for a few minutes under a mandate, and everything that closes it again."""
