"""Grants that nobody may obey, though every signature in them can be true: one thing is wrong in each.

`WRONGS` names each wrong, and the rule by which a unit refuses it when nothing else is wrong.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec

from edge_agent.openings.ledger import CANCELLED_MAX
from edge_agent.openings.verdicts import Bench
from protocols.lease import LEASE_PREFIX, MAX_CARRIED_LEASE_S, MAX_LEASE_S
from protocols.mandate import LONGEST, Mandate
from tests.fuzz.grants_papers import BOOTS, EVERYTHING, UNITS, Case, World, before, usage
from tests.support.mandates import (
    ADMINISTRATORS,
    APPROVER,
    INSPECTOR,
    House,
    Signatory,
    allows,
    fresh,
)
from tests.support.sk_keys import DiskKey, TokenKey

Make = Callable[[World, Case], Case | None]
A_MINUTE_MS = 60_000


class Wrong(NamedTuple):
    """Something wrong. `make` makes it of a case in which nothing is; None where that case does not lend itself."""

    rule: str
    make: Make


WRONGS: dict[str, Wrong] = {}


def wrong(rule: str) -> Callable[[Make], Make]:
    """Name the function's case by the function."""

    def taken(make: Make) -> Make:
        WRONGS[make.__name__.replace("_", "-")] = Wrong(rule, make)
        return make

    return taken


def spoiled(world: World, case: Case, name: str) -> Case | None:
    """The case with that one thing wrong."""
    made = WRONGS[name].make(world, case)
    return None if made is None else replace(made, wrong=name, origin=case)


def _unit(case: Case, **changes: Any) -> Case:
    return replace(case, facts=replace(case.facts, **changes))


def _ledger(case: Case, **changes: Any) -> Case:
    assert case.facts.ledger is not None
    return _unit(case, ledger=msgspec.structs.replace(case.facts.ledger, **changes))


def _papers(world: World, case: Case, **changes: Any) -> Case:
    """The case with another mandate, truly signed."""
    asked = msgspec.structs.replace(case.asked, **changes)
    return _granted(world, replace(case, asked=asked))


def _granted(world: World, case: Case, **changes: Any) -> Case:
    """The case with another lease, truly signed and truly logged."""
    granted = msgspec.structs.replace(case.lease, **changes)
    grant = world.issue(case.asked, granted, offer=case.grant.offer)
    return replace(case, grant=grant, lease=granted)


def _signed(world: World, case: Case, **how: Any) -> Case:
    """The case with another signing of its mandate."""
    signed = world.house.signed_mandate(case.asked, **how)
    return replace(case, grant=msgspec.structs.replace(case.grant, mandate=signed))


def _logged(world: World, case: Case, **how: Any) -> Case:
    return replace(
        case, grant=world.issue(case.asked, case.lease, signed=case.grant.mandate, offer=case.grant.offer, **how)
    )


def _listed(world: World, case: Case, person: str, change: dict[str, Any] | None) -> Case:
    changes: dict[str, Any] = {person.replace("-", "_"): change}
    return _unit(case, people=world.house.people_list(2, log_policy=world.people.log_policy, **changes))


@wrong("other-unit")
def another_unit(_world: World, case: Case) -> Case:
    other = UNITS[(UNITS.index(case.facts.unit_id) + 1) % len(UNITS)]
    return _unit(case, unit_id=other)


@wrong("other-unit")
def mandate_of_another_unit(world: World, case: Case) -> Case:
    other = UNITS[(UNITS.index(case.facts.unit_id) + 1) % len(UNITS)]
    return _granted(world, replace(case, asked=msgspec.structs.replace(case.asked, unit=other)))


@wrong("other-boot")
def another_boot(_world: World, case: Case) -> Case:
    return _unit(case, boot_id=BOOTS[1 - BOOTS.index(case.facts.boot_id)])


@wrong("bad-nonce")
def replayed_nonce(_world: World, case: Case) -> Case:
    rest = {key: made for key, made in case.facts.nonces.items() if key != case.lease.nonce}
    return _unit(case, nonces=rest)


