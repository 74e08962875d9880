"""The log, openings and error reports of a fleet in memory."""

from datetime import timedelta
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.entries.access import ModalityOpened
from fleet.entries.entry import Entry, HashedText, encode, kind_of
from fleet.entries.leaf import compose
from fleet.entries.people_and_units import UnitJoined, UnitLabelled
from protocols.api.log import (
    EntryPage,
    EntryProof,
    EntryView,
    ErrorReportState,
    ErrorReportView,
    LogQuery,
    LogStatus,
    OpeningsPage,
    OpeningView,
    TextView,
    WitnessStatus,
)
from protocols.tlog.checkpoint import Checkpoint
from protocols.tlog.cosignature import cosign
from protocols.tlog.merkle import leaf_hash
from protocols.tlog.note import Note, VerifierKey, sign_note
from protocols.tlog.policy import build_policy
from protocols.tlog.receipt import Receipt
from protocols.tlog.signature_types import COSIGNATURE_V1
from tests.unit.tui.stub_people import StubPeople

LOG_KEY, WITNESS_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
ORIGIN, WITNESS = "log.example", "north.example"
POLICY = build_policy(
    VerifierKey.of(ORIGIN, LOG_KEY.public_key().public_bytes_raw()).line,
    [("north", VerifierKey.of(WITNESS, WITNESS_KEY.public_key().public_bytes_raw(), COSIGNATURE_V1).line)],
    1,
)


def receipt_of_only_leaf(leaf: bytes, unix_s: int) -> str:
    """The receipt of the only leaf of a log."""
    body = Checkpoint(ORIGIN, 1, leaf_hash(leaf)).body
    signatures = (sign_note(body, ORIGIN, LOG_KEY), cosign(body, WITNESS, WITNESS_KEY, unix_s))
    return Receipt(0, (), Note(body, signatures).text).text


