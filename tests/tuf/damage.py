"""Metadata damaged at random: whatever a unit makes of it, it trusts no target that two people have not signed."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from tuf.api.metadata import Metadata

from edge_agent.updating.errors import ReleaseUntrusted
from tests.tuf.scene import GOOD, Scene

_VALUES: tuple[Any, ...] = (None, 0, -1, 2**63, 1.5, "", "x", "\ud7ff", [], {}, True, "9999-12-31T23:59:59Z")


def _nodes(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document: what holds it, and its key or index there."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *_nodes(value[key]))]


def _bytes(random: Random, content: bytes) -> bytes:
    at = random.randrange(len(content))
    return content[:at] + bytes([random.randrange(256)]) + content[at + 1 :]


def _cut(random: Random, content: bytes) -> bytes:
    return content[: random.randrange(len(content))]


def _value(random: Random, content: bytes) -> bytes:
    document = json.loads(content)
    holder, key = random.choice(_nodes(document))
    holder[key] = random.choice(_VALUES)
    return json.dumps(document).encode()


def _gone(random: Random, content: bytes) -> bytes:
    document = json.loads(content)
    holder, key = random.choice(_nodes(document))
    del holder[key]
    return json.dumps(document).encode()


def _exchanged(random: Random, content: bytes) -> bytes:
    document = json.loads(content)
    (first, one), (second, other) = random.choice(_nodes(document)), random.choice(_nodes(document))
    first[one], second[other] = json.loads(json.dumps(second[other])), json.loads(json.dumps(first[one]))
    return json.dumps(document).encode()


_WAYS: tuple[Callable[[Random, bytes], bytes], ...] = (_bytes, _cut, _value, _gone, _exchanged)


def _meaning(content: bytes) -> Any:
    """What the library takes metadata to say: it has one form for what JSON has several for."""
    return Metadata.from_bytes(content).signed.to_dict()


async def damaged(home: Path, random: Random, wanted: int) -> dict[str, int]:
    """Damage one file at a time before a unit that trusts nothing, or an older release, looks; returns how many were
    `damaged`, `refused`, and let a target `through` that nobody signed, or a root that is not the one that was signed.

    A damage that changes nothing that was signed is no reason to refuse: `harmless`.
    """
    scene = Scene.make(home)
    scene.repository.publish(good=GOOD)
    told = {"damaged": 0, "refused": 0, "harmless": 0, "through": 0}
    names = ("root.json", "timestamp.json", "1.snapshot.json", "1.targets.json")
    facts = await scene.unit.trust.target("mcu/good.bin")
    signed = {name: _meaning(scene.repository.served[name]) for name in names}
    place = scene.unit.state_dir / "updating" / "trust"
    for _ in range(wanted):
        name = random.choice(names)
        kept = scene.repository.served[name]
        for path in place.glob("*.json"):
            path.unlink()
        try:
            scene.repository.served[name] = random.choice(_WAYS)(random, kept)
        except (TypeError, ValueError, RecursionError):
            continue
        told["damaged"] += 1
        try:
            found = await scene.unit.restarted().target("mcu/good.bin")
        except ReleaseUntrusted:
            told["refused"] += 1
        else:
            held = {one: _meaning((place / f"{one.split('.')[-2]}.json").read_bytes()) for one in names}
            told["harmless" if found == facts and held == signed else "through"] += 1
        scene.repository.served[name] = kept
    return told
