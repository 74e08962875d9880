"""Putting the API's services together from settings, store and credentials."""

from pathlib import Path

from fleet.alarms.rules_desk import AlarmRulesDesk
from fleet.api.guests import Guests
from fleet.api.limits import RateLimit
from fleet.api.pulse import Pulse
from fleet.api.services import Services
from fleet.authorities.desk import AuthorityDesk
from fleet.checks.assembly import assemble_checks
from fleet.client.files import read_small
from fleet.clock import Clock
from fleet.commands.desk import UnitDesk
from fleet.credentials import Credentials
from fleet.deployments.advice_desk import AdviceDesk
from fleet.deployments.checklist_desk import ChecklistDesk
from fleet.deployments.desk import DeploymentDesk
from fleet.deployments.duties import DeploymentDuties
from fleet.deployments.file import DeploymentFiles
from fleet.deployments.incident import IncidentDesk
from fleet.deployments.planning_desk import PlanningDesk
from fleet.deployments.readiness_desk import ReadinessDesk
from fleet.deployments.reports import DeploymentReports
from fleet.deployments.stepping import StepDesk
from fleet.error_reports.desk import ErrorReportDesk
from fleet.feed.hub import Hub
from fleet.handovers.desk import HandoverDesk
from fleet.handovers.duties import HandoverDuties
from fleet.inspection.exports import LogExports
from fleet.inspection.reading import LogReading
from fleet.joining.decisions import JoinDecisions
from fleet.joining.door import Door
from fleet.joining.rejoining import Rejoining
from fleet.joining.terms import Terms
from fleet.joining.vouchers import Vouchers
from fleet.keeping.holds import LegalHolds
from fleet.kit.desk import KitDesk
from fleet.kit.model_desk import ModelDesk
from fleet.kit.scanning import ScanDesk
from fleet.kit.upkeep_desk import UpkeepDesk
from fleet.log.deployment_log import DeploymentLog
from fleet.mandates.desk import MandateDesk
from fleet.mandates.duties import Duties
from fleet.metrics import Metrics
from fleet.openings.report import OpeningReports
from fleet.paging.contact_desk import ContactDesk
from fleet.paging.delivery import Delivery
from fleet.paging.desk import AlarmDesk
from fleet.people.register import PeopleRegister
from fleet.people.signing_in import SigningIn
from fleet.positions.desk import PositionDesk
from fleet.positions.sealing import PositionSeal
from fleet.releases.desk import ReleaseDesk
from fleet.releases.files_desk import ReleaseFilesDesk
from fleet.releases.in_force import manifest_in_force
from fleet.releases.online import OnlineSigning
from fleet.releases.unit_desk import UnitReleases
from fleet.renewal.renewals import Renewals
from fleet.revocation.standing import UnitStanding
from fleet.rollouts.desk import RolloutDesk
from fleet.rota.calendar_desk import CalendarDesk
from fleet.rota.call_out_desk import CallOutDesk
from fleet.rota.change_desk import ChangeDesk
from fleet.rota.desk import RotaDesk
from fleet.rota.duties import RotaDuties
from fleet.rota.judging import Judging
from fleet.rota.oncall import OnCall
from fleet.rota.people_desk import RotaPeopleDesk
from fleet.rota.plan_desk import PlanDesk
from fleet.rota.solving import Solvers
from fleet.rota.work_desk import WorkDesk
from fleet.settings import LogSettings, Settings
from fleet.sites.desk import SiteDesk
from fleet.store.store import Store
from fleet.welfare.desk import WelfareDesk
from fleet.wiring.desk import WiringDesk
from fleet.wiring.giving_desk import GivingDesk
from fleet.wiring.judging import PlanJudging
from protocols.joining import BrokerAddress

_HEALTH_PER_MINUTE = 120
_WATCHING_PER_MINUTE = 1200
"""A browser that plays asks twice a second how the check stands; several may be behind one address."""
_ACKNOWLEDGING_PER_MINUTE = 30
"""People take an alarm now and then; programs that look at mail follow each link once."""
_RELEASES_PER_MINUTE = 1200
"""Pieces of files for units; many of them may be behind one address."""
_CALENDARS_PER_MINUTE = 120
"""A program asks a few times an hour; a company that keeps many people's calendars asks from a few addresses."""


