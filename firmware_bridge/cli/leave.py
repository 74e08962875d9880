"""A permit as `update` honours it: leave of two people for one older image."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from firmware_bridge.cli.given_files import read_given
from firmware_bridge.errors import BridgeError, ImageRefused
from firmware_bridge.images.installed import Installed
from protocols.errors import InvalidPermit
from protocols.people import MAX_LIST_CHARS, PeopleList, SignedPeopleList, read_list
from protocols.releases.manifest import PartName
from protocols.releases.permit import MAX_PERMIT_BYTES, Wanted, check_permit, read_permit

_MOST_LIST_BYTES = 4 * MAX_LIST_CHARS


@dataclass(frozen=True)
class Leave:
    """The permit in a file, judged by the people list in another, for a device of `unit`; None: one of no unit."""

    permit: Path
    people: Path | None
    part: PartName
    unit: str | None

    def allows(self, content: bytes, wanted: Installed) -> bool:
        """True when it allows `content`, which would be `wanted`; raises ImageRefused `permit` where it
        does not, InvalidPeopleList and BridgeError.

        As under mandates, keys on disk may sign for a bench, and only keys in tokens for a unit.
        """
        if self.people is None:
            raise BridgeError("a permit is checked against a people list; name it: --people LIST")
        asked = Wanted(part=self.part, sha256=sha256(content).hexdigest(), version=wanted.version, unit=self.unit)
        people = people_in(self.people)
        content_read = read_given(self.permit, MAX_PERMIT_BYTES)
        try:
            check_permit(
                read_permit(content_read), asked, people, datetime.now(UTC), plain_keys_may_sign=self.unit is None
            )
        except InvalidPermit as error:
            raise ImageRefused(
                "permit", f"{self.permit}: {error.detail}", "see what it says: fleet permit show"
            ) from error
        return True


def people_in(file: Path) -> PeopleList:
    """The people list in `file`: its text, or the JSON with its signatures around it. Who names it vouches for it.

    Raises InvalidPeopleList and BridgeError.
    """
    content = read_given(file, _MOST_LIST_BYTES)
    try:
        text = msgspec.json.decode(content, type=SignedPeopleList).text
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = content.decode(errors="replace").removesuffix("\n")
    return read_list(text)
