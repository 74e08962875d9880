"""`fleet oncall` as people on rotas run it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from protocols.api.rota_people import SetTerms
from protocols.rota.member import WorkingTerms
from tests.support.rota_books import layer, office_hours
from tests.support.rota_cli import asked, fleet
from tests.support.rota_house import APPROVERS, PRIMARY, SECONDARY, RotaHouse, rota_house


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


async def test_who_is_on_call_and_who_is_next(house: RotaHouse) -> None:
    code, out, err = await fleet(house, "IN-01", "oncall", "now", said=b"")
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    until = ["Mon", "9", "Feb", "2026", "09:00", "Europe/London"]
    assert lines[1:3] == [
        ["technical", "primary", "TO-12", *until, "TO-13"],
        ["technical", "secondary", "SU-02", *until, "AP-01"],
    ]
    assert out.splitlines()[3] == "technical: may sign together: SU-02, TO-12"
    [told] = await asked(house, "TO-11", "oncall", "now", "tech")
    assert (told["rota"], told["gap_at"], [one["person"] for one in told["positions"]]) == (
        "technical",
        None,
        ["TO-12", "SU-02"],
    )


async def test_a_gap_now_is_loud_and_the_exit_code(house: RotaHouse) -> None:
    layers = [layer(PRIMARY, order=()), layer(SECONDARY, position="secondary", order=APPROVERS)]
    await house.put(1, layers=layers)
    code, out, _ = await fleet(house, "TO-11", "oncall", "now")
    assert code == 1
    assert "NOBODY" in out
    assert "technical: GAP IN COVER NOW: " in out
    code, out, _ = await fleet(house, "TO-11", "oncall", "now", "technical", "--json")
    assert (code, '"person":null' in out) == (1, True)


async def test_a_call_out_says_what_the_rules_make_of_it_and_the_earliest_start(house: RotaHouse) -> None:
    terms = SetTerms(version=0, terms=WorkingTerms(hours=office_hours()))
    await house["SU-01"].set_terms("TO-12", terms)
    night = ("oncall", "out", "--left", "2026-02-03T02:00", "--back", "04:30", "--ref", "DEP-118")
    code, out, err = await fleet(house, "TO-12", *night)
    assert (code, err) == (0, "")
    said = out.splitlines()
    assert "TO-12, left Tue 3 Feb 2026 02:00, back Tue 3 Feb 2026 04:30 (Europe/London)" in said[0]
    assert said[1] == "earliest start of duty: Tue 3 Feb 2026 15:30"
    assert said[3].split()[:3] == ["breach", "daily-rest", "10(1)"]
    again = await asked(house, "TO-12", *night)
    call_out = again["call_out"]
    assert (call_out["call_out"] in said[0], call_out["source"], call_out["position"]) == (True, "command", "primary")

    code, out, _ = await fleet(house, "SU-01", "oncall", "list", "--person", "TO-12", "--since", "2026-02-03")
    assert (code, "DEP-118" in out, "Tue 3 Feb 2026 04:30" in out) == (0, True, True)
    assert await asked(house, "TO-11", "oncall", "list") == []
    code, _, err = await fleet(house, "TO-12", "oncall", "withdraw", call_out["call_out"][:6])
    assert (code, "REASON is missing" in err) == (2, True)
    gone = await asked(house, "TO-12", "oncall", "withdraw", call_out["call_out"][:6], "it was Monday")
    assert gone["withdrawn_at"] is not None


async def test_leaving_and_coming_back_are_two_commands(house: RotaHouse) -> None:
    code, out, err = await fleet(house, "TO-12", "oncall", "out", "--rota", "tech", "--left", "2026-02-04T10:00")
    assert (code, "not back yet" in out, "fleet oncall back C-" in err) == (0, True, True)
    [left] = await asked(house, "SU-01", "oncall", "list", "--open")
    code, _, err = await fleet(house, "TO-11", "oncall", "back", "--at", "2026-02-04T11:30")
    assert (code, "no call-out of TO-11 is open" in err) == (3, True)
    code, out, _ = await fleet(house, "TO-12", "oncall", "back", "--at", "11:30", "--break", "15")
    assert (code, "back Wed 4 Feb 2026 11:30" in out, left["call_out"] in out) == (0, True, True)
    assert await asked(house, "SU-01", "oncall", "list", "--open") == []
    [over] = await asked(house, "TO-12", "oncall", "list")
    assert (over["break_min"], over["returned_at"]) == (15, "2026-02-04T11:30:00Z")


async def test_a_time_that_clocks_repeat_or_skip_is_refused_until_it_is_said_which(house: RotaHouse) -> None:
    twice = ("comes twice", "2025-10-26T01:30+01:00 (00:30 UTC)", "2025-10-26T01:30+00:00 (01:30 UTC)")
    never = ("does not come", "2025-03-30T00:30+00:00 (00:30 UTC)", "2025-03-30T02:30+01:00 (01:30 UTC)")
    for left, said in (("2025-10-26T01:30", twice), ("2025-03-30T01:30", never)):
        code, _, err = await fleet(house, "TO-12", "oncall", "out", "--left", left, "--back", "05:00")
        assert (code, all(part in err for part in said)) == (3, True), err
    assert await asked(house, "SU-01", "oncall", "list") == []
    when = ("--left", "2025-10-26T01:30+00:00", "--back", "2025-10-26T05:00")
    recorded = await asked(house, "SU-01", "oncall", "out", "TO-12", *when)
    assert recorded["call_out"]["left_home_at"] == "2025-10-26T01:30:00Z"
    code, out, _ = await fleet(house, "SU-01", "oncall", "list")
    assert (code, "Sun 26 Oct 2025 01:30 GMT" in out) == (0, True)


async def test_people_record_their_own_and_what_is_typed_wrongly_says_so(house: RotaHouse) -> None:
    code, _, err = await fleet(house, "TO-11", "oncall", "out", "TO-12", "--left", "2026-02-03T02:00")
    assert (code, "supervisor" in err) == (3, True)
    for words, said in [(("--left", "soon"), "a time of day as 02:00"), (("--left", "now", "--break", "x"), "number")]:
        code, _, err = await fleet(house, "TO-12", "oncall", "out", *words)
        assert (code, said in err) == (2, True), err
    code, _, err = await fleet(house, "TO-12", "oncall", "out", "--rota", "nights", "--left", "now")
    assert (code, "there is no rota 'nights': list them: fleet rota list" in err) == (3, True)
