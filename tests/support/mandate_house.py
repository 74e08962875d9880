"""A controller with people who may sign mandates, a unit, and an authority: for tests of authorities and mandates."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import msgspec
import pytest

from fleet.client import FleetClient, Refused, connect
from fleet.clock import utc_now
from fleet.settings import MandateSettings
from fleet.store.store import Store
from protocols.api.authorities import AuthorityView, DocumentHash, NewAuthority
from protocols.api.mandates import MandateView, NewMandate
from protocols.mandate import MANDATE_NAMESPACE
from protocols.people import Role
from tests.support.controller import RunningApi, running_api
from tests.support.fleet_rows import add_units
from tests.support.mandates import allows
from tests.support.people import Keyholder

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
UNIT, OTHER_UNIT = "unit-abcd2345", "unit-efgh6789"
REFERENCE = "URN-26/114"
ROLES: dict[str, Role] = {
    "TO-12": "engineer",
    "TO-13": "engineer",
    "SU-01": "supervisor",
    "AP-01": "approver",
    "IN-01": "inspector",
}
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass
class MandateHouse:
    """Everybody of ROLES signed in, with their keys; times count from `now`, a whole second shortly ago."""

    api: RunningApi
    doors: dict[str, FleetClient]
    keys: dict[str, Keyholder]
    now: datetime

    def __getitem__(self, person_id: str) -> FleetClient:
        return self.doors[person_id]

    def new_authority(self, **changes: Any) -> NewAuthority:
        """A written authority to use kit, in force since yesterday, for a month."""
        fields: dict[str, Any] = {
            "reference": REFERENCE,
            "kinds": ["use"],
            "modalities": ["video", "audio"],
            "authorised_by_rank": "Superintendent",
            "starts_at": self.now - DAY,
            "ends_at": self.now + 30 * DAY,
            "document": DocumentHash(salt="5a" * 16, sha256=sha256(b"a document").hexdigest()),
        }
        return NewAuthority(**{**fields, **changes})

    async def authority(self, **changes: Any) -> AuthorityView:
        """One recorded by AP-01."""
        return await self["AP-01"].record_authority(self.new_authority(**changes))

    def new_mandate(self, authority_id: str | None, **changes: Any) -> NewMandate:
        """A field mandate since an hour ago, for three days; a bench mandate, for four hours, under no authority."""
        is_bench = authority_id is None
        fields: dict[str, Any] = {
            "kind": "bench" if is_bench else "field",
            "unit": UNIT,
            "authority": authority_id,
            "allows": [allows("video"), allows("audio")],
            "purpose": "aim and focus",
            "not_before": self.now - HOUR,
            "not_after": self.now + (4 * HOUR if is_bench else 3 * DAY),
            "approver": "AP-01",
        }
        return NewMandate(**{**fields, **changes})

    def signature(self, view: MandateView, person_id: str) -> str:
        """The person's signature over the mandate's line, made by another library than ours."""
        return self.keys[person_id].sign(f"{view.text}\n", MANDATE_NAMESPACE)

    async def signed(self, authority_id: str | None, **changes: Any) -> MandateView:
        """A mandate that TO-12 asked for and its approver approved, each handing in their own signature."""
        draft = await self["TO-12"].draft_mandate(self.new_mandate(authority_id, **changes))
        for person_id in (draft.requester, draft.approver):
            draft = await self[person_id].hand_in_signature(draft.mandate_id, self.signature(draft, person_id))
        return draft


@asynccontextmanager
async def mandate_house(store: Store, dsn: str, home: Path, *, plain: bool = True) -> AsyncIterator[MandateHouse]:
    """The house, where keys on disk sign field mandates too unless not `plain`; it has UNIT and OTHER_UNIT."""
    settings = MandateSettings(plain_keys_may_sign=plain)
    async with running_api(store, dsn, home, mandates=settings) as api, AsyncExitStack() as stack:
        doors, keys = {}, {}
        for person_id, role in ROLES.items():
            keys[person_id] = Keyholder.make(person_id)
            doors[person_id] = await stack.enter_async_context(connect(await api.add(keys[person_id], role)))
        now = utc_now().replace(microsecond=0)
        await add_units(store, "TO-12", {UNIT: "mast north", OTHER_UNIT: "van kit"}, now)
        yield MandateHouse(api, doors, keys, now)


async def refusal(asked: Awaitable[object]) -> tuple[int, str]:
    """Status and code of what is refused; message and remedy both have to say something."""
    with pytest.raises(Refused) as caught:
        await asked
    assert caught.value.problem.message
    assert caught.value.problem.remedy
    return caught.value.status, caught.value.problem.code


async def entries(owner: Owner, beginning: str) -> list[dict[str, Any]]:
    """The entries of kinds that begin so, in order."""
    rows = await owner.fetch("SELECT body FROM log_entry WHERE starts_with(kind, $1) ORDER BY entry_id", beginning)
    return [msgspec.json.decode(row["body"]) for row in rows]