def assemble(
    settings: Settings,
    store: Store,
    credentials: Credentials,
    hub: Hub,
    clock: Clock,
    metrics: Metrics | None = None,
) -> Services:
    """The services of one controller. Raises SettingsInvalid when a witness's CA file can not be read."""
    authority = credentials.authority
    broker = BrokerAddress(host=settings.broker.unit_host, port=settings.broker.unit_port, mqtt=settings.broker.mqtt)
    terms = Terms(authority, [credentials.down_public_hex], broker, settings.api.url)
    metrics = metrics or Metrics()
    log = DeploymentLog(settings, store, credentials.log_key, clock, metrics)
    checks = assemble_checks(settings, store, credentials, hub, clock, log.receipts, metrics)
    judging, solvers = Judging(), Solvers(store, clock)
    delivery = Delivery(settings.alarms)
    call_outs = CallOutDesk(store, clock, judging, settings.welfare)
    plans = PlanJudging(settings.wiring)
    signing = OnlineSigning(store, clock, credentials.release_key, settings.releases)
    return Services(
        store=store,
        clock=clock,
        hub=hub,
        signing_in=SigningIn(
            store, clock, roots_sha256=lambda: authority.roots_sha256, idle_minutes=settings.api.idle_minutes
        ),
        people=PeopleRegister(store, clock),
        door=Door(store, clock, settings.joining, controller_keys=[credentials.down_public_hex], broker=broker),
        vouchers=Vouchers(store, clock, authority=authority, url=settings.api.url),
        decisions=JoinDecisions(store, clock, authority, settings.new_unit),
        desk=UnitDesk(store, clock),
        standing=UnitStanding(store, clock),
        authority=authority,
        renewals=Renewals(store, clock, terms),
        rejoining=Rejoining(store, clock, settings.joining, terms),
        join_limit=RateLimit(settings.joining.requests_per_minute),
        sign_in_limit=RateLimit(settings.api.max_sign_ins_per_minute),
        health_limit=RateLimit(_HEALTH_PER_MINUTE),
        watch_limit=RateLimit(_WATCHING_PER_MINUTE),
        calendar_limit=RateLimit(_CALENDARS_PER_MINUTE),
        ack_limit=RateLimit(_ACKNOWLEDGING_PER_MINUTE),
        release_limit=RateLimit(_RELEASES_PER_MINUTE),
        pulse=Pulse(store),
        log=log,
        log_reading=LogReading(store, clock, log.receipts),
        log_exports=LogExports(store, clock, log.receipts, credentials.log_key, _timestamp_roots(settings.log)),
        holds=LegalHolds(store, clock, settings.retention),
        opening_reports=OpeningReports(store, clock, credentials.log_key),
        error_reports=ErrorReportDesk(store, clock),
        authorities=AuthorityDesk(store, clock),
        mandates=MandateDesk(store, clock, settings.mandates),
        duties=Duties(store, clock),
        checks=checks.desk,
        browsers=checks.browsers,
        carrying=checks.carrying,
        positions=PositionDesk(store, clock, PositionSeal(credentials.down_key)),
        guests=Guests(),
        judging=judging,
        solvers=solvers,
        rotas=RotaDesk(store, clock, judging),
        rota_plans=PlanDesk(store, clock, judging, solvers),
        rota_people=RotaPeopleDesk(store, clock),
        rota_changes=ChangeDesk(store, clock, judging),
        on_call=OnCall(store, clock),
        rota_duties=RotaDuties(store, clock),
        call_outs=call_outs,
        work=WorkDesk(store, clock),
        delivery=delivery,
        alarms=AlarmDesk(store, clock, call_outs),
        alarm_rules=AlarmRulesDesk(store, clock),
        contacts=ContactDesk(store, clock, delivery),
        calendars=CalendarDesk(store, clock, judging, settings.api.url),
        deployments=DeploymentDesk(store, clock),
        checklists=ChecklistDesk(store, clock),
        readiness=ReadinessDesk(store, clock),
        advice=AdviceDesk(store, clock),
        deployment_files=DeploymentFiles(store, clock),
        deployment_reports=DeploymentReports(store, clock),
        deployment_plans=PlanningDesk(store, clock),
        deployment_steps=StepDesk(store, clock),
        incidents=IncidentDesk(store, clock, call_outs),
        kit=KitDesk(store, clock),
        kit_scans=ScanDesk(store, clock),
        kit_upkeep=UpkeepDesk(store, clock),
        kit_models=ModelDesk(store, clock),
        sites=SiteDesk(store, clock),
        welfare=WelfareDesk(store, clock, settings.welfare),
        handovers=HandoverDesk(store, clock, judging),
        wiring=WiringDesk(store, clock, plans),
        deployment_wiring=GivingDesk(store, clock, plans),
        releases=ReleaseDesk(
            store,
            clock,
            credentials.release_key,
            settings.releases,
            signing,
            plain_keys_may_sign=settings.mandates.plain_keys_may_sign,
        ),
        release_files=ReleaseFilesDesk(store, clock, settings.releases),
        release_signing=signing,
        unit_releases=UnitReleases(store, clock),
        rollouts=RolloutDesk(store, clock, manifest_in_force),
        deployment_duties=DeploymentDuties(store, clock),
        handover_duties=HandoverDuties(store, clock),
    )


def _timestamp_roots(settings: LogSettings) -> str | None:
    """The certificates by which time stamps are checked; the log itself has read them, and would not run without."""
    if settings.timestamp_ca_file is None:
        return None
    return read_small(Path(settings.timestamp_ca_file)).decode("ascii")
