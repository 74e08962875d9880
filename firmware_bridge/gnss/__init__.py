"""GNSS receivers: the quality of their fixes, and never where they are."""
