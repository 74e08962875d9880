"""The door to PostgreSQL: a bounded pool and transactions that carry the parts of the state."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property

import asyncpg

from fleet.errors import InvalidValue, SchemaOutdated, SettingsInvalid, StoreUnavailable
from fleet.stopping import cancellations, heed_cancellation
from fleet.store.access_records import AccessRecordStore
from fleet.store.alarm_pages import PageStore
from fleet.store.alarm_people import AlarmPeopleStore
from fleet.store.alarms import AlarmStore
from fleet.store.audit import AuditStore
from fleet.store.authorities import AuthorityStore
from fleet.store.calendars import CalendarStore
from fleet.store.call_outs import CallOutStore, RestStore, WorkStore
from fleet.store.certificates import CertificateStore
from fleet.store.changes import CHANNEL, Change, listen
from fleet.store.checklists import ChecklistStore
from fleet.store.checks import CheckStore
from fleet.store.commands import CommandStore
from fleet.store.connection import Connection
from fleet.store.deadlines import DeadlineStore
from fleet.store.deployment_facts import DeploymentFactStore
from fleet.store.deployment_reports import DeploymentReportStore
from fleet.store.deployments import DeploymentStore
from fleet.store.error_reports import ErrorReportStore
from fleet.store.events import EventStore
from fleet.store.handovers import HandoverStore
from fleet.store.history import HistoryStore
from fleet.store.joining import JoiningStore
from fleet.store.kit import KitStore
from fleet.store.kit_reservations import ReservationStore
from fleet.store.legal_holds import LegalHoldStore
from fleet.store.log import LogStore
from fleet.store.log_openings import LogOpeningsStore
from fleet.store.log_reading import LogReadingStore
from fleet.store.log_tree import LogTreeStore
from fleet.store.mandates import MandateStore
from fleet.store.migrate import newest_revision
from fleet.store.people import PeopleStore
from fleet.store.positions import PositionStore
from fleet.store.proofs import ProofStore
from fleet.store.readiness import ReadinessStore
from fleet.store.releases import ReleaseStore
from fleet.store.retention import RetentionStore
from fleet.store.revocation import RevocationStore
from fleet.store.rollouts import RolloutStore
from fleet.store.rota_books import RotaBookStore
from fleet.store.rota_changes import RotaChangeStore
from fleet.store.rota_people import AbsenceStore, RotaPeopleStore, WishStore
from fleet.store.rota_plans import PlanStore
from fleet.store.rotas import RotaStore
from fleet.store.sessions import SessionStore
from fleet.store.sites import SiteStore
from fleet.store.telemetry import TelemetryStore
from fleet.store.units import UnitStore
from fleet.store.visits import VisitStore
from fleet.store.welfare import WelfareStore
from fleet.store.wiring import WiringStore

ROLE = "muster_controller"
_STATEMENT_LIMIT_S = 30.0
_CONNECT_LIMIT_S = 5.0
_MAX_DETAIL = 200

_GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that has read the server's last word, but not yet its end
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    asyncpg.exceptions.DiskFullError,
    asyncpg.DeadlockDetectedError,
    OSError,
    TimeoutError,
)


class Transaction:
    """One open transaction and the parts of the state it can read and write.

    What `changed` collects is told to every controller when the transaction commits.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.changed = Change()

    @cached_property
    def people(self) -> PeopleStore:
        """People and the people list."""
        return PeopleStore(self._connection)

    @cached_property
    def sessions(self) -> SessionStore:
        """Used sign-in challenges and API sessions."""
        return SessionStore(self._connection)

    @cached_property
    def joining(self) -> JoiningStore:
        """Vouchers and join requests."""
        return JoiningStore(self._connection)

    @cached_property
    def units(self) -> UnitStore:
        """Units, their settings and latest state."""
        return UnitStore(self._connection)

    @cached_property
    def certificates(self) -> CertificateStore:
        """Units' certificates."""
        return CertificateStore(self._connection)

    @cached_property
    def proofs(self) -> ProofStore:
        """What units were challenged to prove, and have proved."""
        return ProofStore(self._connection)

    @cached_property
    def telemetry(self) -> TelemetryStore:
        """Reports, as ingest writes them."""
        return TelemetryStore(self._connection)

    @cached_property
    def history(self) -> HistoryStore:
        """Figures over time."""
        return HistoryStore(self._connection)

    @cached_property
    def retention(self) -> RetentionStore:
        """Partitions of reports."""
        return RetentionStore(self._connection)

    @cached_property
    def events(self) -> EventStore:
        """Events."""
        return EventStore(self._connection)

    @cached_property
    def commands(self) -> CommandStore:
        """Commands to units."""
        return CommandStore(self._connection)

    @cached_property
    def log(self) -> LogStore:
        """The deployment log's outbox."""
        return LogStore(self._connection)

    @cached_property
    def log_tree(self) -> LogTreeStore:
        """The deployment log's tree and its checkpoints."""
        return LogTreeStore(self._connection)

    @cached_property
    def log_reading(self) -> LogReadingStore:
        """The deployment log as people read it, and what they take away."""
        return LogReadingStore(self._connection)

    @cached_property
    def legal_holds(self) -> LegalHoldStore:
        """Legal holds, and erasing free texts that none covers."""
        return LegalHoldStore(self._connection)

    @cached_property
    def log_openings(self) -> LogOpeningsStore:
        """Entries that tell of openings."""
        return LogOpeningsStore(self._connection)

    @cached_property
    def error_reports(self) -> ErrorReportStore:
        """Error reports."""
        return ErrorReportStore(self._connection)

    @cached_property
    def authorities(self) -> AuthorityStore:
        """Authorities and their reviews."""
        return AuthorityStore(self._connection)

    @cached_property
    def mandates(self) -> MandateStore:
        """Mandates and the signatures under them."""
        return MandateStore(self._connection)

    @cached_property
    def access_records(self) -> AccessRecordStore:
        """Records of units' own chains."""
        return AccessRecordStore(self._connection)

    @cached_property
    def revocation(self) -> RevocationStore:
        """Standings of units, and what is on the revocation list."""
        return RevocationStore(self._connection)

    @cached_property
    def checks(self) -> CheckStore:
        """Checks of units, and who watched them."""
        return CheckStore(self._connection)

    @cached_property
    def positions(self) -> PositionStore:
        """Last positions of units."""
        return PositionStore(self._connection)

    @cached_property
    def rota_people(self) -> RotaPeopleStore:
        """Terms of people on rotas, and the lock of all that is kept of a person."""
        return RotaPeopleStore(self._connection)

    @cached_property
    def absences(self) -> AbsenceStore:
        """Leave and deployments away."""
        return AbsenceStore(self._connection)

    @cached_property
    def wishes(self) -> WishStore:
        """Wishes to be on call, or not to be."""
        return WishStore(self._connection)

    @cached_property
    def call_outs(self) -> CallOutStore:
        """Call-outs."""
        return CallOutStore(self._connection)

    @cached_property
    def work_done(self) -> WorkStore:
        """Scheduled work beside the ordinary hours."""
        return WorkStore(self._connection)

    @cached_property
    def rests(self) -> RestStore:
        """Compensatory rest."""
        return RestStore(self._connection)

    @cached_property
    def calendars(self) -> CalendarStore:
        """Calendar feeds."""
        return CalendarStore(self._connection)

    @cached_property
    def rotas(self) -> RotaStore:
        """Rotas and their published turns."""
        return RotaStore(self._connection)

    @cached_property
    def rota_plans(self) -> PlanStore:
        """Plans of turns."""
        return PlanStore(self._connection)

    @cached_property
    def rota_changes(self) -> RotaChangeStore:
        """Overrides, take-overs and swaps."""
        return RotaChangeStore(self._connection)

    @cached_property
    def rota_books(self) -> RotaBookStore:
        """What rotas' books are made of."""
        return RotaBookStore(self._connection)

    @cached_property
    def deployments(self) -> DeploymentStore:
        """Deployments, their steps and authorities."""
        return DeploymentStore(self._connection)

    @cached_property
    def deployment_facts(self) -> DeploymentFactStore:
        """What the rules of deployments know, read for many at once."""
        return DeploymentFactStore(self._connection)

    @cached_property
    def visits(self) -> VisitStore:
        """Visits of people to deployments."""
        return VisitStore(self._connection)

    @cached_property
    def reservations(self) -> ReservationStore:
        """Items that are kept for deployments."""
        return ReservationStore(self._connection)

    @cached_property
    def deployment_reports(self) -> DeploymentReportStore:
        """What files and reports of deployments are made of."""
        return DeploymentReportStore(self._connection)

    @cached_property
    def checklists(self) -> ChecklistStore:
        """Checklists and what was found by them."""
        return ChecklistStore(self._connection)

    @cached_property
    def readiness(self) -> ReadinessStore:
        """Readiness certificates of units of deployments."""
        return ReadinessStore(self._connection)

    @cached_property
    def alarms(self) -> AlarmStore:
        """Alarms and their rules."""
        return AlarmStore(self._connection)

    @cached_property
    def alarm_pages(self) -> PageStore:
        """Pages of alarms, and the heartbeat."""
        return PageStore(self._connection)

    @cached_property
    def alarm_people(self) -> AlarmPeopleStore:
        """Contacts, maintenance windows, whose alarms are whose."""
        return AlarmPeopleStore(self._connection)

    @cached_property
    def welfare(self) -> WelfareStore:
        """Welfare timers."""
        return WelfareStore(self._connection)

    @cached_property
    def kit(self) -> KitStore:
        """Kit: items, who has them, models, upkeep."""
        return KitStore(self._connection)

    @cached_property
    def sites(self) -> SiteStore:
        """Sites, their erasable texts and surveys."""
        return SiteStore(self._connection)

    @cached_property
    def deadlines(self) -> DeadlineStore:
        """Alarms of deployments' deadlines."""
        return DeadlineStore(self._connection)

    @cached_property
    def handovers(self) -> HandoverStore:
        """Handover sheets."""
        return HandoverStore(self._connection)

    @cached_property
    def wiring(self) -> WiringStore:
        """Harnesses, what deployments were given of them, and what was measured."""
        return WiringStore(self._connection)

    @cached_property
    def releases(self) -> ReleaseStore:
        """Files for units, and the metadata that they trust."""
        return ReleaseStore(self._connection)

    @cached_property
    def rollouts(self) -> RolloutStore:
        """Rollouts and their units."""
        return RolloutStore(self._connection)

    @cached_property
    def audit(self) -> AuditStore:
        """Counts for proving that nothing is lost or doubled."""
        return AuditStore(self._connection)

    async def tell(self) -> None:
        """Queue the notices of `changed`; PostgreSQL sends them at commit."""
        for notice in self.changed.notices():
            await self._connection.execute("SELECT pg_notify($1, $2)", CHANNEL, notice)


