"""`fleet rota` as people on rotas and supervisors run it."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from fleet.store.store import Store
from protocols.rota.member import CallOut
from protocols.rota.reading import read_book, write_book
from tests.support.fleet_command import LIMIT_S
from tests.support.reporting import until
from tests.support.rota_books import absence, book, call_out, local, member, office_hours, rota, two_layers
from tests.support.rota_cli import FLEET, asked, begun, ended, fleet, settings_file
from tests.support.rota_house import RotaHouse, rota_house, technical

PERIOD = ("--since", "2026-02-09T09:00", "--until", "2026-03-09T09:00")


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


async def test_a_rota_is_defined_by_a_file_changed_and_ended(house: RotaHouse) -> None:
    code, out, _ = await fleet(house, "TO-11", "rota", "show", "tech", "--definition")
    assert (code, msgspec.json.decode(out, type=type(technical()))) == (0, technical())
    changed = out.replace("Technical on-call", "Technical, nights").encode()
    code, out, _ = await fleet(house, "SU-01", "rota", "set", "-", said=changed)
    assert (code, out) == (0, "rota technical is laid down in version 2\n")
    code, _, err = await fleet(house, "SU-01", "rota", "set", "-", "--version", "1", said=changed)
    assert (code, "version 2" in err) == (3, True)
    code, _, err = await fleet(house, "SU-01", "rota", "set", "-", said=changed.replace(b"Europe/London", b"Mars"))
    assert (code, "is not in the IANA database" in err) == (3, True)
    code, _, err = await fleet(house, "TO-11", "rota", "set", "-", said=changed)
    assert (code, "supervisor" in err) == (3, True)
    code, out, _ = await fleet(house, "IN-01", "rota", "show", "Technical, nights")
    assert (code, "primary-weeks, primary, every week from 2026-01-05 09:00: TO-11, TO-12, TO-13" in out) == (0, True)
    code, _, err = await fleet(house, "SU-01", "rota", "end", "tech")
    assert (code, "--yes" in err) == (2, True)
    assert await asked(house, "SU-01", "rota", "end", "tech", "--yes")
    code, out, _ = await fleet(house, "TO-11", "rota", "list")
    assert (code, out.splitlines()[1].endswith("Wed 4 Feb 2026 12:00")) == (0, True)


async def test_a_rota_is_checked_and_a_fault_is_the_exit_code(house: RotaHouse) -> None:
    code, out, err = await fleet(house, "TO-11", "rota", "check", "tech", *PERIOD)
    assert (code, err, out.endswith(" of 100; no findings\n")) == (0, "", True), out
    added = await asked(
        house, "TO-13", "rota", "absence", "add", "--kind", "annual", "--from", "2026-02-10", "--to", "2026-02-11"
    )
    code, out, _ = await fleet(house, "TO-11", "rota", "check", "tech", *PERIOD)
    assert code == 1
    answers = [line.split()[:2] for line in out.splitlines()[1:-1]]
    assert ["fault", "leave"] in answers
    assert answers == sorted(answers, key=lambda one: ("breach", "fault", "needs", "warning").index(one[0]))
    assert "from (Europe/London)" in out
    assert "Thu 12 Feb 2026 00:00" in out
    await asked(house, "TO-13", "rota", "absence", "withdraw", added["absence"])
    found = await asked(house, "TO-11", "rota", "check", "tech", *PERIOD)
    assert found["findings"] == []
    code, out, _ = await fleet(house, "TO-11", "rota", "quality", "tech", *PERIOD)
    assert (code, out.splitlines()[-1]) == (0, f"score {found['quality']['score']:g} of 100")
    code, out, _ = await fleet(house, "TO-11", "rota", "fairness", "tech", *PERIOD)
    assert (code, "hours as primary, spread" in out, "█" in out) == (0, True, True)
    assert "nights" in (await asked(house, "TO-11", "rota", "fairness", "tech", *PERIOD))["spread"]


def breached() -> bytes:
    """A book in which TO-11 is called out at night and goes to work in the morning, without regulation 21."""
    people = [member(one, hours=office_hours()) for one in rota().members]
    night: CallOut = call_out("TO-11", local("2026-02-03T02:00"), local("2026-02-03T04:30"))
    return write_book(book(members=people, call_outs=[night]))


async def test_a_file_is_judged_without_any_controller(tmp_path: Path) -> None:
    code, out, err = await ended(await begun("rota", "check", "--file", "-"), breached())
    assert (code, err) == (1, "")
    worst = out.splitlines()[1]
    assert worst.split()[:4] == ["breach", "daily-rest", "10(1)", "TO-11"]
    assert "had 4 h 30 of rest" in worst
    file = tmp_path / "book.json"
    file.write_bytes(breached())
    code, out, _ = await ended(await begun("rota", "check", "--file", str(file), "--json"))
    findings = json.loads(out)["findings"]
    assert (code, [(one["rule"], one["measured"]) for one in findings if one["answer"] == "breach"]) == (
        1,
        [("daily-rest", 4.5)],
    )
    file.write_bytes(write_book(book()))
    assert (await ended(await begun("rota", "check", "--file", str(file))))[0] == 0
    for words, code in [(("--file", "nowhere"), 3), ((), 2), (("tech", "--file", "-"), 2)]:
        assert (await ended(await begun("rota", "check", *words)))[0] == code


async def test_a_file_is_solved_here_and_written_to_another(tmp_path: Path) -> None:
    of = rota()
    layers = [msgspec.structs.replace(one, order=[]) for one in of.layers]
    empty = tmp_path / "empty.json"
    asking = book(
        msgspec.structs.replace(of, layers=layers),
        starts_at=local("2026-02-02T09:00"),
        ends_at=local("2026-03-02T09:00"),
        as_of=local("2026-02-01T00:00"),
    )
    empty.write_bytes(write_book(asking))
    assert (await ended(await begun("rota", "check", "--file", str(empty))))[0] == 1
    full = tmp_path / "full.json"
    solve = ("rota", "solve", "--file", str(empty), "--out", str(full), "--work-limit", "5", "--seed", "3")
    code, out, err = await ended(await begun(*solve))
    assert (code, out, "with seed 3" in err) == (0, "", True), err
    assert full.stat().st_mode & 0o777 == 0o600
    given = read_book(full.read_bytes()).assigned
    assert (len(given), all(one.person for one in given)) == (8, True)
    code, out, _ = await ended(await begun("rota", "check", "--file", str(full), "--json"))
    assert not [one for one in json.loads(out)["findings"] if one["answer"] in {"fault", "breach"}]
    code, _, err = await ended(await begun(*solve))
    assert (code, "is there already" in err) == (3, True)
    code, _, err = await ended(await begun("rota", "solve", "--file", str(empty)))
    assert (code, "add --out FILE" in err) == (2, True)


async def test_a_period_is_solved_looked_at_and_published(house: RotaHouse, tmp_path: Path) -> None:
    code, out, err = await fleet(
        house, "SU-01", "rota", "solve", "tech", *PERIOD, "--work-limit", "5", "--keep", said=b""
    )
    assert (code, "score " in out, "fleet rota publish P-" in err) == (0, True, True), err
    [listed] = await asked(house, "TO-11", "rota", "plans", "tech")
    plan = listed["plan"]
    assert (plan in out, listed["state"]) == (True, "draft")
    code, out, _ = await fleet(house, "TO-11", "rota", "plan", plan[:6], "--turns")
    assert (code, "Mon 16 Feb 2026 09:00" in out, "score" in out) == (0, True, True)
    code, out, _ = await fleet(house, "SU-01", "rota", "check", "tech", "--plan", plan, "--json")
    assert json.loads(out)["quality"]["score"] == listed["quality"]["score"]
    code, _, err = await fleet(house, "TO-11", "rota", "publish", plan)
    assert (code, "supervisor" in err) == (3, True)
    code, out, _ = await fleet(house, "SU-01", "rota", "publish", plan)
    span = "from Mon 9 Feb 2026 09:00 until Mon 9 Mar 2026 09:00"
    assert (code, out) == (0, f"plan {plan} of technical is published, {span}\n")
    turns = (await asked(house, "TO-11", "rota", "plan", plan))["assigned"]
    shifts = await asked(house, "TO-11", "rota", "shifts", "tech", *PERIOD)
    first = {one["position"]: one["person"] for one in shifts if one["starts_at"] == "2026-02-09T09:00:00Z"}
    assert first == {one["layer"].split("-")[0]: one["person"] for one in turns[:2]}
    file = tmp_path / "book.json"
    code, _, err = await fleet(house, "SU-01", "rota", "book", "tech", *PERIOD, "--out", str(file))
    assert (code, "until Mon 9 Mar 2026 09:00" in err) == (0, True)
    assert read_book(file.read_bytes()).starts_at == local("2026-02-09T09:00")
    code, _, err = await fleet(house, "SU-01", "rota", "discard", plan)
    assert (code, "published" in err) == (3, True)


async def test_ctrl_c_ends_the_search_and_keeps_the_best(house: RotaHouse) -> None:
    words = ("rota", "solve", "technical", "--since", "2026-02-09", "--until", "2028-02-07", "--work-limit", "3600")
    process = await begun(*words, "--client", str(settings_file(house, "SU-01")))

    async def solving() -> bool:
        return any(one.state == "solving" for one in await house["SU-01"].rota_plans("technical"))

    await until(solving, 60)
    process.send_signal(signal.SIGINT)
    code, out, err = await ended(process)
    assert (code, "the best found before it was stopped" in out) == (0, True), err
    [plan] = await house["SU-01"].rota_plans("technical")
    assert plan.state == "draft"
    discarded = await asked(house, "SU-01", "rota", "discard", plan.plan)
    assert discarded["state"] == "discarded"


async def test_payroll_gets_a_month_s_hours_and_allowances(house: RotaHouse, tmp_path: Path) -> None:
    await house.put(1, allowance_permille=125)
    night = ("oncall", "out", "TO-12", "--left", "2026-02-03T02:00", "--back", "2026-02-03T04:30")
    await asked(house, "SU-01", *night)
    salaries = tmp_path / "salaries.csv"
    salaries.write_text("person,salary_gbp\nTO-11,36000\nTO-12,41000.10\n")
    month = ("rota", "hours", "tech", "--month", "2026-03", "--csv")
    code, out, err = await fleet(house, "SU-01", *month, "--salaries", str(salaries))
    assert (code, "no salary is known of TO-13, SU-01, SU-02, AP-01" in err) == (0, True), err
    head, *lines = out.split("\r\n")
    assert head.split(",")[2:4] == ["primary_h", "secondary_h"]
    assert head.split(",")[10] == "rest_owed_at_end_h"
    assert "not over" not in err
    assert lines == [
        "TO-11,2026-03,207.00,0.00,0,0.00,0.00,0.00,0,0,0.00,12.5,375.00",
        "TO-12,2026-03,201.00,0.00,0,0.00,0.00,0.00,0,0,0.00,12.5,427.08",
        "TO-13,2026-03,335.00,0.00,0,0.00,0.00,0.00,0,0,0.00,12.5,",
        "SU-01,2026-03,0.00,207.00,0,0.00,0.00,0.00,0,0,0.00,12.5,",
        "SU-02,2026-03,0.00,201.00,0,0.00,0.00,0.00,0,0,0.00,12.5,",
        "AP-01,2026-03,0.00,335.00,0,0.00,0.00,0.00,0,0,0.00,12.5,",
        "",
    ]
    code, out, _ = await fleet(house, "TO-12", "rota", "hours", "tech", "--month", "2026-02", "--csv")
    assert [line.split(",")[4:7] for line in out.splitlines()[1:]] == [["1", "2.50", "2.50"]]
    assert "gbp" not in out
    salaries.write_text("person,salary_gbp\nTO-11,lots\n")
    code, _, err = await fleet(house, "SU-01", *month, "--salaries", str(salaries))
    assert (code, "line 2: the salary is no number" in err) == (3, True)
    for form, begins in (("--csv", "person,month,"), ("--json", "{")):
        code, out, err = await fleet(house, "SU-01", "rota", "hours", "tech", "--month", "2099-11", form)
        assert code == 0, err
        assert err == "the month is not over: hours after Sun 1 Nov 2099 00:00 are as planned\n"
        assert out.startswith(begins)


def hard_to_share() -> bytes:
    """A book of 65 weeks with leave, whose four engineers and three approvers can not share its turns alike: proving
    what is best takes many times longer than finding a first."""
    begins_at, people = local("2026-02-02T09:00"), [f"TO-{number}" for number in range(11, 18)]
    members = []
    for i, person in enumerate(people):
        days = [(i * 37 + k * 53) % 420 for k in range(6)]
        leave = [
            absence(begins_at + timedelta(days=day), begins_at + timedelta(days=day + 4 + k), name=f"a-{k}")
            for k, day in enumerate(days)
        ]
        members.append(member(person, role="engineer" if i < 4 else "approver", absences=leave))
    layers = [msgspec.structs.replace(one, order=[]) for one in two_layers(people)]
    return write_book(
        book(
            rota(layers, members=people),
            starts_at=begins_at,
            ends_at=local("2027-05-03T09:00"),
            as_of=local("2026-02-01T00:00"),
            members=members,
        )
    )


async def test_ctrl_c_at_a_terminal_ends_a_search_here_and_writes_the_best(tmp_path: Path) -> None:
    year, full = tmp_path / "year.json", tmp_path / "full.json"
    year.write_bytes(hard_to_share())
    terminal, theirs = os.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        words = ("rota", "solve", "--file", str(year), "--out", str(full), "--work-limit", "3600")
        process = await asyncio.create_subprocess_exec(FLEET, *words, stderr=theirs)
        os.close(theirs)
        async with asyncio.timeout(LIMIT_S):
            while b"Ctrl-C keeps the best" not in await asyncio.to_thread(screen.read, 65536):
                pass
            process.send_signal(signal.SIGINT)
            assert await process.wait() == 0
        said = await asyncio.to_thread(screen.read, 65536)
    assert b"the best found before it was stopped" in said
    given = read_book(full.read_bytes()).assigned
    assert (len(given), all(one.person for one in given)) == (130, True)
