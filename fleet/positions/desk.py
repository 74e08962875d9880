"""Looking at a unit's position: each look is counted and logged, without the coordinates."""

from datetime import datetime

from fleet.clock import Clock
from fleet.entries.access import PositionRead
from fleet.errors import NotFound
from fleet.mandates.refusing import OpeningRefused, note_refusal
from fleet.mandates.standing import Obstacle, Standing, may_open
from fleet.openings.budgets import day_of, day_starts
from fleet.positions.sealing import PositionSeal
from fleet.store.positions import StoredPosition
from fleet.store.store import Store, Transaction
from protocols.api.checks import PositionView


class PositionDesk:
    """Where people look."""

    def __init__(self, store: Store, clock: Clock, seal: PositionSeal) -> None:
        self._store = store
        self._clock = clock
        self._seal = seal

    async def look(
        self, unit_id: str, mandate_id: str | None, person_id: str, opening: str | None = None
    ) -> PositionView:
        """The last position, while the mandate that it was found under lives, and within its openings a day as the
        budget of looks. With an `opening`, only while what that check found is the last. Raises NotFound,
        OpeningRefused (of which the log has an entry); Conflict where it was sealed with another controller's key."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            if await transaction.checks.unit_now(unit_id, locked=True) is None:
                raise NotFound("unit-unknown", f"there is no unit {unit_id}", "list units to see their ids")
            position = await transaction.positions.get(unit_id)
            if position is None or mandate_id not in {None, position.mandate_id}:
                raise NotFound("no-position", f"no position of {unit_id} is kept", "have it found: fleet position")
            if opening not in {None, position.opening}:
                raise NotFound(
                    "position-not-kept",
                    "the position that this check found is no longer kept: a later one took its place",
                    "look at the last one, or have it found anew: fleet position",
                )
            found = await self._shown(transaction, position, person_id, now)
            if isinstance(found, Obstacle):
                mandate = position.mandate_id
                await note_refusal(transaction, unit_id, mandate, ["position"], found.rule, person_id, now)
        if isinstance(found, Obstacle):
            raise OpeningRefused(found)
        return found

    async def _shown(
        self, transaction: Transaction, position: StoredPosition, person_id: str, now: datetime
    ) -> PositionView | Obstacle:
        standing = await may_open(transaction, position.mandate_id, "position", now)
        if isinstance(standing, Obstacle):
            return standing
        obstacle = await self._used_up(transaction, position, standing)
        if obstacle is not None:
            return obstacle
        view = self._view(position)
        entry = PositionRead(
            at=now,
            actor=person_id,
            unit=position.unit_id,
            authority=standing.authority,
            opening=position.opening,
            mandate=position.mandate_id,
        )
        await transaction.log.append(entry)
        return view

    async def _used_up(self, transaction: Transaction, position: StoredPosition, standing: Standing) -> Obstacle | None:
        allowance = standing.mandate.allowance("position")
        assert allowance is not None, "it stands for this modality"
        day = day_starts(day_of(self._clock()))
        looks = await transaction.positions.looks(position.unit_id, position.mandate_id, day)
        if looks < allowance.openings_per_day:
            return None
        said = f"the position was looked at {looks} times today, which is what the mandate allows"
        return Obstacle("over-openings", said, "wait until tomorrow, or have a mandate with more signed")

    def _view(self, position: StoredPosition) -> PositionView:
        at = self._seal.unseal(
            position.sealed, unit_id=position.unit_id, opening=position.opening, mandate_id=position.mandate_id
        )
        return PositionView(
            unit=position.unit_id,
            opening=position.opening,
            latitude_deg=at.latitude_deg,
            longitude_deg=at.longitude_deg,
            hdop=position.hdop,
            satellites=position.satellites,
            found_at=position.found_at,
        )
