"""From what is typed of an authority to what is recorded, or to what is missing and which rule refuses. Pure."""

import re
from collections.abc import Callable, Sequence
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


LABELS = {"kinds": "to do what", "modalities": "with", "rank": "authorised by", "oral": "urgent oral"} | {
    "starts": "from",
    "ends": "until",
    "next": "next review",
}
"""What fields are called on the screen that are not called by their names."""


class Unrecordable(Exception):
    """What is missing, or which rule refuses, in words, and in which `field`."""

    def __init__(self, field: str, needed: str) -> None:
        super().__init__(f"{LABELS.get(field, field)}: {needed}")
        self.field = field


def faults_of(typed: TypedAuthority, now: datetime, *, utc: bool) -> dict[str, str]:
    """What each field needs that does not fit, by the names of the fields, in the order in which they matter; empty
    when the authority can be recorded. What can not be judged before another field is mended is left out."""
    faults: dict[str, str] = {}
    for read in _READERS:
        try:
            read(typed, now, utc)
        except Unrecordable as error:
            faults.setdefault(error.field, str(error))
    return faults


def authority_of(typed: TypedAuthority, now: datetime, *, utc: bool) -> NewAuthority:
    """The authority that the fields describe, with a hash of nothing in place of the document's; raises Unrecordable
    with what the first that does not fit needs."""
    for read in _READERS:
        read(typed, now, utc)
    starts_at, ends_at = _window(typed, now, utc)
    return NewAuthority(
        reference=typed.reference,
        kinds=_kinds(typed),
        modalities=_modalities(typed),
        authorised_by_rank=typed.rank,
        starts_at=starts_at,
        ends_at=ends_at,
        review_at=_reviews(typed, now, utc),
        urgent_oral=_is_oral(typed),
        document=_PLACEHOLDER if typed.document else None,
        renews=typed.renews or None,
        note=typed.note,
    )


def _check_reference(typed: TypedAuthority) -> None:
    if not _is(typed.reference, Reference):
        raise Unrecordable("reference", "as it is written on the authority; letters, digits and . / _ -")


def _kinds(typed: TypedAuthority) -> list[AuthorityKind]:
    kinds = _words("kinds", typed.kinds, KINDS)
    if not kinds:
        raise Unrecordable("kinds", "install, use, retrieve; one or more, as the authority has it")
    return kinds


def _modalities(typed: TypedAuthority) -> list[Modality]:
    modalities = _words("modalities", typed.modalities, MODALITIES)
    if not modalities and set(_kinds(typed)) != {"install"}:
        raise Unrecordable("modalities", "video, audio or position, as the authority has it (modalities-missing)")
    return modalities


def _check_rank(typed: TypedAuthority) -> None:
    if not 1 <= len(typed.rank) <= _MOST_RANK or safe(typed.rank) != typed.rank:
        raise Unrecordable("rank", "the rank of whoever gave it, no name")


def _check_document(typed: TypedAuthority) -> None:
    is_oral = _is_oral(typed)
    if not typed.document and not is_oral:
        raise Unrecordable("document", "the file to hash here; only an urgent oral authority has none yet")
    if typed.document and is_oral:
        raise Unrecordable("document", "none yet; its written statement is recorded when it is made (document-oral)")


def _check_renews(typed: TypedAuthority) -> None:
    if typed.renews and not _is(typed.renews, AuthorityId):
        raise Unrecordable("renews", "the authority it follows, as A-0123456789ab, or nothing")


def _check_note(typed: TypedAuthority) -> None:
    if len(typed.note) > _MOST_NOTE or safe(typed.note) != typed.note:
        raise Unrecordable("note", f"at most {_MOST_NOTE} signs, all of which can be seen")


def _starts(typed: TypedAuthority, now: datetime, utc: bool) -> datetime:
    starts_at = moment_of("starts", typed.starts, now, utc=utc)
    if starts_at is None:
        raise Unrecordable("starts", "when the last approval it needed was given; now, -2h, or a date")
    return starts_at


def _window(typed: TypedAuthority, now: datetime, utc: bool) -> tuple[datetime, datetime]:
    starts_at, is_oral = _starts(typed, now, utc), _is_oral(typed)
    ends_at = moment_of("ends", typed.ends, now, utc=utc, after=starts_at)
    if ends_at is None:
        raise Unrecordable("ends", "when it ends; +72h, +28d, or a date")
    longest = timedelta(hours=URGENT_ORAL_HOURS) if is_oral else timedelta(days=LONGEST_DAYS)
    if not timedelta() < ends_at - starts_at <= longest:
        most = f"{URGENT_ORAL_HOURS} hours, it was given by word of mouth" if is_oral else f"{LONGEST_DAYS} days"
        raise Unrecordable("ends", f"it lasts more than nothing and at most {most} (authority-length)")
    return starts_at, ends_at


def moment_of(field: str, text: str, now: datetime, *, utc: bool, after: datetime | None = None) -> datetime | None:
    """The time in `field`, None when it is empty; raises Unrecordable."""
    try:
        found = read_coming(text, now, utc=utc, after=after)
    except PeriodUnclear as error:
        raise Unrecordable(field, str(error)) from error
    far = timedelta(days=1000)
    if found is not None and not now - far < found < now + far:
        raise Unrecordable(field, "that is years away; write the year that is meant")
    return found


def _reviews(typed: TypedAuthority, now: datetime, utc: bool) -> list[datetime]:
    starts_at, ends_at = _window(typed, now, utc)
    parts = [part for part in re.split(r"\s*,\s*", typed.reviews.strip()) if part]
    if len(parts) > _MOST_REVIEWS:
        raise Unrecordable("reviews", f"at most {_MOST_REVIEWS}")
    found = [moment_of("reviews", part, now, utc=utc, after=starts_at) for part in parts]
    dates = sorted({at for at in found if at is not None})
    if any(not starts_at < at < ends_at for at in dates):
        raise Unrecordable("reviews", "each between from and until, as +28d, +56d (review-dates)")
    return dates


def _words(field: str, text: str, known: Sequence[Word]) -> list[Word]:
    """The words of `known` that the text names or begins, in the order of `known`; raises Unrecordable."""
    typed = [word for word in re.split(r"[\s,+]+", text.lower()) if word]
    for word in typed:
        if not any(one.startswith(word) for one in known):
            raise Unrecordable(field, f"“{word}” is none of {', '.join(known)}")
    return [one for one in known if any(one.startswith(word) for word in typed)]


def _is_oral(typed: TypedAuthority) -> bool:
    text = typed.oral
    if text.lower() in {"", "n", "no"}:
        return False
    if text.lower() in {"y", "yes"}:
        return True
    raise Unrecordable("oral", "yes or no")


def _is(text: str, kind: object) -> bool:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True


_READERS: tuple[Callable[[TypedAuthority, datetime, bool], object], ...] = (
    lambda typed, _now, _utc: _check_reference(typed),
    lambda typed, _now, _utc: _kinds(typed),
    lambda typed, _now, _utc: _modalities(typed),
    lambda typed, _now, _utc: _check_rank(typed),
    lambda typed, _now, _utc: _is_oral(typed),
    _window,
    lambda typed, _now, _utc: _check_document(typed),
    lambda typed, _now, _utc: _check_renews(typed),
    lambda typed, _now, _utc: _check_note(typed),
    _reviews,
)
"""What judges the fields, each by itself, in their order."""
