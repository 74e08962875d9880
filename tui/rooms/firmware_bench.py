"""The bench: devices on serial ports of the machine that the console runs on. They are asked and updated only by a
key."""

from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from firmware_bridge.images.installed import Installed
from firmware_bridge.transport.ports import PortFacts
from firmware_bridge.transport.watching import PortsSeen, PortWatch
from tui.desk import Answered, Desk
from tui.dialogs.confirm import TextDialog
from tui.dialogs.firmware_update import BreakOffDialog, UpdateDialog
from tui.firmware_bench import BenchLook, look_at, port_fault
from tui.firmware_bench_lines import known_of, look_lines, port_line, port_names
from tui.firmware_update import BenchUpdate, Wish
from tui.firmware_update_lines import ended_words
from tui.paint import Line, Span, joined, width_of, wrap
from tui.rooms.listing_room import ListingRoom
from tui.words import plural, short_moment

WATCHING = "ports"
"""The group of the worker that never ends while the bench is open."""


class BenchRoom(ListingRoom[PortFacts]):
    """The list of ports."""

    ROOM = "firmware"
    CLICKED = ""
    WAITING = "looking for ports …"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "look", "ask", tooltip="listen, then ask what is on the port; nothing on it is changed"),
        Binding("b", "look", "ask", show=False),
        Binding("u", "update", "update", tooltip="judge an image, send it, try it once, keep it or take it back"),
        Binding("x", "break_off", "break off", tooltip="end the update that goes on; it can be begun again"),
        Binding("p", "port", "other port", tooltip="a port that no list shows, by its path"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._looks: dict[str, BenchLook] = {}
        self._watch = PortWatch()
        self._asked: str | None = None
        self._goes_to: str | None = None
        self._names: dict[str, str] = {}
        self._ports: list[PortFacts] = []
        self._was_running: BenchUpdate | None = None

    def on_mount(self) -> None:
        """What is plugged in and out is seen by itself."""
        super().on_mount()
        update = self.desk.bench.running
        self._goes_to = None if update is None else update.port.path
        for path in self.desk.bench.named:
            self._watch.add(path)
        self.run_worker(self._follow_ports(), group=WATCHING)

    async def _follow_ports(self) -> None:
        async for seen in self._watch:
            self._arrived(seen)

    @override
    def refetch(self) -> None:
        """See Room. The ports tell by themselves when they change."""

    def _arrived(self, seen: PortsSeen) -> None:
        for port in seen.unplugged:
            self._looks.pop(port.stable, None)
            self.desk.bench.forget(port.stable)
        self._ports = list(seen.ports)
        self._show_ports()
        if self._goes_to is not None and self._go_to(self._goes_to):
            self._goes_to = None  # whoever named a port knows that it is there
        else:
            self._say_change(seen)

    def _show_ports(self) -> None:
        """Those that are there, and that of a device which is being updated: a restart takes its port away for a
        while."""
        update = self.desk.bench.running
        there = {port.stable for port in self._ports}
        gone = [update.port] if update is not None and update.port.stable not in there else []
        ports = [*self._ports, *gone]
        self._names = port_names([port.path for port in ports])
        self.show_items(ports)

    def _say_change(self, seen: PortsSeen) -> None:
        words = [
            f"{what}: {', '.join(Path(port.path).name for port in ports)}"
            for what, ports in (("plugged in", seen.plugged), ("unplugged", seen.unplugged))
            if ports
        ]
        if words and self.is_current and self._asked is None and self.desk.bench.running is None:
            self.desk.say("; ".join(words))

    def _go_to(self, path: str) -> bool:
        """Put the cursor on the port that `path` leads to; whether it is listed."""
        device = Path(path).resolve()
        place = next(
            (
                at
                for at, port in enumerate(self._list.items)
                if path == port.stable or Path(port.path).resolve() == device
            ),
            None,
        )
        if place is not None:
            self._list.move_to(place)
        return place is not None

    @override
    def key_of(self, item: PortFacts) -> str:
        """See ListingRoom."""
        return item.stable

    @override
    def item_line(self, item: PortFacts, width: int) -> Line:
        """See ListingRoom."""
        longest = max(map(width_of, self._names.values()), default=0)
        known = known_of(self._looks.get(item.stable), self._update_of(item))
        return port_line(item, self._names[item.path], known, width, longest)

    @override
    def detail_lines(self, item: PortFacts) -> list[Line]:
        """See ListingRoom."""
        update, clock = self._update_of(item), self.desk.server_clock
        ended_at = None if update is None else update.ended_at
        ended = "" if ended_at is None else short_moment(ended_at, clock.now(), utc=clock.utc)
        return look_lines(item, self._looks.get(item.stable), update, max(40, self.size.width), ended)

    @override
    def tick(self) -> None:
        """See Room."""
        if self._was_running is not self.desk.bench.running:
            self._was_running = self.desk.bench.running
            self._show_ports()
        super().tick()

    def _update_of(self, port: PortFacts) -> BenchUpdate | None:
        update = self.desk.bench.update
        return update if update is not None and update.port.stable == port.stable else None

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        count = plural(len(self._list.items), "port") if self._is_known else "…"
        return joined([(Span(" BENCH  ", "muted"), Span(count, "strong")), (Span("on this machine", "muted"),)])

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        said = "This machine has no serial port. Plug in the unit's USB cable, or name a port with p."
        return wrap(said, 70, "muted")

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One port is asked at a time, one updated, and an update has its port for itself."""
        port, update = self.chosen, self.desk.bench.running
        if action == "break_off":
            return update is not None
        if action == "look":
            is_updated = update is not None and port is not None and update.port.stable == port.stable
            return port is not None and self._asked is None and not is_updated
        if action == "update":
            return self._asked is None and update is None and self._installed is not None
        return True

    @property
    def _installed(self) -> Installed | None:
        """What the device under the cursor has said it runs."""
        look = self._looks.get(self.chosen.stable) if self.chosen is not None else None
        return None if look is None else look.running

    def action_look(self) -> None:
        """Ask what is on the port under the cursor."""
        port = self.chosen
        if port is None:
            return
        self._asked = port.stable
        self.desk.say(f"asking {port.stable}", waiting=True)
        self.ask("bench", lambda: look_at(port), lambda look: self._looked(port, look))
        self.refresh_bindings()

    def _looked(self, port: PortFacts, look: BenchLook) -> None:
        self._asked = None
        self._looks[port.stable] = look
        heard = ", ".join(one.what for one in look.answers)
        said = f"{heard} answered" if heard else look.trouble
        self.desk.say(f"{Path(port.path).name}: {said}", "good" if heard else "fair")
        self._list.repaint()
        self.show_rest()

    async def action_update(self) -> None:
        """Bring the device under the cursor to an image."""
        port, installed = self.chosen, self._installed
        if port is None or installed is None:
            return
        dialog = UpdateDialog(self._names[port.path], installed, self.desk.bench.typed)
        await self.app.push_screen(dialog, lambda wish: self._begin(port, wish))

    def _begin(self, port: PortFacts, wish: Wish | None) -> None:
        look = self._looks.get(port.stable)
        if wish is None or look is None or look.smp is None or self.desk.bench.running is not None:
            return
        del self._looks[port.stable]
        update = BenchUpdate(port, look.smp, wish, self.desk.bench.health_limit_s)
        self.desk.say(f"updating {port.stable}")
        self.desk.run_worker(_carry_out(self.desk, update), group="bench update")
        self.call_later(self._show_ports)

    async def action_break_off(self) -> None:
        """End the update that goes on."""
        update = self.desk.bench.running
        if update is not None:
            dialog = BreakOffDialog(update, Path(update.port.path).name)
            await self.app.push_screen(dialog, lambda yes: self._break_off(update) if yes else None)

    def _break_off(self, update: BenchUpdate) -> None:
        if self.desk.bench.running is update:
            self.desk.bench.break_off()

    async def action_port(self) -> None:
        """A port that no list shows."""
        before: list[Line] = [(Span(" The path of a port, as /dev/pts/4 or one of a simulated device."),), ()]
        await self.app.push_screen(TextDialog("Another port", before, least=1, hint="/dev/…"), self._named)

    def _named(self, path: str | None) -> None:
        if path is not None:
            fault = port_fault(path)
            if fault:
                self.desk.say(fault, "bad")
                return
            if not self._go_to(path):
                self._goes_to = path
                self.desk.bench.named.append(path)
                self._watch.add(path)


async def _carry_out(desk: Desk, update: BenchUpdate) -> None:
    """Carry `update` out and say how it ended, whatever screen is shown then."""
    try:
        await desk.bench.carry_out(update)
    finally:
        update.ended_at = desk.server_clock.now()
        text, tone = ended_words(update)
        desk.post_message(Answered(lambda: desk.say(text, tone)))
