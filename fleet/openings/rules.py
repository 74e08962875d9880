"""What makes an opening one outside its mandate, or one of which that can not be told. Pure.

Windows are half-open: what begins at the very end of one is outside. Ends are measured by units in whole seconds, so
one second more is no fault. A mandate or an authority allows only what comes after it in the tree, whatever time it
says; a cancellation counts wherever it is. The rules follow what inspectors find: equipment started before its
authority took effect, left running after a cancellation, installed where listening was not authorised yet, oral
authority lapsed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

import msgspec

from fleet.entries.access import MandateRecorded
from fleet.openings.facts import Logged
from fleet.openings.papers import Papers
from fleet.openings.pieces import CLOCKS_APART, Pieces, Times
from protocols.api.authorities import AuthorityKind
from protocols.mandate import MandateKind

Fault = Literal[
    "unit-only",
    "controller-only",
    "no-mandate",
    "mandate-differs",
    "mandate-late",
    "mandate-recorded-later",
    "other-unit",
    "modality-not-covered",
    "same-person",
    "before-mandate",
    "after-mandate",
    "past-mandate",
    "mandate-cancelled",
    "mandate-cancelled-running",
    "no-authority",
    "authority-recorded-later",
    "authority-modality",
    "authority-kind",
    "before-authority",
    "after-authority",
    "past-authority",
    "authority-cancelled",
    "authority-cancelled-running",
    "review-overdue",
    "over-minutes",
    "over-openings",
    "over-lease",
    "after-lease",
]
"""Why an opening is outside its mandate."""

Doubt = Literal["record-missing", "not-opened", "not-closed", "clock-apart"]
"""Why it can not be told."""

ROUNDING = timedelta(seconds=1)

NEEDED_KINDS: dict[MandateKind, AuthorityKind] = {"field": "use", "retrieval": "retrieve"}
"""What an authority has to be for so that a mandate may rest on it; a bench mandate rests on none."""


class Finding(msgspec.Struct, frozen=True):
    """A word for programs, and a sentence for people."""

    word: Fault | Doubt
    sentence: str


def moment(at: datetime) -> str:
    """A time in a sentence."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def seconds(length: timedelta) -> str:
    """A length of time in a sentence, rounded up."""
    return f"{ceil(length.total_seconds())} s"


def faults(pieces: Pieces, times: Times, papers: Papers) -> Iterator[Finding]:
    """Why the opening is outside its mandate; what both sides say is compared by the caller, who knows what each has
    had time to say. Budgets of a day are judged over all its openings, see `opening_budgets`."""
    yield from _lease_faults(pieces, times)
    named = pieces.mandates
    if len(named) > 1:
        yield Finding("mandate-differs", f"the lease and the unit name different mandates: {', '.join(named)}")
    if papers.mandate is None:
        what = f"the log knows no mandate {named[0]}" if named else "nothing names a mandate"
        yield Finding("no-mandate", what)
        return
    mandate = papers.mandate.entry
    yield from _mandate_faults(pieces, times, papers.mandate)
    began = times.start or pieces.granted_at or pieces.first_at
    cancelled = None if papers.mandate_cancelled is None else papers.mandate_cancelled.entry.at
    window = Window(f"mandate {mandate.mandate}", "mandate", mandate.starts_at, mandate.ends_at, cancelled)
    yield from window.faults(began, times)
    if mandate.mandate_kind != "bench":
        yield from _authority_faults(pieces, times, began, papers)


def _lease_faults(pieces: Pieces, times: Times) -> Iterator[Finding]:
    leased_until = pieces.leased_until
    if pieces.granted_at is None or leased_until is None or times.start is None:
        return
    if times.after_lease > timedelta():
        how_late = seconds(times.after_lease)
        yield Finding("after-lease", f"opened {how_late} after its last lease had ended, by the unit's clock")
        return
    allowed = leased_until - pieces.granted_at
    lasted = timedelta(seconds=pieces.open_s or 0)
    over = lasted - allowed
    if times.end is not None and times.end - leased_until > CLOCKS_APART:
        over = max(over, times.end - leased_until)
    if over > ROUNDING:
        yield Finding("over-lease", f"open for {seconds(lasted)}, {seconds(over)} longer than its leases allowed")


def _mandate_faults(pieces: Pieces, times: Times, recorded: Logged[MandateRecorded]) -> Iterator[Finding]:
    mandate = recorded.entry
    name = f"mandate {mandate.mandate}"
    if mandate.unit != pieces.unit:
        yield Finding("other-unit", f"{name} is for unit {mandate.unit or 'none'}")
    modalities = [one.modality for one in mandate.allows]
    if pieces.modality not in modalities:
        covered = ", ".join(modalities) or "nothing"
        yield Finding("modality-not-covered", f"{name} covers {covered}, not {pieces.modality}")
    if mandate.mandate_kind == "retrieval" and pieces.modality != "position":
        yield Finding("modality-not-covered", f"{name} is for getting kit back: it covers position only")
    if mandate.requester == mandate.approver:
        yield Finding("same-person", f"{mandate.requester} both asked for {name} and approved it")
    began = times.start or pieces.granted_at
    if began is not None and mandate.at > began:
        yield Finding("mandate-late", f"{name} was recorded {seconds(mandate.at - began)} after the opening")
    elif recorded.index > pieces.first_index:
        yield Finding("mandate-recorded-later", _came_later(name, recorded.index, pieces))


