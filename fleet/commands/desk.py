"""Where commands are written: one row and one log entry, in one transaction."""

from datetime import timedelta

from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.people_and_units import CommandIssued, SettingsChanged, UnitLabelled
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.store.store import Store, Transaction
from protocols.api.units import CommandView, SettingsChange
from protocols.commands import ApplySettings, Order, ReportNow
from protocols.ids import new_token_id
from protocols.settings import UnitSettings

REPORT_LIFE = timedelta(seconds=30)
SETTINGS_LIFE = timedelta(minutes=10)


async def write_command(
    transaction: Transaction, unit_id: str, order: Order, *, actor: str, clock: Clock, life: timedelta
) -> str:
    """Queue `order` for the unit in the open transaction; returns the command id."""
    now = clock()
    command_id = new_token_id()
    expires_at = now + life
    await transaction.commands.add(command_id, unit_id, order, created_by=actor, now=now, expires_at=expires_at)
    kind = str(order.__struct_config__.tag)
    await transaction.log.append(
        CommandIssued(at=now, actor=actor, unit=unit_id, command=command_id, order=kind, expires_at=expires_at)
    )
    transaction.changed.commands.add(unit_id)
    return command_id


class UnitDesk:
    """What people ask of units."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def report_now(self, unit_id: str, actor: str) -> CommandView:
        """Ask the unit for a report; raises NotFound, or Conflict when it has no session to be asked in."""
        async with self._store.transaction() as transaction:
            await _refuse_revoked(transaction, unit_id)
            rows = await transaction.units.rows([unit_id])
            if not rows[0].facts.session_up:
                raise Conflict(
                    "unit-not-connected",
                    f"{unit_id} has no session now",
                    "a question is worth nothing when it is late: ask again when the unit is connected",
                )
            await write_command(transaction, unit_id, ReportNow(), actor=actor, clock=self._clock, life=REPORT_LIFE)
            return (await transaction.commands.of_unit(unit_id, limit=1))[0]

    async def change_settings(self, unit_id: str, change: SettingsChange, actor: str) -> UnitSettings:
        """Want other settings, and tell the unit; raises NotFound, or Conflict when they changed meanwhile or the
        unit was revoked."""
        async with self._store.transaction() as transaction:
            await _refuse_revoked(transaction, unit_id)
            wanted = await transaction.units.settings(unit_id, for_update=True)
            if wanted is None:
                raise _unknown(unit_id)
            if wanted.version != change.based_on:
                raise Conflict(
                    "settings-changed",
                    f"the settings are at version {wanted.version}, you saw {change.based_on}",
                    "look at them again, then change them",
                )
            settings = _merged(wanted, change)
            now = self._clock()
            await transaction.units.change_settings(unit_id, settings, actor, now)
            await transaction.log.append(
                SettingsChanged(
                    at=now,
                    actor=actor,
                    unit=unit_id,
                    version=settings.version,
                    report_every_s=settings.report_every_s,
                    spool_max_mb=settings.spool_max_mb,
                    spool_max_days=settings.spool_max_days,
                )
            )
            await write_command(
                transaction, unit_id, ApplySettings(settings), actor=actor, clock=self._clock, life=SETTINGS_LIFE
            )
            transaction.changed.units.add(unit_id)
        return settings

    async def change_label(self, unit_id: str, label: str, actor: str) -> None:
        """Give the unit another short name; raises NotFound."""
        async with self._store.transaction() as transaction:
            if not await transaction.units.change_label(unit_id, label):
                raise _unknown(unit_id)
            await transaction.log.append(
                UnitLabelled(at=self._clock(), actor=actor, unit=unit_id, label=HashedText(label))
            )
            transaction.changed.units.add(unit_id)


async def _refuse_revoked(transaction: Transaction, unit_id: str) -> None:
    """Raise NotFound or Conflict; the unit is not revoked until the transaction ends."""
    unit = await transaction.revocation.lock_unit(unit_id)
    if unit is None:
        raise _unknown(unit_id)
    if unit.state == "revoked":
        raise Conflict("unit-revoked", f"{unit_id} was revoked", "it takes no commands any more")


def _unknown(unit_id: str) -> NotFound:
    return NotFound("unit-unknown", f"there is no unit {unit_id}", "list units to see their ids")


def _merged(wanted: UnitSettings, change: SettingsChange) -> UnitSettings:
    settings = UnitSettings(
        version=wanted.version + 1,
        report_every_s=change.report_every_s or wanted.report_every_s,
        spool_max_mb=change.spool_max_mb or wanted.spool_max_mb,
        spool_max_days=change.spool_max_days or wanted.spool_max_days,
    )
    asked = (change.report_every_s, change.spool_max_mb, change.spool_max_days)
    if all(value is None for value in asked):
        raise RequestRefused("nothing-to-change", "no setting was named", "name the setting and its new value")
    return settings
