"""The joining queue: compare a fingerprint and accept, or refuse with a reason; invite with a voucher."""

from collections.abc import Mapping
from typing import ClassVar

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
from tui.paint import Line, Span, fit
from tui.role_words import Reserved
from tui.rooms.listing_room import ListingRoom
from tui.rooms.voucher import VoucherScreen
from tui.words import UNKNOWN, age, safe

_WIDE = 100
KNOWN_KEY = "the key we know it by; its certificate has ended: enter"


class JoinsRoom(ListingRoom[JoinView]):
    """Units that wait at the door."""

    ROOM = "now"
    CLICKED = "compare"
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

    @override
    def refetch(self) -> None:
        """See Room."""
        self.ask("joins", self.desk.door.joins, self.show_items)

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(joins=True, summary=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """See Room."""
        if isinstance(item, JoinsChanged):
            self.soon("joins", lambda: self.ask("joins", self.desk.door.joins, self.show_items, background=True))

    @override
    def key_of(self, item: JoinView) -> str:
        """See ListingRoom."""
        return item.join_id

    @override
    def item_line(self, item: JoinView, width: int) -> Line:
        """See ListingRoom."""
        now = self.desk.server_clock.now()
        shown = display_fingerprint(item.fingerprint)[0]
        return (
            Span(fit("back" if item.rejoins else "new", 5), "fair" if item.rejoins else "accent"),
            Span(fit(item.label or UNKNOWN, 13), "strong"),
            Span(" " + fit(shown + " …", 21)),
            Span(" " + fit(f"waits {age(item.first_seen_at, now)}", 14), "fair"),
            Span(" " + fit(*key_mark(item.key_protection)[:1], 4), KEY_TONES[item.key_protection]),
            Span(" " + fit(item.rejoins or f"by {item.invited_by}", 14), "muted"),
            Span(" " + safe(item.model) if width > _WIDE else "", "muted"),
        )

    @override
    def title_line(self) -> Line:
        """How many wait."""
        count = str(len(self._list.items)) if self._is_known else "…"
        return (Span(" WAITING TO JOIN  ", "muted"), Span(count, "strong"))

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        lines: list[Line] = [(Span("Nobody waits at the door.", "good"),)]
        if self.desk.may("invite-unit"):
            lines.append((Span("v makes a voucher: the text a new unit needs to ask for admission.", "muted"),))
        return lines

    @override
    def detail_lines(self, item: JoinView) -> list[Line]:
        """The fingerprint but for its last group, beside what the unit says of itself."""
        now = self.desk.server_clock.now()
        fingerprint, _hidden = masked_fingerprint(item.fingerprint)
        origin = f"says it is {item.rejoins}" if item.rejoins else f"new, invited by {item.invited_by}"
        words: list[Line] = [
            (Span(origin, "fair" if item.rejoins else "muted"), Span(", "), key_words(item.key_protection)),
            (Span(f"{safe(item.model) or 'no model given'}, agent {safe(item.agent_version) or UNKNOWN}", "muted"),),
            (Span(f"from {safe(item.came_from)}, last {age(item.last_seen_at, now)} ago", "muted"),),
            (Span(KNOWN_KEY if item.rejoins else "the last group stands on the unit: enter, then type it", "muted"),),
        ]
        return [(Span(f" {fit(line, 24)}", "strong"), *word) for line, word in zip(fingerprint, words, strict=False)]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what the role may do."""
        match action:
            case "compare" | "refuse":
                return self.chosen is not None and self.allows(action)
        return self.allows(action)

    async def action_compare(self) -> None:
        """Compare the fingerprint, then accept."""
        join = self.chosen
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
        join = self.chosen
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
