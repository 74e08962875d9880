"""A fleet in memory behind the client's methods, for tests of layout and keys; everything else meets a controller."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from fleet.client import ChangeFeed, FeedItem, LinkUp, NotReachable, Refused
from protocols.api.events import EventPage, EventView
from protocols.api.feed import Watch
from protocols.api.joins import AcceptedUnit, JoinView, VoucherMade, VoucherView
from protocols.api.problems import Problem
from protocols.api.sessions import Whoami
from protocols.api.units import (
    CertificateView,
    CommandView,
    History,
    HistoryPoint,
    Presence,
    PresenceFacts,
    SettingsChange,
    Standing,
    Summary,
    UnitDetail,
    UnitPage,
    UnitRow,
    UnitSort,
    UnitState,
)
from protocols.joining import Voucher
from protocols.people import PERMISSIONS, Role
from protocols.settings import UnitSettings
from protocols.uplink import Severity
from tests.unit.tui.stub_alarms import StubAlarms
from tests.unit.tui.stub_checks import StubChecks
from tests.unit.tui.stub_deployments import StubDeployments
from tests.unit.tui.stub_firmware import StubFirmware
from tests.unit.tui.stub_log import StubLog
from tests.unit.tui.stub_mandates import StubMandates
from tests.unit.tui.stub_rotas import StubRotas
from tests.unit.tui.stub_wiring import StubWiring

_PRESENCES: tuple[Presence, ...] = ("online",) * 12 + ("stale", "online", "quiet", "online", "never")
_SEVERITIES: tuple[Severity, ...] = ("info", "warning", "info", "alarm", "info")
_LABELS = ("van kit", "roof", "bench", "spare", "camera")
FINGERPRINT = ":".join(f"{(37 * i + 0x7F) % 256:02x}" for i in range(32))


class StubFeed(ChangeFeed):
    """Gives out what a test puts in, and keeps what is watched."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[FeedItem] = asyncio.Queue()
        self.watched: list[Watch] = []
        self.items.put_nowait(LinkUp(84.0))

    async def __aenter__(self) -> "StubFeed":
        return self

    async def __aexit__(self, *_error: object) -> None:
        return None

    def watch(self, watch: Watch) -> None:
        self.watched.append(watch)

    async def __aiter__(self) -> AsyncIterator[FeedItem]:
        while True:
            yield await self.items.get()


