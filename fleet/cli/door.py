"""How commands reach the controller: the client's settings, and one connection for one command."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import Parameter

from fleet.client import FleetClient, connect, load_client_settings

T = TypeVar("T")

Config = Annotated[
    Path | None,
    Parameter(
        name=("--client", "--config"),
        help="Your TOML settings: the controller's address, who you are, your key.",
        env_var="MUSTER_CLIENT_CONFIG",
    ),
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


def ask(client: Path | None, question: Callable[[FleetClient], Awaitable[T]]) -> T:
    """Sign in, ask, sign out; raises ClientError."""

    async def conversation() -> T:
        async with connect(load_client_settings(client)) as door:
            answer = await question(door)
            await door.sign_out()
            return answer

    return asyncio.run(conversation())
