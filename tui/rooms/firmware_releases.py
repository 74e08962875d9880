"""Releases: drafts that wait for signatures, what is in force and until when; reading a draft and signing it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.feed import EventsChanged, RolloutsChanged, Watch
from protocols.api.releases import DraftView, ReleasesView, SignedRole
from protocols.people import ListedPerson
from tui.dialogs.choice import ChoiceDialog, Option
from tui.dialogs.confirm import log_sentence
from tui.dialogs.reading import ReadingDialog
from tui.firmware_release_lines import release_lines, waits_for
from tui.paint import Line, Span, wrap
from tui.role_words import Reserved, whose
from tui.rooms.page_room import PageRoom

if TYPE_CHECKING:
    from fleet.client.release_drafts import ReadRelease

ASK_EVERY_S = 30.0
"""Nobody tells of drafts and signatures."""
_WIDTH = 66
_SEEING = Reserved("seeing releases", "see-releases")


class ReadDraft(NamedTuple):
    """A draft, read on this machine, and what it changes in lines."""

    read: "ReadRelease"
    told: list[str]


class ReleasesRoom(PageRoom):
    """The page."""

    ROOM = "firmware"
    RESERVED: ClassVar[Mapping[str, Reserved]] = {"sign": Reserved("signing releases", "sign-release")}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sign", "sign", tooltip="read what a draft changes, then sign it with your key"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._view: ReleasesView | None = None

    def on_mount(self) -> None:
        """Asked for again now and then."""
        super().on_mount()
        self.set_interval(ASK_EVERY_S, self._each_while)

    def _each_while(self) -> None:
        if self.is_current:
            self._ask(background=True)

    @override
    def refetch(self) -> None:
        """See Room."""
        self._ask(background=False)

    def _ask(self, *, background: bool) -> None:
        if self.desk.may(_SEEING.permission):
            self.ask("releases", self.desk.door.releases, self._arrived, background=background)

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, events=True, rollouts=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, EventsChanged | RolloutsChanged):
            self.soon("releases", lambda: self._ask(background=True))

    def _arrived(self, view: ReleasesView) -> None:
        self._view = view
        self.show_page()
        self.refresh_bindings()

    @override
    def page_lines(self, width: int) -> list[Line]:
        """See PageRoom."""
        if not self.desk.may(_SEEING.permission):
            return [(Span(" RELEASES", "muted"),), (), (Span(f"   {whose(_SEEING)}.", "muted"),)]
        if self._view is None:
            return [(Span(" RELEASES", "muted"),), (), (Span("   asking the controller …", "muted"),)]
        clock = self.desk.server_clock
        may = self.desk.may("manage-releases")
        return release_lines(self._view, self.me, width, clock.now(), utc=clock.utc, may_roll_out=may)

    @property
    def _mine(self) -> list[DraftView]:
        return [draft for draft in self._view.drafts if waits_for(draft, self.me)] if self._view is not None else []

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Signing is offered while a draft waits for this person."""
        return action != "sign" or (bool(self._mine) and self.allows(action))

    async def action_sign(self) -> None:
        """Read a draft that waits for this person, then sign it."""
        mine = self._mine
        if len(mine) == 1:
            self._read(mine[0].role)
            return
        keys: dict[SignedRole, str] = {"root": "r", "targets": "t"}
        options = [Option(keys[one.role], one.role, f"version {one.version}", one.role) for one in mine]
        await self.app.push_screen(ChoiceDialog("Sign which?", options), self._picked)

    def _picked(self, role: SignedRole | None) -> None:
        if role is not None:
            self._read(role)

    def _read(self, role: SignedRole) -> None:
        self.desk.say("reading the draft", waiting=True)
        self.ask("draft", lambda: self._draft(role), self._show_draft)

    async def _draft(self, role: SignedRole) -> ReadDraft:
        """What the exact text says, as worked out here: the controller is not asked what it means."""
        door = self.desk.door
        draft, chain, view = await asyncio.gather(door.release_draft(role), door.people_chain(), door.releases())
        return await asyncio.to_thread(_reading, role, draft.text, chain.newest.people, view)

    def _show_draft(self, draft: ReadDraft) -> None:
        read = draft.read
        self.desk.say("read to its end, then y signs it")
        title = f"Sign {read.role} {read.signed.version}"
        sentence = f"release.signed: {self.me} signs {read.role} {read.signed.version}, sha256 {read.sha256[:12]} …"
        told = [part for line in draft.told for part in (wrap(line, _WIDTH) or [()])]
        lines: list[Line] = [(), *[(Span(" "), *line) for line in told], (), *log_sentence(sentence)]
        self.app.push_screen(ReadingDialog(title, lines), lambda yes: self._sign(read) if yes else None)

    def _sign(self, read: "ReadRelease") -> None:
        door = self.desk.door
        self.do("signing it: touch your key if it blinks", lambda: door.sign_release(read), self._signed)

    def _signed(self, view: ReleasesView) -> None:
        waiting = {draft.role for draft in view.drafts}
        self.desk.say("signed; it waits for others" if waiting else "signed, and in force", "good")
        self._arrived(view)


def _reading(role: SignedRole, text: str, people: Sequence[ListedPerson], view: ReleasesView) -> ReadDraft:
    from fleet.client.release_drafts import read_release, told  # noqa: PLC0415 - TUF's library is large

    read = read_release(role, text)
    return ReadDraft(read, told(read, people, view))
