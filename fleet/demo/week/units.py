"""The week's units: as if they had joined, and reports as ingest writes them. Nothing runs behind these rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from fleet.clock import Clock
from fleet.clones.rules import AcceptedProof
from fleet.entries.entry import HashedText
from fleet.entries.people_and_units import UnitJoined
from fleet.ingest.batch import Inbound
from fleet.ingest.turns import Turn
from fleet.ingest.writer import Writer
from fleet.renewal.proofs import keep_proofs
from fleet.settings import PresenceSettings
from fleet.store.certificates import StoredCertificate
from fleet.store.proofs import Challenge, Proven
from fleet.store.store import Store
from fleet.store.units import NewUnit
from protocols.health import HealthReport
from protocols.ids import new_session_nonce
from protocols.settings import UnitSettings
from protocols.uplink import HealthBatch

ACCEPTED_BY = "TO-12"
REPORT_EVERY_S = 60
_SPOOL = 1
_VALID = timedelta(days=90)
_OLD = timedelta(seconds=10)
"""How old a report is when it is looked at."""


class _NoLink:
    """A connection that there is not: nothing is acknowledged."""

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Nobody waits for it."""

    def pause(self) -> None:
        """Nothing is read."""

    def resume(self) -> None:
        """As above."""


class WeekUnits:
    """Units in the store of a controller whose clock is `clock`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._writer = Writer(store, PresenceSettings(), keep_proofs, clock)

    async def join(self, labels: dict[str, str], model: str) -> None:
        """Enter units with these labels by id, each with its entry."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            for unit_id, label in labels.items():
                fingerprint = sha256(unit_id.encode()).hexdigest()
                certificate = StoredCertificate(
                    serial=_serial(unit_id),
                    unit_id=unit_id,
                    fingerprint=fingerprint,
                    key_protection="soft",
                    not_before=now,
                    not_after=now + _VALID,
                    chain_pem="",
                )
                unit = NewUnit(
                    unit_id=unit_id,
                    label=label,
                    model=model,
                    fingerprint=fingerprint,
                    key_protection="soft",
                    accepted_by=ACCEPTED_BY,
                )
                settings = UnitSettings(version=1, report_every_s=REPORT_EVERY_S)
                await transaction.units.add(unit, settings, certificate, now)
                await transaction.log.append(_joined(unit, certificate, settings, now))
            transaction.changed.fleet = True

    async def report(self, unit_ids: Sequence[str], *, low: bool = False) -> None:
        """Let units report now; `low`: they say that they are undervolted."""
        await self.reports({unit_id: [(self._clock() - _OLD, low)] for unit_id in unit_ids})

    async def reports(self, told: dict[str, list[tuple[datetime, bool]]]) -> None:
        """Let units have reported at these times, at most 100 each, and whether they were undervolted then."""
        if not told:
            return
        items = [_inbound(unit_id, times) for unit_id, times in told.items()]
        turn = Turn()
        try:
            await self._writer.write(items, turn)
        finally:
            turn.finish()

    async def prove(self, unit_ids: Sequence[str]) -> None:
        """Enter that units proved who they are, as ingest does when one has: nothing is there that could sign."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.telemetry.lock_live(sorted(unit_ids))
            asked = [_challenge(one) for one in sorted(unit_ids)]
            await transaction.proofs.challenge(asked, now)
            proven = [_proof(one) for one in sorted(unit_ids)]
            await keep_proofs(transaction, proven, now)


def _proof(unit_id: str) -> AcceptedProof:
    certificate = _serial(unit_id)
    shown = Proven(certificate=certificate, boot_id="simulated", spool_id=_SPOOL, next_seq=1)
    return AcceptedProof(unit_id=unit_id, shown=certificate, proven=shown, finding=None, is_behind=False)


def _challenge(unit_id: str) -> Challenge:
    return Challenge(unit_id=unit_id, session=_session(unit_id), challenge=new_session_nonce(), spool_id=_SPOOL)


def _serial(unit_id: str) -> str:
    return sha256(unit_id.encode()).hexdigest()[:38]


def _session(unit_id: str) -> str:
    return sha256(f"session of {unit_id}".encode()).hexdigest()[:32]


def _inbound(unit_id: str, times: list[tuple[datetime, bool]]) -> Inbound:
    reports = [sample(unit_id, at, low=low) for at, low in times]
    message = HealthBatch(unit=unit_id, session=_session(unit_id), spool_id=_SPOOL, settings_version=1, reports=reports)
    newest = max(report.sampled_at_ms for report in reports)
    return Inbound(
        link=_NoLink(), packet_id=0, size_bytes=0, received_at_ms=newest + 500, message=message, rejection=None
    )


def sample(unit_id: str, at: datetime, *, low: bool = False) -> HealthReport:
    """A report that is the same whenever it is made for the same time; its number is that time."""
    seed = sha256(f"{unit_id} {at:%j %H:%M}".encode()).digest()
    own = sha256(unit_id.encode()).digest()
    unix_s = int(at.timestamp())
    return HealthReport(
        seq=unix_s,
        sampled_at_ms=unix_s * 1000,
        uptime_s=86_400 + unix_s % 86_400,
        cpu_used_percent=8.0 + seed[0] % 20,
        memory_used_percent=30.0 + own[0] % 20,
        soc_temp_c=44.0 + own[1] % 8 + seed[1] % 5,
        supply_mv=4480 + seed[2] % 60 if low else 5040 + seed[2] % 80,
        undervolted=low,
        storage_used_percent=20.0 + own[2] % 30,
        storage_read_only=False,
        clock_synchronised=True,
        clock_offset_ms=round(seed[3] % 40 / 10 - 2, 1),
        link_kind="lte",
        rsrp_dbm=-88.0 - own[3] % 16 - seed[4] % 4,
        spool_waiting=0,
        spool_dropped=0,
    )


def _joined(unit: NewUnit, certificate: StoredCertificate, settings: UnitSettings, now: datetime) -> UnitJoined:
    return UnitJoined(
        at=now,
        actor=ACCEPTED_BY,
        unit=unit.unit_id,
        join=f"join-{unit.fingerprint[:12]}",
        fingerprint=unit.fingerprint,
        key_protection=unit.key_protection,
        certificate=certificate.serial,
        model=HashedText(unit.model),
        settings_version=settings.version,
        report_every_s=settings.report_every_s,
        spool_max_mb=settings.spool_max_mb,
        spool_max_days=settings.spool_max_days,
    )
