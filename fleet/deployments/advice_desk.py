"""What could be fielded, with whom: the facts for the rule, read in one transaction. Nothing is kept or entered."""

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from fleet.clock import Clock
from fleet.deployments.kitting import choices_of
from fleet.deployments.people_reading import HOUSE_ZONE, known_people
from fleet.deployments.rules.advice import AdviceFacts, AdviceItem, advise
from fleet.deployments.rules.facts import PersonFacts
from fleet.deployments.rules.picking import Choice, can_take
from fleet.errors import NotFound, RequestRefused
from fleet.kit.rules.standing import can_go_out, is_gone
from fleet.mandates.rules import whole_utc
from fleet.store.kit import StoredItem
from fleet.store.store import Store, Transaction
from protocols.api.advice import Advice
from protocols.api.sites import SiteRow
from protocols.deployments import TEMPLATES, DeploymentKind, KindTemplate, KitWanted
from protocols.people import may

LASTS = timedelta(hours=12)
"""For how long advice is, where nothing is said †."""
LONGEST = timedelta(days=92)
"""For how long advice can be †: three months, as an authority."""
_FURTHEST = timedelta(days=366)
_NONE = ""


class AdviceDesk:
    """Raises StoreUnavailable, RequestRefused for a time that can not be, and NotFound for a site."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def advise(
        self, kind: DeploymentKind, *, at: datetime | None, until: datetime | None, site: str | None
    ) -> Advice:
        """What could be fielded for a kind from `at` (now) until `until` (12 h later). At a site that was surveyed the
        supply counts: mains takes somebody who may work on it, and none takes a battery."""
        now = self._clock()
        starts_at = whole_utc(now if at is None else at, now)
        ends_at = starts_at + LASTS if until is None else whole_utc(until, now)
        if not starts_at < ends_at <= starts_at + LONGEST or not abs(starts_at - now) <= _FURTHEST:
            raise RequestRefused(
                "period-unusable",
                f"advice is for at most {LONGEST.days} days, which begin within a year of now",
                "let until be later than at, and not too late",
            )
        async with self._store.transaction() as transaction:
            template = _at_site(TEMPLATES[kind], await _site(transaction, site))
            rows = await _rows(transaction, template)
            choices = await choices_of(transaction, rows, now)
            facts = AdviceFacts(
                template=template,
                starts_at=starts_at,
                until=ends_at,
                items=_items(choices, rows, starts_at, ends_at, now),
                people=await _people(transaction, now, ends_at),
                now=now,
            )
        return advise(facts)


async def _site(transaction: Transaction, site: str | None) -> SiteRow | None:
    if site is None:
        return None
    found = await transaction.sites.one(site)
    if found is None:
        raise NotFound("site-unknown", f"there is no site {site}", "list sites: fleet site list")
    return found


def _at_site(template: KindTemplate, site: SiteRow | None) -> KindTemplate:
    if site is not None and site.supply == "mains" and "mains" not in template.works:
        return msgspec.structs.replace(template, works=[*template.works, "mains"])
    if site is not None and site.supply == "none" and not any(one.kind == "battery" for one in template.wants):
        return msgspec.structs.replace(template, wants=[*template.wants, KitWanted(kind="battery", count=1)])
    return template


async def _rows(transaction: Transaction, template: KindTemplate) -> list[StoredItem]:
    kinds = sorted({one.kind for one in template.wants})
    return [one for kind in kinds for one in await transaction.kit.find(kind=kind)]


def _items(
    choices: Collection[Choice], rows: Collection[StoredItem], starts_at: datetime, until: datetime, now: datetime
) -> list[AdviceItem]:
    training = {one.item: one.document.training for one in rows}
    return [
        AdviceItem(
            item=one.item,
            kind=one.kind,
            model=one.model,
            why_not=why_not(one, starts_at, until, now),
            training=training[one.item],
        )
        for one in choices
        if not is_gone(one.facts)
    ]


def why_not(one: Choice, starts_at: datetime, until: datetime, now: datetime) -> str:
    """Why an item could not be had for a new deployment in a time, as a sentence; empty when it could."""
    if can_take(one, _NONE, starts_at, until, now):
        return ""
    if one.presence in {"revoked", "quarantined"}:
        return f"{one.item} is a unit that is {one.presence}"
    kept = next((each for each in one.facts.reserved if each.starts_at < until and starts_at < each.ends_at), None)
    stopped = can_go_out(one.facts, now, until=until)
    if kept is None or stopped:
        return stopped or f"{one.item} can not be had then"
    return f"{one.item} is kept for {kept.deployment} from {kept.starts_at:%Y-%m-%d %H:%M} UTC"


async def _people(transaction: Transaction, now: datetime, until: datetime) -> list[PersonFacts]:
    """Everybody who may work on deployments and whose access is in force."""
    everybody = [one for one in await transaction.people.every() if may(one.role, "work-deployment")]
    ids = [one.person_id for one in everybody if one.may_sign_in(now)]
    known = await known_people(transaction, ids, now, until, closely=True)
    found = [known.facts(one, HOUSE_ZONE, ()) for one in sorted(ids)]
    return [one for one in found if one is not None]
