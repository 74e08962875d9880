"""Asking the controller: a worker waits, and its answer comes back as a message that the screen itself handles."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from textual.screen import Screen
from textual.worker import WorkType

from fleet.client import ClientError
from tui.desk import Answered, Desk, desk_of

T = TypeVar("T")


class Asks(Screen[Any]):
    """A screen that asks the controller."""

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
        background: bool = False,
    ) -> None:
        """Put `question` without stopping the screen, then call `then` with its answer, or `failed`.

        A newer question of the same `topic` takes the place of one still open, and closing the screen drops it.
        Without `failed` the desk explains what went wrong. One asked in the `background` is dropped when nobody has
        pressed a key for as long as a session may be idle, so that an unattended screen does not keep a session alive.
        """
        if self.is_attached and (self.desk.is_attended or not background):
            self._put(self, topic, question, then, failed or self.desk.explain, exclusive=True)

    def do(
        self,
        deed: str,
        question: Callable[[], Awaitable[T]],
        then: Callable[[T], None],
        *,
        failed: Callable[[ClientError], None] | None = None,
    ) -> None:
        """As `ask`, for what changes something: `deed` goes on the note line at once, and is carried through even if
        the person leaves the screen meanwhile."""
        self.desk.say(deed, waiting=True)
        self._put(self.desk, deed, question, then, failed or self.desk.explain, exclusive=False)

    def _put(
        self,
        asker: "Asks | Desk",
        topic: str,
        question: Callable[[], Awaitable[T]],
        then: Callable[[T], None],
        failed: Callable[[ClientError], None],
        *,
        exclusive: bool,
    ) -> None:
        async def wait() -> None:
            try:
                answer = await question()
            except ClientError as error:
                reason = error
                asker.post_message(Answered(lambda: failed(reason)))
            else:
                asker.post_message(Answered(lambda: then(answer)))

        work: WorkType[None] = wait
        asker.run_worker(work, name=topic, group=topic, description=topic, exclusive=exclusive)

    def on_answered(self, message: Answered) -> None:
        """Put an answer on the screen."""
        message.stop()
        message.apply()
