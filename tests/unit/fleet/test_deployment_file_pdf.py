"""The deployment file as PDF, read back by a library that did not write it."""

import io
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
import pytest
from pypdf import PdfReader

from fleet.deployments.file_pdf import as_pdf
from protocols.api.checklists import ChecklistView, EvidenceView
from protocols.api.deployments import (
    Attending,
    AuthorityShown,
    DeploymentRow,
    DeploymentView,
    ReadinessLine,
    ReadinessView,
    StepView,
    VisitView,
)
from protocols.api.kit import ItemView
from protocols.api.reports import DeploymentFile, FileEntry
from protocols.api.wiring import DeploymentWiring, Fitting
from protocols.deployments import Blocker, ChecklistItem, Deadline, KitWanted
from protocols.wiring.findings import Judgement
from protocols.wiring.fitted import Compared

NOW = datetime(2026, 11, 22, 14, 2, 7, tzinfo=UTC)
DAY = timedelta(days=1)
FINDING = Blocker(
    rule="rest-owed", answer="warning", sentence="TO-12 is owed rest", whose="the lead", remedy="send TO-13"
)
DUE = Deadline(
    deployment="DEP-118",
    kind="kit-return",
    about="K-0042",
    due_at=NOW + 9 * DAY,
    owner="TO-12",
    stage="14-days",
    sentence="K-0042 is to come back",
)


def row() -> DeploymentRow:
    return DeploymentRow(
        deployment="DEP-118",
        kind="av-capture",
        title="Kit for <the> yard & 漢",
        state="live",
        site="YARD-3",
        lead="TO-12",
        starts_at=NOW - DAY,
        expected_back_at=NOW + 9 * DAY,
        next_step="recover",
        blocked_by=0,
        deadline=DUE,
        deadlines=1,
        owed=1,
        alarms=0,
        units=["unit-abcd2345"],
    )


def item() -> ItemView:
    return ItemView(
        item="K-0042",
        model="van-kit",
        model_name="Van kit",
        kind="unit",
        serial="SN-9",
        unit="unit-abcd2345",
        unit_label="van 2",
        condition="good",
        service="in-service",
        standing="out",
        why="it is out for DEP-118",
        custodian="TO-12",
        place=None,
        deployment="DEP-118",
        reserved_for=None,
        reserved_from=None,
        out_since=NOW - DAY,
        expected_back_at=NOW + 9 * DAY,
        next_maintenance=None,
        version=3,
    )


def certificate() -> ReadinessView:
    lines = [
        ReadinessLine(
            name="supply", result="pass", value=5012.0, limit=4800.0, unit_of_measure="mV", age_s=12, reason=""
        ),
        ReadinessLine(
            name="clock",
            result="fail",
            value="unsynchronised",
            limit=None,
            unit_of_measure="",
            age_s=None,
            reason="it is not set",
        ),
    ]
    return ReadinessView(
        certificate="R-1",
        unit="unit-abcd2345",
        item="K-0042",
        issued_at=NOW,
        issued_by="TO-12",
        valid_until=NOW + DAY / 2,
        passed=False,
        lines=lines,
        sha256="cd" * 32,
    )


def checklist() -> ChecklistView:
    items = [
        ChecklistItem(key="lid", text="Is the lid closed?", procedure="OP014"),
        ChecklistItem(
            key="supply", text="Supply at the unit", evidence="number", unit_of_measure="V", at_least=11.5, at_most=14.4
        ),
        ChecklistItem(key="seal", text="Number of the seal", evidence="text"),
    ]
    evidence = [
        EvidenceView(key="lid", ticked=True, text="", number=None, met=True, by="TO-12", at=NOW),
        EvidenceView(key="supply", ticked=False, text="", number=11.2, met=False, by="TO-13", at=NOW),
    ]
    return ChecklistView(step="fit", version=2, items=items, evidence=evidence, missing=["supply", "seal"])


def wiring() -> DeploymentWiring:
    judgement = Judgement(
        rule="splice-total",
        severity="function",
        verdict="unjudged",
        subject="splices.S1",
        sentence="the total at S1 can not be judged",
        remedy="say what the heater draws",
        formula="total_a <= rating_a",
        figures={"total_a": 6.3},
        unverified=["ampacity of 2 mm²"],
        needs=["loads.heater.running_a"],
    )
    compared = Compared(
        quantity="voltage-at-load-v",
        subject="camera",
        value=11.4,
        predicted=12.41234567,
        low=12.2,
        high=12.8,
        verdict="fail",
        sentence="11.4 V measured, less than 12.2 V",
        by_unit=True,
        measured_at=NOW - DAY / 4,
    )
    drain = Compared(
        quantity="kit-drain-ma",
        subject="main",
        value=12.0,
        predicted=None,
        low=None,
        high=None,
        verdict="unjudged",
        sentence="say what the heater draws",
    )
    fitting = Fitting(
        fitting="HF-0123456789ab",
        revision=3,
        made_at=NOW - DAY / 5,
        made_by="TO-13",
        note="engine off, blower off",
        compared=[compared, drain],
        passed=False,
    )
    return DeploymentWiring(
        deployment="DEP-118",
        harness="H-0123456789ab",
        name="van-kit",
        title="Kit in the <blue> van",
        revision=3,
        sha256="ef" * 32,
        item="K-0042",
        unit="unit-abcd2345",
        given_at=NOW - DAY / 2,
        given_by="TO-12",
        withdrawn_at=NOW - DAY / 8,
        failed=[judgement],
        fittings=[fitting],
    )


