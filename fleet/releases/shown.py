"""The repository as the API shows it, and the manifests in force."""

from collections.abc import Mapping, Sequence
from typing import Any

from securesystemslib.signer import Key
from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from fleet.errors import RequestRefused
from fleet.releases.metadata import read_file, read_signed
from fleet.releases.rules import ids_of, needed, signers_of
from fleet.store.releases import MetadataRole, StoredDraft
from fleet.store.store import Transaction
from protocols.api.releases import MAX_PIECE_BYTES, DraftView, ReleasesView, RoleView, SignedRole, TargetView
from protocols.errors import InvalidManifest
from protocols.people import PeopleList
from protocols.releases.manifest import MAX_MANIFEST_BYTES, Manifest, read_manifest
from protocols.releases.ssh_key import SshKey

MANIFESTS = "manifests/"
"""What the paths of manifests begin with."""

_ROLES: tuple[MetadataRole, ...] = ("root", "targets", "snapshot", "timestamp")
_KINDS: Mapping[MetadataRole, type[Any]] = {
    "root": Root,
    "targets": Targets,
    "snapshot": Snapshot,
    "timestamp": Timestamp,
}
_SIGNED: tuple[SignedRole, ...] = ("root", "targets")


async def releases_view(transaction: Transaction, people: PeopleList) -> ReleasesView:
    """All of it; signers are named as the people list in force knows them."""
    held = {role: await transaction.releases.newest(role) for role in _ROLES}
    stored = held["root"]
    root = None if stored is None else read_file(Root, stored.content).signed
    roles: list[RoleView] = []
    for role, one in held.items():
        if one is not None and root is not None:
            wanted = root.roles[role]
            roles.append(
                RoleView(
                    role=role,
                    version=one.version,
                    expires_at=one.expires_at,
                    threshold=wanted.threshold,
                    signers=_signers(root, wanted.keyids, people),
                )
            )
    targets = None if held["targets"] is None else read_file(Targets, held["targets"].content).signed
    files = sorted((targets.targets if targets else {}).items())
    drafts = [await transaction.releases.draft(role) for role in _SIGNED]
    return ReleasesView(
        roles=roles,
        targets=[TargetView(path=path, sha256=one.hashes["sha256"], length_bytes=one.length) for path, one in files],
        manifests={} if targets is None else await manifests_of(transaction, targets),
        drafts=[await draft_view(transaction, one, root, people) for one in drafts if one is not None],
    )


async def draft_view(transaction: Transaction, draft: StoredDraft, root: Root | None, people: PeopleList) -> DraftView:
    """A draft that waits; `root` is the one in force."""
    signed = read_signed(draft.role, draft.text)
    return DraftView(
        role=draft.role,
        version=draft.version,
        text=draft.text,
        sha256=draft.sha256,
        made_by=draft.made_by,
        made_at=draft.made_at,
        may_sign=ids_of(list(signers_of(signed, root).values()), people),
        signed_by=[one.person_id for one in await transaction.releases.signatures(draft.draft_id)],
        needed=needed(signed, root),
        manifests=await _texts_of(transaction, signed) if isinstance(signed, Targets) else {},
    )


async def _texts_of(transaction: Transaction, targets: Targets) -> dict[str, str]:
    """The manifests' exact texts. They were read when the draft was made, so they are short and UTF-8."""
    texts = {}
    for path, one in sorted(targets.targets.items()):
        if path.startswith(MANIFESTS):
            content = await transaction.releases.part(one.hashes["sha256"], 0, MAX_PIECE_BYTES) or b""
            texts[path] = content.decode(errors="replace")
    return texts


async def manifests_of(transaction: Transaction, targets: Targets) -> dict[str, Manifest]:
    """The manifests of `targets`, by path; raises RequestRefused for one that is none, or that names a file which is
    no target of `targets`."""
    found: dict[str, Manifest] = {}
    for path, one in sorted(targets.targets.items()):
        if not path.startswith(MANIFESTS):
            continue
        if one.length > MAX_MANIFEST_BYTES:
            raise _no_manifest(path, f"{one.length} bytes are more than {MAX_MANIFEST_BYTES}")
        content = await transaction.releases.part(one.hashes["sha256"], 0, MAX_PIECE_BYTES)
        try:
            manifest = read_manifest(content or b"")
        except InvalidManifest as error:
            raise _no_manifest(path, str(error)) from error
        missing = [part.target for part in manifest.parts if part.target not in targets.targets]
        if missing:
            said = f"{path}: {missing[0]} is no file of the release"
            raise RequestRefused("manifest-invalid", said, f"send it first: fleet release add FILE --as {missing[0]}")
        if path != f"{MANIFESTS}{manifest.name}.json":
            raise _no_manifest(path, f"it calls itself {manifest.name}")
        found[path] = manifest
    return found


def _no_manifest(path: str, why: str) -> RequestRefused:
    return RequestRefused("manifest-invalid", f"{path}: {why}"[:400], "make it with: fleet release manifest")


def _signers(root: Root, key_ids: Sequence[str], people: PeopleList) -> list[str]:
    keys: list[Key] = [root.keys[key_id] for key_id in key_ids]
    known = ids_of([key for key in keys if isinstance(key, SshKey)], people)
    unknown = [key for key in keys if isinstance(key, SshKey) and not ids_of([key], people)]
    online = ["the controller" for key in keys if not isinstance(key, SshKey)]
    return [*known, *(f"{key.person_key.fingerprint} (no longer listed)" for key in unknown), *online]
