"""Everything that the API can change of harnesses, done once by people of a house that watches its log."""

from datetime import timedelta
from functools import partial

from fleet.wiring.rules.library import template_text
from tests.support.kit_logged import WatchedHouse


async def wiring(house: WatchedHouse) -> None:
    """All that can be done about harnesses, for a deployment of its own."""
    now = house.api.services.clock()
    text = template_text("van-12v")
    unsafe = text.replace("F1: {rating_a: 5,", "F1: {rating_a: 20,")
    harness = (await house.call("POST /api/wiring", "TO-12", {"text": text})).json()["row"]["harness"]
    revise = "POST /api/wiring/{harness_id}/revisions"
    await house.call(revise, "TO-12", {"revision": 1, "text": unsafe}, harness_id=harness)
    path = f"/api/wiring/{harness}/revisions"
    again = {"revision": 1, "text": unsafe}
    await house.refused("revised twice", partial(house.ask, "POST", path, "TO-12", again), 409, [])
    await house.refused("no plan", partial(house.ask, "POST", "/api/wiring", "TO-12", {"text": "a: ["}), 400, [])

    times = {"starts_at": now + timedelta(days=7), "expected_back_at": now + timedelta(days=8)}
    new = {"kind": "vehicle-tracking", "title": "a van", **times}
    which = (await house.ask("POST", "/api/deployments", "TO-12", new)).json()["row"]["deployment"]
    at = {"deployment_id": which, "harness_id": harness}
    giving = f"/api/deployments/{which}/wiring"
    newest = {"harness": harness}
    await house.refused("unsafe", partial(house.ask, "POST", giving, "TO-12", newest), 409, [])
    first = {"harness": harness, "revision": 1}
    await house.call("POST /api/deployments/{deployment_id}/wiring", "TO-12", first, deployment_id=which)
    await house.refused("given twice", partial(house.ask, "POST", giving, "TO-12", first), 409, [])
    values = {"measured": [{"quantity": "battery-v", "subject": "main", "value": 12.6}], "note": "engine off"}
    one = "/api/deployments/{deployment_id}/wiring/{harness_id}"
    await house.call(f"POST {one}/fittings", "TO-12", values, **at)
    await house.call(f"POST {one}/withdraw", "TO-12", **at)
    for what in ("fittings", "withdraw"):
        body = values if what == "fittings" else None
        path = f"{giving}/{harness}/{what}"
        await house.refused("withdrawn", partial(house.ask, "POST", path, "TO-12", body), 409, [])
