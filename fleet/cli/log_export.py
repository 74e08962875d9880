"""Taking the log away: everything is fetched and checked before anything is written, all of it or nothing."""

import asyncio
import sys
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from fleet.cli.log_scope import Scope, query_for
from fleet.client import FleetClient, check_checkpoint, check_leaf, policy_of
from fleet.client.errors import LogNotTrusted
from fleet.errors import RequestRefused
from fleet.inspection.auditor.finding import Damage
from fleet.inspection.auditor.hashing import split_bundle
from fleet.inspection.auditor.verify_log import verify
from fleet.inspection.export_directory import (
    ExportParts,
    KeptText,
    TimeStamp,
    selected_export,
    whole_export,
    write_export,
)
from fleet.log.tiles import ENTRIES, tile_path, tile_widths
from fleet.log.tree import Frontier
from protocols.api.log import ExportRequest, ExportView, LogQuery, SelectedLeaf
from protocols.errors import ProtocolError
from protocols.tlog.checkpoint import Checkpoint
from protocols.tlog.merkle import leaf_hash
from protocols.tlog.policy import NONE, LogPolicy

_AT_ONCE = 4
"""Entry bundles that are asked for side by side."""


class TakenExport(msgspec.Struct, frozen=True):
    """What was written: `entries` of a log of `size`; the export's own entry is `index`. Not `witnessed`: only the
    controller vouches for it."""

    directory: str
    export_id: str
    index: int
    entries: int
    size: int
    witnessed: bool


class _Told(msgspec.Struct):
    """What the entry of an export says of it."""

    kind: str
    export: str = ""
    scope: LogQuery | None = None


async def take_away(
    door: FleetClient, directory: Path, scope: Scope, reason: str, *, unwitnessed: bool = False
) -> TakenExport:
    """Export what `scope` names (nothing: the whole log) into `directory`, which has to be new or empty.

    With `unwitnessed` also when no quorum of witnesses has seen the tree: then the export's own policy asks for none.

    Raises ClientError, with LogNotTrusted for anything that the log policy in the people list does not prove, and
    RequestRefused when the directory can not be made; then nothing is left behind.
    """
    _check_free(directory)
    policy = policy_of(await door.people_chain())
    query = None if scope.is_empty else await query_for(door, scope)
    export = await door.start_export(ExportRequest(reason=reason, scope=query))
    if not export.cosigned:
        if not unwitnessed:
            raise LogNotTrusted(
                "the log's checkpoint",
                "too few witnesses have cosigned it, so only the controller vouches for it; see fleet log status, then "
                "try again, or take it as it is with --unwitnessed",
            )
        policy = replace(policy, groups=(), quorum=NONE)
    root = check_checkpoint(export.checkpoint, policy).checkpoint
    if root.size != export.size:
        raise LogNotTrusted("the export", f"its checkpoint is of {root.size} entries, not {export.size}")
    try:
        if query is None:
            leaves = await _whole_log(door, export, root)
            files = whole_export(await _parts(door, export, policy), leaves)
        else:
            chosen = await _selection(door, export, policy)
            leaves = [one.leaf.encode() for one in chosen]
            files = selected_export(await _parts(door, export, policy), leaves, [one.receipt for one in chosen])
        _check_told(leaves[export.index if query is None else -1], export, query)
        verify(files, trusted=policy.text.encode())
    except Damage as error:
        raise LogNotTrusted(f"{error.file} of the export", error.reason) from error
    except (ValueError, LookupError, ProtocolError) as error:
        raise LogNotTrusted("the export", f"its parts do not fit together ({error})") from error
    _write(directory, files)
    return TakenExport(
        directory=str(directory),
        export_id=export.export_id,
        index=export.index,
        entries=len(leaves),
        size=export.size,
        witnessed=export.cosigned,
    )


def _check_free(directory: Path) -> None:
    """Raise RequestRefused unless an export can be written there: asking for one is an entry already."""
    try:
        taken = directory.is_symlink() or (directory.exists() and (not directory.is_dir() or any(directory.iterdir())))
    except OSError as error:
        raise _unwritable(directory, error) from error
    if taken:
        raise RequestRefused(
            "directory-taken", f"{directory} is there already and not an empty directory", "name another"
        )
    if not directory.absolute().parent.is_dir():
        raise RequestRefused("directory-unwritable", f"{directory.parent} is no directory", "make it, or name another")


