"""Changes by hand, and what is kept of people for rotas, by `fleet rota`."""

import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from fleet.store.store import Store
from protocols.rota.model import Shift
from tests.support.rota_books import layer
from tests.support.rota_cli import asked, fleet
from tests.support.rota_house import RotaHouse, rota_house, technical

TURN = "from Mon 2 Mar 2026 09:00 until Mon 9 Mar 2026 09:00"
TERMS = {
    "competences": [{"subject": "electrical", "level": 3, "evidence": "BTEC L3", "valid_until": "2026-03-01"}],
    "hours": [{"weekday": day, "from_time": "22:00:00", "until_time": "06:00:00"} for day in range(4)],
    "regulation_21": {"reason": "continuity of service", "since": "2026-01-01"},
    "share_percent": 50,
}


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


async def primary(house: RotaHouse, day: str) -> str:
    """Who is primary from that day at noon on."""
    words = ("rota", "shifts", "tech", "--since", f"{day}T12:00", "--until", f"{day}T12:01")
    shifts = msgspec.convert(await asked(house, "IN-01", *words), list[Shift])
    return next(one.person for one in shifts if one.position == "primary")


async def test_a_swap_is_agreed_approved_and_undone(house: RotaHouse) -> None:
    swap = ("rota", "swap", "tech", "TO-13", "--give", "2026-03-16", "--take", "2026-03-02", "--reason", "a course")
    code, out, err = await fleet(house, "TO-12", *swap)
    change = out.split()[1].rstrip(",")
    assert (code, f"it waits for TO-13: fleet rota agree {change}" in err) == (0, True), err
    assert f"TO-12: primary {TURN} instead of TO-13" in out
    assert "TO-13: primary from Mon 16 Mar 2026 09:00 until Mon 23 Mar 2026 09:00 instead of TO-12" in out
    code, _, err = await fleet(house, "TO-13", "rota", "agree", change)
    assert (code, f"fleet rota approve {change}" in err) == (0, True)
    code, out, _ = await fleet(house, "SU-01", "rota", "changes", "tech", "--since", "2026-02-01")
    assert (code, change in out, "a course" in out, "supervisor" in out) == (0, True, True, True)
    assert (await asked(house, "SU-01", "rota", "approve", change))["state"] == "approved"
    assert [await primary(house, day) for day in ("2026-03-03", "2026-03-17")] == ["TO-12", "TO-13"]
    assert (await asked(house, "SU-01", "rota", "undo", change))["state"] == "undone"
    assert await primary(house, "2026-03-03") == "TO-13"


async def test_part_of_a_shift_is_covered_by_somebody_else_or_refused(house: RotaHouse) -> None:
    part = ("rota", "cover", "tech", "2026-03-04T09:00/2026-03-04T17:00")
    change = await asked(house, "TO-13", *part, "--by", "TO-11")
    assert (change["kind"], change["starts_at"], change["ends_at"], change["waits_for"]) == (
        "take-over",
        "2026-03-04T09:00:00Z",
        "2026-03-04T17:00:00Z",
        "TO-11",
    )
    refused = await asked(house, "TO-11", "rota", "refuse", change["change"][:8], "--reason", "away that day")
    assert refused["state"] == "refused"
    taken = await asked(house, "TO-11", "rota", "cover", "tech", "2026-03-04", "--of", "TO-13")
    assert (taken["person"], taken["gives"], taken["starts_at"]) == ("TO-11", "TO-13", "2026-03-02T09:00:00Z")
    for words, said in [
        (("2026-03-10", "--of", "TO-13"), "TO-13 is not on call on technical at 2026-03-10"),
        (("2026-03-08T09:00/2026-03-10T09:00", "--of", "TO-13"), "is until Mon 9 Mar 2026 09:00"),
        (("2026-03-04",), "--by PERSON"),
    ]:
        code, _, err = await fleet(house, "TO-11", "rota", "cover", "tech", *words)
        assert (code in {2, 3}, said in err) == (True, True), err


async def test_a_supervisor_overrides_at_once(house: RotaHouse) -> None:
    times = ("--from", "2026-02-06T09:00", "--until", "17:00", "--reason", "on a course")
    code, out, _ = await fleet(house, "SU-01", "rota", "override", "tech", "TO-11", *times)
    assert (code, "override, is approved" in out) == (0, True), out
    assert "TO-11: primary from Fri 6 Feb 2026 09:00 until Fri 6 Feb 2026 17:00" in out
    assert await primary(house, "2026-02-06") == "TO-11"
    code, _, err = await fleet(house, "TO-11", "rota", "override", "tech", "TO-13", *times)
    assert (code, "manage-rota" in err) == (3, True), err


