"""What can be done with a rollout, from the list and from its page alike."""

from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, Literal, NamedTuple

from textual.widget import AwaitMount
from typing_extensions import override

from fleet.client import ClientError, FeedItem
from protocols.api.feed import RolloutsChanged, Watch
from protocols.api.releases import ReleasesView
from protocols.api.rollouts import NewRollout, RolloutRow, RolloutView
from protocols.rollouts import RolloutState
from tui.dialogs.firmware_rollout import NewRolloutDialog, manifest_dialog
from tui.dialogs.reason import ReasonDialog
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.following import FollowingRoom
from tui.words import number, plural

RolloutDeed = Literal["pause", "resume", "cancel"]


class _Deed(NamedTuple):
    """What a deed is called, from which states it can be done, what it does, and how the log says it."""

    title: str
    doing: str
    states: frozenset[RolloutState]
    does: str
    says: str


_DEEDS: Mapping[str, _Deed] = {
    "pause": _Deed(
        "Pause",
        "pausing it",
        frozenset({"running"}),
        "No further unit is told until it is resumed; those that were told go on.",
        "rollout.paused: {me} pauses {rollout}",
    ),
    "resume": _Deed(
        "Resume",
        "letting it go on",
        frozenset({"paused", "stopped"}),
        "It goes on where it was; what failed so far does not stop it again.",
        "rollout.resumed: {me} lets {rollout} go on",
    ),
    "cancel": _Deed(
        "Cancel",
        "cancelling it",
        frozenset({"running", "paused", "stopped"}),
        "It ends for good: units that wait are left out, those that were told go on.",
        "rollout.cancelled: {me} ends {rollout}",
    ),
}


class FirmwareDeeds(FollowingRoom):
    """A room with a rollout to act on. Subclasses know `rollout` and fill `show_rollout`."""

    ROOM = "firmware"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "new": Reserved("beginning a rollout", "manage-releases"),
        "pause": Reserved("pausing a rollout", "manage-releases"),
        "resume": Reserved("letting a rollout go on", "manage-releases"),
        "cancel": Reserved("cancelling a rollout", "manage-releases"),
    }

    _is_beginning = False

    @property
    def rollout(self) -> RolloutRow | None:
        """What to act on, None when there is nothing."""
        raise NotImplementedError

    def show_rollout(self, view: RolloutView) -> None:
        """Something was done with a rollout: show how it stands."""
        raise NotImplementedError

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, rollouts=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, RolloutsChanged):
            self.soon("anew", lambda: self.ask_anew(background=True))

    def can(self, action: str) -> bool:
        """Whether `action` can be done now."""
        row = self.rollout
        if action in _DEEDS:
            return row is not None and row.state in _DEEDS[action].states and self.allows(action)
        return self.allows(action)

    async def action_pause(self) -> None:
        """Tell no further unit."""
        await self._change("pause", self.desk.door.pause_rollout, "is paused")

    async def action_resume(self) -> None:
        """Let it go on."""
        await self._change("resume", self.desk.door.resume_rollout, "goes on")

    async def action_cancel(self) -> None:
        """End it."""
        await self._change("cancel", self.desk.door.cancel_rollout, "is cancelled")

    def _change(
        self, which: RolloutDeed, change: Callable[[str, str], Awaitable[RolloutView]], done: str
    ) -> AwaitMount:
        row, deed = self.rollout, _DEEDS[which]
        assert row is not None, "the key is offered only then"
        going = f"{plural(row.under_way, 'unit is', 'units are')} under way now, {_left(row)}."
        begins = deed.says.format(me=self.me, rollout=row.rollout)

        def sentence(reason: str) -> str:
            return f"{begins}: {reason}"

        def returned(reason: str | None) -> None:
            if reason:
                given = reason
                self.do(deed.doing, lambda: change(row.rollout, given), changed)

        def changed(view: RolloutView) -> None:
            self.desk.say(f"{row.title} {done}", "good")
            self.show_rollout(view)

        before: list[Line] = [(Span(f" {deed.does}"),), (Span(f" {going}", "muted"),)]
        return self.app.push_screen(ReasonDialog(f"{deed.title} {row.title}", before, sentence), returned)

    def action_new(self) -> None:
        """Choose a manifest, then how it is rolled out; not while another is on its way to the controller."""
        if self._is_beginning:
            self.desk.say("one is being begun: wait until it is there", "fair")
            return
        self.ask("manifests", self.desk.door.releases, self._choose)

    def _choose(self, view: ReleasesView) -> None:
        if not view.manifests:
            self.desk.say("no manifest is in force: t tells what releases there are", "fair")
            return

        def picked(path: str | None) -> None:
            if path is not None:
                self.app.push_screen(NewRolloutDialog(path, view.manifests[path], self.me), self._begin)

        if len(view.manifests) == 1:
            picked(next(iter(view.manifests)))
        else:
            self.app.push_screen(manifest_dialog(view.manifests), picked)

    def _begin(self, new: NewRollout | None) -> None:
        if new is None:
            return
        door, wanted = self.desk.door, new

        def begun(view: RolloutView) -> None:
            self._is_beginning = False
            self.desk.say(f"{view.row.title} has begun with {plural(view.row.units, 'unit')}", "good")
            self.show_rollout(view)

        def failed(error: ClientError) -> None:
            self._is_beginning = False
            self.desk.explain(error)

        self._is_beginning = True
        self.do("beginning it", lambda: door.start_rollout(wanted), begun, failed=failed)


def _left(row: RolloutRow) -> str:
    waiting = max(0, row.units - row.done - row.bad - row.under_way)
    return f"{number(waiting)} not told yet" if waiting else "no other waits"
