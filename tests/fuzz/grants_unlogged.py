"""Grants of which the log does not say what it should: one thing is wrong in each, as in `grants_wrong`."""

from dataclasses import replace
from typing import Any

import msgspec

from fleet.entries.leaf import compose
from protocols.tlog.policy import build_policy
from tests.fuzz.grants_papers import Case, World, issue
from tests.fuzz.grants_wrong import wrong
from tests.support.mandates import House


def _logged(world: World, case: Case, **how: Any) -> Case:
    """The case with another leaf, or another receipt."""
    offer = case.grant.offer
    return replace(case, grant=world.issue(case.asked, case.lease, signed=case.grant.mandate, offer=offer, **how))


def _shown(case: Case, **changes: Any) -> Case:
    logged = msgspec.structs.replace(case.grant.logged, **changes)
    return replace(case, grant=msgspec.structs.replace(case.grant, logged=logged))


def _policy(world: World, case: Case, text: str) -> Case:
    people = msgspec.structs.replace(world.people, log_policy=text)
    return replace(case, facts=replace(case.facts, people=people))


@wrong("no-receipt")
def no_receipt(_world: World, case: Case) -> Case:
    return _shown(case, receipt="")


@wrong("no-receipt")
def no_leaf(_world: World, case: Case) -> Case:
    return _shown(case, leaf="")


@wrong("stale")
def seen_before_it_was_granted(world: World, case: Case) -> Case:
    return _logged(world, case, cosigned_after_s=-6)


@wrong("stale")
def seen_yesterday(world: World, case: Case) -> Case:
    return _logged(world, case, cosigned_after_s=-86_400)


@wrong("clock-differs")
def seen_long_after_its_time(world: World, case: Case) -> Case:
    return _logged(world, case, cosigned_after_s=301)


@wrong("clock-differs")
def seen_the_next_day(world: World, case: Case) -> Case:
    return _logged(world, case, cosigned_after_s=86_400)


@wrong("clock-differs")
def seen_long_after_its_time_by_one_witness(world: World, case: Case) -> Case:
    made, log = _logged(world, case, cosigned_after_s=0), world.house.log
    # The two that saw it in time are witnesses enough, where the third one's line is damaged.
    world.honest.setdefault(made.grant.logged.lease.signed, []).append(made.grant.logged)
    log.times["west"] += 301
    return _shown(made, receipt=log.receipt(len(log.leaves) - 1).text)


@wrong("unwitnessed")
def one_witness_of_two(world: World, case: Case) -> Case:
    return _logged(world, case, cosigners=("west",))


@wrong("unwitnessed")
def policy_without_witness(world: World, case: Case) -> Case:
    return _policy(world, case, build_policy(world.house.log.log_vkey, [], 0).text)


@wrong("no-log")
def no_policy(world: World, case: Case) -> Case:
    return _policy(world, case, "")


@wrong("no-log")
def policy_of_noise(world: World, case: Case) -> Case:
    return _policy(world, case, world.people.log_policy[:-1])


@wrong("log-unsigned")
def another_fleet_s_log(world: World, case: Case) -> Case:
    return _policy(world, case, world.house.beside("other").log.policy.text)


@wrong("log-unsigned")
def logged_by_another_fleet(world: World, case: Case) -> Case:
    house = House(world.house.people, world.house.beside("other").log, world.house.controller)
    granted = issue(house, case.asked, case.lease, signed=case.grant.mandate, offer=case.grant.offer)
    return replace(case, grant=granted)


@wrong("receipt-invalid")
def receipt_of_another_leaf(world: World, case: Case) -> Case:
    return _shown(case, receipt=_logged(world, case, cosigned_after_s=2).grant.logged.receipt)


@wrong("receipt-invalid")
def leaf_at_another_place(world: World, case: Case) -> Case:
    return _appended(world, case, case.grant.logged.leaf.encode())


@wrong("receipt-invalid")
def leaf_with_a_key_twice(world: World, case: Case) -> Case:
    rest = b"{" + case.grant.logged.leaf.encode().split(b",", 2)[2]
    return _appended(world, case, compose(len(world.house.log.leaves), None, rest)[:-1] + b',"v":1}')


def _appended(world: World, case: Case, leaf: bytes) -> Case:
    """The case with any bytes as the log's next leaf, truly logged and seen in time."""
    log = world.house.log
    log.leaves.append(leaf)
    log.times = dict.fromkeys(log.names, case.lease.granted_at_ms // 1000)
    return _shown(case, leaf=leaf.decode(), receipt=log.receipt(len(log.leaves) - 1).text)


def _about_something_else(name: str, value: Any) -> None:
    def make(world: World, case: Case) -> Case:
        return _logged(world, case, entry={name: value})

    make.__name__ = f"logged_with_another_{name}"
    wrong("not-logged")(make)


for _name, _value in {
    "kind": "lease.refused",
    "actor": "TO-99",
    "unit": "unit-defg5678",
    "opening": "open-000000000000000000000000",
    "mandate": "M-000000000000",
    "modalities": ["video", "video"],
    "nonce": "0" * 32,
    "lease_sha256": "0" * 64,
    "carried": None,
    "authority": "AUTH-26/0000",
    "expires_at": "2026-11-22T00:00:00Z",
}.items():
    _about_something_else(_name, _value)
