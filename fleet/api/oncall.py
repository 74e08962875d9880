"""Who is on call now."""

from litestar import get

from fleet.api.services import Given
from protocols.api.rotas import OnCallNow


@get("/api/oncall", opt={"permission": "see-rota"})
async def who_is_on_call(services: Given) -> list[OnCallNow]:
    """Every rota that has not ended: who has which position and until when, and the next gap in cover."""
    return await services.on_call.now()


HANDLERS = [who_is_on_call]
