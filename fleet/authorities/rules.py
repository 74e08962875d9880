"""What an authority has to be so that it is recorded, reviewed, stated and renewed. Pure.

What is refused says which rule refuses, whose decision it is, and what would make it possible. The rules follow
RIPA 2000 s.43: three months, 72 hours where it was given by word of mouth, renewal before the end.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from fleet.errors import Conflict, RequestRefused
from fleet.mandates.rules import whole_utc
from fleet.openings.rules import moment
from fleet.store.stored_authority import ORAL, Authority
from protocols.api.authorities import LONGEST_DAYS, NewAuthority
from protocols.words import duration

ENDING_SOON = timedelta(days=7)
"""How long before its end an authority is somebody's duty. † policy"""


def in_whole_seconds(new: NewAuthority, now: datetime) -> NewAuthority:
    """The same with times in UTC and whole seconds; raises RequestRefused when one is years away."""
    return msgspec.structs.replace(
        new,
        starts_at=whole_utc(new.starts_at, now),
        ends_at=whole_utc(new.ends_at, now),
        review_at=[whole_utc(at, now) for at in new.review_at],
    )


def check_new(new: NewAuthority) -> None:
    """Raise RequestRefused for what no authority can be."""
    longest = ORAL if new.urgent_oral else timedelta(days=LONGEST_DAYS)
    if not timedelta() < new.ends_at - new.starts_at <= longest:
        what, law = ("an urgent oral authority", "RIPA s.43(3)(a)") if new.urgent_oral else ("an authority", "policy")
        raise RequestRefused(
            "authority-length",
            f"{what} lasts more than nothing and at most {duration(longest.total_seconds())} ({law})",
            "shorten it; a longer time is another authority that renews this one",
        )
    if not new.urgent_oral and new.document is None:
        raise RequestRefused(
            "document-missing",
            "a written authority is recorded with the hash of its document",
            "name the document: fleet authority record --document FILE",
        )
    if new.urgent_oral and new.document is not None:
        raise RequestRefused(
            "document-oral",
            "an authority given by word of mouth has no document (its written statement is recorded when it is made)",
            "leave the document out, then: fleet authority statement --document FILE",
        )
    if len(set(new.kinds)) < len(new.kinds) or len(set(new.modalities)) < len(new.modalities):
        raise RequestRefused("authority-twice", "a kind or a modality is named twice", "name each once")
    if not new.modalities and set(new.kinds) != {"install"}:
        raise RequestRefused(
            "modalities-missing",
            "an authority to use or retrieve kit says with which modalities",
            "name video, audio or position, as the authority has it",
        )
    dates = new.review_at
    if sorted(set(dates)) != list(dates) or any(not new.starts_at < at < new.ends_at for at in dates):
        raise RequestRefused(
            "review-dates",
            "dates of reviews ascend, and are between beginning and end",
            "leave out those that are not in the authority's time",
        )


def check_renewal(new: NewAuthority, renewed: Authority) -> None:
    """Raise Conflict when `new` can not be what follows `renewed`."""
    name = f"authority {renewed.reference} ({renewed.authority_id})"
    if new.urgent_oral and renewed.urgent_oral:
        raise _oral_twice(f"{name} was given by word of mouth: 72 hours are not renewed by word of mouth again")
    if renewed.cancelled_at is not None:
        raise Conflict("authority-cancelled", f"{renewed.cancelled_by} cancelled {name}", _WITHOUT)
    if renewed.renewed_by is not None:
        raise Conflict("authority-renewed", f"{renewed.renewed_by} renews {name} already", "renew that one")
    if not renewed.starts_at < new.starts_at <= renewed.lapses_at:
        raise Conflict(
            "renewal-late",
            f"a renewal takes effect while {name} is in force, which ends at {moment(renewed.lapses_at)}",
            _WITHOUT,
        )


def check_oral(new: NewAuthority, before: str | None) -> None:
    """Raise Conflict when the urgent oral `new` has the reference of one `before` it, cancelled or not: or 72 hours
    would begin again with each cancellation."""
    if before is not None:
        raise _oral_twice(
            f"authority {new.reference} was given by word of mouth before, as {before}: its 72 hours (RIPA s.43(3)(a))"
            " are given once, and do not come back when it is cancelled"
        )


def _oral_twice(message: str) -> Conflict:
    return Conflict(
        "oral-twice",
        message,
        "whoever authorises it decides that, in writing: record the written authority with its document",
    )


def check_reference(new: NewAuthority, others: Sequence[str]) -> None:
    """Raise Conflict when `others`, in force, have the same reference and none of them is what `new` renews."""
    if set(others) - {new.renews}:
        raise Conflict(
            "reference-known",
            f"authority {new.reference} is recorded already as {', '.join(sorted(set(others) - {new.renews}))}",
            "name what it renews, or cancel what was recorded wrongly",
        )


def reviewed(authority: Authority, due: Sequence[datetime], now: datetime) -> list[datetime]:
    """The dates of `due` (ascending, no review held) that a review held `now` is for: all that have passed, else the
    next. Raises Conflict when none is due, or the authority is over."""
    name = f"authority {authority.reference}"
    if authority.cancelled_at is not None:
        raise Conflict(
            "authority-cancelled", f"{authority.cancelled_by} cancelled {name}", "there is nothing to review"
        )
    if now >= authority.lapses_at:
        raise Conflict("authority-ended", f"{name} ended at {moment(authority.lapses_at)}", "record its renewal")
    if not due:
        raise Conflict("no-review-due", f"{name} has no review to come", "its end is the next thing to decide about")
    return [at for at in due if at <= now] or [due[0]]


def check_next_review(authority: Authority, next_review_at: datetime, now: datetime) -> None:
    """Raise RequestRefused unless the next review is to come, and before the end."""
    if not max(now, authority.starts_at) < next_review_at < authority.lapses_at:
        raise RequestRefused(
            "review-dates",
            f"the next review is to come, and before the authority ends at {moment(authority.lapses_at)}",
            "name a date between",
        )


def check_statement(authority: Authority) -> None:
    """Raise Conflict unless the authority waits for a written statement. That it is late is no reason: it is owed."""
    name = f"authority {authority.reference}"
    if not authority.urgent_oral:
        raise Conflict("not-oral", f"{name} was given in writing", "only an urgent oral authority needs a statement")
    if authority.statement_at is not None:
        raise Conflict(
            "statement-known", f"the statement of {name} was recorded at {moment(authority.statement_at)}", "look at it"
        )


def check_cancel(authority: Authority, now: datetime) -> None:
    """Raise Conflict when there is nothing left to cancel."""
    name = f"authority {authority.reference}"
    if authority.cancelled_at is not None:
        raise Conflict("authority-cancelled", f"{authority.cancelled_by} cancelled {name}", "nothing is left to cancel")
    if now >= authority.lapses_at:
        raise Conflict(
            "authority-ended", f"{name} ended at {moment(authority.lapses_at)}", "nothing rests on it any more"
        )


_WITHOUT = "record it as an authority of its own, without saying that it renews"
