"""A whole agent that belongs to a house of `tests.support.mandates`, on a real broker, by this machine's clock."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.identity import IdentityStore
from protocols.access_record import Modality
from protocols.ids import new_opening_id
from protocols.mandate import Mandate
from protocols.opening import (
    AskNonce,
    Closed,
    GrantLease,
    MediaOffer,
    NonceMade,
    PositionFound,
    Refused,
    Signal,
    read_signal,
)
from protocols.people import PeopleList
from protocols.topics import up_filter
from protocols.uplink import PositionMessage, SignalMessage
from tests.support.agent_peer import JoinedUnit, Peer, peer_on
from tests.support.mandates import ROLES, UNIT, House, allows, mandate
from tests.support.mqtt import Broker


def people_of_today(house: House) -> PeopleList:
    """The house's list, with terms about now."""
    now = datetime.now(UTC)
    term: Any = {"valid_from": now - timedelta(days=9), "valid_until": now + timedelta(days=9)}
    listed = house.people_list(**{person_id.replace("-", "_"): term for person_id in ROLES})
    return msgspec.structs.replace(listed, made_at=now - timedelta(days=5))


def mandate_of_today(*modalities: Modality, **changes: Any) -> Mandate:
    """A mandate from an hour ago to tomorrow."""
    now = datetime.now(UTC).replace(microsecond=0)
    fields = {"not_before": now - timedelta(hours=1), "not_after": now + timedelta(days=1)}
    covered = [allows(modality, openings_per_day=9) for modality in modalities or ("video", "audio")]
    return mandate(**{**fields, "allows": covered, **changes})


@dataclass
class Dealing:
    """The controller's end: asks, grants, hears."""

    house: House
    unit: JoinedUnit
    peer: Peer

    @property
    def said(self) -> list[Signal]:
        """What the unit has said about openings, positions included."""
        kinds = SignalMessage | PositionMessage
        return [read_signal(one.sealed) for one in self.peer.messages if isinstance(one, kinds)]

    @property
    def sealed(self) -> list[SignalMessage]:
        """The same, as it came."""
        return [one for one in self.peer.messages if isinstance(one, SignalMessage)]

    def heard(self, kind: type[Signal], opening: str | None = None) -> list[Any]:
        """What it said of that kind."""
        return [one for one in self.said if isinstance(one, kind) and opening in {None, one.opening}]

    async def hear(self, kind: type[Signal], opening: str | None = None, count: int = 1) -> Any:
        """The last of `count` that it says of that kind."""
        await self.peer.until(lambda: len(self.heard(kind, opening)) >= count)
        return self.heard(kind, opening)[count - 1]

    async def say(self, signal: Any) -> None:
        """Say it to the unit, in an envelope."""
        await self.peer.send(signal, channel="signal")

    async def nonce(self, opening: str, modalities: Sequence[Modality]) -> NonceMade:
        """Ask for a nonce."""
        before = len(self.heard(NonceMade, opening))
        await self.say(AskNonce(opening=opening, modalities=list(modalities)))
        made: NonceMade = await self.hear(NonceMade, opening, before + 1)
        return made

    async def grant(self, asked: Mandate, offer: str | None, *, opening: str | None = None, **lease: Any) -> GrantLease:
        """A grant that answers a fresh nonce, sent to the unit."""
        opening = opening or new_opening_id()
        made = await self.nonce(opening, asked.modalities)
        grant = self.granted(asked, offer, opening=opening, nonce=made.nonce, boot_id=made.boot_id, **lease)
        await self.say(grant)
        return grant

    def granted(self, asked: Mandate, offer: str | None, **lease: Any) -> GrantLease:
        """A grant of now."""
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        media = None if offer is None else MediaOffer(sdp=offer)
        return self.house.granted(asked, unit=self.unit.unit_id, granted_at_ms=now_ms, offer=media, **lease)


@asynccontextmanager
async def dealing_with(broker: Broker, state_dir: Path) -> AsyncIterator[Dealing]:
    """A unit that has joined `broker`, its state in `state_dir`, and the controller of its house; no agent runs yet."""
    house = House()
    unit = JoinedUnit(broker, UNIT, state_dir, house.controller)
    store = IdentityStore(state_dir)
    store.replace(msgspec.structs.replace(store.load(), people_list=people_of_today(house).text()))
    async with peer_on(broker, UNIT, house.controller) as peer:
        for channel in ("signal", "position"):
            await peer.client.subscribe(up_filter(channel), qos=1)
        yield Dealing(house, unit, peer)


def refusals(dealing: Dealing) -> list[str]:
    """The rules by which the unit has refused."""
    return [one.rule for one in dealing.heard(Refused)]


def ends(dealing: Dealing) -> list[str]:
    """The reasons for which it has closed."""
    return [one.reason for one in dealing.heard(Closed)]


def positions(dealing: Dealing) -> list[PositionFound]:
    """Where it said it was."""
    return dealing.heard(PositionFound)
