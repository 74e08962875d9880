"""Deployment files, reports and advice through the API: who may read them, what the log says of it, what they hold."""

import io
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from pypdf import PdfReader

from fleet.store.store import Store
from protocols.api.checklists import NewEvidence, SetTemplate
from protocols.api.deployments import NewIncident
from protocols.api.kit import Scan
from protocols.api.reports import DeploymentFile
from protocols.api.sites import NewSurvey
from protocols.deployments import ChecklistItem
from tests.support.deployment_house import (
    UNITS,
    certify,
    deployment_house,
    go,
    named,
    planned,
    scanned_out,
)
from tests.support.kit_house import DAY, HOUR
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_house import NOW, RotaHouse

ADDRESS = "14 Tannery Lane"


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with deployment_house(store, dsn, tmp_path) as made:
        yield made


async def fitted(house: RotaHouse) -> str:
    """A deployment whose kit went out 25 h after NOW, was fitted an hour later and commissioned after two."""
    view = await named(house, await planned(house))
    view = await go(house, view, "authorise", "AP-01")
    house.clock.go_on(hours=25)
    await scanned_out(house, view)
    view = await go(house, view, "check-out")
    house.clock.go_on(hours=1)
    view = await go(house, view, "fit")
    house.clock.go_on(hours=1)
    await certify(house, view)
    return (await go(house, view, "commission")).row.deployment


async def test_the_file_is_for_its_team_and_each_reading_is_told_with_the_digest(
    house: RotaHouse, owner: Owner
) -> None:
    await house["SU-01"].put_site("NORTH", 1, address=ADDRESS)
    which = await fitted(house)
    content = await house["TO-12"].deployment_file_json(which)
    paged = await house["IN-01"].deployment_file_pdf(which)
    for stranger in ("TO-13", "AP-01"):
        assert await refusal(house[stranger].deployment_file(which)) == (403, "role-not-allowed")
        assert await refusal(house[stranger].deployment_file_pdf(which)) == (403, "role-not-allowed")
    assert await refusal(house["IN-01"].deployment_file("DEP-999")) == (404, "deployment-unknown")

    told = await entries(owner, "deployment.file-read")
    assert [(one["actor"], one["form"], one["deployment"], one["dpa"]) for one in told] == [
        ("TO-12", "json", which, "disclosure"),
        ("IN-01", "pdf", which, "disclosure"),
    ]
    assert told[0]["sha256"] == sha256(content).hexdigest()
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(paged)).pages]
    assert len(pages) > 1
    assert all(f"JSON sha256 {told[1]['sha256']}" in page and which in page for page in pages)

    file = msgspec.json.decode(content, type=DeploymentFile)
    assert (file.made_by, file.made_at, file.deployment.row.state) == ("TO-12", house.clock.now, "commissioned")
    text = " ".join("".join(pages).split())
    for said in ("URN-26/114", "K-0001", "Battery 12 V 40 Ah", "commission", "kit.moved"):
        assert said in text, said
    for everything in (content.decode(), text, str(await entries(owner, ""))):
        assert "Tannery" not in everything


async def test_the_file_has_the_entries_about_its_kit_and_authority_while_it_had_them(
    house: RotaHouse, owner: Owner
) -> None:
    await house["SU-01"].quarantine_unit(UNITS[0], "it is looked at")
    await house["SU-01"].release_unit(UNITS[0], "it is well")
    which = await fitted(house)
    for unit in UNITS:
        await house["SU-01"].quarantine_unit(unit, "it is looked at")
    file = await house["TO-12"].deployment_file(which)
    kinds = [one.kind for one in file.entries]
    assert kinds[0] == "deployment.requested"
    assert (kinds.count("unit.quarantined"), kinds.count("unit.released")) == (1, 0)
    assert kinds.count("kit.moved") == len(file.deployment.items) == 4
    assert {"authority.recorded", "readiness.judged", "deployment.changed"} <= set(kinds)
    assert "kit.added" not in kinds
    assert (file.entries_left_out, [one.at for one in file.entries]) == (0, sorted(one.at for one in file.entries))
    async with house.api.services.store.transaction() as transaction:
        newest, total = await transaction.deployment_reports.entries_about(
            which, ["URN-26/114"], NOW, house.clock.now, 3
        )
    assert total == len(kinds) + 1
    assert [one.said.kind for one in newest] == [*kinds[-2:], "deployment.file-read"]


