"""Keeping the controller's certificates: made anew in time, taken into use without a restart, and told of when near
their end."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import structlog

from fleet.ca.authority import CertificateAuthority
from fleet.ca.errors import AuthorityError
from fleet.ca.expiry import Expiring, Finding, judge
from fleet.clock import Clock
from fleet.errors import StoreUnavailable
from fleet.store.events import ControllerEvent
from fleet.store.store import Store

LOOK_EVERY_S = 10.0
"""How often the files are looked at for changes: `fleet ca` makes them in a process of its own."""
_FOLDERS = ("ca", "tls", "broker")
_SUFFIXES = (".crt", ".key")
_CHECK_EVERY_S = 3600.0
_AGAIN_S = 30.0
_KIND = "certificate-expiring"
_FAULT = "certificate-fault"

_log = structlog.get_logger(__name__)


class Held(Protocol):
    """What the watch keeps: the controller's credentials."""

    @property
    def authority(self) -> CertificateAuthority:
        """The authority that signs."""

    @property
    def directory(self) -> Path:
        """The state directory; the authority is in ca/."""

    def refresh(self, now: datetime) -> bool:
        """Make anew what is due; True when something was. Raises AuthorityError, OSError or ValueError."""

    def reload_broker_tls(self) -> None:
        """Show brokers the newest certificate; raises OSError."""

    def expiring(self) -> list[Expiring]:
        """Everything that ends; raises OSError or ValueError."""


class CertificateWatch:
    """Looks for changed files every ten seconds, and judges all that ends every hour.

    `show` is called after certificates were made anew, so that the API shows its new one; it may raise OSError. What
    is near its end, and what could not be done, becomes an event: once a day for each, until it is mended.
    """

    def __init__(self, held: Held, store: Store, clock: Clock, show: Callable[[], None]) -> None:
        self._held = held
        self._store = store
        self._clock = clock
        self._show = show
        self._seen = self._look()
        self._untaken = True
        self._told: dict[str, date] = {}

    async def run(self) -> None:
        """Watch until cancelled; a lost database only delays the events."""
        loop = asyncio.get_running_loop()
        check_at = loop.time()
        while True:
            if self._look() != self._seen or loop.time() >= check_at:
                try:
                    await self.check()
                    check_at = loop.time() + _CHECK_EVERY_S
                except StoreUnavailable as error:
                    _log.warning("certificates near their end wait for the database", detail=error.detail)
                    check_at = loop.time() + _AGAIN_S
            await asyncio.sleep(LOOK_EVERY_S)

    async def check(self) -> None:
        """Take what ca/ holds now, make anew what is due, and tell what is near its end; raises StoreUnavailable."""
        now = self._clock()
        findings = [*self._take(), *self._renew(now), *self._judge(now)]
        today = now.date()
        fresh = [finding for finding in findings if self._told.get(finding.repeat_key) != today]
        if not fresh:
            return
        async with self._store.transaction() as transaction:
            for finding in fresh:
                kind = _FAULT if finding.repeat_key.startswith(_FAULT) else _KIND
                event = ControllerEvent(
                    kind=kind, severity=finding.severity, summary=finding.summary, repeat_key=finding.repeat_key
                )
                await transaction.events.add(event, now)
            transaction.changed.events = True
        self._told = {finding.repeat_key: today for finding in findings}

    def _look(self) -> frozenset[tuple[str, int, int, int]]:
        """What shows that a certificate or key has changed."""
        try:
            paths = [path for folder in _FOLDERS for path in (self._held.directory / folder).iterdir()]
            found = [(str(path), path.stat()) for path in paths if path.suffix in _SUFFIXES]
        except OSError:  # a file that is being replaced at this moment: the next look sees it whole
            return frozenset()
        return frozenset((name, stat.st_ino, stat.st_mtime_ns, stat.st_size) for name, stat in found)

    def _take(self) -> list[Finding]:
        seen = self._look()
        if seen == self._seen and not self._untaken:
            return []
        self._seen, self._untaken = seen, True
        try:
            changed = self._held.authority.reload()
            self._untaken = False
        except AuthorityError as error:
            return [_fault("ca", f"what was changed in ca/ is not taken into use: {error}")]
        if changed:
            _log.info("the authority's certificates have changed", ca_sha256=self._held.authority.ca_sha256.hex())
        return []

    def _renew(self, now: datetime) -> list[Finding]:
        try:
            if self._held.refresh(now):
                _log.info("certificates of this controller and its broker were made anew")
            self._held.reload_broker_tls()
            self._show()
        except (AuthorityError, OSError, ValueError) as error:
            return [_fault("renewal", f"this controller's certificates can not be made anew: {error}")]
        return []

    def _judge(self, now: datetime) -> list[Finding]:
        try:
            return judge(self._held.expiring(), now)
        except (OSError, ValueError) as error:
            return [_fault("files", f"a certificate or the revocation list can not be read: {error}")]


def _fault(what: str, summary: str) -> Finding:
    _log.error("a fault with certificates", detail=summary)
    return Finding("alarm", summary, f"{_FAULT}/{what}")
