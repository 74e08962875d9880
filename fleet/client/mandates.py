"""Mandates at the controller, and signing them with the person's own key."""

from datetime import datetime

from fleet.client.session import Session
from fleet.client.signing import sign
from protocols.api.duties import Duty
from protocols.api.mandates import (
    Cancelling,
    KitRecovered,
    MandatePage,
    MandateSignature,
    MandateState,
    MandateView,
    NewMandate,
)
from protocols.errors import InvalidMandate
from protocols.mandate import MANDATE_NAMESPACE, Mandate, read_mandate, signed_bytes


class MandateRequests:
    """What can be asked and done about mandates; part of `FleetClient`."""

    _session: Session

    async def duties(self) -> list[Duty]:
        """What waits for this person of rotas, and for them or anybody of authorities and mandates, most urgent
        first."""
        return await self._session.request("GET", "/api/duties", list[Duty])

    async def mandates(
        self,
        unit_id: str | None = None,
        *,
        state: MandateState | None = None,
        mine: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> MandatePage:
        """Mandates, newest first, at most `limit` (200); with `mine` those that wait for this person to sign."""
        query = {"unit": unit_id, "state": state, "mine": mine or None, "offset": offset, "limit": limit}
        return await self._session.request("GET", "/api/mandates", MandatePage, query=query)

    async def mandate(self, mandate_id: str) -> MandateView:
        """One mandate."""
        return await self._session.request("GET", f"/api/mandates/{mandate_id}", MandateView)

    async def draft_mandate(self, new: NewMandate) -> MandateView:
        """Ask for a mandate, which nobody has signed yet."""
        return await self._session.request("POST", "/api/mandates", MandateView, body=new)

    async def sign_mandate(self, read: Mandate) -> MandateView:
        """Sign a mandate that was read (see `read_view`) with this person's key, and hand the signature in.

        Raises NoSigningKey besides.
        """
        message = signed_bytes(read.text())
        armored = await sign(message, MANDATE_NAMESPACE, self._session.settings.key_file)
        return await self.hand_in_signature(read.mandate, armored)

    async def hand_in_signature(self, mandate_id: str, armored: str) -> MandateView:
        """Hand in the signature of requester or approver, made elsewhere."""
        body = MandateSignature(signature=armored)
        return await self._session.request("POST", f"/api/mandates/{mandate_id}/sign", MandateView, body=body)

    async def discard_mandate(self, mandate_id: str) -> MandateView:
        """Give up a draft."""
        return await self._session.request("POST", f"/api/mandates/{mandate_id}/discard", MandateView)

    async def cancel_mandate(self, mandate_id: str, reason: str) -> MandateView:
        """End a mandate before its time: the unit closes."""
        body = Cancelling(reason=reason)
        return await self._session.request("POST", f"/api/mandates/{mandate_id}/cancel", MandateView, body=body)

    async def kit_recovered(self, mandate_id: str, note: str) -> MandateView:
        """The unit of a cancelled mandate is back; `note` says how that is known."""
        body = KitRecovered(note=note)
        return await self._session.request("POST", f"/api/mandates/{mandate_id}/recovered", MandateView, body=body)


def read_view(view: MandateView) -> Mandate:
    """What a mandate's own line says, which is what is signed, whatever the controller shows beside it.

    Raises InvalidMandate: reasons of `read_mandate`, and `mandate-differs` when something else is shown than it says.
    """
    line = read_mandate(view.text)
    shown = (view.mandate_id, view.kind, view.unit, view.authority, view.allows, view.purpose, *_times(view))
    said = (line.mandate, line.kind, line.unit, line.authority, line.allows, line.purpose, *_window(line))
    if shown != said or (view.requester, view.approver) != (line.requester, line.approver):
        raise InvalidMandate("mandate-differs", f"the line of {view.mandate_id} says something else than is shown")
    return line


def _times(view: MandateView) -> tuple[datetime, datetime]:
    return view.not_before, view.not_after


def _window(line: Mandate) -> tuple[datetime, datetime]:
    return line.not_before, line.not_after