async def _whole_log(door: FleetClient, export: ExportView, root: Checkpoint) -> list[bytes]:
    """All leaves of the checkpoint's tree; raises LogNotTrusted when they do not lead to its root."""
    frontier = Frontier(0, {})
    leaves: list[bytes] = []
    widths = tile_widths(root.size, 0)
    for start in range(0, len(widths), _AT_ONCE):
        places = list(enumerate(widths))[start : start + _AT_ONCE]
        paths = [tile_path(ENTRIES, index, width) for index, width in places]
        for path, (_, width), content in zip(paths, places, await _tiles(door, export, paths), strict=True):
            bundle = _leaves_of(path, content, width)
            frontier.append([leaf_hash(leaf) for leaf in bundle])
            leaves += bundle
        _progress(len(leaves), root.size)
    if frontier.root() != root.root:
        raise LogNotTrusted("the export", "its entries do not lead to the root that the checkpoint says")
    return leaves


async def _tiles(door: FleetClient, export: ExportView, paths: Sequence[str]) -> list[bytes]:
    tasks = [asyncio.create_task(door.export_tile(export.export_id, path)) for path in paths]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _leaves_of(path: str, bundle: bytes, width: int) -> Sequence[bytes]:
    try:
        leaves = split_bundle(bundle)
    except ValueError as error:
        raise LogNotTrusted(path, str(error)) from error
    if len(leaves) != width:
        raise LogNotTrusted(path, f"it has {len(leaves)} entries, not {width}")
    return leaves


async def _selection(door: FleetClient, export: ExportView, policy: LogPolicy) -> list[SelectedLeaf]:
    """The leaves of a selective export, each proven under the policy, in order."""
    chosen: list[SelectedLeaf] = []
    is_last = False
    while not is_last:
        after = chosen[-1].index if chosen else -1
        page = await door.export_selection(export.export_id, after)
        is_last = page.next_after is None
        for one in page.leaves:
            if one.index <= after:
                raise LogNotTrusted("the selection", f"entry {one.index} is not in its place")
            after = one.index
            check_leaf(one.receipt, one.leaf.encode(), one.index, policy)
        chosen += page.leaves
        if not page.leaves or len(chosen) > export.found + 1:
            raise LogNotTrusted("the selection", "it has more pages or fewer entries than it says")
        _progress(len(chosen), export.found + 1)
    if [one.index for one in chosen[-1:]] != [export.index]:
        raise LogNotTrusted("the selection", f"it does not end with entry {export.index}, which tells of it")
    return chosen


async def _parts(door: FleetClient, export: ExportView, policy: LogPolicy) -> ExportParts:
    texts: list[KeptText] = []
    after: int | None = -1
    while after is not None:
        page = await door.export_texts(export.export_id, after)
        if page.next_after is not None and not after < page.next_after < export.size:
            raise LogNotTrusted("the export's texts", "they do not come to an end")
        after = page.next_after
        texts += [KeptText(one.index, one.field, bytes.fromhex(one.salt), one.text) for one in page.texts]
    return ExportParts(policy=policy.text, checkpoint=export.checkpoint, texts=texts, stamp=_stamp(export))


def _stamp(export: ExportView) -> TimeStamp | None:
    if export.timestamp_token is None or export.timestamp_ca is None or export.timestamped_checkpoint is None:
        return None
    ca_pem = export.timestamp_ca.encode()
    return TimeStamp(token=b64decode(export.timestamp_token), ca_pem=ca_pem, note=export.timestamped_checkpoint)


def _check_told(leaf: bytes, export: ExportView, query: LogQuery | None) -> None:
    """Raise LogNotTrusted unless `leaf` is the entry of this export, of what was asked for and nothing less."""
    told = msgspec.json.decode(leaf, type=_Told)
    if told.kind != "log.exported" or (told.export, told.scope) != (export.export_id, query):
        raise LogNotTrusted("the export", f"entry {export.index} does not tell of it as it was asked for")


def _write(directory: Path, files: dict[str, bytes]) -> None:
    try:
        write_export(directory, files)
    except OSError as error:
        raise _unwritable(directory, error) from error


def _unwritable(directory: Path, error: OSError) -> RequestRefused:
    said = error.strerror or str(error)
    return RequestRefused("directory-unwritable", f"{directory} can not be written: {said}", "name another")


def _progress(done: int, of: int) -> None:
    """How far it is, on a terminal only."""
    if sys.stderr.isatty():
        end = "\n" if done >= of else ""
        sys.stderr.write(f"\r{done} of {of} entries{end}")
        sys.stderr.flush()
