"""What integration tests can ask for."""

from tests.support.controller import api
from tests.support.postgres import dsn, empty_dsn, owner, postgres, store

__all__ = ["api", "dsn", "empty_dsn", "owner", "postgres", "store"]
