"""Watching in a browser: a link that is good once, and the WHEP resource that it becomes."""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from fleet.checks.desk import CheckDesk, unknown
from fleet.checks.media import Watcher
from fleet.checks.permits import may_watch
from fleet.checks.runner import CheckRunner
from fleet.checks.tools import Tools
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.media.browser import BrowserViewer
from fleet.media.errors import MediaError, OfferUnusable
from fleet.store.checks import LinkMade
from fleet.store.store import Transaction
from protocols.api.checks import LINK_S, CheckState, WatchLink
from protocols.opening import IceServer

_TOKEN_BYTES = 16
_KEY_BYTES = 32
_MAX_KEPT = 256
_NAME_CHARS = 16


class WatchStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a check stands, for the page that plays it."""

    state: CheckState
    reason: str
    detail: str
    lease_left_s: int
    viewers: list[str]


@dataclass(frozen=True, slots=True)
class Playing:
    """A browser's place; `answer` is the session description for it."""

    viewer_id: str
    answer: str


@dataclass(frozen=True, slots=True)
class _Place:
    runner: CheckRunner
    watcher: Watcher
    browser: BrowserViewer


class LinkUsed(NotFound):
    """A link that was used, is too old, or never was; which, is not told."""

    def __init__(self) -> None:
        super().__init__("link-over", "this link was used already, or is too old", "ask for another one in the console")


class Browsers:
    """The browsers that watch this controller's checks; `url` is where people reach it."""

    def __init__(self, tools: Tools, desk: CheckDesk, url: str) -> None:
        self._tools = tools
        self._desk = desk
        self._url = url
        # Only this controller serves its checks: a row that somebody else writes into the database opens nothing.
        self._key = secrets.token_bytes(_KEY_BYTES)
        self._places: OrderedDict[tuple[bytes, str], _Place] = OrderedDict()

    async def link(self, opening: str, person_id: str) -> WatchLink:
        """A link for one browser, in the name of a person; raises NotFound, Conflict unless it is live here."""
        runner = self._desk.runner(opening)
        if runner is None:
            await self._desk.view(opening)
        if runner is None or not runner.is_live or not runner.media.is_wanted:
            raise Conflict("not-live", "there is nothing to watch", "wait until it is open, or begin another check")
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        expires_at = self._tools.clock() + timedelta(seconds=LINK_S)
        async with self._tools.store.transaction() as transaction:
            await transaction.checks.add_link(self._mac(token), opening, person_id, expires_at)
        return WatchLink(url=f"{self._url}/watch/{token}", expires_at=expires_at)

    async def ice_servers(self, token: str) -> Sequence[IceServer]:
        """How the browser that has the link of `token` may reach the controller, with credentials that live minutes;
        the link is not used up. Raises LinkUsed, NotFound when the check is not live here."""
        hashed = self._mac(token)
        async with self._tools.store.transaction() as transaction:
            link = await transaction.checks.link(hashed, self._tools.clock())
            await self._runner_of(transaction, link)
        assert link is not None, "it has a runner"
        # A name of its own: coturn bounds what each has at a time, and no browser may take from the unit or another.
        return self._tools.ice_for(f"{link.opening}-{hashed.hex()[:_NAME_CHARS]}")

    async def play(self, token: str, offer: str) -> Playing:
        """Use the link of `token` up for the browser that makes `offer` (SDP).

        Raises LinkUsed, Conflict when the check is over, RequestRefused when the offer can not be answered.
        """
        came: list[tuple[CheckRunner, Watcher]] = []
        try:
            async with self._tools.store.transaction() as transaction:
                await self._admit(transaction, token, came)
            [(runner, watcher)] = came
            runner.media.admitted(watcher)
            browser = await runner.media.play(watcher, offer)
        except BaseException as error:
            for runner, watcher in came:
                runner.media.go(watcher)
            if isinstance(error, OfferUnusable):
                raise RequestRefused(error.reason, error.detail, "use another browser, or the terminal") from error
            if isinstance(error, MediaError):
                raise Conflict("check-over", str(error), "begin another check") from error
            raise
        self._places[self._mac(token), watcher.viewer_id] = _Place(runner, watcher, browser)
        while len(self._places) > _MAX_KEPT:
            self._places.popitem(last=False)
        return Playing(watcher.viewer_id, browser.answer)

    def stands(self, token: str, viewer_id: str) -> WatchStatus:
        """How the check stands that a browser watches; closed for one that is given nothing more. Raises NotFound."""
        place = self._place(token, viewer_id)
        news = place.runner.news()
        state, detail = news.state, news.detail
        if place.browser.is_over and not place.runner.media.is_over:
            state, detail = "closed", "this browser was disconnected"
        return WatchStatus(
            state=state,
            reason=news.reason,
            detail=detail,
            lease_left_s=news.lease_left_s,
            viewers=news.viewers,
        )

    async def leave(self, token: str, viewer_id: str) -> None:
        """A browser goes; raises NotFound."""
        place = self._place(token, viewer_id)
        del self._places[self._mac(token), viewer_id]
        await place.browser.close("viewer-closed")
        place.runner.media.go(place.watcher)

    async def _admit(self, transaction: Transaction, token: str, came: list[tuple[CheckRunner, Watcher]]) -> None:
        """Use the link up, and write down who watches; `came` gets the check and the viewer who then waits for it."""
        link = await transaction.checks.use_link(self._mac(token), self._tools.clock())
        runner = await self._runner_of(transaction, link)
        assert link is not None, "it has a runner"
        watcher = runner.media.come(link.person_id, "browser")
        came.append((runner, watcher))
        await runner.media.admit(transaction, watcher)

    async def _runner_of(self, transaction: Transaction, link: LinkMade | None) -> CheckRunner:
        """The check that a link lets somebody watch; raises LinkUsed, NotFound."""
        if link is None:
            raise LinkUsed
        now = self._tools.clock()
        person = await transaction.people.get(link.person_id)
        if person is None or not may_watch(person, now):
            raise LinkUsed
        runner = self._desk.runner(link.opening)
        if runner is None or not runner.is_live:
            raise unknown(link.opening)
        return runner

    def _place(self, token: str, viewer_id: str) -> _Place:
        place = self._places.get((self._mac(token), viewer_id))
        if place is None:
            raise NotFound("viewer-unknown", "nobody watches so", "ask for another link")
        return place

    def _mac(self, token: str) -> bytes:
        return hmac.digest(self._key, token.encode(), "sha256")
