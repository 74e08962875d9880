"""Identifiers: their forms, and how new ones are made from random bytes."""

import re
import secrets
from typing import Annotated

from msgspec import Meta

from protocols.errors import InvalidId

UNIT_ID = re.compile(r"[a-z0-9-]{8,40}", re.ASCII)
PERSON_ID = re.compile(r"[A-Z]{2}-[0-9]{2,6}", re.ASCII)
SESSION_NONCE = re.compile(r"[0-9a-f]{32}", re.ASCII)

Nonce = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
"""128 random bits."""

UnitId = Annotated[str, Meta(pattern=r"^[a-z0-9-]{8,40}$(?!\n)")]
PersonId = Annotated[str, Meta(pattern=r"^[A-Z]{2}-[0-9]{2,6}$(?!\n)")]
OpeningId = Annotated[str, Meta(pattern=r"^open-[0-9a-f]{24}$(?!\n)")]
MandateId = Annotated[str, Meta(pattern=r"^M-[0-9a-f]{12}$(?!\n)")]
PlanId = Annotated[str, Meta(pattern=r"^P-[0-9a-f]{12}$(?!\n)")]
AuthorityId = Annotated[str, Meta(pattern=r"^A-[0-9a-f]{12}$(?!\n)")]
RolloutId = Annotated[str, Meta(pattern=r"^RO-[0-9a-f]{12}$(?!\n)")]

SPOOL_ID_BITS = 53
"""Spool ids stay below 2**53 so that any JSON reader keeps them exact."""

_UNAMBIGUOUS = "23456789abcdefghjkmnpqrstvwxyz"


def check_unit_id(value: str) -> str:
    """Return `value` if it is a unit id (`[a-z0-9-]{8,40}`), else raise InvalidId."""
    if UNIT_ID.fullmatch(value) is None:
        raise InvalidId("unit id", value)
    return value


def check_person_id(value: str) -> str:
    """Return `value` if it is a person id such as `TO-12`, else raise InvalidId."""
    if PERSON_ID.fullmatch(value) is None:
        raise InvalidId("person id (two capitals, a dash, two to six digits, as TO-12)", value)
    return value


def new_unit_id() -> str:
    """A fresh unit id, `unit-` and eight characters that can not be misread aloud."""
    return "unit-" + "".join(secrets.choice(_UNAMBIGUOUS) for _ in range(8))


def new_spool_id() -> int:
    """A fresh spool id, 1 … 2**53 - 1."""
    return secrets.randbelow((1 << SPOOL_ID_BITS) - 1) + 1


def new_session_nonce() -> str:
    """A fresh 128-bit session nonce, 32 hexadecimal digits."""
    return secrets.token_hex(16)


def new_token_id() -> str:
    """A fresh 96-bit id for a command, a voucher or a join request, 24 hexadecimal digits."""
    return secrets.token_hex(12)


def new_opening_id() -> str:
    """A fresh id of an opening, `open-` and 24 hexadecimal digits."""
    return f"open-{secrets.token_hex(12)}"


def new_mandate_id() -> str:
    """A fresh id of a mandate, `M-` and 12 hexadecimal digits: short enough to be read out."""
    return f"M-{secrets.token_hex(6)}"


def new_rollout_id() -> str:
    """A fresh id of a rollout, `RO-` and 12 hexadecimal digits."""
    return f"RO-{secrets.token_hex(6)}"


def new_update_id() -> str:
    """A fresh id of one unit's update, `UP-` and 12 hexadecimal digits."""
    return f"UP-{secrets.token_hex(6)}"


def new_authority_id() -> str:
    """A fresh id of a recorded authority, `A-` and 12 hexadecimal digits."""
    return f"A-{secrets.token_hex(6)}"


def new_plan_id() -> str:
    """A fresh id of a plan of a rota's turns, `P-` and 12 hexadecimal digits."""
    return f"P-{secrets.token_hex(6)}"
