"""Entries of openings as the code that grants leases and hears units will write them: a story that is inside its
mandate, of which tests change one thing each."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from fleet.entries.access import (
    AuthorityCancelled,
    AuthorityRecorded,
    AuthorityReviewed,
    LeaseGranted,
    MandateCancelled,
    MandateRecorded,
    MediaBegan,
    ModalityClosed,
    ModalityOpened,
    OpeningRefused,
)
from fleet.entries.entry import Entry, HashedText, encode
from fleet.openings.facts import Fact, Logged, read_facts
from protocols.access_record import Modality
from protocols.mandate import Allowance

AT = datetime(2026, 7, 10, 12, tzinfo=UTC)
"""When the lease is granted; a summer day in London."""
UNIT = "unit-abcd2345"
AUTHORITY = "AUTH-26/7"
AUTHORITY_ID = "A-0123456789ab"
MANDATE = "m-1"
OPENING = "open-1"
ASKER, APPROVER = "TO-12", "AP-03"


def after(seconds: float) -> datetime:
    """So many seconds after the lease."""
    return AT + timedelta(seconds=seconds)


def authority(**changes: Any) -> AuthorityRecorded:
    fields: dict[str, Any] = {
        "at": AT - timedelta(days=2),
        "actor": APPROVER,
        "authority": AUTHORITY,
        "authority_id": AUTHORITY_ID,
        "authority_kinds": ["use", "retrieve"],
        "modalities": ["video", "audio"],
        "authorised_by_rank": HashedText("Superintendent"),
        "urgent_oral": False,
        "starts_at": AT - timedelta(days=1),
        "ends_at": AT + timedelta(days=1),
        "review_at": None,
        "document_sha256": "cd" * 32,
        "renews": None,
        "note": None,
    }
    return AuthorityRecorded(**{**fields, **changes})


def allows(*modalities: Modality, minutes: int = 10, openings: int = 3) -> list[Allowance]:
    """Each of `modalities`, or video and audio, for so long and so often a day."""
    wanted = modalities or ("video", "audio")
    return [Allowance(modality=one, minutes_per_day=minutes, openings_per_day=openings) for one in wanted]


def reviewed(at: datetime, review_at: datetime | None) -> AuthorityReviewed:
    """The authority was reviewed; the next time is at `review_at`."""
    return AuthorityReviewed(
        at=at,
        actor=APPROVER,
        authority=AUTHORITY,
        authority_id=AUTHORITY_ID,
        outcome=HashedText("goes on"),
        review_at=review_at,
    )


def mandate(**changes: Any) -> MandateRecorded:
    fields: dict[str, Any] = {
        "at": AT - timedelta(hours=3),
        "actor": ASKER,
        "unit": UNIT,
        "authority": AUTHORITY,
        "mandate": MANDATE,
        "mandate_kind": "field",
        "authority_id": AUTHORITY_ID,
        "allows": allows(),
        "starts_at": AT - timedelta(hours=2),
        "ends_at": AT + timedelta(hours=2),
        "requester": ASKER,
        "approver": APPROVER,
        "purpose": HashedText("see that the lens is clean"),
        "sha256": "ab" * 32,
    }
    return MandateRecorded(**{**fields, **changes})


def lease(**changes: Any) -> LeaseGranted:
    fields: dict[str, Any] = {
        "at": AT,
        "actor": ASKER,
        "unit": UNIT,
        "authority": AUTHORITY,
        "opening": OPENING,
        "mandate": MANDATE,
        "modalities": ["video"],
        "nonce": "n0",
        "expires_at": after(60),
        "lease_sha256": "ef" * 32,
        "carried": False,
    }
    return LeaseGranted(**{**fields, **changes})


def opened(**changes: Any) -> ModalityOpened:
    fields: dict[str, Any] = {
        "at": after(3),
        "unit_at": after(1),
        "actor": "unit",
        "unit": UNIT,
        "authority": AUTHORITY,
        "opening": OPENING,
        "mandate": MANDATE,
        "person": ASKER,
        "modality": "video",
        "record": 7,
    }
    return ModalityOpened(**{**fields, **changes})


def closed(**changes: Any) -> ModalityClosed:
    fields: dict[str, Any] = {
        "at": after(32),
        "unit_at": after(31),
        "actor": "unit",
        "unit": UNIT,
        "authority": AUTHORITY,
        "opening": OPENING,
        "person": ASKER,
        "modality": "video",
        "reason": "expiry",
        "open_s": 30,
        "record": 8,
    }
    return ModalityClosed(**{**fields, **changes})


def media(**changes: Any) -> MediaBegan:
    fields: dict[str, Any] = {
        "at": after(2),
        "actor": ASKER,
        "unit": UNIT,
        "authority": AUTHORITY,
        "opening": OPENING,
        "modality": "video",
    }
    return MediaBegan(**{**fields, **changes})


def refused(**changes: Any) -> OpeningRefused:
    fields: dict[str, Any] = {
        "at": after(3),
        "unit_at": after(1),
        "actor": "unit",
        "unit": UNIT,
        "opening": OPENING,
        "mandate": MANDATE,
        "person": ASKER,
        "modality": "video",
        "rule": "budget-used",
        "record": 7,
    }
    return OpeningRefused(**{**fields, **changes})


def mandate_cancelled(at: datetime, name: str = MANDATE) -> MandateCancelled:
    return MandateCancelled(
        at=at, actor=APPROVER, unit=UNIT, authority=AUTHORITY, mandate=name, reason=HashedText("over")
    )


def authority_cancelled(at: datetime, authority_id: str = AUTHORITY_ID) -> AuthorityCancelled:
    return AuthorityCancelled(
        at=at, actor=APPROVER, authority=AUTHORITY, authority_id=authority_id, reason=HashedText("over")
    )


def shifted(entry: Any, *, opening: str, by: timedelta) -> Any:
    """The same entry of another opening, so much later."""
    times = {name: getattr(entry, name) + by for name in ("at", "unit_at", "expires_at") if getattr(entry, name, None)}
    return msgspec.structs.replace(entry, opening=opening, **times)


def whole(opening: str = OPENING, by: timedelta = timedelta()) -> list[Entry]:
    """One opening inside its mandate, as all three tell it."""
    return [shifted(entry, opening=opening, by=by) for entry in (lease(), media(), opened(), closed())]


def story() -> list[Entry]:
    """Papers and one opening."""
    return [authority(), mandate(), *whole()]


def logged(entries: Sequence[Entry], first: int = 100) -> list[Logged[Fact]]:
    """The entries as they are read back from the log, in this order."""
    facts, unreadable = read_facts([(first + place, encode(entry)) for place, entry in enumerate(entries)])
    assert unreadable == []
    return facts
