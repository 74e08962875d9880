"""The modem that ModemManager keeps, by its program `mmcli`."""

from edge_agent.errors import SourceGarbled, SourceUnreadable
from edge_agent.readers.calls import Calls
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.reading import Reading
from edge_agent.readers.source_tree import SourceTree
from firmware_bridge.errors import ReplyUnreadable
from firmware_bridge.modem.figures import MODEM_FIGURES
from firmware_bridge.modem.mmcli import MODEM_WORDS, SIGNAL_SETUP_WORDS, SIGNAL_WORDS, figures_in, measures_signal

_SOURCE = " ".join(MODEM_WORDS)


class ModemManagerReader:
    """Gives the figures of a modem. What `mmcli` prints beside them is not read."""

    name = "modem"

    def __init__(self, tree: SourceTree, calls: Calls) -> None:
        self._tree = tree
        self._calls = calls

    def read(self) -> Reading:
        """ModemManager measures the signal once it has been asked to, which is done here where it does not."""
        gathering = Gathering(self._tree)
        modem = gathering.attempt(_SOURCE, lambda: self._calls.command(*MODEM_WORDS))
        if modem is None:
            return gathering.reading()
        signal = gathering.attempt(" ".join(SIGNAL_WORDS), self._signal)
        try:
            figures = figures_in(modem, signal).health()
        except ReplyUnreadable as error:
            gathering.fault(_SOURCE, error.detail)
            return gathering.reading()
        for figure, value in figures.items():
            gathering.put(figure, value, _SOURCE)
        gathering.withdraw(*(MODEM_FIGURES - figures.keys()))
        return gathering.reading()

    def _signal(self) -> str | None:
        signal = self._calls.command(*SIGNAL_WORDS)
        try:
            if signal is None or measures_signal(signal):
                return signal
        except ReplyUnreadable as error:
            raise SourceGarbled("the JSON of a signal", "") from error
        try:
            self._calls.command(*SIGNAL_SETUP_WORDS)
        except SourceUnreadable:  # not this user's to change; the strength is then unknown
            return signal
        return self._calls.command(*SIGNAL_WORDS)
