"""From what is typed of an authority to what is recorded, or to what is missing and which rule refuses. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar, get_args

import msgspec

from protocols.access_record import Modality, Reference
from protocols.api.authorities import (
    LONGEST_DAYS,
    URGENT_ORAL_HOURS,
    AuthorityKind,
    DocumentHash,
    NewAuthority,
)
from protocols.ids import AuthorityId
from tui.periods import PeriodUnclear, read_coming
from tui.words import safe

KINDS: tuple[AuthorityKind, ...] = get_args(AuthorityKind)
MODALITIES: tuple[Modality, ...] = get_args(Modality)
_MOST_REVIEWS = 24
_MOST_RANK = 60
_MOST_NOTE = 500
_PLACEHOLDER = DocumentHash(salt="0" * 32, sha256="0" * 64)

Word = TypeVar("Word", bound=str)


class TypedAuthority(NamedTuple):
    """The texts of the fields; `document` is the path of a file on this machine, which never leaves it."""

    reference: str
    kinds: str
    modalities: str
    rank: str
    oral: str
    starts: str
    ends: str
    reviews: str
    document: str
    renews: str
    note: str


class Unrecordable(Exception):
    """What is missing, or which rule refuses, in words."""


def authority_of(typed: TypedAuthority, now: datetime, *, utc: bool) -> NewAuthority:
    """The authority that the fields describe, with a hash of nothing in place of the document's; raises Unrecordable
    with what the first that does not fit needs."""
    if not _is(typed.reference, Reference):
        raise Unrecordable("reference: as it is written on the authority; letters, digits and . / _ -")
    kinds = _words(typed.kinds, KINDS, "to do what")
    if not kinds:
        raise Unrecordable("to do what: install, use, retrieve; one or more, as the authority has it")
    modalities = _words(typed.modalities, MODALITIES, "with")
    if not modalities and set(kinds) != {"install"}:
        raise Unrecordable("with: video, audio or position, as the authority has it (modalities-missing)")
    if not 1 <= len(typed.rank) <= _MOST_RANK or safe(typed.rank) != typed.rank:
        raise Unrecordable("authorised by: the rank of whoever gave it, no name")
    is_oral = _yes(typed.oral)
    starts_at, ends_at = _window(typed, now, is_oral=is_oral, utc=utc)
    if not typed.document and not is_oral:
        raise Unrecordable("document: the file to hash here; only an urgent oral authority has none yet")
    if typed.document and is_oral:
        raise Unrecordable("document: none yet; its written statement is recorded when it is made (document-oral)")
    if typed.renews and not _is(typed.renews, AuthorityId):
        raise Unrecordable("renews: the authority it follows, as A-0123456789ab, or nothing")
    if len(typed.note) > _MOST_NOTE or safe(typed.note) != typed.note:
        raise Unrecordable(f"note: at most {_MOST_NOTE} signs, all of which can be seen")
    return NewAuthority(
        reference=typed.reference,
        kinds=kinds,
        modalities=modalities,
        authorised_by_rank=typed.rank,
        starts_at=starts_at,
        ends_at=ends_at,
        review_at=_reviews(typed.reviews, now, starts_at, ends_at, utc=utc),
        urgent_oral=is_oral,
        document=_PLACEHOLDER if typed.document else None,
        renews=typed.renews or None,
        note=typed.note,
    )


def _window(typed: TypedAuthority, now: datetime, *, is_oral: bool, utc: bool) -> tuple[datetime, datetime]:
    starts_at = moment_of("from", typed.starts, now, utc=utc)
    if starts_at is None:
        raise Unrecordable("from: when the last approval it needed was given; now, -2h, or a date")
    ends_at = moment_of("until", typed.ends, now, utc=utc, after=starts_at)
    if ends_at is None:
        raise Unrecordable("until: when it ends; +72h, +28d, or a date")
    longest = timedelta(hours=URGENT_ORAL_HOURS) if is_oral else timedelta(days=LONGEST_DAYS)
    if not timedelta() < ends_at - starts_at <= longest:
        most = f"{URGENT_ORAL_HOURS} hours, it was given by word of mouth" if is_oral else f"{LONGEST_DAYS} days"
        raise Unrecordable(f"until: it lasts more than nothing and at most {most} (authority-length)")
    return starts_at, ends_at


def moment_of(name: str, text: str, now: datetime, *, utc: bool, after: datetime | None = None) -> datetime | None:
    """The time in the field `name`, None when it is empty; raises Unrecordable."""
    try:
        found = read_coming(text, now, utc=utc, after=after)
    except PeriodUnclear as error:
        raise Unrecordable(f"{name}: {error}") from error
    far = timedelta(days=1000)
    if found is not None and not now - far < found < now + far:
        raise Unrecordable(f"{name}: that is years away; write the year that is meant")
    return found


def _reviews(text: str, now: datetime, starts_at: datetime, ends_at: datetime, *, utc: bool) -> list[datetime]:
    parts = [part for part in re.split(r"\s*,\s*", text.strip()) if part]
    if len(parts) > _MOST_REVIEWS:
        raise Unrecordable(f"reviews: at most {_MOST_REVIEWS}")
    found = [moment_of("reviews", part, now, utc=utc, after=starts_at) for part in parts]
    dates = sorted({at for at in found if at is not None})
    if any(not starts_at < at < ends_at for at in dates):
        raise Unrecordable("reviews: each between from and until, as +28d, +56d (review-dates)")
    return dates


def _words(text: str, known: Sequence[Word], name: str) -> list[Word]:
    """The words of `known` that the text names or begins, in the order of `known`; raises Unrecordable."""
    typed = [word for word in re.split(r"[\s,+]+", text.lower()) if word]
    for word in typed:
        if not any(one.startswith(word) for one in known):
            raise Unrecordable(f"{name}: “{word}” is none of {', '.join(known)}")
    return [one for one in known if any(one.startswith(word) for word in typed)]


def _yes(text: str) -> bool:
    if text.lower() in {"", "n", "no"}:
        return False
    if text.lower() in {"y", "yes"}:
        return True
    raise Unrecordable("urgent oral: yes or no")


def _is(text: str, kind: object) -> bool:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True
