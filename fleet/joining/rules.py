"""Whether a voucher may be presented. Pure."""

from datetime import datetime
from hmac import compare_digest

from fleet.store.joining import StoredVoucher
from protocols.joining import JoinRefusal, RefusalCode

_REFUSALS: dict[RefusalCode, tuple[str, str]] = {
    "voucher-unknown": (
        "this controller made no such voucher",
        "check that the voucher is for this controller, or ask for a new one: fleet unit invite",
    ),
    "voucher-expired": ("the voucher has expired", "ask for a new one: fleet unit invite"),
    "voucher-used": (
        "the voucher was used already",
        "a voucher brings in one unit; ask for a new one: fleet unit invite",
    ),
    "voucher-wrong-key": (
        "the voucher is bound to another key, which presented it first",
        "if this unit lost its key, ask for a new voucher; if not, somebody else used the voucher: tell a supervisor",
    ),
    "voucher-withdrawn": ("the voucher was withdrawn", "ask for a new one: fleet unit invite"),
    "joins-full": (
        "too many units wait to be accepted",
        "accept or refuse waiting units, then try again",
    ),
    "joins-too-fast": ("too many attempts from this address", "wait a minute, then try again"),
    "csr-invalid": ("the certificate request can not be used", "the unit must prove a P-256 key of its own"),
    "join-refused": ("this unit is refused", "ask who is on duty, then make a new voucher"),
    "certificate-unknown": (
        "no unit's certificate was shown",
        "a unit shows the certificate it reports with; if it has lost it, it needs a new voucher: fleet unit invite",
    ),
    "certificate-superseded": (
        "this certificate was replaced, and the unit has connected with its successor",
        "if this is the same device, its disk was put back to an older state; if not, it is a copy: tell a supervisor",
    ),
    "certificate-ended": (
        "the certificate has ended",
        "the unit asks to come back with its old key, and a person compares its fingerprint: fleet unit joins",
    ),
    "certificate-valid": ("the unit's certificate is still good", "renew it instead of coming back with the old key"),
    "key-unknown": (
        "this is not the key of such a unit",
        "if the unit lost its key, make a new voucher: fleet unit invite",
    ),
    "key-known": ("this key is in use already", "the unit must make a new key"),
    "unit-quarantined": ("the unit is quarantined", "a supervisor looks at why, and releases or revokes it"),
    "unit-revoked": (
        "the unit was revoked, which is final",
        "if the device is to be used again, erase it and let it join with a new voucher and a new key",
    ),
}


def refusal(code: RefusalCode, detail: str = "") -> JoinRefusal:
    """What the unit is told; `detail` is added to the message."""
    message, remedy = _REFUSALS[code]
    return JoinRefusal(code=code, message=f"{message}: {detail}" if detail else message, remedy=remedy)


def judge_voucher(voucher: StoredVoucher | None, fingerprint: str, now: datetime) -> RefusalCode | None:
    """Why the holder of the key `fingerprint` may not present `voucher` at `now`; None when it may.

    A voucher that another key presented first is refused as that before anything else, so that the alarm names the
    worst that is known. The first key may come again until the unit has connected with its certificate: the 24 hours
    are for presenting a voucher, not for the person who decides.
    """
    if voucher is None:
        return "voucher-unknown"
    if voucher.bound_fingerprint is not None and not compare_digest(voucher.bound_fingerprint, fingerprint):
        return "voucher-wrong-key"
    if voucher.used_at is not None:
        return "voucher-used"
    if voucher.withdrawn_at is not None:
        return "voucher-withdrawn"
    unpresented = voucher.bound_fingerprint is None
    return "voucher-expired" if unpresented and now >= voucher.expires_at else None
