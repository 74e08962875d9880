"""`fleet authority` and `fleet mandate` as people run them, a signature made far away with plain ssh-keygen."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fleet.store.store import Store
from tests.support.fleet_command import Ran, run_here
from tests.support.mandate_house import REFERENCE, UNIT, MandateHouse, mandate_house
from tests.support.ssh_token import LIMIT_S, SSH_KEYGEN

FLEET = str(Path(sys.executable).with_name("fleet"))


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[MandateHouse]:
    async with mandate_house(store, dsn, tmp_path) as made:
        for person_id, door in made.doors.items():
            settings = door._session.settings
            facts = {name: str(getattr(settings, name)) for name in settings.__struct_fields__}
            lines = [f"{name} = {json.dumps(value)}\n" for name, value in facts.items()]
            (tmp_path / f"{person_id}.toml").write_text("".join(lines))
        yield made


async def fleet(house: MandateHouse, person_id: str, *words: str, said: bytes | None = None) -> Ran:
    words = (*words, "--client", str(house.api.home / f"{person_id}.toml"))
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


async def asked(house: MandateHouse, person_id: str, *words: str) -> Any:
    code, out, err = await fleet(house, person_id, *words, "--json")
    assert code == 0, err
    return json.loads(out)


DRAFT = (
    *("mandate", "draft", "mast north", "--approver", "AP-01", "--allow", "video:10:3", "--allow", "audio:5:2"),
    *("--purpose", "aim and focus", "--until", "2d", "--authority", REFERENCE),
)


async def test_from_an_authority_to_kit_that_is_back(house: MandateHouse, tmp_path: Path) -> None:
    document = tmp_path / "authority.pdf"
    document.write_bytes(b"%PDF what was authorised")
    record = (
        *("authority", "record", REFERENCE, "--kind", "use", "--modality", "video", "--modality", "audio"),
        *("--rank", "Superintendent", "--ends", "30d", "--review", "20d", "--document", str(document)),
    )
    code, _, err = await fleet(house, "AP-01", *record)
    assert (code, "--yes" in err) == (2, True)
    code, out, err = await fleet(house, "AP-01", *record, "--yes", "--json")
    recorded = json.loads(out)
    salt = err.partition("salt ")[2][:32]
    assert sha256(bytes.fromhex(salt) + document.read_bytes()).hexdigest() == recorded["document_sha256"]
    shown = await asked(house, "TO-12", "authority", "show", REFERENCE)
    assert shown == recorded
    assert recorded["document_sha256"] != sha256(document.read_bytes()).hexdigest()
    code, out, _ = await fleet(house, "IN-01", "authority", "list")
    assert (code, REFERENCE in out, "in-force" in out) == (0, True, True)

    drafted = await asked(house, "TO-12", *DRAFT, "--yes")
    mandate = drafted["mandate_id"]
    assert [one["mandate_id"] for one in await asked(house, "AP-01", "mandate", "list", "--mine")] == [mandate]
    wrong = await fleet(house, "TO-12", "mandate", "sign", mandate, "--sha256", "ab" * 32)
    assert (wrong[0], "SHA-256" in wrong[2]) == (3, True)
    digest = sha256(drafted["text"].encode()).hexdigest()
    half = await asked(house, "TO-12", "mandate", "sign", mandate[:8], "--sha256", digest)
    assert half["waits_for"] == ["AP-01"]
    signature = await signed_far_away(house, mandate, tmp_path)
    for nothing in (b"", b"Good night.", signature[:-20]):
        code, _, err = await fleet(house, "TO-12", "mandate", "sign", mandate, "--signature", "-", said=nothing)
        assert (code, "no whole SSH signature" in err) == (3, True)
    mail = b"Here it is:\r\n" + b"".join(b"> " + line + b"\r\n" for line in signature.splitlines()) + b"-- \r\nAP"
    code, out, _ = await fleet(house, "TO-12", "mandate", "sign", mandate, "--signature", "-", said=mail)
    assert (code, f"mandate {mandate} is in force until" in out) == (0, True)

    code, out, _ = await fleet(house, "TO-12", "mandate", "show", mandate)
    assert (code, "video 10 min and 3 times a day" in out) == (0, True)
    assert out.count("key on disk SHA256:") == 2
    code, _, err = await fleet(house, "TO-12", "mandate", "cancel", mandate, "the job is over")
    assert (code, "--yes" in err) == (2, True)
    assert (await asked(house, "TO-12", "mandate", "cancel", mandate, "the job is over", "--yes"))[
        "state"
    ] == "cancelled"
    code, _, err = await fleet(house, "TO-12", "mandate", "recovered", mandate, "in the store")
    assert (code, "--yes" in err) == (2, True)
    back = await asked(house, "TO-12", "mandate", "recovered", mandate, "in the store", "--yes")
    assert back["recovered_by"] == "TO-12"
    assert [one["unit"] for one in await asked(house, "TO-12", "mandate", "list", "mast north")] == [UNIT]


async def signed_far_away(house: MandateHouse, mandate: str, folder: Path) -> bytes:
    """The approver's signature: the line as `fleet mandate line` prints it, signed with nothing but ssh-keygen."""
    code, out, _ = await fleet(house, "AP-01", "mandate", "line", mandate)
    assert (code, out.count("\n")) == (0, 1)
    line = folder / "m"
    line.write_text(out)
    key = str(house.api.home / "AP-01.key")
    command = [SSH_KEYGEN, "-Y", "sign", "-n", "mandate@muster", "-f", key, str(line)]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, timeout=LIMIT_S)
    return (folder / "m.sig").read_bytes()