def view() -> DeploymentView:
    steps = [
        StepView(
            step="assess",
            done_at=NOW - DAY,
            done_by="SU-01",
            is_next=False,
            skipped=False,
            owed_until=None,
            blockers=[],
        ),
        StepView(
            step="plan",
            done_at=NOW - DAY,
            done_by="TO-12",
            is_next=False,
            skipped=True,
            owed_until=NOW + 3 * DAY,
            blockers=[],
        ),
        StepView(
            step="recover",
            done_at=None,
            done_by=None,
            is_next=True,
            skipped=False,
            owed_until=None,
            blockers=[FINDING],
        ),
    ]
    visit = VisitView(
        visit="V-1",
        kind="fit",
        starts_at=NOW - DAY,
        ends_at=NOW,
        people=[Attending(person="TO-12", role="lead"), Attending(person="TO-13", role="driver")],
        away=True,
        works=["driving"],
        findings=[FINDING],
    )
    authority = AuthorityShown(
        authority_id="A-0123456789ab",
        reference="AUTH-26/7",
        kinds=["install", "use"],
        modalities=["video"],
        starts_at=NOW - DAY,
        ends_at=NOW + 80 * DAY,
        state="in-force",
        urgent_oral=True,
    )
    return DeploymentView(
        row=row(),
        version=7,
        requested_by="TO-11",
        requested_at=NOW - 2 * DAY,
        rota="technical",
        supervisor="SU-01",
        wants=[KitWanted(kind="unit", count=1), KitWanted(kind="battery", count=2, model="bat-12")],
        works=["driving"],
        modalities=["video"],
        note="the yard's key is with the porter",
        urgent=True,
        items=[item()],
        visits=[visit],
        authorities=[authority],
        steps=steps,
        deadlines=[DUE],
        certificates=[certificate()],
    )


def whole(entries: int = 2) -> DeploymentFile:
    return DeploymentFile(
        made_at=NOW,
        made_by="IN-01",
        deployment=view(),
        checklists=[checklist()],
        wiring=[wiring()],
        entries=[
            FileEntry(index=None if not number else 400 + number, kind="kit.moved", at=NOW, actor="TO-12")
            for number in range(entries)
        ],
        entries_left_out=31,
    )


LEFT_TO_JSON = {"next_step", "deadline", "blockers", "findings", "visit", "evidence", "model"}


def strings(value: object, name: str = "") -> list[str]:
    """Every text and time in it, but for what is told twice, or only orders the console."""
    if isinstance(value, dict):
        parts = [(key, inner) for key, inner in value.items() if key not in LEFT_TO_JSON - {"evidence"}]
        return [one for key, inner in parts for one in strings(inner, key)]
    if isinstance(value, list):
        return [one for inner in value for one in strings(inner)]
    return [value] if isinstance(value, str) and name not in LEFT_TO_JSON else []


def pages(file: DeploymentFile) -> tuple[list[str], str]:
    """The text of each page, blanks and line ends as one blank; and the digest that was given."""
    digest = sha256(msgspec.json.encode(file)).hexdigest()
    reader = PdfReader(io.BytesIO(as_pdf(file, "Zoë Żółć", digest)))
    return [" ".join(page.extract_text().split()) for page in reader.pages], digest


def test_everything_of_the_struct_is_on_the_pages() -> None:
    text = "".join(pages(whole())[0]).replace(" ", "")
    missing = [
        one
        for one in strings(msgspec.to_builtins(whole()))
        if one.replace("漢", "[U+6F22]").replace(" ", "") not in text
    ]
    assert missing == []


def test_figures_and_what_is_amiss_are_said() -> None:
    text = " ".join(pages(whole())[0])
    for said in (
        "av-capture, by the fast path",
        "5012 mV",
        "4800 mV",
        "11.2 V",
        "not met",
        "missing",
        "to come",
        "did not pass",
        "AUTH-26/7",
        "in-force, urgent oral",
        "warning: TO-12 is owed rest",
        "2 battery (bat-12)",
        "31 older entries are left out",
        "H-0123456789ab revision 3",
        "total_a 6.3",
        "unverified: ampacity of 2 mm²",
        "11.4 by the unit",
        "12.4123",
        "12.2 to 12.8",
        "not yet",
    ):
        assert said in text, said


@pytest.mark.parametrize("entries", [0, 200])
def test_every_page_says_of_what_it_is_and_which_json_it_is_made_from(entries: int) -> None:
    found, digest = pages(whole(entries))
    assert len(found) > (4 if entries else 1)
    for number, text in enumerate(found, start=1):
        assert "Muster · deployment file · DEP-118" in text
        assert "made 2026-11-22T14:02:07Z by IN-01, Zoë Żółć" in text
        assert f"JSON sha256 {digest}" in text
        assert f"page {number} of {len(found)}" in text


def test_a_deployment_of_nothing_yet_has_a_file() -> None:
    bare = msgspec.structs.replace(
        view(), items=[], visits=[], authorities=[], steps=[], deadlines=[], certificates=[], note=""
    )
    file = msgspec.structs.replace(whole(0), deployment=bare, checklists=[], wiring=[], entries_left_out=0)
    text = " ".join(pages(file)[0])
    for said in ("No kit.", "No visit.", "No authority.", "No certificate.", "No harness.", "No entry."):
        assert said in text
