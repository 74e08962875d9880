"""What there is before the week begins: a rota, what people have learnt, stores with kit, units, sites."""

from datetime import timedelta

from fleet.client import FleetClient
from fleet.demo.rota import MEMBERS, ZONE, lay_down, office_terms
from fleet.demo.week.cast import ENGINEERS, terms
from fleet.demo.week.planning import SUPERVISOR
from fleet.demo.week.sites import SITES, Place, signals
from fleet.demo.week.stage import Stage
from fleet.demo.week.stock import (
    ACCESSORIES,
    FLAWS,
    MODELS,
    PLACES,
    STOCK,
    UNIT_MODELS,
    Flaw,
    place_of,
    unit_ids,
)
from fleet.rota.rules.wall import local_date
from protocols.api.kit import ConditionSeen, Maintained, NewItem
from protocols.api.rota_people import SetTerms
from protocols.api.sites import NewSurvey

KEEPER = "TO-12"
WEEK_H = 7 * 24
_SURVEYED_BEFORE = timedelta(days=30)


async def furnish(stage: Stage) -> None:
    """Lay everything down, at the clock's time, before the week's first act. Raises ClientError."""
    supervisor, keeper = stage.doors[SUPERVISOR], stage.doors[KEEPER]
    last_day = local_date(stage.time(WEEK_H), ZONE)
    people = {person: office_terms(person, last_day) for person in MEMBERS}
    learnt = {person: terms(person, last_day) for person in ENGINEERS}
    await lay_down(supervisor, last_day, people | {one: learnt[one] for one in ENGINEERS if one in people})
    for person in ENGINEERS:
        if person not in people:
            await supervisor.set_terms(person, SetTerms(version=0, terms=learnt[person]))
    for code, (name, holder) in PLACES.items():
        await supervisor.put_kit_place(code, name, holder)
    for model in MODELS:
        await supervisor.put_kit_model(model, 0)
    items = await _add_items(stage, keeper)
    for flaw in FLAWS:
        await _spoil(stage, supervisor, items[flaw.model][-flaw.number], flaw)
    for model_id, count in STOCK.items():
        await keeper.move_kit_stock(model_id, count, note="first stock")
    for site in SITES:
        await _enter_site(stage, keeper, site)


async def _add_items(stage: Stage, keeper: FleetClient) -> dict[str, list[str]]:
    """Codes by model."""
    items: dict[str, list[str]] = {}
    for model in UNIT_MODELS:
        known = unit_ids(model)
        await stage.units.join(known, f"simulated {model}")
        for number, unit_id in enumerate(known, start=1):
            new = NewItem(model=model, place=place_of(model, number), unit=unit_id, serial=f"{model}-{number:03}")
            items.setdefault(model, []).append((await keeper.add_kit(new)).row.item)
    for lot in ACCESSORIES:
        for _ in range(lot.pieces):
            added = await keeper.add_kit(NewItem(model=lot.model, place=lot.place))
            items.setdefault(lot.model, []).append(added.row.item)
    return items


async def _spoil(stage: Stage, supervisor: FleetClient, item: str, flaw: Flaw) -> None:
    if flaw.condition is not None:
        await supervisor.see_kit_condition(item, ConditionSeen(condition=flaw.condition))
    if flaw.service is not None:
        await supervisor.change_kit_service(item, flaw.service, "as it was found")
    if flaw.served_days_ago is not None:
        done_at = stage.clock() - timedelta(days=flaw.served_days_ago)
        await supervisor.kit_maintained(item, Maintained(rule="seals", done_at=done_at))


async def _enter_site(stage: Stage, keeper: FleetClient, site: Place) -> None:
    await keeper.put_site(site.code, 0, address=site.address, access=site.access)
    found = signals(site)
    if found:
        survey = NewSurvey(
            surveyed_at=stage.clock() - _SURVEYED_BEFORE,
            supply=site.supply,
            supply_mv=site.supply_mv,
            signals=found,
        )
        await keeper.survey_site(site.code, survey)
