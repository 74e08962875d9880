"""How a unit's key is kept, in words of several lengths: one in a file is called soft wherever a unit is shown."""

from protocols.joining import KeyProtection
from tui.paint import Span, Tone

KEY_TONES: dict[KeyProtection, Tone] = {"soft": "fair", "tpm": "muted", "pkcs11": "muted"}
_SHORT: dict[KeyProtection, str] = {"soft": "soft", "tpm": "tpm", "pkcs11": "p11"}
_WORDS: dict[KeyProtection, str] = {"soft": "soft key", "tpm": "key in a TPM", "pkcs11": "key in a PKCS#11 token"}
_LONG: dict[KeyProtection, str] = {
    "soft": "soft: a file on the unit, which whoever has the card can copy",
    "tpm": "in a TPM",
    "pkcs11": "in a PKCS#11 token",
}


def key_mark(protection: KeyProtection) -> Span:
    """In at most four columns."""
    return Span(_SHORT[protection], KEY_TONES[protection])


def key_words(protection: KeyProtection) -> Span:
    """In a few words: `soft key`."""
    return Span(_WORDS[protection], KEY_TONES[protection])


def key_sentence(protection: KeyProtection) -> Span:
    """With what it means."""
    return Span(_LONG[protection], KEY_TONES[protection])
