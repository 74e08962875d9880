"""Sites for those who work at them; each change, and each look at an address, with its entry in one transaction.

Address and access notes are in no entry, not even as a hash.
"""

from datetime import timedelta
from typing import Literal

from fleet.clock import Clock
from fleet.entries.sites import SiteConsulted, SiteErased, SiteSet, SiteSurveyed
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.mandates.rules import whole_utc
from fleet.store.people import Person
from fleet.store.sites import SiteTexts
from fleet.store.store import Store, Transaction
from protocols.api.sites import NewSurvey, SetSite, SitePage, SiteRow, SiteView, SurveyView

LEEWAY = timedelta(minutes=5)
"""By how much a clock of somebody who enters a survey may be ahead †."""
_SURVEYS = 50


class SiteDesk:
    """Every method raises StoreUnavailable; those about one site NotFound; those that change something Conflict or
    RequestRefused."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def sites(self, words: str, offset: int, limit: int) -> SitePage:
        """Rows `offset` … by code, without addresses."""
        async with self._store.transaction() as transaction:
            return await transaction.sites.page(words, offset, limit)

    async def site(self, site: str, caller: Person) -> SiteView:
        """A site with its address, which is entered in the log as a consultation."""
        async with self._store.transaction() as transaction:
            view = await self._view(transaction, site)
            await self._tell(transaction, site, caller)
            return view

    async def set_site(self, site: str, asked: SetSite, caller: Person) -> SiteView:
        """Lay a site down, or write its texts anew, unless it is in another version than `asked.version`."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            there = await transaction.sites.locked(site)
            row = await transaction.sites.one(site)
            version = 0 if row is None else row.version
            if row is not None and row.erased_at is not None:
                raise _erased(site)
            before = there or SiteTexts(address="", access="")
            texts = SiteTexts(
                address=before.address if asked.address is None else asked.address,
                access=before.access if asked.access is None else asked.access,
            )
            if asked.version != version:
                raise _changed(site, version, asked.version)
            if row is None:
                if not await transaction.sites.add(site, texts):
                    raise _changed(site, 1, asked.version)
            else:
                await transaction.sites.change(site, version + 1, texts)
            await transaction.log.append(
                SiteSet(at=now, actor=caller.person_id, site_code=site, version=version + 1, changed=_written(asked))
            )
            transaction.changed.deployments = True
            return await self._shown(transaction, site, caller, known=asked)

    async def survey(self, site: str, asked: NewSurvey, caller: Person) -> SiteView:
        """Enter what the caller found there. The same moment twice is refused."""
        now = self._clock()
        surveyed_at = whole_utc(asked.surveyed_at, now)
        if surveyed_at > now + LEEWAY:
            raise RequestRefused("in-the-future", "a survey is entered once it was made", "write a past time")
        survey = SurveyView(
            surveyed_at=surveyed_at,
            surveyed_by=caller.person_id,
            supply=asked.supply,
            supply_mv=asked.supply_mv,
            signals=asked.signals,
            note=asked.note,
        )
        async with self._store.transaction() as transaction:
            await _known(transaction, site)
            if not await transaction.sites.add_survey(site, survey):
                raise Conflict(
                    "survey-there",
                    f"{site} has a survey of {surveyed_at:%Y-%m-%d %H:%M:%S} UTC already",
                    "write when this one was made",
                )
            await transaction.log.append(
                SiteSurveyed(
                    at=now,
                    actor=caller.person_id,
                    site_code=site,
                    surveyed_at=surveyed_at,
                    supply=asked.supply,
                    supply_mv=asked.supply_mv,
                    networks=len(asked.signals),
                )
            )
            transaction.changed.deployments = True
            return await self._shown(transaction, site, caller)

    async def erase(self, site: str, caller: Person) -> SiteView:
        """Erase address and access notes for good; the database does not let them be written again."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.sites.locked(site)
            row = await _known(transaction, site)
            if row.erased_at is not None:
                raise _erased(site)
            await transaction.sites.erase(site, row.version + 1, caller.person_id, now)
            await transaction.log.append(
                SiteErased(at=now, actor=caller.person_id, site_code=site, version=row.version + 1)
            )
            transaction.changed.deployments = True
            return await self._shown(transaction, site, caller)

    async def _shown(
        self, transaction: Transaction, site: str, caller: Person, known: SetSite | None = None
    ) -> SiteView:
        """A site as a change answers with it. An entry says that its texts were shown, unless there is nothing that the
        caller did not write just now (`known`)."""
        view = await self._view(transaction, site)
        just_written = ("", "") if known is None else (known.address, known.access)
        if any(
            text not in ("", written) for text, written in zip((view.address, view.access), just_written, strict=True)
        ):
            await self._tell(transaction, site, caller)
        return view

    async def _view(self, transaction: Transaction, site: str) -> SiteView:
        row = await _known(transaction, site)
        texts = await transaction.sites.texts(site) or SiteTexts(address="", access="")
        surveys = await transaction.sites.surveys(site, _SURVEYS)
        return SiteView(row=row, address=texts.address, access=texts.access, surveys=surveys)

    async def _tell(self, transaction: Transaction, site: str, caller: Person) -> None:
        await transaction.log.append(SiteConsulted(at=self._clock(), actor=caller.person_id, site_code=site))


def _written(asked: SetSite) -> list[Literal["address", "access"]]:
    written: list[Literal["address", "access"]] = []
    if asked.address is not None:
        written.append("address")
    if asked.access is not None:
        written.append("access")
    return written


async def _known(transaction: Transaction, site: str) -> SiteRow:
    found = await transaction.sites.one(site)
    if found is None:
        raise NotFound("site-unknown", f"there is no site {site}", "list them: fleet site list")
    return found


def _changed(site: str, there: int, asked: int) -> Conflict:
    return Conflict(
        "site-changed", f"version {there} of {site} is there, and not {asked}", "look at it again, and change that"
    )


def _erased(site: str) -> Conflict:
    return Conflict("site-erased", f"what was written of {site} is erased for good", "use another code")