async def test_reports_of_a_time(house: RotaHouse, owner: Owner) -> None:
    which = await fitted(house)
    house.clock.go_on(hours=23)
    found = await house["SU-01"].reports(NOW, NOW + 100 * HOUR)
    assert (found.since, found.until) == (NOW, NOW + 50 * HOUR)
    out = {one.item: (one.out_permille, one.movements) for one in found.utilisation}
    assert out["K-0001"] == (500, 1)
    assert [one for one in out.values() if one != (0, 0)] == [(500, 1)] * 4
    (took,) = found.to_commission
    assert (took.deployment, took.from_at, took.took_s) == (which, NOW, 27 * 3600)
    assert found.to_recover == []
    (told,) = await entries(owner, "reports.read")
    assert (told["actor"], told["dpa"], told["ends_at"]) == ("SU-01", "consultation", "2026-02-06T14:00:00Z")

    house.clock.go_on(hours=30)
    late = await house["IN-01"].reports(NOW + 50 * HOUR, house.clock.now)
    assert late.to_commission == []
    (due,) = late.to_recover
    assert (due.from_at, due.took_s) == (NOW + 3 * DAY + 5 * HOUR, None)
    assert await refusal(house["TO-12"].reports(NOW, house.clock.now)) == (403, "role-not-allowed")
    assert await refusal(house["SU-01"].reports(house.clock.now, NOW)) == (400, "period-unusable")


async def test_kit_that_can_not_be_used_counts(house: RotaHouse) -> None:
    house.clock.go_on(hours=10)
    await house["SU-01"].change_kit_service("K-0003", "quarantined", "it smells")
    house.clock.go_on(hours=10)
    found = await house["SU-01"].reports(NOW, house.clock.now)
    held = {one.item: one.unserviceable_permille for one in found.utilisation}
    assert (held["K-0003"], held["K-0004"]) == (500, 0)


async def test_advice_in_numbers(house: RotaHouse) -> None:
    found = await house["TO-13"].advice("av-capture")
    assert (found.possible, found.missing, found.team) == (True, [], ["TO-12", "SU-02"])
    assert [(one.wanted.kind, one.items, one.missing) for one in found.kit] == [
        ("unit", ["K-0001"], 0),
        ("battery", ["K-0003", "K-0004"], 0),
        ("antenna", ["K-0006"], 0),
    ]
    on_call = next(one for one in found.people if one.person == "TO-12")
    assert (on_call.on_call, on_call.works, on_call.free) == ("primary", ["driving"], True)

    await house["TO-11"].scan_kit(Scan(item="K-0001", way="out"))
    await house["SU-01"].change_kit_service("K-0002", "quarantined", "it smells")
    without = await house["TO-13"].advice("av-capture", until=NOW + 6 * HOUR)
    assert (without.possible, without.at_most, without.missing) == (False, 0, ["1 of 1 of unit"])
    assert sorted(why[:6] for why in without.kit[0].held_back) == ["K-0001", "K-0002"]
    assert (without.starts_at, without.until) == (NOW, NOW + 6 * HOUR)

    survey = NewSurvey(surveyed_at=NOW, supply="mains")
    await house["TO-11"].survey_site("NORTH", survey)
    there = await house["TO-13"].advice("delivery-support", site="NORTH")
    assert "somebody free who has wiring-regulations" in " ".join(there.missing)
    assert await refusal(house["TO-13"].advice("av-capture", site="SOUTH")) == (404, "site-unknown")
    assert await refusal(house["TO-13"].advice("av-capture", until=NOW - HOUR)) == (400, "period-unusable")


async def test_evidence_makes_up_for_a_paper_of_the_fast_path(house: RotaHouse, owner: Owner) -> None:
    lid = ChecklistItem(key="lid", text="Lid closed")
    await house["SU-01"].set_checklist_template("critical-incident", "check-out", SetTemplate(version=1, items=[lid]))
    which = (await house["TO-12"].begin_incident(NewIncident())).row.deployment
    file = await house["TO-12"].deployment_file(which)
    owed = [one.step for one in file.deployment.steps if one.owed_until is not None]
    assert "check-out" in owed
    assert [one.kind for one in file.entries].count("deployment.step-owed") == len(owed) == file.deployment.row.owed
    await house["TO-12"].give_evidence(which, NewEvidence(step="check-out", key="lid", ticked=True))
    after = await house["TO-12"].deployment(which)
    assert [one.step for one in after.steps if one.owed_until is not None] == [
        one for one in owed if one != "check-out"
    ]
    (made_up,) = await entries(owner, "deployment.made-up")
    assert (made_up["step"], made_up["actor"]) == ("check-out", "TO-12")
