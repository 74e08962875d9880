"""The joining queue: compare a fingerprint and accept, or refuse with a reason; invite with a voucher."""

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.feed import JoinsChanged, Watch
from protocols.api.joins import AcceptedUnit, JoinView, VoucherMade, VoucherView
from protocols.joining import display_fingerprint
from tui.dialogs.accept import AcceptDialog, masked_fingerprint
from tui.dialogs.confirm import TextDialog, log_sentence
from tui.dialogs.vouchers import VouchersDialog
from tui.key_words import KEY_TONES, key_mark, key_words
from tui.lines import Page
from tui.listing import ItemListing
from tui.paint import Line, Span, fit
from tui.role_words import Reserved
from tui.rooms.room import Room
from tui.rooms.voucher import VoucherScreen
from tui.words import UNKNOWN, age, safe

_WIDE = 100
KNOWN_KEY = "the key we know it by; its certificate has ended: enter"


class JoinsRoom(Room):
    """Units that wait at the door."""

    ROOM = "now"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "compare", "compare", tooltip="compare the fingerprint, then accept"),
        Binding("x", "refuse", "refuse", tooltip="turn it away with a reason"),
        Binding("v", "invite", "voucher", tooltip="make a voucher for a new unit"),
        Binding("w", "vouchers", "vouchers", tooltip="the vouchers there are"),
        Binding("escape", "back", "back"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "compare": Reserved("accepting a unit", "decide-join"),
        "refuse": Reserved("turning a unit away", "decide-join"),
        "invite": Reserved("making a voucher", "invite-unit"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._title = Page(id="title")
        self._list: ItemListing[JoinView] = ItemListing(self._draw, lambda join: join.join_id, id="list")
        self._empty = Page(id="empty")
        self._detail = Page(id="detail")
        self._is_known = False

    @override
    def body(self) -> ComposeResult:
        """Title, queue, the one under the cursor."""
        yield self._title
        yield self._list
        yield self._empty
        yield self._detail

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self.set_focus(self._list)
        self._show_rest()

    @override
    def refetch(self) -> None:
        """See Room."""
        self.ask("joins", self.desk.door.joins, self._arrived)

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(joins=True, summary=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, JoinsChanged):
            self.soon("joins", lambda: self.ask("joins", self.desk.door.joins, self._arrived, background=True))

    def _arrived(self, joins: list[JoinView]) -> None:
        self._is_known = True
        self._list.show(joins)
        self._show_rest()

    def _draw(self, join: JoinView, width: int) -> Line:
        now = self.desk.server_clock.now()
        shown = display_fingerprint(join.fingerprint)[0]
        return (
            Span(fit("back" if join.rejoins else "new", 5), "fair" if join.rejoins else "accent"),
            Span(fit(join.label or UNKNOWN, 13), "strong"),
            Span(" " + fit(shown + " …", 21)),
            Span(" " + fit(f"waits {age(join.first_seen_at, now)}", 14), "fair"),
            Span(" " + fit(*key_mark(join.key_protection)[:1], 4), KEY_TONES[join.key_protection]),
            Span(" " + fit(join.rejoins or f"by {join.invited_by}", 14), "muted"),
            Span(" " + safe(join.model) if width > _WIDE else "", "muted"),
        )

    def _show_rest(self) -> None:
        count = len(self._list.items)
        self._title.show([(Span(" WAITING TO JOIN  ", "muted"), Span(str(count) if self._is_known else "…", "strong"))])
        self._list.display = count > 0
        self._empty.display = count == 0
        self._empty.show(self._empty_lines())
        self._show_detail()

    def _empty_lines(self) -> list[Line]:
        if not self._is_known:
            return [(), (Span("   asking the controller …", "muted"),)]
        lines: list[Line] = [(), (Span("   Nobody waits at the door.", "good"),)]
        if self.desk.may("invite-unit"):
            lines.append((Span("   v makes a voucher: the text a new unit needs to ask for admission.", "muted"),))
        return lines

    def _show_detail(self) -> None:
        join = self._list.item
        self._detail.display = join is not None
        if join is None:
            return
        now = self.desk.server_clock.now()
        fingerprint, _hidden = masked_fingerprint(join.fingerprint)
        origin = f"says it is {join.rejoins}" if join.rejoins else f"new, invited by {join.invited_by}"
        words: list[Line] = [
            (Span(origin, "fair" if join.rejoins else "muted"), Span(", "), key_words(join.key_protection)),
            (Span(f"{safe(join.model) or 'no model given'}, agent {safe(join.agent_version) or UNKNOWN}", "muted"),),
            (Span(f"from {safe(join.came_from)}, last {age(join.last_seen_at, now)} ago", "muted"),),
            (Span(KNOWN_KEY if join.rejoins else "the last group stands on the unit: enter, then type it", "muted"),),
        ]
        self._detail.show(
            [(Span(f" {fit(line, 24)}", "strong"), *word) for line, word in zip(fingerprint, words, strict=False)]
        )

    @override
    def tick(self) -> None:
        """See Room."""
        self._show_detail()
        super().tick()

    def on_listing_moved(self) -> None:
        """Another one."""
        self._show_detail()
        self.refresh_bindings()

    async def on_listing_opened(self) -> None:
        """A click compares."""
        if self.check_action("compare", ()):
            await self.action_compare()

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what the role may do."""
        match action:
            case "compare" | "refuse":
                return self._list.item is not None and self.allows(action)
        return self.allows(action)

    def action_back(self) -> None:
        """Back to where one came from."""
        self.dismiss()

    async def action_compare(self) -> None:
        """Compare the fingerprint, then accept."""
        join = self._list.item
        if join is not None:
            await self.app.push_screen(
                AcceptDialog(join, self.desk.me.person_id), lambda compared: self._accept(join) if compared else None
            )

    def _accept(self, join: JoinView) -> None:
        deed = f"accepting {join.label or 'the unit'}"
        self.do(deed, lambda: self.desk.door.accept_join(join.join_id, join.fingerprint), self._accepted)

    def _accepted(self, unit: AcceptedUnit) -> None:
        self.desk.say(f"accepted: it is {unit.unit_id} now, and fetches its certificate by itself", "good")
        self.refetch()

    async def action_refuse(self) -> None:
        """Turn the unit away."""
        join = self._list.item
        if join is None:
            return
        shown = display_fingerprint(join.fingerprint)[0]
        sentence = f"join.turned-away: {self.desk.me.person_id} turns away key {shown} …, because (your reason, hashed)"
        before: list[Line] = [(), *log_sentence(sentence), (), (Span(" why?", "muted"),)]
        dialog = TextDialog(f"Refuse {join.label or 'the unit'}", before, least=1, hint="the reason")
        await self.app.push_screen(dialog, lambda reason: self._refuse(join, reason))

    def _refuse(self, join: JoinView, reason: str | None) -> None:
        if not reason:
            return

        async def refuse() -> str:
            await self.desk.door.refuse_join(join.join_id, reason)
            return join.label or "the unit"

        self.do(f"refusing {join.label or 'the unit'}", refuse, self._refused)

    def _refused(self, name: str) -> None:
        self.desk.say(f"refused {name}", "good")
        self.refetch()

    async def action_invite(self) -> None:
        """Make a voucher."""
        before: list[Line] = [
            (),
            (Span(" What shall people call it? Never whom or where it serves.", "muted"),),
            (Span(" The voucher is good for 24 h and for the first key that presents it.", "muted"),),
            (),
            *log_sentence(f"voucher.made: {self.desk.me.person_id} makes a voucher (its label is hashed)"),
            (),
        ]
        await self.app.push_screen(
            TextDialog("New voucher", before, most=40, hint="label, may stay empty"), self._invite
        )

    def _invite(self, label: str | None) -> None:
        if label is not None:
            self.do("making a voucher", lambda: self.desk.door.invite(label), lambda made: self._invited(made, label))

    def _invited(self, made: VoucherMade, label: str) -> None:
        self.desk.say("made a voucher; its text is not kept anywhere", "good")
        self.app.push_screen(VoucherScreen(made, label))

    def action_vouchers(self) -> None:
        """Show the vouchers there are."""
        self.do("asking for the vouchers", self.desk.door.vouchers, self._vouchers_arrived)

    def _vouchers_arrived(self, vouchers: list[VoucherView]) -> None:
        self.desk.note = None
        self.app.push_screen(VouchersDialog(vouchers))
