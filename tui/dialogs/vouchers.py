"""The vouchers there are, without their secrets; an open one can be withdrawn."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.joins import VoucherState, VoucherView
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.dialog import Dialog, Words
from tui.listing import ItemListing
from tui.paint import Line, Span, Tone, fit
from tui.words import UNKNOWN, left, moment

_TONES: dict[VoucherState, Tone] = {
    "open": "plain",
    "presented": "fair",
    "used": "good",
    "expired": "muted",
    "withdrawn": "muted",
}


class VouchersDialog(Dialog[None]):
    """Lists vouchers."""

    TITLE = "Vouchers"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "withdraw", "withdraw")]

    def __init__(self, vouchers: list[VoucherView]) -> None:
        super().__init__()
        self._vouchers = vouchers
        self._listing: ItemListing[VoucherView] = ItemListing(self._draw, lambda one: one.voucher_id)

    @override
    def content(self) -> ComposeResult:
        """The list, or that there is none."""
        if not self._vouchers:
            yield Words([(), (Span(" No voucher was made yet.", "muted"),), ()])
        self._listing.styles.height = min(12, len(self._vouchers))
        yield self._listing

    def on_mount(self) -> None:
        """Fill the list."""
        super().on_mount()
        self._listing.show(self._vouchers)
        self.set_focus(self._listing)

    def _draw(self, one: VoucherView, _width: int) -> Line:
        clock = self.desk.server_clock
        now = clock.now()
        until = left(one.expires_at, now) if one.state in {"open", "presented"} else ""
        return (
            Span(fit(one.label or UNKNOWN, 16), "strong"),
            Span(" " + fit(one.state, 10), _TONES[one.state]),
            Span(" " + fit(until, 11)),
            Span(f" made {moment(one.created_at, now, utc=clock.utc)} by {one.created_by}", "muted"),
        )

    def on_listing_moved(self) -> None:
        """What can be done depends on the voucher."""
        self.refresh_bindings()

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only one that could still be used can be withdrawn."""
        if action == "withdraw":
            one = self._listing.item
            return one is not None and one.state in {"open", "presented"} and self.desk.may("invite-unit")
        return True

    async def action_withdraw(self) -> None:
        """Make the voucher under the cursor useless."""
        one = self._listing.item
        if one is None:
            return
        sentence = f"voucher.withdrawn: {self.desk.me.person_id} withdraws voucher {one.voucher_id}"
        before: list[Line] = [(Span(f" {one.label or 'no label'}, made by {one.created_by}", "strong"),)]
        await self.app.push_screen(
            ConfirmDialog("Withdraw a voucher", before, sentence), lambda yes: self._withdraw(one) if yes else None
        )

    def _withdraw(self, one: VoucherView) -> None:
        async def withdraw() -> list[VoucherView]:
            await self.desk.door.withdraw_voucher(one.voucher_id)
            return await self.desk.door.vouchers()

        self.do("withdrawing the voucher", withdraw, self._withdrawn)

    def _withdrawn(self, vouchers: list[VoucherView]) -> None:
        self.desk.say("withdrew the voucher", "good")
        self._listing.show(vouchers)
        self.refresh_bindings()
