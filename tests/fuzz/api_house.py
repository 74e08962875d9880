"""A house to attack: an API with something of everything in its database, and people of each role signed in."""

import asyncio
import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fleet.api.access import ANYONE_SIGNED_IN, NOBODY_YET
from fleet.entries.entry import HashedText
from fleet.entries.log import ErrorReportAdvanced, LogScope
from fleet.store.events import ControllerEvent
from fleet.store.store import Store
from protocols.api.authorities import DocumentHash, NewAuthority
from protocols.api.people import LeaveOut
from protocols.people import PERMISSIONS, Role
from tests.fuzz.api_alarms import alarms
from tests.fuzz.api_deployments import deployments
from tests.fuzz.api_kit import kit
from tests.fuzz.api_records import records
from tests.fuzz.api_releases import releases
from tests.fuzz.api_rollouts import rollouts
from tests.fuzz.api_rotas import USED, rotas
from tests.fuzz.api_wiring import wiring
from tests.support.controller import RunningApi
from tests.support.fleet_rows import add_units
from tests.support.joining import Knocker
from tests.support.mandates import bench_mandate

UNITS = {f"unit-fuzz{number:04}": f"kit {number}" for number in range(12)}
SIGN_OUT = "DELETE /api/session"
_JOINS = 8
_ALARMS = 12
_LEAVERS = 4
_REPORTS = 24
_HOLDS = 8
_MANDATES = 36
_AUTHORITIES = 16

Json = dict[str, Any]


@dataclass
class House:
    """`known` has, for names of parameters and fields, values that mean something here; `only` those that some
    operations, named as a whole or by the ends of their paths, can be done to, or are to be done to at the most."""

    api: RunningApi
    known: dict[str, list[Any]] = field(default_factory=dict)
    only: dict[str, list[Any]] = field(default_factory=dict)
    tokens: dict[Role, str] = field(default_factory=dict)

    async def sign_in(self, role: Role) -> str:
        """Open the role's session, again when it was ended; returns its token."""
        token = self.tokens.setdefault(role, f"{role:x<43}")
        async with self.api.services.store.transaction() as transaction:
            await transaction.sessions.close(token)
            person_id = f"FZ-{1000 + list(PERMISSIONS).index(role)}"
            await transaction.sessions.open(token, person_id, self.api.services.clock(), "test")
        return token

    def described(self, document: Json) -> Json:
        """`document` with what is known here as examples."""
        told = copy.deepcopy(document)
        for name, operation in operations_of(told):
            for parameter in operation.get("parameters", []):
                self._exemplify(parameter["name"], parameter["schema"])
                only = self.only.get(name) or self.only.get(name.rpartition("/")[2])
                if only and parameter["in"] == "path":
                    parameter["schema"]["examples"] = only
        for schema in told["components"]["schemas"].values():
            for name, inner in schema.get("properties", {}).items():
                self._exemplify(name, inner)
        return told

    def _exemplify(self, name: str, schema: Json) -> None:
        if name in self.known and not schema.keys() & {"$ref", "enum"}:
            schema["examples"] = self.known[name]


def operations_of(document: Json) -> list[tuple[str, Json]]:
    """Every operation, by its name (`GET /health`)."""
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def permissions_of(role: Role | None) -> set[str]:
    """What the role may do, or what anybody may who is not signed in."""
    return {NOBODY_YET} if role is None else {*PERMISSIONS[role], ANYONE_SIGNED_IN}


