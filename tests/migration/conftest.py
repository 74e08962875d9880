"""What migration tests can ask for."""

from tests.support.postgres import dsn, empty_dsn, owner, postgres, store

__all__ = ["dsn", "empty_dsn", "owner", "postgres", "store"]