async def test_terms_are_set_from_a_file_and_printed_to_be_edited(house: RotaHouse) -> None:
    given = json.dumps(TERMS).encode()
    code, out, err = await fleet(house, "SU-01", "rota", "terms", "TO-12", "--set", "-", said=given)
    assert (code, out) == (0, "the terms of TO-12 are set in version 1\n"), err
    assert "electrical (BTEC L3) ends on 2026-03-01, in 25 days" in err
    code, out, _ = await fleet(house, "TO-12", "rota", "terms")
    assert (code, "Mon 22:00 to 06:00, 30 min of breaks" in out, "50 %" in out) == (0, True, True)
    code, definition, _ = await fleet(house, "SU-01", "rota", "terms", "TO-12", "--definition")
    assert json.loads(definition)["regulation_21"]["reason"] == "continuity of service"
    again = await asked(house, "SU-01", "rota", "terms", "TO-12", "--set", "-", said=definition.encode())
    assert again["version"] == 2
    code, out, _ = await fleet(house, "IN-01", "rota", "terms", "--all")
    [line] = [one for one in out.splitlines() if one.startswith("TO-12")]
    assert line.split()[1:4] == ["engineer", "2", "30"]
    code, _, err = await fleet(house, "TO-11", "rota", "terms", "TO-12")
    assert (code, "no terms of TO-12 are to be seen" in err) == (3, True)
    code, _, err = await fleet(house, "SU-01", "rota", "terms", "TO-12", "--set", "-", said=b'{"share": 5}')
    assert (code, "- is no terms: Object contains unknown field `share`" in err) == (3, True), err


async def test_absences_and_wishes_are_of_whole_days_with_the_last_counted_in(house: RotaHouse) -> None:
    leave = ("--kind", "sick", "--from", "2026-03-28", "--to", "2026-03-29")
    made = await asked(house, "TO-12", "rota", "absence", "add", *leave)
    assert (made["person"], made["starts_at"], made["ends_at"], made["zone"]) == (
        "TO-12",
        "2026-03-28T00:00:00Z",
        "2026-03-29T23:00:00Z",
        "Europe/London",
    )
    for person, kind in [("TO-11", "other"), ("SU-01", "sick")]:
        code, out, _ = await fleet(house, person, "rota", "absence", "list", "--since", "2026-03-01")
        assert (code, out.splitlines()[1].split()[2]) == (0, kind)
    code, out, _ = await fleet(house, "TO-12", "rota", "absence", "withdraw", made["absence"])
    assert (code, out) == (0, f"absence {made['absence']} of TO-12 is withdrawn\n")
    wish = await asked(house, "TO-12", "rota", "wish", "add", "off", "--from", "2026-04-03", "--to", "2026-04-06")
    code, out, _ = await fleet(house, "SU-01", "rota", "wish", "list", "--person", "TO-12")
    assert (code, "Tue 7 Apr 2026 00:00" in out) == (0, True)
    assert (await asked(house, "TO-12", "rota", "wish", "withdraw", wish["wish"][:5]))["withdrawn_at"]
    code, _, err = await fleet(house, "TO-12", "rota", "absence", "add", *leave[:4], "--to", "2026-02-30")
    assert (code, "2026-02-30: day is out of range" in err) == (3, True)


async def test_leave_over_ones_own_shift_says_what_it_leaves_without_cover(house: RotaHouse) -> None:
    add = ("rota", "absence", "add", "--kind", "annual")
    code, out, err = await fleet(house, "TO-13", *add, "--from", "2026-03-07", "--to", "2026-03-09")
    assert (code, out.startswith("absence L-")) == (0, True)
    assert err.splitlines() == [
        "TO-13 is on call then: primary on technical, Sat 7 Mar 2026 00:00 until Mon 9 Mar 2026 09:00",
        "nobody covers that yet: fleet rota cover ROTA SHIFT --by PERSON, or fleet rota swap",
    ]
    code, _, err = await fleet(house, "TO-13", *add, "--from", "2026-03-10", "--to", "2026-03-11")
    assert (code, err) == (0, "")
    code, _, err = await fleet(house, "TO-13", *add, "--from", "2026-01-19", "--to", "2026-02-01")
    assert (code, err) == (0, "")
    code, out, err = await fleet(house, "SU-01", *add, "TO-12", "--from", "2026-02-16", "--to", "2027-02-16", "--json")
    assert (code, json.loads(out)["person"], err.count("TO-12 is on call then")) == (0, "TO-12", 10)
    assert "… and 8 more: fleet rota shifts ROTA --person TO-12" in err


