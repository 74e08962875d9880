"""An authority as it is stored, and where it stands at a moment. Pure."""

from datetime import datetime, timedelta

import msgspec

from protocols.access_record import Modality
from protocols.api.authorities import URGENT_ORAL_HOURS, AuthorityKind, AuthorityState, AuthorityView

ORAL = timedelta(hours=URGENT_ORAL_HOURS)


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """An authority; `next_review_at` is the first date of its reviews that none was held for."""

    authority_id: str
    reference: str
    kinds: list[AuthorityKind]
    modalities: list[Modality]
    authorised_by_rank: str
    starts_at: datetime
    ends_at: datetime
    urgent_oral: bool
    statement_at: datetime | None = None
    document_sha256: str | None = None
    document_salt: str | None = None
    note: str = ""
    renews: str | None = None
    recorded_by: str
    recorded_at: datetime
    cancelled_by: str | None = None
    cancelled_at: datetime | None = None
    next_review_at: datetime | None = None
    renewed_by: str | None = None

    @property
    def lapses_at(self) -> datetime:
        """When it ends by itself: an urgent oral one after 72 hours, whatever it says."""
        return min(self.ends_at, self.starts_at + ORAL) if self.urgent_oral else self.ends_at

    @property
    def statement_due_at(self) -> datetime | None:
        """When the written statement of an urgent oral authority is due, None for others."""
        return self.starts_at + ORAL if self.urgent_oral else None

    def state(self, at: datetime) -> AuthorityState:
        """Where it stands at `at`; its window is half-open, and a review is overdue from its date on."""
        if self.cancelled_at is not None:
            return "cancelled"
        if at < self.starts_at:
            return "future"
        if at >= self.lapses_at:
            return "ended"
        if self.next_review_at is not None and at >= self.next_review_at:
            return "review-overdue"
        return "in-force"

    def view(self, at: datetime, mandates: int) -> AuthorityView:
        """As the API shows it at `at`, with so many live mandates."""
        return AuthorityView(
            authority_id=self.authority_id,
            reference=self.reference,
            kinds=self.kinds,
            modalities=self.modalities,
            authorised_by_rank=self.authorised_by_rank,
            starts_at=self.starts_at,
            ends_at=self.lapses_at,
            next_review_at=self.next_review_at,
            state=self.state(at),
            urgent_oral=self.urgent_oral,
            statement_due_at=self.statement_due_at,
            statement_at=self.statement_at,
            document_sha256=self.document_sha256,
            renews=self.renews,
            renewed_by=self.renewed_by,
            note=self.note,
            recorded_by=self.recorded_by,
            recorded_at=self.recorded_at,
            cancelled_by=self.cancelled_by,
            cancelled_at=self.cancelled_at,
            mandates=mandates,
        )
