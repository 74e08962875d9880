"""For load balancers and containers: whether this controller can work."""

from litestar import get

from fleet.api.access import NOBODY_YET
from fleet.api.services import Given
from fleet.api.throttle import throttle_health


@get("/health", opt={"permission": NOBODY_YET}, before_request=throttle_health)
async def alive(services: Given) -> dict[str, str]:
    """Whether the controller and its database answer."""
    await services.pulse.check()
    return {"status": "ok"}


HANDLERS = [alive]
