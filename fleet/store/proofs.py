"""What units were challenged to prove when they announced a session, and what they have proved."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from fleet.entries.entry import UNIT
from fleet.entries.people_and_units import CertificateUsed
from fleet.store.connection import Connection
from fleet.store.log import LogStore
from fleet.store.queries import load

_SQL = load("proofs")


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit has proved so far; nothing in the beginning, and after a person released it from quarantine.

    `certificate` is the newest of the one line of certificates that it has connected with.
    """

    certificate: str | None = None
    boot_id: str = ""
    left_boots: tuple[str, ...] = ()
    spool_id: int | None = None
    next_seq: int | None = None


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """What the announcement of `session` is answered with; `spool_id` None when it named no spool."""

    unit_id: str
    session: str
    challenge: str
    spool_id: int | None


class ProofState(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's newest challenge, None once it is `answered`, and what the unit has proved.

    `challenge_seq` is the highest number stored of `challenge_spool` when the challenge was made; `sessions` are the
    last ones announced, the newest at the end; `standing_changed_at` is when the unit was last released, or otherwise
    brought into the state it is in.
    """

    session: str | None = None
    challenge: str | None = None
    answered: str | None = None
    challenge_spool: int | None = None
    challenge_seq: int | None = None
    sessions: list[str] = []
    proven_at: datetime | None = None
    certificate: str | None = None
    boot_id: str = ""
    left_boots: list[str] = []
    proven_spool: int | None = None
    proven_seq: int | None = None
    standing_changed_at: datetime | None = None

    @property
    def proven(self) -> Proven:
        """What the unit has proved since a person last judged it: releasing it begins anew."""
        judged_at = self.standing_changed_at
        if self.proven_at is None or (judged_at is not None and judged_at > self.proven_at):
            return Proven()
        return Proven(
            certificate=self.certificate,
            boot_id=self.boot_id,
            left_boots=tuple(self.left_boots),
            spool_id=self.proven_spool,
            next_seq=self.proven_seq,
        )


class ProofStore:
    """Challenges and proofs within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def states(self, unit_ids: list[str]) -> dict[str, ProofState]:
        """Those of `unit_ids` that were ever challenged. They change only with their unit's latest state locked."""
        states: dict[str, ProofState] = {}
        for record in await self._connection.fetch(_SQL["states"], unit_ids):
            unit_id, *fields = record
            states[unit_id] = ProofState(**dict(zip(ProofState.__struct_fields__, fields, strict=True)))
        return states

    async def challenge(self, challenges: Sequence[Challenge], now: datetime) -> None:
        """Make each the one challenge that its unit may answer, with the highest number stored of the announced spool;
        one item a unit, all with their unit's latest state locked."""
        columns = [[getattr(one, name) for one in challenges] for name in Challenge.__struct_fields__]
        await self._connection.execute(_SQL["challenge"], *columns, now)

    async def accept(self, unit_id: str, shown: str, proven: Proven, now: datetime) -> None:
        """Keep what a unit has proved by connecting with the certificate `shown`, which uses its challenge up.

        The key that the unit is known by becomes that of `proven.certificate`. Where that or the certificate is new,
        an entry says so.
        """
        await self._connection.execute(
            _SQL["accept"],
            unit_id,
            now,
            proven.certificate,
            proven.boot_id,
            list(proven.left_boots),
            proven.spool_id,
            proven.next_seq,
        )
        first_use = await self._connection.fetchval(_SQL["connected"], shown, now)
        other_key = await self._connection.fetchval(_SQL["key_in_use"], proven.certificate)
        if first_use is not None or other_key is not None:
            entry = CertificateUsed(at=now, actor=UNIT, unit=unit_id, certificate=shown, known_by=proven.certificate)
            await LogStore(self._connection).append(entry)

    async def people_version(self) -> int:
        """The version of the newest people list, 1 before there is one."""
        version: int = await self._connection.fetchval(_SQL["people_version"])
        return version

    async def unproven(
        self, proven_before: datetime, heard_since: datetime, at_most: int
    ) -> list[tuple[str, datetime | None]]:
        """Units that have reported since `heard_since` and last proved who they are before `proven_before`, with when
        that was (None: never, and they joined before that too); by id."""
        records = await self._connection.fetch(_SQL["unproven"], proven_before, heard_since, at_most)
        return [(record["unit_id"], record["proven_at"]) for record in records]
