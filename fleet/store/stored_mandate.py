"""A mandate as it is stored, and where it stands at a moment. Pure."""

from datetime import datetime, timedelta

import msgspec

from protocols.api.mandates import DRAFT_HOURS, MandateState, MandateView, SignatureMade
from protocols.api.units import UnitState
from protocols.errors import InvalidMandate, InvalidSshSignature
from protocols.mandate import Mandate, MandateKind, SignedMandate, read_mandate
from protocols.sshsig import key_of

DRAFT_LIFE = timedelta(hours=DRAFT_HOURS)


class StoredMandate(msgspec.Struct, frozen=True, kw_only=True):
    """A mandate; `text` is its line, empty once it was erased; `signatures` are armored, and `signed_at` is when they
    were handed in, both by person; `authority` is the reference of its authority."""

    mandate_id: str
    kind: MandateKind
    unit_id: str
    unit_label: str
    unit_state: UnitState
    authority_id: str | None
    authority: str | None
    text: str
    sha256: str
    not_before: datetime
    not_after: datetime
    requester: str
    approver: str
    drafted_at: datetime
    recorded_at: datetime | None
    discarded_at: datetime | None
    cancelled_by: str | None
    cancelled_at: datetime | None
    recovered_by: str | None
    recovered_at: datetime | None
    signatures: dict[str, str]
    signed_at: dict[str, datetime]

    @property
    def expires_at(self) -> datetime:
        """When it is discarded by itself if it still is a draft: after its 72 hours, or as its window ends."""
        return min(self.drafted_at + DRAFT_LIFE, self.not_after)

    @property
    def line(self) -> Mandate | None:
        """What its line says, None once that was erased. Raises InvalidMandate when somebody changed it."""
        return read_mandate(self.text) if self.text else None

    @property
    def signed(self) -> SignedMandate:
        """As it travels to the unit; a signature that is not there is empty."""
        return SignedMandate(
            text=self.text,
            requester=self.signatures.get(self.requester, ""),
            approver=self.signatures.get(self.approver, ""),
        )

    def state(self, at: datetime) -> MandateState:
        """Where it stands at `at`; its window is half-open."""
        if self.recorded_at is None:
            return "draft" if self.discarded_at is None and at < self.expires_at else "discarded"
        if self.cancelled_at is not None:
            return "cancelled"
        if at < self.not_before:
            return "future"
        return "live" if at < self.not_after else "ended"

    def _signature(self, person_id: str) -> SignatureMade:
        try:
            key = key_of(self.signatures[person_id])
        except InvalidSshSignature:  # one damaged row must not keep all others from being listed
            return SignatureMade(person=person_id, at=self.signed_at[person_id], fingerprint="", hardware=False)
        at = self.signed_at[person_id]
        return SignatureMade(person=person_id, at=at, fingerprint=key.fingerprint, hardware=key.hardware)

    def view(self, at: datetime) -> MandateView:
        """As the API shows it at `at`; of a line that somebody changed, which opens nothing, only the text."""
        try:
            line = self.line
        except InvalidMandate:  # one damaged row must not keep all others from being listed
            line = None
        state = self.state(at)
        signers = [self.requester, self.approver]
        return MandateView(
            mandate_id=self.mandate_id,
            kind=self.kind,
            unit=self.unit_id,
            unit_label=self.unit_label,
            authority_id=self.authority_id,
            authority=self.authority,
            allows=[] if line is None else line.allows,
            purpose="" if line is None else line.purpose,
            not_before=self.not_before,
            not_after=self.not_after,
            requester=self.requester,
            approver=self.approver,
            state=state,
            text=self.text,
            signed_by=[one for one in signers if one in self.signatures],
            signatures=[self._signature(one) for one in signers if one in self.signatures],
            waits_for=[one for one in signers if one not in self.signatures] if state == "draft" else [],
            drafted_at=self.drafted_at,
            expires_at=self.expires_at,
            recorded_at=self.recorded_at,
            cancelled_by=self.cancelled_by,
            cancelled_at=self.cancelled_at,
            recovered_by=self.recovered_by,
            recovered_at=self.recovered_at,
        )
