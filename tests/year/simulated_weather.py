"""What goes wrong, and when. Everything is drawn from one seed."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import edge_agent.durable


class PowerCut(BaseException):
    """The unit's power goes: nothing in it may catch this."""


class Weather:
    """Faults of one unit: shares of requests and replies that are lost, and of durable writes at which power is cut."""

    def __init__(
        self, draw: random.Random, *, request_loss: float = 0.0, reply_loss: float = 0.0, power_cut: float = 0.0
    ) -> None:
        self._draw = draw
        self.request_loss = request_loss
        self.reply_loss = reply_loss
        self._power_cut = power_cut
        self.replies_lost = 0
        self.power_cuts = 0

    def loses_request(self) -> bool:
        """Whether this request does not arrive."""
        return self._draw.random() < self.request_loss

    def loses_reply(self) -> bool:
        """Whether this request is answered, and the answer does not arrive."""
        lost = self._draw.random() < self.reply_loss
        self.replies_lost += lost
        return lost

    @contextmanager
    def over_the_disk(self) -> Iterator[None]:
        """While this lasts, power may be cut just before or just after the disk holds something new."""
        if not self._power_cut:
            yield
            return
        sync = edge_agent.durable.sync_directory
        replace = Path.replace

        def cut() -> None:
            if self._draw.random() < self._power_cut:
                self.power_cuts += 1
                raise PowerCut

        def sync_or_cut(*arguments: Any) -> None:
            sync(*arguments)
            cut()

        def replace_or_cut(*arguments: Any) -> Any:
            cut()
            return replace(*arguments)

        with (
            mock.patch.object(edge_agent.durable, "sync_directory", sync_or_cut),
            mock.patch.object(Path, "replace", replace_or_cut),
        ):
            yield
