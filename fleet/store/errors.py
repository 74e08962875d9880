"""Errors of writing, told apart by what the writer should do.

    StoreError
    ├── RowsRefused              PostgreSQL does not take what was given: write it without the culprit
    ├── TransactionConflict      another transaction was in the way: do the same again
    └── DoubleBooked             an item or a person would be in two places; the transaction goes on without it

A server that can not be reached or can not write is `fleet.errors.StoreUnavailable`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import asyncpg

from fleet.errors import FleetError, StoreUnavailable

_MAX_DETAIL = 200


class StoreError(FleetError):
    """Base of the errors of writing; nothing of the transaction holds, unless the error says otherwise. `detail` is
    PostgreSQL's reason."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class RowsRefused(StoreError):
    """What was given can not be stored."""


class TransactionConflict(StoreError):
    """A deadlock or a serialization failure; the same transaction may pass when done again."""


class DoubleBooked(StoreError):
    """What was to be written would put an item or a person in two places, and was not written; what else the
    transaction wrote holds. `what` is the item's code or the person's id, booked for `deployment_id` from `starts_at`
    until `ends_at`."""

    def __init__(self, what: str, deployment_id: str, starts_at: datetime, ends_at: datetime) -> None:
        super().__init__(f"{what} is booked for {deployment_id}")
        self.what = what
        self.deployment_id = deployment_id
        self.starts_at = starts_at
        self.ends_at = ends_at


@contextmanager
def told_apart() -> Iterator[None]:
    """Raise what asyncpg raises in the block as RowsRefused, TransactionConflict or StoreUnavailable.

    To be used inside a transaction's block: outside it, values that can not be stored are already `InvalidValue`.
    """
    try:
        yield
    except (
        asyncpg.DataError,
        asyncpg.IntegrityConstraintViolationError,
        asyncpg.exceptions.ProgramLimitExceededError,
        OverflowError,  # what COPY's encoder says of a number that its column can not hold
        UnicodeEncodeError,
    ) as error:
        raise RowsRefused(str(error)[:_MAX_DETAIL]) from error
    except asyncpg.TransactionRollbackError as error:
        raise TransactionConflict(str(error)[:_MAX_DETAIL]) from error
    except asyncpg.InterfaceError as error:
        # The driver's word for a value that it can not encode is an InterfaceError that is a ValueError too.
        kind = RowsRefused if isinstance(error, ValueError) else StoreUnavailable
        raise kind(str(error)[:_MAX_DETAIL]) from error
    except (asyncpg.PostgresError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        raise StoreUnavailable(str(error)[:_MAX_DETAIL] or type(error).__name__) from error
