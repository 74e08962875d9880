"""Rate limits that hold before a request's body is read: what a flood costs must be little."""

import time

from litestar import Request, Response
from litestar.datastructures import State

from fleet.api.access import address_of
from fleet.api.limits import RateLimit
from fleet.api.services import Services
from fleet.errors import RequestRefused
from fleet.joining.rules import refusal
from protocols.joining import JoinRefusal

AnyRequest = Request[object, object, State]


class TooFast(RequestRefused):
    """Too many requests from one address."""

    status = 429

    def __init__(self) -> None:
        super().__init__("too-fast", "too many attempts from this address", "wait a minute, then try again")


async def throttle_joins(request: AnyRequest) -> Response[JoinRefusal] | None:
    """To be run before joining; answers in the words of the joining contract."""
    if _allowed(request, _services(request).join_limit):
        return None
    return Response(refusal("joins-too-fast"), status_code=429)


async def throttle_sign_ins(request: AnyRequest) -> None:
    """To be run before signing in; raises TooFast."""
    if not _allowed(request, _services(request).sign_in_limit):
        raise TooFast


async def throttle_health(request: AnyRequest) -> None:
    """To be run before telling of the controller's health; raises TooFast."""
    if not _allowed(request, _services(request).health_limit):
        raise TooFast


async def throttle_watching(request: AnyRequest) -> None:
    """To be run before what browsers with a one-time link ask; raises TooFast."""
    if not _allowed(request, _services(request).watch_limit):
        raise TooFast


async def throttle_calendars(request: AnyRequest) -> None:
    """To be run before what calendar programs ask; raises TooFast."""
    if not _allowed(request, _services(request).calendar_limit):
        raise TooFast


async def throttle_acknowledging(request: AnyRequest) -> None:
    """To be run before what browsers with a page's link ask; raises TooFast."""
    if not _allowed(request, _services(request).ack_limit):
        raise TooFast


async def throttle_releases(request: AnyRequest) -> Response[JoinRefusal] | None:
    """To be run before what units fetch of releases; answers in the words of the joining contract."""
    if _allowed(request, _services(request).release_limit):
        return None
    return Response(refusal("joins-too-fast"), status_code=429)


def _services(request: AnyRequest) -> Services:
    services: Services = request.app.state.services
    return services


def _allowed(request: AnyRequest, limit: RateLimit) -> bool:
    return limit.allow(address_of(request), time.monotonic())
