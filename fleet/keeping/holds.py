"""Legal holds: while one stands, no free text of the entries in its scope is erased."""

from datetime import datetime

import msgspec

from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.log import HoldPlaced, HoldReleased, LogScope
from fleet.errors import Conflict, NotFound
from fleet.settings import RetentionSettings
from fleet.store.store import Store
from protocols.api.log import HoldView, LogQuery, RetentionView
from protocols.ids import new_token_id

MAX_STANDING = 200
_SHOWN = 500


class LegalHolds:
    """Placing, releasing and listing holds; each change is an entry in its own transaction."""

    def __init__(self, store: Store, clock: Clock, settings: RetentionSettings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    async def retention(self) -> RetentionView:
        """For how long texts are kept, and how many holds stand."""
        async with self._store.transaction() as transaction:
            standing = await transaction.legal_holds.count_standing()
        years_of = dict(sorted(self._settings.log_text_years_of.items()))
        return RetentionView(text_years=self._settings.log_text_years, text_years_of=years_of, holds=standing)

    async def every(self) -> list[HoldView]:
        """Those that stand, then the latest released ones."""
        async with self._store.transaction() as transaction:
            return await transaction.legal_holds.every(_SHOWN)

    async def place(self, scope: LogScope, reason: str, actor: str) -> HoldView:
        """Place a hold; raises Conflict for an empty scope, and when MAX_STANDING stand already.

        When it returns, nothing of the scope is erased any more: an erasure under way was waited for.
        """
        if scope == LogScope():
            raise Conflict(
                "hold-empty",
                "a hold on everything says nothing: name at least one",
                "name a unit, person, authority, deployment, kind or period",
            )
        now = self._clock()
        hold = HoldView(
            hold_id=new_token_id(),
            scope=LogQuery(**msgspec.structs.asdict(scope)),
            reason=reason,
            placed_by=actor,
            placed_at=now,
            released_by=None,
            released_at=None,
        )
        async with self._store.transaction() as transaction:
            await transaction.legal_holds.lock()
            if await transaction.legal_holds.count_standing() >= MAX_STANDING:
                raise Conflict("holds-full", f"{MAX_STANDING} holds stand already", "release one that is not needed")
            await transaction.legal_holds.add(hold)
            await transaction.log.append(
                HoldPlaced(
                    at=now,
                    actor=actor,
                    unit=scope.unit,
                    authority=scope.authority,
                    deployment=scope.deployment,
                    hold=hold.hold_id,
                    scope=scope,
                    reason=HashedText(reason),
                )
            )
        return hold

    async def release(self, hold_id: str, reason: str, actor: str) -> HoldView:
        """End a hold; raises NotFound, or Conflict when it is released already."""
        now: datetime = self._clock()
        async with self._store.transaction() as transaction:
            hold = await transaction.legal_holds.one(hold_id)
            if hold is None:
                raise NotFound("hold-unknown", f"there is no hold {hold_id}", "list the holds")
            if not await transaction.legal_holds.release(hold_id, actor, now):
                raise Conflict("hold-released", f"{hold.released_by} has released this hold already", "list the holds")
            await transaction.log.append(
                HoldReleased(
                    at=now,
                    actor=actor,
                    unit=hold.scope.unit,
                    authority=hold.scope.authority,
                    deployment=hold.scope.deployment,
                    hold=hold_id,
                    reason=HashedText(reason),
                )
            )
        return msgspec.structs.replace(hold, released_by=actor, released_at=now)
