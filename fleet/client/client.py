"""The one door to the controller's API: a typed method for each route."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fleet.client.advice import AdviceRequests
from fleet.client.alarms import AlarmRequests
from fleet.client.authorities import AuthorityRequests
from fleet.client.calendars import CalendarRequests
from fleet.client.call_outs import CallOutRequests
from fleet.client.checklists import ChecklistRequests
from fleet.client.checks import CheckRequests
from fleet.client.deployments import DeploymentRequests
from fleet.client.error_reports import ErrorReportRequests
from fleet.client.errors import ClientError, NoPeopleAnchor, PeopleNotTrusted
from fleet.client.feed import ChangeFeed
from fleet.client.handovers import HandoverRequests
from fleet.client.holds import HoldRequests
from fleet.client.kit import KitRequests
from fleet.client.log import LogRequests
from fleet.client.mandates import MandateRequests
from fleet.client.oncall import OnCallRequests
from fleet.client.openings import OpeningRequests
from fleet.client.people import PeopleChain, ReadDraft, begin_chain, check_voucher, extend_chain
from fleet.client.releases import ReleaseRequests
from fleet.client.reports import ReportRequests
from fleet.client.rollouts import RolloutRequests
from fleet.client.rota_changes import RotaChangeRequests
from fleet.client.rota_people import RotaPeopleRequests
from fleet.client.rotas import RotaRequests
from fleet.client.session import Session
from fleet.client.settings import ClientSettings
from fleet.client.signing import sign
from fleet.client.sites import SiteRequests
from fleet.client.welfare import WelfareRequests
from fleet.client.wiring import WiringRequests
from protocols.api.events import EventPage, EventView
from protocols.api.joins import AcceptedUnit, Decision, Invite, JoinView, Refusal, VoucherMade, VoucherView
from protocols.api.people import AccessEnded, DraftSignature, DraftView, PeopleChange, PersonView
from protocols.api.sessions import Whoami
from protocols.api.units import (
    CertificateView,
    CommandView,
    History,
    LabelChange,
    SettingsChange,
    Standing,
    StandingChange,
    Summary,
    UnitDetail,
    UnitPage,
    UnitSort,
)
from protocols.people import PEOPLE_NAMESPACE, SignedPeopleList
from protocols.settings import UnitSettings
from protocols.uplink import Severity

SIGN_OUT_WAIT_S = 3.0
"""How long leaving waits for the controller to end the session; it ends by itself when idle."""


class FleetClient(
    LogRequests,
    HoldRequests,
    OpeningRequests,
    ErrorReportRequests,
    CheckRequests,
    AuthorityRequests,
    MandateRequests,
    RotaRequests,
    RotaPeopleRequests,
    RotaChangeRequests,
    OnCallRequests,
    CallOutRequests,
    CalendarRequests,
    AlarmRequests,
    KitRequests,
    SiteRequests,
    DeploymentRequests,
    ChecklistRequests,
    AdviceRequests,
    ReportRequests,
    WelfareRequests,
    HandoverRequests,
    WiringRequests,
    ReleaseRequests,
    RolloutRequests,
):
    """A signed-in person at the controller. Every method raises a ClientError when it can not do what it says."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._chain: PeopleChain | None = None

    def __repr__(self) -> str:
        return f"FleetClient({self._session!r})"

    @property
    def url(self) -> str:
        """The controller's address."""
        return self._session.settings.url

    @property
    def idle_minutes(self) -> int:
        """Minutes without a request after which the session ends."""
        return self._session.idle_minutes

    def feed(self) -> ChangeFeed:
        """The feed of changes, to be entered with `async with`."""
        return ChangeFeed(self._session)

    async def whoami(self) -> Whoami:
        """Who this session is and what its role allows."""
        return await self._session.request("GET", "/api/session", Whoami)

    async def sign_out(self) -> None:
        """End the session."""
        await self._session.sign_out()

    async def summary(self) -> Summary:
        """The fleet in numbers."""
        return await self._session.request("GET", "/api/summary", Summary)

    async def list_units(
        self,
        filter: str = "",  # noqa: A002  the query parameter's own name
        sort: UnitSort = "label",
        *,
        descending: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> UnitPage:
        """Rows `offset` … `offset + limit` (at most 500) of the units that pass `filter`."""
        query = {"filter": filter or None, "sort": sort, "descending": descending, "offset": offset, "limit": limit}
        return await self._session.request("GET", "/api/units", UnitPage, query=query)

    async def unit(self, unit_id: str) -> UnitDetail:
        """All of one unit."""
        return await self._session.request("GET", f"/api/units/{unit_id}", UnitDetail)

    async def history(self, unit_id: str, figure: str, hours: int = 24) -> History:
        """One figure of a unit over the last `hours`."""
        query = {"figure": figure, "hours": hours}
        return await self._session.request("GET", f"/api/units/{unit_id}/history", History, query=query)

    async def change_settings(self, unit_id: str, change: SettingsChange) -> UnitSettings:
        """Change what the unit should do; returns the settings now wanted."""
        return await self._session.request("PUT", f"/api/units/{unit_id}/settings", UnitSettings, body=change)

    async def change_label(self, unit_id: str, label: str) -> None:
        """Give the unit another short name."""
        await self._session.perform("PUT", f"/api/units/{unit_id}/label", body=LabelChange(label))

    async def request_report(self, unit_id: str) -> CommandView:
        """Ask the unit for a report now; the command's state is followed with `commands`."""
        return await self._session.request("POST", f"/api/units/{unit_id}/report", CommandView)

    async def commands(self, unit_id: str) -> list[CommandView]:
        """The unit's latest commands, newest first."""
        return await self._session.request("GET", f"/api/units/{unit_id}/commands", list[CommandView])

    async def events(
        self,
        *,
        unit_id: str | None = None,
        severity: Severity | None = None,
        open_only: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> EventPage:
        """Events, newest first, older than event `before`."""
        query = {
            "unit_id": unit_id,
            "severity": severity,
            "open_only": open_only or None,
            "before": before,
            "limit": limit,
        }
        return await self._session.request("GET", "/api/events", EventPage, query=query)

    async def acknowledge(self, event_id: int) -> EventView:
        """Take note of an event in one's own name."""
        return await self._session.request("POST", f"/api/events/{event_id}/acknowledge", EventView)

    async def certificates(self, unit_id: str) -> list[CertificateView]:
        """The unit's newest certificates, newest first."""
        return await self._session.request("GET", f"/api/units/{unit_id}/certificates", list[CertificateView])

    async def revoke_unit(self, unit_id: str, reason: str) -> Standing:
        """End the unit's life in the fleet, for good; `cut_off_at` is filled when its session has been closed."""
        path = f"/api/units/{unit_id}/revoke"
        return await self._session.request("POST", path, Standing, body=StandingChange(reason))

    async def quarantine_unit(self, unit_id: str, reason: str) -> Standing:
        """Let the unit report, and open nothing."""
        path = f"/api/units/{unit_id}/quarantine"
        return await self._session.request("POST", path, Standing, body=StandingChange(reason))

    async def release_unit(self, unit_id: str, reason: str) -> Standing:
        """End the unit's quarantine."""
        path = f"/api/units/{unit_id}/release"
        return await self._session.request("POST", path, Standing, body=StandingChange(reason))

    async def joins(self) -> list[JoinView]:
        """Units that wait to be accepted."""
        return await self._session.request("GET", "/api/joins", list[JoinView])

    async def accept_join(self, join_id: str, fingerprint: str) -> AcceptedUnit:
        """Accept the unit whose key has the `fingerprint` the person compared."""
        path = f"/api/joins/{join_id}/accept"
        return await self._session.request("POST", path, AcceptedUnit, body=Decision(fingerprint))

    async def refuse_join(self, join_id: str, reason: str) -> None:
        """Turn the unit away."""
        await self._session.perform("POST", f"/api/joins/{join_id}/refuse", body=Refusal(reason))

    async def invite(self, label: str = "") -> VoucherMade:
        """Make a voucher; its text is shown this once.

        Raises NoPeopleAnchor before anything is made, VoucherNotTrusted when what was made is not of the pinned fleet.
        """
        anchor = self._anchor()
        made = await self._session.request("POST", "/api/vouchers", VoucherMade, body=Invite(label))
        check_voucher(made.text, root_sha256=self._session.pin.root_sha256_hex, anchor_sha256=anchor)
        return made

    async def vouchers(self) -> list[VoucherView]:
        """Vouchers, without their secrets."""
        return await self._session.request("GET", "/api/vouchers", list[VoucherView])

    async def withdraw_voucher(self, voucher_id: str) -> None:
        """Make a voucher useless."""
        await self._session.perform("DELETE", f"/api/vouchers/{voucher_id}")

    async def people(self) -> list[PersonView]:
        """Everybody, ended ones included."""
        return await self._session.request("GET", "/api/people", list[PersonView])

    async def people_chain(self) -> PeopleChain:
        """All people lists from the pinned anchor on, checked; raises NoPeopleAnchor or PeopleNotTrusted.

        What was checked before is not asked for again, so the controller can not take it back.
        """
        if self._chain is None:
            anchor = self._anchor()
            first = await self._lists_after(None)
            if not first:
                raise PeopleNotTrusted("there is none")
            self._chain = extend_chain(begin_chain(anchor, first[0]), first[1:])
        # It ends: every list that is taken is signed by two administrators, and has a higher version.
        while lists := await self._lists_after(self._chain.newest.version):
            self._chain = extend_chain(self._chain, lists)
        return self._chain

    async def people_drafts(self) -> list[DraftView]:
        """Next lists that wait for signatures, then the latest others; to be read with `fleet.client.people`."""
        return await self._session.request("GET", "/api/people/drafts", list[DraftView])

    async def draft_people(self, change: PeopleChange) -> DraftView:
        """Draft the list that `change` leads to; two administrators have to sign it."""
        return await self._session.request("POST", "/api/people/drafts", DraftView, body=change)

    async def sign_draft(self, draft: ReadDraft) -> DraftView:
        """Sign a draft that was read and checked here, with this person's key; raises NoSigningKey too."""
        armored = await sign(draft.text.encode(), PEOPLE_NAMESPACE, self._session.settings.key_file)
        path = f"/api/people/drafts/{draft.draft_id}/sign"
        return await self._session.request("POST", path, DraftView, body=DraftSignature(armored))

    async def withdraw_draft(self, draft_id: str) -> None:
        """Withdraw a draft."""
        await self._session.perform("DELETE", f"/api/people/drafts/{draft_id}")

    async def end_person(self, person_id: str) -> AccessEnded:
        """End a person's access at once, and draft the list without them."""
        return await self._session.request("POST", f"/api/people/{person_id}/end", AccessEnded)

    def _anchor(self) -> str:
        anchor = self._session.settings.people_anchor
        if anchor is None:
            raise NoPeopleAnchor
        return anchor

    async def _lists_after(self, version: int | None) -> list[SignedPeopleList]:
        query = {"after": version}
        return await self._session.request("GET", "/api/people/lists", list[SignedPeopleList], query=query)


@asynccontextmanager
async def connect(settings: ClientSettings) -> AsyncIterator[FleetClient]:
    """A signed-in client; leaving it signs out if the controller still answers.

    Raises InvalidClientSettings, NoSigningKey, SignInRefused, NotReachable, CertificateNotTrusted.
    """
    session = Session(settings)
    try:
        await session.sign_in()
        yield FleetClient(session)
    finally:
        with suppress(ClientError, TimeoutError):
            async with asyncio.timeout(SIGN_OUT_WAIT_S):
                await session.sign_out()
        await session.close()
