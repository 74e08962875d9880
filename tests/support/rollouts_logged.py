"""Everything that the API can change of rollouts, done once by people of a house that watches its log."""

from functools import partial

from protocols.api.rollouts import NewRollout
from tests.support.kit_logged import WatchedHouse
from tests.support.rollout_house import MANIFEST, Owner, enter_units, manifest, plan, put_in_force

_UNIT = "unit-rollout2"


async def rollouts(house: WatchedHouse, owner: Owner) -> None:
    """One is begun, paused, resumed and cancelled; what does not fit its state leaves nothing."""
    await put_in_force(owner, manifest())
    await enter_units(owner, [_UNIT])
    new = NewRollout(title="autumn", manifest=MANIFEST, plan=plan(), units=[_UNIT])
    rollout = (await house.call("POST /api/rollouts", "SU-01", new)).json()["row"]["rollout"]
    await house.refused("begun twice", partial(house.ask, "POST", "/api/rollouts", "SU-01", new), 409, [])
    why = {"reason": "a test"}
    for change in ("pause", "resume", "cancel"):
        await house.call(f"POST /api/rollouts/{{rollout_id}}/{change}", "SU-01", why, rollout_id=rollout)
        again = partial(house.ask, "POST", f"/api/rollouts/{rollout}/{change}", "SU-01", why)
        await house.refused(f"{change} twice", again, 409, [])
