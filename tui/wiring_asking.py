"""What rooms about wiring ask of the controller in more than one question."""

import asyncio
from collections.abc import Iterable

from fleet.client import FleetClient
from protocols.api.deployments import DeploymentRow
from protocols.api.wiring import DeploymentWiring, HarnessPage
from tui.deployment_words import OVER

AT_ONCE = 200
MOST = 2_000
"""How many harnesses are listed."""
MOST_DEPLOYMENTS = 400
_TOGETHER = 8


async def every_harness(door: FleetClient) -> HarnessPage:
    """All of them as far as MOST, page by page. Raises ClientError."""
    page = await door.harnesses(limit=AT_ONCE)
    rows = list(page.rows)
    while len(rows) < min(page.total, MOST):
        more = await door.harnesses(offset=len(rows), limit=AT_ONCE)
        if not more.rows:
            break
        rows += more.rows
    return HarnessPage(total=page.total, offset=0, rows=rows)


async def going_on(door: FleetClient) -> list[DeploymentRow]:
    """The deployments that are not over, as far as MOST_DEPLOYMENTS. Raises ClientError."""
    page = await door.deployments(open_only=True, limit=AT_ONCE)
    rows = list(page.rows)
    while len(rows) < min(page.total, MOST_DEPLOYMENTS):
        more = await door.deployments(open_only=True, offset=len(rows), limit=AT_ONCE)
        if not more.rows:
            break
        rows += more.rows
    return [row for row in rows if row.state not in OVER]


async def wiring_of_deployment(door: FleetClient, deployment: str) -> list[DeploymentWiring]:
    """The harnesses of one deployment, those that it has first. Raises ClientError."""
    return _in_use_first(await door.deployment_wiring(deployment))


async def wiring_of_harness(door: FleetClient, harness: str) -> list[DeploymentWiring]:
    """A harness at every deployment that goes on and has it. Raises ClientError."""
    return [one for one in await _wiring_of(door, await going_on(door)) if one.harness == harness]


async def wiring_of_unit(door: FleetClient, unit: str) -> list[DeploymentWiring]:
    """The harnesses of the deployments that go on with a unit, unless they feed another one. Raises ClientError."""
    rows = [row for row in await going_on(door) if unit in row.units]
    return [one for one in await _wiring_of(door, rows) if one.unit in {unit, None}]


async def _wiring_of(door: FleetClient, rows: Iterable[DeploymentRow]) -> list[DeploymentWiring]:
    """At most _TOGETHER questions are open at a time."""
    gate = asyncio.Semaphore(_TOGETHER)

    async def one(row: DeploymentRow) -> list[DeploymentWiring]:
        async with gate:
            return await door.deployment_wiring(row.deployment)

    found = await asyncio.gather(*(one(row) for row in rows))
    return _in_use_first(given for wiring in found for given in wiring)


def _in_use_first(given: Iterable[DeploymentWiring]) -> list[DeploymentWiring]:
    return sorted(given, key=lambda one: (one.withdrawn_at is not None, one.deployment, one.name))
