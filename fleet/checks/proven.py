"""What a unit says about an opening, once its signature is checked."""

from datetime import datetime

from fleet.clones.evidence import key_has_signed
from fleet.ingest.batch import count_rejections
from fleet.ingest.judge import Rejection
from fleet.store.certificates import StoredCertificate
from fleet.store.store import Transaction
from protocols.errors import InvalidSignal
from protocols.opening import SealedSignal, Signal, read_signal, signal_bytes, signature_of


async def proven(transaction: Transaction, unit_id: str, sealed: SealedSignal, now: datetime) -> Signal | None:
    """The signal, if the key of a live certificate of the unit has signed it; else None, and the rejection is recorded
    in the transaction. A broker can not make one."""
    certificate = await transaction.certificates.get(sealed.certificate)
    signal = judged(unit_id, sealed, certificate, now)
    if not isinstance(signal, str):
        return signal
    units = await transaction.telemetry.known_units([unit_id])
    rejection = Rejection(unit_id, "bad-signal", signal)
    await transaction.telemetry.add_rejections(count_rejections([rejection], units), now)
    transaction.changed.events = True
    return None


def judged(unit_id: str, sealed: SealedSignal, certificate: StoredCertificate | None, now: datetime) -> Signal | str:
    """The signal, or what is wrong with it. Pure."""
    name = sealed.certificate
    if certificate is None or certificate.unit_id != unit_id:
        return f"{name} is no certificate of this unit"
    if certificate.revoked_at is not None:
        return f"the certificate {name} is revoked"
    if not certificate.not_before <= now < certificate.not_after:
        return f"the certificate {name} is not in its term"
    try:
        if not key_has_signed(signal_bytes(unit_id, sealed.text), signature_of(sealed), certificate.chain_pem):
            return f"the signature does not fit the key of {name}"
        return read_signal(sealed)
    except InvalidSignal as error:
        return error.detail
