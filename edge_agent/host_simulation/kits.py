"""The kits that hosts are made of: a van kit on 12 V, a battery case, and a fixed post on the wire."""

import random
import re
import uuid

from edge_agent.host_simulation.host_state import Kit

_NUMBER_AT_END = re.compile(r"[0-9]{1,9}$", re.ASCII)


def draw_kit(rng: random.Random, name: str) -> Kit:
    """The kit of host `name`; the same `rng` state gives the same kit.

    A number at the end of the name takes the three builds in turn, so that even a small fleet has them all.
    """
    boot_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    number = _NUMBER_AT_END.search(name)
    turn = rng.randrange(3) if number is None else int(number[0]) % 3
    return (_van_kit, _battery_case, _fixed_post)[turn](rng, boot_id)


def _van_kit(rng: random.Random, boot_id: str) -> Kit:
    return Kit(
        model=f"Raspberry Pi 4 Model B Rev 1.{rng.randint(1, 5)}",
        boot_id=boot_id,
        link="lte",
        interface="wwan0",
        nominal_supply_mv=12_500,
        undervolted_below_mv=11_000,
        supply_monitor=True,
        battery=False,
        emmc_decades=None,
    )


def _battery_case(rng: random.Random, boot_id: str) -> Kit:
    return Kit(
        model="Raspberry Pi Compute Module 4 Rev 1.1",
        boot_id=boot_id,
        link="wifi",
        interface="wlan0",
        nominal_supply_mv=5_080,
        undervolted_below_mv=4_630,
        supply_monitor=True,
        battery=True,
        emmc_decades=(rng.choice((1, 1, 2, 3, 9)), rng.choice((1, 2, 2, 4))),
    )


def _fixed_post(rng: random.Random, boot_id: str) -> Kit:
    return Kit(
        model=f"Raspberry Pi 5 Model B Rev 1.{rng.randint(0, 1)}",
        boot_id=boot_id,
        link="ethernet",
        interface="eth0",
        nominal_supply_mv=5_120,
        undervolted_below_mv=4_630,
        supply_monitor=False,
        battery=False,
        emmc_decades=None,
    )
