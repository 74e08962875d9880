"""Commands that work until they are done or told to stop: run, join; and version."""

import asyncio
import os
from typing import Annotated

import msgspec
from cyclopts import Parameter

from edge_agent.app import agent_version, run_agent, run_join, stop_on_signals
from edge_agent.commands.terminal import Config, Json, VoucherFile, read_voucher_text, run_to_the_end, say
from edge_agent.errors import JoinWaits
from edge_agent.identity import IdentityStore
from edge_agent.logs import configure_logs, record_fault
from edge_agent.settings import VOUCHER_VARIABLE, load
from protocols.joining import display_fingerprint

Again = Annotated[bool, Parameter(negative="", help="Join again although the unit has joined, with the same key.")]


def run(*, config: Config = None, voucher_file: VoucherFile = None) -> None:
    """Report until stopped. Joins first if the unit has not joined and there is a voucher."""
    own = load(os.environ, config)
    if IdentityStore(own.state_dir).joined():
        voucher = None
        os.environ.pop(VOUCHER_VARIABLE, None)  # what this program starts must not inherit it
    else:
        voucher = read_voucher_text(own, voucher_file, needed=False)

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(record_fault)
        await run_agent(own, voucher, stop_on_signals())

    configure_logs()
    run_to_the_end(main())


def join(*, config: Config = None, voucher_file: VoucherFile = None, again: Again = False, json: Json = False) -> None:
    """Join a fleet with a voucher: shows the key's fingerprint, waits until a person has accepted it.

    Told to stop while it waits, it leaves the join as it is (exit code 4): run it again to go on.
    """
    own = load(os.environ, config)
    voucher = read_voucher_text(own, voucher_file, needed=True)

    def show(fingerprint: str) -> None:
        if not json:
            say("Key fingerprint; compare it with what the controller shows before anyone accepts:")
            for line in display_fingerprint(fingerprint):
                say(f"    {line}")

    async def main() -> str | None:
        identity = await run_join(own, voucher, stop_on_signals(), show, again=again)
        return identity.unit_id if identity else None

    configure_logs()
    unit_id = run_to_the_end(main())
    if unit_id is None:
        raise JoinWaits(own.state_dir)
    say(msgspec.json.encode({"unit_id": unit_id}).decode() if json else f"Joined as {unit_id}.")


def version(*, json: Json = False) -> None:
    """Show the version of this program."""
    say(msgspec.json.encode({"version": agent_version()}).decode() if json else agent_version())
