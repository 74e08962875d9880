"""What a draft of release metadata says and changes, read from its exact text before it is signed. Pure.

All of it is told: a controller that lies about what is in force can not have anything of a draft left out.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from securesystemslib.formats import encode_canonical
from tuf.api.metadata import Root, Targets

from fleet.client.errors import DraftNotTrusted
from protocols.api.releases import ReleasesView, SignedRole
from protocols.errors import InvalidManifest
from protocols.people import ListedPerson
from protocols.releases.manifest import TargetPath, read_manifest
from protocols.releases.ssh_key import SshKey, register
from protocols.text import escaped

register()
_KINDS: Mapping[str, type[Root | Targets]] = {"root": Root, "targets": Targets}
_SHA256 = re.compile("[0-9a-f]{64}")


class ReadRelease(NamedTuple):
    """A draft as its text has it. Only such a one is signed."""

    role: SignedRole
    text: str
    sha256: str
    signed: Root | Targets

    @property
    def expires(self) -> datetime:
        """When it ends."""
        return self.signed.expires


def read_release(role: SignedRole, text: str) -> ReadRelease:
    """The draft in `text`; raises DraftNotTrusted for one that is not TUF's, not in its one form, or that says what
    `told` has no words for."""
    try:
        signed = _KINDS[role].from_dict(json.loads(text))
        again = encode_canonical(signed.to_dict())
    # The library raises errors of nearly every kind for what is not of its form.
    except Exception as error:
        raise DraftNotTrusted(f"it can not be read ({str(error)[:200] or type(error).__name__})") from error
    if again != text:
        raise DraftNotTrusted("it is not in its one form")
    _check_plain(signed)
    return ReadRelease(role, text, sha256(text.encode()).hexdigest(), signed)


def role_of(text: str) -> SignedRole:
    """The role that a draft's text says it is for; raises DraftNotTrusted."""
    try:
        role = json.loads(text)["_type"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DraftNotTrusted("it is no draft of root or targets") from error
    if role not in _KINDS:
        raise DraftNotTrusted("it is no draft of root or targets")
    found: SignedRole = role
    return found


def told(read: ReadRelease, people: Sequence[ListedPerson], view: ReleasesView | None) -> list[str]:
    """What a person reads before signing, a line each. `people` are those of the list that they trust; `view` is what
    is in force as the controller says, None: not asked."""
    lines = [f"{read.role} {read.signed.version}, until {read.expires:%Y-%m-%d %H:%M} UTC, sha256 {read.sha256}"]
    if isinstance(read.signed, Root):
        return lines + _root_lines(read.signed, people, view)
    return lines + _targets_lines(read.signed, view)


def _root_lines(root: Root, people: Sequence[ListedPerson], view: ReleasesView | None) -> list[str]:
    names = {one.key: f"{one.person_id} ({one.role})" for one in people}
    before = {} if view is None else {one.role: set(one.signers) for one in view.roles}
    lines = []
    for name in ("root", "targets", "snapshot", "timestamp"):
        role = root.roles[name]
        who = [_who(root.keys[key_id], names) for key_id in role.keyids]
        lines.append(f"  {name}: {role.threshold} of {', '.join(sorted(who))}")
        if name in ("root", "targets") and name in before:
            ids = {one.split(" ")[0] for one in who}
            lines += [f"    new: {one}" for one in sorted(ids - before[name])]
            lines += [f"    no more: {one}" for one in sorted(before[name] - ids)]
    return lines


def _who(key: Any, names: Mapping[str, str]) -> str:
    if not isinstance(key, SshKey):
        return f"the controller's key {key.keyval.get('public', '')[:16]}…"
    return names.get(key.line) or f"SOMEBODY WHO IS NOT LISTED ({key.person_key.fingerprint})"


def _targets_lines(targets: Targets, view: ReleasesView | None) -> list[str]:
    """A line for each file, first those that change something, as the controller says, and what each manifest names."""
    texts = {} if view is None else {path: text for one in view.drafts for path, text in one.manifests.items()}
    now = {path: (one.hashes["sha256"], one.length) for path, one in targets.targets.items()}
    before = {} if view is None else {one.path: (one.sha256, one.length_bytes) for one in view.targets}
    changed, as_before = [], []
    for path, (digest, length) in sorted(now.items()):
        facts = f"{path}, {length} bytes, sha256 {digest}"
        names = [] if view is None else _manifest_lines(path, digest, texts.get(path, ""))
        if view is None:
            changed.append(f"  has: {facts}")
        elif path not in before:
            changed += [f"  new: {facts}", *names]
        elif before[path] == (digest, length):
            as_before += [f"  as before: {facts}", *names]
        else:
            changed += [f"  CHANGED (was {before[path][0]}): {facts}", *names]
    return [*changed, *(f"  no more: {path}" for path in sorted(before.keys() - now.keys())), *as_before]


def _manifest_lines(path: str, digest: str, text: str) -> list[str]:
    """What the manifest at `path` names, of a text that has the signed hash; nothing for another file."""
    if not path.startswith("manifests/"):
        return []
    if sha256(text.encode()).hexdigest() != digest:
        return ["    WHAT IT NAMES IS NOT KNOWN: the controller shows another text than the draft's"]
    try:
        manifest = read_manifest(text.encode())
    except InvalidManifest as error:
        return [f"    {error}"]
    models = ", ".join(manifest.models) or "any model"
    return [f"    for {escaped(models)}"] + [
        f"    {one.part} {one.version}: {one.target}, by {one.updater}, board {escaped(one.board) or 'not said'}"
        for one in manifest.parts
    ]


def _check_plain(signed: Root | Targets) -> None:
    if signed.unrecognized_fields:
        raise DraftNotTrusted("it has fields that are not known here")
    if isinstance(signed, Root):
        return
    if signed.delegations is not None:
        raise DraftNotTrusted("it lets others sign files")
    for path, one in signed.targets.items():
        try:
            msgspec.convert(path, TargetPath)
        except msgspec.ValidationError as error:
            raise DraftNotTrusted(f"{path[:80]!a} is no path of a file for units") from error
        if set(one.hashes) != {"sha256"} or not _SHA256.fullmatch(one.hashes["sha256"]) or one.unrecognized_fields:
            raise DraftNotTrusted(f"{path} has more or less than a length and a SHA-256")
