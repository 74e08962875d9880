"""Having a checkpoint cosigned: all witnesses are asked at once, and no more are waited for than the policy needs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from fleet.log.witness_lane import Consistency, Question, Refusal, RefusalKind, WitnessAddress, WitnessLane
from fleet.stopping import cancel
from protocols.tlog.note import Note, NoteSignature, read_note
from protocols.tlog.policy import LogPolicy

__all__ = ["Consistency", "Cosigned", "Cosigner", "Refusal", "RefusalKind", "WitnessAddress"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Cosigned:
    """The checkpoint with the cosignatures of the witnesses `answered`, all verified, in the policy's order.

    `rest` ends, within the limit of each witness, with the same once the others have answered too; None when nobody is
    waited for any more. It need not be awaited, and must not be cancelled: its owner is the Cosigner.
    """

    text: str
    answered: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    reaches_quorum: bool
    rest: "asyncio.Task[Cosigned] | None" = field(default=None, compare=False)


class Cosigner:
    """The witnesses of the settings, each with `limit_s` to answer. Raises SettingsInvalid for an unreadable CA file.

    Connections are kept until `close`.
    """

    def __init__(self, witnesses: Sequence[WitnessAddress], limit_s: float = 5.0) -> None:
        self._lanes = {address.name: WitnessLane(address, limit_s) for address in witnesses}
        self._rests: dict[asyncio.Task[Cosigned], _Round] = {}

    async def close(self) -> None:
        """Ask nobody any more, and close all connections."""
        for rest, round_ in list(self._rests.items()):
            await cancel(rest)
            await round_.end()  # a task that is cancelled before it began does nothing, not even this
        for lane in self._lanes.values():
            await lane.close()

    async def cosign(
        self, checkpoint_note_text: str, size: int, consistency: Consistency, policy: LogPolicy
    ) -> Cosigned:
        """Have the log's signed checkpoint of `size` leaves cosigned by the witnesses of `policy`.

        Returns as soon as the quorum is reached, or nobody is left to answer. Raises InvalidNote for a text that is no
        note, and what `consistency` raises, but nothing that a witness could cause.
        """
        round_ = _Round(self._lanes, read_note(checkpoint_note_text), size, consistency, policy)
        try:
            await round_.until_quorum()
        except BaseException:
            await round_.end()
            raise
        round_.drop_unasked()
        if not round_.waiting:
            return round_.result()
        rest = asyncio.create_task(round_.finish(), name="cosigning: the rest")
        self._rests[rest] = round_
        rest.add_done_callback(self._forget)
        return round_.result(rest)

    def _forget(self, rest: "asyncio.Task[Cosigned]") -> None:
        self._rests.pop(rest, None)
        if not rest.cancelled() and (error := rest.exception()) is not None:
            _log.error("witnesses could not be asked to the end", error=repr(error))


class _Asked:
    """One witness, being asked."""

    def __init__(self, lane: WitnessLane, question: Question) -> None:
        self.name = lane.name
        self._lane = lane
        self._has_turn = False
        self.task = asyncio.create_task(lane.ask(question, self._take_turn), name=f"cosigning: {lane.name}")

    @property
    def is_in_line(self) -> bool:
        """Whether the witness still answers an earlier question."""
        return self._lane.is_busy and not self._has_turn

    def _take_turn(self) -> None:
        self._has_turn = True


class _Round:
    """One checkpoint, and what came of asking for it."""

    def __init__(
        self, lanes: dict[str, WitnessLane], note: Note, size: int, consistency: Consistency, policy: LogPolicy
    ) -> None:
        self._note = note
        self._policy = policy
        self._signatures: dict[str, NoteSignature] = {}
        self._refusals: dict[str, Refusal] = {}
        self.waiting: list[_Asked] = []
        for name, key in policy.witnesses:
            if name in lanes:
                self.waiting.append(_Asked(lanes[name], Question(note, size, consistency, key)))
            else:
                self._refuse(name, "unreachable", "it has no address in [[log.witnesses]] of the settings")
        for name in lanes.keys() - {witness.name for witness in policy.witnesses}:
            self._refuse(name, "not-in-policy", "the log policy in force does not name it")

    async def until_quorum(self) -> None:
        """Wait until the quorum is reached or all have answered; raises what their consistency proofs raise."""
        while self.waiting and not self._reached():
            await self._next()

    async def finish(self) -> Cosigned:
        """Wait until all have answered."""
        try:
            while self.waiting:
                await self._next()
        except BaseException:
            await self.end()
            raise
        return self.result()

    def drop_unasked(self) -> None:
        """Do not ask those that still answer an earlier question: the next checkpoint will be theirs."""
        for asked in self.waiting:
            if asked.is_in_line:
                asked.task.cancel()
        self.waiting = [asked for asked in self.waiting if not asked.task.cancelling()]

    async def end(self) -> None:
        """Wait for nobody any more."""
        for asked in self.waiting:
            await cancel(asked.task)
        self.waiting = []

    def result(self, rest: "asyncio.Task[Cosigned] | None" = None) -> Cosigned:
        """What has come until now."""
        names = [name for name, _ in self._policy.witnesses if name in self._signatures]
        note = self._note.with_signatures([self._signatures[name] for name in names])
        return Cosigned(note.text, tuple(names), tuple(self._refusals.values()), self._reached(), rest)

    async def _next(self) -> None:
        tasks = [asked.task for asked in self.waiting]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        answered = [asked for asked in self.waiting if asked.task in done]
        self.waiting = [asked for asked in self.waiting if asked.task not in done]
        outcomes = await asyncio.gather(*(asked.task for asked in answered), return_exceptions=True)
        for asked, outcome in zip(answered, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                raise outcome
            if isinstance(outcome, Refusal):
                self._refusals[asked.name] = outcome
            else:
                self._signatures[asked.name] = outcome

    def _reached(self) -> bool:
        return self._policy.reaches_quorum(set(self._signatures))

    def _refuse(self, name: str, kind: RefusalKind, detail: str) -> None:
        self._refusals[name] = Refusal(name, kind, detail)
