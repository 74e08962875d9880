"""Everything that the API can change of rotas, done once by people of a house that watches its log."""

from datetime import datetime, timedelta
from functools import partial

from protocols.api.rota_changes import NewChange
from protocols.api.rotas import SetRota
from protocols.rota.model import Layer, Rota, TurnLength
from tests.support.kit_logged import WatchedHouse


async def rotas(house: WatchedHouse) -> None:
    """All that can be done to a rota and its plans."""
    starts = datetime(2026, 1, 5, 9)  # noqa: DTZ001 - a wall time
    weeks = Layer(layer="weeks", position="primary", starts=starts, turn=TurnLength(every=1, unit="weeks"))
    rota = Rota(rota="technical", name="Technical", zone="Etc/UTC", layers=[weeks], members=["TO-12"])
    at = {"rota_id": "technical"}
    await house.call("PUT /api/rotas/{rota_id}", "SU-01", SetRota(rota=rota, version=0), **at)
    path = "/api/rotas/technical"
    again = SetRota(rota=rota, version=0)
    await house.refused("laid down twice", lambda: house.ask("PUT", path, "SU-01", again), 409, [])
    until = house.api.services.clock() + timedelta(weeks=4)
    period = {"starts_at": until - timedelta(weeks=4), "ends_at": until}
    plan = {**period, "based_on": 1, "assigned": []}
    first, second = [
        (await house.call("POST /api/rotas/{rota_id}/plans", "SU-01", plan, **at)).json()["plan"] for _ in range(2)
    ]
    await house.call("POST /api/rota-plans/{plan_id}/discard", "SU-01", plan_id=second)
    await house.call("POST /api/rota-plans/{plan_id}/publish", "SU-01", {"despite": "a test"}, plan_id=first)
    path = f"/api/rota-plans/{first}/publish"
    await house.refused("published twice", lambda: house.ask("POST", path, "SU-01", {}), 409, [])
    solved = (await house.call("POST /api/rotas/{rota_id}/solves", "SU-01", period, **at)).json()["plan"]
    await house.call("POST /api/rota-plans/{plan_id}/stop", "SU-01", plan_id=solved)
    await house.call("POST /api/rotas/{rota_id}/end", "SU-01", **at)


async def rota_changes(house: WatchedHouse) -> None:
    """All that can be done about who takes whose turn."""
    begins = house.api.services.clock() + timedelta(days=1)
    weeks = Layer(
        layer="weeks",
        position="primary",
        starts=datetime(2026, 1, 5, 9),  # noqa: DTZ001 - a wall time
        turn=TurnLength(every=1, unit="weeks"),
        order=["TO-12"],
    )
    people = ["TO-12", "AP-01"]
    rota = Rota(
        rota="radio",
        name="Radio",
        zone="Etc/UTC",
        layers=[weeks],
        members=people,
        positions=["primary"],
        signers=False,
    )
    assert (await house.ask("PUT", "/api/rotas/radio", "SU-01", SetRota(rota=rota, version=0))).is_success
    new = NewChange(
        kind="take-over",
        position="primary",
        person="AP-01",
        starts_at=begins,
        ends_at=begins + timedelta(hours=8),
        reason="a wedding",
    )
    ask = "POST /api/rotas/{rota_id}/changes"
    first, second = [(await house.call(ask, "AP-01", new, rota_id="radio")).json()["change"] for _ in range(2)]
    change = "POST /api/rota-changes/{change_id}"
    await house.call(f"{change}/agree", "TO-12", change_id=first)
    await house.call(f"{change}/approve", "SU-01", {}, change_id=first)
    await house.call(f"{change}/undo", "SU-01", change_id=first)
    await house.call(f"{change}/refuse", "TO-12", {"reason": "no"}, change_id=second)
    path = f"/api/rota-changes/{second}/refuse"
    await house.refused("refused twice", lambda: house.ask("POST", path, "TO-12", {}), 409, [])


async def rota_people(house: WatchedHouse) -> None:
    """All that people say of themselves to whoever plans."""
    now = house.api.services.clock()
    rota = Rota(rota="forensic", name="Forensic", zone="Etc/UTC", layers=[], members=["TO-12"])
    assert (await house.ask("PUT", "/api/rotas/forensic", "SU-01", SetRota(rota=rota, version=0))).is_success
    at = {"person_id": "TO-12"}
    await house.call("PUT /api/rota-people/{person_id}", "SU-01", {"version": 0, "terms": {}}, **at)
    span = {"starts_at": now + timedelta(days=1), "ends_at": now + timedelta(days=2)}
    leave = {"person": "TO-12", "kind": "sick", "zone": "Etc/UTC", **span}
    back = {"returned_at": now - timedelta(hours=1)}
    out = {"rota": "forensic", "person": "TO-12", "left_home_at": now - timedelta(hours=2)}
    steps: list[tuple[str, str, object, str]] = [
        ("absences", "TO-12", leave, "absence"),
        ("wishes", "TO-12", {"wants": "off", **span}, "wish"),
        ("work-done", "TO-12", {"person": "TO-12", **span}, "work"),
        ("rests", "SU-01", {"person": "TO-12", **span}, "rest"),
        ("calendars", "TO-12", {"scope": "mine"}, "calendar"),
        ("call-outs", "TO-12", out, "call_out"),
    ]
    for what, person, body, name in steps:
        made = (await house.call(f"POST /api/{what}", person, body)).json()
        record = made[name] if isinstance(made[name], str) else made[name][name]
        path, at = f"/api/{what}/{{{name}_id}}", {f"{name}_id": record}
        if what == "call-outs":
            await house.call(f"POST {path}/returned", person, back, **at)
        reason = {"reason": "a test"} if what == "call-outs" else None
        await house.call(f"POST {path}/withdraw", person, reason, **at)
        again = f"/api/{what}/{record}/withdraw"
        await house.refused("withdrawn twice", partial(house.ask, "POST", again, person, reason), 409, [])


async def handovers(house: WatchedHouse) -> None:
    """A shift is handed over, once."""
    days = Layer(
        layer="days",
        position="primary",
        starts=datetime(2026, 1, 5, 9),  # noqa: DTZ001 - a wall time
        turn=TurnLength(every=1, unit="days"),
        order=["TO-12", "SU-01"],
    )
    rota = Rota(rota="daily", name="Daily", zone="Etc/UTC", layers=[days], members=["TO-12", "SU-01"])
    assert (await house.ask("PUT", "/api/rotas/daily", "SU-01", SetRota(rota=rota, version=0))).is_success
    made = (await house.call("POST /api/handovers", "TO-12", {"rota": "daily"})).json()["row"]
    read, at = {"sha256": made["sha256"]}, {"handover_id": made["handover"]}
    for person in ("TO-12", "SU-01"):
        await house.call("POST /api/handovers/{handover_id}/acknowledge", person, read, **at)
    new = {"rota": "daily"}
    await house.refused("handed over twice", lambda: house.ask("POST", "/api/handovers", "TO-12", new), 409, [])
