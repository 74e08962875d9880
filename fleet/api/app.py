"""The web application over the services."""

from functools import cache
from typing import Any

from litestar import Litestar, get
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide

from fleet.api import (
    ack_link,
    advice,
    alarms,
    authorities,
    calendars,
    call_outs,
    checklists,
    checks,
    deployments,
    error_reports,
    events,
    feed,
    handovers,
    health,
    holds,
    joining,
    kit,
    log,
    mandates,
    oncall,
    openings,
    people,
    positions,
    preview,
    release_files,
    releases,
    reports,
    rollouts,
    rota_changes,
    rota_people,
    rotas,
    sites,
    standing,
    unit_door,
    unit_releases,
    units,
    watch,
    welfare,
    wiring,
)
from fleet.api.access import ANYONE_SIGNED_IN, guard
from fleet.api.description import describe
from fleet.api.problems import HANDLERS
from fleet.api.services import Services

_MAX_BODY_BYTES = 64 * 1024
_PARTS = (
    health,
    joining,
    unit_door,
    people,
    units,
    standing,
    events,
    log,
    holds,
    openings,
    error_reports,
    authorities,
    mandates,
    checks,
    positions,
    rotas,
    rota_people,
    rota_changes,
    oncall,
    call_outs,
    calendars,
    alarms,
    ack_link,
    kit,
    sites,
    welfare,
    handovers,
    deployments,
    checklists,
    advice,
    reports,
    wiring,
    releases,
    release_files,
    unit_releases,
    rollouts,
    watch,
    preview,
    feed,
)


def _handlers() -> list[Any]:
    return [handler for part in _PARTS for handler in part.HANDLERS]


def _openapi_handler(document: dict[str, Any]) -> Any:
    @get("/api/openapi.json", opt={"permission": ANYONE_SIGNED_IN}, include_in_schema=False)
    async def openapi() -> dict[str, Any]:
        """This API's OpenAPI document."""
        return document

    return openapi


def describe_api() -> dict[str, Any]:
    """The OpenAPI document; it is served to people who are signed in, and can be made without a controller."""
    return describe(_handlers())


_described = cache(describe_api)
"""It takes as long to make as the application, and is the same for every one in a process."""


def _services(state: State) -> Services:
    """The application's own, wherever a handler asks for them."""
    found: Services = state.services
    return found


def build_api(services: Services) -> Litestar:
    """The application; deny by default, bodies at most 64 KiB but of plans, every error a Problem."""
    handlers = _handlers()
    options: dict[str, Any] = {
        "guards": [guard],
        "dependencies": {"services": Provide(_services, sync_to_thread=False)},
        "exception_handlers": HANDLERS,
        "request_max_body_size": _MAX_BODY_BYTES,
        "compression_config": CompressionConfig(backend="gzip", gzip_compress_level=5, minimum_size=400),
        "logging_config": None,
        "state": State({"services": services}),
    }
    return Litestar([*handlers, _openapi_handler(_described())], openapi_config=None, **options)
