"""The demo's authority and mandates, so that a unit can be opened at once: recorded and signed as people would.

Only the units that have devices get one, and the last of them is left to whoever tries the demo.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from fleet.client import FleetClient, connect, load_client_settings, read_view
from fleet.clock import utc_now
from fleet.demo.place import Place
from protocols.api.authorities import AuthorityView, DocumentHash, NewAuthority
from protocols.api.mandates import NewMandate
from protocols.mandate import Allowance

REQUESTER, APPROVER = "TO-12", "AP-04"
_REFERENCE = "DEMO/1/26"
_DAYS = 30
_ALLOWS = [
    Allowance(modality="video", minutes_per_day=60, openings_per_day=40),
    Allowance(modality="audio", minutes_per_day=60, openings_per_day=40),
    Allowance(modality="position", minutes_per_day=10, openings_per_day=10),
]


async def prepare_papers(place: Place, unit_ids: Sequence[str]) -> int:
    """See that each of the units has a live mandate; returns how many were signed. Raises ClientError."""
    async with (
        connect(load_client_settings(place.client_toml(REQUESTER))) as requester,
        connect(load_client_settings(place.client_toml(APPROVER))) as approver,
    ):
        bare = [unit for unit in unit_ids if not (await requester.mandates(unit, state="live")).total]
        if bare:
            authority = await _authority(approver)
            for unit in bare:
                await _sign(requester, approver, unit, authority)
        return len(bare)


async def _authority(approver: FleetClient) -> AuthorityView:
    known = (await approver.authorities(_REFERENCE, state="in-force")).rows
    if known:
        return known[0]
    salt = secrets.token_bytes(16)
    digest = hashlib.sha256(salt + b"an authority for a demonstration").hexdigest()
    now = utc_now().replace(microsecond=0)
    return await approver.record_authority(
        NewAuthority(
            reference=_REFERENCE,
            kinds=["install", "use", "retrieve"],
            modalities=["video", "audio", "position"],
            authorised_by_rank="Superintendent",
            starts_at=now,
            ends_at=now + timedelta(days=_DAYS),
            review_at=[now + timedelta(days=_DAYS - 2)],
            document=DocumentHash(salt=salt.hex(), sha256=digest),
        )
    )


async def _sign(requester: FleetClient, approver: FleetClient, unit: str, authority: AuthorityView) -> None:
    wish = NewMandate(
        kind="field",
        unit=unit,
        authority=authority.authority_id,
        allows=_ALLOWS,
        purpose="aim and focus",
        not_before=utc_now().replace(microsecond=0),
        not_after=authority.ends_at,
        approver=APPROVER,
    )
    line = read_view(await requester.draft_mandate(wish))
    await requester.sign_mandate(line)
    await approver.sign_mandate(line)
