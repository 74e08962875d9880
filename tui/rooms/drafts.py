"""Drafts of the people list: what each changes, worked out here, and an administrator's signature."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import ClientError, PeopleChain, PeopleNotTrusted, ReadDraft, read_draft
from protocols.api.people import DraftView
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.sign import CHANGE_WORDS, SignDialog, draft_lines
from tui.paint import Line, Span, Tone, fit, wrap
from tui.role_words import Reserved
from tui.rooms.following import FollowingRoom
from tui.rooms.listing_room import ListingRoom
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


class DraftsRoom(ListingRoom[Shown], FollowingRoom):
    """Next people lists that wait for signatures, then the latest others."""

    ROOM = "people"
    CLICKED = ""
    WAITING = "checking the lists from your pinned anchor on …"
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
        self._chain: PeopleChain | None = None
        self._trouble = ""

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        self.ask("drafts", self._load, self._arrived, failed=self._failed, background=background)

    async def _load(self) -> tuple[PeopleChain, list[DraftView]]:
        chain = await self.desk.door.people_chain()
        return chain, await self.desk.door.people_drafts()

    def _arrived(self, answer: tuple[PeopleChain, list[DraftView]]) -> None:
        chain, views = answer
        self._chain, self._trouble = chain, ""
        self.show_items([self._read(chain, view) for view in views])

    def _read(self, chain: PeopleChain, view: DraftView) -> Shown:
        if view.state != "open":
            return Shown(view, None, "")
        try:
            return Shown(view, read_draft(chain, view, datetime.now(UTC)), "")
        except PeopleNotTrusted as error:
            return Shown(view, None, str(error))

    def _failed(self, error: ClientError) -> None:
        """Nothing is shown of lists that could not be checked."""
        self._trouble = str(error)
        self.show_items([])

    @override
    def key_of(self, item: Shown) -> str:
        """See ListingRoom."""
        return item.view.draft_id

    @override
    def item_line(self, item: Shown, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return draft_line(item.view, width, moment(item.view.made_at, clock.now(), utc=clock.utc))

    @override
    def title_line(self) -> Line:
        """The list in force, once it was checked."""
        if self._trouble:
            return (Span(" PEOPLE LIST  ", "muted"), Span("not checked", "bad"))
        if self._chain is None:
            return (Span(" PEOPLE LIST  …", "muted"),)
        newest = self._chain.links[-1]
        return (
            Span(" PEOPLE LIST  ", "muted"),
            Span(str(newest.version), "strong"),
            Span(f" in force, checked from your pinned anchor  {newest.sha256[:16]} …", "muted"),
        )

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return wrap(self._trouble, 72, "bad") if self._trouble else [(Span("No draft waits.", "good"),)]

    @override
    def detail_lines(self, item: Shown) -> list[Line]:
        """What the draft changes, and whose hands it went through."""
        signers = ", ".join(item.view.signed_by) or "nobody yet"
        hands: Line = (
            Span(" drafted by  ", "muted"),
            Span(item.view.made_by),
            Span("   signed by   ", "muted"),
            Span(signers),
        )
        if item.trouble:
            return [*[(Span(" "), *line) for line in wrap(item.trouble, 76, "bad")], hands]
        return [*self._change_lines(item), hands]

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
        shown = self.chosen
        match action:
            case "sign":
                signed = shown is not None and self.desk.me.person_id in shown.view.signed_by
                return shown is not None and shown.read is not None and not signed
            case "withdraw":
                return shown is not None and shown.view.state == "open"
        return True

    def action_refetch(self) -> None:
        """Ask again."""
        self.refetch()

    async def action_sign(self) -> None:
        """Read the draft, then sign it."""
        shown = self.chosen
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
        shown = self.chosen
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