class Store:
    """A bounded pool of connections in the role `muster_controller`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A transaction that commits when the block ends and rolls back when it raises.

        Raises StoreUnavailable when PostgreSQL can not be reached, breaks off, ends a deadlock here, or can not write;
        InvalidValue when it can not hold a value it was given.
        """
        cancelled_before = cancellations()
        try:
            async with self._pool.acquire(timeout=_CONNECT_LIMIT_S) as connection, connection.transaction():
                transaction = Transaction(connection)
                yield transaction
                await transaction.tell()
        except asyncpg.DataError as error:
            raise InvalidValue(str(error)[:_MAX_DETAIL]) from error
        except _GONE as error:
            heed_cancellation(cancelled_before)
            # The driver's word for a value that it can not encode is an InterfaceError that is a ValueError too.
            if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
                raise InvalidValue(str(error)[:_MAX_DETAIL]) from error
            raise StoreUnavailable(str(error) or type(error).__name__) from error

    async def changes(self) -> AsyncIterator[Change]:
        """What any controller's transactions change, see `fleet.store.changes.listen`; raises StoreUnavailable."""
        cancelled_before = cancellations()
        try:
            async for change in listen(self._pool):
                yield change
        except _GONE as error:
            heed_cancellation(cancelled_before)
            raise StoreUnavailable(str(error) or type(error).__name__) from error
        raise StoreUnavailable("the listening connection was closed")

    async def check_schema(self) -> None:
        """Raise SchemaOutdated unless the database is at the revision this program needs."""
        async with self.transaction() as transaction:
            found = await transaction.units.schema_revision()
        if found != newest_revision():
            raise SchemaOutdated(found, newest_revision())

    async def close(self) -> None:
        """Close the pool; transactions still open get five seconds."""
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()


async def open_store(dsn: str, *, max_connections: int = 10) -> Store:
    """Open a pool to `dsn` (postgresql://…).

    Raises StoreUnavailable, SchemaOutdated where `fleet migrate` has never run, SettingsInvalid when PostgreSQL does
    not let this user in.
    """
    try:
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=max_connections,
            command_timeout=_STATEMENT_LIMIT_S,
            timeout=_CONNECT_LIMIT_S,
            server_settings={"role": ROLE, "application_name": "muster", "timezone": "UTC"},
        )
    except _GONE as error:
        raise StoreUnavailable(str(error) or type(error).__name__) from error
    except asyncpg.InvalidParameterValueError as error:  # the first migration makes the role
        raise SchemaOutdated(None, newest_revision()) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise SettingsInvalid("database.dsn", f"{error}: let its user be a member (GRANT {ROLE} TO …)") from error
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError, ValueError) as error:
        raise SettingsInvalid("database.dsn", str(error)) from error
    return Store(pool)
