"""Terms, absences and wishes of people on rotas, at the controller."""

from datetime import datetime

from fleet.client.session import Session
from protocols.api.rota_people import AbsenceView, NewAbsence, NewWish, PersonTerms, SetTerms, WishView


class RotaPeopleRequests:
    """What can be asked and done about people on rotas; part of `FleetClient`. Times have a zone."""

    _session: Session

    async def rota_people(self) -> list[PersonTerms]:
        """The terms of those whose working time this person may see, and their own."""
        return await self._session.request("GET", "/api/rota-people", list[PersonTerms])

    async def set_terms(self, person_id: str, new: SetTerms) -> PersonTerms:
        """Set somebody's terms."""
        return await self._session.request("PUT", f"/api/rota-people/{person_id}", PersonTerms, body=new)

    async def absences(
        self, person_id: str | None = None, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[AbsenceView]:
        """Leave and deployments away (of one person, or all) in a time, withdrawn ones too."""
        query = {"person": person_id, "since": since, "until": until}
        return await self._session.request("GET", "/api/absences", list[AbsenceView], query=query)

    async def add_absence(self, new: NewAbsence) -> AbsenceView:
        """Record leave or a deployment away."""
        return await self._session.request("POST", "/api/absences", AbsenceView, body=new)

    async def withdraw_absence(self, absence_id: str) -> AbsenceView:
        """It does not count."""
        return await self._session.request("POST", f"/api/absences/{absence_id}/withdraw", AbsenceView)

    async def wishes(self, person_id: str | None = None) -> list[WishView]:
        """Wishes that are not over (of one person, or of all whose this person may see)."""
        return await self._session.request("GET", "/api/wishes", list[WishView], query={"person": person_id})

    async def add_wish(self, new: NewWish) -> WishView:
        """Wish to be on call in a time, or not to be."""
        return await self._session.request("POST", "/api/wishes", WishView, body=new)

    async def withdraw_wish(self, wish_id: str) -> WishView:
        """It does not count any more."""
        return await self._session.request("POST", f"/api/wishes/{wish_id}/withdraw", WishView)
