"""Drafts of the people list: what each changes, worked out here, and an administrator's signature."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import ClientError, FeedItem, PeopleChain, PeopleNotTrusted, ReadDraft, read_draft
from protocols.api.feed import EventsChanged, Watch
from protocols.api.people import DraftView
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.sign import CHANGE_WORDS, SignDialog, draft_lines
from tui.lines import Page
from tui.listing import ItemListing
from tui.paint import Line, Span, Tone, fit, wrap
from tui.role_words import Reserved
from tui.rooms.room import Room
from tui.words import moment

_STATE_TONES: dict[str, Tone] = {"open": "fair", "in-force": "good", "withdrawn": "muted", "outdated": "muted"}


class Shown(NamedTuple):
    """A draft, and what this machine read in it; `trouble` says why it must not be signed."""

    view: DraftView
    read: ReadDraft | None
    trouble: str


def draft_line(view: DraftView, width: int, when: str) -> Line:
    """A draft in one line: version, state, how many have signed, since when it is there, what it changes."""
    changes = [f"{CHANGE_WORDS[line.what][1]} {line.person_id}" for line in view.lines]
    what = ", ".join([*changes, *(["another log policy"] if view.new_policy else [])])
    closed = view.state != "open"
    signed = f"{len(view.signed_by)} of {view.needed} signed"
    return (
        Span(fit(f"list {view.version}", 9), "muted" if closed else "strong"),
        Span(fit(view.state, 10), _STATE_TONES[view.state]),
        Span(fit(signed, 14), "muted" if closed else "plain"),
        Span(fit(when, 13), "muted"),
        Span(fit(what, max(8, width - 46)), "muted" if closed else "plain"),
    )


class DraftsRoom(Room):
    """Next people lists that wait for signatures, then the latest others."""

    ROOM = "people"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "sign", "read and sign", tooltip="read what the draft changes, then sign it with your key"),
        Binding("w", "withdraw", "withdraw"),
        Binding("r", "refetch", "refresh"),
        Binding("escape", "back", "back"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "sign": Reserved("signing a people list", "manage-people"),
        "withdraw": Reserved("withdrawing a draft", "manage-people"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._title = Page(id="title")
        self._list: ItemListing[Shown] = ItemListing(self._draw, lambda shown: shown.view.draft_id, id="list")
        self._empty = Page(id="empty")
        self._detail = Page(id="detail")

    @override
    def body(self) -> ComposeResult:
        """Title, drafts, what the one under the cursor changes."""
        yield self._title
        yield self._list
        yield self._empty
        yield self._detail

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self.set_focus(self._list)
        self._title.show([(Span(" PEOPLE LIST  …", "muted"),)])
        self._say_instead([(), (Span("   checking the lists from your pinned anchor on …", "muted"),)])

    @override
    def refetch(self) -> None:
        """See Room."""
        self._ask()

    def _ask(self, *, background: bool = False) -> None:
        self.ask("drafts", self._load, self._arrived, failed=self._failed, background=background)

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, events=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """Every change of people is an event."""
        if isinstance(item, EventsChanged):
            self.soon("drafts", lambda: self._ask(background=True))

    async def _load(self) -> tuple[PeopleChain, list[DraftView]]:
        chain = await self.desk.door.people_chain()
        return chain, await self.desk.door.people_drafts()

    def _arrived(self, answer: tuple[PeopleChain, list[DraftView]]) -> None:
        chain, views = answer
        newest = chain.links[-1]
        self._title.show(
            [
                (
                    Span(" PEOPLE LIST  ", "muted"),
                    Span(str(newest.version), "strong"),
                    Span(f" in force, checked from your pinned anchor  {newest.sha256[:16]} …", "muted"),
                )
            ]
        )
        self._list.show([self._read(chain, view) for view in views])
        if views:
            self._list.display, self._empty.display = True, False
        else:
            self._say_instead([(), (Span("   No draft waits.", "good"),)])
        self.on_listing_moved()

    def _read(self, chain: PeopleChain, view: DraftView) -> Shown:
        if view.state != "open":
            return Shown(view, None, "")
        try:
            return Shown(view, read_draft(chain, view, datetime.now(UTC)), "")
        except PeopleNotTrusted as error:
            return Shown(view, None, str(error))

    def _failed(self, error: ClientError) -> None:
        """Nothing is shown of lists that could not be checked."""
        self._list.show([])
        self._title.show([(Span(" PEOPLE LIST  ", "muted"), Span("not checked", "bad"))])
        self._say_instead([(), *[(Span("   "), *line) for line in wrap(str(error), 72, "bad")]])
        self.on_listing_moved()

    def _say_instead(self, lines: list[Line]) -> None:
        self._list.display, self._empty.display = False, True
        self._empty.show(lines)

    def _draw(self, shown: Shown, width: int) -> Line:
        clock = self.desk.server_clock
        return draft_line(shown.view, width, moment(shown.view.made_at, clock.now(), utc=clock.utc))

    def on_listing_moved(self) -> None:
        """Show what the draft under the cursor changes."""
        shown = self._list.item
        self._detail.display = shown is not None
        if shown is not None:
            self._detail.show(self._detail_lines(shown))
        self.refresh_bindings()

    def _detail_lines(self, shown: Shown) -> list[Line]:
        signers = ", ".join(shown.view.signed_by) or "nobody yet"
        hands: Line = (
            Span(" drafted by  ", "muted"),
            Span(shown.view.made_by),
            Span("   signed by   ", "muted"),
            Span(signers),
        )
        if shown.trouble:
            return [*[(Span(" "), *line) for line in wrap(shown.trouble, 76, "bad")], hands]
        return [*self._change_lines(shown), hands]

    def _change_lines(self, shown: Shown) -> list[Line]:
        """What this machine read; of a closed draft nothing is left to be checked by, and nothing is shown."""
        if shown.read is None:
            return []
        clock = self.desk.server_clock
        return draft_lines(shown.read, _names(shown.view), clock.now(), utc=clock.utc)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only administrators sign and withdraw, and each signs once."""
        if not self.allows(action):
            return False
        shown = self._list.item
        match action:
            case "sign":
                signed = shown is not None and self.desk.me.person_id in shown.view.signed_by
                return shown is not None and shown.read is not None and not signed
            case "withdraw":
                return shown is not None and shown.view.state == "open"
        return True

    def action_back(self) -> None:
        """Back to the people."""
        self.dismiss()

    def action_refetch(self) -> None:
        """Ask again."""
        self.refetch()

    async def action_sign(self) -> None:
        """Read the draft, then sign it."""
        shown = self._list.item
        if shown is None or shown.read is None:
            return
        read = shown.read
        dialog = SignDialog(read, self._change_lines(shown), self.desk.me.person_id)
        await self.app.push_screen(dialog, lambda yes: self._sign(read) if yes else None)

    def _sign(self, read: ReadDraft) -> None:
        self.do("signing; touch your key if it blinks", lambda: self.desk.door.sign_draft(read), self._signed)

    def _signed(self, view: DraftView) -> None:
        if view.state == "in-force":
            self.desk.say(f"people list {view.version} is in force", "good")
        else:
            self.desk.say(f"signed; {view.needed - len(view.signed_by)} more signature is needed", "good")
        self.refetch()

    async def action_withdraw(self) -> None:
        """Withdraw the draft."""
        shown = self._list.item
        if shown is None:
            return
        draft_id = shown.view.draft_id
        before: list[Line] = [(Span(f" list {shown.view.version}, drafted by {shown.view.made_by}", "strong"),)]
        sentence = f"people.withdrawn: {self.desk.me.person_id} withdraws draft {draft_id}"
        dialog = ConfirmDialog("Withdraw a draft", before, sentence)
        await self.app.push_screen(dialog, lambda yes: self._withdraw(draft_id) if yes else None)

    def _withdraw(self, draft_id: str) -> None:
        async def withdraw() -> str:
            await self.desk.door.withdraw_draft(draft_id)
            return draft_id

        self.do("withdrawing the draft", withdraw, self._withdrawn)

    def _withdrawn(self, _draft_id: str) -> None:
        self.desk.say("the draft is withdrawn", "good")
        self.refetch()


def _names(view: DraftView) -> dict[str, str]:
    """Names as the controller has them: lists do not carry names."""
    return {line.person_id: line.name for line in view.lines}
