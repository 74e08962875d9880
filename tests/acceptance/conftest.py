"""What acceptance tests can ask for."""

from tests.support.controller import api
from tests.support.postgres import dsn, owner, postgres, store

__all__ = ["api", "dsn", "owner", "postgres", "store"]
