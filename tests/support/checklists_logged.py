"""Everything that the API can change of checklists and certificates, done once by people of a house that watches its
log."""

from datetime import timedelta

from tests.support.kit_logged import WatchedHouse


async def checklists(house: WatchedHouse, unit: str) -> None:
    """All that can be done about checklists and certificates; kit was made before, and `unit` is no item yet."""
    now = house.api.services.clock()
    laid_down = {"version": 0, "items": [{"key": "lid", "text": "Lid closed"}]}
    template = "PUT /api/checklist-templates/{kind}/{step}"
    at = {"kind": "delivery-support", "step": "assess"}
    await house.call(template, "SU-01", laid_down, **at)
    path = "/api/checklist-templates/delivery-support/assess"
    await house.refused("laid down twice", lambda: house.ask("PUT", path, "SU-01", laid_down), 409, [])

    new_item = {"model": "van-kit", "place": "STORE-1", "unit": unit}
    item = (await house.ask("POST", "/api/kit", "TO-12", new_item)).json()["row"]["item"]
    times = {"starts_at": now + timedelta(days=5), "expected_back_at": now + timedelta(days=6)}
    new = {"kind": "delivery-support", "title": "a yard", **times}
    which = (await house.ask("POST", "/api/deployments", "TO-12", new)).json()["row"]["deployment"]
    evidence = {"step": "assess", "key": "lid", "ticked": True}
    await house.call("POST /api/deployments/{deployment_id}/evidence", "TO-12", evidence, deployment_id=which)
    one = f"/api/deployments/{which}"
    unfit = {**evidence, "number": 1}
    await house.refused("unfit", lambda: house.ask("POST", f"{one}/evidence", "TO-12", unfit), 400, [])
    await house.refused("no unit", lambda: house.ask("POST", f"{one}/readiness", "TO-12"), 409, [])
    kept = await house.ask("PUT", f"{one}/kit", "TO-12", {"based_on": 1, "items": [item]})
    assert kept.status_code == 200, kept.text
    await house.call("POST /api/deployments/{deployment_id}/readiness", "TO-12", deployment_id=which)
    await house.call("GET /api/deployments/{deployment_id}/file", "TO-12", deployment_id=which)
    await house.call("GET /api/deployments/{deployment_id}/file.pdf", "TO-12", deployment_id=which)
    await house.refused("not of its team", lambda: house.ask("GET", f"{one}/file", "AP-01"), 403, [])
