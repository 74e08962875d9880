"""All that the API can change of alarms and welfare timers, done once by people of a house that watches its log."""

from datetime import timedelta

from fleet.alarms.raising import NewAlarm, raise_alarm
from tests.support.kit_logged import WatchedHouse


async def welfare(house: WatchedHouse) -> None:
    """All that can be done to a welfare timer."""
    made = (await house.call("POST /api/welfare", "TO-12", {"every_min": 30})).json()
    at = {"welfare_id": made["welfare"]}
    await house.refused("another timer", lambda: house.ask("POST", "/api/welfare", "TO-12", {}), 409, [])
    await house.call("POST /api/welfare/{welfare_id}/answer", "TO-12", **at)
    await house.call("POST /api/welfare/{welfare_id}/end", "SU-01", {"reason": "seen at home"}, **at)
    path = f"/api/welfare/{made['welfare']}/answer"
    await house.refused("answered after its end", lambda: house.ask("POST", path, "TO-12"), 409, [])


async def alarms(house: WatchedHouse) -> None:
    """All that can be done to alarms, their rules, windows and contacts."""
    now, unit = house.api.services.clock(), "unit-bench222"
    new = NewAlarm(subject_kind="unit", subject=unit, kind="hot", severity="alarm", summary="it is hot", rule="test")
    async with house.api.services.store.transaction() as transaction:
        alarm = await raise_alarm(transaction, new, now)
    at = {"alarm_id": alarm.alarm_id}
    await house.call("POST /api/alarms/{alarm_id}/acknowledge", "TO-12", {}, **at)
    path = f"/api/alarms/{alarm.alarm_id}/acknowledge"
    await house.refused("taken twice", lambda: house.ask("POST", path, "TO-12", {}), 409, [])
    rules = {"version": 0, "rules": {"rules": []}}
    await house.call("PUT /api/alarm-rules", "SU-01", rules)
    await house.refused("laid down twice", lambda: house.ask("PUT", "/api/alarm-rules", "SU-01", rules), 409, [])
    window = {"unit": unit, "starts_at": now, "ends_at": now + timedelta(hours=1), "reason": "a new lens"}
    made = (await house.call("POST /api/alarm-windows", "TO-12", window)).json()
    await house.call("POST /api/alarm-windows/{window_id}/end", "TO-12", window_id=made["window"])
    contact = {"channel": "webhook", "address": "http://127.0.0.1:9/page"}
    at = {"contact_id": (await house.call("POST /api/contacts", "TO-12", contact)).json()["contact"]}
    await house.call("POST /api/contacts/{contact_id}/test", "TO-12", **at)
    await house.call("POST /api/contacts/{contact_id}/withdraw", "TO-12", **at)
    path = f"/api/contacts/{at['contact_id']}/withdraw"
    await house.refused("withdrawn twice", lambda: house.ask("POST", path, "TO-12"), 404, [])
