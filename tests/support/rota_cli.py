"""`fleet` as people of a rota house run it."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.support.fleet_command import LIMIT_S, Ran, run_here
from tests.support.rota_house import RotaHouse

FLEET = str(Path(sys.executable).with_name("fleet"))


def settings_file(house: RotaHouse, person_id: str) -> Path:
    """The person's settings, written down."""
    settings = house[person_id]._session.settings
    facts = {name: str(getattr(settings, name)) for name in settings.__struct_fields__}
    file = house.api.home / f"{person_id}.toml"
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in facts.items()))
    return file


async def begun(*words: str) -> asyncio.subprocess.Process:
    """`fleet` with these words, without anybody's settings in its environment."""
    return await asyncio.create_subprocess_exec(
        FLEET,
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if not name.startswith("MUSTER_CLIENT")},
    )


async def ended(process: asyncio.subprocess.Process, said: bytes = b"") -> Ran:
    """Exit code, output and complaints."""
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate(said)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def fleet(house: RotaHouse, person_id: str, *words: str, said: bytes | None = None) -> Ran:
    """A command by somebody of the house: in this process, or in one of its own where something, or b"", is `said`."""
    words = (*words, "--client", str(settings_file(house, person_id)))
    return await run_here(*words) if said is None else await ended(await begun(*words), said)


async def asked(house: RotaHouse, person_id: str, *words: str, said: bytes | None = None) -> Any:
    """What a command answers as JSON; it has to do what it is asked."""
    code, out, err = await fleet(house, person_id, *words, "--json", said=said)
    assert code == 0, err
    return json.loads(out)