@wrong("bad-nonce")
def nonce_of_nobody(world: World, case: Case) -> Case:
    return _granted(world, case, nonce=world.fresh("nonce", 32))


@wrong("other-lease")
def nonce_of_another_opening(world: World, case: Case) -> Case:
    return _granted(world, case, opening=f"open-{world.fresh('opening', 24)}")


@wrong("other-lease")
def more_than_was_asked_for(world: World, case: Case) -> Case | None:
    more = [one for one in case.asked.modalities if one not in case.lease.modalities]
    return _granted(world, case, modalities=[*case.lease.modalities, more[0]]) if more else None


@wrong("not-carried")
def carried_without_being_asked_for(world: World, case: Case) -> Case | None:
    return None if case.lease.carried else _granted(world, case, carried=True, lasts_s=MAX_CARRIED_LEASE_S)


@wrong("lease-expired")
def expired(_world: World, case: Case) -> Case:
    made_ms = case.facts.nonces[case.lease.nonce].made_ms
    return _unit(case, now_boot_ms=made_ms + case.lease.lasts_s * 1000)


@wrong("time-went-back")
def time_before_one_trusted(_world: World, case: Case) -> Case:
    return _ledger(case, highest_ms=case.lease.granted_at_ms + 5_001)


@wrong("time-went-back")
def time_that_stood_still_since(_world: World, case: Case) -> Case:
    """The controller's clock was put back to what the unit has trusted, a minute ago on the same boot."""
    made_ms = case.facts.nonces[case.lease.nonce].made_ms
    highest_ms, boot_id = case.lease.granted_at_ms, case.facts.boot_id
    return _ledger(case, highest_ms=highest_ms, highest_boot_id=boot_id, highest_boot_ms=made_ms - A_MINUTE_MS)


@wrong("clock-differs")
def clock_ahead(_world: World, case: Case) -> Case:
    clock = case.facts.clock._replace(wall_ms=case.facts.clock.wall_ms + 5 * A_MINUTE_MS + 1, synchronised=True)
    return _unit(case, clock=clock)


@wrong("clock-differs")
def clock_behind(_world: World, case: Case) -> Case:
    clock = case.facts.clock._replace(wall_ms=case.lease.granted_at_ms - 5 * A_MINUTE_MS - 1, synchronised=True)
    return _unit(case, clock=clock)


@wrong("lease-signature")
def another_controller(_world: World, case: Case) -> Case:
    return _unit(case, controller_keys=House().beside("other").keys)


@wrong("lease-signature")
def signed_by_another_controller(world: World, case: Case) -> Case:
    signed = world.house.beside("other").signed_lease(case.lease)
    return _lease(case, lease=msgspec.structs.replace(signed, key=case.grant.logged.lease.key))


@wrong("lease-signature")
def signed_as_something_else(world: World, case: Case) -> Case:
    return _lease(case, lease=world.house.signed_lease(case.lease, prefix=LEASE_PREFIX[:-1]))


@wrong("lease-unreadable")
def lease_with_an_unknown_field(world: World, case: Case) -> Case:
    text = case.lease.text()[:-1] + ',"subject":"nobody"}'
    return _lease(case, lease=world.house.signed_lease(case.lease, text=text))


@wrong("lease-too-long")
def lease_too_long(world: World, case: Case) -> Case | None:
    return None if case.lease.carried else _granted(world, case, lasts_s=MAX_LEASE_S + 1)


def _lease(case: Case, **changes: Any) -> Case:
    logged = msgspec.structs.replace(case.grant.logged, **changes)
    return replace(case, grant=msgspec.structs.replace(case.grant, logged=logged))


@wrong("no-people-list")
def no_people_list(_world: World, case: Case) -> Case:
    return _unit(case, people=None)


@wrong("unknown-person")
def requester_of_no_list(world: World, case: Case) -> Case:
    return _listed(world, case, case.asked.requester, None)


@wrong("not-in-force")
def approver_of_last_year(world: World, case: Case) -> Case:
    return _listed(world, case, case.asked.approver, {"valid_until": case.asked.not_before})


