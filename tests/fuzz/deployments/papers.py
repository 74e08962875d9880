"""What people try with papers on a walk: authorities, mandates, leases, and the standing of units."""

from hashlib import sha256
from random import Random
from secrets import token_hex

from protocols.access_record import Modality
from protocols.api.authorities import AuthorityKind, DocumentHash, NewAuthority
from protocols.api.checks import CarriedRequest
from protocols.api.mandates import NewMandate
from protocols.api.rota_people import NewAbsence
from protocols.mandate import MANDATE_NAMESPACE, MandateKind
from tests.fuzz.deployments.moves import ANYBODY, APPROVERS, ENGINEERS, HOUR, PLANNERS, WORKERS, Asked, Known, some
from tests.support.mandates import allows

ALL: list[AuthorityKind] = ["install", "use", "retrieve"]
KINDS: tuple[list[AuthorityKind], ...] = (ALL, ALL, ALL, ["install"], ["use"])
COVERED: tuple[list[Modality], ...] = (["video", "audio", "position"], ["video", "audio", "position"], ["video"])
OPENED: tuple[list[Modality], ...] = (["video"], ["video"], ["audio", "video"], ["position"])
MANDATES: tuple[MandateKind, ...] = ("field", "field", "bench", "bench", "retrieval")
DOCUMENT = DocumentHash(salt="5a" * 16, sha256=sha256(b"a document").hexdigest())


async def record(known: Known, draw: Random, by: str | None = None) -> Asked:
    """Record an authority."""
    person, oral = by or draw.choice(APPROVERS), draw.random() < 0.3
    starts_at = known.now + draw.choice((-24, 0, 0, 6)) * HOUR
    new = NewAuthority(
        reference=f"URN-26/{token_hex(4)}",
        kinds=draw.choice(KINDS),
        modalities=draw.choice(COVERED),
        authorised_by_rank="Superintendent",
        starts_at=starts_at,
        ends_at=starts_at + draw.choice((30, 48, 72) if oral else (36, 240, 720)) * HOUR,
        urgent_oral=oral,
        document=None if oral else DOCUMENT,
    )

    async def ask() -> None:
        known.authorities.append((await known.door(person).record_authority(new)).authority_id)

    words = f"{person} records an authority to {new.kinds} with {new.modalities}, {starts_at} until {new.ends_at}"
    return Asked(words, ask)


async def end_authority(known: Known, draw: Random) -> Asked | None:
    """Cancel an authority, or have its statement recorded."""
    if not known.authorities:
        return None
    person, which = draw.choice(ANYBODY), draw.choice(known.authorities)
    if draw.random() < 0.5:
        return Asked(f"{person} states {which}", lambda: known.door(person).record_statement(which, DOCUMENT))
    return Asked(f"{person} cancels {which}", lambda: known.door(person).cancel_authority(which, "a walk"))


async def draft(known: Known, draw: Random) -> Asked:
    """Ask for a mandate."""
    person, unit = draw.choice(WORKERS), draw.choice(list(known.furniture.units))
    kind = draw.choice(MANDATES) if known.authorities else "bench"
    authority = draw.choice(known.authorities) if known.authorities and kind != "bench" else None
    not_before = known.now + draw.choice((0, 0, 0, 2, 6)) * HOUR
    modalities: list[Modality] = ["position"] if kind == "retrieval" else draw.choice(OPENED[:3])
    new = NewMandate(
        kind=kind,
        unit=unit,
        authority=authority,
        allows=[allows(one) for one in modalities],
        purpose="a walk",
        not_before=not_before,
        not_after=not_before + draw.choice((2, 12, 24)) * HOUR,
        approver=draw.choice(APPROVERS),
    )

    is_signed = draw.random() < 0.6

    async def ask() -> None:
        await hand_in(known, person, new, is_signed=is_signed)

    words = f"{person} {'signs with ' + new.approver if is_signed else 'drafts'} a {kind} mandate of {unit}"
    return Asked(f"{words} under {authority}, {not_before} until {new.not_after}", ask)


