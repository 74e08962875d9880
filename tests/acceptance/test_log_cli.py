"""`fleet log` as an inspector and an administrator run it, against a controller whose log a real witness cosigns."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fleet.clock import utc_now
from fleet.entries.entry import HashedText
from fleet.entries.people_and_units import PersonEnded, UnitLabelled
from fleet.keeping.erasure import erase_texts
from fleet.settings import RetentionSettings
from fleet.store.store import Store
from protocols.tlog.cosignature import cosigner_key
from tests.acceptance.test_command_line import LIMIT_S, Person, Said, run, written
from tests.support.controller import RunningApi
from tests.support.fleet_rows import add_units
from tests.support.logged_api import logged_api
from tests.support.waiting import until

UNIT = "unit-aaaa2222"
OLD = datetime.now(UTC) - timedelta(days=3000)
SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.fixture
async def logged(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RunningApi]:
    """A controller with entries of a unit, one of them old."""
    async with logged_api(store, dsn, tmp_path) as api:
        await add_units(store, "AD-91", {UNIT: "van kit 2"}, utc_now())
        async with store.transaction() as transaction:
            for at, label in ((OLD, "van kit 1"), (utc_now(), "van kit 2")):
                await transaction.log.append(UnitLabelled(at=at, actor="TO-12", unit=UNIT, label=HashedText(label)))
            for number in range(300):  # more than a tile, and more than a page of a selection
                person = f"TO-{number + 100}"
                await transaction.log.append(PersonEnded(at=OLD, actor="AD-91", person=person, people_version=7))

        async def cosigned() -> bool:
            async with store.transaction() as transaction:
                size = await transaction.log_tree.size()
                waiting = await transaction.log_tree.waiting()
                newest = await transaction.log_tree.newest_cosigned()
                return waiting == 0 and newest is not None and newest.size == size

        await until(cosigned)
        yield api


@pytest.fixture
async def ina(logged: RunningApi, tmp_path: Path) -> Person:
    """An inspector at a shell."""
    return written(await logged.add_person("IN-01", "inspector"), tmp_path)


async def verified(directory: Path, *words: str) -> Said:
    """`fleet log verify`, in a shell that knows no controller."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory.parent), "TZ": "UTC"}
    return await run(["log", "verify", str(directory), *words], environment)


async def by_system_python(directory: Path) -> Said:
    """The file that came along, run by the system's own Python without any library of ours."""
    process = await asyncio.create_subprocess_exec(
        SYSTEM_PYTHON,
        "-I",
        "verify.py",
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin"},
    )
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Said(code=process.returncode, out=out.decode(), err=err.decode())


async def test_the_whole_log_is_taken_away_and_holds_for_everybody(ina: Person, tmp_path: Path) -> None:
    directory, policy, older = tmp_path / "taken", tmp_path / "policy.txt", tmp_path / "older"
    policy.write_text(await ina.done("log", "policy"))
    note = await ina.runs("log", "checkpoint")
    assert "holds" in note.err
    older.write_text(note.out)
    taken = await ina.done("log", "export", str(directory), "--reason", "yearly inspection", "--json")
    facts = json.loads(taken)
    assert facts["entries"] == facts["size"]
    said = await verified(directory, "--policy", str(policy), "--older", str(older))
    assert (said.code, said.err) == (0, "")
    assert "Everything holds." in said.out
    assert "is the beginning of this log" in said.out
    alone = await by_system_python(directory)
    assert (alone.code, alone.err) == (0, "")
    lines = (directory / "entries.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["index"] for line in lines] == list(range(facts["size"]))
    told = json.loads(lines[facts["index"]])
    assert (told["kind"], told["actor"], told["export"]) == ("log.exported", "IN-01", facts["export_id"])
    assert "yearly inspection" in (directory / "texts.jsonl").read_text()
    damaged = lines[3].replace(b"index", b"indfx")
    (directory / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in [*lines[:3], damaged, *lines[4:]]))
    for said in (await verified(directory), await by_system_python(directory)):
        assert said.code == 1
        assert "entries.jsonl" in said.out


