"""Harnesses through the API: kept by revision, given where they are safe, measured once they are fitted."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from pypdf import PdfReader

from fleet.client import Refused
from fleet.store.store import Store
from fleet.wiring.rules.library import template_text
from protocols.api.deployments import SetKit
from protocols.api.kit import Scan
from protocols.api.wiring import DeploymentWiring
from protocols.health import HealthReport
from protocols.wiring.fitted import Measured, MeasuredQuantity, NewFitting
from protocols.wiring.plan import MAX_TEXT_CHARS
from protocols.wiring.policy import WiringPolicy
from tests.support.deployment_house import UNITS, deployment_house
from tests.support.kit_house import deployment, go_on
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_house import NOW, RotaHouse

VAN = template_text("van-12v")
UNSAFE = VAN.replace("F1: {rating_a: 5,", "F1: {rating_a: 20,")
UNKNOWN = VAN.replace("to: X1.1, csa_mm2: 1.5, length_m: 3.5,", "to: X1.1,")
FAULTY = VAN.replace("system_v: 12\n", "system_v: 13\n")
OTHER = "H-0123456789ab"


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    """K-0001 and K-0002 are units."""
    async with deployment_house(store, dsn, tmp_path) as made:
        yield made


def told(quantity: MeasuredQuantity, subject: str, value: float, **more: Any) -> Measured:
    return Measured(quantity=quantity, subject=subject, value=value, **more)


def measured(*values: Measured, **more: Any) -> NewFitting:
    return NewFitting(measured=list(values), **more)


GOOD = (
    told("battery-v", "main", 12.6),
    told("voltage-at-load-v", "camera", 12.5, measured_at=NOW - timedelta(minutes=5)),
    told("kit-drain-ma", "main", 19.0),
    told("sense-off-v", "camera", 0.1),
    told("sense-on-v", "camera", 12.3),
    told("termination-ohm", "body", 60.4),
)


async def kept(house: RotaHouse, text: str = VAN) -> str:
    return (await house["TO-12"].keep_harness(text)).row.harness


async def given(house: RotaHouse, item: str | None = None) -> tuple[str, str]:
    """A deployment with the van's harness, for an item that is out: its number, and the harness's id."""
    which, harness = await deployment(house, "authorised"), await kept(house)
    if item is not None:
        view = await house["TO-12"].deployment(which)
        await house["TO-12"].set_kit(which, SetKit(based_on=view.version, items=[item]))
        await house["TO-12"].scan_kit(Scan(item=item, way="out", deployment=which))
    await house["TO-12"].give_harness(which, harness, item=item)
    return which, harness


async def test_a_plan_is_kept_with_every_revision_of_its_exact_text(house: RotaHouse, owner: Owner) -> None:
    assert (await house["TO-12"].harnesses()).total == 0
    first = await house["TO-12"].keep_harness(VAN)
    harness = first.row.harness
    assert (first.text, first.revision.sha256) == (VAN, sha256(VAN.encode()).hexdigest())
    row = first.row
    assert (row.name, row.system_v, row.loads, row.conductors) == ("van-12v", 12, 3, 16)
    assert (row.failed, row.unjudged, row.may_be_fitted, row.deployments) == (0, 0, True, 0)

    second = await house["SU-01"].revise_harness(harness, 1, UNSAFE)
    assert (second.row.revision, second.row.may_be_fitted, second.row.failed > 0) == (2, False, True)
    assert [(one.revision, one.kept_by) for one in second.revisions] == [(2, "SU-01"), (1, "TO-12")]
    assert (await house["IN-01"].harness(harness, 1)).text == VAN
    assert (await house["IN-01"].harness(harness)).text == UNSAFE
    assert await refusal(house["TO-12"].revise_harness(harness, 1, VAN)) == (409, "revision-changed")
    assert await refusal(house["TO-12"].revise_harness(harness, 2, UNSAFE)) == (409, "plan-unchanged")
    assert await refusal(house["TO-12"].revise_harness(OTHER, 1, VAN)) == (404, "harness-unknown")
    assert await refusal(house["TO-12"].harness(harness, 3)) == (404, "revision-unknown")
    assert await refusal(house["TO-12"].harness(OTHER)) == (404, "harness-unknown")

    lorry = await kept(house, template_text("lorry-24v"))
    assert [one.name for one in (await house["AP-01"].harnesses()).rows] == ["lorry-24v", "van-12v"]
    page = await house["AP-01"].harnesses("PANEL tracker")
    assert [(one.harness, one.revision) for one in page.rows] == [(harness, 2)]
    later = await house["AP-01"].harnesses(offset=5)
    assert (later.total, later.rows) == (2, [])

    said = await entries(owner, "harness.")
    assert [(one["kind"], one["actor"], one["harness"], one["revision"]) for one in said] == [
        ("harness.kept", "TO-12", harness, 1),
        ("harness.kept", "SU-01", harness, 2),
        ("harness.kept", "TO-12", lorry, 1),
    ]
    assert (said[0]["sha256"], said[1]["failing"]) == (first.revision.sha256, second.row.failed)
    assert "Panel" not in str(said)
    assert "camera" not in str(said)


async def test_a_text_with_faults_is_refused_with_line_and_column(house: RotaHouse) -> None:
    line = next(number for number, text in enumerate(FAULTY.splitlines(), 1) if "system_v: 13" in text)
    with pytest.raises(Refused) as refused:
        await house["TO-12"].keep_harness(FAULTY)
    assert (refused.value.status, refused.value.problem.code) == (400, "plan-faulty")
    assert refused.value.problem.message.startswith(f"line {line}, column 13: vehicle.system_v: ")
    for text in ("", "a: [", "\t", "x" * MAX_TEXT_CHARS, "- 1\n" * 30_000, "\u0000"):
        status, _ = await refusal(house["TO-12"].keep_harness(text))
        assert status == 400
    assert (await refusal(house["TO-12"].keep_harness("€" * (MAX_TEXT_CHARS + 1))))[0] == 400
    assert (await refusal(house["TO-12"].keep_harness("€" * (2 * MAX_TEXT_CHARS))))[0] == 413
    assert (await house["TO-12"].harnesses()).total == 0


async def test_a_long_plan_is_kept(house: RotaHouse) -> None:
    long = VAN + "# as the line before says, with nothing to add\n" * 2600
    assert 100_000 < len(long) <= MAX_TEXT_CHARS
    assert (await house["TO-12"].keep_harness(long)).text == long


async def test_who_may_not_work_on_deployments_keeps_and_gives_nothing(house: RotaHouse) -> None:
    which, harness = await given(house)
    assert (await house["IN-01"].deployment_wiring(which))[0].harness == harness
    assert await house["IN-01"].wiring_policy() == WiringPolicy()
    for refused in (
        house["IN-01"].keep_harness(VAN),
        house["AP-01"].revise_harness(harness, 1, UNSAFE),
        house["AP-01"].give_harness(which, harness),
        house["IN-01"].fit_harness(which, harness, measured(*GOOD)),
        house["IN-01"].withdraw_harness(which, harness),
    ):
        assert await refusal(refused) == (403, "role-not-allowed")


async def test_only_what_is_safe_is_given(house: RotaHouse, owner: Owner) -> None:
    which, harness = await deployment(house, "planned"), await kept(house, UNSAFE)
    with pytest.raises(Refused) as unsafe:
        await house["TO-12"].give_harness(which, harness)
    assert (unsafe.value.status, unsafe.value.problem.code) == (409, "wiring-unsafe")
    assert "fuse-protects-cable (conductors.W2); downstream-conductor (conductors.W3, " in unsafe.value.problem.message
    await house["TO-12"].revise_harness(harness, 1, UNKNOWN)
    with pytest.raises(Refused) as unjudged:
        await house["TO-12"].give_harness(which, harness)
    assert (unjudged.value.status, unjudged.value.problem.code) == (409, "wiring-unjudged")
    assert "conductors.W2.csa_mm2" in unjudged.value.problem.remedy
    await house["TO-12"].revise_harness(harness, 2, VAN)
    assert await refusal(house["TO-12"].give_harness(which, harness, 1)) == (409, "wiring-unsafe")

    got = await house["TO-12"].give_harness(which, harness)
    assert (got.deployment, got.name, got.revision, got.item, got.unit) == (which, "van-12v", 3, None, None)
    assert (got.sha256, got.failed, got.fittings) == (sha256(VAN.encode()).hexdigest(), [], [])
    assert await refusal(house["TO-12"].give_harness(which, harness, 3)) == (409, "given-already")
    assert await refusal(house["TO-12"].give_harness(which, OTHER)) == (404, "harness-unknown")
    assert await refusal(house["TO-12"].give_harness(which, harness, 9)) == (404, "revision-unknown")
    assert await refusal(house["TO-12"].give_harness("DEP-999", harness)) == (404, "deployment-unknown")
    assert await refusal(house["TO-12"].deployment_wiring("DEP-999")) == (404, "deployment-unknown")
    assert (await house["TO-12"].harness(harness)).row.deployments == 1

    over = await deployment(house, "closed")
    assert await refusal(house["TO-12"].give_harness(over, harness)) == (409, "deployment-over")
    await go_on(house, which, "closed")
    assert (await house["TO-12"].harness(harness)).row.deployments == 0
    for late in (
        house["TO-12"].fit_harness(which, harness, measured(*GOOD)),
        house["TO-12"].withdraw_harness(which, harness),
    ):
        assert await refusal(late) == (409, "deployment-over")
    (entry,) = await entries(owner, "deployment.harness")
    assert (entry["kind"], entry["deployment"], entry["harness"]) == ("deployment.harness-given", which, harness)
    assert (entry["revision"], entry["sha256"], entry["unit"], entry["failing"]) == (3, got.sha256, None, 0)


async def test_a_harness_is_for_kit_that_the_deployment_has(house: RotaHouse, owner: Owner) -> None:
    which, harness = await deployment(house, "planned"), await kept(house)
    assert await refusal(house["TO-12"].give_harness(which, harness, item="K-9999")) == (404, "item-unknown")
    assert await refusal(house["TO-12"].give_harness(which, harness, item="K-0001")) == (409, "item-elsewhere")
    view = await house["TO-12"].deployment(which)
    await house["TO-12"].set_kit(which, SetKit(based_on=view.version, items=["K-0001"]))
    got = await house["TO-12"].give_harness(which, harness, item="K-0001")
    assert (got.item, got.unit) == ("K-0001", UNITS[0])
    (entry,) = await entries(owner, "deployment.harness-given")
    assert (entry["item"], entry["unit"]) == ("K-0001", UNITS[0])


async def test_what_was_measured_is_held_against_the_plan(house: RotaHouse, owner: Owner) -> None:
    which, harness = await given(house)
    got = await house["TO-12"].fit_harness(which, harness, measured(*GOOD, note="engine off"))
    (fitting,) = got.fittings
    assert [one.verdict for one in fitting.compared] == ["pass"] * 6
    assert (fitting.passed, fitting.revision, fitting.made_by, fitting.note) == (True, 1, "TO-12", "engine off")
    assert fitting.compared[1].measured_at == NOW - timedelta(minutes=5)
    house.clock.go_on(hours=1)
    bad = (told("battery-v", "main", 12.6), told("voltage-at-load-v", "camera", 11.0))
    got = await house["TO-13"].fit_harness(which, harness, measured(*bad))
    assert [(one.made_by, one.passed) for one in got.fittings] == [("TO-13", False), ("TO-12", True)]
    assert "less than" in got.fittings[0].compared[1].sentence
    alone = measured(told("voltage-at-load-v", "camera", 12.5))
    got = await house["TO-13"].fit_harness(which, harness, alone)
    assert (got.fittings[0].passed, got.fittings[0].compared[0].verdict) == (False, "unjudged")

    said = await entries(owner, "deployment.harness-fitted")
    assert [(one["fitting"], one["passed"], one["measured"], one["by_unit"]) for one in said] == [
        (one.fitting, one.passed, len(one.compared), 0) for one in reversed(got.fittings)
    ]
    assert "engine" not in str(said)
    for one in await owner.fetch("SELECT measured, compared, sha256 FROM harness_fitting"):
        assert sha256((one["measured"] + one["compared"]).encode()).hexdigest() == one["sha256"]
    assert {one["sha256"] for one in said} == {
        one["sha256"] for one in await owner.fetch("SELECT sha256 FROM harness_fitting")
    }


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (NewFitting(), "nothing-measured"),
        (NewFitting(measured=[told("battery-v", "main", 12.6, by_unit=True)]), "by-unit"),
        (NewFitting(measured=[told("battery-v", "mian", 12.6)]), "subject-unknown"),
        (NewFitting(measured=[told("battery-v", "main", 12.6), told("battery-v", "main", 12.5)]), "measured-twice"),
        (NewFitting(measured=[told("battery-v", "main", 12.6)], load="camera"), "load-for-nothing"),
        (
            NewFitting(measured=[told("battery-v", "main", 12.6, measured_at=NOW + timedelta(hours=1))]),
            "in-the-future",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_values_that_can_not_be_are_refused(house: RotaHouse, new: NewFitting, code: str) -> None:
    which, harness = await given(house)
    assert await refusal(house["TO-12"].fit_harness(which, harness, new)) == (400, code)
    assert (await house["TO-12"].deployment_wiring(which))[0].fittings == []


async def test_a_harness_that_was_withdrawn_keeps_what_was_measured(house: RotaHouse, owner: Owner) -> None:
    which, harness = await given(house)
    await house["TO-12"].fit_harness(which, harness, measured(*GOOD))
    assert await refusal(house["TO-12"].withdraw_harness(which, OTHER)) == (404, "harness-not-given")
    assert await refusal(house["TO-12"].fit_harness(which, OTHER, measured(*GOOD))) == (404, "harness-not-given")
    gone = await house["TO-12"].withdraw_harness(which, harness)
    assert (gone.withdrawn_at, len(gone.fittings)) == (NOW, 1)
    assert await refusal(house["TO-12"].withdraw_harness(which, harness)) == (409, "harness-withdrawn")
    late = house["TO-12"].fit_harness(which, harness, measured(*GOOD))
    assert await refusal(late) == (409, "harness-withdrawn")
    again = await house["TO-12"].give_harness(which, harness)
    assert (again.withdrawn_at, again.fittings) == (None, [])
    both = await house["TO-12"].deployment_wiring(which)
    assert [(one.withdrawn_at is None, len(one.fittings)) for one in both] == [(False, 1), (True, 0)]
    kinds = [one["kind"] for one in await entries(owner, "deployment.harness")]
    assert kinds == [f"deployment.harness-{what}" for what in ("given", "fitted", "withdrawn", "given")]


async def report(owner: Owner, house: RotaHouse, age_s: int = 20, **figures: Any) -> None:
    """Let the units' latest report be so old."""
    at = house.clock.now - timedelta(seconds=age_s)
    health = msgspec.json.encode(HealthReport(seq=9, sampled_at_ms=int(at.timestamp() * 1000), **figures)).decode()
    await owner.execute(
        "UPDATE unit_live SET health = $1, last_report_at = $2, last_sampled_at = $2, presence = 'online'", health, at
    )


