"""Names of a WireViz file made fit for a plan. Pure."""

import re

from fleet.wiring.rules.wireviz_words import plain_text
from protocols.text import escaped, one_line

_UNFIT_NAME = re.compile("[^A-Za-z0-9_-]+")
_UNFIT_PIN = re.compile("[^A-Za-z0-9_+-]+")
_LONGEST = 24
_SHOWN = 60


class Names:
    """Gives each thing a name of its own, and tells of each that is not what the file says."""

    def __init__(self, lost: list[str]) -> None:
        self._lost = lost
        self._taken: set[str] = set()

    def of(self, path: str, text: str, prefix: str) -> str:
        """A name: `text` itself where it is fit and free. `prefix` goes before what begins with no letter."""
        fit = _UNFIT_NAME.sub("_", text)
        if not fit[:1].isalpha():
            fit = f"{prefix}{fit}"
        name = free(fit, self._taken)
        self._taken.add(name)
        if name != text:
            self._lost.append(f"{path}: called {name}, not {escaped(text[:_SHOWN])}")
        return name

    def made(self, text: str) -> str:
        """A name that the file does not say, as near to `text` as is fit and free."""
        name = free(_UNFIT_NAME.sub("_", text), self._taken)
        if not name[:1].isalpha():
            return self.made(f"W{text}")
        self._taken.add(name)
        return name

    def is_free(self, name: str) -> bool:
        """Whether a name is fit and nothing has it yet."""
        return name not in self._taken and free(name, set()) == name and is_name(name)


def fitted(path: str, text: str, limit: int, lost: list[str]) -> str:
    """What a text of the file shows, on one line of at most `limit` signs; told where it was longer."""
    whole = one_line(plain_text(text), len(text))
    if len(whole) > limit:
        lost.append(f"{path}: cut to {limit} signs")
    return whole[:limit].strip()


def is_name(text: str) -> bool:
    """Whether a text may be a name as it is."""
    return 0 < len(text) <= _LONGEST and text[0].isascii() and text[0].isalpha() and _UNFIT_NAME.search(text) is None


def pin_names(path: str, texts: list[str], lost: list[str]) -> list[str]:
    """Names for pins, each another, and each that is changed told of."""
    found: list[str] = []
    taken: set[str] = set()
    for text in texts:
        name = free(_UNFIT_PIN.sub("_", text) or "_", taken)
        taken.add(name)
        found.append(name)
        if name != text:
            lost.append(f"{path}: the pin {escaped(text[:_SHOWN])} is called {name}")
    return found


def free(text: str, taken: set[str]) -> str:
    """`text` cut to a name's length, with a number behind it where it is taken."""
    name, count = text[:_LONGEST], 1
    while name in taken:
        count += 1
        name = f"{text[: _LONGEST - len(str(count)) - 1]}-{count}"
    return name
