"""Whether what a unit has proved shows that there are two of it. Pure.

Only proofs are looked at (`protocols.uplink.SessionProof`): they are accepted in the order in which they were signed,
because each answers a challenge that was made after the one before was accepted. Everything else a broker could invent.
A unit that is the only one of its kind therefore never

- goes back to a certificate that it had left: the next one is on its disk before it connects with it, and the one
  before is dropped only then (`superseded-certificate`), nor changes over to another line of successors
  (`two-successors`);
- comes back to a boot that it had left (`two-places`);
- signs a lower number of the same spool than before, since each number is on the disk before it is sent
  (`spool-went-back`).

Two copies that both run take the client id from each other, so their proofs take turns, and the third of them at the
latest gives one of these away: a copy has boots of its own. Copies that run by turns only, each after a new boot, are
told apart by their certificates, when both have renewed twice.

The one-minute certificate that a controller closes a revoked unit's session with announces nothing, so that it is
asked for no proof, and is in no list of a unit's certificates: what follows here never meets one.
"""

from collections.abc import Mapping

import msgspec

from fleet.access_records.chain_rules import ProvenChain
from fleet.store.proofs import Proven
from protocols.api.units import QuarantineCause

LEFT_BOOTS_KEPT = 32

Lineage = Mapping[str, str | None]
"""The predecessor of each of a unit's certificates, by serial."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What an accepted proof says; `boot_id` empty when the unit could not tell."""

    certificate: str
    boot_id: str
    spool_id: int
    next_seq: int


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Why a unit is to be quarantined: the cause, the certificates that show it, and a line for a person."""

    cause: QuarantineCause
    certificates: list[str]
    reason: str


class AcceptedProof(msgspec.Struct, frozen=True, kw_only=True):
    """A proof that is evidence: the certificate shown, what the unit has proved with it, what it gives away, whether
    the unit is behind what was stored of it (`behind_what_is_stored`), and what it says of its chain of records."""

    unit_id: str
    shown: str
    proven: Proven
    finding: Finding | None
    is_behind: bool
    chain: ProvenChain | None = None


def succeeds(certificate: str, earlier: str, lineage: Lineage) -> bool:
    """Whether `certificate` is `earlier`, or was renewed from it in any number of steps."""
    followed: set[str] = set()
    serial: str | None = certificate
    while serial is not None and serial not in followed:
        if serial == earlier:
            return True
        followed.add(serial)
        serial = lineage.get(serial)
    return False


def judge_certificate(newest: str | None, shown: str, lineage: Lineage) -> Finding | None:
    """What it means that a unit shows the certificate `shown`, and has connected with `newest` (None: with none)."""
    if newest is None or succeeds(shown, newest, lineage):
        return None
    if succeeds(newest, shown, lineage):
        return Finding(
            cause="superseded-certificate",
            certificates=[shown, newest],
            reason="a certificate came back after the unit had connected with its successor",
        )
    return Finding(
        cause="two-successors",
        certificates=[newest, shown],
        reason="two certificates that neither was renewed from the other are both in use",
    )


def judge(proven: Proven, evidence: Evidence, lineage: Lineage) -> Finding | None:
    """What `evidence` gives away of a unit that has `proven` this so far; None when it may be the same unit."""
    finding = judge_certificate(proven.certificate, evidence.certificate, lineage)
    if finding is not None:
        return finding
    if evidence.boot_id and evidence.boot_id != proven.boot_id and evidence.boot_id in proven.left_boots:
        return Finding(
            cause="two-places",
            certificates=[evidence.certificate],
            reason="a boot came back that the unit had left for another one",
        )
    if proven.next_seq is not None and evidence.spool_id == proven.spool_id and evidence.next_seq < proven.next_seq:
        return Finding(
            cause="spool-went-back",
            certificates=[evidence.certificate],
            reason=f"its spool is at number {evidence.next_seq}, and was at {proven.next_seq} before",
        )
    return None


def behind_what_is_stored(evidence: Evidence, challenge_spool: int | None, challenge_seq: int | None) -> bool:
    """Whether more was stored of the spool when the unit was challenged than it says it has written.

    A copy of an older state looks so, and so does an honest unit in whose name the broker invents reports: it is worth
    an alarm, and is no evidence.
    """
    return challenge_seq is not None and evidence.spool_id == challenge_spool and evidence.next_seq <= challenge_seq


def learn(proven: Proven, evidence: Evidence, lineage: Lineage) -> Proven:
    """What the unit has proved with `evidence` too. A certificate of another line, or an earlier one, changes nothing
    about which is the newest."""
    follows = proven.certificate is None or succeeds(evidence.certificate, proven.certificate, lineage)
    left = [boot for boot in proven.left_boots if boot != evidence.boot_id]
    if proven.boot_id and proven.boot_id != evidence.boot_id:
        left.append(proven.boot_id)
    return Proven(
        certificate=evidence.certificate if follows else proven.certificate,
        boot_id=evidence.boot_id or proven.boot_id,
        left_boots=tuple(left[-LEFT_BOOTS_KEPT:]),
        spool_id=evidence.spool_id,
        next_seq=evidence.next_seq,
    )
