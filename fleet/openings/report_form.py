"""What the report of openings holds, whatever file it becomes. Pure."""

from datetime import UTC, datetime

import msgspec

from fleet.entries.log import LogScope
from protocols.api.log import OpeningsPage


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The log when the report was made: `size` leaves; the checkpoint that was signed last, its root in hexadecimal,
    and when each witness says it saw it, in Unix seconds. `remark` says what is wrong with it, or nothing."""

    origin: str
    size: int
    checkpoint_size: int | None = None
    root: str | None = None
    cosigned: dict[str, int] = {}
    remark: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report of the openings of `page`, made by `maker`, whose id is `made_by`."""

    scope: LogScope
    page: OpeningsPage
    standing: Standing
    made_at: datetime
    made_by: str
    maker: str


def scope_words(scope: LogScope) -> str:
    """What was asked for, in words."""
    parts = [
        f"{name} {value}" for name in ("unit", "person", "authority", "deployment") if (value := getattr(scope, name))
    ]
    parts += [f"kinds that begin with {scope.kind}"] if scope.kind else []
    parts += [f"from {utc(scope.since)}"] if scope.since else []
    parts += [f"before {utc(scope.until)}"] if scope.until else []
    return ", ".join(parts) or "the whole log"


def cosigned_words(standing: Standing) -> str:
    """Who vouches for the checkpoint, in words."""
    seen = (f"{name} {utc(datetime.fromtimestamp(at, UTC))}" for name, at in sorted(standing.cosigned.items()))
    return ", ".join(seen) or "no witness"


def utc(at: datetime) -> str:
    """A time in ISO 8601, UTC, in whole seconds."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
