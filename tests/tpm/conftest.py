"""Fixtures for tests with a TPM in software: a real PostgreSQL."""

from tests.support.postgres import dsn, postgres, store

__all__ = ["dsn", "postgres", "store"]
