"""Whether a grant opens the unit, and until when. Pure.

Time. The only clock that is trusted is the controller's, signed over the unit's nonce: when the nonce was made, it was
not later than `granted_at_ms`. So at boot time b it is not later than `granted_at_ms` + (b - made), and by that time
windows and days end: early where the lease was long on its way, and never late.

The unit remembers that time, and how much has passed since on this boot. Controllers' clocks are some milliseconds
apart: a time of at most 5 s before the one remembered counts as that one; an earlier one is refused. Where unit and
controller are both wrong, the witnesses are not: `check_logged` holds the lease's time to theirs.
"""

from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from edge_agent.openings.ledger import Ledger, Opening
from edge_agent.openings.london_days import day_of, parts_of
from edge_agent.openings.nonces import MadeNonce
from edge_agent.openings.receipt_rules import CLOCKS_APART_MAX_MS, check_logged
from edge_agent.openings.verdicts import Facts, OpeningRefused, Permit, Refusal
from protocols.access_record import Modality
from protocols.errors import InvalidLease, InvalidMandate
from protocols.lease import Lease, read_lease
from protocols.mandate import Mandate, check_mandate, check_window
from protocols.opening import GrantLease
from protocols.people import PeopleList, may

BACK_MAX_MS = 5_000
"""How far the clock of one controller may be behind another's."""
WHOLE_LEASE_MS = 1_000
"""A lease lasts whole seconds: less than this before the mandate's end, it ends with the mandate."""
SCRAP_MS = 5_000
"""Less than this of a day's minutes is as good as used: unit and controller count from different moments."""
LATEST_MS = 253_000_000_000_000
"""In the year 9987: calendars end soon after."""
NO_CARRIED_POSITION = (
    "not-carried",
    "a position goes to the controller over the network, and to nobody beside the unit",
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

EndsBy = Literal["expiry", "after-mandate", "budget-used"]


class _End(NamedTuple):
    boot_ms: int
    ends_by: EndsBy

    def within(self, boot_ms: int, ends_by: EndsBy, near_ms: int) -> "_End":
        """This end where `boot_ms` is later. A lease that ends less than `near_ms` before that ends by it: controllers
        cut their leases to what they know of a mandate, so that the lease's end comes first."""
        if boot_ms - self.boot_ms >= (near_ms if self.ends_by == "expiry" else 0):
            return self
        return _End(min(self.boot_ms, boot_ms), ends_by)


def judge(grant: GrantLease, facts: Facts) -> Permit | Refusal:
    """The permit that `grant` is, or the first rule that it breaks, in this order.

    `state-unusable`; `lease-signature`, `lease-unreadable`, `lease-too-long`; `other-unit`, `other-boot`, `bad-nonce`,
    `other-lease`, `not-carried`, `lease-expired`; `time-went-back`, `clock-differs`; `no-people-list`; those of
    `check_mandate`; `before-mandate`, `after-mandate`; `other-mandate`, `other-unit`, `modality-not-covered`,
    `unknown-person`, `not-in-force`, `role-may-not-open`; `mandate-cancelled`; `not-on-bench`, `not-carried`; those of
    `check_logged`; `mixed-modalities`, `not-carried`, `no-device`, `busy`, `lease-ended`, `other-opening`, `no-offer`;
    `over-openings`, `over-minutes`. Raises nothing.
    """
    try:
        return _permit(grant, facts)
    except OpeningRefused as refused:
        return Refusal(refused.rule, refused.detail)
    except (InvalidLease, InvalidMandate) as invalid:
        return Refusal(invalid.reason, invalid.detail)


def _permit(grant: GrantLease, facts: Facts) -> Permit:
    ledger = _usable(facts.ledger)
    lease = read_lease(grant.logged.lease, facts.controller_keys)
    made = _answered(lease, facts)
    told_ms = _told_ms(lease, made, ledger, facts)
    if facts.people is None:
        raise OpeningRefused("no-people-list", "the unit has no people list that it can read")
    at = datetime.fromtimestamp(told_ms / 1000, UTC)
    mandate = check_mandate(grant.mandate, facts.people, at, plain_keys_may_sign=facts.plain_keys_may_sign)
    check_window(mandate, at)
    _check_agreement(lease, mandate, facts)
    _check_person(lease, facts.people, at)
    if mandate.mandate in ledger.cancelled:
        raise OpeningRefused("mandate-cancelled", f"mandate {mandate.mandate} has been cancelled")
    if mandate.kind == "bench":
        _check_bench(lease, facts)
    check_logged(grant.logged, lease, mandate.authority, facts.people.log_policy)
    before = _check_place(grant, lease, ledger, facts)
    opening = _opening(lease, mandate, made, told_ms, before, ledger, facts)
    timed = ledger.with_time(told_ms, facts.boot_id, facts.now_boot_ms)
    if timed.is_full:
        raise OpeningRefused("state-unusable", "the unit can not remember more mandates; it has to be joined anew")
    if before is None:
        return Permit(lease, mandate, opening, timed.with_opened(opening), grant.offer, is_renewal=False)
    kept = timed if opening is before else timed.with_renewed(opening)
    return Permit(lease, mandate, opening, kept, None, is_renewal=True)


def _usable(ledger: Ledger | None) -> Ledger:
    if ledger is None:
        raise OpeningRefused("state-unusable", "the unit can not keep count of what it opens; check its disk")
    return ledger


def _answered(lease: Lease, facts: Facts) -> MadeNonce:
    """The nonce that the lease answers, in time."""
    if lease.unit != facts.unit_id:
        raise OpeningRefused("other-unit", f"the lease is for {lease.unit}")
    if lease.boot_id != facts.boot_id:
        raise OpeningRefused("other-boot", "the lease is for another boot of this unit")
    made = facts.nonces.get(lease.nonce)
    if made is None:
        raise OpeningRefused("bad-nonce", "the unit waits for no lease with this nonce")
    if (made.opening, sorted(made.modalities)) != (lease.opening, sorted(lease.modalities)):
        raise OpeningRefused("other-lease", "the nonce was made for another opening, or for other modalities")
    if lease.carried != made.carried:
        raise OpeningRefused("not-carried", "only what was asked for on the unit itself is granted by a carried lease")
    if made.made_ms + lease.lasts_s * 1000 <= facts.now_boot_ms:
        raise OpeningRefused("lease-expired", f"the lease lasted {lease.lasts_s} s from when its nonce was made")
    return made


def _told_ms(lease: Lease, made: MadeNonce, ledger: Ledger, facts: Facts) -> int:
    """The trusted time than which it was not later when the nonce was made."""
    granted_at_ms = lease.granted_at_ms
    if granted_at_ms >= LATEST_MS:
        raise OpeningRefused("lease-unreadable", "the lease says a time at the end of calendars")
    earliest_ms = ledger.earliest_ms(facts.boot_id, made.made_ms)
    behind_ms = earliest_ms - granted_at_ms
    if behind_ms > BACK_MAX_MS:
        raise OpeningRefused("time-went-back", f"the lease says a time {behind_ms / 1000:.0f} s before one trusted")
    latest_ms = granted_at_ms + facts.now_boot_ms - made.made_ms
    apart_ms = max(granted_at_ms - facts.clock.wall_ms, facts.clock.wall_ms - latest_ms)
    if facts.clock.synchronised and apart_ms > CLOCKS_APART_MAX_MS:
        raise OpeningRefused("clock-differs", f"the unit's synchronised clock differs by {apart_ms / 1000:.0f} s")
    return max(earliest_ms, granted_at_ms)


def _check_agreement(lease: Lease, mandate: Mandate, facts: Facts) -> None:
    if mandate.mandate != lease.mandate:
        raise OpeningRefused("other-mandate", f"the lease is inside mandate {lease.mandate}")
    if mandate.unit != facts.unit_id:
        raise OpeningRefused("other-unit", f"mandate {mandate.mandate} is for {mandate.unit}")
    uncovered = [modality for modality in lease.modalities if modality not in mandate.modalities]
    if uncovered:
        raise OpeningRefused("modality-not-covered", f"mandate {mandate.mandate} does not cover {', '.join(uncovered)}")


def _check_person(lease: Lease, people: PeopleList, at: datetime) -> None:
    person = next((one for one in people.people if one.person_id == lease.person), None)
    if person is None:
        raise OpeningRefused("unknown-person", f"{lease.person} is not in people list {people.version}")
    if not person.in_force(at):
        raise OpeningRefused("not-in-force", f"the access of {lease.person} is not in force")
    if not may(person.role, "check-unit"):
        raise OpeningRefused("role-may-not-open", f"{lease.person} is {person.role}, who may not open a unit")


def _check_bench(lease: Lease, facts: Facts) -> None:
    if not facts.bench.is_sensed:
        raise OpeningRefused("not-on-bench", "the lid is not open, and the unit is not on its workshop's network")
    # A stopped agent watches no lid: what it has open may last a minute then, and not a carried lease's fifteen.
    if lease.carried:
        raise OpeningRefused("not-carried", "on a bench the unit opens over the network only; connect it")


def _check_place(grant: GrantLease, lease: Lease, ledger: Ledger, facts: Facts) -> Opening | None:
    """The opening that goes on by this grant, None for a new one, if there is place for it."""
    if "position" in lease.modalities and len(lease.modalities) > 1:
        raise OpeningRefused("mixed-modalities", "a position is looked up in an opening of its own")
    if "position" in lease.modalities and lease.carried:
        raise OpeningRefused(*NO_CARRIED_POSITION)
    missing = [modality for modality in lease.modalities if modality not in facts.sources]
    if missing:
        raise OpeningRefused("no-device", f"the unit has no device for {', '.join(missing)}")
    for other in ledger.open:
        if other.opening != lease.opening and set(other.modalities) & set(lease.modalities):
            raise OpeningRefused("busy", f"{other.opening} is open, for {other.person}; it has to be closed first")
    before = ledger.opening(lease.opening)
    if before is not None:
        return _going_on(before, lease, facts)
    if lease.opening in facts.ended:
        raise OpeningRefused("lease-ended", "this opening has been closed; ask for another one")
    if grant.offer is None and lease.modalities != ["position"]:
        raise OpeningRefused("no-offer", "nobody offers to take picture or sound; an opening begins with an offer")
    return None


def _going_on(before: Opening, lease: Lease, facts: Facts) -> Opening:
    if before.boot_id != facts.boot_id or before.until_boot_ms <= facts.now_boot_ms:
        raise OpeningRefused("lease-ended", "the lease before this one has ended, and the opening with it")
    # Not the person: when who opened it has gone, the lease names somebody else who watches.
    if (before.mandate, sorted(before.modalities)) != (lease.mandate, sorted(lease.modalities)):
        raise OpeningRefused("other-opening", "the opening goes on under the same mandate and modalities only")
    return before


def _opening(
    lease: Lease,
    mandate: Mandate,
    made: MadeNonce,
    told_ms: int,
    before: Opening | None,
    ledger: Ledger,
    facts: Facts,
) -> Opening:
    """What is open by this lease: `before` itself where that lasts as long already."""
    now_ms = facts.now_boot_ms
    since_ms = told_ms + now_ms - made.made_ms
    # What it has used so far counts, what it has reserved beyond now does not.
    counted = ledger if before is None else ledger.with_closed(lease.opening, now_ms)
    if before is None:
        _check_openings(lease, mandate, counted, day_of(since_ms))
    end = _End(made.made_ms + lease.lasts_s * 1000, "expiry")
    window_ms = (mandate.not_after - _EPOCH) // _MS - told_ms
    end = end.within(made.made_ms + window_ms, "after-mandate", WHOLE_LEASE_MS)
    if end.boot_ms <= now_ms:
        raise OpeningRefused("after-mandate", f"mandate {mandate.mandate} has ended while the lease was on its way")
    for modality in lease.modalities:
        left_ms = _left_ms(counted, mandate, modality, since_ms, end.boot_ms - now_ms + SCRAP_MS)
        if left_ms <= 0:
            raise OpeningRefused("over-minutes", f"the minutes of {modality} under {mandate.mandate} are used today")
        end = end.within(now_ms + left_ms, "budget-used", SCRAP_MS)
    if before is not None and end.boot_ms <= before.until_boot_ms:
        return before
    return Opening(
        opening=lease.opening,
        mandate=mandate.mandate,
        authority=mandate.authority,
        person=lease.person if before is None else before.person,
        modalities=lease.modalities,
        boot_id=facts.boot_id,
        opened_boot_ms=now_ms if before is None else before.opened_boot_ms,
        since_boot_ms=now_ms,
        until_boot_ms=end.boot_ms,
        since_ms=since_ms,
        ends_by=end.ends_by,
        carried=lease.carried,
    )


def _check_openings(lease: Lease, mandate: Mandate, ledger: Ledger, day: str) -> None:
    for modality in lease.modalities:
        allowance = mandate.allowance(modality)
        if allowance is None or ledger.openings(mandate.mandate, modality, day) >= allowance.openings_per_day:
            raise OpeningRefused(
                "over-openings", f"{modality} was opened as often as {mandate.mandate} allows for {day}"
            )


def _left_ms(ledger: Ledger, mandate: Mandate, modality: Modality, since_ms: int, wanted_ms: int) -> int:
    """How much of `wanted_ms` from the trusted time `since_ms` on the minutes of each day allow."""
    allowance = mandate.allowance(modality)
    if allowance is None:
        return 0
    total_ms = 0
    for part in parts_of(since_ms, since_ms + wanted_ms):
        left_ms = allowance.minutes_per_day * 60_000 - ledger.used_ms(mandate.mandate, modality, part.day)
        if left_ms < part.ms:
            return total_ms + max(0, left_ms)
        total_ms += part.ms
    return total_ms
