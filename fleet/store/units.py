"""Units: identity, settings, certificates, and the latest state as the console lists it."""

import re
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from fleet.errors import Conflict
from fleet.store.certificates import CertificateStore, StoredCertificate
from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.units import (
    PresenceFacts,
    Standing,
    Summary,
    UnitDetail,
    UnitPage,
    UnitRow,
    UnitSort,
)
from protocols.joining import KeyProtection
from protocols.settings import UnitSettings

_SQL = load("units")
_MAX_TERMS = 8
_AROUND_BAR = re.compile(r"\s*\|\s*")


class NewUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that a person has just accepted."""

    unit_id: str
    label: str
    model: str
    fingerprint: str
    key_protection: KeyProtection
    accepted_by: str


class UnitStore:
    """Units within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def schema_revision(self) -> str | None:
        """The database's migration revision, None for an empty database."""
        try:
            revision: str | None = await self._connection.fetchval(_SQL["schema_revision"])
        except asyncpg.UndefinedTableError:
            return None
        return revision

    async def add(self, unit: NewUnit, settings: UnitSettings, certificate: StoredCertificate, now: datetime) -> None:
        """Enter a unit with its settings and first certificate; raises Conflict when another unit has its key."""
        added = await self._connection.fetchval(
            _SQL["add_unit"],
            unit.unit_id,
            unit.label,
            unit.model,
            unit.fingerprint,
            unit.key_protection,
            now,
            unit.accepted_by,
        )
        if added is None:
            raise Conflict("key-known", "this key already belongs to a unit", "refuse the join and ask who is on duty")
        await self._connection.execute(_SQL["add_live"], unit.unit_id)
        await self._connection.execute(_SQL["add_settings"], unit.unit_id, *_settings_values(settings), now)
        await CertificateStore(self._connection).add(certificate)

    async def settings(self, unit_id: str, *, for_update: bool = False) -> UnitSettings | None:
        """The settings wanted for a unit."""
        name = "settings_for_update" if for_update else "settings"
        record = await self._connection.fetchrow(_SQL[name], unit_id)
        return None if record is None else UnitSettings(**record)

    async def change_settings(self, unit_id: str, settings: UnitSettings, changed_by: str, now: datetime) -> None:
        """Want other settings for a unit."""
        await self._connection.execute(_SQL["change_settings"], unit_id, *_settings_values(settings), changed_by, now)

    async def change_label(self, unit_id: str, label: str) -> bool:
        """Change the short name; False when there is no such unit."""
        return await self._connection.fetchval(_SQL["change_label"], unit_id, label) is not None

    async def rows(self, unit_ids: list[str]) -> list[UnitRow]:
        """The rows of these units, by id; unknown ids are left out."""
        return [_row(record) for record in await self._connection.fetch(_SQL["rows"], unit_ids)]

    async def page(self, *, words: str, sort: UnitSort, descending: bool, offset: int, limit: int) -> UnitPage:
        """Rows `offset` … of those in whose id, label, model or presence each of `words` occurs, in any case.

        A word may hold alternatives, as `quiet|never`, of which one has to occur; blanks around `|` do not count.
        Ties, and rows without the figure sorted by (always last), are in order of unit id.
        """
        terms = _terms(words)
        records = await self._connection.fetch(_SQL["page"], terms, sort, descending, offset, limit)
        if records:
            total = records[0]["total"]
        else:
            total = await self._connection.fetchval(_SQL["count_matching"], terms) if offset else 0
        return UnitPage(total=total, offset=offset, rows=[_row(record) for record in records])

    async def detail(self, unit_id: str) -> UnitDetail | None:
        """All of one unit."""
        rows = await self.rows([unit_id])
        settings = await self.settings(unit_id)
        record = await self._connection.fetchrow(_SQL["detail"], unit_id)
        if not rows or settings is None or record is None:
            return None
        certificate = await CertificateStore(self._connection).newest(unit_id)
        fields = dict(record)
        health: dict[str, Any] = msgspec.json.decode(fields.pop("health"))
        standing = Standing(**{name: fields.pop(name) for name in Standing.__struct_fields__})
        return UnitDetail(
            row=rows[0],
            settings=settings,
            health=health,
            certificate=None if certificate is None else certificate.view(),
            standing=standing,
            **fields,
        )

    async def summary(self) -> Summary:
        """The fleet in numbers."""
        words = await self._connection.fetch(_SQL["presence_counts"])
        others = await self._connection.fetchrow(_SQL["other_counts"])
        assert others is not None, "an aggregate query always has a row"
        return Summary(
            units=sum(record["units"] for record in words),
            presence={record["word"]: record["units"] for record in words},
            sessions_up=sum(record["sessions_up"] for record in words),
            joins_pending=others["joins_pending"],
            alarms=others["alarms"],
            units_open=others["units_open"],
        )


def _settings_values(settings: UnitSettings) -> tuple[int, int, int, int]:
    return settings.version, settings.report_every_s, settings.spool_max_mb, settings.spool_max_days


def _terms(words: str) -> list[str]:
    """For each word, a LIKE pattern for each of its alternatives, with `|` between them."""
    terms: list[str] = []
    for word in _AROUND_BAR.sub("|", words).split()[:_MAX_TERMS]:
        patterns = ["%" + _literal(one) + "%" for one in word.split("|") if one]
        terms += ["|".join(patterns)] if patterns else []
    return terms


def _literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _row(record: asyncpg.Record) -> UnitRow:
    fields = dict(record)
    facts = PresenceFacts(**{name: fields.pop(name) for name in PresenceFacts.__struct_fields__})
    return UnitRow(facts=facts, **{name: fields[name] for name in UnitRow.__struct_fields__ if name != "facts"})
