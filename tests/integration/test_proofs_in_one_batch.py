"""A proof and the next announcement of the same unit in one batch, as when ingest is behind."""

from typing import TypeAlias

import asyncpg

from fleet.clock import utc_now
from fleet.ingest.batch import Inbound, Outcome
from fleet.ingest.turns import Turn
from fleet.ingest.writer import Writer
from fleet.renewal.proofs import keep_proofs
from fleet.settings import PresenceSettings
from fleet.store.store import Store
from protocols.uplink import AnyUpMessage, SessionProof
from tests.support.clones import UNIT, Controllers, Device, Welcomed, a_new_unit
from tests.support.reporting import register

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class _NoLink:
    """Where nothing is acknowledged."""

    def acknowledge(self, packet_ids: object) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


async def write(writer: Writer, *messages: AnyUpMessage) -> Outcome:
    items = [Inbound(_NoLink(), 0, 0, 0, message, None) for message in messages]
    turn = Turn()
    try:
        outcome, rejections = await writer.write(items, turn)
    finally:
        turn.finish()
    assert rejections == []
    return outcome


def answer(device: Device, outcome: Outcome) -> SessionProof:
    (welcoming,) = outcome.welcomes
    proof = device.answer(Welcomed(welcoming.session, welcoming.welcome.challenge))
    assert proof is not None
    return proof


async def test_a_proof_beside_the_next_announcement_leaves_the_new_challenge_open(store: Store, owner: Owner) -> None:
    """Or the proof that follows would be taken for one that was answered: a certificate or a boot never seen."""
    await register(owner, [UNIT])
    controllers = Controllers()
    device = a_new_unit(controllers)
    async with store.transaction() as transaction:
        for certificate in controllers.certificates.values():
            await transaction.certificates.add(certificate)
    writer = Writer(store, PresenceSettings(), keep_proofs, utc_now)

    first = answer(device, await write(writer, device.announce()))
    second = answer(device, await write(writer, first, device.announce()))
    proofs = await owner.fetchrow("SELECT * FROM unit_proof")
    assert proofs is not None
    assert (proofs["answered"], proofs["challenge"]) == (first.challenge, second.challenge)
    await write(writer, second)
    proofs = await owner.fetchrow("SELECT * FROM unit_proof")
    assert proofs is not None
    assert (proofs["answered"], proofs["challenge"]) == (second.challenge, None)
