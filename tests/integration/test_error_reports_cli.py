"""Openings and error reports from the command line."""

import asyncio
import json
import os
import sys
from pathlib import Path

import asyncpg

from fleet.client import ClientSettings
from fleet.openings.reconciliation import Reconciliation
from tests.support.controller import RunningApi
from tests.support.fleet_command import Ran, run_here
from tests.support.opening_entries import UNIT, after, authority, closed, lease, mandate, opened, refused
from tests.support.opening_log import enter
from tests.support.reporting import register

FLEET = Path(sys.executable).with_name("fleet")


def settings_file(settings: ClientSettings, home: Path) -> Path:
    facts = {name: str(getattr(settings, name)) for name in settings.__struct_fields__}
    path = home / f"{settings.person}.toml"
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in facts.items()))
    return path


async def fleet(client: Path, *words: str, said: bytes | None = None) -> Ran:
    words = ("log", *words, "--client", str(client))
    if said is None:
        return await run_here(*words)
    process = await asyncio.create_subprocess_exec(
        FLEET,
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if not name.startswith("MUSTER_CLIENT")},
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate(said)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_from_finding_to_closing(
    api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    await register(owner, [UNIT])
    store = api.services.store
    await enter(store, api.settings.database.dsn, [authority(), mandate(), opened(), closed()])
    assert await Reconciliation(store, lambda: after(60)).look() == 1
    supervisor = settings_file(await api.add_person("SU-01", "supervisor"), tmp_path)
    approver = settings_file(await api.add_person("AP-01", "approver"), tmp_path)

    code, out, _ = await fleet(supervisor, "openings", "--unit", UNIT)
    assert (code, "outside" in out, "without a lease of ours" in out) == (0, True, True)
    code, out, _ = await fleet(supervisor, "openings", "--json", "--since", "2026-07-10")
    (found,) = json.loads(out)["openings"]
    report = found["report"]
    table, page = tmp_path / "openings.csv", tmp_path / "openings.pdf"
    code, out, _ = await fleet(supervisor, "openings", "--csv", str(table), "--pdf", str(page))
    assert (code, page.read_bytes()[:5], report.encode() in table.read_bytes()) == (0, b"%PDF-", True)
    assert table.stat().st_mode & 0o777 == 0o600
    code, _, err = await fleet(supervisor, "openings", "--csv", str(table))
    assert (code, "name a new file" in err) == (3, True)

    code, out, _ = await fleet(supervisor, "error", "list", "--open")
    assert (code, report in out) == (0, True)
    code, out, _ = await fleet(supervisor, "error", "show", report[:6])
    assert (code, "record 7" in out) == (0, True)
    code, _, err = await fleet(supervisor, "error", "account", report, "--text", "x" * 2001)
    assert (code, "1 to 2000 signs" in err) == (3, True)
    code, _, err = await fleet(supervisor, "error", "submit", report, "--text", "done")
    assert (code, "fleet log error account" in err) == (3, True)
    code, out, _ = await fleet(supervisor, "error", "account", report, said=b"The lid was open.\nNobody knew.\n")
    assert (code, out) == (0, f"error report {report} is accounted\n")
    note = tmp_path / "note.txt"
    note.write_text("as told by phone")
    code, out, _ = await fleet(supervisor, "error", "submit", report, "--file", str(note))
    assert (code, out) == (0, f"error report {report} is submitted\n")
    code, _, err = await fleet(supervisor, "error", "close", report, "--text", "fine")
    assert (code, "approver" in err) == (3, True)
    code, out, _ = await fleet(approver, "error", "return", report, "--text", "who?")
    assert (code, out) == (0, f"error report {report} is draft\n")
    code, out, _ = await fleet(approver, "error", "show", report, "--json")
    assert (json.loads(out)["account"], json.loads(out)["outcome"]) == ("The lid was open.\nNobody knew.", "who?")


async def test_leases_that_opened_nothing_are_counted_and_listed_where_asked_for(
    api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    await register(owner, [UNIT])
    never = {"opening": "open-2", "person": "TO-13"}
    entries = [authority(), mandate(), lease(), opened(), closed(), lease(opening="open-2"), refused(**never, record=9)]
    await enter(api.services.store, api.settings.database.dsn, entries)
    inspector = settings_file(await api.add_person("IN-01", "inspector"), tmp_path)
    code, out, err = await fleet(inspector, "openings")
    assert (code, "inside" in out, "budget-used" in out) == (0, True, False)
    assert "(1 refused): --refused lists them too" in err
    code, out, err = await fleet(inspector, "openings", "--refused")
    assert (code, "inside" in out, "budget-used" in out, err) == (0, True, True, "")
