"""All that the API can change of kit, sites and deployments, done once by people of a house that watches its log."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Protocol

import httpx

from tests.support.controller import RunningApi


class WatchedHouse(Protocol):
    """An API, somebody of each role in it, and an eye on what is written with each request."""

    api: RunningApi

    async def call(self, operation: str, person: str | None, body: object = None, **at: object) -> httpx.Response:
        """Do an operation that has to succeed, and to write its entry."""

    async def ask(self, method: str, path: str, person: str | None, body: object = None) -> httpx.Response:
        """Make a request."""

    async def refused(self, name: str, ask: Callable[[], Awaitable[Any]], status: int, kinds: list[str]) -> None:
        """A request that is refused, and leaves only these entries."""


async def kit(house: WatchedHouse) -> None:
    """All that can be done to kit."""
    now = house.api.services.clock()
    pack: dict[str, Any] = {"model": "pack-12", "kind": "battery", "name": "Battery 12 V"}
    by_count = {"rule": "capacity", "what": "test", "counter": "battery_cycles", "every_count": 100}
    model = "PUT /api/kit-models/{model}"
    asked = {"version": 0, "model": {**pack, "maintenance": [by_count]}}
    await house.call(model, "SU-01", asked, model="pack-12")
    path = "/api/kit-models/pack-12"
    await house.refused("laid down twice", lambda: house.ask("PUT", path, "SU-01", asked), 409, [])
    fuses = {"version": 0, "model": {"model": "fuse-10a", "kind": "other", "name": "Fuse", "counted": True}}
    await house.call(model, "SU-01", fuses, model="fuse-10a")
    await house.call("POST /api/kit-models/{model}/stock", "TO-12", {"change": 5, "note": "a box"}, model="fuse-10a")
    keeper = {"name": "main store", "keeper": "SU-01"}
    await house.call("PUT /api/kit-places/{place}", "SU-01", keeper, place="STORE-1")
    new = {"model": "pack-12", "place": "STORE-1", "serial": "B-77"}
    at = {"item": (await house.call("POST /api/kit", "TO-12", new)).json()["row"]["item"]}
    item = "POST /api/kit/{item}"
    await house.call("PATCH /api/kit/{item}", "TO-12", {"based_on": 1, "serial": "B-78"}, **at)
    await house.call("PUT /api/kit-places/{place}", "SU-01", {**keeper, "keeper": "TO-12"}, place="STORE-1")
    await house.call("POST /api/kit/scan", "TO-12", {**at, "way": "out", "condition": "worn", "note": "for a test"})
    out = {**at, "way": "out"}
    await house.refused("out twice", lambda: house.ask("POST", "/api/kit/scan", "SU-01", out), 409, [])
    await house.call("POST /api/kit/scan", "SU-01", {**at, "way": "hand-over"})
    await house.call("POST /api/kit/scan", "TO-12", {**at, "way": "in"})
    await house.call(f"{item}/condition", "TO-12", {"condition": "damaged", "note": "a crack"}, **at)
    await house.call(f"{item}/readings", "TO-12", {"counter": "battery_cycles", "value": 12}, **at)
    await house.call(f"{item}/maintained", "TO-12", {"rule": "capacity", "done_at": now}, **at)
    for state in ("quarantined", "disposed"):
        await house.call(f"{item}/service", "SU-01", {"state": state, "reason": "beyond repair"}, **at)


async def deployments(house: WatchedHouse) -> None:
    """All that can be done to deployments, up to a critical incident."""
    now = house.api.services.clock()
    await house.ask("PUT", "/api/sites/WEST", "TO-12", {"version": 0})
    unit = {"model": {"model": "van-kit", "kind": "unit", "name": "Van kit"}, "version": 0}
    await house.ask("PUT", "/api/kit-models/van-kit", "SU-01", unit)
    items = [
        (await house.ask("POST", "/api/kit", "TO-12", {"model": "van-kit", "place": "STORE-1"})).json()["row"]["item"]
        for _ in range(2)
    ]
    times = {"starts_at": now + timedelta(days=1), "expected_back_at": now + timedelta(days=2)}
    wants = [{"kind": "unit", "count": 1}]
    new = {"kind": "av-capture", "title": "a yard", "site": "WEST", "wants": wants, **times}
    at = {"deployment_id": (await house.call("POST /api/deployments", "TO-12", new)).json()["row"]["deployment"]}
    one = "/api/deployments/{deployment_id}"
    await house.call(f"PUT {one}", "TO-12", {"based_on": 1, "note": "by the gate", "title": "the yard"}, **at)
    visit = {"kind": "survey", "people": [{"person": "TO-12"}], "away": True}
    visit |= {"starts_at": now + timedelta(days=1), "ends_at": now + timedelta(hours=30)}
    await house.call(f"PUT {one}/visits", "TO-12", {"based_on": 2, "visits": [visit]}, **at)
    await house.call(f"PUT {one}/kit", "TO-12", {"based_on": 3, "items": items[:1]}, **at)
    oral: dict[str, Any] = {
        "reference": "AUTH/12",
        "kinds": ["use"],
        "modalities": ["video"],
        "authorised_by_rank": "Inspector",
    }
    oral |= {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=50), "urgent_oral": True}
    recorded = (await house.ask("POST", "/api/authorities", "AP-01", oral)).json()["authority_id"]
    await house.call(f"POST {one}/authorities", "TO-12", {"based_on": 4, "authorities": [recorded]}, **at)
    step = {"based_on": 5, "reason": "not needed any more"}
    await house.call(f"POST {one}/steps/{{step}}", "TO-12", step, step="cancel", **at)
    path = f"/api/deployments/{at['deployment_id']}/steps/cancel"
    await house.refused("cancelled twice", lambda: house.ask("POST", path, "TO-12", step), 409, [])
    await house.call("POST /api/critical-incidents", "TO-12", {"items": items[1:], "authorities": [recorded]})


async def sites(house: WatchedHouse) -> None:
    """All that can be done to sites."""
    at = {"site": "NORTH-3"}
    await house.call("PUT /api/sites/{site}", "TO-12", {"version": 0, "address": "14 Wharf Lane"}, **at)
    survey = {"surveyed_at": house.api.services.clock(), "supply": "mains"}
    await house.call("POST /api/sites/{site}/surveys", "TO-12", survey, **at)
    await house.call("GET /api/sites/{site}", "IN-01", **at)
    await house.call("POST /api/sites/{site}/erase", "SU-01", **at)
    path, again = "/api/sites/NORTH-3", {"version": 2, "address": "14 Wharf Lane"}
    await house.refused("written after it was erased", lambda: house.ask("PUT", path, "TO-12", again), 409, [])
