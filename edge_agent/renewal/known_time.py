"""What the unit knows of the time, and how well."""

from edge_agent.errors import SourceUnreadable
from edge_agent.link.session import Session
from edge_agent.readers.kernel_clock import read_kernel_clock
from edge_agent.renewal.plan import KnownTime
from edge_agent.reporting import Clockwork


class TimeSource:
    """The controller's word where it has been heard, else the machine's own clock."""

    def __init__(self, session: Session, clockwork: Clockwork) -> None:
        """The controller is heard in `session`."""
        self._session = session
        self._clockwork = clockwork

    def known_time(self) -> KnownTime:
        """The time now."""
        now = self._clockwork.now()
        by_controller_ms = self._session.controller_time_ms(now.mono_ms)
        if by_controller_ms is not None:
            return KnownTime(by_controller_ms, sure=True)
        return KnownTime(now.trusted_wall_ms, sure=now.trusted_wall_ms is not None and _kept_by_a_service())


def _kept_by_a_service() -> bool:
    try:
        clock = read_kernel_clock()
    except SourceUnreadable:
        return False
    return clock is not None and clock.synchronised
