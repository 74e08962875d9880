"""The page of one item."""

from collections.abc import Awaitable
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.kit import ItemDetail, ItemView
from tui.kit_page import item_page
from tui.kit_scan_lines import ScanSetting
from tui.paint import Line
from tui.rooms.kit_deeds import KitDeeds
from tui.rooms.kit_scan import KitScanRoom
from tui.rooms.page_room import ViewRoom


class KitItemRoom(ViewRoom[ItemDetail], KitDeeds):
    """Facts with their age, maintenance, counters, what it is kept for, and who had it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "scan", "scan", tooltip="scan labels: out, in, hand-over"),
        Binding("c", "condition", "condition", tooltip="say what condition it is in"),
        Binding("v", "service", "service", tooltip="quarantine, repair, release, lost, disposed of"),
        Binding("t", "maintained", "maintained", tooltip="record maintenance that was done"),
        Binding("r", "reading", "counter", tooltip="record a counter as it reads"),
        Binding("e", "change_item", "change", tooltip="its serial number, and which unit it is"),
        Binding("l", "label", "label", tooltip="its label as a QR code"),
        Binding("u", "unit", "unit", tooltip="the unit that it is"),
        Binding("escape", "back", "back"),
    ]

    @property
    @override
    def item(self) -> ItemView | None:
        """See KitDeeds."""
        return None if self.chosen is None else self.chosen.row

    @override
    def fetch(self) -> Awaitable[ItemDetail]:
        """See ViewRoom."""
        return self.desk.door.kit_item(self._about)

    @override
    def view_lines(self, view: ItemDetail, width: int) -> list[Line]:
        """See ViewRoom."""
        clock = self.desk.server_clock
        return item_page(view, width, clock.now(), utc=clock.utc)

    @override
    def show_detail(self, detail: ItemDetail) -> None:
        """See KitDeeds."""
        self.arrived(detail)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        return self.can(action)

    async def action_scan(self) -> None:
        """Scan labels: back in what is out, out what is kept somewhere."""
        is_out = self.item is not None and self.item.place is None
        deployment = self.item.reserved_for if self.item is not None and not is_out else None
        setting = ScanSetting(way="in" if is_out else "out", deployment=deployment)
        await self.app.push_screen(KitScanRoom(setting, self._about))
