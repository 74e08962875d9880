"""Sentences of a receiver: bytes in, a fix out when there is a valid one. Pure.

A sentence counts when it is a whole GGA, well-formed to the last field that is used, with the right checksum, a quality
above 0 and an HDOP of at most 20. Everything else a receiver or a bad cable sends is passed over in silence: an error
that showed what was wrong with a sentence would show where the unit is.
"""

import re

from pynmeagps import NMEAReader  # type: ignore[import-untyped]  # the library ships no types

from edge_agent.position.messages import Fix

MAX_SENTENCE_BYTES = 120
"""NMEA 0183 allows 82; receivers of high precision take some more."""

HDOP_MAX = 20.0

_GGA = re.compile(
    rb"\$[A-Z]{2}GGA,[0-9]{6}(?:\.[0-9]{1,9})?"
    rb",[0-9]{2}[0-5][0-9]\.[0-9]{1,9},[NS]"
    rb",[0-9]{3}[0-5][0-9]\.[0-9]{1,9},[EW]"
    rb",[1-8],[0-9]{1,2},[0-9]{1,2}(?:\.[0-9]{1,4})?"
    rb",[0-9A-Za-z.,+-]*\*[0-9A-Fa-f]{2}"
)


class Sentences:
    """Cuts sentences, from `$` to the end of the line, out of a stream that may hold anything between them.

    Keeps at most one sentence's worth of bytes; longer ones are thrown away.
    """

    def __init__(self) -> None:
        """Begin wherever the stream is."""
        self._begun = b""

    def feed(self, piece: bytes) -> list[bytes]:
        """The sentences that `piece` completes, without their line ends."""
        *complete, rest = piece.split(b"\n")
        sentences = []
        for part in complete:
            self._append(part)
            if self._begun:
                sentences.append(self._begun.rstrip(b"\r"))
            self._begun = b""
        self._append(rest)
        return sentences

    def _append(self, part: bytes) -> None:
        so_far = self._begun + part
        start = so_far.rfind(b"$")
        self._begun = so_far[start:] if start >= 0 and len(so_far) - start <= MAX_SENTENCE_BYTES else b""


def fix_in(sentence: bytes) -> Fix | None:
    """The fix that `sentence`, without its line end, tells, None for anything but a valid one. Never raises."""
    if len(sentence) > MAX_SENTENCE_BYTES or _GGA.fullmatch(sentence) is None:
        return None
    try:
        said = NMEAReader.parse(sentence)
        latitude_deg, longitude_deg, hdop = float(said.lat), float(said.lon), float(said.HDOP)
        quality, satellites = int(said.quality), int(said.numSV)
    except Exception:  # noqa: BLE001 - whatever the library finds wrong, its error shows the sentence
        return None
    if not (abs(latitude_deg) <= 90 and abs(longitude_deg) <= 180 and 0 < hdop <= HDOP_MAX):
        return None
    return Fix(
        latitude_deg=latitude_deg, longitude_deg=longitude_deg, hdop=hdop, quality=quality, satellites=satellites
    )
