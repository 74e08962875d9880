"""Vouchers and pending joins.

`POST /api/vouchers` with Invite → VoucherMade (the text is shown once, never stored);
`GET /api/vouchers` → list[VoucherView]; `DELETE /api/vouchers/{voucher_id}` withdraws one;
`GET /api/joins` → list[JoinView]; `POST /api/joins/{join_id}/accept` with Decision → UnitRow's id (AcceptedUnit);
`POST /api/joins/{join_id}/refuse` with Refusal.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.joining import KeyProtection
from protocols.text import ONE_LINE

VoucherState = Literal["open", "presented", "used", "expired", "withdrawn"]


class Invite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A voucher to be made; `label` becomes the unit's."""

    label: Annotated[str, Meta(max_length=40, pattern=ONE_LINE)] = ""


class VoucherMade(msgspec.Struct, frozen=True, kw_only=True):
    """The voucher text, to be handed to the unit by a person."""

    voucher_id: str
    text: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"VoucherMade(voucher_id={self.voucher_id!r})"


class VoucherView(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher without its secret."""

    voucher_id: str
    label: str
    state: VoucherState
    created_by: str
    created_at: datetime
    expires_at: datetime


class JoinView(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that waits to be accepted. `fingerprint` is to be compared with what the unit itself shows.

    `rejoins` is the unit's id when its certificate ended while it was away and it asks for another with its old key;
    `invited_by` is empty then.
    """

    join_id: str
    rejoins: str | None = None
    label: str
    fingerprint: str
    key_protection: KeyProtection
    model: str
    agent_version: str
    came_from: str
    invited_by: str
    first_seen_at: datetime
    last_seen_at: datetime


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fingerprint the person compared; it must be the pending key's."""

    fingerprint: Annotated[str, Meta(max_length=100)]


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a join is refused."""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]


class AcceptedUnit(msgspec.Struct, frozen=True):
    """The id the controller gave."""

    unit_id: str
