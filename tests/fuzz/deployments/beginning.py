"""How walks that are to go far begin: a deployment that was helped by the real API, as those who may would do it."""

from random import Random
from typing import NamedTuple

from protocols.access_record import Modality
from protocols.api.authorities import NewAuthority
from protocols.api.deployments import (
    Attending,
    DeploymentView,
    NamedAuthorities,
    NewDeployment,
    NewVisit,
    SetKit,
    SetVisits,
)
from protocols.api.kit import Scan
from protocols.api.mandates import NewMandate
from protocols.deployments import KitWanted, Step
from tests.fuzz.deployments.moves import ENGINEERS, HOUR, Known, go
from tests.fuzz.deployments.papers import ALL, DOCUMENT, hand_in
from tests.support.mandates import allows

SHARE = 0.45
"""Of all walks, those that are helped first."""
GOALS = ("authorised", "fitted", "commissioned", "live", "live")
ENDS_H = (3, 12, 36, 240)
"""How long an authority is in force from the beginning on: some end in the middle of a walk."""
COVERED: tuple[list[Modality], ...] = (["video"], ["video", "audio"])


class _Way(NamedTuple):
    known: Known
    draw: Random
    which: str

    async def view(self) -> DeploymentView:
        return await self.known.door("SU-01").deployment(self.which)

    async def step(self, person: str, step: Step) -> None:
        view = await self.view()
        await go(self.known, person, view, step, view.version).ask()


def goal(seed: str) -> str | None:
    """The state from which the walk of a seed begins; None for one that begins with a request."""
    draw = Random(f"{seed} goal")
    return draw.choice(GOALS) if draw.random() < SHARE else None


async def help_to(known: Known, draw: Random, wanted: str) -> None:
    """Bring a deployment with the first unit of the walk to a state, with an authority to everything and, of most, a
    mandate that two have signed. Raises ClientError where anything is refused: nothing of it may be."""
    modalities = draw.choice(COVERED)
    new = NewDeployment(
        kind="av-capture",
        title="a walk",
        site="NORTH",
        starts_at=known.now,
        expected_back_at=known.now + draw.choice((24, 72)) * HOUR,
        wants=[KitWanted(kind="unit", count=1)],
        modalities=modalities,
        lead=draw.choice(ENGINEERS[:2]),
        rota="technical",
        supervisor="SU-01",
    )
    which = (await known.door("TO-12").request_deployment(new)).row.deployment
    known.deployments.append(which)
    way = _Way(known, draw, which)
    for reached in (_authorised, _fitted, _commissioned, _live):
        await reached(way)
        if (await way.view()).row.state == wanted:
            break
    if draw.random() < 0.85:
        await _mandate(way, modalities)


async def _authorised(way: _Way) -> None:
    known, draw, which = way.known, way.draw, way.which
    await way.step("TO-12", "assess")
    door, people = known.door("SU-01"), [Attending(person=draw.choice(ENGINEERS[:2]))]
    visit = NewVisit(kind="fit", starts_at=known.now + HOUR, ends_at=known.now + 3 * HOUR, people=people)
    await door.set_visits(which, SetVisits(based_on=(await way.view()).version, visits=[visit]))
    items = [known.furniture.items[0], *draw.sample(list(known.furniture.items[2:]), 1)]
    await door.set_kit(which, SetKit(based_on=(await way.view()).version, items=items))
    await way.step("SU-02", "plan")
    oral = draw.random() < 0.2
    authority = NewAuthority(
        reference=f"URN-26/{which}",
        kinds=ALL,
        modalities=["video", "audio", "position"],
        authorised_by_rank="Superintendent",
        starts_at=known.now - HOUR,
        ends_at=known.now + (ENDS_H[2] if oral else draw.choice(ENDS_H)) * HOUR,
        urgent_oral=oral,
        document=None if oral else DOCUMENT,
    )
    known.authorities.append((await known.door("AP-01").record_authority(authority)).authority_id)
    named = NamedAuthorities(based_on=(await way.view()).version, authorities=list(known.authorities))
    await known.door("TO-12").name_authorities(which, named)
    await way.step("AP-01", "authorise")


async def _fitted(way: _Way) -> None:
    for one in (await way.view()).items:
        await way.known.door("TO-12").scan_kit(Scan(item=one.item, way="out", deployment=way.which))
    await way.step("TO-12", "check-out")
    await way.step("TO-12", "fit")


async def _commissioned(way: _Way) -> None:
    await way.known.world.report(way.known.furniture, well=True)
    await way.known.door("TO-12").judge_readiness(way.which)
    await way.step("TO-12", "commission")


async def _live(way: _Way) -> None:
    await way.step("TO-12", "go-live")


async def _mandate(way: _Way, modalities: list[Modality]) -> None:
    known, person = way.known, way.draw.choice(ENGINEERS)
    authority = (await way.view()).authorities[0]
    new = NewMandate(
        kind="field",
        unit=next(iter(known.furniture.units)),
        authority=known.authorities[0],
        allows=[allows(one, minutes_per_day=60) for one in modalities],
        purpose="a walk",
        not_before=known.now,
        not_after=min(authority.ends_at, known.now + way.draw.choice((2, 12, 24)) * HOUR),
        approver=way.draw.choice(("AP-01", "SU-02")),
    )
    await hand_in(known, person, new)
