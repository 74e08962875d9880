"""What the database refuses to its controllers, whatever program speaks for one."""

import asyncpg
import pytest

from tests.support.mandate_house import Owner


async def refused_to_controller(role: Owner, statement: str, *values: object) -> None:
    """A statement that the rights or the constraints of the database have to refuse."""
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError)):
        await role.execute(statement, *values)