async def test_what_a_unit_measured_is_entered_by_the_controller(house: RotaHouse, owner: Owner) -> None:
    which, harness = await given(house, "K-0001")
    asked = measured(told("battery-v", "main", 12.6), from_unit=True, load="camera")

    async def fit(new: NewFitting = asked) -> DeploymentWiring:
        return await house["TO-12"].fit_harness(which, harness, new)

    assert await refusal(fit()) == (409, "no-report")
    await report(owner, house, 121, supply_mv=12_480)
    assert await refusal(fit()) == (409, "report-old")
    await report(owner, house)
    assert await refusal(fit()) == (409, "no-supply-figure")
    await report(owner, house, supply_mv=12_480, ages_s={"supply_mv": 601})
    assert await refusal(fit()) == (409, "no-supply-figure")
    await report(owner, house, supply_mv=12_480, ages_s={"supply_mv": 30})
    assert await refusal(fit(measured(from_unit=True))) == (409, "load-unsaid")
    twice = measured(told("voltage-at-load-v", "camera", 12.5), from_unit=True, load="camera")
    assert await refusal(fit(twice)) == (400, "measured-twice")
    assert await refusal(fit(measured(from_unit=True, load="kamera"))) == (400, "subject-unknown")

    fitting = (await fit()).fittings[0]
    assert [(one.quantity, one.by_unit) for one in fitting.compared] == [
        ("battery-v", False),
        ("voltage-at-load-v", True),
    ]
    of_unit = fitting.compared[1]
    assert (of_unit.subject, of_unit.value, of_unit.verdict) == ("camera", 12.48, "pass")
    assert of_unit.measured_at == NOW - timedelta(seconds=50)
    (entry,) = await entries(owner, "deployment.harness-fitted")
    assert (entry["unit"], entry["by_unit"], entry["measured"]) == (UNITS[0], 1, 2)

    await report(owner, house, supply_mv=12_480, battery_mv=12_620, ages_s={"battery_mv": 600})
    both = (await fit(measured(from_unit=True, load="camera"))).fittings[0].compared
    assert [(one.quantity, one.subject, one.value, one.verdict) for one in both] == [
        ("voltage-at-load-v", "camera", 12.48, "pass"),
        ("battery-v", "main", 12.62, "pass"),
    ]
    assert both[1].measured_at == NOW - timedelta(seconds=620)
    by_hand = (await fit()).fittings[0].compared
    assert [(one.quantity, one.by_unit) for one in by_hand] == [("battery-v", False), ("voltage-at-load-v", True)]
    await report(owner, house, supply_mv=12_480, battery_mv=12_620, ages_s={"battery_mv": 601})
    alone = (await fit(measured(from_unit=True, load="camera"))).fittings[0].compared
    assert [one.quantity for one in alone] == ["voltage-at-load-v"]

    await house["SU-01"].quarantine_unit(UNITS[0], "it is looked at")
    assert await refusal(fit()) == (409, "unit-not-active")
    await house["TO-12"].scan_kit(Scan(item="K-0001", way="in", place="STORE-1"))
    assert await refusal(fit()) == (409, "unit-elsewhere")