async def test_leave_is_recorded_though_a_rota_is_too_much_to_look_through(house: RotaHouse) -> None:
    hourly = [layer(f"watch-{number}", order=[], unit="hours") for number in range(3)]
    await house["SU-01"].put_rota(technical(rota="watch", name="Watch", layers=hourly), 0)
    long = ("--kind", "family", "--from", "2026-03-07", "--to", "2028-05-01")
    code, out, err = await fleet(house, "TO-13", "rota", "absence", "add", *long)
    assert (code, out.startswith("absence L-")) == (0, True)
    assert err.count("TO-13 is on call then: primary on technical") == 10
    assert "the absence is recorded; not all shifts in it could be looked for: " in err
    assert "shorten the period" in err


async def test_rest_is_given_and_work_recorded(house: RotaHouse) -> None:
    rest = ("rota", "rest", "add", "TO-12", "--from", "2026-02-05T22:00", "--until", "08:30")
    code, out, _ = await fleet(house, "SU-01", *rest)
    assert (code, "Thu 5 Feb 2026 22:00 until Fri 6 Feb 2026 08:30 (Europe/London)" in out) == (0, True)
    code, _, err = await fleet(house, "TO-12", *rest)
    assert (code, "supervisor" in err) == (3, True)
    [given] = await asked(house, "TO-12", "rota", "rest", "list", "--since", "2026-02-01")
    assert (await asked(house, "SU-01", "rota", "rest", "withdraw", given["rest"][:7]))["withdrawn_at"]
    work = ("rota", "work", "add", "--from", "2026-02-07T09:00", "--until", "17:00", "--break", "30")
    done = await asked(house, "TO-12", *work)
    assert (done["person"], done["break_min"], done["ends_at"]) == ("TO-12", 30, "2026-02-07T17:00:00Z")
    code, out, _ = await fleet(house, "SU-01", "rota", "work", "list", "--since", "2026-02-01", "--person", "TO-12")
    assert (code, done["work"] in out) == (0, True)
    assert (await asked(house, "TO-12", "rota", "work", "withdraw", done["work"]))["withdrawn_at"]


async def test_a_calendar_s_address_is_shown_once(house: RotaHouse) -> None:
    code, out, err = await fleet(house, "TO-12", "rota", "calendar", "add", "--qr")
    address = out.strip()
    assert (code, address.startswith(house.api.url), "█" in err) == (0, True, True)
    trusted = ssl.create_default_context(cafile=house["TO-12"]._session.settings.ca_file)
    async with httpx.AsyncClient(verify=trusted) as client:
        assert (await client.get(address)).text.startswith("BEGIN:VCALENDAR")
    [feed] = await asked(house, "TO-12", "rota", "calendar", "list")
    assert address not in json.dumps(feed)
    code, out, _ = await fleet(house, "TO-12", "rota", "calendar", "withdraw", feed["calendar"][:6])
    assert (code, out) == (0, f"feed {feed['calendar']} is withdrawn\n")
    whole = await asked(house, "TO-12", "rota", "calendar", "add", "--rota", "tech")
    assert (whole["calendar"]["scope"], whole["calendar"]["rota"]) == ("rota", "technical")


async def test_where_rotas_are_several_the_one_that_is_meant_and_its_zone_are_named(house: RotaHouse) -> None:
    await house["SU-01"].put_rota(technical(rota="abroad", name="Abroad", zone="Europe/Paris"), 0)
    leave = ("rota", "absence", "add", "--kind", "annual", "--from", "2026-03-28", "--to", "2026-03-28")
    code, _, err = await fleet(house, "TO-12", *leave)
    assert (code, "several zones, Europe/London, Europe/Paris: name one" in err) == (2, True), err
    made = await asked(house, "TO-12", *leave, "--zone", "Europe/Paris")
    assert (made["starts_at"], made["ends_at"]) == ("2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z")
    code, _, err = await fleet(house, "TO-12", "oncall", "out", "--left", "2026-02-04T10:00")
    assert (code, "which of abroad, technical is meant" in err) == (2, True), err
    out = await asked(house, "TO-12", "oncall", "out", "--rota", "Abroad", "--left", "2026-02-04T10:00")
    assert out["call_out"]["left_home_at"] == "2026-02-04T09:00:00Z"
