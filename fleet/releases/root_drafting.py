"""Drafting the next root through the API: who signs later roots, and who signs files, by their person ids."""

from collections.abc import Collection, Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.signer import SSlibKey
from tuf.api.metadata import Root

from fleet.client import FleetClient
from fleet.errors import NotFound
from fleet.releases.drafting import ROOT_DAYS, next_root
from fleet.releases.metadata import canonical_text
from fleet.releases.rules import ADMINISTRATORS
from protocols.api.releases import DraftView
from protocols.people import REQUESTING_ROLES, ListedPerson, PeopleList


async def draft_root(
    door: FleetClient,
    administrators: Sequence[str] | None,
    signers: Sequence[str] | None,
    now: datetime,
    days: int = ROOT_DAYS,
) -> DraftView:
    """Let the root after the one in force wait to be signed; it ends `days` after `now`.

    `administrators` sign the next roots and `signers` files, by their ids; None: all in force of the people list that
    `door` has pinned. Raises ClientError, and NotFound for somebody who may not.
    """
    people = (await door.people_chain()).newest
    chosen = (
        _chosen(people, administrators, ADMINISTRATORS, now),
        _chosen(people, signers, REQUESTING_ROLES, now),
    )
    role = next((one for one in (await door.releases()).roles if one.role == "root"), None)
    before = None if role is None else Root(version=role.version)
    public = bytes.fromhex((await door.release_key()).public_hex)
    key = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(public))
    return await door.draft_release("root", canonical_text(next_root(before, *chosen, key, now, days)))


def _chosen(people: PeopleList, ids: Sequence[str] | None, roles: Collection[str], now: datetime) -> list[ListedPerson]:
    able = {one.person_id: one for one in people.people if one.role in roles and one.in_force(now)}
    unknown = [one for one in ids or [] if one not in able]
    if unknown:
        raise NotFound(
            "person-unfit", f"{unknown[0]} is no {' or '.join(sorted(roles))} in force", "see fleet person list"
        )
    return list(able.values()) if ids is None else [able[one] for one in ids]
