"""What acceptance tests can ask for."""

from tests.support.controller import api
from tests.support.postgres import dsn, postgres, store

__all__ = ["api", "dsn", "postgres", "store"]
