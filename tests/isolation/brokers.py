"""The matrix against a broker, whole or a seeded part of it."""

import random
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, get_args

from tests.isolation.attempts import Attempt, Door, Protocol, attempts
from tests.isolation.honest import Peers
from tests.isolation.identities import HostilePki
from tests.isolation.matrix import Matrix, Tally
from tests.support.embedded_broker import EmbeddedBrokerProcess
from tests.support.mosquitto import MosquittoBroker

BrokerName = Literal["mosquitto", "embedded"]
BROKERS: tuple[BrokerName, ...] = get_args(BrokerName)

_DOORS: dict[BrokerName, list[Door]] = {"mosquitto": ["units", "controllers"], "embedded": ["one"]}
_PROTOCOLS: dict[BrokerName, list[Protocol]] = {
    "mosquitto": ["3.1.1", "5", "3.1", "bridge"],
    "embedded": ["3.1.1", "5"],
}


def chosen(whole: list[Attempt], sample: int, seed: int) -> list[Attempt]:
    """`sample` of the attempts in their order, or all of them for 0."""
    if not sample or sample >= len(whole):
        return whole
    numbers = sorted(random.Random(seed).sample(range(len(whole)), sample))
    return [whole[number] for number in numbers]


async def campaign(
    name: BrokerName,
    *,
    sample: int = 0,
    seed: int = 0,
    only: Callable[[Attempt], bool] = lambda _: True,
    access_lists: Mapping[str, str] | None = None,
) -> Tally:
    """Start the broker (Mosquitto with other `access_lists`, if given) and make the attempts, or `only` some."""
    with tempfile.TemporaryDirectory(prefix="isolation-") as directory:
        pki = HostilePki.create(Path(directory))
        everything = attempts(pki.identities(), _DOORS[name], _PROTOCOLS[name])
        part = chosen([attempt for attempt in everything if only(attempt)], sample, seed)
        broker = MosquittoBroker(pki, access_lists) if name == "mosquitto" else EmbeddedBrokerProcess(pki)
        async with broker, Peers(broker, pki) as peers:
            return await Matrix(broker, peers).run(part, name)
