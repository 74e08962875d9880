"""What a person reads before signing a draft: all of it, whatever the controller says is in force."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from tuf.api.metadata import DelegatedRole, Delegations, TargetFile, Targets

from fleet.client.errors import DraftNotTrusted
from fleet.client.release_drafts import read_release, told
from fleet.releases.metadata import canonical_text
from protocols.api.releases import DraftView, ReleasesView, TargetView

UNTIL = datetime(2027, 2, 21, tzinfo=UTC)
KNOWN, OTHER = "ab" * 32, "cd" * 32
MANIFEST = (
    '{"format":1,"name":"van-2","parts":[{"part":"mcu","version":"2.0.0","target":"mcu/a.bin","board":"nucleo",'
    '"updater":"mcuboot"}]}'
)


def targets(*files: tuple[str, str], **more: Any) -> Targets:
    """Files of 9 bytes by path and SHA-256."""
    listed = {path: TargetFile(9, {"sha256": digest}, path) for path, digest in files}
    return Targets(version=2, expires=UNTIL, targets=listed, **more)


def in_force(*files: tuple[str, str]) -> ReleasesView:
    """What a controller says is in force."""
    listed = [TargetView(path=path, sha256=digest, length_bytes=9) for path, digest in files]
    return ReleasesView(roles=[], targets=listed, manifests={}, drafts=[])


def test_a_controller_that_calls_a_file_known_has_it_left_out_of_nothing() -> None:
    read = read_release("targets", canonical_text(targets(("mcu/a.bin", KNOWN), ("mcu/evil.bin", OTHER))))
    lines = told(read, [], in_force(("mcu/a.bin", KNOWN), ("mcu/evil.bin", OTHER)))
    assert lines[1:] == [
        f"  as before: mcu/a.bin, 9 bytes, sha256 {KNOWN}",
        f"  as before: mcu/evil.bin, 9 bytes, sha256 {OTHER}",
    ]


def test_what_changes_is_told_first() -> None:
    read = read_release("targets", canonical_text(targets(("a.bin", KNOWN), ("b.bin", OTHER), ("c.bin", OTHER))))
    lines = told(read, [], in_force(("a.bin", KNOWN), ("b.bin", KNOWN), ("d.bin", KNOWN)))
    assert [line.split(":")[0].split(" (")[0].strip() for line in lines[1:]] == [
        "CHANGED",
        "new",
        "no more",
        "as before",
    ]


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (MANIFEST, "    mcu 2.0.0: mcu/a.bin, by mcuboot, board nucleo"),
        (
            MANIFEST.replace("a.bin", "b.bin"),
            "    WHAT IT NAMES IS NOT KNOWN: the controller shows another text than the draft's",
        ),
        ("", "    WHAT IT NAMES IS NOT KNOWN: the controller shows another text than the draft's"),
    ],
)
def test_what_a_manifest_names_is_told_if_its_text_is_the_one_that_is_signed(shown: str, line: str) -> None:
    path = "manifests/van-2.json"
    text = canonical_text(targets((path, sha256(MANIFEST.encode()).hexdigest())))
    waiting = DraftView(
        role="targets",
        version=2,
        text=text,
        sha256=KNOWN,
        made_by="SU-02",
        made_at=UNTIL,
        may_sign=["SU-02", "TO-12"],
        signed_by=[],
        needed=2,
        manifests={path: shown},
    )
    view = msgspec.structs.replace(in_force(), drafts=[waiting])
    assert told(read_release("targets", text), [], view)[-1] == line


@pytest.mark.parametrize(
    "draft",
    [
        targets(("mcu/a.bin\n  unchanged: 7 files", KNOWN)),
        targets(("mcu/\x1b[2Ka.bin", KNOWN)),
        targets(("a.bin", "ab")),
        targets(("a.bin", KNOWN), unrecognized_fields={"x": 1}),
        targets(
            ("a.bin", KNOWN),
            delegations=Delegations({}, {"x": DelegatedRole("x", [], 1, False, paths=["*"])}),  # noqa: FBT003 - by place
        ),
    ],
)
def test_what_there_are_no_words_for_is_not_read(draft: Targets) -> None:
    with pytest.raises(DraftNotTrusted):
        read_release("targets", canonical_text(draft))