class StubLog(StubPeople):
    """`entry_list` newest first; the receipt of any entry is that of leaf 0."""

    def put_log_policy(self, text: str) -> None:
        """The people list names this log policy."""
        self.anchor = msgspec.structs.replace(self.anchor, log_policy=text)

    def found_log(self) -> None:
        """Put entries, openings and reports there."""
        at = self.now - timedelta(minutes=5)
        label = HashedText("van kit 3")
        made: list[Entry] = [
            UnitJoined(
                at=at,
                actor="TO-07",
                unit="unit-00000001",
                join="j9",
                fingerprint="ab:cd",
                key_protection="tpm",
                certificate="0a1b",
                model=None,
                settings_version=1,
                report_every_s=30,
                spool_max_mb=64,
                spool_max_days=30,
            ),
            UnitLabelled(at=at, actor="SU-02", unit="unit-00000001", label=label),
            ModalityOpened(
                at=at,
                actor="unit",
                unit="unit-00000001",
                unit_at=at - timedelta(seconds=2),
                authority="URN 1/26",
                opening="op-1",
                mandate="M-204",
                modality="video",
                person="TO-12",
                record=7,
            ),
        ]
        self.entry_list = [self._entry(index, entry, "van kit 3") for index, entry in enumerate(made)][::-1]
        self.opening_list = [self._opening(0, "inside"), self._opening(1, "outside")]
        self.report_list = [self._report("draft"), self._report("closed")]

    def _entry(self, index: int, entry: Entry, text: str) -> EntryView:
        leaf = compose(index, index - 1 if index else None, encode(entry)).decode()
        texts = [TextView(field="label", text=text)] if isinstance(entry, UnitLabelled) else []
        return EntryView(
            index=index,
            prior=index - 1 if index else None,
            at=entry.at,
            actor=entry.actor,
            kind=kind_of(entry),
            dpa=entry.dpa,
            unit=entry.unit,
            label="van kit 3",
            authority=entry.authority,
            leaf=leaf,
            texts=texts,
        )

    def _opening(self, number: int, verdict: Literal["inside", "outside"]) -> OpeningView:
        opened = self.now - timedelta(hours=number + 1)
        return OpeningView(
            opening=f"op-{number}",
            unit="unit-00000001",
            label="van kit 3",
            modality="video",
            person="TO-12",
            mandate="M-204",
            authority="URN 1/26",
            granted_at=opened,
            opened_at=opened,
            unit_opened_at=opened - timedelta(seconds=2),
            closed_at=opened + timedelta(seconds=51),
            close_reason="closed",
            open_s=51,
            verdict=verdict,
            faults=[] if verdict == "inside" else ["opened 12 min before the authority began"],
            report=None if verdict == "inside" else "r-1",
            entries=[number, number + 1],
        )

    def _report(self, state: ErrorReportState) -> ErrorReportView:
        shut = state == "closed"
        return ErrorReportView(
            report_id=f"r-{state}",
            unit_id="unit-00000001",
            label="van kit 3",
            cause="before-authority",
            summary=f"video was opened before its authority began ({state})",
            evidence=["entry 2", "record 7"],
            found_at=self.now - timedelta(hours=3),
            state=state,
            account="The clock of the van was wrong." if shut else "",
            accounted_by="SU-02" if shut else None,
            accounted_at=self.now if shut else None,
            submitted_by="SU-02" if shut else None,
            submitted_at=self.now if shut else None,
            outcome="Told the inspectorate." if shut else "",
            closed_by="AP-01" if shut else None,
            closed_at=self.now if shut else None,
        )

    async def log_status(self) -> LogStatus:
        return LogStatus(
            origin=ORIGIN,
            size=len(self.entry_list),
            waiting=0,
            checkpoint_at=self.now,
            cosigned_size=len(self.entry_list),
            cosigned_at=self.now,
            sequencing_here=True,
            policy=POLICY.text,
            quorum=1,
            witnesses=[WitnessStatus(name="north", answer="cosigned", at=self.now, size=3)],
            timestamped_at=None,
            alarms=[],
        )

    async def log_entries(self, query: LogQuery, *, before: int | None = None, limit: int = 100) -> EntryPage:
        self.asked.append(("log_entries", query, before))
        found = [
            entry
            for entry in self.entry_list
            if (query.unit is None or entry.unit == query.unit)
            and (query.person is None or entry.actor == query.person)
            and (query.kind is None or entry.kind.startswith(query.kind))
            and (before is None or entry.index < before)
        ]
        return EntryPage(entries=found[:limit], next_before=None, size=len(self.entry_list))

    async def log_entry(self, index: int) -> EntryProof:
        self.asked.append(("log_entry", index))
        entry = next(one for one in self.entry_list if one.index == index)
        first = self.entry_list[-1].leaf.encode()
        return EntryProof(entry=entry, receipt=receipt_of_only_leaf(first, int(self.now.timestamp())))

    async def openings(self, query: LogQuery) -> OpeningsPage:
        self.asked.append(("openings", query))
        return OpeningsPage(openings=list(self.opening_list), is_all=True)

    async def openings_report(self, query: LogQuery, form: Literal["csv", "pdf"]) -> bytes:
        self.asked.append(("openings_report", query, form))
        return b"opening,unit\r\n"

    async def error_reports(self, *, open_only: bool = False) -> list[ErrorReportView]:
        return [one for one in self.report_list if not open_only or one.state != "closed"]

    async def account_for_error(self, report_id: str, text: str) -> ErrorReportView:
        return self._advance(report_id, "accounted", text)

    async def submit_error_report(self, report_id: str, text: str) -> ErrorReportView:
        return self._advance(report_id, "submitted", text)

    async def return_error_report(self, report_id: str, text: str) -> ErrorReportView:
        return self._advance(report_id, "accounted", text)

    async def close_error_report(self, report_id: str, text: str) -> ErrorReportView:
        return self._advance(report_id, "closed", text)

    def _advance(self, report_id: str, state: ErrorReportState, text: str) -> ErrorReportView:
        self.asked.append(("error report", report_id, state, text))
        index = next(index for index, one in enumerate(self.report_list) if one.report_id == report_id)
        self.report_list[index] = msgspec.structs.replace(self.report_list[index], state=state)
        return self.report_list[index]
