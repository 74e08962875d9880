"""Sending the pages that wait: claimed, handed over, marked. A controller that dies in between leaves its claim to the
next one, so a page comes at least once, and from two controllers that live not twice."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import structlog

from fleet.alarms.rules.message import Message, Said, page_message
from fleet.alarms.rules.paging import retry_at
from fleet.clock import Clock
from fleet.entries.alarms import AlarmPaged
from fleet.entries.entry import CONTROLLER
from fleet.errors import StoreUnavailable
from fleet.feed.hub import Hub
from fleet.metrics import Metrics
from fleet.paging.delivery import Delivery
from fleet.paging.engine import until_changed
from fleet.store.alarm_pages import ClaimedPage
from fleet.store.store import Store, Transaction
from protocols.alarms import CHANNELS, LINK_VALID_H, Channel

_WORKERS = 2
"""For each channel, so that webhooks that hang keep no mail waiting."""
_LOT = 500
"""Pages in one message †."""
_LOOK_S = 5.0
_AGAIN_S = 5.0
_CLAIM = timedelta(seconds=90)
"""Longer than sending can take."""

_log = structlog.get_logger(__name__)


class _Lot(NamedTuple):
    """Pages to one contact, in one message."""

    pages: list[ClaimedPage]
    message: Message


class Sender:
    """Runs in every controller. `url` is where links lead."""

    def __init__(self, store: Store, clock: Clock, hub: Hub, delivery: Delivery, url: str, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._hub = hub
        self._delivery = delivery
        self._url = url.rstrip("/")
        self._metrics = metrics

    async def run(self) -> None:
        """Send until cancelled; a lost database only delays."""
        with self._hub.subscribe() as subscription:
            while True:
                try:
                    await self.send_due()
                except StoreUnavailable as error:
                    _log.warning("pages wait for the database", detail=error.detail)
                    await asyncio.sleep(_AGAIN_S)
                    continue
                await until_changed(subscription, _LOOK_S)

    async def send_due(self) -> int:
        """Send all that is due now; returns how many pages were handed over, or tried. Raises StoreUnavailable."""
        workers = [
            asyncio.create_task(self._work(channel), name=f"alarms: sender {channel} {number}")
            for channel in CHANNELS
            for number in range(_WORKERS)
        ]
        try:
            return sum(await asyncio.gather(*workers))
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, channel: Channel) -> int:
        done = 0
        while (lot := await self._claim(channel)) is not None:
            first = lot.pages[0]
            error = await self._delivery.send(first.channel, first.address, lot.message)
            await self._mark(lot.pages, error)
            done += len(lot.pages)
        return done

    async def _claim(self, channel: Channel) -> _Lot | None:
        now = self._clock()
        async with self._store.transaction() as transaction:
            pages = await transaction.alarm_pages.claim(channel, now, now + _CLAIM, _LOT)
            if not pages:
                return None
            return _Lot(pages, await self._message(transaction, pages, now))

    async def _message(self, transaction: Transaction, pages: Sequence[ClaimedPage], now: datetime) -> Message:
        said = []
        for page in pages:
            alarm = await transaction.alarms.one(page.alarm_id, now)
            assert alarm is not None, "alarms are never deleted"
            link = await self._link(transaction, page, now)
            said.append(
                Said(
                    alarm_id=alarm.alarm_id,
                    label=alarm.label or alarm.subject,
                    kind=alarm.kind,
                    severity=alarm.severity,
                    deployment=alarm.deployment_id,
                    summary=alarm.summary if alarm.in_page else "",
                    raised_at=alarm.raised_at,
                    times=alarm.count,
                    level=page.level,
                    again=page.round > 0,
                    link=link,
                )
            )
        return page_message(said, LINK_VALID_H, now)

    async def _link(self, transaction: Transaction, page: ClaimedPage, now: datetime) -> str:
        token = secrets.token_urlsafe(32)
        expires_at = now + timedelta(hours=LINK_VALID_H)
        hashed = sha256(token.encode()).digest()
        await transaction.alarm_pages.add_link(hashed, page.alarm_id, page.person_id, now, expires_at)
        return f"{self._url}/ack/{token}"

    async def _mark(self, pages: Sequence[ClaimedPage], error: str) -> None:
        now = self._clock()
        async with self._store.transaction() as transaction:
            if error:
                await self._failed(transaction, pages, error, now)
            else:
                sent = await transaction.alarm_pages.sent([page.page_id for page in pages], now)
                for page in pages:
                    if page.page_id in sent:
                        await _enter(transaction, page, now, sent=True)
            contact = pages[0].contact_id
            await transaction.alarm_people.contact_worked(contact, now, works=not error)
            transaction.changed.alarms = True
        self._metrics.pages_sent.labels("failed" if error else "sent").inc(len(pages))
        if error:
            _log.warning("a page did not go", person=pages[0].person_id, channel=pages[0].channel, error=error)

    async def _failed(self, transaction: Transaction, pages: Sequence[ClaimedPage], error: str, now: datetime) -> None:
        for page in pages:
            again = retry_at(page.tries, now)
            if again is not None:
                await transaction.alarm_pages.again(page.page_id, again, error)
            elif await transaction.alarm_pages.failed(page.page_id, error):
                await _enter(transaction, page, now, sent=False)


async def _enter(transaction: Transaction, page: ClaimedPage, now: datetime, *, sent: bool) -> None:
    alarm = await transaction.alarms.one(page.alarm_id, now)
    await transaction.log.append(
        AlarmPaged(
            at=now,
            actor=CONTROLLER,
            unit=None if alarm is None else alarm.unit_id,
            deployment=None if alarm is None else alarm.deployment_id,
            alarm=page.alarm_id,
            person=page.person_id,
            level=page.level,
            channel=page.channel,
            sent=sent,
            tries=page.tries,
        )
    )
