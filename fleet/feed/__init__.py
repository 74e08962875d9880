"""Hearing what any controller changed, and passing it to whoever watches."""
