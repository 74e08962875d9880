"""Leases for units without coverage: an engineer's laptop brings the nonce and takes the lease back."""

from fleet.checks.grants import Answer, Grants
from fleet.checks.permits import Check, permit
from fleet.checks.proven import proven
from fleet.checks.refusals import NO_RECEIPT
from fleet.clock import Clock
from fleet.errors import NotLoggedYet, RequestRefused
from fleet.mandates.refusing import OpeningRefused, note_refusal
from fleet.mandates.standing import Obstacle
from fleet.metrics import Metrics
from fleet.store.store import Store
from protocols.api.checks import CarriedLease, CarriedRequest
from protocols.lease import MAX_CARRIED_LEASE_S
from protocols.opening import NonceMade


class Carrying:
    """Grants leases of at most 15 minutes, under the same rules as others; the unit need not be connected."""

    def __init__(self, store: Store, clock: Clock, grants: Grants, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._grants = grants
        self._metrics = metrics

    async def grant(self, request: CarriedRequest, person_id: str) -> CarriedLease:
        """The lease for what the unit asks. Raises RequestRefused when it did not ask that, OpeningRefused (of which
        the log has an entry), Conflict for an opening that was begun before, NotLoggedYet."""
        boot_id = await self._boot_of(request)
        check = Check(
            opening=request.opening,
            unit_id=request.unit,
            modalities=request.modalities,
            mandate_id=request.mandate,
            person_id=person_id,
            begun_at=self._clock(),
        )
        try:
            found = await self._grants.grant(check, Answer(request.nonce, boot_id, carried=True), first=True)
        except NotLoggedYet:
            await self._withdraw(check, NO_RECEIPT)
            raise
        if not isinstance(found, Obstacle):
            found = await self._objection(check) or found
        if isinstance(found, Obstacle):
            async with self._store.transaction() as transaction:
                await note_refusal(
                    transaction, request.unit, request.mandate, request.modalities, found.rule, person_id, self._clock()
                )
            self._metrics.openings_refused.labels(found.rule).inc()
            raise OpeningRefused(found)
        self._metrics.openings_begun.inc()
        return CarriedLease(grant=found.body, expires_at=found.expires_at)

    async def _objection(self, check: Check) -> Obstacle | None:
        """What changed while the log's receipt was made: then what was granted is not handed out."""
        async with self._store.transaction() as transaction:
            found = await permit(transaction, check, self._clock(), MAX_CARRIED_LEASE_S, first=False)
        if not isinstance(found, Obstacle):
            return None
        await self._withdraw(check, found)
        return found

    async def _withdraw(self, check: Check, obstacle: Obstacle) -> None:
        """Nobody gets the lease that was granted: it stands in nobody's way, and uses no minutes."""
        async with self._store.transaction() as transaction:
            said = (obstacle.rule, obstacle.sentence)
            await transaction.checks.close(check.opening, "refused", *said, self._clock())
            transaction.changed.units.add(check.unit_id)

    async def _boot_of(self, request: CarriedRequest) -> str:
        if len(set(request.modalities)) != len(request.modalities):
            raise RequestRefused("modality-twice", "a modality is named twice", "name each once")
        async with self._store.transaction() as transaction:
            signal = await proven(transaction, request.unit, request.sealed, self._clock())
        asked = isinstance(signal, NonceMade) and (signal.opening, signal.nonce) == (request.opening, request.nonce)
        if not asked or not isinstance(signal, NonceMade):
            raise RequestRefused(
                "bad-signature",
                f"the request was not made by {request.unit}, or was changed on the way",
                "ask the unit again: edge-agent carried ask",
            )
        return signal.boot_id