@wrong("role-may-not-sign")
def approver_by_name_only(world: World, case: Case) -> Case:
    return _listed(world, case, case.asked.approver, {"role": "inspector"})


@wrong("role-may-not-sign")
def administrator_signs(world: World, case: Case) -> Case:
    return _papers(world, case, approver=ADMINISTRATORS[0])


@wrong("bad-signature")
def key_of_the_list_before(world: World, case: Case) -> Case:
    return _listed(world, case, case.asked.requester, {"key": TokenKey("a newer key").line})


@wrong("same-key")
def one_key_for_two(world: World, case: Case) -> Case:
    key = world.house.people[case.asked.requester].key
    twin = Signatory(case.asked.approver, world.house.people[case.asked.approver].role, key)
    return _signed(world, _listed(world, case, case.asked.approver, {"key": key.line}), approver=twin)


@wrong("same-person")
def one_person_for_two(world: World, case: Case) -> Case:
    return _papers(world, case, approver=case.asked.requester)


@wrong("single-signer")
def single_signer(_world: World, case: Case) -> Case:
    signed = msgspec.structs.replace(case.grant.mandate, approver="")
    return replace(case, grant=msgspec.structs.replace(case.grant, mandate=signed))


@wrong("bad-signature")
def one_signature_twice(_world: World, case: Case) -> Case:
    signed = msgspec.structs.replace(case.grant.mandate, approver=case.grant.mandate.requester)
    return replace(case, grant=msgspec.structs.replace(case.grant, mandate=signed))


@wrong("bad-signature")
def signed_by_a_stranger(world: World, case: Case) -> Case:
    return _signed(world, case, approver=Signatory(case.asked.approver, "approver", TokenKey("a stranger's")))


@wrong("bad-signature")
def signed_for_signing_in(world: World, case: Case) -> Case:
    return _signed(world, case, namespace="login@muster")


@wrong("user-absent")
def token_without_touch(world: World, case: Case) -> Case:
    return _signed(world, case, flags=(1, 4))


@wrong("key-not-hardware")
def key_on_disk(world: World, case: Case) -> Case | None:
    if case.asked.kind == "bench":
        return None
    key = DiskKey("on a disk")
    pen = Signatory(case.asked.requester, world.house.people[case.asked.requester].role, key)
    return _signed(world, _listed(world, case, case.asked.requester, {"key": key.line}), requester=pen)


@wrong("mandate-unreadable")
def mandate_with_an_unknown_field(world: World, case: Case) -> Case:
    return _signed(world, case, text=case.asked.text()[:-1] + ',"subject":"nobody"}')


@wrong("mandate-unreadable")
def mandate_with_a_key_twice(world: World, case: Case) -> Case:
    return _signed(world, case, text=case.asked.text().replace('"v":1,', '"v":1,"v":1,', 1))


@wrong("mandate-window")
def mandate_without_end(world: World, case: Case) -> Case:
    length = LONGEST[case.asked.kind] + timedelta(seconds=1)
    return _papers(world, case, not_after=case.asked.not_before + length)


@wrong("mandate-contradiction")
def mandate_without_authority(world: World, case: Case) -> Case:
    return _papers(world, case, authority="AUTH-26/7" if case.asked.kind == "bench" else None)


@wrong("before-mandate")
def not_yet_valid(world: World, case: Case) -> Case:
    begins = case.asked.not_before + timedelta(hours=12)
    return _papers(world, case, not_before=begins, not_after=begins + timedelta(hours=2))


@wrong("after-mandate")
def mandate_over(world: World, case: Case) -> Case:
    begins = case.asked.not_before - timedelta(hours=3)
    return _papers(world, case, not_before=begins, not_after=case.asked.not_before)


@wrong("other-mandate")
def lease_inside_another_mandate(world: World, case: Case) -> Case:
    return _granted(world, case, mandate=f"M-{world.fresh('mandate', 12)}")


@wrong("modality-not-covered")
def not_covered(world: World, case: Case) -> Case | None:
    if case.asked.kind == "retrieval":
        return None
    others = [allows(one) for one in sorted(EVERYTHING) if one not in case.lease.modalities]
    return _papers(world, case, allows=others)


