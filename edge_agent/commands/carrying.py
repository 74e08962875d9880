"""Commands by which an engineer's laptop carries a lease where there is no coverage: carried ask, open, close.

Picture and sound of a carried opening go to whoever made the offer, on the laptop or behind it. A position is not
carried: it is for finding a unit, and whoever carries a lease stands beside it.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from edge_agent.commands.terminal import Config, Json, say
from edge_agent.openings.calling import call
from edge_agent.openings.carried import MAX_LINE_BYTES, Ask, Asked, Close, Open, Opened, RefusedByUnit
from edge_agent.settings import load
from protocols.access_record import Modality
from protocols.api.checks import CarriedLease
from protocols.opening import MAX_SDP_CHARS, Answered, Closed, GrantLease, MediaOffer

Mandate = Annotated[str, Parameter(name="--mandate", help="The mandate to open under, as M-0123456789ab.")]
Wanted = Annotated[bool, Parameter(negative="")]
LeaseFile = Annotated[
    Path, Parameter(allow_leading_hyphen=True, help="File with what the controller gave, - for standard input.")
]
OfferFile = Annotated[Path | None, Parameter(help="File with the SDP offer of whoever takes picture and sound.")]

_STANDARD_INPUT = Path("-")


def ask(
    *,
    mandate: Mandate,
    video: Wanted = False,
    audio: Wanted = False,
    config: Config = None,
) -> None:
    """Print one line to carry to the controller. Its lease has to be back within 15 minutes."""
    wanted: dict[Modality, bool] = {"video": video, "audio": audio}
    modalities = [modality for modality, is_wanted in wanted.items() if is_wanted]
    if not modalities:
        raise RefusedByUnit("no-device", "name what to open: --video, --audio or both")
    try:
        request = msgspec.convert({"mandate": mandate, "modalities": modalities}, Ask)
    except msgspec.ValidationError as error:
        raise RefusedByUnit("no-mandate", f"{mandate[:40]!r} is no mandate's id, such as M-0123456789ab") from error
    reply = call(load(os.environ, config).state_dir, request)
    if isinstance(reply, Asked):
        say(msgspec.json.encode(reply.request).decode())


def open_carried(file: LeaseFile, *, offer: OfferFile = None, config: Config = None, json: Json = False) -> None:
    """Open by the lease in FILE, and print the SDP answer, or what came of it. Once, on this boot, in its time."""
    grant = _grant_in(_read(file))
    if offer is not None:
        sdp = _read(offer)
        if not 1 <= len(sdp) <= MAX_SDP_CHARS:
            raise RefusedByUnit("no-offer", f"an SDP offer has at most {MAX_SDP_CHARS} characters")
        grant = msgspec.structs.replace(grant, offer=MediaOffer(sdp=sdp))
    reply = call(load(os.environ, config).state_dir, Open(grant))
    if isinstance(reply, Opened):
        _show(reply.signal, as_json=json)


def close_carried(opening: str, *, config: Config = None) -> None:
    """Close an opening now."""
    try:
        request = msgspec.convert({"opening": opening}, Close)
    except msgspec.ValidationError as error:
        raise RefusedByUnit("lease-unreadable", f"{opening[:40]!r} is no opening's id, such as open-…") from error
    call(load(os.environ, config).state_dir, request)
    say("closed")


def _show(signal: Answered | Closed | None, *, as_json: bool) -> None:
    if as_json:
        say(msgspec.json.encode(signal).decode())
    elif signal is None:
        say("it stays open")
    elif isinstance(signal, Closed):
        raise RefusedByUnit(signal.reason, signal.detail or "it was closed again at once")
    else:
        say(signal.sdp or "open")


def _grant_in(text: str) -> GrantLease:
    """The grant: by itself, or as the controller's API gives it."""
    try:
        return msgspec.json.decode(text, type=CarriedLease).grant
    except (msgspec.DecodeError, RecursionError):
        pass  # it may be the grant alone
    try:
        return msgspec.json.decode(text, type=GrantLease)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RefusedByUnit("lease-unreadable", f"the file holds no carried lease ({error})") from error


def _read(file: Path) -> str:
    if file == _STANDARD_INPUT:
        return sys.stdin.read(MAX_LINE_BYTES)
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(MAX_LINE_BYTES)
    except OSError as error:
        raise RefusedByUnit("lease-unreadable", f"{file}: {error.strerror}; name the file") from error
