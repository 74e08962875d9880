"""What the unit's own judge lets open: what an honest house grants, and nothing else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from edge_agent.openings.ledger import CANCELLED_MAX, Ledger, Usage
from edge_agent.openings.nonces import MadeNonce
from edge_agent.openings.rules import judge
from edge_agent.openings.verdicts import Bench, Facts, LocalClock, Permit, Refusal
from protocols.access_record import REASONS
from protocols.opening import GrantLease
from tests.support.mandates import (
    AT,
    BOOT,
    ENGINEER,
    INSPECTOR,
    MANDATE,
    NONCE,
    OPENING,
    UNIT,
    House,
    after,
    allows,
    bench_mandate,
    mandate,
    retrieval_mandate,
    signatories,
    to_ms,
)
from tests.support.opening_facts import MADE_MS, OFFER, Scene, facts_of

OTHER_OPENING = "open-" + "f" * 24


def verdict(grant: GrantLease, facts: Facts) -> Permit | Refusal:
    found = judge(grant, facts)
    assert isinstance(found, Permit) or found.rule in REASONS
    return found


def rule_of(grant: GrantLease, facts: Facts) -> str:
    found = verdict(grant, facts)
    assert isinstance(found, Refusal), found
    return found.rule


def permit_of(grant: GrantLease, facts: Facts) -> Permit:
    found = verdict(grant, facts)
    assert isinstance(found, Permit), found
    return found


def test_an_honest_grant_opens_until_a_minute_after_its_nonce() -> None:
    house = House()
    permit = permit_of(house.granted(offer=OFFER), facts_of(house))
    assert (permit.opening.until_boot_ms, permit.opening.ends_by) == (MADE_MS + 60_000, "expiry")
    assert (permit.opening.opened_boot_ms, permit.opening.since_ms) == (MADE_MS + 1_500, to_ms(AT) + 1_500)
    assert (permit.is_renewal, permit.offer, permit.opening.authority) == (False, OFFER, mandate().authority)
    assert permit.ledger.used_ms(MANDATE, "video", "2026-11-22") == 58_500
    assert permit.ledger.openings(MANDATE, "audio", "2026-11-22") == 1
    assert permit.ledger.highest_ms == to_ms(AT)


LEASES: list[tuple[str, dict[str, Any]]] = [
    ("other-unit", {"unit": "unit-zzzz9999"}),
    ("other-boot", {"boot_id": "another boot"}),
    ("bad-nonce", {"nonce": "f" * 32}),
    ("other-lease", {"opening": OTHER_OPENING}),
    ("other-lease", {"modalities": ["video"]}),
    ("not-carried", {"carried": True}),
    ("lease-expired", {"lasts_s": 1}),
    ("lease-too-long", {"lasts_s": 61}),
    ("before-mandate", {"granted_at_ms": to_ms(AT - timedelta(hours=4)) - 1}),
    ("after-mandate", {"granted_at_ms": to_ms(AT + timedelta(days=3))}),
    ("other-mandate", {"mandate": "M-ffffffffffff"}),
    ("unknown-person", {"person": "TO-99"}),
    ("role-may-not-open", {"person": INSPECTOR}),
]


@pytest.mark.parametrize(("rule", "changes"), LEASES, ids=[f"{rule}-{'-'.join(one)}" for rule, one in LEASES])
def test_a_lease_that_is_wrong_in_one_thing_is_refused_by_its_rule(rule: str, changes: dict[str, Any]) -> None:
    house = House()
    unsure = LocalClock(0, synchronised=False)
    assert rule_of(house.granted(offer=OFFER, **changes), facts_of(house, clock=unsure)) == rule


ENTRIES: list[tuple[str, object]] = [
    ("kind", "lease.refused"),
    ("unit", "unit-zzzz9999"),
    ("opening", OTHER_OPENING),
    ("mandate", "M-ffffffffffff"),
    ("nonce", "f" * 32),
    ("actor", "TO-99"),
    ("modalities", ["video"]),
    ("carried", True),
    ("lease_sha256", "0" * 64),
    ("authority", "AUTH-26/8"),
    ("authority", None),
    ("expires_at", None),
    ("expires_at", "soon"),
    ("expires_at", 1_795_348_860),
    ("expires_at", "2026-11-22T12:01:00"),
    ("expires_at", "2026-11-22T12:01:01.001Z"),
    ("expires_at", "2026-11-22T12:00:58.999Z"),
    ("expires_at", "0001-01-01T00:00:00+23:59"),
]


@pytest.mark.parametrize(("name", "value"), ENTRIES, ids=[f"{name}-{value}" for name, value in ENTRIES])
def test_a_receipt_for_another_entry_opens_nothing(name: str, value: object) -> None:
    house = House()
    assert rule_of(house.granted(offer=OFFER, entry={name: value}), facts_of(house)) == "not-logged"


@pytest.mark.parametrize(
    "said", ["2026-11-22T12:01:01Z", "2026-11-22T12:00:59Z", "2026-11-22T13:01:00.000+01:00", "2026-11-22T12:01:00Z"]
)
def test_the_entry_s_end_may_be_rounded_to_a_second(said: str) -> None:
    house = House()
    assert permit_of(house.granted(offer=OFFER, entry={"expires_at": said}), facts_of(house))


def test_the_entry_of_a_bench_lease_names_no_authority() -> None:
    house = House()
    facts = facts_of(house, bench=Bench(lid_open=True))
    assert permit_of(house.granted(bench_mandate(), offer=OFFER), facts)
    named = house.granted(bench_mandate(), offer=OFFER, entry={"authority": "AUTH-26/7"})
    assert rule_of(named, facts) == "not-logged"


def test_a_witness_that_saw_the_lease_long_after_its_time_has_a_say() -> None:
    house = House()
    for synchronised in (True, False):
        facts = facts_of(house, clock=LocalClock(to_ms(AT), synchronised))
        assert permit_of(house.granted(offer=OFFER, cosigned_at=after(300)), facts)
        assert rule_of(house.granted(offer=OFFER, cosigned_at=after(301)), facts) == "clock-differs"
    good = house.granted(offer=OFFER)
    house.log.times["west"] = house.log.times["north"] + 301
    index = len(house.log.leaves) - 1
    for cosigners, opens in ((None, False), (["north", "west"], False), (["north", "south"], True)):
        logged = msgspec.structs.replace(good.logged, receipt=house.log.receipt(index, cosigners=cosigners).text)
        found = verdict(msgspec.structs.replace(good, logged=logged), facts_of(house))
        assert isinstance(found, Permit) if opens else isinstance(found, Refusal) and found.rule == "clock-differs"


def test_the_log_must_hold_the_lease_and_enough_witnesses_must_have_seen_it_lately() -> None:
    house = House()
    facts = facts_of(house)
    assert rule_of(house.granted(offer=OFFER, cosigned_at=after(-6)), facts) == "stale"
    assert isinstance(verdict(house.granted(offer=OFFER, cosigned_at=after(-5)), facts), Permit)
    assert rule_of(house.granted(offer=OFFER, cosigners=["north"]), facts) == "unwitnessed"
    good = house.granted(offer=OFFER)
    for part in ("receipt", "leaf"):
        bare = msgspec.structs.replace(good, logged=msgspec.structs.replace(good.logged, **{part: ""}))
        assert rule_of(bare, facts) == "no-receipt"
    stranger = msgspec.structs.replace(
        good, logged=msgspec.structs.replace(house.beside("other").granted(offer=OFFER).logged, lease=good.logged.lease)
    )
    assert rule_of(stranger, facts) == "log-unsigned"
    longer = msgspec.structs.replace(good, logged=msgspec.structs.replace(good.logged, leaf=good.logged.leaf + " "))
    assert rule_of(longer, facts) == "receipt-invalid"
    assert rule_of(good, replace(facts, people=house.people_list(log_policy=""))) == "no-log"
    unwitnessed = replace(house.log, quorum=0).policy.text
    assert rule_of(good, replace(facts, people=house.people_list(log_policy=unwitnessed))) == "unwitnessed"


def test_a_grant_under_another_controllers_key_opens_nothing() -> None:
    house = House()
    assert rule_of(house.beside("other").granted(offer=OFFER), facts_of(house)) == "lease-signature"


def test_mandates_are_checked_at_the_trusted_time_with_the_units_own_list() -> None:
    house = House()
    facts = facts_of(house)
    one_hand = msgspec.structs.replace(house.signed_mandate(), approver="")
    assert rule_of(house.granted(offer=OFFER, signed=one_hand), facts) == "single-signer"
    untouched = house.signed_mandate(flags=(0, 1))
    assert rule_of(house.granted(offer=OFFER, signed=untouched), facts) == "user-absent"
    elsewhere = house.signed_mandate(mandate(unit="unit-zzzz9999"))
    assert rule_of(house.granted(offer=OFFER, signed=elsewhere), facts) == "other-unit"
    narrower = house.signed_mandate(mandate(allows=[allows("video")]))
    assert rule_of(house.granted(offer=OFFER, signed=narrower), facts) == "modality-not-covered"
    late = replace(facts, people=house.people_list(AP_07={"valid_until": AT}))
    assert rule_of(house.granted(offer=OFFER), late) == "not-in-force"
    assert rule_of(house.granted(offer=OFFER), replace(facts, people=None)) == "no-people-list"


def test_keys_on_disk_sign_only_where_the_unit_was_told_so_or_on_the_bench() -> None:
    house = House(people=signatories(plain=True))
    assert rule_of(house.granted(offer=OFFER), facts_of(house)) == "key-not-hardware"
    assert permit_of(house.granted(offer=OFFER), facts_of(house, plain_keys_may_sign=True))
    bench = house.granted(bench_mandate(), offer=OFFER)
    assert rule_of(bench, facts_of(house)) == "not-on-bench"
    assert permit_of(bench, facts_of(house, bench=Bench(lid_open=True)))
    assert permit_of(bench, facts_of(house, bench=Bench(in_workshop=True)))


def test_time_never_goes_back_and_a_synchronised_clock_has_a_say() -> None:
    house = House()
    facts = facts_of(house)
    grant = house.granted(offer=OFFER)
    assert rule_of(grant, replace(facts, ledger=Ledger(highest_ms=to_ms(AT) + 5_001))) == "time-went-back"
    assert permit_of(grant, replace(facts, ledger=Ledger(highest_ms=to_ms(AT))))
    for off_ms in (-300_001, 1_500 + 300_001):
        clock = LocalClock(to_ms(AT) + off_ms, synchronised=True)
        assert rule_of(grant, replace(facts, clock=clock)) == "clock-differs"
        assert permit_of(grant, replace(facts, clock=clock._replace(synchronised=False)))
    for off_ms in (-300_000, 1_500 + 300_000):
        assert permit_of(grant, replace(facts, clock=LocalClock(to_ms(AT) + off_ms, synchronised=True)))


def test_a_controller_a_little_behind_another_is_taken_at_the_later_time() -> None:
    house = House()
    asked = mandate(not_after=after(12))
    facts = facts_of(house, ledger=Ledger(highest_ms=to_ms(AT) + 5_000))
    permit = permit_of(house.granted(asked, offer=OFFER), facts)
    assert (permit.opening.until_boot_ms, permit.opening.ends_by) == (MADE_MS + 7_000, "after-mandate")
    assert permit.opening.since_ms == to_ms(AT) + 6_500
    assert permit.ledger.highest_ms == to_ms(AT) + 5_000
    over = house.granted(mandate(not_after=after(5)), offer=OFFER)
    assert rule_of(over, facts) == "after-mandate"


def test_on_one_boot_time_passes_also_while_nothing_is_granted() -> None:
    house = House()
    hour_ms = 3_600_000
    grant = house.granted(offer=OFFER, granted_at_ms=to_ms(AT) + hour_ms - 6_000)
    facts = facts_of(house, clock=LocalClock(0, synchronised=False))
    heard = Ledger().with_time(to_ms(AT), facts.boot_id, MADE_MS - hour_ms)
    assert rule_of(grant, replace(facts, ledger=heard)) == "time-went-back"
    before_the_reboot = Ledger().with_time(to_ms(AT), "another boot", MADE_MS - hour_ms)
    assert permit_of(grant, replace(facts, ledger=before_the_reboot))
    nearly = house.granted(offer=OFFER, granted_at_ms=to_ms(AT) + hour_ms - 5_000)
    assert permit_of(nearly, replace(facts, ledger=heard))


def test_what_is_long_on_its_way_is_not_behind_what_came_before_it() -> None:
    house = House()
    made = MadeNonce(NONCE, OPENING, ("video", "audio"), MADE_MS, carried=True)
    facts = facts_of(house, on_way_ms=600_000, nonces={NONCE: made})
    heard = Ledger().with_time(to_ms(AT) - 1_000, facts.boot_id, MADE_MS - 500)
    grant = house.granted(offer=OFFER, carried=True, lasts_s=900)
    permit = permit_of(grant, replace(facts, ledger=heard))
    assert permit.ledger.highest_ms == heard.earliest_ms(facts.boot_id, MADE_MS + 600_000)


def test_a_cancelled_mandate_never_opens_again_and_a_ledger_that_can_not_tell_opens_nothing() -> None:
    house = House()
    facts = facts_of(house)
    grant = house.granted(offer=OFFER)
    cancelled = Ledger().with_cancelled(MANDATE)
    assert rule_of(grant, replace(facts, ledger=cancelled)) == "mandate-cancelled"
    full = Ledger(cancelled=[f"M-{number:012x}" for number in range(CANCELLED_MAX)])
    assert permit_of(grant, replace(facts, ledger=full))
    assert rule_of(grant, replace(facts, ledger=full.with_cancelled("M-ffffffffffff"))) == "state-unusable"
    assert rule_of(grant, replace(facts, ledger=None)) == "state-unusable"


def test_the_permit_ends_with_the_mandate_even_inside_a_lease() -> None:
    house = House()
    asked = mandate(not_after=after(10))
    permit = permit_of(house.granted(asked, offer=OFFER), facts_of(house))
    assert (permit.opening.until_boot_ms, permit.opening.ends_by) == (MADE_MS + 10_000, "after-mandate")
    late = facts_of(house, on_way_ms=10_000)
    assert rule_of(house.granted(asked, offer=OFFER), late) == "after-mandate"


@pytest.mark.parametrize(
    ("lasts_s", "ends_s", "by"),
    [(9, 9, "expiry"), (10, 10, "after-mandate"), (11, 10.4, "after-mandate"), (60, 10.4, "after-mandate")],
)
def test_a_lease_that_was_cut_to_its_mandate_ends_by_the_mandate(lasts_s: int, ends_s: float, by: str) -> None:
    house = House()
    told_ms = to_ms(AT) - 400
    asked = mandate(not_after=after(10))
    permit = permit_of(house.granted(asked, offer=OFFER, lasts_s=lasts_s, granted_at_ms=told_ms), facts_of(house))
    assert (permit.opening.until_boot_ms, permit.opening.ends_by) == (MADE_MS + ends_s * 1000, by)


@pytest.mark.parametrize(
    ("lasts_s", "ends_s", "by"),
    [(26, 26, "expiry"), (27, 27, "budget-used"), (30, 30, "budget-used"), (40, 31.5, "budget-used")],
)
def test_a_lease_that_was_cut_to_the_days_minutes_ends_by_them(lasts_s: int, ends_s: float, by: str) -> None:
    house = House()
    asked = mandate(allows=[allows("video", minutes_per_day=1), allows("audio", minutes_per_day=9)])
    used = Usage(day="2026-11-22", mandate=MANDATE, modality="video", used_ms=30_000, openings=1)
    facts = facts_of(house, ledger=Ledger(usages=[used]))
    permit = permit_of(house.granted(asked, offer=OFFER, lasts_s=lasts_s), facts)
    assert (permit.opening.until_boot_ms, permit.opening.ends_by) == (MADE_MS + ends_s * 1000, by)


def test_what_a_unit_can_not_open_is_said_before_anything_is_counted() -> None:
    house = House()
    facts = facts_of(house)
    grant = house.granted(offer=OFFER)
    assert rule_of(grant, replace(facts, sources=frozenset({"video"}))) == "no-device"
    assert rule_of(house.granted(), facts) == "no-offer"
    asked = mandate(allows=[allows("video"), allows("position")])
    mixed = MadeNonce(NONCE, OPENING, ("video", "position"), MADE_MS, carried=False)
    assert rule_of(house.granted(asked, offer=OFFER), replace(facts, nonces={NONCE: mixed})) == "mixed-modalities"
    assert rule_of(grant, replace(facts, ended=frozenset({OPENING}))) == "lease-ended"


def test_a_retrieval_opens_position_without_an_offer() -> None:
    house = House()
    made = MadeNonce(NONCE, OPENING, ("position",), MADE_MS, carried=False)
    permit = permit_of(house.granted(retrieval_mandate()), facts_of(house, nonces={NONCE: made}))
    assert permit.opening.modalities == ["position"]


def test_a_carried_lease_lasts_fifteen_minutes_for_a_nonce_that_was_asked_for_on_the_unit() -> None:
    house = House()
    made = MadeNonce(NONCE, OPENING, ("video", "audio"), MADE_MS, carried=True)
    grant = house.granted(offer=OFFER, carried=True, lasts_s=900)
    on_way = facts_of(house, on_way_ms=899_999, nonces={NONCE: made})
    budget = permit_of(grant, on_way)
    assert (budget.opening.until_boot_ms, budget.opening.carried) == (MADE_MS + 900_000, True)
    assert rule_of(grant, facts_of(house, on_way_ms=900_000, nonces={NONCE: made})) == "lease-expired"
    assert rule_of(house.granted(offer=OFFER), facts_of(house, nonces={NONCE: made})) == "not-carried"


def test_no_position_is_carried() -> None:
    house = House()
    made = MadeNonce(NONCE, OPENING, ("position",), MADE_MS, carried=True)
    grant = house.granted(retrieval_mandate(), carried=True, lasts_s=60)
    assert rule_of(grant, facts_of(house, nonces={NONCE: made})) == "not-carried"


@pytest.mark.parametrize("lasts_s", [60, 900])
def test_no_lease_is_carried_to_a_bench(lasts_s: int) -> None:
    house = House()
    made = MadeNonce(NONCE, OPENING, ("video", "audio"), MADE_MS, carried=True)
    grant = house.granted(bench_mandate(), offer=OFFER, carried=True, lasts_s=lasts_s)
    assert rule_of(grant, facts_of(house, nonces={NONCE: made}, bench=Bench(lid_open=True))) == "not-carried"
    assert rule_of(grant, facts_of(house, nonces={NONCE: made})) == "not-on-bench"


def opened(scene: Scene, **lease: Any) -> Facts:
    """The facts of a unit that has opened at AT + 1 s."""
    grant, facts = scene.answer(facts_of(scene.house), OPENING, since_at_ms=0, on_way_ms=1_000, **lease)
    return replace(facts, ledger=permit_of(grant, facts).ledger)


def test_a_renewal_goes_on_with_the_same_and_does_not_count_as_an_opening() -> None:
    scene = Scene()
    facts = opened(scene)
    grant, now = scene.answer(facts, OPENING, since_at_ms=40_000, on_way_ms=500, offer=None)
    permit = permit_of(grant, now)
    assert (permit.is_renewal, permit.opening.until_boot_ms) == (True, MADE_MS + 100_000)
    assert permit.opening.opened_boot_ms == MADE_MS + 1_000
    assert permit.ledger.openings(MANDATE, "video", "2026-11-22") == 1
    assert permit.ledger.used_ms(MANDATE, "video", "2026-11-22") == 99_000
    grant, now = scene.answer(facts, OPENING, since_at_ms=40_000, on_way_ms=500, modalities=["video"])
    assert rule_of(grant, now) == "other-opening"
    scene.asked = mandate(mandate="M-bbbbbbbbbbbb")
    assert rule_of(*scene.answer(facts, OPENING, since_at_ms=40_000, on_way_ms=500)) == "other-opening"


def test_a_renewal_may_name_somebody_else_who_watches_and_the_record_who_opened() -> None:
    scene = Scene()
    facts = opened(scene)
    grant, now = scene.answer(facts, OPENING, since_at_ms=40_000, on_way_ms=500, person="SV-03")
    permit = permit_of(grant, now)
    assert (permit.is_renewal, permit.lease.person, permit.opening.person) == (True, "SV-03", "TO-12")
    grant, now = scene.answer(facts, OPENING, since_at_ms=40_000, on_way_ms=500, person="TO-99")
    assert rule_of(grant, now) == "unknown-person"


def test_a_renewal_that_lasts_no_longer_leaves_the_permit_as_it_is() -> None:
    scene = Scene()
    facts = opened(scene)
    grant, now = scene.answer(facts, OPENING, since_at_ms=30_000, on_way_ms=500, lasts_s=20)
    permit = permit_of(grant, now)
    assert facts.ledger is not None
    assert permit.opening == facts.ledger.opening(OPENING)
    assert permit.ledger.highest_ms == to_ms(AT) + 30_000


def test_a_renewal_after_the_end_or_of_another_boot_is_none() -> None:
    scene = Scene()
    facts = opened(scene)
    assert rule_of(*scene.answer(facts, OPENING, since_at_ms=59_500, on_way_ms=500)) == "lease-ended"
    rebooted = replace(facts, boot_id="another boot")
    assert rule_of(*scene.answer(rebooted, OPENING, since_at_ms=30_000, on_way_ms=500)) == "lease-ended"


def test_one_device_is_open_for_one_opening() -> None:
    scene = Scene(asked=mandate(allows=[allows("video")]))
    facts = opened(scene)
    assert rule_of(*scene.answer(facts, OTHER_OPENING, since_at_ms=5_000, on_way_ms=500)) == "busy"
    scene.asked = mandate(allows=[allows("audio")])
    assert permit_of(*scene.answer(facts, OTHER_OPENING, since_at_ms=5_000, on_way_ms=500))


def test_the_days_openings_and_minutes_are_the_mandates() -> None:
    scene = Scene(asked=mandate(allows=[allows("video", minutes_per_day=1, openings_per_day=2)]))
    facts = opened(scene)
    assert facts.ledger is not None
    facts = replace(facts, ledger=facts.ledger.with_closed(OPENING, MADE_MS + 31_000))
    grant, now = scene.answer(facts, OTHER_OPENING, since_at_ms=100_000, on_way_ms=0)
    permit = permit_of(grant, now)
    assert (permit.opening.until_boot_ms, permit.opening.ends_by) == (MADE_MS + 130_000, "budget-used")
    again, later = scene.answer(replace(now, ledger=permit.ledger), OTHER_OPENING, since_at_ms=120_000, on_way_ms=0)
    assert permit_of(again, later).opening.until_boot_ms == MADE_MS + 130_000, "no more than the day has"
    spent = permit.ledger.with_closed(OTHER_OPENING, MADE_MS + 130_000)
    third, later = scene.answer(replace(now, ledger=spent), "open-" + "a" * 24, since_at_ms=200_000, on_way_ms=0)
    assert rule_of(third, later) == "over-openings"
    scene.asked = mandate(allows=[allows("video", minutes_per_day=1, openings_per_day=9)])
    third, later = scene.answer(replace(now, ledger=spent), "open-" + "a" * 24, since_at_ms=200_000, on_way_ms=0)
    assert rule_of(third, later) == "over-minutes"
    tomorrow = 12 * 3_600_000
    fresh, later = scene.answer(replace(now, ledger=spent), "open-" + "a" * 24, since_at_ms=tomorrow, on_way_ms=0)
    assert permit_of(fresh, later), "London has another day"


def test_the_engineer_who_asked_is_whoever_the_lease_names() -> None:
    house = House()
    permit = permit_of(house.granted(offer=OFFER, person="SV-03"), facts_of(house))
    assert permit.opening.person == "SV-03" != ENGINEER
    assert (permit.lease.unit, permit.opening.boot_id) == (UNIT, BOOT)
