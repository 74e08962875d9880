"""What the next root and targets metadata say, from what is in force and a wish. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from securesystemslib.signer import SSlibKey
from tuf.api.metadata import Role, Root, TargetFile, Targets

from protocols.people import ListedPerson
from protocols.releases.ssh_key import SshKey

THRESHOLD = 2
ROOT_DAYS = 365
TARGETS_DAYS = 90


def next_root(
    before: Root | None,
    administrators: Sequence[ListedPerson],
    signers: Sequence[ListedPerson],
    controller: SSlibKey,
    now: datetime,
    days: int = ROOT_DAYS,
) -> Root:
    """The root after `before` (None: the first): who signs the next roots, who signs targets, and the controller's own
    key for snapshot and timestamp. It ends `days` after `now`."""
    root_keys = {key.keyid: key for key in (SshKey.of(one.key) for one in administrators)}
    targets_keys = {key.keyid: key for key in (SshKey.of(one.key) for one in signers)}
    return Root(
        version=1 if before is None else before.version + 1,
        expires=_until(now, days),
        keys={**root_keys, **targets_keys, controller.keyid: controller},
        roles={
            "root": Role(sorted(root_keys), THRESHOLD),
            "targets": Role(sorted(targets_keys), THRESHOLD),
            "snapshot": Role([controller.keyid], 1),
            "timestamp": Role([controller.keyid], 1),
        },
        consistent_snapshot=True,
    )


def next_targets(
    in_force: Targets | None,
    base: Targets | None,
    added: Mapping[str, tuple[str, int]],
    removed: Sequence[str],
    now: datetime,
    days: int = TARGETS_DAYS,
) -> Targets:
    """The targets metadata after `in_force` (None: the first), with the files of `base` (a draft that it replaces, or
    what is in force) but `removed`, and `added`: by path the file's SHA-256 and length. It ends `days` after `now`."""
    files = {} if base is None else {path: one for path, one in base.targets.items() if path not in removed}
    for path, (sha256, length) in added.items():
        files[path] = TargetFile(length, {"sha256": sha256}, path)
    version = 1 if in_force is None else in_force.version + 1
    return Targets(version=version, expires=_until(now, days), targets=files)


def _until(now: datetime, days: int) -> datetime:
    return now.replace(microsecond=0) + timedelta(days=days)