async def test_what_is_no_unit_measures_nothing(house: RotaHouse) -> None:
    asked = measured(from_unit=True, load="camera")
    for item, code in ((None, "no-item"), ("K-0003", "no-unit")):
        which, harness = await given(house, item)
        assert await refusal(house["TO-12"].fit_harness(which, harness, asked)) == (409, code)


async def test_there_is_an_end_to_how_much_is_kept(house: RotaHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    which, harness = await given(house)
    monkeypatch.setattr("fleet.wiring.giving_desk.MAX_FITTINGS", 1)
    monkeypatch.setattr("fleet.wiring.giving_desk.MAX_GIVEN", 1)
    monkeypatch.setattr("fleet.wiring.desk.MAX_REVISIONS", 1)
    monkeypatch.setattr("fleet.wiring.desk.MAX_HARNESSES", 1)
    await house["TO-12"].fit_harness(which, harness, measured(*GOOD))
    again = house["TO-12"].fit_harness(which, harness, measured(*GOOD))
    assert await refusal(again) == (409, "too-many-fittings")
    assert await refusal(house["TO-12"].revise_harness(harness, 1, UNSAFE)) == (409, "too-many-revisions")
    assert await refusal(house["TO-12"].keep_harness(VAN)) == (409, "too-many-harnesses")
    await house["TO-12"].withdraw_harness(which, harness)
    assert await refusal(house["TO-12"].give_harness(which, harness)) == (409, "too-many-given")
    monkeypatch.setattr("fleet.wiring.judging.MAX_EACH", 0)
    assert await refusal(house["TO-12"].keep_harness(VAN)) == (409, "too-many-checks")


async def test_the_deployment_file_shows_the_harness_as_designed_and_as_fitted(house: RotaHouse) -> None:
    which, harness = await given(house)
    bad = (told("battery-v", "main", 12.6), told("voltage-at-load-v", "camera", 11.0))
    await house["TO-12"].fit_harness(which, harness, measured(*bad, note="engine off"))
    file = await house["TO-12"].deployment_file(which)
    assert file.wiring == await house["TO-12"].deployment_wiring(which)
    pdf = PdfReader(io.BytesIO(await house["TO-12"].deployment_file_pdf(which)))
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    for said in (
        "Wiring: van-12v",
        f"{harness} revision 1",
        "Every rule passed",
        "did not pass",
        "engine off",
        "11",
        "less than",
    ):
        assert said in text, said
    assert file.wiring[0].sha256 in text.replace(" ", "")


async def test_the_database_lets_nothing_that_was_kept_be_changed(house: RotaHouse, owner: Owner) -> None:
    which, harness = await given(house)
    await house["TO-12"].fit_harness(which, harness, measured(*GOOD))
    adding = (
        "INSERT INTO harness_revision SELECT harness_id, revision + {by}, name, title, text, sha256, system_v, loads, "
        "conductors, failed, unjudged, may_be_fitted, kept_by, kept_at FROM harness_revision"
    )
    for by in (1, 2):  # at another revision than its newest, and with a gap
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await owner.execute(adding.format(by=by))
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(
            "INSERT INTO deployment_harness (deployment_id, harness_id, revision, failed, given_by, given_at) "
            "SELECT deployment_id, harness_id, revision, failed, given_by, given_at FROM deployment_harness"
        )
    await owner.execute("SET ROLE muster_controller")
    unlogged = "UPDATE deployment_harness SET withdrawn_by = 'TO-12', withdrawn_at = now()"
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="entry in the log"):
        await owner.execute(unlogged)
    for change in (
        "UPDATE harness_revision SET text = ''",
        "DELETE FROM harness_revision",
        "DELETE FROM harness",
        "UPDATE harness_fitting SET passed = true",
        "DELETE FROM harness_fitting",
        "UPDATE deployment_harness SET revision = 1",
        "DELETE FROM deployment_harness",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute(change)
    await house["TO-12"].withdraw_harness(which, harness)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await owner.execute("UPDATE deployment_harness SET withdrawn_at = NULL, withdrawn_by = NULL")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await owner.execute(
            "INSERT INTO harness_fitting SELECT 'HF-0123456789ab', given_id, measured, compared, sha256, passed, note, "
            "made_by, made_at FROM harness_fitting"
        )


async def test_a_plan_with_nothing_in_it_is_not_given(house: RotaHouse) -> None:
    which, harness = await deployment(house, "planned"), await kept(house, "muster_wiring: 1\nname: empty\n")
    assert await refusal(house["TO-12"].give_harness(which, harness)) == (409, "wiring-unjudged")
