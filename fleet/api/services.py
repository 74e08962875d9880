"""What the API's handlers work with."""

from dataclasses import dataclass
from typing import TypeAlias

from litestar.di import NamedDependency

from fleet.alarms.rules_desk import AlarmRulesDesk
from fleet.api.guests import Guests
from fleet.api.limits import RateLimit
from fleet.api.pulse import Pulse
from fleet.authorities.desk import AuthorityDesk
from fleet.ca.authority import CertificateAuthority
from fleet.checks.browsers import Browsers
from fleet.checks.carrying import Carrying
from fleet.checks.desk import CheckDesk
from fleet.clock import Clock
from fleet.commands.desk import UnitDesk
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
from fleet.joining.vouchers import Vouchers
from fleet.keeping.holds import LegalHolds
from fleet.kit.desk import KitDesk
from fleet.kit.model_desk import ModelDesk
from fleet.kit.scanning import ScanDesk
from fleet.kit.upkeep_desk import UpkeepDesk
from fleet.log.deployment_log import DeploymentLog
from fleet.mandates.desk import MandateDesk
from fleet.mandates.duties import Duties
from fleet.openings.report import OpeningReports
from fleet.paging.contact_desk import ContactDesk
from fleet.paging.delivery import Delivery
from fleet.paging.desk import AlarmDesk
from fleet.people.register import PeopleRegister
from fleet.people.signing_in import SigningIn
from fleet.positions.desk import PositionDesk
from fleet.releases.desk import ReleaseDesk
from fleet.releases.files_desk import ReleaseFilesDesk
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
from fleet.sites.desk import SiteDesk
from fleet.store.store import Store
from fleet.welfare.desk import WelfareDesk
from fleet.wiring.desk import WiringDesk
from fleet.wiring.giving_desk import GivingDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything behind the API, wired by `fleet.app`."""

    store: Store
    clock: Clock
    hub: Hub
    signing_in: SigningIn
    people: PeopleRegister
    door: Door
    vouchers: Vouchers
    decisions: JoinDecisions
    desk: UnitDesk
    standing: UnitStanding
    authority: CertificateAuthority
    renewals: Renewals
    rejoining: Rejoining
    join_limit: RateLimit
    sign_in_limit: RateLimit
    health_limit: RateLimit
    watch_limit: RateLimit
    calendar_limit: RateLimit
    ack_limit: RateLimit
    release_limit: RateLimit
    pulse: Pulse
    log: DeploymentLog
    log_reading: LogReading
    log_exports: LogExports
    holds: LegalHolds
    opening_reports: OpeningReports
    error_reports: ErrorReportDesk
    authorities: AuthorityDesk
    mandates: MandateDesk
    duties: Duties
    checks: CheckDesk
    browsers: Browsers
    carrying: Carrying
    positions: PositionDesk
    guests: Guests
    judging: Judging
    solvers: Solvers
    rotas: RotaDesk
    rota_plans: PlanDesk
    rota_people: RotaPeopleDesk
    rota_changes: ChangeDesk
    on_call: OnCall
    rota_duties: RotaDuties
    call_outs: CallOutDesk
    work: WorkDesk
    calendars: CalendarDesk
    deployments: DeploymentDesk
    checklists: ChecklistDesk
    readiness: ReadinessDesk
    advice: AdviceDesk
    deployment_files: DeploymentFiles
    deployment_reports: DeploymentReports
    deployment_plans: PlanningDesk
    deployment_steps: StepDesk
    incidents: IncidentDesk
    delivery: Delivery
    alarms: AlarmDesk
    alarm_rules: AlarmRulesDesk
    contacts: ContactDesk
    kit: KitDesk
    kit_scans: ScanDesk
    kit_upkeep: UpkeepDesk
    kit_models: ModelDesk
    sites: SiteDesk
    welfare: WelfareDesk
    handovers: HandoverDesk
    wiring: WiringDesk
    deployment_wiring: GivingDesk
    releases: ReleaseDesk
    release_files: ReleaseFilesDesk
    release_signing: OnlineSigning
    unit_releases: UnitReleases
    rollouts: RolloutDesk
    deployment_duties: DeploymentDuties
    handover_duties: HandoverDuties


Given: TypeAlias = NamedDependency[Services]
"""How a handler asks for them: `services: Given`."""