async def test_an_urgent_oral_one_is_stated_reviewed_and_cancelled(house: MandateHouse, tmp_path: Path) -> None:
    oral = ("authority", "record", "ORAL/1", "--kind", "use", "--modality", "video", "--rank", "Superintendent")
    made = await asked(house, "AP-01", *oral, "--ends", "72h", "--review", "24h", "--oral", "--yes")
    assert made["urgent_oral"] is True
    statement = tmp_path / "statement.txt"
    statement.write_text("why it was urgent")
    named = made["authority_id"][:6]
    assert (await asked(house, "AP-01", "authority", "statement", named, "--document", str(statement)))["statement_at"]
    reviewed = await asked(house, "AP-01", "authority", "review", "ORAL/1", "goes on", "--next", "48h")
    assert reviewed["state"] == "in-force"
    code, out, _ = await fleet(house, "AP-01", "authority", "cancel", "ORAL/1", "given up", "--yes")
    assert (code, out) == (0, "authority ORAL/1 is cancelled\n")
    code, _, err = await fleet(house, "AP-01", "authority", "show", "ORAL/1")
    assert (code, "there is no authority" in err) == (3, True)
    code, _, err = await fleet(house, "AP-01", "authority", "statement", named, "--document", str(tmp_path / "none"))
    assert (code, "No such file" in err) == (3, True)


async def test_what_is_over_already_is_recorded_with_a_warning(house: MandateHouse) -> None:
    oral = ("authority", "record", "ORAL/2", "--kind", "use", "--modality", "video", "--rank", "Superintendent")
    over = (*oral, "--oral", "--starts", "-3d", "--ends", "-2h")
    code, _, err = await fleet(house, "AP-01", *over)
    assert (code, "It is over already, and nothing can rest on it" in err) == (2, True)
    code, _, err = await fleet(house, "AP-01", *over, "--yes")
    assert (code, "no mandate can rest on it" in err, "written statement is due" in err) == (0, True, True)


async def test_a_signature_that_is_not_there_is_said_without_the_system_s_number(
    house: MandateHouse, tmp_path: Path
) -> None:
    code, _, err = await fleet(house, "TO-12", "mandate", "sign", "M-1", "--signature", str(tmp_path / "nope"))
    assert (code, "No such file or directory: give the .sig" in err, "Errno" in err) == (3, True, False)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--allow", "video"), "video:10:3"),
        (("--allow", "video:500:3"), "at most 120 minutes and 48 openings"),
        (("--allow", "video:99999:3"), "at most 120 minutes and 48 openings"),
        (("--until", "soon"), "30min, 8h or +7d"),
        (("--approver", "me"), "TO-12"),
    ],
)
async def test_what_is_typed_wrongly_says_what_is_expected(
    house: MandateHouse, wrong: tuple[str, ...], said: str
) -> None:
    await house.authority()
    words = list(DRAFT)
    if wrong[0] in words and wrong[0] != "--allow":
        words[words.index(wrong[0]) + 1] = wrong[1]
    else:
        words += wrong
    code, _, err = await fleet(house, "TO-12", *words, "--yes")
    assert (code in {2, 3}, said in err) == (True, True), err


async def test_a_draft_is_discarded(house: MandateHouse) -> None:
    await house.authority()
    drafted = await asked(house, "TO-12", *DRAFT, "--yes")
    code, out, _ = await fleet(house, "TO-12", "mandate", "discard", drafted["mandate_id"])
    assert (code, out) == (0, f"mandate {drafted['mandate_id']} is discarded\n")
    code, _, err = await fleet(house, "TO-12", "mandate", "line", drafted["mandate_id"])
    assert (code, "erased" in err) == (3, True)