async def test_a_part_of_the_log_holds_for_everybody_and_says_what_is_missing(
    ina: Person, logged: RunningApi, tmp_path: Path
) -> None:
    await erase_texts(logged.services.store, RetentionSettings(log_text_years=1), utc_now())
    directory = tmp_path / "taken"
    words = ("--reason", "one unit", "--unit", "van kit 2", "--since", "4000d")
    taken = await ina.runs("log", "export", str(directory), *words)
    assert taken.out.startswith("3 entries of a log of "), taken.err
    said = await verified(directory, "--json")
    assert (said.code, json.loads(said.out)["holds"]) == (0, True)
    assert (await by_system_python(directory)).code == 0
    scope = json.loads((directory / "scope.json").read_text())
    assert (scope["unit"], scope["person"]) == (UNIT, None)
    lines = (directory / "entries.jsonl").read_text().splitlines(keepends=True)
    assert [json.loads(line)["kind"] for line in lines] == ["unit.labelled", "unit.labelled", "log.exported"]
    assert "2 here, 1 missing, and this part can not show" in json.loads(said.out)["Texts"]
    assert "van kit 1" not in (directory / "texts.jsonl").read_text()
    assert "(not here)" in (directory / "index.html").read_text()
    assert (await ina.runs("log", "export", str(tmp_path / "whole"), "--reason", "all")).code == 0
    assert json.loads((await verified(tmp_path / "whole", "--json")).out)["Texts"].endswith(" here, 1 erased")
    (directory / "proofs" / f"{json.loads(lines[0])['index']}.tlog-proof").unlink()
    assert (await verified(directory)).code == 1


async def test_nothing_is_written_where_something_is_or_for_who_may_not_read_or_can_not_trust(
    ina: Person, logged: RunningApi, tmp_path: Path
) -> None:
    directory = tmp_path / "taken"
    directory.mkdir()
    (directory / "mine").touch()
    said = await ina.runs("log", "export", str(directory), "--reason", "x")
    assert said.code == 3
    assert "not an empty directory" in said.err
    engineer = written(await logged.add_person("TO-12", "engineer"), tmp_path)
    said = await engineer.runs("log", "export", str(tmp_path / "other"), "--reason", "x")
    assert (said.code, (tmp_path / "other").exists()) == (3, False)
    assert sorted(directory.iterdir()) == [directory / "mine"]
    stranger = Person(toml=tmp_path / "other.toml", home=ina.home)
    stranger.toml.write_text(ina.toml.read_text().replace(logged.people_anchor, "0" * 64))
    for words in (["checkpoint"], ["export", str(tmp_path / "other"), "--reason", "x"]):
        said = await stranger.runs("log", *words)
        assert (said.code, "people list can not be trusted" in said.err) == (4, True)
    assert not (tmp_path / "other").exists()


async def test_entries_are_listed_and_shown_with_their_proof(ina: Person, tmp_path: Path) -> None:
    listed = json.loads(await ina.done("log", "list", "--unit", "van kit 2", "--kind", "unit.", "--json"))
    assert [[text["text"] for text in entry["texts"]] for entry in listed] == [["van kit 2"], ["van kit 1"]]
    head, row = (await ina.done("log", "list", "--unit", "van kit 2", "--until", "1d")).splitlines()
    assert head.split()[0] == "entry"
    assert "label van kit 1" in row
    proof = tmp_path / "one.tlog-proof"
    said = await ina.runs("log", "show", str(listed[0]["index"]), "--receipt", str(proof))
    assert said.code == 0
    assert "van kit 2" in said.out
    assert "proven: in the log of" in said.err
    assert "witness.example/north" in said.err
    assert proof.read_text().startswith("c2sp.org/tlog-proof@v1\n")
    assert (await ina.runs("log", "show", "99999999", "--receipt", str(proof))).code == 3
    assert "witness.example/north" in await ina.done("log", "status")


async def test_a_draft_that_lets_two_histories_stand_is_warned_of(
    ina: Person, logged: RunningApi, tmp_path: Path
) -> None:
    ada = written(await logged.add_person("AD-01", "administrator"), tmp_path)
    vkey = cosigner_key("witness.example/south", bytes(range(32))).line
    careless = await ada.runs("log", "witness", "add", "south", vkey, "--quorum", "1")
    assert careless.code == 0
    assert "WARNING: two groups of these 2 witnesses could each vouch for another history" in careless.err
    careful = await ada.runs("log", "witness", "add", "south", vkey, "--quorum", "2")
    assert (careful.code, "WARNING" in careful.err) == (0, False)
    assert "witness.example/north" in await ina.done("log", "witness", "list")


async def test_holds_are_placed_listed_and_released(ina: Person, logged: RunningApi, tmp_path: Path) -> None:
    ada = written(await logged.add_person("AD-01", "administrator"), tmp_path)
    placed = await ada.done(
        "log", "hold", "place", "--reason", "an inquiry", "--unit", "van kit 2", "--since", "2020-01-01"
    )
    assert f"stands: unit {UNIT}, since 1 Jan 2020" in placed
    hold_id = placed.split()[1]
    assert "an inquiry" in await ina.done("log", "hold", "list")
    assert "7 years" in await ina.done("log", "retention")
    assert "is released" in await ada.done("log", "hold", "release", hold_id[:8], "--reason", "it is over")
    (hold,) = json.loads(await ina.done("log", "hold", "list", "--json"))
    assert hold["released_by"] == "AD-01"
