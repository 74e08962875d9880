"""Whether the log already holds the lease. Pure.

Witnesses say when they saw the checkpoint, by clocks that are neither the unit's nor the controller's. A lease was
granted before any of them saw it, and not long before: so a controller whose clock was set back opens nothing under a
mandate that is over, not even on a unit that knows no time but the controller's. One witness is enough to refuse, also
one whose clock is wrong: who keeps it has to mend it, or the controller to leave it out.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from edge_agent.openings.verdicts import OpeningRefused
from protocols.errors import InvalidCheckpoint, InvalidPolicy, InvalidProof, InvalidReceipt
from protocols.lease import Lease, LoggedLease, lease_hash
from protocols.tlog.leaf import read_leaf
from protocols.tlog.policy import NONE, LogPolicy, read_policy
from protocols.tlog.receipt import verify_receipt

WITNESS_BEHIND_MAX_MS = 5_000
"""How far a witness's clock may be behind the controller's."""
CLOCKS_APART_MAX_MS = 300_000
"""How long after the lease's time a witness may have seen it, and how far from it a clock that is kept may be."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROUNDING = timedelta(seconds=1)
_Moment = Annotated[datetime, Meta(tz=True)]

_RULES = {"stale": "stale", "quorum-missing": "unwitnessed", "log-unsigned": "log-unsigned"}


def check_logged(logged: LoggedLease, lease: Lease, authority: str | None, policy_text: str) -> None:
    """Whether the log of the people list's policy holds `lease` under its mandate's `authority`, and enough witnesses
    have seen that it does.

    Raises OpeningRefused: `no-log` (no policy), `unwitnessed` (one that asks for no witness, or too few cosigned),
    `no-receipt`, `receipt-invalid`, `log-unsigned`, `stale` (not cosigned since the lease was granted), `clock-differs`
    (a witness saw it more than five minutes after the lease says that it was granted), `not-logged` (it is the receipt
    of something else).
    """
    policy = _policy(policy_text)
    if not logged.receipt or not logged.leaf:
        raise OpeningRefused("no-receipt", "the lease comes without the log's receipt")
    leaf = logged.leaf.encode("utf-8", "surrogatepass")
    not_before_s = (lease.granted_at_ms - WITNESS_BEHIND_MAX_MS) // 1000
    try:
        verified = verify_receipt(logged.receipt, leaf, policy, not_before_unix_s=not_before_s)
        said = read_leaf(leaf, verified.index)
    except InvalidCheckpoint as error:
        raise OpeningRefused(_RULES.get(error.reason, "receipt-invalid"), f"the receipt: {error.detail}") from error
    except (InvalidReceipt, InvalidProof) as error:
        raise OpeningRefused("receipt-invalid", f"the receipt: {error.detail}") from error
    _check_times(verified.cosigned, lease)
    for name, wanted in _entry_of(logged, lease, authority).items():
        if said.get(name) != wanted:
            raise OpeningRefused("not-logged", f"the log's entry has another {name} than the lease or its mandate")
    _check_end(said, lease)


def _check_times(cosigned: dict[str, int], lease: Lease) -> None:
    for name, unix_s in cosigned.items():
        after_ms = unix_s * 1000 - lease.granted_at_ms
        if after_ms > CLOCKS_APART_MAX_MS:
            raise OpeningRefused("clock-differs", f"witness {name} saw the lease {after_ms // 1000} s after its time")


def _check_end(said: dict[str, Any], lease: Lease) -> None:
    ends_at = _EPOCH + timedelta(milliseconds=lease.granted_at_ms, seconds=lease.lasts_s)
    try:
        differs = abs(msgspec.convert(said.get("expires_at"), _Moment) - ends_at) > _ROUNDING
    except msgspec.ValidationError:
        differs = True
    if differs:
        raise OpeningRefused("not-logged", "the log's entry has another expires_at than the lease")


def _policy(text: str) -> LogPolicy:
    if not text:
        raise OpeningRefused("no-log", "the people list names no log")
    try:
        policy = read_policy(text)
    except InvalidPolicy as error:
        raise OpeningRefused("no-log", f"the people list's log policy: {error.detail}") from error
    if policy.quorum == NONE:
        raise OpeningRefused("unwitnessed", "the people list's log policy asks for no witness")
    return policy


def _entry_of(logged: LoggedLease, lease: Lease, authority: str | None) -> dict[str, object]:
    return {
        "kind": "lease.granted",
        "actor": lease.person,
        "unit": lease.unit,
        "opening": lease.opening,
        "mandate": lease.mandate,
        "authority": authority,
        "modalities": list(lease.modalities),
        "nonce": lease.nonce,
        "lease_sha256": lease_hash(logged.lease.signed),
        "carried": lease.carried,
    }
