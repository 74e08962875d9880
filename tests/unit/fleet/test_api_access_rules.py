"""No handler of the API can be reached by accident: each names a permission that exists."""

from typing import get_args

import pytest
from litestar.handlers import BaseRouteHandler

from fleet.api import events, feed, health, joining, people, units
from fleet.api.access import ANYONE_SIGNED_IN, NOBODY_YET
from fleet.api.limits import RateLimit, payer_of
from protocols.people import Permission

HANDLERS: list[BaseRouteHandler] = [
    handler for module in (events, feed, health, joining, people, units) for handler in module.HANDLERS
]
BEFORE_SIGNING_IN = {"/health", "/join", "/join/ca", "/api/challenge", "/api/session", "/api/feed"}


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.handler_name)
def test_every_handler_names_its_permission(handler: BaseRouteHandler) -> None:
    assert handler.opt["permission"] in {NOBODY_YET, ANYONE_SIGNED_IN, *get_args(Permission)}


def test_only_the_doors_open_before_signing_in() -> None:
    open_paths = {path for handler in HANDLERS if handler.opt["permission"] == NOBODY_YET for path in handler.paths}
    assert open_paths == BEFORE_SIGNING_IN


def test_a_rate_limit_gives_a_burst_then_its_rate_and_keeps_addresses_apart() -> None:
    limit = RateLimit(per_minute=60)
    assert [limit.allow("a", 0.0) for _ in range(61)] == [True] * 60 + [False]
    assert limit.allow("b", 0.0)
    assert not limit.allow("a", 0.9)
    assert limit.allow("a", 1.9)
    assert not limit.allow("a", 1.95)


def test_a_rate_limit_forgets_the_address_seen_longest_ago() -> None:
    limit = RateLimit(per_minute=1)
    assert limit.allow("first", 0.0)
    for number in range(10_000):
        limit.allow(f"flood {number}", 0.0)
    assert limit.allow("first", 0.0)


@pytest.mark.parametrize(
    ("address", "payer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_address_counts_for_its_site(address: str, payer: str) -> None:
    assert payer_of(address) == payer


def test_a_rate_limit_can_not_be_passed_by_changing_the_address_within_a_site() -> None:
    limit = RateLimit(per_minute=1)
    assert limit.allow("2001:db8::1", 0.0)
    assert not limit.allow("2001:db8::2", 0.0)
    assert limit.allow("2001:db8:0:1::1", 0.0)
