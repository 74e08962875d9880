"""The deployment log at the controller, and what a person believes of it: only what the log policy proves that is in
the people list, which leads from the anchor they have pinned.

`LogRequests` asks; the functions beside it check, and are pure.
"""

from datetime import datetime

from fleet.client.errors import LogNotTrusted
from fleet.client.people import PeopleChain
from fleet.client.session import Session
from protocols.api.log import (
    CheckpointView,
    EntryPage,
    EntryProof,
    ExportRequest,
    ExportView,
    LogQuery,
    LogStatus,
    SelectionPage,
    TextPage,
)
from protocols.errors import InvalidCheckpoint, InvalidProof, InvalidReceipt
from protocols.tlog.policy import LogPolicy, SeenCheckpoint, read_policy
from protocols.tlog.receipt import VerifiedReceipt, verify_receipt


class LogRequests:
    """What can be asked of the log; part of `FleetClient`. Every reading becomes an entry of the log."""

    _session: Session

    async def log_status(self) -> LogStatus:
        """How the log stands."""
        return await self._session.request("GET", "/api/log/status", LogStatus)

    async def log_checkpoint(self) -> CheckpointView:
        """The newest cosigned checkpoint, or the newest; to be checked with `check_checkpoint`."""
        return await self._session.request("GET", "/api/log/checkpoint", CheckpointView)

    async def log_entries(self, query: LogQuery, *, before: int | None = None, limit: int = 100) -> EntryPage:
        """At most `limit` (500) entries below leaf index `before`, newest first."""
        asked = query_of(query) | {"before": before, "limit": limit}
        return await self._session.request("GET", "/api/log/entries", EntryPage, query=asked)

    async def log_entry(self, index: int) -> EntryProof:
        """One entry with its receipt, to be checked with `check_entry`."""
        return await self._session.request("GET", f"/api/log/entries/{index}", EntryProof)

    async def start_export(self, request: ExportRequest) -> ExportView:
        """Begin to take entries away; what belongs to the export may be fetched for an hour."""
        return await self._session.request("POST", "/api/log/exports", ExportView, body=request)

    async def export_tile(self, export_id: str, path: str) -> bytes:
        """A tile or entry bundle of a whole export; `path` as `tile/0/000`. Nothing is checked."""
        return await self._session.fetch(f"/api/log/exports/{export_id}/{path}")

    async def export_texts(self, export_id: str, after: int = -1) -> TextPage:
        """Free texts of entries after leaf `after`."""
        path = f"/api/log/exports/{export_id}/texts"
        return await self._session.request("GET", path, TextPage, query={"after": after})

    async def export_selection(self, export_id: str, after: int = -1) -> SelectionPage:
        """Leaves of a selective export after leaf `after`, with receipts."""
        path = f"/api/log/exports/{export_id}/selection"
        return await self._session.request("GET", path, SelectionPage, query={"after": after})


def query_of(query: LogQuery) -> dict[str, str | datetime | None]:
    """The query parameters that say the same."""
    return {
        "unit": query.unit,
        "person": query.person,
        "authority": query.authority,
        "deployment": query.deployment,
        "kind": query.kind,
        "since": query.since,
        "until": query.until,
    }


def policy_of(chain: PeopleChain) -> LogPolicy:
    """The log policy of the newest checked people list; raises LogNotTrusted when it has none."""
    text = chain.newest.log_policy
    if not text:
        raise LogNotTrusted(
            "the log", "the people list names no log and no witnesses: two administrators have to sign a list that does"
        )
    return read_policy(text)


def check_checkpoint(note: str, policy: LogPolicy) -> SeenCheckpoint:
    """What the note says, signed by the policy's log and a quorum of its witnesses; raises LogNotTrusted."""
    try:
        return policy.check(note)
    except InvalidCheckpoint as error:
        raise LogNotTrusted("the log's checkpoint", error.detail) from error


def check_entry(proof: EntryProof, policy: LogPolicy) -> VerifiedReceipt | None:
    """What the entry's receipt proves of it, None when there is no receipt yet; raises LogNotTrusted."""
    if proof.receipt is None:
        return None
    return check_leaf(proof.receipt, proof.entry.leaf.encode(), proof.entry.index, policy)


def check_leaf(receipt: str, leaf: bytes, index: int, policy: LogPolicy) -> VerifiedReceipt:
    """What the receipt proves of the leaf at `index`; raises LogNotTrusted."""
    what = f"the receipt of entry {index}"
    try:
        verified = verify_receipt(receipt, leaf, policy)
    except (InvalidReceipt, InvalidCheckpoint, InvalidProof) as error:
        raise LogNotTrusted(what, error.detail) from error
    if verified.index != index:
        raise LogNotTrusted(what, f"it is of entry {verified.index}")
    return verified
