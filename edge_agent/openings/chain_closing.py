"""Openings that the chain says began, and not that they ended: the agent was killed while they were open."""

from edge_agent.access_record.keeper import AccessKeeper
from edge_agent.errors import StateUnusable
from edge_agent.openings.ledger import Ledger
from protocols.access_record import AccessRecord, read_record
from protocols.errors import InvalidAccessRecord

_PAGE = 500


class ChainNews:
    """What a chain tells of openings, record by record. Pure."""

    def __init__(self) -> None:
        """Of an empty chain."""
        self.has_opened = False
        self._open: dict[tuple[str | None, str | None], AccessRecord] = {}

    @property
    def unclosed(self) -> list[AccessRecord]:
        """The records `opened` that no `closed` follows, in order."""
        return list(self._open.values())

    def see(self, record: AccessRecord) -> None:
        """The next record of the chain."""
        if record.what == "opened":
            self.has_opened = True
            self._open[record.opening, record.modality] = record
        elif record.what == "closed":
            self._open.pop((record.opening, record.modality), None)


async def news_of(keeper: AccessKeeper) -> ChainNews:
    """What the chain on the disk tells; raises StateUnusable."""
    news = ChainNews()
    number = 0
    while texts := await keeper.after(number, _PAGE):
        try:
            for text in texts:
                record = read_record(text)
                news.see(record)
        except InvalidAccessRecord as error:
            raise StateUnusable(keeper.path, f"was changed while the agent ran ({error.detail})") from error
        number = record.number
    return news


def open_s_of(record: AccessRecord, ledger: Ledger | None, boot_id: str, now_boot_ms: int) -> int | None:
    """How long what `record` opened can have been open, seconds: to its deadline, or to now; None when not known. Pure.

    What held the device died with the agent, so this is the longest it can have been.
    """
    opening = None if ledger is None or record.opening is None else ledger.opening(record.opening)
    if opening is None or opening.boot_id != record.boot_id:
        return None
    until_ms = opening.until_boot_ms if opening.boot_id != boot_id else min(opening.until_boot_ms, now_boot_ms)
    return whole_seconds(until_ms - opening.opened_boot_ms)


def whole_seconds(ms: int) -> int:
    """Seconds, rounded; never negative."""
    return max(0, (ms + 500) // 1000)
