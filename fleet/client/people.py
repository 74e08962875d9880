"""What a person believes of people lists: only what leads from the anchor they have pinned. Pure.

The controller hands out lists and drafts; it is not asked what they mean. Each list is checked as units check it, and
the differences that a person reads before signing are worked out here, from texts that were checked.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from fleet.client.errors import PeopleNotTrusted, VoucherNotTrusted
from protocols.api.people import DraftView
from protocols.errors import InvalidPeopleList, InvalidVoucher
from protocols.joining import Voucher
from protocols.people import (
    DRAFT_DAYS,
    PeopleList,
    SignedPeopleList,
    check_follows,
    check_next,
    people_hash,
    read_list,
)
from protocols.people_changes import PersonChange, PolicyChange, differences, policy_change

CLOCKS_APART = timedelta(minutes=10)
"""How far in the future a draft may seem to be made: clocks differ."""


class Link(NamedTuple):
    """One checked list: `sha256` of its text in hexadecimal; `signed_by` is empty for the anchor."""

    version: int
    sha256: str
    made_at: datetime
    signed_by: list[str]


class PeopleChain(NamedTuple):
    """The lists from the anchor to the newest, each checked against the one before."""

    newest: PeopleList
    links: list[Link]


class ReadDraft(NamedTuple):
    """A draft that follows the newest checked list, with what it changes. Only such a one is signed."""

    draft_id: str
    text: str
    sha256: str
    following: PeopleList
    changes: list[PersonChange]
    policy: PolicyChange | None = None


def begin_chain(anchor_sha256: str, first: SignedPeopleList) -> PeopleChain:
    """The chain of the one list `first`; raises PeopleNotTrusted unless its SHA-256 is the pinned one."""
    digest = people_hash(first.text).hex()
    if digest != anchor_sha256:
        raise PeopleNotTrusted(f"its anchor is {digest}, you have pinned {anchor_sha256}")
    try:
        anchor = read_list(first.text)
    except InvalidPeopleList as error:
        raise PeopleNotTrusted(f"the anchor is not usable ({error.detail})") from error
    return PeopleChain(anchor, [Link(anchor.version, digest, anchor.made_at, [])])


def extend_chain(chain: PeopleChain, lists: Sequence[SignedPeopleList]) -> PeopleChain:
    """The chain with the lists that follow its newest; raises PeopleNotTrusted when one may not."""
    newest, links = chain.newest, list(chain.links)
    for signed in lists:
        try:
            newest = check_next(newest, signed)
        except InvalidPeopleList as error:
            raise PeopleNotTrusted(f"version {newest.version + 1} is refused ({error.detail})") from error
        signers = sorted({signature.person_id for signature in signed.signatures})
        links.append(Link(newest.version, people_hash(signed.text).hex(), newest.made_at, signers))
    return PeopleChain(newest, links)


def read_draft(chain: PeopleChain, draft: DraftView, now: datetime) -> ReadDraft:
    """The draft as its own text has it; raises PeopleNotTrusted for one that must not be signed.

    It has to be the next list after the newest checked one, to change something, and to be made within the last
    DRAFT_DAYS days by the person's own clock `now`: signers are judged by the time a list names.
    """
    try:
        following = read_list(draft.text)
        check_follows(chain.newest, following)
    except InvalidPeopleList as error:
        raise PeopleNotTrusted(f"the draft is refused ({error.detail})") from error
    if not now - timedelta(days=DRAFT_DAYS) <= following.made_at <= now + CLOCKS_APART:
        raise PeopleNotTrusted(
            f"the draft says it was made at {following.made_at:%Y-%m-%d %H:%M} UTC; it is {now:%Y-%m-%d %H:%M}"
        )
    changes = differences(chain.newest, following)
    policy = policy_change(chain.newest, following)
    if not changes and policy is None:
        raise PeopleNotTrusted("the draft changes nothing")
    return ReadDraft(draft.draft_id, draft.text, people_hash(draft.text).hex(), following, changes, policy)


def check_voucher(text: str, *, root_sha256: str, anchor_sha256: str) -> None:
    """Raise VoucherNotTrusted unless the voucher carries the pinned hashes (hexadecimal)."""
    try:
        voucher = Voucher.read(text)
    except InvalidVoucher as error:
        raise VoucherNotTrusted("fleet", "client settings file") from error
    if voucher.ca_sha256.hex() != root_sha256:
        raise VoucherNotTrusted("authority", "ca_file")
    if voucher.people_sha256.hex() != anchor_sha256:
        raise VoucherNotTrusted("people list", "people_anchor")
