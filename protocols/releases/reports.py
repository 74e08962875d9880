"""What a unit says of an update: it travels in an event of the spool, so none is lost and none is taken twice."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.health import Count, PartVersion
from protocols.releases.manifest import PartName
from protocols.text import SummaryText

UpdateId = Annotated[str, Meta(pattern=r"^UP-[0-9a-f]{12}$(?!\n)")]

UpdateState = Literal[
    "refused", "fetching", "fetched", "installing", "trial", "part-confirmed", "done", "rolled-back", "failed"
]
"""`refused`: nothing was begun. `fetching`, `fetched`: its files, verified. `installing`, `trial`, `part-confirmed`:
one part. `done`: every part runs and was confirmed. `rolled-back`: everything is as it was. `failed`: it is neither,
and a person has to see to it."""

ENDED: frozenset[UpdateState] = frozenset({"refused", "done", "rolled-back", "failed"})
"""An update that has ended changes nothing any more."""


class UpdateReport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """How far an update has come. `done_bytes` of `total_bytes` while it is fetching or installing; `versions` are what
    the parts say they run, those that are known, when it ended. Why, `reason` says, and the event's `summary`.
    `passing`: it was refused for a reason that passes, and may be ordered again later."""

    update: UpdateId
    state: UpdateState
    part: PartName | None = None
    done_bytes: Count = 0
    total_bytes: Count = 0
    versions: dict[PartName, PartVersion] = {}
    reason: SummaryText = ""
    passing: bool = False
