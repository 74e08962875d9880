"""Whether the log already holds the lease. Pure."""

from edge_agent.openings.verdicts import OpeningRefused
from protocols.errors import InvalidCheckpoint, InvalidPolicy, InvalidProof, InvalidReceipt
from protocols.lease import Lease, LoggedLease, lease_hash
from protocols.tlog.leaf import read_leaf
from protocols.tlog.policy import NONE, LogPolicy, read_policy
from protocols.tlog.receipt import verify_receipt

WITNESS_BEHIND_MAX_MS = 5_000
"""How far a witness's clock may be behind the controller's."""

_RULES = {"stale": "stale", "quorum-missing": "unwitnessed", "log-unsigned": "log-unsigned"}


def check_logged(logged: LoggedLease, lease: Lease, policy_text: str) -> None:
    """Whether the log of the people list's policy holds `lease`, and enough witnesses have seen that it does.

    Raises OpeningRefused: `no-log` (no policy), `unwitnessed` (one that asks for no witness, or too few cosigned),
    `no-receipt`, `receipt-invalid`, `log-unsigned`, `stale` (not cosigned since the lease was granted), `not-logged`
    (it is the receipt of something else).
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
    for name, wanted in _entry_of(logged, lease).items():
        if said.get(name) != wanted:
            raise OpeningRefused("not-logged", f"the log's entry has another {name} than the lease")


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


def _entry_of(logged: LoggedLease, lease: Lease) -> dict[str, object]:
    return {
        "kind": "lease.granted",
        "actor": lease.person,
        "unit": lease.unit,
        "opening": lease.opening,
        "mandate": lease.mandate,
        "modalities": list(lease.modalities),
        "nonce": lease.nonce,
        "lease_sha256": lease_hash(logged.lease.signed),
        "carried": lease.carried,
    }
