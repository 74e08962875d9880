"""Sites: codes, their erasable texts, and surveys of power and signal."""

from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.sites import SignalSeen, SitePage, SiteRow, SurveyView

_SQL = load("sites")
_signals = msgspec.json.Decoder(list[SignalSeen])
_MAX_TERMS = 8


class SiteTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What may be erased of a site."""

    address: str
    access: str


class SiteStore:
    """Sites within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(self, words: str, offset: int, limit: int) -> SitePage:
        """Rows `offset` … by code, of those in whose code or supply each of `words` occurs; without their texts."""
        escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        terms = [f"%{word}%" for word in escaped.split()[:_MAX_TERMS]]
        records = await self._connection.fetch(_SQL["page"], "", terms, offset, limit)
        if not records and offset:
            first = await self._connection.fetch(_SQL["page"], "", terms, 0, 1)
            return SitePage(total=first[0]["total"] if first else 0, offset=offset, rows=[])
        total = records[0]["total"] if records else 0
        return SitePage(total=total, offset=offset, rows=[_row(record) for record in records])

    async def one(self, site: str) -> SiteRow | None:
        """One site, without its texts."""
        record = await self._connection.fetchrow(_SQL["page"], site, [], 0, 1)
        return None if record is None else _row(record)

    async def texts(self, site: str) -> SiteTexts | None:
        """Address and access notes of a site."""
        record = await self._connection.fetchrow(_SQL["texts"], site)
        return None if record is None else SiteTexts(**record)

    async def locked(self, site: str) -> SiteTexts | None:
        """The same of a site that nobody else changes until the transaction ends."""
        record = await self._connection.fetchrow(_SQL["lock"], site)
        return None if record is None else SiteTexts(**record)

    async def add(self, site: str, texts: SiteTexts) -> bool:
        """Enter a site; False where there is one of that code."""
        return await self._connection.fetchval(_SQL["add"], site, texts.address, texts.access) is not None

    async def change(self, site: str, version: int, texts: SiteTexts) -> None:
        """Write a locked site's texts; the database does not let those of an erased one be written."""
        await self._connection.execute(_SQL["change"], site, version, texts.address, texts.access)

    async def erase(self, site: str, version: int, by: str, now: datetime) -> None:
        """Erase a locked site's texts for good."""
        await self._connection.execute(_SQL["erase"], site, version, by, now)

    async def add_survey(self, site: str, survey: SurveyView) -> bool:
        """Keep a survey; False where one of that moment is there."""
        signals = msgspec.json.encode(survey.signals).decode()
        added = await self._connection.fetchval(
            _SQL["add_survey"],
            site,
            survey.surveyed_at,
            survey.surveyed_by,
            survey.supply,
            survey.supply_mv,
            signals,
            survey.note,
        )
        return added is not None

    async def surveys(self, site: str, limit: int) -> list[SurveyView]:
        """A site's surveys, newest first."""
        records = await self._connection.fetch(_SQL["surveys"], site, limit)
        return [SurveyView(**{**dict(record), "signals": _signals.decode(record["signals"])}) for record in records]


def _row(record: asyncpg.Record) -> SiteRow:
    fields: dict[str, Any] = dict(record)
    fields.pop("total")
    seen = [one.rsrp_dbm for one in _signals.decode(fields.pop("signals")) if one.rsrp_dbm is not None]
    return SiteRow(**fields, best_rsrp_dbm=max(seen, default=None))
