"""The bench: devices on serial ports of the machine that the console runs on. They are asked only by a key."""

from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from firmware_bridge.transport.ports import PortFacts
from firmware_bridge.transport.watching import PortsSeen, PortWatch
from tui.dialogs.confirm import TextDialog
from tui.firmware_bench import BenchLook, look_at, port_fault
from tui.firmware_bench_lines import look_lines, port_line, port_names
from tui.paint import Line, Span, joined, width_of, wrap
from tui.rooms.listing_room import ListingRoom
from tui.words import plural

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

    def on_mount(self) -> None:
        """What is plugged in and out is seen by itself."""
        super().on_mount()
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
        self._names = port_names([port.path for port in seen.ports])
        self.show_items(list(seen.ports))
        self._say_change(seen)
        if self._goes_to is not None and self._go_to(self._goes_to):
            self._goes_to = None

    def _say_change(self, seen: PortsSeen) -> None:
        words = [
            f"{what}: {', '.join(Path(port.path).name for port in ports)}"
            for what, ports in (("plugged in", seen.plugged), ("unplugged", seen.unplugged))
            if ports
        ]
        if words and self.is_current and self._asked is None:
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
        return port_line(item, self._names[item.path], self._looks.get(item.stable), width, longest)

    @override
    def detail_lines(self, item: PortFacts) -> list[Line]:
        """See ListingRoom."""
        return look_lines(item, self._looks.get(item.stable), max(40, self.size.width))

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
        """One port is asked at a time."""
        return action != "look" or (self.chosen is not None and self._asked is None)

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
        said = ", ".join(one.what for one in look.answers) or "nothing"
        self.desk.say(f"{port.stable}: {said} answered", "good" if look.answers else "fair")
        self._list.repaint()
        self.show_rest()

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
                self._watch.add(path)
