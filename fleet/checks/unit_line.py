"""The line between one check and its unit: what is said goes to the unit's session, what is heard is proven."""

from fleet.checks.permits import Check
from fleet.checks.proven import proven
from fleet.checks.tools import Tools
from fleet.errors import StoreUnavailable
from fleet.store.checks import UnitNow
from protocols.opening import DownSignal, Signal
from protocols.uplink import PositionMessage, SignalMessage

_DOWN_LIFE_S = 10.0


class UnitLine:
    """Speaks to the unit of `check`, over the session that it had when it was last looked for."""

    def __init__(self, check: Check, tools: Tools) -> None:
        self._check = check
        self._tools = tools
        self._session = ""

    def note(self, unit: UnitNow | None) -> None:
        """So the unit stands now; without a session it keeps the one it had."""
        self._session = (unit.session if unit is not None else None) or self._session

    async def say(self, body: DownSignal) -> bool:
        """Send over the session that the unit has now; without the database, the one it had. False: not sent."""
        try:
            async with self._tools.store.transaction() as transaction:
                unit = await transaction.checks.unit_now(self._check.unit_id)
        except StoreUnavailable:
            return self.say_at_once(body)
        self.note(unit)
        return unit is not None and unit.session is not None and self.say_at_once(body)

    def say_at_once(self, body: DownSignal) -> bool:
        """Send without looking for the unit; False when it can not be sent."""
        session = self._session
        return bool(session) and self._tools.path.send(self._check.unit_id, session, body, _DOWN_LIFE_S)

    async def read(self, message: SignalMessage | PositionMessage) -> Signal | None:
        """What the unit says of this opening; None when it is not of the unit, or of another one.

        Raises StoreUnavailable.
        """
        async with self._tools.store.transaction() as transaction:
            signal = await proven(transaction, self._check.unit_id, message.sealed, self._tools.clock())
        return signal if signal is not None and signal.opening == self._check.opening else None
