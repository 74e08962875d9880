"""`fleet deployment` and `fleet report` as people run them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from protocols.deployments import ChecklistItem
from tests.support.deployment_house import authority, deployment_house
from tests.support.kit_house import DAY
from tests.support.rota_cli import asked, fleet
from tests.support.rota_house import NOW, RotaHouse

LID = ChecklistItem(key="lid", text="Lid closed", procedure="OP014")
SUPPLY = ChecklistItem(
    key="supply", text="Supply at the unit", evidence="number", unit_of_measure="mV", at_least=4750, at_most=5250
)


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with deployment_house(store, dsn, tmp_path) as made:
        yield made


def at(days: int, hour: int = 13) -> str:
    return (NOW + days * DAY).replace(hour=hour).isoformat()


async def test_from_the_request_to_a_plan_that_a_rule_stops(house: RotaHouse) -> None:
    request = ("deployment", "request", "av-capture", "north yard", "--site", "NORTH", "--lead", "TO-12")
    times = ("--from", at(1, 12), "--back", at(4, 12))
    code, out, err = await fleet(house, "TO-12", *request, *times, "--rota", "technical", said=b"")
    assert (code, out) == (0, "DEP-1, north yard, is asked for: requested, version 1\n")
    assert "next comes assess: fleet deployment show DEP-1" in err
    await asked(house, "TO-12", "deployment", "step", "1", "assess", "--reason", "it was never surveyed")
    code, out, err = await fleet(house, "SU-02", "deployment", "step", "DEP-1", "plan")
    assert code == 3
    assert "plan of DEP-1 is stopped" in err
    (head, *stops) = out.splitlines()
    assert head.split("  ")[0] == "answer"
    assert "whose it is" in head
    assert "what would make it possible" in head
    rules = [line.split()[1] for line in stops if line.startswith("refused")]
    assert rules
    stopped = await fleet(house, "SU-02", "deployment", "step", "DEP-1", "plan", "--json")
    assert [one["rule"] for one in json.loads(stopped[1]) if one["answer"] == "refused"] == rules

    await asked(house, "TO-12", "deployment", "kit", "1", "--pick")
    for kind, day in (("fit", 1), ("recover", 3)):
        visit = ("--add", kind, "--from", at(day), "--until", at(day, 17), "--who", "TO-12:lead", "--who", "TO-11")
        await asked(house, "TO-12", "deployment", "visits", "1", *visit)
    code, out, _ = await fleet(house, "TO-12", "deployment", "visits", "1")
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["fit", "recover"]
    assert "TO-11 engineer TO-12 lead" in out or "TO-12 lead TO-11 engineer" in out
    code, out, _ = await fleet(house, "SU-02", "deployment", "step", "1", "plan", "--reason", "so be it")
    assert (code, out.splitlines()[0]) == (0, "plan: DEP-1 is planned")

    (row,) = await asked(house, "IN-01", "deployment", "list", "north", "--person", "TO-11")
    assert (row["deployment"], row["state"], row["lead"]) == ("DEP-1", "planned", "TO-12")
    code, out, _ = await fleet(house, "IN-01", "deployment", "show", "1")
    for part in ("north yard", "what stops the next step", "K-0001", "Battery 12 V 40 Ah", "it rests on no authority"):
        assert part in out, part


async def test_kit_visits_and_authorities_are_added_and_taken_back_one_by_one(house: RotaHouse) -> None:
    request = ("deployment", "request", "av-capture", "yard", "--from", at(1, 12), "--back", at(4, 12))
    await asked(house, "TO-12", *request, "--want", "unit", "--want", "battery:pack-12=2", "--work", "driving")
    view = await house["TO-12"].deployment("DEP-1")
    assert [(one.kind, one.model, one.count) for one in view.wants] == [("unit", None, 1), ("battery", "pack-12", 2)]

    found = await asked(house, "TO-12", "deployment", "kit", "1", "--keep", "0001", "--keep", "K-0003")
    assert [one["item"] for one in found] == ["K-0001", "K-0003"]
    found = await asked(house, "TO-12", "deployment", "kit", "1", "--release", "0001", "--keep", "0004")
    assert {one["item"] for one in found if one["reserved_for"] == "DEP-1"} == {"K-0003", "K-0004"}

    visit = ("--add", "fit", "--from", at(1), "--until", at(1, 17), "--who", "TO-12:driver")
    (planned,) = await asked(house, "TO-12", "deployment", "visits", "1", *visit)
    assert (planned["works"], planned["people"]) == (["driving"], [{"person": "TO-12", "role": "driver"}])
    assert await asked(house, "TO-12", "deployment", "visits", "1", "--drop", planned["visit"][:6]) == []
    code, _, err = await fleet(house, "TO-12", "deployment", "visits", "1", "--add", "fit")
    assert (code, "--who TO-12" in err) == (2, True)

    recorded = await authority(house)
    (named,) = await asked(house, "TO-12", "deployment", "authorities", "1", "--name", "URN-26/114")
    assert named["authority_id"] == recorded.authority_id
    assert await asked(house, "TO-12", "deployment", "authorities", "1", "--drop", "URN-26/114") == []

    changed = await asked(house, "TO-12", "deployment", "set", "1", "--title", "other yard", "--back", at(5, 12))
    assert (changed["row"]["title"], changed["row"]["expected_back_at"]) == ("other yard", "2026-02-09T12:00:00Z")
    code, _, err = await fleet(house, "TO-12", "deployment", "show", "nine")
    assert (code, "a deployment's number, as DEP-118 or 118" in err) == (2, True)


async def test_a_checklist_is_laid_down_worked_by_and_told(house: RotaHouse, tmp_path: Path) -> None:
    file = tmp_path / "assess.json"
    items = [
        {"key": "lid", "text": "Lid closed", "procedure": "OP014"},
        {"key": "supply", "text": "Supply", "evidence": "number", "unit_of_measure": "mV", "at_least": 4750},
        {"key": "risk", "text": "Reference of the risk assessment", "evidence": "text"},
    ]
    file.write_text(json.dumps(items))
    laid_down = ("deployment", "template", "av-capture", "assess", "--set", str(file))
    code, out, _ = await fleet(house, "SU-01", *laid_down)
    assert (code, out) == (0, "the checklist of av-capture at assess is laid down in version 2\n")
    code, out, _ = await fleet(house, "TO-13", "deployment", "template", "av-capture", "assess")
    assert [one["key"] for one in json.loads(out)] == ["lid", "supply", "risk"]

    await asked(house, "TO-12", "deployment", "request", "av-capture", "yard", "--from", at(1), "--back", at(2))
    code, out, _ = await fleet(house, "TO-12", "deployment", "checklist", "1", "assess")
    assert (code, out.count("MISSING"), "number ≥ 4750 mV" in out) == (1, 3, True)
    code, _, err = await fleet(house, "TO-12", "deployment", "evidence", "1", "assess", "risk")
    assert (code, "risk asks for a text: say what was found" in err) == (3, True)
    await asked(house, "TO-12", "deployment", "evidence", "1", "assess", "risk", "RA-7")
    code, out, _ = await fleet(house, "TO-12", "deployment", "evidence", "1", "assess", "supply", "-12")
    assert (code, out) == (0, "supply of assess: NOT MET\n")
    code, _, err = await fleet(house, "TO-12", "deployment", "evidence", "1", "assess", "supply", "plenty")
    assert (code, "supply asks for a number in mV" in err) == (3, True)
    await asked(house, "TO-12", "deployment", "evidence", "1", "assess", "supply", "4900")
    code, out, err = await fleet(house, "TO-12", "deployment", "evidence", "1", "assess", "lid")
    assert (code, out, "all that assess needs is there" in err) == (0, "lid of assess: met\n", True)
    code, out, _ = await fleet(house, "TO-12", "deployment", "checklist", "1", "assess")
    assert (code, "MISSING" in out) == (0, False)


async def test_a_critical_incident_takes_one_command_and_leaves_papers(house: RotaHouse, tmp_path: Path) -> None:
    code, out, err = await fleet(house, "TO-12", "deployment", "incident")
    assert (code, out.splitlines()[0]) == (0, "DEP-1 is yours: K-0001 (mast north), K-0003 (Battery 12 V 40 Ah)")
    assert "papers of authorise are owed until" in err
    code, out, _ = await fleet(house, "TO-12", "deployment", "readiness", "1")
    assert (code, "K-0001 (unit-abcd2345) is NOT READY" in out) == (1, True)
    code, out, _ = await fleet(house, "TO-12", "deployment", "advise", "critical-incident")
    assert (code, out.splitlines()[0].endswith("possible, 1 at most")) == (0, True)

    pdf, whole = tmp_path / "dep.pdf", tmp_path / "dep.json"
    code, out, _ = await fleet(house, "TO-12", "deployment", "file", "1", "--pdf", str(pdf), "--out", str(whole))
    assert (code, pdf.read_bytes()[:5]) == (0, b"%PDF-")
    assert json.loads(whole.read_bytes())["deployment"]["row"]["deployment"] == "DEP-1"
    assert (pdf.stat().st_mode & 0o777, whole.stat().st_mode & 0o777) == (0o600, 0o600)
    code, _, err = await fleet(house, "TO-12", "deployment", "file", "1", "--out", str(whole))
    assert (code, "is there already" in err) == (3, True)
    code, out, _ = await fleet(house, "IN-01", "deployment", "file", "1")
    assert (code, "deployment.step-owed" in out, "JSON sha256" in out) == (0, True, True)
    code, _, err = await fleet(house, "TO-13", "deployment", "file", "1")
    assert (code, "is for its team" in err) == (3, True)


async def test_reports_as_bars_and_as_json(house: RotaHouse) -> None:
    await asked(house, "TO-12", "deployment", "incident", "--stay")
    house.clock.go_on(hours=5)
    since = ("--since", "2026-02-04T07:00Z", "--until", "2026-02-04T17:00Z")
    code, out, _ = await fleet(house, "IN-01", "report", "utilisation", *since, "--most", "3")
    assert code == 0
    (first, *_) = [line.split() for line in out.splitlines() if line.startswith("K-0001")]
    assert first == ["K-0001", "van-kit", "50.0", "████████████", "0.0", "1"]
    code, out, _ = await fleet(house, "SU-01", "report", "commission", *since)
    assert (code, out.splitlines()[-1].startswith("DEP-1"), "not over" in out) == (0, True, True)
    (alarm,) = await asked(house, "SU-01", "report", "alarms", *since)
    assert (alarm["kind"], alarm["raised"], alarm["median_s"]) == ("authority-wanted", 1, None)
    code, _, err = await fleet(house, "TO-12", "report", "alarms")
    assert (code, "see-reports" in err) == (3, True)