class StubClient(StubChecks, StubMandates, StubLog, StubRotas, StubDeployments, StubAlarms, StubWiring, StubFirmware):
    """`count` units of which a few are stale or quiet; `asked` keeps every call."""

    def __init__(self, count: int = 212, role: Role = "engineer") -> None:
        self.now = datetime.now(UTC)
        self.role: Role = role
        self.rows = [self._row(index) for index in range(count)]
        self.event_list = [self._event(event_id) for event_id in range(60, 0, -1)]
        self.join_list = [self._join("bench 2", 1), self._join("", 2)]
        self.found_people()
        self.found_log()
        self.found_checks()
        self.found_mandates()
        self.found_rotas()
        self.found_deployments()
        self.found_alarms()
        self.found_wiring()
        self.found_firmware()
        self.stub_feed = StubFeed()
        self.is_cut = False
        self.asked: list[tuple[Any, ...]] = []
        self.standings: dict[str, Standing] = {}
        self.command_states = ["queued", "sent", "accepted", "done"]
        self._states_told = 0

    @property
    def url(self) -> str:
        return "https://fleet.example:8443"

    @property
    def idle_minutes(self) -> int:
        return 15

    def feed(self) -> ChangeFeed:
        return self.stub_feed

    async def whoami(self) -> Whoami:
        permissions = sorted(PERMISSIONS[self.role])
        return Whoami(
            person_id="TO-12", name="Jane Archer", role=self.role, permissions=permissions, server_time=self.now
        )

    async def summary(self) -> Summary:
        words = [row.presence for row in self.rows]
        return Summary(
            units=len(self.rows),
            presence={word: words.count(word) for word in set(words)},
            joins_pending=len(self.join_list),
            alarms=sum(event.severity == "alarm" and event.acknowledged_at is None for event in self.event_list),
            sessions_up=words.count("online"),
        )

    async def list_units(
        self,
        filter: str = "",  # noqa: A002  the client's own name
        sort: UnitSort = "label",
        *,
        descending: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> UnitPage:
        self.asked.append(("list_units", filter, sort, descending, offset, limit))
        words = [word.split("|") for word in filter.lower().replace(" | ", "|").split()]
        rows = [
            row
            for row in self.rows
            if all(any(one in f"{row.unit_id} {row.label} {row.presence}" for one in word) for word in words)
        ]
        if sort == "presence":
            order = ["quarantined", "quiet", "stale", "never", "online", "revoked"]
            rows.sort(key=lambda row: order.index(row.presence))
        elif sort == "temperature":
            rows.sort(key=lambda row: row.soc_temp_c or 0.0)
        if descending:
            rows.reverse()
        return UnitPage(total=len(rows), offset=offset, rows=rows[offset : offset + limit])

    async def unit(self, unit_id: str) -> UnitDetail:
        self.asked.append(("unit", unit_id))
        if self.is_cut:
            raise NotReachable(self.url, "no answer")
        row = next((row for row in self.rows if row.unit_id == unit_id), None)
        if row is None:
            raise Refused(404, Problem(code="unit-unknown", message=f"there is no unit {unit_id}", remedy="list units"))
        return UnitDetail(
            row=row,
            fingerprint=FINGERPRINT,
            key_protection="soft",
            agent_version="0.1.0",
            boot_id="b",
            joined_at=self.now - timedelta(days=11),
            accepted_by="TO-07",
            certificate=CertificateView(
                serial="0a1b2c3d",
                fingerprint=FINGERPRINT,
                not_before=self.now - timedelta(days=11),
                not_after=self.now + timedelta(days=19),
            ),
            standing=self.standings.get(unit_id, Standing()),
            settings=UnitSettings(version=3),
            health=self._health(row),
            reports_stored=15_840,
            messages_rejected=2,
        )

    async def history(self, unit_id: str, figure: str, hours: int = 24) -> History:
        self.asked.append(("history", unit_id, figure, hours))
        base = {"supply_mv": 12_400, "soc_temp_c": 58, "storage_used_percent": 44, "rsrp_dbm": -98}.get(figure, 20)
        span = timedelta(hours=hours)
        points = []
        for step in range(96):
            mean = base * (1 + 0.1 * ((step * 7) % 13) / 13 - 0.0008 * step)
            at = self.now - span + span * step / 96
            points.append(HistoryPoint(at, mean * 0.99, mean, mean * 1.01))
        return History(figure=figure, bucket_s=hours * 3600 // 96, points=points)

    async def change_settings(self, unit_id: str, change: SettingsChange) -> UnitSettings:
        self.asked.append(("change_settings", unit_id, change))
        return UnitSettings(version=change.based_on + 1)

    async def change_label(self, unit_id: str, label: str) -> None:
        self.asked.append(("change_label", unit_id, label))

    async def request_report(self, unit_id: str) -> CommandView:
        self.asked.append(("request_report", unit_id))
        return self._command(unit_id)

    async def commands(self, unit_id: str) -> list[CommandView]:
        return [self._command(unit_id)]

    async def events(
        self,
        *,
        unit_id: str | None = None,
        severity: Severity | None = None,
        open_only: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> EventPage:
        self.asked.append(("events", unit_id, severity, open_only, before, limit))
        found = [
            event
            for event in self.event_list
            if (unit_id is None or event.unit_id == unit_id)
            and (severity is None or event.severity == severity)
            and (not open_only or (event.acknowledged_at is None and event.severity != "info"))
            and (before is None or event.event_id < before)
        ]
        return EventPage(events=found[:limit], next_before=found[limit - 1].event_id if len(found) > limit else None)

    async def acknowledge(self, event_id: int) -> EventView:
        self.asked.append(("acknowledge", event_id))
        index = next(i for i, event in enumerate(self.event_list) if event.event_id == event_id)
        taken = msgspec.structs.replace(self.event_list[index], acknowledged_by="TO-12", acknowledged_at=self.now)
        self.event_list[index] = taken
        return taken

    async def joins(self) -> list[JoinView]:
        return list(self.join_list)

    async def revoke_unit(self, unit_id: str, reason: str) -> Standing:
        self.asked.append(("revoke_unit", unit_id, reason))
        return self._stand(unit_id, "revoked")

    async def quarantine_unit(self, unit_id: str, reason: str) -> Standing:
        self.asked.append(("quarantine_unit", unit_id, reason))
        return self._stand(unit_id, "quarantined")

    async def release_unit(self, unit_id: str, reason: str) -> Standing:
        self.asked.append(("release_unit", unit_id, reason))
        return self._stand(unit_id, "active")

    def _stand(self, unit_id: str, state: UnitState) -> Standing:
        index = next(index for index, row in enumerate(self.rows) if row.unit_id == unit_id)
        presence: Presence = "online" if state == "active" else state
        self.rows[index] = msgspec.structs.replace(self.rows[index], state=state, presence=presence)
        self.standings[unit_id] = Standing(cause="by-person", changed_by="TO-12", changed_at=self.now)
        return self.standings[unit_id]

    async def accept_join(self, join_id: str, fingerprint: str) -> AcceptedUnit:
        self.asked.append(("accept_join", join_id, fingerprint))
        self.join_list = [join for join in self.join_list if join.join_id != join_id]
        return AcceptedUnit("unit-9f02kmnp")

    async def refuse_join(self, join_id: str, reason: str) -> None:
        self.asked.append(("refuse_join", join_id, reason))
        self.join_list = [join for join in self.join_list if join.join_id != join_id]

    async def invite(self, label: str = "") -> VoucherMade:
        self.asked.append(("invite", label))
        until = self.now + timedelta(hours=24)
        voucher = Voucher(
            secret=bytes(range(16)),
            ca_sha256=bytes(range(32)),
            people_sha256=bytes(range(32, 64)),
            expires_at_s=int(until.timestamp()),
            url="https://fleet.example:8443",
        )
        return VoucherMade(voucher_id="v1", text=voucher.text(), expires_at=until)

    async def vouchers(self) -> list[VoucherView]:
        return [
            VoucherView(
                voucher_id=f"v{number}",
                label=label,
                state=state,  # type: ignore[arg-type]  # the pairs below are right
                created_by="TO-12",
                created_at=self.now - timedelta(hours=number),
                expires_at=self.now + timedelta(hours=24 - number),
            )
            for number, (label, state) in enumerate([("roof 9", "open"), ("bench 2", "presented"), ("van 1", "used")])
        ]

    async def withdraw_voucher(self, voucher_id: str) -> None:
        self.asked.append(("withdraw_voucher", voucher_id))

    def _row(self, index: int) -> UnitRow:
        presence = _PRESENCES[index % len(_PRESENCES)]
        ages = {"online": 5 + index % 50, "stale": 170, "quiet": 3 * 3600}
        report = None if presence == "never" else self.now - timedelta(seconds=ages.get(presence, 30))
        facts = PresenceFacts(
            session_up=presence == "online" if presence != "never" else None,
            session_changed_at=self.now - timedelta(hours=5, minutes=index % 60) if presence != "never" else None,
            last_report_at=report,
            last_sampled_at=report,
            settings_wanted=3,
            settings_running=None if presence == "never" else 2 if index % 31 == 0 else 3,
            settings_seen_at=report,
        )
        known = presence != "never"
        return UnitRow(
            unit_id=f"unit-{index:08x}",
            label="" if index % 19 == 18 else f"{_LABELS[index % 5]} {index:03}",
            model="Raspberry Pi Compute Module 4",
            state="active",
            key_protection="soft",
            presence=presence,
            facts=facts,
            alarms=int(index % 16 == 5),
            supply_mv=12_400 - 37 * (index % 40) if known else None,
            undervolted=index % 16 == 5 if known else None,
            soc_temp_c=48.0 + index % 36 if known else None,
            storage_used_percent=30.0 + index % 65 if known else None,
            rsrp_dbm=-70.0 - index % 50 if known and index % 3 else None,
            clock_offset_ms=1.5 * (index % 90) if known else None,
        )

    def _health(self, row: UnitRow) -> dict[str, Any]:
        if row.facts.last_report_at is None:
            return {}
        return {
            "seq": 12,
            "sampled_at_ms": 0,
            "ages_s": {"emmc_worn_percent": 3600},
            "uptime_s": 180_000,
            "cpu_used_percent": 23.0,
            "load_1m": 0.42,
            "memory_used_percent": 51.0,
            "soc_temp_c": row.soc_temp_c,
            "throttled_bits": 0x50005 if row.undervolted else 0,
            "supply_mv": row.supply_mv,
            "supply_ma": 840,
            "undervolted": row.undervolted,
            "storage_used_percent": row.storage_used_percent,
            "storage_read_only": False,
            "emmc_worn_percent": 20,
            "emmc_life": "normal",
            "clock_synchronised": True,
            "clock_offset_ms": row.clock_offset_ms,
            "link_kind": "lte",
            "link_rx_bytes": 1_234_567_890,
            "link_tx_bytes": 98_765_432,
            "rsrp_dbm": row.rsrp_dbm,
            "sinr_db": 6.0,
            "spool_waiting": 0,
            "spool_dropped": 0,
        }

    def _event(self, event_id: int) -> EventView:
        severity = _SEVERITIES[event_id % 5]
        row = self.rows[event_id % len(self.rows)] if self.rows else None
        kinds = {"info": "unit-started", "warning": "supply-low", "alarm": "supply-falling"}
        summaries = {
            "info": "the agent started after a reboot",
            "warning": "supply 11.4 V, below 11.5 V for 10 min",
            "alarm": "supply 10.9 V and falling 0.3 V an hour; at this rate it stops before 06:00",
        }
        taken = event_id < 48 and severity != "info"
        return EventView(
            event_id=event_id,
            unit_id=row.unit_id if row else None,
            label=row.label if row else "",
            source="unit",
            kind=kinds[severity],
            severity=severity,
            summary=summaries[severity],
            at=self.now - timedelta(minutes=37 * (60 - event_id)),
            received_at=self.now - timedelta(minutes=37 * (60 - event_id)),
            count=3 if event_id % 11 == 0 else 1,
            acknowledged_by="TO-07" if taken else None,
            acknowledged_at=self.now if taken else None,
        )

    def _join(self, label: str, number: int) -> JoinView:
        return JoinView(
            join_id=f"j{number}",
            label=label,
            fingerprint=FINGERPRINT,
            key_protection="soft" if number == 1 else "tpm",
            model="Raspberry Pi 5 Model B",
            agent_version="0.1.0",
            came_from="10.20.30.4",
            invited_by="TO-12",
            first_seen_at=self.now - timedelta(minutes=4 * number),
            last_seen_at=self.now - timedelta(seconds=3),
        )

    def _command(self, unit_id: str) -> CommandView:
        state = self.command_states[min(self._states_told, len(self.command_states) - 1)]
        self._states_told += 1
        return CommandView(
            command_id="c1",
            unit_id=unit_id,
            order="report-now",
            state=state,  # type: ignore[arg-type]  # the states above are right
            reason="",
            created_by="TO-12",
            created_at=self.now,
            changed_at=self.now,
            expires_at=self.now + timedelta(minutes=1),
        )
