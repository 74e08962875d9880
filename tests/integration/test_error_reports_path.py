"""An error report's way from draft to closed, through the API: who may do what, and what each step leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import asyncpg
import pytest

from fleet.client import FleetClient, Refused, connect
from fleet.error_reports import drafting
from fleet.errors import Conflict, NotFound
from fleet.store.store import Store
from protocols.people import Role
from tests.support.controller import RunningApi
from tests.support.opening_entries import AT, AUTHORITY, UNIT, authority, lease, mandate, media, opened
from tests.support.opening_log import enter
from tests.support.reporting import register

Owner = asyncpg.Connection  # the records' type plays no part here
PEOPLE: dict[str, Role] = {
    "SU-01": "supervisor",
    "SU-02": "supervisor",
    "AP-01": "approver",
    "AP-02": "approver",
    "IN-01": "inspector",
}
Step = Callable[[FleetClient, str, str], Awaitable[object]]


@pytest.fixture
async def doors(api: RunningApi) -> AsyncIterator[dict[str, FleetClient]]:
    """A door for each of PEOPLE."""
    async with AsyncExitStack() as stack:
        settings = {person: await api.add_person(person, role) for person, role in PEOPLE.items()}
        yield {person: await stack.enter_async_context(connect(one)) for person, one in settings.items()}


async def draft(
    store: Store, key: str = "k", unit_id: str = UNIT, evidence: list[str] | None = None, after_s: int = 0
) -> str | None:
    async with store.transaction() as transaction:
        return await drafting.draft(
            transaction,
            unit_id=unit_id,
            cause="unit-only",
            summary="video: the unit opened\nvideo without a lease of ours",
            evidence=evidence or ["entry 4", "record 7"],
            opening="open-1",
            record=7,
            now=AT + timedelta(seconds=after_s),
            repeat_key=key,
            authority=AUTHORITY,
        )


async def code_of(step: Awaitable[object]) -> tuple[int, str, str]:
    with pytest.raises(Refused) as refused:
        await step
    return refused.value.status, refused.value.problem.code, refused.value.problem.remedy


async def test_drafts_are_written_once_each_even_at_once(store: Store, owner: "Owner[asyncpg.Record]") -> None:
    await register(owner, [UNIT])
    made = await asyncio.gather(*(draft(store, "same") for _ in range(6)), draft(store, "other"))
    assert sum(report is not None for report in made) == 2
    assert await owner.fetchval("SELECT count(*) FROM event WHERE kind = 'error-report' AND severity = 'alarm'") == 2
    summary = await owner.fetchval("SELECT summary FROM event LIMIT 1")
    assert summary.startswith("an opening without a lease: error report ")
    kinds = await owner.fetch("SELECT kind FROM log_entry ORDER BY kind")
    assert [row["kind"] for row in kinds] == 2 * ["error-report.drafted"] + 2 * ["record.differs"]
    assert await draft(store, "elsewhere", "unit-unknown9") is not None


async def test_the_way_from_draft_to_closed(
    api: RunningApi, doors: dict[str, FleetClient], owner: "Owner[asyncpg.Record]"
) -> None:
    await register(owner, [UNIT])
    report = await draft(api.services.store)
    assert report is not None
    supervisor, approver = doors["SU-01"], doors["AP-01"]
    drafted = await supervisor.error_report(report)
    assert (drafted.state, drafted.unit_id, drafted.evidence) == ("draft", UNIT, ["entry 4", "record 7"])
    assert drafted.summary == "video: the unit opened video without a lease of ours"
    await supervisor.account_for_error(report, "The lens was cleaned\nand nobody asked.")
    assert (await supervisor.submit_error_report(report, "please")).submitted_by == "SU-01"
    back = await approver.return_error_report(report, "Who was there?")
    assert (back.state, back.outcome, back.submitted_by, back.account[:8]) == (
        "draft",
        "Who was there?",
        None,
        "The lens",
    )
    await supervisor.account_for_error(report, "TO-12 was there.")
    await supervisor.submit_error_report(report, "again")
    closed = await approver.close_error_report(report, "Reported to the commissioner.")
    assert (closed.state, closed.closed_by, closed.account, closed.outcome) == (
        "closed",
        "AP-01",
        "TO-12 was there.",
        "Reported to the commissioner.",
    )
    assert (await doors["IN-01"].error_reports(open_only=True), len(await doors["IN-01"].error_reports())) == ([], 1)
    steps = await owner.fetch(
        "SELECT actor, convert_from(body, 'UTF8')::json ->> 'step' AS step, text, authority FROM log_entry"
        " JOIN log_text USING (entry_id) WHERE kind = 'error-report.advanced' ORDER BY entry_id"
    )
    assert [(row["actor"], row["step"]) for row in steps] == [
        ("SU-01", "accounted"),
        ("SU-01", "submitted"),
        ("AP-01", "returned"),
        ("SU-01", "accounted"),
        ("SU-01", "submitted"),
        ("AP-01", "closed"),
    ]
    assert {row["authority"] for row in steps} == {AUTHORITY}
    assert steps[-1]["text"] == "Reported to the commissioner."
    readers = await owner.fetch("SELECT actor FROM log_entry WHERE kind = 'log.read' ORDER BY entry_id")
    assert [row["actor"] for row in readers] == ["SU-01", "IN-01", "IN-01"]


async def test_a_step_that_does_not_fit_says_who_can_make_it_possible(
    api: RunningApi, doors: dict[str, FleetClient], owner: "Owner[asyncpg.Record]"
) -> None:
    await register(owner, [UNIT])
    report = await draft(api.services.store)
    assert report is not None
    supervisor, approver = doors["SU-01"], doors["AP-01"]
    assert (await code_of(supervisor.error_report("0" * 24)))[:2] == (404, "error-report-unknown")
    assert (await code_of(supervisor.submit_error_report(report, "x")))[:2] == (409, "account-missing")
    status, code, remedy = await code_of(approver.close_error_report(report, "x"))
    assert (status, code, "supervisor" in remedy) == (409, "report-not-submitted", True)
    await supervisor.account_for_error(report, "x")
    assert (await code_of(approver.return_error_report(report, "x")))[1] == "report-not-submitted"
    await supervisor.submit_error_report(report, "x")
    status, code, remedy = await code_of(supervisor.account_for_error(report, "y"))
    assert (status, code, remedy) == (409, "report-submitted", "ask an approver to return it to you")
    assert (await code_of(supervisor.submit_error_report(report, "x")))[1] == "report-submitted"
    await owner.execute("UPDATE error_report SET accounted_by = 'AP-02'")
    status, code, remedy = await code_of(doors["AP-02"].close_error_report(report, "x"))
    assert (status, code, "an approver" in remedy) == (409, "second-person-needed", True)
    await approver.close_error_report(report, "x")
    for step in (
        supervisor.account_for_error(report, "y"),
        supervisor.submit_error_report(report, "y"),
        approver.return_error_report(report, "y"),
        approver.close_error_report(report, "y"),
    ):
        assert (await code_of(step))[:2] == (409, "report-closed")


async def test_who_may_not(api: RunningApi, doors: dict[str, FleetClient], owner: "Owner[asyncpg.Record]") -> None:
    await register(owner, [UNIT])
    report = await draft(api.services.store)
    assert report is not None
    inspector, approver, supervisor = doors["IN-01"], doors["AP-01"], doors["SU-01"]
    for step in (
        inspector.account_for_error(report, "x"),
        inspector.close_error_report(report, "x"),
        approver.account_for_error(report, "x"),
        approver.submit_error_report(report, "x"),
        supervisor.return_error_report(report, "x"),
        supervisor.close_error_report(report, "x"),
    ):
        assert (await code_of(step))[:2] == (403, "role-not-allowed")
    async with connect(await api.add_person("AD-50", "administrator")) as door:
        assert (await code_of(door.error_reports()))[0] == 403
    assert (await code_of(supervisor.account_for_error(report, "bad \x00 sign")))[0] == 400


async def test_whom_a_report_is_about_neither_answers_for_it_nor_closes_it(
    api: RunningApi, doors: dict[str, FleetClient], owner: "Owner[asyncpg.Record]"
) -> None:
    """Nor does who took a step before it came back, whoever took it again. A unit's word about people does not count
    where the controller let somebody open."""
    await register(owner, [UNIT])
    store = api.services.store
    signed = mandate(requester="SU-01", approver="AP-01")
    told = [lease(actor="SU-01"), media(actor="SU-01"), opened(person="AP-02")]
    await enter(store, api.settings.database.dsn, [authority(), signed, *told])
    report = await draft(store, evidence=["entry 1", "entry 2", "record 7"])
    assert report is not None
    status, code, remedy = await code_of(doors["SU-01"].account_for_error(report, "x"))
    assert (status, code, "another supervisor" in remedy) == (409, "concerned-person", True)
    await doors["SU-02"].account_for_error(report, "x")
    await doors["SU-02"].submit_error_report(report, "x")
    status, code, remedy = await code_of(doors["AP-01"].close_error_report(report, "x"))
    assert (status, code, "no part in the opening or its mandate" in remedy) == (409, "concerned-person", True)
    assert (await doors["AP-02"].close_error_report(report, "x")).state == "closed"


async def test_who_accounted_before_it_came_back_does_not_close_it(
    api: RunningApi, doors: dict[str, FleetClient], owner: "Owner[asyncpg.Record]"
) -> None:
    await register(owner, [UNIT])
    report = await draft(api.services.store)
    assert report is not None
    for person in ("SU-01", "SU-02"):
        await doors[person].account_for_error(report, "x")
        await doors[person].submit_error_report(report, "x")
        if person == "SU-01":
            await doors["AP-01"].return_error_report(report, "again")
    with pytest.raises(Conflict, match="who did may not close it"):
        await api.services.error_reports.close(report, "x", "SU-01")


async def test_texts_of_reports_are_gone_when_they_are_erased(
    api: RunningApi, doors: dict[str, FleetClient], owner: "Owner[asyncpg.Record]"
) -> None:
    """There is one copy of what people wrote: that of the entry."""
    await register(owner, [UNIT])
    report = await draft(api.services.store)
    assert report is not None
    await doors["SU-01"].account_for_error(report, "Jane Doe opened the lid.")
    await doors["SU-01"].submit_error_report(report, "please")
    assert (await doors["AP-01"].return_error_report(report, "Who is Jane Doe?")).outcome == "Who is Jane Doe?"
    assert "Jane" not in str(await owner.fetch("SELECT * FROM error_report"))
    await owner.execute("DELETE FROM log_text")
    found = await doors["IN-01"].error_report(report)
    assert (found.account, found.outcome) == ("(erased)", "(erased)")


async def test_no_flood_pushes_a_report_off_the_list(
    api: RunningApi, doors: dict[str, FleetClient], owner: "Owner[asyncpg.Record]"
) -> None:
    await register(owner, [UNIT])
    first = await draft(api.services.store)
    await owner.execute(
        "INSERT INTO error_report (report_id, unit_id, cause, summary, evidence, repeat_key, found_at, state)"
        " SELECT lpad(number::text, 24, '0'), $1, 'unit-only', 'x', '[]', number::text, $2,"
        " CASE WHEN number % 2 = 0 THEN 'closed' ELSE 'draft' END FROM generate_series(1, 1202) number",
        UNIT,
        AT + timedelta(seconds=1),
    )
    unfinished = await doors["IN-01"].error_reports(open_only=True)
    assert (len({one.report_id for one in unfinished}), unfinished[0].report_id) == (602, first)
    everything = await doors["IN-01"].error_reports()
    assert (len({one.report_id for one in everything}), everything[0].report_id) == (1203, first)
    assert [one.state == "closed" for one in everything] == 602 * [False] + 601 * [True]
    with pytest.raises(NotFound):
        await api.services.error_reports.listed("IN-01", open_only=True, after="f" * 24)
