"""What to do about the unit's certificate now. Pure: certificate, stored request and times in, a step out."""

from hashlib import sha256
from typing import Literal, NamedTuple

from edge_agent.certificate import OwnCertificate

LOOK_AGAIN_MS = 3_600_000
"""However far away the next step is, things are looked at again after an hour: clocks are set, machines sleep."""

Kind = Literal["renew", "rejoin"]


class KnownTime(NamedTuple):
    """The time as far as the unit knows it: `wall_ms` None when it does not. `sure` when a controller has said it, or
    a time service keeps the clock; a clock that merely looks right may stand where it stood at the last shutdown."""

    wall_ms: int | None
    sure: bool


class Step(NamedTuple):
    """`renew`, `rejoin` or `wait`; `wait_ms` is how long until things are looked at again, 0 … LOOK_AGAIN_MS."""

    what: Literal["renew", "rejoin", "wait"]
    wait_ms: int = 0


def jitter_of(serial: str) -> float:
    """A number from 0 up to 1, drawn once for each certificate: by the serial, which the authority drew at random."""
    return int.from_bytes(sha256(serial.encode()).digest()[:7], "big") / (1 << 56)


def due_ms(certificate: OwnCertificate) -> int:
    """When to renew, Unix milliseconds: at two thirds of the certificate's life, and up to a twelfth of it earlier, so
    that a third is always left for outages."""
    life_ms = certificate.until_ms - certificate.from_ms
    return certificate.from_ms + round(life_ms * (2 / 3 - jitter_of(certificate.serial) / 12))


def decide(certificate: OwnCertificate, now: KnownTime, stored: Kind | None, *, told_ended: bool) -> Step:
    """What to do now.

    `stored` is the kind of the request that is under way, `told_ended` whether the broker or the controller has refused
    the certificate because it has ended. A clock that is not sure can not say by itself that it has ended, nor that it
    has not: then renewing is tried, and whoever refuses the certificate settles it. A clock before the certificate's
    own beginning is wrong and says nothing.
    """
    wall_ms = now.wall_ms if now.wall_ms is not None and now.wall_ms >= certificate.from_ms else None
    sure = now.sure and wall_ms is not None
    ended = wall_ms is not None and wall_ms >= certificate.until_ms
    if (sure and ended) or (not sure and (told_ended or stored == "rejoin")):
        return Step("rejoin")
    due_at_ms = due_ms(certificate)
    if stored == "renew" or (wall_ms is not None and wall_ms >= due_at_ms):
        return Step("renew")
    if wall_ms is None:
        return Step("wait", LOOK_AGAIN_MS)
    return Step("wait", min(LOOK_AGAIN_MS, due_at_ms - wall_ms))
