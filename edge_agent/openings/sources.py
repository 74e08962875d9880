"""The devices of a unit, as its settings name them."""

from dataclasses import dataclass

from edge_agent.settings import AgentSettings
from protocols.access_record import Modality

_LOOPBACK = ("127.0.0.1",)


@dataclass(frozen=True, slots=True)
class Sources:
    """The unit's devices, as its settings name them; "" for one that it has not. `addresses` are the local ones that
    media may use, none for all but loopback."""

    video: str = ""
    audio: str = ""
    gnss: str = ""
    addresses: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Without the names, which may hold passwords."""
        return f"Sources({', '.join(sorted(self.modalities)) or 'none'})"

    @property
    def modalities(self) -> frozenset[Modality]:
        """What the unit has a device for."""
        named: dict[Modality, str] = {"video": self.video, "audio": self.audio, "position": self.gnss}
        return frozenset(modality for modality, name in named.items() if name)


def sources_of(own: AgentSettings) -> Sources:
    """The devices that the settings name."""
    addresses = _LOOPBACK if own.media_loopback else ()
    return Sources(own.video_source, own.audio_source, own.gnss_source or "", addresses)