def _authority_faults(pieces: Pieces, times: Times, began: datetime, papers: Papers) -> Iterator[Finding]:
    assert papers.mandate is not None, "asked by the caller"
    mandate = papers.mandate.entry
    reference = mandate.authority
    name = f"authority {reference}"
    if reference is None or not papers.authorities:
        yield Finding("no-authority", f"the log knows no {name if reference else 'authority of this mandate'}")
        return
    authority = papers.authority_at(began, pieces.first_index)
    if authority is None:
        first = papers.authorities[0]
        if first.index > pieces.first_index:
            yield Finding("authority-recorded-later", _came_later(name, first.index, pieces))
        else:
            said = f"{name} was recorded {seconds(first.entry.at - began)} after the opening"
            yield Finding("no-authority", said)
        authority = first.entry
    if pieces.modality not in authority.modalities:
        covered = ", ".join(authority.modalities) or "nothing"
        yield Finding("authority-modality", f"{name} covers {covered}, not {pieces.modality}")
    needed = NEEDED_KINDS[mandate.mandate_kind]
    if needed not in authority.authority_kinds:
        given = ", ".join(authority.authority_kinds) or "nothing"
        yield Finding("authority-kind", f"{name} is to {given}: a {mandate.mandate_kind} mandate needs one to {needed}")
    cancelled = None if papers.authority_cancelled is None else papers.authority_cancelled.entry.at
    yield from Window(name, "authority", authority.starts_at, authority.ends_at, cancelled).faults(began, times)
    last = max([began, *(one.entry.at for one in pieces.leases)])
    due = papers.review_due(last, pieces.last_index)
    if due is None and papers.authority_at(last, pieces.last_index) is None:
        due = authority.review_at
    if due is not None and last >= due:
        yield Finding("review-overdue", f"the review of {name} was due at {moment(due)}")


def _came_later(name: str, index: int, pieces: Pieces) -> str:
    return f"{name} came into the log (entry {index}) after the opening (entry {pieces.first_index})"


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which a mandate or an authority allows openings: [starts_at, ends_at), cut off by a cancellation."""

    name: str
    paper: Literal["mandate", "authority"]
    starts_at: datetime
    ends_at: datetime
    cancelled_at: datetime | None

    def faults(self, began: datetime, times: Times) -> Iterator[Finding]:
        """Why an opening that began at `began` was not in it from its start to its end."""
        verb = "opened" if times.start is not None else "leased"
        until = times.held_until or began
        least = "" if times.end is not None else "at least "
        if began < self.starts_at:
            early = f"{seconds(self.starts_at - began)} before {self.name} began ({moment(self.starts_at)})"
            yield Finding(_BEFORE[self.paper], f"{verb} {early}")
        if began >= self.ends_at:
            late = f"{seconds(began - self.ends_at)} after {self.name} had ended ({moment(self.ends_at)})"
            yield Finding(_AFTER[self.paper], f"{verb} {late}")
        elif until > self.ends_at + ROUNDING:
            left = f"{seconds(until - self.ends_at)} after {self.name} had ended ({moment(self.ends_at)})"
            yield Finding(_PAST[self.paper], f"left running for {least}{left}")
        if self.cancelled_at is None:
            return
        if began >= self.cancelled_at:
            late = f"{seconds(began - self.cancelled_at)} after {self.name} was cancelled ({moment(self.cancelled_at)})"
            yield Finding(_CANCELLED[self.paper], f"{verb} {late}")
        elif until > self.cancelled_at + ROUNDING:
            left = f"{seconds(until - self.cancelled_at)} after {self.name} was cancelled ({moment(self.cancelled_at)})"
            yield Finding(_RUNNING[self.paper], f"left running for {least}{left}")


_BEFORE: dict[str, Fault] = {"mandate": "before-mandate", "authority": "before-authority"}
_AFTER: dict[str, Fault] = {"mandate": "after-mandate", "authority": "after-authority"}
_PAST: dict[str, Fault] = {"mandate": "past-mandate", "authority": "past-authority"}
_CANCELLED: dict[str, Fault] = {"mandate": "mandate-cancelled", "authority": "authority-cancelled"}
_RUNNING: dict[str, Fault] = {"mandate": "mandate-cancelled-running", "authority": "authority-cancelled-running"}