async def hand_in(known: Known, person: str, new: NewMandate, *, is_signed: bool = True) -> None:
    """Draft a mandate, and have both sign it."""
    view = await known.door(person).draft_mandate(new)
    known.mandates.append(view.mandate_id)
    for one in view.waits_for if is_signed else ():
        signature = known.world.house.keys[one].sign(f"{view.text}\n", MANDATE_NAMESPACE)
        await known.door(one).hand_in_signature(view.mandate_id, signature)


async def sign(known: Known, draw: Random) -> Asked | None:
    """Sign a mandate, as one of those who should or as somebody else."""
    if not known.mandates:
        return None
    view = await known.door("SU-01").mandate(draw.choice(known.mandates))
    person = draw.choice(view.waits_for) if view.waits_for and draw.random() < 0.9 else draw.choice(WORKERS)
    signature = known.world.house.keys[person].sign(f"{view.text}\n", MANDATE_NAMESPACE)
    words = f"{person} signs {view.mandate_id}"
    return Asked(words, lambda: known.door(person).hand_in_signature(view.mandate_id, signature))


async def end_mandate(known: Known, draw: Random) -> Asked | None:
    """Cancel or discard a mandate, or say that its kit is back."""
    if not known.mandates:
        return None
    person, which = draw.choice(ANYBODY), draw.choice(known.mandates)
    match draw.choice(("cancel", "cancel", "discard", "recovered")):
        case "cancel":
            return Asked(f"{person} cancels {which}", lambda: known.door(person).cancel_mandate(which, "a walk"))
        case "discard":
            return Asked(f"{person} discards {which}", lambda: known.door(person).discard_mandate(which))
        case _:
            return Asked(f"{person} has the kit of {which}", lambda: known.door(person).kit_recovered(which, "seen"))


async def carry(known: Known, draw: Random) -> Asked | None:
    """Ask for a lease that is carried to a unit."""
    if not known.mandates:
        return None
    newest = draw.random() < 0.4
    view = await known.door("SU-01").mandate(known.mandates[-1] if newest else draw.choice(known.mandates))
    person = draw.choice(WORKERS) if draw.random() < 0.8 else draw.choice(ANYBODY)
    unit = view.unit if draw.random() < 0.9 else draw.choice(list(known.furniture.units))
    covered: list[Modality] = [one.modality for one in view.allows] or ["video"]  # of one that lapsed nothing is left
    made, sealed = known.world.key.asks(unit, known.furniture.units[unit])
    asked = CarriedRequest(
        unit=unit,
        opening=made.opening,
        nonce=made.nonce,
        modalities=draw.sample(covered, draw.randint(1, len(covered))) if draw.random() < 0.8 else draw.choice(OPENED),
        mandate=view.mandate_id,
        sealed=sealed,
    )
    words = f"{person} asks for a lease of {unit} with {asked.modalities} under {view.mandate_id}"
    return Asked(words, lambda: known.door(person).carried_lease(asked))


async def quarantine(known: Known, draw: Random) -> Asked:
    """Quarantine a unit, or release it."""
    person, unit = draw.choice(WORKERS), draw.choice(list(known.furniture.units))
    if draw.random() < 0.4:
        return Asked(f"{person} quarantines {unit}", lambda: known.door(person).quarantine_unit(unit, "a walk"))
    return Asked(f"{person} releases {unit}", lambda: known.door(person).release_unit(unit, "a walk"))


async def leave(known: Known, draw: Random) -> Asked:
    """Somebody takes leave."""
    person = draw.choice(ENGINEERS)
    starts_at = known.now + draw.choice((1, 24)) * HOUR
    new = NewAbsence(
        person=person, kind="annual", zone="UTC", starts_at=starts_at, ends_at=starts_at + draw.choice((2, 24)) * HOUR
    )
    return Asked(f"{person} takes leave from {starts_at}", lambda: known.door(person).add_absence(new))


async def acknowledge(known: Known, draw: Random) -> Asked | None:
    """Acknowledge an alarm."""
    person = draw.choice(PLANNERS)
    there = (await known.door(person).alarms(open_only=True)).alarms
    if not there:
        return None
    which = some(draw, there, 1) or there[:1]
    alarm = which[0].alarm
    return Asked(f"{person} acknowledges {alarm}", lambda: known.door(person).acknowledge_alarm(alarm))
