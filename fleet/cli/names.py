"""What people type for units, joins, vouchers, authorities, mandates, checks and rotas: an id, its beginning, or a
label."""

import re
from collections.abc import Iterable, Mapping

from fleet.client import FleetClient
from fleet.errors import CommandIncomplete, Conflict, NotFound
from protocols.api.authorities import AuthorityState, AuthorityView
from protocols.api.joins import JoinView
from protocols.api.mandates import MandateState, MandateView
from protocols.api.rotas import PlanView, RotaSummary
from protocols.api.units import UnitRow, UnitSort

_PAGE = 500
_PAPERS_PAGE = 200
_NAMED = 5
_CHECK_ID = re.compile(r"open-[0-9a-f]{24}", re.ASCII)
_MANDATE_ID = re.compile(r"M-[0-9a-f]{12}", re.ASCII)
_PLAN_ID = re.compile(r"P-[0-9a-f]{12}", re.ASCII)


def the_one(kind: str, typed: str, labels: Mapping[str, str], where: str) -> str:
    """The id that `typed` stands for.

    `labels` has the label of each id, empty where there is none. A whole id goes before everything else, then the one
    id that begins with `typed` or has it as its label. Raises NotFound, which tells to look with the command `where`,
    or Conflict, which names the first that it may be.
    """
    if typed in labels:
        return typed
    wanted = typed.strip().casefold()
    found = [
        one
        for one, label in labels.items()
        if wanted and (one.casefold().startswith(wanted) or label.casefold() == wanted)
    ]
    if not found:
        raise NotFound(f"{kind}-unknown", f"there is no {kind} {typed!r}", f"list them: {where}")
    if len(found) > 1:
        raise Conflict(f"{kind}-ambiguous", f"{typed!r} may be {_listed(found, labels)}", "type more of the id")
    return found[0]


def _listed(ids: Iterable[str], labels: Mapping[str, str]) -> str:
    every = [f"{one} ({labels[one]})" if labels[one] else one for one in ids]
    more = len(every) - _NAMED
    return " or ".join(every[:_NAMED]) + (f" or {more} more" if more > 0 else "")


async def every_unit(
    door: FleetClient, words: str, sort: UnitSort = "label", *, descending: bool = False
) -> list[UnitRow]:
    """All units in which each of `words` occurs; raises ClientError."""
    rows: list[UnitRow] = []
    while True:
        page = await door.list_units(words, sort, descending=descending, offset=len(rows), limit=_PAGE)
        rows += page.rows
        if not page.rows or len(rows) >= page.total:
            return rows


async def unit_named(door: FleetClient, typed: str) -> str:
    """The id of the unit that `typed` stands for; raises NotFound, Conflict, ClientError."""
    rows = await every_unit(door, typed)
    return the_one("unit", typed, {row.unit_id: row.label for row in rows}, "fleet unit list")


async def join_named(door: FleetClient, typed: str) -> JoinView:
    """The waiting join that `typed` stands for; raises NotFound, Conflict, ClientError."""
    waiting = {join.join_id: join for join in await door.joins()}
    labels = {join_id: join.label for join_id, join in waiting.items()}
    return waiting[the_one("join", typed, labels, "fleet unit joins")]


async def voucher_named(door: FleetClient, typed: str) -> str:
    """The id of the voucher that `typed` stands for; raises NotFound, Conflict, ClientError."""
    return the_one("voucher", typed, {v.voucher_id: "" for v in await door.vouchers()}, "fleet unit vouchers")


async def every_authority(
    door: FleetClient, words: str = "", state: AuthorityState | None = None
) -> list[AuthorityView]:
    """All authorities, newest first; with `words` in reference or id, in a state; raises ClientError."""
    rows: list[AuthorityView] = []
    while True:
        page = await door.authorities(words, state=state, offset=len(rows), limit=_PAPERS_PAGE)
        rows += page.rows
        if not page.rows or len(rows) >= page.total:
            return rows


async def authority_named(door: FleetClient, typed: str) -> AuthorityView:
    """The authority that `typed` stands for; one that is cancelled only by its id. Raises NotFound, Conflict,
    ClientError."""
    found = {one.authority_id: one for one in await every_authority(door, typed.strip())}
    labels = {key: "" if one.state == "cancelled" else one.reference for key, one in found.items()}
    return found[the_one("authority", typed, labels, "fleet authority list")]


async def every_mandate(
    door: FleetClient, unit_id: str | None = None, state: MandateState | None = None, *, mine: bool = False
) -> list[MandateView]:
    """All mandates, newest first; of a unit, in a state, or that wait for this person to sign; raises ClientError."""
    rows: list[MandateView] = []
    while True:
        page = await door.mandates(unit_id, state=state, mine=mine, offset=len(rows), limit=_PAPERS_PAGE)
        rows += page.rows
        if not page.rows or len(rows) >= page.total:
            return rows


async def mandate_named(door: FleetClient, typed: str) -> MandateView:
    """The mandate that `typed` stands for; raises NotFound, Conflict, ClientError."""
    if _MANDATE_ID.fullmatch(typed):
        return await door.mandate(typed)
    found = {one.mandate_id: one for one in await every_mandate(door)}
    return found[the_one("mandate", typed, dict.fromkeys(found, ""), "fleet mandate list")]


async def check_named(door: FleetClient, typed: str) -> str:
    """The id of the check that `typed` stands for: a whole id, or the beginning of that of one that is open. Raises
    NotFound, Conflict, ClientError."""
    if _CHECK_ID.fullmatch(typed):
        return typed
    found: dict[str, str] = {}
    for row in await every_unit(door, ""):
        if row.open:
            found |= {one.opening: row.label for one in (await door.access(row.unit_id)).open}
    return the_one("check", typed, found, "fleet check list UNIT, which shows whole ids")


async def rota_named(door: FleetClient, typed: str | None) -> RotaSummary:
    """The rota that `typed` stands for; with None the only one that has not ended. Raises NotFound, Conflict,
    CommandIncomplete, ClientError."""
    found = {one.rota: one for one in await door.rotas()}
    if typed is None:
        live = [one for one in found.values() if one.ended_at is None]
        if len(live) == 1:
            return live[0]
        which = f"which of {', '.join(one.rota for one in live[:_NAMED])} is meant" if live else "there is no rota"
        raise CommandIncomplete("rota-unnamed", which, "name it, or list rotas: fleet rota list")
    return found[the_one("rota", typed, {key: one.name for key, one in found.items()}, "fleet rota list")]


async def plan_named(door: FleetClient, typed: str) -> PlanView:
    """The plan of a rota's turns that `typed` stands for; raises NotFound, Conflict, ClientError."""
    if _PLAN_ID.fullmatch(typed):
        return await door.rota_plan(typed)
    found = [one.plan for rota in await door.rotas() for one in await door.rota_plans(rota.rota)]
    return await door.rota_plan(the_one("plan", typed, dict.fromkeys(found, ""), "fleet rota plans"))


async def zone_named(door: FleetClient, typed: str | None) -> str:
    """The zone that `typed` names; with None the one in which all rotas are that have not ended. Raises
    CommandIncomplete, ClientError."""
    if typed is not None:
        return typed
    zones = sorted({one.zone for one in await door.rotas() if one.ended_at is None})
    if len(zones) == 1:
        return zones[0]
    which = (
        f"rotas are in several zones, {', '.join(zones[:_NAMED])}" if zones else "there is no rota, whose zone counts"
    )
    raise CommandIncomplete("zone-unnamed", which, "name one: --zone Europe/London")