@wrong("unknown-person")
def asked_for_by_nobody(world: World, case: Case) -> Case:
    return _granted(world, case, person="TO-99")


@wrong("role-may-not-open")
def asked_for_by_an_inspector(world: World, case: Case) -> Case:
    return _granted(world, case, person=INSPECTOR)


@wrong("role-may-not-open")
def asked_for_by_an_approver(world: World, case: Case) -> Case:
    return _granted(world, case, person=APPROVER)


@wrong("mandate-cancelled")
def cancelled(_world: World, case: Case) -> Case:
    return _ledger(case, cancelled=["M-000000000000", case.asked.mandate])


@wrong("not-on-bench")
def lid_closed(_world: World, case: Case) -> Case | None:
    return _unit(case, bench=Bench()) if case.asked.kind == "bench" else None


@wrong("not-carried")
def carried_to_a_bench(world: World, case: Case) -> Case | None:
    return _carried(world, case) if case.asked.kind == "bench" else None


@wrong("not-carried")
def carried_to_where_the_unit_is(world: World, case: Case) -> Case | None:
    return _carried(world, case) if case.lease.modalities == ["position"] else None


def _carried(world: World, case: Case) -> Case:
    made = case.facts.nonces[case.lease.nonce]._replace(carried=True)
    carried = _granted(world, case, carried=True, lasts_s=MAX_CARRIED_LEASE_S)
    return _unit(carried, nonces={**case.facts.nonces, made.nonce: made})


@wrong("no-device")
def no_device(_world: World, case: Case) -> Case:
    return _unit(case, sources=EVERYTHING - {case.lease.modalities[-1]})


@wrong("busy")
def open_for_somebody_else(_world: World, case: Case) -> Case:
    other = before(case.asked, case.lease, case.facts.nonces[case.lease.nonce].made_ms)
    return _ledger(case, open=[msgspec.structs.replace(other, opening=f"open-{fresh('busy', 0, 24)}")])


@wrong("lease-ended")
def closed_before(_world: World, case: Case) -> Case:
    return _unit(_ledger(case, open=[]), ended=frozenset({case.lease.opening}))


@wrong("lease-ended")
def renewed_too_late(_world: World, case: Case) -> Case:
    made_ms = case.facts.nonces[case.lease.nonce].made_ms
    ended = before(case.asked, case.lease, made_ms, until_boot_ms=case.facts.now_boot_ms)
    return _ledger(case, open=[ended])


@wrong("other-opening")
def going_on_under_another_mandate(_world: World, case: Case) -> Case:
    made_ms = case.facts.nonces[case.lease.nonce].made_ms
    return _ledger(case, open=[before(case.asked, case.lease, made_ms, mandate="M-ffffffffffff")])


@wrong("no-offer")
def no_offer(_world: World, case: Case) -> Case | None:
    if case.grant.offer is None:
        return None
    return replace(case, grant=msgspec.structs.replace(case.grant, offer=None))


@wrong("over-openings")
def over_openings(_world: World, case: Case) -> Case | None:
    if case.facts.ledger is None or case.facts.ledger.open:
        return None
    return _used(case, openings=_allowance(case.asked, case).openings_per_day)


@wrong("over-minutes")
def over_minutes(_world: World, case: Case) -> Case | None:
    assert case.facts.ledger is not None
    if case.facts.ledger.open:
        return None
    return _used(case, used_ms=_allowance(case.asked, case).minutes_per_day * A_MINUTE_MS)


def _allowance(asked: Mandate, case: Case) -> Any:
    return asked.allowance(case.lease.modalities[0])


def _used(case: Case, **used: int) -> Case:
    return _ledger(case, usages=[usage(case.asked, case.lease, **used)])


@wrong("state-unusable")
def no_ledger(_world: World, case: Case) -> Case:
    return _unit(case, ledger=None)


@wrong("state-unusable")
def full_ledger(_world: World, case: Case) -> Case:
    return _ledger(case, cancelled=[f"M-{number:012x}" for number in range(CANCELLED_MAX)], cancelled_more=True)
