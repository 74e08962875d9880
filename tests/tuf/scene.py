"""What an attack is, and the scene it plays in.

`like` names the tests of theupdateframework/tuf-conformance that try the same. Each attack is given a unit that trusts
nothing yet and a repository that has a root; it says how the attack went by an assertion, and nothing else.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from edge_agent.updating.errors import ReleaseUntrusted
from protocols.people import PeopleList
from tests.support.release_house import (
    NOW,
    Change,
    ReleaseUnit,
    Repository,
    people_list,
    stamp,
)

GOOD, EVIL = b"firmware" * 40, b"somebody else's firmware" * 40


@dataclass
class Scene:
    """A repository and a unit. `GOOD` is released as `mcu/good.bin` where the attack begins with a unit that trusts."""

    repository: Repository
    unit: ReleaseUnit

    @classmethod
    def make(cls, home: Path, people: PeopleList | None = None) -> "Scene":
        """A repository with a root, and a unit that has not looked yet."""
        repository = Repository()
        repository.root()
        return cls(repository, ReleaseUnit(repository, home / "unit", people or people_list()))

    async def trusting(self) -> None:
        """Release GOOD, and let the unit trust it."""
        self.repository.publish(good=GOOD)
        assert await self.trusts("mcu/good.bin")

    async def trusts(self, path: str) -> bool:
        """Whether a unit that was just started takes the target."""
        try:
            await self.unit.restarted().target(path)
        except ReleaseUntrusted:
            return False
        return True

    async def refuses(self, reason: str) -> bool:
        """Whether it refuses what is there, for this reason."""
        try:
            await self.unit.restarted().refresh()
        except ReleaseUntrusted as error:
            if error.reason != reason:
                raise
            return True
        return False

    def version(self, role: str) -> int:
        """The version that the unit has kept; 0: none."""
        path = self.unit.state_dir / "updating" / "trust" / f"{role}.json"
        return int(json.loads(path.read_bytes())["signed"]["version"]) if path.exists() else 0


@dataclass(frozen=True)
class Attack:
    """`name` says what is tried."""

    name: str
    run: Callable[[Scene], Awaitable[None]]
    like: str = ""


ATTACKS: list[Attack] = []
_Run = Callable[[Scene], Awaitable[None]]


def attack(name: str, like: str = "") -> Callable[[_Run], _Run]:
    """Enter a function in the list."""

    def entered(run: _Run) -> _Run:
        ATTACKS.append(Attack(name, run, like))
        return run

    return entered


def replaced(**fields: object) -> Change:
    """A change that sets fields of what is signed."""
    return lambda signed: signed.update(fields)


def ended(days: float) -> Change:
    """A change to an end so many days ago."""
    return replaced(expires=stamp(NOW - timedelta(days=days)))