async def furnish(api: RunningApi) -> House:
    """Fill the database, and add a person of each role; the log has to be running."""
    house, store, now = House(api), api.services.store, datetime.now(UTC)
    for number, role in enumerate(PERMISSIONS):
        await api.add_person(f"FZ-{1000 + number}", role)
        await house.sign_in(role)
    leavers = [f"FZ-{2000 + number}" for number in range(_LEAVERS)]
    for person_id in leavers:
        await api.add_person(person_id, "approver")
    drafts = [await api.services.people.draft(LeaveOut(person_id=leaver), "FZ-1004") for leaver in leavers[:2]]
    await add_units(store, "FZ-1000", UNITS, now)
    async with store.transaction() as transaction:
        for number in range(_ALARMS):
            alarm = ControllerEvent(
                kind="supply-low", severity="alarm", summary="10.9 V", unit_id="unit-fuzz0001", repeat_key=str(number)
            )
            await transaction.events.add(alarm, now)
        events = await transaction.events.page(limit=100)
    vouchers = [await api.services.vouchers.make(f"new {number}", "FZ-1000") for number in range(2 * _JOINS)]
    await asyncio.gather(*(Knocker(api.ca_file).knock(voucher.text) for voucher in vouchers[:_JOINS]))
    async with store.transaction() as transaction:
        joins = [join.view() for join in await transaction.joining.pending()]
    reports = await _error_reports(store, now)
    holds = [await api.services.holds.place(LogScope(unit="unit-fuzz0001"), "why", "FZ-1004") for _ in range(_HOLDS)]
    mandates = await _mandates(store, now)
    orals, written = await _authorities(api, now)
    known_rotas, only_rotas = await rotas(store, now)
    known_kit, only_kit = await kit(api, "FZ-1001")
    known_deployments = await deployments(api, now, "FZ-1001")
    known_wiring = await wiring(api, "FZ-1001", known_deployments["deployment_id"])
    known_releases = await releases(api, "FZ-1001")
    known_rollouts = await rollouts(api, "FZ-1001")
    known_records = await records(store, now, USED, "FZ-1001")
    known_alarms = await alarms(store, now, "unit-fuzz0001", "FZ-1000")
    house.known = {
        "mandate_id": mandates,
        "authority_id": [*orals, *written],
        "approver": ["FZ-1002"],
        "renews": [None],
        "next_review_at": [(now + timedelta(days=20)).isoformat()],
        "hold_id": [hold.hold_id for hold in holds],
        **await _exports(api),
        "report_id": reports,
        "unit": list(UNITS),
        "person": leavers,
        "authority": ["AUTH-26/7"],
        "deployment": ["DEP-1"],
        "kind": ["unit."],
        "since": ["2026-11-22T09:00:00Z"],
        "until": ["2026-11-23T09:00:00+01:00"],
        "unit_id": list(UNITS),
        "person_id": leavers,
        "draft_id": [draft.draft_id for draft in drafts],
        "event_id": [event.event_id for event in events],
        "voucher_id": [voucher.voucher_id for voucher in vouchers[_JOINS:]],
        "join_id": [join.join_id for join in joins],
        "fingerprint": [join.fingerprint for join in joins],
        "based_on": [1, 2, 3],
        **known_rotas,
        **known_records,
        **known_kit,
        **known_deployments,
        **known_wiring,
        **known_releases,
        **known_rollouts,
        **known_alarms,
    }
    house.only = {
        "revoke": [*UNITS][-1:],  # or nothing could be done to the others any more
        "submit": reports[1::4],
        "return": reports[2::4],
        "close": reports[3::4],
        "POST /api/mandates/{mandate_id}/sign": mandates[0::3],
        "POST /api/mandates/{mandate_id}/discard": mandates[0::3],
        "POST /api/mandates/{mandate_id}/cancel": mandates[1::3],
        "POST /api/mandates/{mandate_id}/recovered": mandates[2::3],
        "POST /api/authorities/{authority_id}/statement": orals,
        "POST /api/authorities/{authority_id}/review": written[1:],
        "POST /api/authorities/{authority_id}/cancel": written[:1],
        **only_rotas,
        **only_kit,
    }
    return house


async def _mandates(store: Store, now: datetime) -> list[str]:
    """Bench mandates: in turns a draft, one in force, a cancelled one; returns their ids."""
    found: list[str] = []
    now = now.replace(microsecond=0)
    async with store.transaction() as transaction:
        for number in range(_MANDATES):
            name = f"M-{number:012x}"
            window = {"not_before": now - timedelta(hours=1), "not_after": now + timedelta(hours=2)}
            line = bench_mandate(mandate=name, unit="unit-fuzz0001", requester="FZ-1000", approver="FZ-1002", **window)
            await transaction.mandates.add(line, None, now)
            if number % 3:
                for signer in (line.requester, line.approver):
                    await transaction.mandates.sign(name, signer, "a signature", now)
                await transaction.mandates.record(name, now)
            if number % 3 > 1:
                await transaction.mandates.cancel(name, "FZ-1001", now)
            found.append(name)
    return found


async def _authorities(api: RunningApi, now: datetime) -> tuple[list[str], list[str]]:
    """Ids of urgent oral authorities without a statement, and of written ones with many reviews to come."""
    oral: list[str] = []
    written: list[str] = []
    for number in range(_AUTHORITIES):
        new = NewAuthority(
            reference=f"FUZZ/{number}",
            kinds=["use"],
            modalities=["video"],
            authorised_by_rank="Superintendent",
            starts_at=now,
            ends_at=now + timedelta(hours=72 if number % 2 else 720),
            review_at=[] if number % 2 else [now + timedelta(hours=hours) for hours in range(24, 48)],
            urgent_oral=bool(number % 2),
            document=None if number % 2 else DocumentHash(salt="00" * 16, sha256="ab" * 32),
        )
        made = await api.services.authorities.record(new, "FZ-1002")
        (oral if number % 2 else written).append(made.authority_id)
    return oral, written


async def _exports(api: RunningApi) -> dict[str, list[Any]]:
    """An export of the whole log of the supervisor's and one of a part, and what is in them."""
    start = api.services.log_exports.start
    whole = await start(None, "why", "FZ-1001")
    part = await start(LogScope(kind="people."), "why", "FZ-1001")
    return {"export_id": [whole.export_id, part.export_id], "index": [0, 1]}


async def _error_reports(store: Store, now: datetime) -> list[str]:
    """Error reports at every step of their way; returns their ids."""
    found: list[str] = []
    async with store.transaction() as transaction:
        for number in range(_REPORTS):
            report_id = f"{number:024x}"
            await transaction.error_reports.add(
                report_id,
                unit_id="unit-fuzz0001",
                cause="outside-mandate",
                summary="left running",
                evidence=["entry 1"],
                repeat_key=report_id,
                found_at=now,
            )
            if number % 4:
                said = ErrorReportAdvanced(
                    at=now, actor="FZ-1001", report=report_id, step="accounted", text=HashedText("it was so")
                )
                entry_id = await transaction.log.append(said)
                await transaction.error_reports.account(report_id, entry_id, "FZ-1001", now)
            if number % 4 > 1:
                await transaction.error_reports.submit(report_id, "FZ-1001", now)
            found.append(report_id)
    return found
