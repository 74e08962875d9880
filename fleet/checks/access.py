"""What can be opened of a unit now, and why not."""

from datetime import datetime

from fleet.checks.refusals import NO_MANDATE, unit_away
from fleet.errors import NotFound
from fleet.mandates.standing import Obstacle, Standing, openable
from fleet.openings.budgets import day_of, day_starts
from fleet.store.checks import UnitNow, Use, sentence
from fleet.store.store import Transaction
from protocols.access_record import Modality
from protocols.api.checks import Budget, CheckView, LiveMandate, UnitAccess

_MODALITIES: tuple[Modality, ...] = ("video", "audio", "position")
_LOOKED_AT = 20
_MAX_OBSTACLES = 6


async def unit_access(transaction: Transaction, unit_id: str, person_id: str, now: datetime) -> UnitAccess:
    """For `person_id`, as the database has it; raises NotFound."""
    unit = await transaction.checks.unit_now(unit_id)
    if unit is None:
        raise NotFound("unit-unknown", f"there is no unit {unit_id}", "list units to see their ids")
    standing: dict[str, list[tuple[Modality, Standing]]] = {}
    in_the_way: list[Obstacle] = []
    for modality in _MODALITIES:
        for found in await openable(transaction, unit_id, modality, now):
            if isinstance(found, Standing):
                standing.setdefault(found.mandate_id, []).append((modality, found))
            else:
                in_the_way.append(found)
    mandates = [await _live(transaction, covered, now) for covered in standing.values()]
    checks = await transaction.checks.of_unit(unit_id, _LOOKED_AT)
    return UnitAccess(
        mandates=mandates,
        obstacles=_obstacles(unit_id, unit, mandates, in_the_way),
        sentences={live.mandate: _sentence(live, unit_id, person_id) for live in mandates},
        open=[view for view in checks if not is_over(view)],
        last=next((view for view in checks if is_over(view)), None),
    )


def is_over(view: CheckView) -> bool:
    """Whether a check has ended."""
    return view.state in {"closed", "refused"}


async def _live(transaction: Transaction, covered: list[tuple[Modality, Standing]], now: datetime) -> LiveMandate:
    _, first = covered[0]
    used = await transaction.checks.used(first.mandate_id, day_starts(day_of(now)), now)
    budgets: list[Budget] = []
    for modality, standing in covered:
        allowance = standing.mandate.allowance(modality)
        assert allowance is not None, "it stands for this modality"
        use = used.get(modality, Use())
        budgets.append(Budget(allowance=allowance, used_s=use.used_s, openings=use.openings))
    return LiveMandate(
        mandate=first.mandate_id,
        kind=first.mandate.kind,
        authority=first.authority,
        purpose=first.mandate.purpose,
        ends_at=min(standing.until for _, standing in covered),
        signed_until=first.mandate.not_after,
        review_at=first.review_at,
        budgets=budgets,
    )


def _sentence(live: LiveMandate, unit_id: str, person_id: str) -> str:
    modalities = [budget.allowance.modality for budget in live.budgets]
    return sentence(person_id, modalities, unit_id, live.mandate, live.purpose)


def _obstacles(unit_id: str, unit: UnitNow, mandates: list[LiveMandate], in_the_way: list[Obstacle]) -> list[str]:
    """In the order in which they matter: the unit itself, its connection, its mandates."""
    found: list[Obstacle] = []
    if unit.state != "active":
        remedy = "a supervisor has to release it" if unit.state == "quarantined" else "it never comes back"
        found.append(Obstacle("revoked", f"{unit_id} is {unit.state}, and opens nothing", remedy))
    elif unit.session is None:
        found.append(unit_away(unit_id))
    if not mandates:
        found += in_the_way or [NO_MANDATE]
    said = [": ".join(part for part in (one.sentence, one.remedy) if part) for one in found]
    return list(dict.fromkeys(said))[:_MAX_OBSTACLES]
