"""Mandates, authorities and duties of a fleet in memory; its people's keys are real, and so are its signatures."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from fleet.client import FleetClient, Refused
from protocols.api.authorities import (
    AuthorityPage,
    AuthorityState,
    AuthorityView,
    DocumentHash,
    NewAuthority,
    ReviewDone,
)
from protocols.api.checks import CheckView
from protocols.api.duties import Duty
from protocols.api.mandates import MandatePage, MandateState, MandateView, NewMandate, SignatureMade
from protocols.api.problems import Problem
from protocols.mandate import Allowance, Mandate, MandateKind
from protocols.sshsig import read_key
from tests.unit.tui.stub_people import KEYHOLDERS

UNIT = "unit-00000001"
VIDEO = Allowance(modality="video", minutes_per_day=15, openings_per_day=4)
POSITION = Allowance(modality="position", minutes_per_day=1, openings_per_day=2)


class StubMandates(FleetClient):
    """The client's methods for mandates and authorities. It begins with an authority, and with no mandate."""

    now: datetime
    asked: list[tuple[Any, ...]]

    def found_mandates(self) -> None:
        """Begin with one authority to use kit."""
        self.mandate_list: list[MandateView] = []
        self.duty_list: list[Duty] = []
        self.check_list: list[CheckView] = []
        self.authority_list = [self.made_authority()]

    def made_authority(self, number: int = 1, **changed: Any) -> AuthorityView:
        """An authority to use kit with picture and sound, for four weeks, but for what is `changed`."""
        view = AuthorityView(
            authority_id=f"A-{number:012x}",
            reference=f"URN/{number}/26",
            kinds=["use"],
            modalities=["video", "audio"],
            authorised_by_rank="Superintendent",
            starts_at=self._second - timedelta(days=2),
            ends_at=self._second + timedelta(days=26),
            next_review_at=self._second + timedelta(days=12),
            state="in-force",
            urgent_oral=False,
            statement_due_at=None,
            statement_at=None,
            document_sha256="ab" * 32,
            renews=None,
            renewed_by=None,
            note="",
            recorded_by="AP-03",
            recorded_at=self.now - timedelta(days=2),
            cancelled_by=None,
            cancelled_at=None,
            mandates=0,
        )
        return msgspec.structs.replace(view, **changed)

    @property
    def _second(self) -> datetime:
        return self.now.replace(microsecond=0)

    def made_mandate(
        self,
        number: int = 1,
        *,
        kind: MandateKind = "field",
        requester: str = "TO-12",
        approver: str = "TO-07",
        state: MandateState = "draft",
        signed_by: tuple[str, ...] = (),
        **changed: Any,
    ) -> MandateView:
        """A mandate of the second unit, from an hour ago for eight hours; its line says what is shown, but for what is
        `changed` afterwards."""
        line = Mandate(
            v=1,
            mandate=f"M-{number:012x}",
            kind=kind,
            unit=UNIT,
            authority=None if kind == "bench" else "URN/1/26",
            allows=[POSITION] if kind == "retrieval" else [VIDEO],
            purpose="aim and focus",
            not_before=self._second - timedelta(hours=1),
            not_after=self._second + timedelta(hours=7),
            requester=requester,
            approver=approver,
            salt="0f" * 16,
        )
        in_force = state in {"live", "future", "ended", "cancelled"}
        signers = [requester, approver] if in_force else list(signed_by)
        view = MandateView(
            mandate_id=line.mandate,
            kind=kind,
            unit=UNIT,
            unit_label="roof 001",
            authority_id=None if kind == "bench" else "A-000000000001",
            authority=line.authority,
            allows=line.allows,
            purpose=line.purpose,
            not_before=line.not_before,
            not_after=line.not_after,
            requester=requester,
            approver=approver,
            state=state,
            text=line.text(),
            signed_by=signers,
            waits_for=[one for one in (requester, approver) if one not in signers] if state == "draft" else [],
            drafted_at=self.now - timedelta(minutes=number),
            expires_at=self.now + timedelta(hours=70),
            recorded_at=self.now if in_force else None,
            cancelled_by="TO-07" if state == "cancelled" else None,
            cancelled_at=self.now - timedelta(hours=3) if state == "cancelled" else None,
            recovered_by=None,
            recovered_at=None,
            signatures=[self.made_signature(one) for one in signers],
        )
        return msgspec.structs.replace(view, **changed)

    def made_signature(self, person_id: str, *, hardware: bool = False) -> SignatureMade:
        """Their signature, handed in half an hour ago."""
        holder = KEYHOLDERS.get(person_id)
        fingerprint = read_key(holder.line).fingerprint if holder is not None else "SHA256:" + "x" * 43
        at = self.now - timedelta(minutes=30)
        return SignatureMade(person=person_id, at=at, fingerprint=fingerprint, hardware=hardware)

    def duty(self, kind: str, about: str, **changed: Any) -> Duty:
        """Something that waits, due in two days, but for what is `changed`."""
        duty = Duty(
            kind=kind,  # type: ignore[arg-type]  # one of the words of `DutyKind`
            about=about,
            name="URN/1/26" if about.startswith("A-") else "roof 001",
            unit=None if about.startswith("A-") else UNIT,
            sentence="what waits",
            due_at=self.now + timedelta(hours=58, minutes=1),
            is_alarm=False,
        )
        return msgspec.structs.replace(duty, **changed)

    async def checks(self, unit_id: str, limit: int = 20) -> list[CheckView]:
        return [check for check in self.check_list if check.unit == unit_id][:limit]

    async def duties(self) -> list[Duty]:
        return list(self.duty_list)

    async def mandates(
        self,
        unit_id: str | None = None,
        *,
        state: MandateState | None = None,
        mine: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> MandatePage:
        self.asked.append(("mandates", unit_id, state, mine))
        found = [
            view
            for view in self.mandate_list
            if (unit_id is None or view.unit == unit_id)
            and (state is None or view.state == state)
            and (not mine or "TO-12" in view.waits_for)
        ]
        return MandatePage(total=len(found), offset=offset, rows=found[offset : offset + limit])

    async def mandate(self, mandate_id: str) -> MandateView:
        return self._one(mandate_id)

    async def draft_mandate(self, new: NewMandate) -> MandateView:
        self.asked.append(("draft_mandate", new))
        view = self.made_mandate(99, kind=new.kind, approver=new.approver)
        self.mandate_list.insert(0, view)
        return view

    async def sign_mandate(self, read: Mandate) -> MandateView:
        self.asked.append(("sign_mandate", read))
        return self._signed(read.mandate, "TO-12")

    async def hand_in_signature(self, mandate_id: str, armored: str) -> MandateView:
        self.asked.append(("hand_in_signature", mandate_id, armored))
        return self._signed(mandate_id, "TO-07")

    async def discard_mandate(self, mandate_id: str) -> MandateView:
        self.asked.append(("discard_mandate", mandate_id))
        return self._changed(mandate_id, state="discarded", text="", waits_for=[])

    async def cancel_mandate(self, mandate_id: str, reason: str) -> MandateView:
        self.asked.append(("cancel_mandate", mandate_id, reason))
        return self._changed(mandate_id, state="cancelled", cancelled_by="TO-12", cancelled_at=self.now)

    async def kit_recovered(self, mandate_id: str, note: str) -> MandateView:
        self.asked.append(("kit_recovered", mandate_id, note))
        return self._changed(mandate_id, recovered_by="TO-12", recovered_at=self.now)

    def _one(self, mandate_id: str) -> MandateView:
        view = next((view for view in self.mandate_list if view.mandate_id == mandate_id), None)
        if view is None:
            raise Refused(404, Problem(code="mandate-unknown", message=f"there is no mandate {mandate_id}"))
        return view

    def _changed(self, mandate_id: str, **changed: Any) -> MandateView:
        after = msgspec.structs.replace(self._one(mandate_id), **changed)
        self.mandate_list = [after if view.mandate_id == mandate_id else view for view in self.mandate_list]
        return after

    def _signed(self, mandate_id: str, person_id: str) -> MandateView:
        view = self._one(mandate_id)
        left = [one for one in view.waits_for if one != person_id]
        return self._changed(
            mandate_id,
            signed_by=[*view.signed_by, person_id],
            signatures=[*view.signatures, self.made_signature(person_id)],
            waits_for=left,
            state="draft" if left else "live",
            recorded_at=None if left else self.now,
        )

    async def authorities(
        self, words: str = "", *, state: AuthorityState | None = None, offset: int = 0, limit: int = 100
    ) -> AuthorityPage:
        self.asked.append(("authorities", words, state))
        found = [view for view in self.authority_list if state is None or view.state == state]
        return AuthorityPage(total=len(found), offset=offset, rows=found[offset : offset + limit])

    async def authority(self, authority_id: str) -> AuthorityView:
        return next(view for view in self.authority_list if view.authority_id == authority_id)

    async def record_authority(self, new: NewAuthority) -> AuthorityView:
        self.asked.append(("record_authority", new))
        view = self.made_authority(
            77,
            reference=new.reference,
            kinds=new.kinds,
            modalities=new.modalities,
            starts_at=new.starts_at,
            ends_at=new.ends_at,
            urgent_oral=new.urgent_oral,
        )
        self.authority_list.insert(0, view)
        return view

    async def review_authority(self, authority_id: str, done: ReviewDone) -> AuthorityView:
        self.asked.append(("review_authority", authority_id, done))
        return self._other(authority_id, state="in-force", next_review_at=done.next_review_at)

    async def record_statement(self, authority_id: str, document: DocumentHash) -> AuthorityView:
        self.asked.append(("record_statement", authority_id, document))
        return self._other(authority_id, statement_at=self.now)

    async def cancel_authority(self, authority_id: str, reason: str) -> AuthorityView:
        self.asked.append(("cancel_authority", authority_id, reason))
        return self._other(authority_id, state="cancelled", cancelled_by="TO-12", cancelled_at=self.now, mandates=0)

    def _other(self, authority_id: str, **changed: Any) -> AuthorityView:
        views = {view.authority_id: view for view in self.authority_list}
        views[authority_id] = msgspec.structs.replace(views[authority_id], **changed)
        self.authority_list = list(views.values())
        return views[authority_id]
