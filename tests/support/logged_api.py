"""A controller's API whose log runs beside it, cosigned by a real witness that the people list names."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from fleet.clock import Clock, utc_now
from fleet.settings import LogSettings, WitnessSettings
from fleet.store.store import Store
from protocols.api.people import NewLogPolicy
from protocols.tlog.policy import build_policy
from tests.support.controller import RunningApi, running_api
from tests.support.logging_fleet import running_log, until_cosigned
from tests.support.people import put_in_force
from tests.support.witness import RunningWitness, running_witness

POLL_MS = 20


@asynccontextmanager
async def logged_api(store: Store, dsn: str, home: Path, *, clock: Clock = utc_now) -> AsyncIterator[RunningApi]:
    """Serve until the block ends. The policy in force asks for the one witness there is."""
    witness = RunningWitness(home / "witness", [])
    known = WitnessSettings(name=witness.vkey.name, url=witness.url, ca_file=str(witness.ca_file))
    async with AsyncExitStack() as stack:
        settings = LogSettings(witnesses=[known], poll_ms=POLL_MS)
        api = await stack.enter_async_context(running_api(store, dsn, home, clock=clock, log=settings))
        key = api.credentials.log_key.verifier
        witness.place.trust(key)
        await stack.enter_async_context(running_witness(witness))
        policy = build_policy(key.line, [(witness.vkey.name, witness.vkey.line)], quorum=1)
        await put_in_force(api.services.people, NewLogPolicy(policy=policy.text))
        await stack.enter_async_context(running_log(api.services.log))
        await until_cosigned(store)
        yield api
