"""Asking the controller: a worker waits, and its answer comes back as a message that the screen itself handles."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from textual.message import Message
from textual.screen import Screen
from textual.worker import WorkType

from fleet.client import ClientError
from tui.desk import Desk, desk_of

T = TypeVar("T")


class Asks(Screen[Any]):
    """A screen that asks the controller."""

    class Answered(Message):
        """A question was answered; `apply` puts the answer on the screen."""

        def __init__(self, apply: Callable[[], None]) -> None:
            super().__init__()
            self.apply = apply

    @property
    def desk(self) -> Desk:
        """The console's shared state."""
        return desk_of(self)

    def ask(
        self,
        topic: str,
        question: Callable[[], Awaitable[T]],
        then: Callable[[T], None],
        *,
        failed: Callable[[ClientError], None] | None = None,
        exclusive: bool = True,
        background: bool = False,
    ) -> None:
        """Put `question` without stopping the screen, then call `then` with its answer, or `failed`.

        A newer question of the same `topic` takes the place of one still open, unless not `exclusive`. Without
        `failed` the desk explains what went wrong. One asked in the `background` is dropped when nobody has pressed a
        key for as long as a session may be idle, so that an unattended screen does not keep a session alive.
        """
        if background and not self.desk.is_attended:
            return
        say_why = failed or self.desk.explain

        async def wait() -> None:
            await self._wait_for(question, then, say_why)

        work: WorkType[None] = wait
        self.run_worker(work, name=topic, group=topic, description=topic, exclusive=exclusive)

    async def _wait_for(
        self, question: Callable[[], Awaitable[T]], then: Callable[[T], None], failed: Callable[[ClientError], None]
    ) -> None:
        try:
            answer = await question()
        except ClientError as error:
            reason = error
            self.post_message(self.Answered(lambda: failed(reason)))
        else:
            self.post_message(self.Answered(lambda: then(answer)))

    def on_asks_answered(self, message: Answered) -> None:
        """Put an answer on the screen."""
        message.stop()
        message.apply()
